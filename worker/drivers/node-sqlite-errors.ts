import type { WireError, WireErrorFamily } from '../../src/protocol/wire-error.ts'
import { codeName } from './sqlite-codes.ts'
import { DriverFault, faultToWireError, refusalToWireError, sqliteToWireError, userErrorToWire } from './sqlite-errors.ts'

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR'
  readonly errcode: number
}

export function isSqliteError(error: unknown): error is SqliteError {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ERR_SQLITE_ERROR' &&
    'errcode' in error &&
    typeof error.errcode === 'number'
  )
}

/** An older node:sqlite gives nothing where it should throw; a newer one has an error of its own. */
export function tooLong(): DriverFault {
  return new DriverFault('data', 'string or blob too big: a row has a text of more characters than a string of JavaScript can have', {
    driverCode: 'SQLITE_TOOBIG',
  })
}

/** The driver's own refusals. Its codes are those of all of Node.js, so the texts decide. */
const REFUSALS: readonly (readonly [start: string, family: WireErrorFamily, driverCode: string])[] = [
  ['The SQL query contains no statements', 'programming', 'SQLITE_ERROR'],
  ['Unknown named parameter ', 'programming', 'SQLITE_RANGE'],
  ['Cannot create bare named parameter ', 'programming', 'SQLITE_RANGE'],
  ['Provided value cannot be bound to SQLite parameter ', 'data', 'SQLITE_MISMATCH'],
  ['BigInt value is too large to bind', 'data', 'SQLITE_TOOBIG'],
  ['Cannot create a string longer than ', 'data', 'SQLITE_TOOBIG'],
  ['iterator was invalidated', 'invalidRequest', 'SQLITE_MISUSE'],
  ['statement has been finalized', 'invalidRequest', 'SQLITE_MISUSE'],
  ['database is not open', 'invalidRequest', 'SQLITE_MISUSE'],
]

export function toWireError(error: unknown): WireError {
  if (error instanceof DriverFault) return faultToWireError(error)
  if (isSqliteError(error)) {
    // Where better-sqlite3 throws a TypeError, this driver makes an SQL error of what the user's function returned.
    if (error.message === 'Returned JavaScript value cannot be converted to a SQLite value') return userErrorToWire(error)
    return sqliteToWireError(codeName(error.errcode), error.message, error)
  }
  if (error instanceof Error && 'code' in error) {
    const refusal = REFUSALS.find(([start]) => error.message.startsWith(start))
    if (refusal !== undefined) return refusalToWireError(refusal[1], error, refusal[2])
  }
  return userErrorToWire(error)
}
