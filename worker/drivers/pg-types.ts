import type { WireColumn } from '../../src/protocol/values.ts'
import type { DriverRow, DriverValue } from './driver.ts'
import { parseArray } from './pg-arrays.ts'
import { parseJson, parseJsonb } from './pg-json.ts'
import { parseTimestamp, parseZonedTimestamp } from './pg-times.ts'
import type { DataRow, FieldDescription } from './pg-wire.ts'
import { DriverFault } from './sqlite-errors.ts'

type Parse = (text: string) => DriverValue

interface TypeEntry {
  readonly name: string
  readonly oid: number
  readonly arrayOid: number
  /** Left out where the server's text is the value. */
  readonly parse?: Parse
  /** As an element of an array, where that is another one for whoever has not asked for bigints there. */
  readonly parseElement?: Parse
  /** Left as a text for whoever asks for the server's own. */
  readonly textOnRequest?: boolean
}

const keepText: Parse = (text) => text
const parseBoolean: Parse = (text) => text === 't'
const parseInteger: Parse = (text) => BigInt(text)
const parseNumber: Parse = (text) => Number(text)

/**
 * Built-in types by their fixed numbers (pg_type.dat in PostgreSQL's sources). What is not here, an enum or a composite type, has a number
 * of its own in each database and is read as text; so is an array of it.
 */
const TYPES: readonly TypeEntry[] = [
  { name: 'bool', oid: 16, arrayOid: 1000, parse: parseBoolean },
  { name: 'bytea', oid: 17, arrayOid: 1001, parse: parseBytes },
  { name: 'int8', oid: 20, arrayOid: 1016, parse: parseInteger, parseElement: parseSafeInteger, textOnRequest: true },
  { name: 'int2', oid: 21, arrayOid: 1005, parse: parseInteger, parseElement: parseNumber },
  { name: 'int4', oid: 23, arrayOid: 1007, parse: parseInteger, parseElement: parseNumber },
  { name: 'oid', oid: 26, arrayOid: 1028, parse: parseInteger, parseElement: parseNumber },
  { name: 'json', oid: 114, arrayOid: 199, parse: parseJson },
  { name: 'jsonb', oid: 3802, arrayOid: 3807, parse: parseJsonb },
  { name: 'float4', oid: 700, arrayOid: 1021, parse: parseNumber },
  { name: 'float8', oid: 701, arrayOid: 1022, parse: parseNumber },
  { name: 'timestamp', oid: 1114, arrayOid: 1115, parse: parseTimestamp, textOnRequest: true },
  { name: 'timestamptz', oid: 1184, arrayOid: 1185, parse: parseZonedTimestamp, textOnRequest: true },
  ...textTypes([
    ['char', 18, 1002],
    ['name', 19, 1003],
    ['int2vector', 22, 1006],
    ['regproc', 24, 1008],
    ['text', 25, 1009],
    ['tid', 27, 1010],
    ['xid', 28, 1011],
    ['cid', 29, 1012],
    ['oidvector', 30, 1013],
    ['xml', 142, 143],
    ['point', 600, 1017],
    ['lseg', 601, 1018],
    ['path', 602, 1019],
    ['polygon', 604, 1027],
    ['line', 628, 629],
    ['cidr', 650, 651],
    ['unknown', 705, 0],
    ['circle', 718, 719],
    ['macaddr8', 774, 775],
    ['money', 790, 791],
    ['macaddr', 829, 1040],
    ['inet', 869, 1041],
    ['bpchar', 1042, 1014],
    ['varchar', 1043, 1015],
    ['date', 1082, 1182],
    ['time', 1083, 1183],
    ['interval', 1186, 1187],
    ['timetz', 1266, 1270],
    ['bit', 1560, 1561],
    ['varbit', 1562, 1563],
    ['numeric', 1700, 1231],
    ['refcursor', 1790, 2201],
    ['regprocedure', 2202, 2207],
    ['regoper', 2203, 2208],
    ['regoperator', 2204, 2209],
    ['regclass', 2205, 2210],
    ['regtype', 2206, 2211],
    ['record', 2249, 2287],
    ['cstring', 2275, 1263],
    ['void', 2278, 0],
    ['uuid', 2950, 2951],
    ['pg_lsn', 3220, 3221],
    ['tsvector', 3614, 3643],
    ['tsquery', 3615, 3645],
    ['regconfig', 3734, 3735],
    ['regdictionary', 3769, 3770],
    ['int4range', 3904, 3905],
    ['numrange', 3906, 3907],
    ['tsrange', 3908, 3909],
    ['tstzrange', 3910, 3911],
    ['daterange', 3912, 3913],
    ['int8range', 3926, 3927],
    ['jsonpath', 4072, 4073],
    ['regnamespace', 4089, 4090],
    ['regrole', 4096, 4097],
    ['xid8', 5069, 271],
  ]),
]

/** How values are wanted. */
export interface ValueForm {
  /** The types that are marked so as the server's texts. */
  readonly serverTexts: boolean
  /** Integers inside of arrays as bigints. */
  readonly bigintArrays: boolean
}

interface TypeReader {
  readonly name: string
  readonly parse: Parse
  /** The same for whoever asks for the server's own texts. */
  readonly parseToText: Parse
  /** The same for whoever asks for bigints, where that makes a difference. */
  readonly parseToBigints?: Parse
}

const byOid: ReadonlyMap<number, TypeReader> = new Map([
  [603, { name: 'box', parse: keepText, parseToText: keepText }],
  // The only type with semicolons between the elements of its arrays: those are left as they are.
  [1020, { name: 'box[]', parse: keepText, parseToText: keepText }],
  ...TYPES.flatMap(({ name, oid, arrayOid, parse = keepText, parseElement = parse, textOnRequest = false }) => {
    const parseArrayOf = (text: string): DriverValue => parseArray(text, parseElement)
    const parseArrayToTexts = textOnRequest ? (text: string): DriverValue => parseArray(text, keepText) : parseArrayOf
    const parseArrayToBigints = (text: string): DriverValue => parseArray(text, parse)
    const isOfIntegers = parse === parseInteger ? { parseToBigints: parseArrayToBigints } : {}
    return [
      [oid, { name, parse, parseToText: textOnRequest ? keepText : parse }] as const,
      [arrayOid, { name: `${name}[]`, parse: parseArrayOf, parseToText: parseArrayToTexts, ...isOfIntegers }] as const,
    ]
  }),
])

/** Reads the rows of one statement. */
export class RowReader {
  readonly columns: readonly WireColumn[]
  readonly #readers: readonly (TypeReader | undefined)[]
  readonly #parsers: readonly Parse[]
  /** Of the latest other form that was asked for. */
  #formed: { readonly form: ValueForm; readonly parsers: readonly Parse[] } | null = null

  constructor(fields: readonly FieldDescription[]) {
    this.#readers = fields.map(({ dataTypeID }) => byOid.get(dataTypeID))
    this.columns = fields.map(({ name }, index) => ({ name, type: this.#readers[index]?.name }))
    this.#parsers = this.#readers.map((reader) => reader?.parse ?? keepText)
  }

  /**
   * @throws {DriverFault} `data`: a value that JavaScript cannot hold exactly; it names the column and not the value
   */
  read({ fields }: DataRow, form: ValueForm): DriverRow {
    const parsers = this.#parsersFor(form)
    const row: DriverValue[] = []
    for (let column = 0; column < fields.length; column++) {
      const text = fields[column]
      row.push(text === null || text === undefined ? null : this.#parse(parsers[column] ?? keepText, text, column))
    }
    return row
  }

  #parsersFor(form: ValueForm): readonly Parse[] {
    if (!form.serverTexts && !form.bigintArrays) return this.#parsers
    // It is the same object for all rows of a result.
    if (this.#formed?.form !== form) this.#formed = { form, parsers: this.#readers.map((reader) => parserFor(reader, form)) }
    return this.#formed.parsers
  }

  #parse(parse: Parse, text: string, column: number): DriverValue {
    try {
      return parse(text)
    } catch (error) {
      const reason = error instanceof DriverFault ? error.message : 'holds a value that could not be read.'
      throw new DriverFault('data', `Column ${column + 1} ("${this.columns[column]?.name ?? ''}") ${reason}`)
    }
  }
}

function parserFor(reader: TypeReader | undefined, { serverTexts, bigintArrays }: ValueForm): Parse {
  if (reader === undefined) return keepText
  const asked = serverTexts ? reader.parseToText : reader.parse
  // A text that was asked for stays one.
  const isTextAlready = serverTexts && reader.parseToText !== reader.parse
  return bigintArrays && !isTextAlready ? (reader.parseToBigints ?? asked) : asked
}

function textTypes(entries: readonly (readonly [name: string, oid: number, arrayOid: number])[]): readonly TypeEntry[] {
  return entries.map(([name, oid, arrayOid]) => ({ name, oid, arrayOid }))
}

function parseSafeInteger(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw new DriverFault(
    'data',
    "holds an array with an integer beyond 2^53 - 1, which no number holds exactly. Read it with { integers: 'bigint' }.",
  )
}

/** Into memory of its own, which can be transferred. Either form of `bytea_output`. */
function parseBytes(text: string): Uint8Array {
  if (!text.startsWith('\\x')) return parseEscapedBytes(text)
  const bytes = new Uint8Array((text.length - 2) / 2)
  Buffer.from(bytes.buffer).write(text.slice(2), 'hex')
  return bytes
}

/** `a\\\\b\\000`: a backslash is doubled, what cannot be printed is three octal digits. */
function parseEscapedBytes(text: string): Uint8Array {
  const bytes: number[] = []
  for (const [, octal, plain = '\\'] of text.matchAll(/\\(\d{3})|\\\\|([^\\])/gs)) {
    bytes.push(octal === undefined ? plain.charCodeAt(0) : Number.parseInt(octal, 8))
  }
  return Uint8Array.from(bytes)
}
