/**
 * The contract of a driver, for packages that bring one of their own.
 *
 * @module offloop/driver
 */

import type { ServerEvent, ServerSettings } from '../../src/protocol/server.ts'
import type { WireColumn, WireValue } from '../../src/protocol/values.ts'
import type { WireError } from '../../src/protocol/wire-error.ts'

/**
 * The contract between a worker thread and a database driver. A synchronous driver returns values, an asynchronous one promises;
 * the host awaits only what is a promise, so a synchronous driver never pays for a turn of the event loop.
 *
 * A third-party driver is a module whose default export is a `Driver`.
 */
export interface Driver {
  /** As in the engine's URL: `better-sqlite3`. */
  readonly name: string
  readonly dialect: 'sqlite' | 'postgresql' | 'mysql'
  readonly capabilities: DriverCapabilities
  /**
   * Loads native code. The thread is not terminated before that has ended: an addon that is just registering takes the whole process down
   * with a thread that is terminated.
   */
  load?(): MaybePromise<void>
  /** Opens a connection and proves that it answers; throws what `DriverConnection.toWireError` or `toWireError` understands. */
  open(options: OpenOptions): MaybePromise<DriverConnection>
  /** Turns whatever `open` threw into plain data. */
  toWireError(error: unknown): WireError
}

/** What a driver can do; the host asks it before it relies on it. */
export interface DriverCapabilities {
  /** True where connections of several users may live in one thread without waiting for each other. */
  readonly threadSafe: boolean
  /** How a running statement can be stopped: between two rows, by an interrupt of the engine, or by a request to the server. */
  readonly cancel: 'row' | 'interrupt' | 'server'
  /** True where `DriverConnection.backup` exists. */
  readonly backup: boolean
  /** True where result columns come with the table they were read from. */
  readonly columnOrigins: boolean
  /**
   * What must wait while an iterator of the connection is open, until its rows were read or it was returned. `writes`: every statement that
   * is not `readonly`, `script`, `close`, and whatever a user's function may do with `handle`. better-sqlite3 refuses all that runs
   * without rows, a BEGIN or COMMIT too; in node:sqlite it would run, but the cursor would see rows come and go, a ROLLBACK of DDL would
   * end it with SQLITE_ABORT_ROLLBACK, DROP TABLE and VACUUM would fail. Reads, `prepare`, `columns` and
   * `backup` are allowed in both. `everything`: the protocol has no room for another statement until the rows are read.
   */
  readonly blockedByCursors: 'writes' | 'nothing' | 'everything'
  /**
   * True where each Uint8Array of a row has an ArrayBuffer of its own, which nobody else will look at again: a large one is then handed over
   * to the user's thread and not copied. Default: false.
   */
  readonly freshBytes?: boolean
}

/** What `Driver.open` is given. */
export interface OpenOptions {
  /** File path, `file:` URI of a shared memory database, or connection text. */
  readonly database: string
  /** True when `database` is a `file:` URI and not a path. */
  readonly uri: boolean
  readonly readonly: boolean
  /** True when a missing file is an error and not a new database. */
  readonly mustExist: boolean
  readonly busyTimeoutMs: number
  /** Set on each new connection, in this order; names and values are checked by the engine. */
  readonly pragmas: readonly (readonly [name: string, value: string])[]
  /** Where the server is; null for a database that is a file. */
  readonly server: ServerSettings | null
}

/** One open connection. */
export interface DriverConnection {
  /**
   * The driver's own object, handed to `call()`, `setup` modules and the control channel. To be asked for only then: whoever holds it can
   * change the schema unseen, so from here on columns are read anew for every run.
   */
  readonly handle: object
  readonly inTransaction: boolean
  /** Prepares exactly one statement. `names` are its parameters' names in binding order, or null when they are positional. */
  prepare(sql: string, names: readonly string[] | null): MaybePromise<DriverStatement>
  /** Runs every statement of `sql`, without parameters and without results. */
  script(sql: string): MaybePromise<void>
  /** The row id of the connection's last INSERT, for one that returned rows. */
  lastRowid(): MaybePromise<bigint>
  /** Throws when what has just been written is not where the next connection will look for it: the file was moved or replaced. */
  assertInPlace?(): void
  /**
   * Only of synchronous drivers: transactions of the host's own around statements that wait together. While one is open `inTransaction` is
   * true, and the schema does not change.
   */
  readonly groups?: GroupTransactions
  /** Loads the interrupt extension; the token names this connection to whoever interrupts it. */
  interruptToken?(extension: string): MaybePromise<number>
  /**
   * Server drivers: asks the server to stop the statement that is running, which then fails with a cancellation. Resolves when no such
   * request can hit a statement that is sent later; never rejects.
   */
  cancel?(): Promise<void>
  /** Server drivers: undoes whatever a borrower may have left on the connection, without opening it anew. No statement is prepared after it. */
  reset?(readonly: boolean): Promise<void>
  /** Server drivers: rejects when the server no longer answers on this connection. */
  ping?(): Promise<void>
  /** Server drivers: `listener` is called once when the connection ends without having been closed. */
  onLost?(listener: (error: unknown) => void): void
  /** Server drivers: what the server says unasked. */
  onEvent?(listener: (event: ServerEvent) => void): void
  /** Server drivers: an idle connection keeps no program alive. */
  unref?(): void
  /** Server drivers: ends the connection without a word to the server. */
  destroy?(): void
  /** Copies the database into `file` a few pages at a time, with the event loop turning between the steps. */
  backup?(file: string, onProgress: (progress: BackupProgress) => boolean): Promise<void>
  close(): MaybePromise<void>
  toWireError(error: unknown): WireError
}

/** Transactions that the host opens around statements of several callers. */
export interface GroupTransactions {
  /** Takes the write lock at once if anything `writes`. */
  begin(writes: boolean): void
  /**
   * False where something that a statement breaks is looked at when its transaction commits, and one behind it may have mended it by then.
   * Asked inside a transaction that is to write, before anything runs. Default: true.
   */
  readonly sharesCommits?: boolean
  commit(): void
  rollback(): void
}

/** How far a backup has come. */
export interface BackupProgress {
  readonly totalPages: number
  readonly remainingPages: number
}

/** One prepared statement. */
export interface DriverStatement {
  /** True when the statement yields rows, even if there are none this time. */
  readonly returnsRows: boolean
  /** The database's own word that running the statement cannot change it. Of queries only: a pragma, BEGIN or COMMIT never is. */
  readonly readonly: boolean
  /** True when a run of the statement as an INSERT sets the last inserted row id. */
  readonly setsLastRowid: boolean
  /** True while an iterator over it is open: it cannot be run again until then. */
  readonly busy: boolean
  /**
   * Result columns as of the last step: a statement is compiled anew when it first steps after a change of the schema, so they are to be
   * asked for between the iterator's first `next` and its last, which costs SQLite 0.4 µs; after the last it costs 2.5. The same array as
   * long as they are the same.
   */
  columns(): readonly WireColumn[]
  /** Runs a statement that yields no rows. `params` are in the order of the placeholders, or of `names` when prepared with names. */
  run(params: readonly WireValue[]): MaybePromise<RunResult>
  /**
   * Runs a statement that yields no rows for each of many rows of values, inside a transaction, and gives how many
   * rows have been changed by all of them. `check` is called every now and then, and may throw. Server drivers: in as few messages as they can.
   */
  runEach?(rows: RowsOfValues, check: () => void): MaybePromise<number>
  /**
   * Rows as arrays in column order; INTEGER as bigint, REAL as number, TEXT as string, BLOB as Uint8Array, NULL as null. With `serverTexts`
   * a server's driver leaves the values as texts that `ExecuteOptions.serverTexts` names. Integers inside of arrays are numbers, with
   * `bigintArrays` bigints.
   */
  iterate(params: readonly WireValue[], serverTexts?: boolean, bigintArrays?: boolean): RowIterator
  /**
   * Synchronous drivers only: gives the rows that `iterate` would give to a function, one after another, and ends behind the last one, or with
   * what that throws; cheaper than an iterator. For a `readonly` statement, while no iterator of the connection is open.
   *
   * @param begin is told the columns before the first row, and gives the function
   * @returns false where it cannot be done now: nothing has run
   */
  push?(params: readonly WireValue[], begin: (columns: readonly WireColumn[]) => (row: DriverRow) => void): boolean
  /**
   * Synchronous drivers only: the rows of a `readonly` statement, or the first `most` of them; cheaper than an iterator. Only inside a
   * transaction, while no iterator of the connection is open.
   *
   * @returns null where it cannot be done now: nothing has run
   */
  few?(params: readonly WireValue[], most: number): readonly DriverRow[] | null
  /** Synchronous drivers only: the first row, the rest left where it is; cheaper than an iterator. Only inside a group. */
  first?(params: readonly WireValue[]): DriverRow | undefined
  /** Frees the statement; it is not used again. */
  finalize(): void
}

/** The values of `rowCount` rows, one after another, `width` of them each. */
export interface RowsOfValues {
  readonly values: readonly WireValue[]
  readonly width: number
  readonly rowCount: number
}

/** What a statement without rows has done. */
export interface RunResult {
  /** Rows inserted, or matched by UPDATE or DELETE. */
  readonly changes: number
  /** Of the connection, whatever statement set it. */
  readonly lastRowid: bigint | number
  /** Server drivers: of the rows matched by UPDATE, those that have other values than before, where the server tells. */
  readonly changedRows?: number | undefined
}

/** One value of a row. JSON and arrays of server databases are plain objects and arrays: whatever structured cloning takes. */
export type DriverValue = null | number | bigint | string | boolean | Uint8Array | object
/** One row, in the order of its columns. */
export type DriverRow = readonly DriverValue[]

/** The rows of a running statement. */
export interface RowIterator {
  next(): MaybePromise<{ readonly done?: boolean | undefined; readonly value: DriverRow | undefined }>
  /** Ends the iteration early and resets the statement; may be called twice. */
  return(): MaybePromise<unknown>
}

/** What a synchronous driver returns as it is, and an asynchronous one as a promise. */
export type MaybePromise<T> = T | Promise<T>
