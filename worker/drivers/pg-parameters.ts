import type { WireValue } from '../../src/protocol/values.ts'
import type { EncodedValue } from './pg-messages.ts'
import { DriverFault } from './sqlite-errors.ts'

/** A value on its way to the server: an array stands for one of PostgreSQL's arrays. */
export type PgParameter = WireValue | readonly PgParameter[]

/** The count of parameters is an unsigned 16-bit number in the protocol: one more would be read as none. */
export const maxParameters = 65_535
const BYTEA = 17

/**
 * Values as they are sent, as text: what type they have is for the server to find.
 *
 * @param types of the parameters, as far as the server has said so
 * @throws {DriverFault} `programming`: more of them than a statement can have
 */
export function encodeParameters(values: readonly PgParameter[], types: readonly number[]): EncodedValue[] {
  if (values.length > maxParameters) {
    throw new DriverFault('programming', `A statement takes at most ${maxParameters} parameters, but ${values.length} were given.`)
  }
  return values.map((value, index) => encodeParameter(value, types[index]))
}

export function encodeParameter(value: PgParameter, type: number | undefined): EncodedValue {
  if (value === null || typeof value === 'string') return value
  // In the binary format the eight bytes of a bigint, say, would pass for a valid one: only what surely takes bytes gets them.
  if (value instanceof Uint8Array) return type === BYTEA ? value : toHex(value)
  return Array.isArray(value) ? toArrayLiteral(value) : toText(value as number | bigint | boolean)
}

function toText(value: number | bigint | boolean): string {
  // A zero keeps its sign: float8 has both.
  return Object.is(value, -0) ? '-0' : String(value)
}

function toHex(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-INPUT */
function toArrayLiteral(values: readonly PgParameter[]): string {
  return `{${values.map(toElement).join(',')}}`
}

function toElement(value: PgParameter): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return quote(value)
  if (value instanceof Uint8Array) return quote(toHex(value))
  return Array.isArray(value) ? toArrayLiteral(value) : toText(value as number | bigint | boolean)
}

/** Always in quotes: without them NULL, blanks and commas would mean something. */
function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
