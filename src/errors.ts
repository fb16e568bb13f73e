/**
 * Every class of errors of the engine, without the engine.
 *
 * @module offloop/errors
 */

import { type ViolationKind, violationKind } from './protocol/violation-kind.ts'

export type { ViolationKind }

/** SQL texts in errors are cut to this many characters: a generated statement of megabytes helps nobody in a log. */
const MAX_SQL_LENGTH = 2_000

/** What every error of this library may be built with. */
export interface OffloopErrorOptions {
  /** The error or abort reason behind this one. */
  readonly cause?: unknown
  /** True where the same work, done again, may succeed. Default: false. */
  readonly retryable?: boolean | undefined
}

/**
 * The base of every error this library throws on purpose. Tell errors apart by class or by the literal `code`, never by their text.
 * No message and no property holds a parameter's value or a password.
 */
export abstract class OffloopError extends Error {
  abstract readonly code: string
  /** True where the same work, done again, may succeed: a lock that was busy, a serialisation failure. */
  declare readonly retryable: boolean

  static {
    this.named('OffloopError')
    // On the prototype, so that only the exception shows up when an error is printed.
    Object.defineProperty(this.prototype, 'retryable', { value: false, writable: true, configurable: true })
  }

  constructor(message: string, options?: OffloopErrorOptions) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    if (options?.retryable === true) this.retryable = true
  }

  /** Puts `name` on the prototype: the stack's first line reads it while the error is built, and a bundler may rename the class. */
  protected static named(name: string): void {
    Object.defineProperty(this.prototype, 'name', { value: name, writable: true, configurable: true })
  }
}

/** `OFFLOOP_ARGUMENT`: an option, a URL or an argument is unknown, of the wrong kind or out of range. Thrown before any I/O. */
export class ArgumentError extends OffloopError {
  override readonly code = 'OFFLOOP_ARGUMENT'
  static {
    this.named('ArgumentError')
  }
}

/** `OFFLOOP_RESOURCE_CLOSED`: the engine, connection, transaction, result or cursor has been closed. */
export class ResourceClosedError extends OffloopError {
  override readonly code = 'OFFLOOP_RESOURCE_CLOSED'
  static {
    this.named('ResourceClosedError')
  }
}

/** `OFFLOOP_INVALID_REQUEST`: the object exists and is open, but is in no state to do this: a transaction committed twice. */
export class InvalidRequestError extends OffloopError {
  override readonly code: 'OFFLOOP_INVALID_REQUEST' | 'OFFLOOP_NO_RESULT_FOUND' | 'OFFLOOP_MULTIPLE_RESULTS_FOUND' =
    'OFFLOOP_INVALID_REQUEST'
  static {
    this.named('InvalidRequestError')
  }
}

/** `OFFLOOP_NO_RESULT_FOUND`: exactly one row was asked for and there is none. */
export class NoResultFound extends InvalidRequestError {
  override readonly code = 'OFFLOOP_NO_RESULT_FOUND'
  static {
    this.named('NoResultFound')
  }
}

/** `OFFLOOP_MULTIPLE_RESULTS_FOUND`: one row was asked for and there are more. */
export class MultipleResultsFound extends InvalidRequestError {
  override readonly code = 'OFFLOOP_MULTIPLE_RESULTS_FOUND'
  static {
    this.named('MultipleResultsFound')
  }
}

/** How full the pool was when it refused. */
export interface PoolState {
  /** Connections the pool holds, idle ones too. */
  readonly size: number
  readonly inUse: number
  readonly waiting: number
}

/** `OFFLOOP_POOL_TIMEOUT`: no connection became free within `acquireTimeoutMs`. */
export class PoolTimeoutError extends OffloopError {
  override readonly code = 'OFFLOOP_POOL_TIMEOUT'
  declare readonly size?: number
  declare readonly inUse?: number
  declare readonly waiting?: number

  static {
    this.named('PoolTimeoutError')
  }

  constructor(message: string, options?: OffloopErrorOptions & { readonly pool?: PoolState | undefined }) {
    super(message, options)
    if (options?.pool !== undefined) assignPoolState(this, options.pool)
  }
}

/** `OFFLOOP_POOL_QUEUE_FULL`: `pool.maxQueue` callers are waiting already. */
export class PoolQueueFullError extends OffloopError {
  override readonly code = 'OFFLOOP_POOL_QUEUE_FULL'
  declare readonly size?: number
  declare readonly inUse?: number
  declare readonly waiting?: number

  static {
    this.named('PoolQueueFullError')
  }

  constructor(message: string, options?: OffloopErrorOptions & { readonly pool?: PoolState | undefined }) {
    super(message, options)
    if (options?.pool !== undefined) assignPoolState(this, options.pool)
  }
}

/** `OFFLOOP_WORKER_TERMINATED`: the worker thread that held the connection is gone; what was not committed is rolled back. */
export class WorkerTerminatedError extends OffloopError {
  override readonly code = 'OFFLOOP_WORKER_TERMINATED'
  static {
    this.named('WorkerTerminatedError')
  }
}

/** `OFFLOOP_COMMIT_OUTCOME_UNKNOWN`: a COMMIT was sent and its reply never came: read the data to find out. Never retried. */
export class CommitOutcomeUnknownError extends OffloopError {
  override readonly code = 'OFFLOOP_COMMIT_OUTCOME_UNKNOWN'
  static {
    this.named('CommitOutcomeUnknownError')
  }
}

/**
 * `OFFLOOP_TRANSACTION_ABORTED`: the database ended the transaction by itself: nothing of it is stored, unless a script or MySQL's DDL has committed it.
 * Call `rollback()`.
 */
export class TransactionAbortedError extends OffloopError {
  override readonly code = 'OFFLOOP_TRANSACTION_ABORTED'
  static {
    this.named('TransactionAbortedError')
  }
}

/** `OFFLOOP_STATEMENT_TIMEOUT`: the statement took longer than its `timeoutMs`. */
export class StatementTimeoutError extends OffloopError {
  override readonly code = 'OFFLOOP_STATEMENT_TIMEOUT'
  static {
    this.named('StatementTimeoutError')
  }
}

/** `OFFLOOP_REENTRANCY`: the call would wait for itself. */
export class ReentrancyError extends OffloopError {
  override readonly code = 'OFFLOOP_REENTRANCY'
  static {
    this.named('ReentrancyError')
  }
}

/** `OFFLOOP_DRIVER_LOAD`: the driver's package is missing, does not load on this Node.js, or is no driver. */
export class DriverLoadError extends OffloopError {
  override readonly code = 'OFFLOOP_DRIVER_LOAD'
  static {
    this.named('DriverLoadError')
  }
}

/** `ABORT_ERR`, name `AbortError`, as everywhere in Node.js: the caller's signal fired; its reason is the `cause`. */
export class AbortError extends OffloopError {
  override readonly code = 'ABORT_ERR'

  static {
    this.named('AbortError')
  }

  constructor(message = 'The operation was aborted', options?: OffloopErrorOptions) {
    super(message, options)
  }
}

/** What a database says about an error, beside its text. */
export interface DatabaseErrorOptions extends OffloopErrorOptions {
  readonly driverCode?: string | undefined
  readonly sql?: string | undefined
  readonly constraint?: string | undefined
  readonly table?: string | undefined
  readonly columns?: readonly string[] | undefined
}

type DatabaseErrorCode =
  | 'OFFLOOP_DATABASE'
  | 'OFFLOOP_INTEGRITY'
  | 'OFFLOOP_OPERATIONAL'
  | 'OFFLOOP_PROGRAMMING'
  | 'OFFLOOP_DATA'
  | 'OFFLOOP_INTERNAL'
  | 'OFFLOOP_NOT_SUPPORTED'

/** `OFFLOOP_DATABASE`: the base of what databases and drivers refuse, in the families of PEP 249. */
export class DatabaseError extends OffloopError {
  override readonly code: DatabaseErrorCode = 'OFFLOOP_DATABASE'
  /** The driver's own code: `SQLITE_CONSTRAINT_UNIQUE`, an SQLSTATE. */
  declare readonly driverCode: string | undefined
  /** The statement, shortened to 2,000 characters; never its parameters. */
  declare readonly sql: string | undefined
  /** The constraint's name, where the database tells it. */
  declare readonly constraint: string | undefined
  declare readonly table: string | undefined
  declare readonly columns: readonly string[] | undefined

  static {
    this.named('DatabaseError')
    for (const name of ['driverCode', 'sql', 'constraint', 'table', 'columns']) {
      Object.defineProperty(this.prototype, name, { value: undefined, writable: true, configurable: true })
    }
  }

  constructor(message: string, options?: DatabaseErrorOptions) {
    super(message, options)
    if (options === undefined) return
    // Own only where there is something to say: five times `undefined` would bury the message when the error is printed.
    if (options.driverCode !== undefined) this.driverCode = options.driverCode
    if (options.sql !== undefined) this.sql = shortenSql(options.sql)
    if (options.constraint !== undefined) this.constraint = options.constraint
    if (options.table !== undefined) this.table = options.table
    if (options.columns !== undefined) this.columns = options.columns
  }
}

/** `OFFLOOP_INTEGRITY`: a constraint refused the row: unique, foreign key, not null, check. */
export class IntegrityError extends DatabaseError {
  override readonly code = 'OFFLOOP_INTEGRITY'
  static {
    this.named('IntegrityError')
  }

  /** Which kind of constraint it was, on every database; undefined where that does not tell, as of a trigger. */
  get kind(): ViolationKind | undefined {
    return violationKind(this.driverCode, this.message)
  }
}

/** `OFFLOOP_OPERATIONAL`: the database cannot do it now: busy, disk full, file not to be opened, connection lost. */
export class OperationalError extends DatabaseError {
  override readonly code = 'OFFLOOP_OPERATIONAL'
  static {
    this.named('OperationalError')
  }
}

/** `OFFLOOP_PROGRAMMING`: the statement itself is wrong: syntax, no such table, wrong number of parameters. */
export class ProgrammingError extends DatabaseError {
  override readonly code = 'OFFLOOP_PROGRAMMING'
  static {
    this.named('ProgrammingError')
  }
}

/** `OFFLOOP_DATA`: a value does not fit: out of range, an integer beyond 2^53 read as a number. */
export class DataError extends DatabaseError {
  override readonly code = 'OFFLOOP_DATA'
  static {
    this.named('DataError')
  }
}

/** `OFFLOOP_INTERNAL`: the database, the driver or this library is in a state it should not be in. */
export class InternalError extends DatabaseError {
  override readonly code = 'OFFLOOP_INTERNAL'
  static {
    this.named('InternalError')
  }
}

/** `OFFLOOP_NOT_SUPPORTED`: this database or driver has no such feature. */
export class NotSupportedError extends DatabaseError {
  override readonly code = 'OFFLOOP_NOT_SUPPORTED'
  static {
    this.named('NotSupportedError')
  }
}

function shortenSql(sql: string): string {
  if (sql.length <= MAX_SQL_LENGTH) return sql
  const cut = sql.slice(0, MAX_SQL_LENGTH - 1)
  // Never end in half a surrogate pair.
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`
}

function assignPoolState(error: PoolTimeoutError | PoolQueueFullError, pool: PoolState): void {
  Object.assign(error, { size: pool.size, inUse: pool.inUse, waiting: pool.waiting })
}
