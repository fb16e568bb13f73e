import { DatabaseError } from '../errors.ts'
import type { DialectName } from '../sql/dialect.ts'

/**
 * The error that the database's own driver would have thrown: better-sqlite3's `SqliteError`, pg's `DatabaseError`, an `Error` as mysql2
 * makes them, with its `code` and the engine's message. The engine's own error is its `cause`. Anything that no database has said is
 * returned as it is.
 */
export async function toDriverError(error: unknown, dialect: DialectName): Promise<unknown> {
  if (!(error instanceof DatabaseError) || error.driverCode === undefined) return error
  // A driver that only its worker finds is no reason to lose what the database has said.
  const driverError = await makers[dialect](error, error.driverCode).catch(() => null)
  if (driverError === null) return error
  Object.defineProperty(driverError, 'cause', { value: error, writable: true, configurable: true })
  return driverError
}

type Maker = (error: DatabaseError, code: string) => Promise<Error>

const makers: Readonly<Record<DialectName, Maker>> = {
  async sqlite({ message }, code) {
    const { default: Database } = await import('better-sqlite3')
    return new Database.SqliteError(message, code)
  },

  async postgresql({ message, constraint, table, columns }, code) {
    const { default: pg } = await import('pg')
    const error = new pg.DatabaseError(message, Buffer.byteLength(message), 'error')
    return Object.assign(error, { severity: 'ERROR', code, constraint, table, column: columns?.[0] })
  },

  async mysql({ message, cause }, code) {
    const { errno, sqlState } = (cause ?? {}) as { readonly errno?: number; readonly sqlState?: string }
    return Object.assign(new Error(message), { code, errno, sqlState, sqlMessage: message })
  },
}
