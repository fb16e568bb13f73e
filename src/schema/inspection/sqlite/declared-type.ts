import type { IntegerTypeInfo, TypeInfo } from '../type-info.ts'

type Maker = (name: string, parameters: readonly string[]) => TypeInfo

/**
 * What the declared type of a column means. SQLite itself takes any words for a type; those of other databases mean what they mean there, and
 * of the rest it is SQLite's affinity that counts: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
 */
export function typeInfoOfDeclared(declared: string): TypeInfo {
  const open = declared.indexOf('(')
  const words = (open === -1 ? declared : declared.slice(0, open)).toLowerCase().split(/\s+/)
  const name = words.filter((word) => word !== '').join(' ')
  const parameters = open === -1 ? [] : parametersOf(declared.slice(open + 1))
  const unsigned = /\bunsigned\b/.test(name)
  const bare = name.replace(/\bunsigned\b/, '').trim()
  const bits = INTEGERS.get(bare)
  if (bits !== undefined) return { kind: 'integer', name, bits, unsigned }
  const make = MAKERS.get(bare) ?? affinityOf(name)
  return make(name, parameters)
}

function parametersOf(text: string): readonly string[] {
  const close = text.lastIndexOf(')')
  return (close === -1 ? text : text.slice(0, close)).split(',').map((parameter) => parameter.trim())
}

const INTEGERS: ReadonlyMap<string, IntegerTypeInfo['bits']> = new Map([
  ['tinyint', 8],
  ['smallint', 16],
  ['int2', 16],
  ['mediumint', 24],
  ['int', 32],
  ['integer', 32],
  ['int4', 32],
  ['bigint', 64],
  ['int8', 64],
  ['big int', 64],
])

const text: Maker = (name) => ({ kind: 'text', name })
const other: Maker = (name) => ({ kind: 'other', name })
const float: Maker = (name) => ({ kind: 'float', name, bits: 64, unsigned: false })
const boolean: Maker = (name) => ({ kind: 'boolean', name })
const uuid: Maker = (name) => ({ kind: 'uuid', name })
const numeric: Maker = (name, parameters) => ({
  kind: 'numeric',
  name,
  precision: number(parameters[0]),
  scale: number(parameters[1]),
  unsigned: false,
})
const string: Maker = (name, parameters) => ({ kind: 'string', name, length: number(parameters[0]), fixed: !/var|string/.test(name) })
const binary: Maker = (name, parameters) => ({ kind: 'binary', name, length: number(parameters[0]), fixed: name === 'binary' })
const json: Maker = (name) => ({ kind: 'json', name, binary: name === 'jsonb' })
const time: Maker = (name, parameters) => ({
  kind: /^time(tz)?\b/.test(name) ? 'time' : 'dateTime',
  name,
  precision: number(parameters[0]),
  withTimeZone: /tz$|with time zone/.test(name),
})

const MAKERS: ReadonlyMap<string, Maker> = new Map([
  ...namesOf(text, 'text', 'clob', 'ntext', 'tinytext', 'mediumtext', 'longtext'),
  ...namesOf(string, 'varchar', 'nvarchar', 'character varying', 'varying character', 'varchar2', 'string'),
  ...namesOf(string, 'char', 'nchar', 'character', 'native character'),
  ...namesOf(binary, 'blob', 'binary', 'varbinary', 'bytea', 'tinyblob', 'mediumblob', 'longblob'),
  ...namesOf(float, 'real', 'float', 'double', 'double precision', 'float4', 'float8'),
  ...namesOf(numeric, 'numeric', 'decimal', 'dec', 'number'),
  ...namesOf(boolean, 'boolean', 'bool'),
  ...namesOf((name) => ({ kind: 'date', name }), 'date'),
  ...namesOf(time, 'time', 'timetz', 'time with time zone', 'time without time zone'),
  ...namesOf(time, 'datetime', 'timestamp', 'timestamptz', 'timestamp with time zone', 'timestamp without time zone'),
  ...namesOf(json, 'json', 'jsonb'),
  ...namesOf(uuid, 'uuid', 'guid', 'uniqueidentifier'),
  ...namesOf(other, 'any', ''),
])

function namesOf(make: Maker, ...names: readonly string[]): readonly (readonly [string, Maker])[] {
  return names.map((name) => [name, make] as const)
}

function affinityOf(name: string): Maker {
  if (name.includes('int')) return (full) => ({ kind: 'integer', name: full, bits: 64, unsigned: /\bunsigned\b/.test(full) })
  if (/char|clob|text/.test(name)) return text
  if (name.includes('blob')) return binary
  return /real|floa|doub/.test(name) ? float : other
}

function number(parameter: string | undefined): number | null {
  return parameter !== undefined && /^[+-]?\d+$/.test(parameter) ? Number(parameter) : null
}
