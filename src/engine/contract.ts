import type { Dialect } from '../sql/dialect.ts'
import type { BeginOptions, Executor, TransactionOptions } from '../sql/executor.ts'
import type { EngineURL } from '../sql/url.ts'

/** How `engine.connect()` gets its connection. */
export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds to wait for a connection. Default: `pool.acquireTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** SQLite: opened read-only; writes are refused by the database. Default: false. */
  readonly readonly?: boolean | undefined
}

/** How `engine.close()` ends. */
export interface CloseOptions {
  /** Does not wait for connections that are checked out: what they have open is rolled back. Default: false. */
  readonly force?: boolean | undefined
  /** With `force`, the most milliseconds that closing takes; a native call that still runs keeps its thread until it returns. Default: 5,000. */
  readonly timeoutMs?: number | undefined
}

/** How far a backup has come. */
export interface BackupProgress {
  readonly totalPages: number
  readonly remainingPages: number
}

/** How `backup()` tells of itself, and is given up. */
export interface BackupOptions {
  /** Told after each step; what it throws ends the backup. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined
  /** Aborted half-way, a backup leaves no file behind, and an older copy as it was. */
  readonly signal?: AbortSignal | undefined
}

/** The engine at this moment. */
export interface EngineStatus {
  /** Open connections: checked out, idle, and those that serve the engine's own statements. */
  readonly size: number
  /** Connections that are checked out and alive. */
  readonly inUse: number
  /** Connections of the pool that wait for a borrower. */
  readonly idle: number
  /** Callers that wait for a connection. */
  readonly waiting: number
  /** Connections whose thread is inside a call that nobody waits for any more. */
  readonly quarantined: number
  /** Each connection's thread, and how many of its statements wait or run. */
  readonly workers: readonly { readonly threadId: number; readonly pending: number }[]
}

/** A member of the driver's handle from afar: a method is called, any other member is awaited. */
export interface RemoteMember extends PromiseLike<unknown> {
  (...args: unknown[]): Promise<unknown>
}

/**
 * The driver's own handle from afar: `await conn.driver.pragma('user_version')`, `await conn.driver.inTransaction`. Arguments and values
 * are cloned; what cannot leave the worker (a prepared statement) is refused: `call()` works with it inside.
 */
export interface DriverRemote {
  readonly pragma: RemoteMember
  readonly exec: RemoteMember
  readonly loadExtension: RemoteMember
  readonly serialize: RemoteMember
  readonly [member: string]: RemoteMember
}

/** A database behind a URL: hands out connections, and runs statements by itself on some of its own. */
export interface AsyncEngine extends Executor, AsyncDisposable {
  readonly url: EngineURL
  readonly dialect: Dialect
  readonly driver: string
  readonly closed: boolean
  /**
   * A connection with a thread of its own until it is closed.
   *
   * @throws {PoolTimeoutError} no connection became free in time
   * @throws {PoolQueueFullError} too many callers wait already
   * @throws {OperationalError} the database could not be opened
   */
  connect(options?: ConnectOptions): Promise<AsyncConnection>
  /** Begins a transaction on a connection of its own, which goes back to the pool at the end. */
  begin(options?: BeginOptions): Promise<AsyncTransaction>
  /** Runs `fn` inside a transaction on a connection of its own: commits when it returns, rolls back when it throws. */
  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /**
   * Runs a function of a module inside the worker, on the connection: `fn(handle, ...args)`. Arguments and result are cloned.
   *
   * @throws {ArgumentError} there is no such module or function
   * @throws {DOMException} `DataCloneError`: an argument cannot be cloned; nothing has run
   * @throws {InvalidRequestError} the result cannot be cloned; the function has run
   */
  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T>
  hasTable(name: string, schema?: string): Promise<boolean>
  tableNames(schema?: string): Promise<string[]>
  /** Copies the database into a file while it is used. */
  backup(file: string | URL, options?: BackupOptions): Promise<void>
  status(): EngineStatus
  /** Lets accepted work finish, then ends every thread. Idempotent; every later call rejects with ResourceClosedError. */
  close(options?: CloseOptions): Promise<void>
}

/** What NOTIFY has sent. */
export interface Notification {
  readonly channel: string
  readonly payload: string
  /** Of the server's process that has sent it. */
  readonly processId: number
}

/** The notifications of one channel as they come, until it is left or closed. */
export interface NotificationStream extends AsyncIterableIterator<Notification, undefined>, AsyncDisposable {
  readonly channel: string
  close(): Promise<void>
}

/** One database connection on one thread; its statements run in the order of their calls. */
export interface AsyncConnection extends Executor, AsyncDisposable {
  readonly closed: boolean
  readonly id: number
  /** The worker thread's id, as `worker_threads.threadId`. */
  readonly threadId: number
  readonly driver: DriverRemote
  /** Begins a transaction. Inside one it is emulated: commit does nothing, rollback dooms the whole. */
  begin(options?: BeginOptions): Promise<AsyncTransaction>
  /** Sets a savepoint; without an open transaction it begins one. */
  beginNested(): Promise<AsyncTransaction>
  /** As the engine's; inside its own callback a savepoint, while another task waits for its turn. */
  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  inTransaction(): boolean
  /** A second handle on the same thread and connection; closing it leaves this one open. */
  connect(): Promise<AsyncConnection>
  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T>
  backup(file: string | URL, options?: BackupOptions): Promise<void>
  /**
   * PostgreSQL: listens to a channel. What is sent after this has resolved comes out of the stream, in its order.
   *
   * @throws {NotSupportedError} the database has no notifications
   */
  listen(channel: string): Promise<NotificationStream>
  /** This connection is not to be used by anybody after its borrower. */
  invalidate(reason?: string): void
  /** Rolls back what is open and gives the connection back. Idempotent. */
  close(): Promise<void>
}

/** A transaction; disposing of it rolls back what has not been committed. */
export interface AsyncTransaction extends Executor, AsyncDisposable {
  readonly connection: AsyncConnection
  readonly isActive: boolean
  /** It was begun inside another one. */
  readonly isNested: boolean
  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T>
  begin(options?: BeginOptions): Promise<AsyncTransaction>
  beginNested(): Promise<AsyncTransaction>
  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /**
   * @throws {InvalidRequestError} it has ended, or something in it was rolled back, or a statement failed that nobody has looked at
   * @throws {TransactionAbortedError} the database has ended it by itself
   * @throws {CommitOutcomeUnknownError} the reply was lost: the database knows, this thread does not
   */
  commit(): Promise<void>
  /** Silent when it has ended already. */
  rollback(): Promise<void>
  /** A root or a savepoint is rolled back, an emulated inner transaction only ends. */
  close(): Promise<void>
}
