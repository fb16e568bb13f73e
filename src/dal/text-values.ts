import type { Column } from '../schema/column.ts'
import type { ColumnKind } from '../schema/column-type.ts'
import type { Dialect } from '../sql/dialect.ts'
import { ExactNumber } from './json-lines.ts'

type Read = (text: string) => unknown

class Misread extends Error {}

const readers: Readonly<Partial<Record<ColumnKind, Read>>> = {
  integer: readInteger,
  smallInteger: readInteger,
  bigInteger: (text) => BigInt(matching(text, /^[+-]?\d+$/, 'a whole number').replace('+', '')),
  float: (text) => Number(matching(text, /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|Infinity)$/i, 'a number')),
  boolean: readBoolean,
  dateTime: readDateTime,
  json: readJson,
  blob: (text) => Buffer.from(matching(text, /^(?:[\w+/-]{4})*(?:[\w+/-]{2}(?:==)?|[\w+/-]{3}=?)?$/, 'bytes as base64'), 'base64'),
}

/** What JSON has no values of its own for, and so has as texts. */
const textsInJson: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['bigInteger', 'dateTime', 'blob'])

/**
 * What a text of a CSV file is in a column.
 *
 * @throws {TypeError | RangeError} it is nothing that the column can hold
 */
export function valueFromText(column: Column, text: string | null, dialect: Dialect): unknown {
  if (text === null) return null
  return checked(column, read(column, text), dialect)
}

/**
 * What a value of a JSON Lines file is in a column.
 *
 * @throws {TypeError | RangeError} it is nothing that the column can hold
 */
export function valueFromJson(column: Column, value: unknown, dialect: Dialect): unknown {
  if (value === null) return null
  const { kind } = column.type
  if (value instanceof ExactNumber) {
    const keeps = kind === 'numeric' || (kind === 'bigInteger' && /^-?\d+$/.test(value.text))
    return checked(column, keeps ? read(column, value.text) : value.rounded, dialect)
  }
  return checked(column, typeof value === 'string' && textsInJson.has(kind) ? read(column, value) : value, dialect)
}

/** Here, where the line is known, and not when many rows are sent together. */
function checked(column: Column, value: unknown, dialect: Dialect): unknown {
  if (value !== null) column.type.encode(value, dialect, column.label)
  return value
}

function read(column: Column, text: string): unknown {
  const reader = readers[column.type.kind]
  if (reader === undefined) return text
  try {
    return reader(text)
  } catch (error) {
    if (error instanceof Misread) throw new TypeError(`Column ${column.label}: expected ${error.message}, found another text.`)
    throw error
  }
}

function matching(text: string, form: RegExp, expected: string): string {
  if (form.test(text)) return text
  throw new Misread(expected)
}

function readInteger(text: string): number {
  return Number(matching(text, /^[+-]?\d+$/, 'a whole number'))
}

function readBoolean(text: string): boolean {
  const [, yes] = /^(?:(true|t|1)|false|f|0)$/i.exec(matching(text, /^(?:true|t|1|false|f|0)$/i, 'true or false')) ?? []
  return yes !== undefined
}

/** A time without a zone is UTC's, as everywhere in this library. */
function readDateTime(text: string): Date {
  const form = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i
  const iso = matching(text, form, 'a date and time as ISO 8601').replace(' ', 'T')
  const [, zone] = form.exec(text) ?? []
  const whole =
    zone !== undefined && /^[+-]\d{2}$/.test(zone) ? `${iso}:00` : iso.replace(/([+-]\d{2})(\d{2})$/, zone === undefined ? '$&' : '$1:$2')
  const date = new Date(zone !== undefined || !iso.includes('T') ? whole : `${iso}Z`)
  if (Number.isNaN(date.getTime())) throw new Misread('a date and time that the calendar has')
  return date
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Misread('JSON')
  }
}
