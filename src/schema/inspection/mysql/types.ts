import type { IntegerTypeInfo, TypeInfo } from '../type-info.ts'
import type { ColumnRow } from './schema-query.ts'

/** What a column's type means. `json` is told from outside: MariaDB's JSON is a LONGTEXT with a check. */
export function typeInfoOfColumn(column: ColumnRow, json: boolean): TypeInfo {
  const name = column.base.toLowerCase()
  if (json) return { kind: 'json', name: 'json', binary: false }
  // MySQL has no other boolean: BOOLEAN makes it.
  if (/^tinyint\(1\)$/i.test(column.type)) return { kind: 'boolean', name }
  return MAKERS[name]?.(name, column) ?? { kind: 'other', name }
}

type Maker = (name: string, column: ColumnRow) => TypeInfo

const text: Maker = (name) => ({ kind: 'text', name })
const blob: Maker = (name) => ({ kind: 'binary', name, length: null, fixed: false })
const string: Maker = (name, { length }) => ({ kind: 'string', name, length, fixed: name === 'char' })
const binary: Maker = (name, { length }) => ({ kind: 'binary', name, length, fixed: name === 'binary' })
const dateTime: Maker = (name, { fraction }) => ({ kind: 'dateTime', name, precision: fraction, withTimeZone: false })

const MAKERS: Readonly<Record<string, Maker>> = {
  tinyint: integer(8),
  smallint: integer(16),
  mediumint: integer(24),
  int: integer(32),
  bigint: integer(64),
  year: (name) => ({ kind: 'integer', name, bits: 16, unsigned: true }),
  float: (name, column) => ({ kind: 'float', name, bits: 32, unsigned: isUnsigned(column) }),
  double: (name, column) => ({ kind: 'float', name, bits: 64, unsigned: isUnsigned(column) }),
  decimal: (name, column) => ({ kind: 'numeric', name, precision: column.precision, scale: column.scale, unsigned: isUnsigned(column) }),
  bit: (name, { precision }) => ({ kind: 'bit', name, length: precision, fixed: true }),
  char: string,
  varchar: string,
  tinytext: text,
  text,
  mediumtext: text,
  longtext: text,
  binary,
  varbinary: binary,
  tinyblob: blob,
  blob,
  mediumblob: blob,
  longblob: blob,
  date: (name) => ({ kind: 'date', name }),
  time: (name, { fraction }) => ({ kind: 'time', name, precision: fraction, withTimeZone: false }),
  datetime: dateTime,
  timestamp: dateTime,
  json: (name) => ({ kind: 'json', name, binary: false }),
  uuid: (name) => ({ kind: 'uuid', name }),
  enum: (name, { type }) => ({ kind: 'enumeration', name, values: valuesOf(type), typeName: null, typeSchema: null }),
  set: (name, { type }) => ({ kind: 'set', name, values: valuesOf(type) }),
}

function integer(bits: IntegerTypeInfo['bits']): Maker {
  return (name, column) => ({ kind: 'integer', name, bits, unsigned: isUnsigned(column) })
}

function isUnsigned({ type }: ColumnRow): boolean {
  return /\bunsigned\b/i.test(type)
}

/** `enum('a','b''c','d\\e')` → a, b'c, d\e: with backslashes under every sql_mode. */
function valuesOf(type: string): readonly string[] {
  return Array.from(type.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs), ([, quoted]) =>
    (quoted ?? '').replace(/''|\\(.)/gs, (_, escaped: string | undefined) => (escaped === undefined ? "'" : (ESCAPES[escaped] ?? escaped))),
  )
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', '0': '\0' }
