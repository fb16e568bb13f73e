import { types } from 'node:util'
import type { WireCause, WireError, WireErrorFamily } from '../../src/protocol/wire-error.ts'
import { primaryCode } from './sqlite-codes.ts'

/** An error that a driver states in its own words, ready for the wire. */
export class DriverFault extends Error {
  readonly family: WireErrorFamily
  readonly driverCode: string | undefined

  constructor(family: WireErrorFamily, message: string, details: { readonly driverCode?: string; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'DriverFault'
    this.family = family
    this.driverCode = details.driverCode
  }
}

/** The driver's module could not be imported. Only the first line of the reason: Node.js adds the paths of all that required it. */
export function loadFault(name: string, cause: unknown): DriverFault {
  const reason = isError(cause) ? cause.message.split('\n', 1)[0] : 'unknown reason'
  return new DriverFault('driverLoad', `The driver ${name} could not be loaded: ${reason}`, { cause })
}

/** PEP 249's families, by primary result code. What is not here is a surprise: `internal`. */
const FAMILIES: Readonly<Record<string, WireErrorFamily>> = {
  SQLITE_CONSTRAINT: 'integrity',
  SQLITE_ERROR: 'programming',
  SQLITE_RANGE: 'programming',
  SQLITE_MISUSE: 'programming',
  SQLITE_MISMATCH: 'data',
  SQLITE_TOOBIG: 'data',
  SQLITE_PERM: 'operational',
  SQLITE_ABORT: 'operational',
  SQLITE_BUSY: 'operational',
  SQLITE_LOCKED: 'operational',
  SQLITE_NOMEM: 'operational',
  SQLITE_READONLY: 'operational',
  SQLITE_INTERRUPT: 'operational',
  SQLITE_IOERR: 'operational',
  SQLITE_CORRUPT: 'operational',
  SQLITE_FULL: 'operational',
  SQLITE_CANTOPEN: 'operational',
  SQLITE_PROTOCOL: 'operational',
  SQLITE_SCHEMA: 'operational',
  SQLITE_NOLFS: 'operational',
  SQLITE_AUTH: 'operational',
  SQLITE_NOTADB: 'operational',
}

const RETRYABLE: ReadonlySet<string> = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_SCHEMA'])

/** What SQLite itself reported. `code` is the name of its extended result code. */
export function sqliteToWireError(code: string, message: string, cause: unknown): WireError {
  const primary = primaryCode(code)
  return {
    family: FAMILIES[primary] ?? 'internal',
    message,
    driverCode: code,
    ...(primary === 'SQLITE_CONSTRAINT' ? parseConstraint(code, message) : undefined),
    retryable: RETRYABLE.has(primary),
    cause: causeOf(cause),
  }
}

/** A driver's own refusal, which has no result code of SQLite behind it, or one that we give it. */
export function refusalToWireError(family: WireErrorFamily, error: Error, driverCode?: string): WireError {
  return {
    family,
    message: error.message,
    ...(driverCode === undefined ? undefined : { driverCode, retryable: RETRYABLE.has(primaryCode(driverCode)) }),
    cause: causeOf(error),
  }
}

export function faultToWireError(fault: DriverFault): WireError {
  return {
    ...refusalToWireError(fault.family, fault, fault.driverCode),
    cause: fault.cause === undefined ? undefined : causeOf(fault.cause),
  }
}

/** Neither the database nor its driver threw this, so a function of the user's did. */
export function userErrorToWire(error: unknown): WireError {
  return { family: 'user', message: messageOf(error), cause: causeOf(error) }
}

/** What SQLite's own words leave open when a database cannot be opened. */
const OPEN_HINTS: Readonly<Record<string, string>> = {
  SQLITE_READONLY_DIRECTORY:
    'a database needs its directory to be writable for its journal; with a WAL also to be read, without one ?mode=ro reads it',
}

/** Whatever kept a connection from opening is operational, except that the driver itself could not be loaded or the call was wrong. */
export function toOpenError(error: WireError): WireError {
  if (error.family === 'driverLoad' || error.family === 'argument') return error
  const { driverCode = 'SQLITE_CANTOPEN', retryable = false } = error
  const hint = OPEN_HINTS[driverCode]
  const message = hint === undefined ? error.message : `${error.message}: ${hint}`
  return { ...error, family: 'operational', message, driverCode, retryable }
}

function causeOf(error: unknown): WireCause {
  if (!isError(error)) return { name: 'Error', message: messageOf(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { name: error.name, message: error.message, stack: error.stack, code }
}

function messageOf(error: unknown): string {
  // Anything may be thrown; what is no error is named by its kind alone, for its text could run user code or show a secret.
  return isError(error)
    ? error.message
    : `A function threw a value of type ${error === null ? 'null' : typeof error}, which is not an Error.`
}

function isError(error: unknown): error is Error {
  return error instanceof Error || types.isNativeError(error)
}

type ConstraintParts = Pick<WireError, 'constraint' | 'table' | 'columns'>

/**
 * SQLite says which constraint failed in its message only. The texts are fixed and in English, see sqlite3UniqueConstraint() in
 * insert.c and OP_HaltIfNull, OP_TypeCheck in vdbe.c; the result code tells which of them to expect.
 */
function parseConstraint(code: string, message: string): ConstraintParts {
  switch (code) {
    case 'SQLITE_CONSTRAINT_CHECK':
      return { constraint: after(message, 'CHECK constraint failed: ') }
    case 'SQLITE_CONSTRAINT_NOTNULL':
      return parseColumns(after(message, 'NOT NULL constraint failed: '))
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
    case 'SQLITE_CONSTRAINT_ROWID': {
      const subject = after(message, 'UNIQUE constraint failed: ')
      // An index over expressions has no columns to name.
      const index = /^index '(.*)'$/s.exec(subject ?? '')?.[1]
      return index === undefined ? parseColumns(subject) : { constraint: index }
    }
    case 'SQLITE_CONSTRAINT_DATATYPE':
      return parseColumns(/^cannot store \S+ value in \S+ column (.*)$/s.exec(message)?.[1])
    default:
      return {}
  }
}

function after(message: string, prefix: string): string | undefined {
  return message.startsWith(prefix) ? message.slice(prefix.length) : undefined
}

/** `users.email, users.org`. Names are not quoted there: one that holds a dot or ', ' cannot be told apart, and then nothing is said. */
function parseColumns(text: string | undefined): ConstraintParts {
  if (text === undefined) return {}
  let table: string | undefined
  const columns: string[] = []
  for (const part of text.split(', ')) {
    const [owner, column, ...rest] = part.split('.')
    if (owner === undefined || column === undefined || rest.length > 0 || (table !== undefined && owner !== table)) return {}
    table = owner
    columns.push(column)
  }
  return { table, columns }
}
