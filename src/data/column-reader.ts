import type { Column } from '../schema/column.ts'
import type { ColumnKind } from '../schema/column-type.ts'
import { isDay } from '../schema/types/temporal.ts'
import type { Dialect, DialectName } from '../sql/dialect.ts'
import { describeValue } from '../sql/parameters.ts'
import { ExactNumber, exactNumber, toJsonText } from './json-text.ts'
import { integerOf64Bits, keptNumber } from './kept-numbers.ts'
import { markedDocument } from './marked-document.ts'

/**
 * Makes of a value in a file the parameter for its column.
 *
 * @throws {TypeError | RangeError} it is nothing that the column can hold
 */
export type ReadValue = (value: unknown) => unknown

/** Where values go. */
export interface ReaderOptions {
  readonly dialect: Dialect
  /** Takes what SQLite would, which keeps no value to the size, or the number of digits, of its column's type. */
  readonly asStored?: boolean | undefined
}

/** Of texts, as a CSV file has them; null is NULL. */
export function textReader(column: Column, options: ReaderOptions): ReadValue {
  return readerOf(column, options).text
}

/** Of values of JSON or YAML: texts stand for what these have no values for. */
export function valueReader(column: Column, options: ReaderOptions): ReadValue {
  return readerOf(column, options).value
}

/** What a text, or any other value, is in a column. Never called with null. */
interface KindReader {
  readonly text: (text: string, place: Place) => unknown
  /** Default: it is what the column's type takes. */
  readonly value?: (value: unknown, place: Place) => unknown
}

interface Place {
  readonly column: Column
  readonly dialect: Dialect
  /** Whatever SQLite holds is taken. */
  readonly free: boolean
}

class Misread extends Error {}

const words: KindReader = { text: (text, place) => encoded(checkText(text, place), place) }
const numbers: KindReader = {
  text: readInteger,
  value: (value, place) => {
    if (!(value instanceof ExactNumber)) return place.free && Number.isSafeInteger(value) ? value : encoded(value, place)
    // One that is no whole number may be rounded to one.
    return /^-?\d+$/.test(value.text) ? readInteger(value.text, place) : encoded(Number.NaN, place)
  },
}

const kinds: Readonly<Record<ColumnKind, KindReader>> = {
  integer: numbers,
  smallInteger: numbers,
  bigInteger: {
    text: readBigInteger,
    value: (value, place) => (value instanceof ExactNumber ? readBigInteger(value.text, place) : encoded(value, place)),
  },
  float: {
    text: readFloat,
    value: (value, place) => (typeof value === 'string' && notFinite.test(value) ? readFloat(value, place) : plainNumber(value, place)),
  },
  numeric: {
    text: readNumeric,
    value: (value, place) => {
      if (value instanceof ExactNumber) return readNumeric(value.text, place)
      return typeof value === 'number' ? readNumeric(String(value), place) : encoded(value, place)
    },
  },
  boolean: {
    text: readBoolean,
    value: (value, place) => {
      if (typeof value === 'number') return readBoolean(String(value), place)
      return (value instanceof ExactNumber && place.free ? integerOf64Bits(value.text) : null) ?? plainNumber(value, place)
    },
  },
  date: { text: readDate, value: readTimeNumber },
  time: { text: readTime, value: readTimeNumber },
  dateTime: { text: readDateTime, value: readTimeNumber },
  json: { text: readJson, value: (value, place) => storable(readDocument(markedDocument(value)), place) },
  blob: { text: readBytes },
  // SQLite keeps no text to a length: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
  string: { text: (text, place) => (place.free ? checkText(text, place) : encoded(checkText(text, place), place)) },
  text: words,
  enumeration: words,
  uuid: words,
  other: {
    text: readOther,
    value: (value, place) => (Array.isArray(value) && place.dialect.arrays ? readList(value, place, 1) : readScalar(value, place)),
  },
}

/** A number or a boolean is no text in these, and a text that holds one is none either. */
const strictInJson: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['integer', 'smallInteger', 'float', 'boolean'])

function readerOf(column: Column, { dialect, asStored = false }: ReaderOptions): { readonly text: ReadValue; readonly value: ReadValue } {
  const place = { column, dialect, free: asStored && dialect.embedded }
  const { kind } = column.type
  const { text, value = plainNumber } = kinds[kind]
  // NULL is all that null can be, but where a document must be: that may be null.
  const nothing = kind === 'json' && !column.nullable ? 'null' : null
  const isText = (given: unknown): given is string => typeof given === 'string' && kind !== 'json' && !strictInJson.has(kind)
  return {
    text: (given) => {
      if (given === null) return null
      try {
        return text(given as string, place)
      } catch (error) {
        throw named(error, column, given)
      }
    },
    value: (given) => {
      if (given === null || given === undefined) return nothing
      try {
        return isText(given) ? text(given, place) : value(given, place)
      } catch (error) {
        throw named(error, column, given)
      }
    },
  }
}

function named(error: unknown, { label }: Column, given: unknown): unknown {
  if (!(error instanceof Misread)) return error
  const found = typeof given === 'string' ? 'another text' : describeValue(given)
  return new TypeError(`Column ${label}: expected ${error.message}, found ${found}.`)
}

/** Files hold what is stored, whatever a program makes of it. */
function encoded(value: unknown, { column, dialect }: Place): unknown {
  return column.type.stored.encode(value, dialect, column.label)
}

/** Of these types `float` alone takes a number, which may be a rounded one. */
function plainNumber(value: unknown, place: Place): unknown {
  if (!(value instanceof ExactNumber)) return encoded(value, place)
  if (!Number.isFinite(value.rounded))
    throw new RangeError(`Column ${place.column.label}: expected a number; the value given does not fit.`)
  return encoded(value.rounded, place)
}

function matching(text: string, form: RegExp, expected: string): string {
  if (form.test(text)) return text
  throw new Misread(expected)
}

/** Here, where the line is known: the engine would refuse it when many rows are sent together. */
function checkText(text: string, { column, dialect }: Place): string {
  if (!text.isWellFormed()) throw new RangeError(`Column ${column.label}: expected a text, found half a surrogate pair in it.`)
  if (!dialect.nulInText && text.includes('\0')) {
    throw new RangeError(`Column ${column.label}: expected a text, found a NUL character, which ${dialect.name} has no place for.`)
  }
  return text
}

// Numbers

/** SQLite's are of 64 bits, whatever they are called: https://www.sqlite.org/datatype3.html#storage_classes_and_datatypes */
function readInteger(text: string, place: Place): unknown {
  const whole = matching(text, /^[+-]?\d+$/, 'a whole number')
  if (!place.free) return encoded(Number(whole), place)
  const integer = integerOf64Bits(whole)
  if (integer === null) throw new Misread('a whole number of 64 bits')
  return integer
}

function readBigInteger(text: string, place: Place): unknown {
  return encoded(BigInt(matching(text, /^[+-]?\d+$/, 'a whole number').replace('+', '')), place)
}

/** What JSON has no numbers for. */
const notFinite = /^(?:[+-]?Infinity|NaN)$/i

function readFloat(text: string, place: Place): unknown {
  if (!notFinite.test(text)) matching(text, /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i, 'a number')
  // No number of JavaScript's is sent as NaN; the server reads the text.
  if (/nan/i.test(text) && place.dialect.name === 'postgresql') return 'NaN'
  const number = Number(text.replace(/infinity/i, 'Infinity'))
  if (!Number.isFinite(number) && !notFinite.test(text)) throw new Misread('a number of 64 bits')
  return encoded(number, place)
}

function readNumeric(text: string, place: Place): unknown {
  if (place.dialect.name === 'postgresql' && /^(?:NaN|-?Infinity)$/.test(text)) return text
  try {
    return encoded(text, place)
  } catch (error) {
    const kept = place.free ? keptDecimal(text, place) : null
    if (kept === null) throw error
    return kept
  }
}

/** One with more digits than its column's type says, of which SQLite knows nothing; null where it would lose some. */
function keptDecimal(text: string, place: Place): unknown {
  const isHeldAsText = typeof encoded('0', place) === 'string'
  return isHeldAsText ? (/^[+-]?\d+(?:\.\d*)?$/.test(text) ? text : null) : keptNumber(text)
}

function readBoolean(text: string, place: Place): unknown {
  // MySQL's are numbers of eight bits, and SQLite's of any size: others make use of them.
  if (place.dialect.name === 'mysql' && /^-?\d{1,3}$/.test(text) && Number(text) >= -128 && Number(text) < 128) return Number(text)
  const integer = place.free ? integerOf64Bits(text) : null
  if (integer !== null) return integer
  const [, yes] = /^(?:(true|t|1)|false|f|0)$/i.exec(matching(text, /^(?:true|t|1|false|f|0)$/i, 'true or false')) ?? []
  return encoded(yes !== undefined, place)
}

// Times

/** What PostgreSQL has beyond the years 0 to 9999, as it writes it. */
function isServersDate(text: string, { dialect }: Place): boolean {
  return dialect.name === 'postgresql' && /^(?:-?infinity|\d{5,7}-\d{2}-\d{2}(?: .*)?|\d{4,7}-\d{2}-\d{2}.* BC)$/.test(text)
}

/** Many programs store times in SQLite as numbers: those of seconds, or of milliseconds. */
function readTimeNumber(value: unknown, place: Place): unknown {
  if (!place.free) return plainNumber(value, place)
  return typeof value === 'number'
    ? value
    : (timeNumber(value instanceof ExactNumber ? value.text : '', place) ?? plainNumber(value, place))
}

function timeNumber(text: string, { free }: Place): number | bigint | null {
  return free ? keptNumber(text) : null
}

function readDate(text: string, place: Place): unknown {
  return isServersDate(text, place) || isZeroDate(text, place) ? text : (timeNumber(text, place) ?? encoded(text, place))
}

/** MySQL has days without a month, and months without a day, where its mode allows them. */
function isZeroDate(text: string, { dialect }: Place): boolean {
  return dialect.name === 'mysql' && /^\d{4}-(?:00-\d{2}|\d{2}-00)(?: \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)?$/.test(text)
}

/** A column's type has milliseconds; servers have microseconds too, SQLite any text, and MySQL's times are spans of more than a day. */
const timeForms: Readonly<Record<DialectName, RegExp>> = {
  mysql: /^-?\d{2,3}:[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/,
  postgresql: /^(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{4,6}|24:00:00)$/,
  sqlite: /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{4,}$/,
}

function readTime(text: string, place: Place): unknown {
  return timeForms[place.dialect.name].test(text) ? text : (timeNumber(text, place) ?? encoded(text, place))
}

/** A time without a zone is UTC's, as everywhere in this library. */
function readDateTime(text: string, place: Place): unknown {
  if (isServersDate(text, place) || isZeroDate(text, place)) return text
  const number = timeNumber(text, place)
  if (number !== null) return number
  const form = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.(\d+))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i
  const iso = matching(text, form, 'a date and time as ISO 8601').replace(' ', 'T').toUpperCase()
  // A Date takes 29 February for 1 March where there is none. Up to the 28th a month has every day.
  if (iso.slice(8, 10) > '28' && !isDay(iso.slice(0, 10))) throw new Misread('a date and time that the calendar has')
  const [, fraction = '', zone] = form.exec(iso) ?? []
  const whole =
    zone !== undefined && /^[+-]\d{2}$/.test(zone) ? `${iso}:00` : iso.replace(/([+-]\d{2})(\d{2})$/, zone === undefined ? '$&' : '$1:$2')
  const date = new Date(zone !== undefined || !iso.includes('T') ? whole : `${iso}Z`)
  if (Number.isNaN(date.getTime())) throw new Misread('a date and time that the calendar has')
  const value = encoded(date, place)
  // A Date holds milliseconds; servers hold microseconds, and SQLite any text.
  const digits = fraction.replace(/0+$/, '')
  if (digits.length <= 3) return value
  if (digits.length > 6 && !place.free) throw new Misread('a time of at most six digits behind the second')
  const exact = `${date.toISOString().slice(0, 20)}${digits}`
  return place.dialect.dates === 'iso' ? `${exact}Z` : exact.replace('T', ' ')
}

// Documents, bytes, and all else

/** The text itself, with all digits of its numbers. */
function readJson(text: string, place: Place): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Misread('JSON')
  }
  // An escape may stand for half a character.
  if (/\\ud/i.test(text)) readDocument(value)
  return storable(text, place)
}

function storable(text: string, { column, dialect }: Place): string {
  if (dialect.name === 'postgresql' && /(?<!\\)(?:\\\\)*\\u0000/.test(text) && column.type.sqlType(dialect, false) === 'jsonb') {
    throw new Misread('JSON without a NUL character, which jsonb has no place for')
  }
  // To SQLite a document that is a number alone is one of its own, of 64 bits: https://www.sqlite.org/datatype3.html#type_affinity
  if (dialect.embedded && /^\s*-?\d/.test(text) && typeof exactNumber(text.trim()) !== 'number' && keptNumber(text.trim()) === null) {
    throw new Misread('a number of 64 bits, or a document with more in it')
  }
  return text
}

function readDocument(value: unknown): string {
  try {
    return toJsonText(value)
  } catch {
    throw new Misread('a value that JSON can hold, without half a surrogate pair')
  }
}

function readBytes(text: string): Buffer {
  return Buffer.from(matching(text, /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/, 'bytes as base64'), 'base64')
}

/** MySQL's types whose values are bytes, or numbers of bits, and are no texts. */
const mysqlBytes = /^(?:geometry|point|linestring|polygon|multi\w+|geometrycollection|vector)\b/i
const mysqlBits = /^bit\b/i

/** A text of the database's own. */
function readOther(text: string, place: Place): unknown {
  if (place.dialect.name === 'mysql') {
    const type = place.column.type.sqlType(place.dialect, false)
    if (mysqlBytes.test(type)) return readBytes(text)
    if (mysqlBits.test(type)) return BigInt(matching(text, /^\d+$/, 'bits as a whole number'))
  }
  return checkText(text, place)
}

function readScalar(value: unknown, place: Place): unknown {
  if (value instanceof ExactNumber) return (place.free ? keptNumber(value.text) : null) ?? readOther(value.text, place)
  if (typeof value === 'object' && !(value instanceof Uint8Array)) {
    throw new TypeError(`Column ${place.column.label}: expected one value, found ${describeValue(value)}.`)
  }
  return encoded(value, place)
}

/** More has no array of PostgreSQL's: https://www.postgresql.org/docs/current/limits.html */
const maxDimensions = 6

/** Here, where the line is known: as a parameter it would be refused without one. */
function readList(list: readonly unknown[], place: Place, dimension: number): readonly unknown[] {
  const { label } = place.column
  if (dimension > maxDimensions) throw new RangeError(`Column ${label}: expected lists in at most ${maxDimensions} dimensions.`)
  return list.map((element) => {
    if (Array.isArray(element)) return readList(element, place, dimension + 1)
    if (element instanceof ExactNumber) return element.text
    if (typeof element === 'string') return checkText(element, place)
    if (typeof element !== 'object' || element === null || element instanceof Uint8Array) return element
    throw new TypeError(`Column ${label}: expected a list of plain values, found ${describeValue(element)} in it.`)
  })
}
