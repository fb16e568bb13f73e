/**
 * An error on its way across the thread border: plain data, because class, code and own properties of an `Error` do not survive
 * structured cloning. `errorFromWire` in `src/transport/error-from-wire.ts` rebuilds it on the user's side.
 */
export interface WireError {
  /** Which class of `offloop/errors` it becomes. */
  readonly family: WireErrorFamily
  readonly message: string
  /** The driver's own code: `SQLITE_CONSTRAINT_UNIQUE`, an SQLSTATE. */
  readonly driverCode?: string | undefined
  readonly constraint?: string | undefined
  readonly table?: string | undefined
  readonly columns?: readonly string[] | undefined
  /** True where the same work, done again, may succeed: a lock that was busy, a serialisation failure. */
  readonly retryable?: boolean | undefined
  /** The connection went down with it: nobody knows what became of the statement. */
  readonly connectionLost?: boolean | undefined
  /** The error as the driver threw it: name, message and stack, for `cause`. */
  readonly cause?: WireCause | undefined
}

export interface WireCause {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: string | undefined
  /** MySQL's number of the error, and its SQLSTATE. */
  readonly errno?: number | undefined
  readonly sqlState?: string | undefined
  /** What lies behind an error of somebody's own code. */
  readonly cause?: WireCause | undefined
}

export type WireErrorFamily =
  | 'integrity'
  | 'operational'
  | 'programming'
  | 'data'
  | 'internal'
  | 'notSupported'
  | 'argument'
  | 'invalidRequest'
  | 'resourceClosed'
  | 'driverLoad'
  | 'transactionAborted'
  | 'cancelled'
  /** An error thrown by the user's own function inside the worker, not by the database. */
  | 'user'
