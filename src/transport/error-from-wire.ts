import {
  AbortError,
  ArgumentError,
  type DatabaseErrorOptions,
  DataError,
  DriverLoadError,
  IntegrityError,
  InternalError,
  InvalidRequestError,
  NotSupportedError,
  type OffloopError,
  OperationalError,
  ProgrammingError,
  ResourceClosedError,
  TransactionAbortedError,
} from '../errors.ts'
import type { WireCause, WireError } from '../protocol/wire-error.ts'
import { hideValues, type StatementContext } from './hide-values.ts'

/** Characters of a message that are kept, one half at its beginning and one at its end. */
const maxMessageLength = 2_000

/**
 * Rebuilds an error that a worker sent: its class by family, the driver's own error as `cause`. The counterpart of `toWireError` in the
 * worker. An error of the user's own function comes back as a built-in error of the same name, message and `code`.
 *
 * Call it inside the async function the caller awaits: the stack is taken here.
 */
export function errorFromWire(wire: WireError, context: StatementContext): OffloopError | Error {
  const ofSqlite = wire.driverCode?.startsWith('SQLITE_') ?? false
  const hide = (text: string): string => shorten(hideCredentials(mayShowValues(wire) ? hideValues(text, context, ofSqlite) : text), wire)
  const message = hide(wire.message)
  const cause = wire.cause === undefined ? undefined : errorFromWireCause(wire.cause, hide)
  switch (wire.family) {
    case 'integrity':
      return new IntegrityError(message, databaseOptions(wire, context.sql, cause))
    case 'operational':
      return new OperationalError(message, databaseOptions(wire, context.sql, cause))
    case 'programming':
      return new ProgrammingError(message, databaseOptions(wire, context.sql, cause))
    case 'data':
      return new DataError(message, databaseOptions(wire, context.sql, cause))
    case 'notSupported':
      return new NotSupportedError(message, databaseOptions(wire, context.sql, cause))
    case 'argument':
      return new ArgumentError(message, { cause, retryable: wire.retryable })
    case 'invalidRequest':
      return new InvalidRequestError(message, { cause, retryable: wire.retryable })
    case 'resourceClosed':
      return new ResourceClosedError(message, { cause, retryable: wire.retryable })
    case 'driverLoad':
      return new DriverLoadError(message, { cause, retryable: wire.retryable })
    case 'transactionAborted':
      return new TransactionAbortedError(message, { cause, retryable: wire.retryable })
    case 'cancelled':
      return new AbortError(undefined, { cause })
    case 'user':
      return userError(message, wire.cause, cause)
    default:
      return new InternalError(message, databaseOptions(wire, context.sql, cause))
  }
}

function databaseOptions(wire: WireError, sql: string | undefined, cause: Error | undefined): DatabaseErrorOptions {
  const { driverCode, constraint, table, columns, retryable } = wire
  return { cause, retryable, driverCode, sql, constraint, table, columns }
}

const BUILT_IN_ERRORS: ReadonlyMap<string, ErrorConstructor> = new Map<string, ErrorConstructor>([
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
  ['ReferenceError', ReferenceError],
  ['EvalError', EvalError],
  ['URIError', URIError],
])

function userError(message: string, wireCause: WireCause | undefined, cause: Error | undefined): Error {
  const name = wireCause?.name ?? 'Error'
  const builtIn = BUILT_IN_ERRORS.get(name)
  const options = cause === undefined ? undefined : { cause }
  const error = builtIn === undefined ? new Error(message, options) : new builtIn(message, options)
  if (builtIn === undefined && name !== 'Error') {
    Object.defineProperty(error, 'name', { value: name, writable: true, configurable: true })
  }
  if (wireCause?.code !== undefined) Object.assign(error, { code: wireCause.code })
  return error
}

function errorFromWireCause(wire: WireCause, hide: (text: string) => string): Error {
  const message = hide(wire.message)
  const error = new Error(message, wire.cause === undefined ? undefined : { cause: errorFromWireCause(wire.cause, hide) })
  Object.defineProperty(error, 'name', { value: wire.name, writable: true, configurable: true })
  // The worker's stack says where it happened; the one taken here would only show this function.
  const stack = wire.stack === undefined ? `${wire.name}: ${message}` : hideCredentials(wire.stack.replace(wire.message, () => message))
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true })
  const { code, errno, sqlState } = wire
  if (code !== undefined) Object.assign(error, { code })
  if (errno !== undefined) Object.assign(error, { errno, sqlState })
  return error
}

/** A database repeats what it does not understand, megabytes of it; a program's own errors are as long as it wants them. */
function shorten(text: string, { family }: WireError): string {
  if (text.length <= maxMessageLength || family === 'user') return text
  const kept = maxMessageLength / 2
  return `${text.slice(0, kept)} … ${text.slice(-kept)}`.toWellFormed()
}

/** Words of the database, other than those on a constraint, which name tables and columns; a trigger's are its author's. */
function mayShowValues({ family, driverCode }: WireError): boolean {
  if (driverCode === undefined) return false
  return family !== 'integrity' || driverCode === 'SQLITE_CONSTRAINT_TRIGGER'
}

/** Drivers of server databases repeat a connection URL in some messages: `scheme://user:password@` becomes `scheme://user:***@`. */
function hideCredentials(text: string): string {
  return text.includes('://') ? text.replace(/(:\/\/[^\s:@/]*:)[^\s/]*@/g, '$1***@') : text
}
