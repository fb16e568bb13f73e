import { ArgumentError } from '../errors.ts'
import { quoteText } from '../schema/types/texts.ts'
import type { Dialect } from '../sql/dialect.ts'

/**
 * A value as SQL, for a script that is read before it is run.
 *
 * @throws {ArgumentError} it is none that a database holds
 */
export function literal(value: unknown, dialect: Dialect): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return dialect.nativeBooleans ? String(value) : value ? '1' : '0'
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  if (typeof value === 'string') return quoteText(value, dialect)
  if (value instanceof Date) return quoteText(dateText(value, dialect), dialect)
  if (value instanceof Uint8Array) {
    const digits = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
    return dialect.name === 'postgresql' ? `'\\x${digits}'` : `x'${digits}'`
  }
  throw new ArgumentError('A migration that is written down as SQL has a value that cannot stand in it.')
}

function dateText(date: Date, { dates }: Dialect): string {
  const text = date.toISOString()
  return dates === 'iso' ? text : text.replace('T', ' ').replace('Z', '')
}
