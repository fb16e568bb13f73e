import type { ColumnKind } from '../schema/column-type.ts'
import { jsonSerializer } from './json-serializer.ts'
import { parseJson } from './json-text.ts'
import { documentMark } from './marked-document.ts'

/** A column of what is written. */
export interface WrittenColumn {
  readonly name: string
  /** What its values are, where they are a table's; of a query's, the values themselves tell. */
  readonly kind?: ColumnKind | undefined
  /**
   * Of a table of SQLite, which holds any value in any column.
   *
   * @throws {TypeError} an import would refuse it, or make something else of it
   */
  readonly check?: ((value: unknown) => void) | undefined
}

/** What a database gave, as it is written; null is NULL. */
export type Cell = (value: unknown) => string | null

/** As a field of CSV. */
export function csvCell({ kind, check }: WrittenColumn): Cell {
  return (given) => {
    if (given !== null) check?.(given)
    const value = plain(given, kind)
    if (value === null || typeof value === 'string') return value
    if (typeof value === 'object')
      return value instanceof Uint8Array ? base64(value) : value instanceof Date ? value.toISOString() : list(value)
    return Object.is(value, -0) ? '-0' : String(value)
  }
}

/** As a value of JSON. An integer keeps every digit, as a number: to JSON it may be of any length. */
export function jsonCell({ kind, check }: WrittenColumn): Cell {
  return (given) => {
    if (given !== null) check?.(given)
    const value = plain(given, kind)
    if (value === null) return null
    if (kind === 'json') return document(String(value))
    if (typeof value === 'bigint') return value.toString()
    if (typeof value !== 'number') return Array.isArray(value) ? list(value) : jsonSerializer(value)
    // A column of numbers reads them again; in any other place JSON has none such.
    if (kind === 'float' && !Number.isFinite(value)) return `"${value}"`
    return Object.is(value, -0) ? '-0' : jsonSerializer(value)
  }
}

/** A table's value as one of its kind. */
function plain(value: unknown, kind: ColumnKind | undefined): unknown {
  if (kind === 'boolean') return value === 1n ? true : value === 0n ? false : value
  // MySQL's of the character set "binary" are bytes to its driver.
  if (kind === 'enumeration' && Buffer.isBuffer(value)) return value.toString()
  // SQLite: a text that a column has made a number of is made one again.
  return (kind === 'text' || kind === 'string') && typeof value !== 'string' && value !== null ? String(value) : value
}

/** On one line: between its values JSON may have any. A document that an import would refuse is refused here. */
function document(text: string): string {
  const value = parseJson(text, { line: 1, column: 1 })
  return documentMark(text.replaceAll(/[\r\n]+/g, ' '), value)
}

/** A list of PostgreSQL's as one of JSON: its integers are numbers, of any length. */
function list(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(list).join(',')}]`
  return typeof value === 'bigint' ? value.toString() : jsonSerializer(value)
}

function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}
