import type { Dialect } from './dialect.ts'
import type { Executable, Parameters, TypedStatement } from './statement.ts'

/** Rows of parameters, all there or as they come. */
export type ManyRows = Iterable<Parameters> | AsyncIterable<Parameters>

/** One value of a row, as the database gave it: INTEGER, REAL, TEXT, BLOB or NULL. */
export type RowValue = null | number | bigint | string | Buffer

/** A row when nothing is said about its type: an object by column name. */
export type Row = Record<string, unknown>

/** What a statement can be told. */
export interface ExecuteOptions {
  /** Gives the statement up: the call rejects with `AbortError`, the signal's reason as its cause. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds, waiting in the queue included; then the call rejects with `StatementTimeoutError`. A result that is read row by row has them for its
   * first rows, a stream for all of them. Default: `statementTimeoutMs`, which a stream has for its first rows.
   */
  readonly timeoutMs?: number | undefined
  /** Rows as objects, or as arrays in column order that keep columns of the same name. Default: 'object'. */
  readonly rowMode?: 'object' | 'array' | undefined
  /** INTEGER columns as numbers, with a `DataError` beyond 2^53, or all of them as bigints. Default: the engine's `integers`. */
  readonly integers?: 'number' | 'bigint' | undefined
  /**
   * PostgreSQL: `int8`, `timestamp` and `timestamptz`, and arrays of them, as the server writes them, in the session's time zone; other values
   * are the same. For layers that read such texts themselves. Default: false.
   */
  readonly serverTexts?: boolean | undefined
  /** How many rows cross the thread border at a time. */
  readonly batchRows?: number | undefined
}

/** How a transaction begins. */
export interface BeginOptions {
  /** SQLite. Default: 'immediate', and 'deferred' with `readonly`. */
  readonly mode?: 'deferred' | 'immediate' | 'exclusive' | undefined
  readonly readonly?: boolean | undefined
  /** Server databases. */
  readonly isolationLevel?: 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable' | undefined
  readonly signal?: AbortSignal | undefined
  /** Milliseconds to wait for a connection and for the transaction to begin. */
  readonly timeoutMs?: number | undefined
}

/** How `transaction(fn)` runs its function. */
export interface TransactionOptions extends BeginOptions {
  /** How often the function runs again after an error with `retryable`. Default: 0. */
  readonly retries?: number | undefined
}

/** What a result column is called, and where it comes from when the database says so. */
export interface ResultColumn {
  readonly name: string
  readonly table?: string | undefined
  /** The declared type of the column, as the schema spells it. */
  readonly type?: string | undefined
}

/** Every way to take rows out of a result; a pending result has them too, so that one `await` does for both. */
export interface ResultReader<R> extends AsyncIterable<R> {
  /** The next row, or null when there is none left. */
  fetchone(): Promise<R | null>
  /** Up to `size` rows, 1 by default; an empty list when there is none left. */
  fetchmany(size?: number): Promise<R[]>
  /** All rows that are left. */
  fetchall(): Promise<R[]>
  /** The first row or null; closes the result. */
  first(): Promise<R | null>
  /**
   * The only row; closes the result.
   *
   * @throws {NoResultFound} there is none
   * @throws {MultipleResultsFound} there are more
   */
  one(): Promise<R>
  /**
   * The only row, or null; closes the result.
   *
   * @throws {MultipleResultsFound} there are more
   */
  oneOrNone(): Promise<R | null>
  /** The first column of the first row, or null; closes the result. */
  scalar<T = RowValue>(): Promise<T | null>
  /** The first column of all rows. */
  scalars<T = RowValue>(): Promise<T[]>
  /** The names of the columns. */
  keys(): Promise<string[]>
}

/** The result of one statement. Forgotten results free themselves at the end of their rows, or when they are closed. */
export interface AsyncResult<R> extends ResultReader<R>, AsyncDisposable {
  readonly columns: readonly ResultColumn[]
  readonly returnsRows: boolean
  /** -1 for a SELECT; rows matched for UPDATE and DELETE, rows inserted for INSERT, else 0. */
  readonly rowcount: number
  /**
   * The id of the last inserted row, or null where that means nothing. That an INSERT has updated instead (ON CONFLICT DO UPDATE) SQLite does
   * not say: then it is an earlier one.
   */
  readonly lastrowid: number | bigint | null
  /** MySQL: how many of the rows that an UPDATE has matched it has given other values; null where the server says nothing of it. */
  readonly changedRows: number | null
  /**
   * The key of the row that `Table.insert()` made.
   *
   * @throws {InvalidRequestError} the statement was not such an insert
   */
  readonly insertedPrimaryKey: readonly unknown[]
  /** Frees the cursor. Idempotent. */
  close(): Promise<void>
}

/** A promise of a result that can be read already: `await engine.execute(q).fetchall()` crosses the border once. */
export interface PendingResult<R> extends Promise<AsyncResult<R>>, ResultReader<R> {}

/** Rows as they come, with bounded memory; leaving the loop early frees the cursor. */
export interface RowStream<R> extends AsyncIterable<R>, AsyncDisposable {}

/** What `executeMany` can be told. */
export interface ManyOptions {
  /** Gives it up, between two batches of rows too: the call rejects with `AbortError`, the signal's reason as its cause, and nothing stays. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds for all of it, waiting for a connection and for the rows included; then it rejects with `StatementTimeoutError`. */
  readonly timeoutMs?: number | undefined
}

/** What `executeMany` gives. */
export interface ManyResult {
  /** Rows changed by all runs together. */
  readonly rowcount: number
}

/** What engine, connection and transaction have in common, and all that the layers above them may use. */
export interface Executor {
  readonly dialect: Dialect
  /** Runs one statement. */
  execute<R>(statement: TypedStatement<R>, params?: readonly [], options?: ExecuteOptions): PendingResult<R>
  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R>
  /**
   * Runs one statement for each row of parameters: one transaction, one prepared statement.
   *
   * On PostgreSQL `copy t (a, b) from stdin` takes them as well, lists of one value for each column. They are sent by one COPY for each batch
   * of some thousand values, so that what is checked or triggered once a statement, such as a foreign key, is so once a batch.
   */
  executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult>
  /** Runs one statement and gives the first column of its first row. */
  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null>
  /** Runs one statement and gives its rows as they are asked for. */
  stream<R>(statement: TypedStatement<R>, params?: readonly [], options?: ExecuteOptions): RowStream<R>
  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R>
  /** Runs several statements, without parameters and results. */
  script(text: string): Promise<void>
  /** Commits what `fn` did when it returns, and rolls it back when it throws; inside a transaction it is a savepoint. */
  transaction<T>(fn: (tx: Executor) => Promise<T>, options?: TransactionOptions): Promise<T>
}
