import { type InspectOptions, inspect } from 'node:util'
import { InvalidRequestError, ResourceClosedError } from '../errors.ts'
import { readonlyStatement } from '../sql/begin.ts'
import { type Dialect, dialectFor } from '../sql/dialect.ts'
import { holdEarlyFailure } from '../sql/early-failure.ts'
import type {
  BeginOptions,
  ExecuteOptions,
  ManyOptions,
  ManyResult,
  ManyRows,
  PendingResult,
  Row,
  RowStream,
  RowValue,
  TransactionOptions,
} from '../sql/executor.ts'
import { type Executable, type Parameters, StatementCompiler } from '../sql/statement.ts'
import { hasTableQuery, tableNamesQuery } from '../sql/table-queries.ts'
import { checkUrlOptions, EngineURL } from '../sql/url.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { CallLine } from './call-line.ts'
import {
  checkBackupOptions,
  checkBeginOptions,
  checkCloseOptions,
  checkConnectOptions,
  checkExecuteOptions,
  checkManyOptions,
} from './call-options.ts'
import { callTarget } from './call-target.ts'
import { Connection, filePath } from './connection.ts'
import { ConnectionPool } from './connection-pool.ts'
import type {
  AsyncConnection,
  AsyncEngine,
  AsyncTransaction,
  BackupOptions,
  CloseOptions,
  ConnectOptions,
  EngineStatus,
} from './contract.ts'
import type { Database } from './database.ts'
import { fromNow, inTime, type WaitOptions, withOneSignal } from './deadline.ts'
import { Execution } from './execution.ts'
import { FileDatabase } from './file-database.ts'
import { ImplicitConnections, type ImplicitStatements } from './implicit-connections.ts'
import { inspection } from './inspection.ts'
import { type Lifeline, unwatchLifeline, watchLifeline } from './lifeline.ts'
import { type EngineOptions, resolveEngineOptions } from './options.ts'
import { PendingStatement } from './pending-result.ts'
import { PooledStatements } from './pooled-statements.ts'
import { type ChunkSource, RowIterator } from './row-iterator.ts'
import { ServerDatabase } from './server-database.ts'
import { assertQueueHasRoom, compileFor, type EngineServices } from './services.ts'
import { Session } from './session.ts'
import { controlsTransaction } from './statement-kinds.ts'
import { superviseStatement } from './supervise.ts'
import { announceQuery, guarded, stderrLogger } from './tracing.ts'
import { TransactionHandle } from './transaction-handle.ts'
import { assertNotInsideTransaction, assertNotInsideUnit } from './transaction-scope.ts'
import { raiseUnseen } from './unseen-failures.ts'

/**
 * Makes an engine for the database behind a URL. Nothing is opened yet: the first use does that.
 *
 * @throws {ArgumentError} the URL or an option is unknown, of the wrong type or out of range
 */
export function createEngine(url: string | EngineURL, options: EngineOptions = {}): AsyncEngine {
  return new Engine(EngineURL.from(url), options)
}

class Engine implements AsyncEngine {
  readonly url: EngineURL
  readonly dialect: Dialect
  readonly driver: string
  readonly #services: EngineServices
  readonly #database: Database
  readonly #pool: ConnectionPool
  readonly #implicit: ImplicitStatements
  /** Sessions that users hold. */
  readonly #held = new Set<Session>()
  readonly #writers = new CallLine()
  /** Work accepted by the engine itself that is still on its way. */
  readonly #accepted = new Set<Promise<unknown>>()
  #sweeper: NodeJS.Timeout | undefined
  #closing: Promise<void> | null = null

  constructor(url: EngineURL, options: EngineOptions) {
    checkUrlOptions(url)
    const resolved = resolveEngineOptions(url, options)
    this.url = url
    this.dialect = dialectFor(url.dialect)
    this.driver = resolved.driver ?? url.driver
    const logger = resolved.logger === undefined ? stderrLogger : guarded(resolved.logger)
    this.#database = this.dialect.embedded ? new FileDatabase(url, resolved, logger) : new ServerDatabase(url, resolved, logger)
    this.#services = {
      dialect: this.dialect,
      options: resolved,
      compiler: new StatementCompiler(this.dialect, resolved.statementCacheSize),
      logger,
      database: url.toString(),
      memory: this.#database.memory,
    }
    this.#pool = new ConnectionPool(this.#database, resolved, logger)
    this.#implicit = this.dialect.embedded
      ? new ImplicitConnections(this.#database, resolved.readers, logger, (execution) => this.#runAlone(execution))
      : new PooledStatements(this.#pool, resolved.pool.max)
  }

  get closed(): boolean {
    return this.#closing !== null
  }

  async connect(options: ConnectOptions = {}): Promise<AsyncConnection> {
    checkConnectOptions(options)
    const session = await this.#checkOutForUser(options)
    return new Connection(session, this.#watch(session))
  }

  async begin(options: BeginOptions = {}): Promise<AsyncTransaction> {
    checkBeginOptions(options)
    const { session, working } = await this.#startInOrder(fromNow(options), (started, wait) => started.begin(wait))
    try {
      const transaction = await working
      session.onRootEnded = () => void session.close()
      return new TransactionHandle(transaction, new Connection(session, this.#watch(session)), session)
    } catch (error) {
      await session.close()
      throw error
    }
  }

  async transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    checkBeginOptions(options)
    const { session, working } = await this.#startInOrder(fromNow(options), (started, wait) =>
      new Connection(started).runTransaction(fn, wait),
    )
    try {
      return await working
    } finally {
      await session.close()
    }
  }

  /** Starts on a connection of its own. Writers queue up for the database in the order of their calls, however long each takes to open. */
  async #startInOrder<T, O extends BeginOptions & WaitOptions>(
    options: O,
    start: (session: Session, options: O) => Promise<T>,
  ): Promise<{ readonly session: Session; readonly working: Promise<T> }> {
    // Writers of a server need no queue of ours.
    const reads = options.readonly === true || !this.dialect.embedded
    if (!reads) assertNotInsideTransaction(this.#database.gate)
    const place = reads ? null : this.#writers.enter()
    try {
      // Where the transaction alone says that it only reads, any connection will do.
      const readonly = readonlyStatement(this.dialect, true) === null ? undefined : options.readonly
      const session = await this.#checkOutForUser({ ...options, readonly })
      // Those before have a connection, or are getting one: the pool serves in the same order.
      if (place !== null && place.before !== null) await this.#waitWith(session, inTime(options, place.before))
      return { session, working: start(session, options) }
    } finally {
      place?.leave()
    }
  }

  /** Gives the session back when the wait is given up. */
  async #waitWith(session: Session, turn: Promise<void>): Promise<void> {
    try {
      await turn
    } catch (error) {
      await session.close()
      throw withCallersStack(error)
    }
  }

  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    let execution: Execution
    try {
      this.#assertOpen()
      checkExecuteOptions(options)
      assertQueueHasRoom(this.#implicit.pending)
      execution = this.#compile(statement, params, options)
    } catch (error) {
      return PendingStatement.refused<R>(withCallersStack(error) as Error)
    }
    const pending = new PendingStatement<R>(execution)
    superviseStatement(execution, { options }, this.#services)
    execution.whenArrived(raiseUnseen)
    this.#startSweeper()
    this.#implicit.submit(execution)
    return pending
  }

  #compile(statement: Executable, params: Parameters | undefined, options: ExecuteOptions | undefined): Execution {
    const compiled = compileFor(this.#services, statement, params)
    if (controlsTransaction(compiled.scanned)) {
      const { verb } = compiled.scanned
      throw new InvalidRequestError(
        `"${verb}" has no meaning without a connection: use engine.begin(), engine.transaction() or engine.connect().`,
      )
    }
    const execution = new Execution(compiled, options, this.#services.options.integers)
    announceQuery(this.#services, compiled, 0, execution)
    return execution
  }

  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null> {
    return this.execute(statement, params, options).scalar<T>()
  }

  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return new RowIterator<R>(() => this.#openStream<R>(statement, params, options))
  }

  /** A stream has a connection to itself: a cursor would keep the next reader of a shared one in the past. */
  async #openStream<R>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<ChunkSource<R>> {
    checkExecuteOptions(options)
    const session = await this.#checkOutForUser({ signal: options?.signal })
    try {
      const source = await session.execute<R>(statement, { params, options, via: null, lifeline: undefined, streams: true }).source()
      return {
        signal: options?.signal,
        nextChunk: () => source.nextChunk(),
        release: async (exhausted) => {
          await source.release(exhausted)
          await session.close()
        },
      }
    } catch (error) {
      await session.close()
      throw error
    }
  }

  async executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult> {
    holdEarlyFailure(rows)
    assertNotInsideTransaction(this.#database.gate)
    checkManyOptions(options)
    return await withOneSignal(options, (wait) =>
      this.#accept(this.#withConnection(wait, (session) => session.executeMany({ statement, rows, options: wait }, null))),
    )
  }

  async script(text: string): Promise<void> {
    assertNotInsideTransaction(this.#database.gate)
    await this.#accept(this.#withConnection({}, (session) => session.script(text, null)))
  }

  async call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T> {
    const target = callTarget(this.#services.options.isolation, module, name, args)
    return this.#accept(this.#withConnection({}, (session) => session.call<T>(target, null)))
  }

  async backup(file: string | URL, options: BackupOptions = {}): Promise<void> {
    checkBackupOptions(options)
    const path = filePath(file)
    const { signal } = options
    const readonly = !this.#database.memory
    await this.#accept(this.#withConnection({ readonly, signal }, (session) => session.backup(path, options)))
  }

  async hasTable(name: string, schema?: string): Promise<boolean> {
    const { sql, values } = hasTableQuery(this.dialect, name, schema)
    return (await this.execute(sql, values).first()) !== null
  }

  async tableNames(schema?: string): Promise<string[]> {
    const { sql, values } = tableNamesQuery(this.dialect, schema)
    return this.execute(sql, values).scalars<string>()
  }

  status(): EngineStatus {
    const connections = [...this.#pool.connections, ...this.#implicit.connections]
    return {
      size: connections.length,
      inUse: this.#pool.inUse - this.#implicit.resting,
      idle: this.#pool.idle + this.#implicit.resting,
      waiting: this.#pool.waiting,
      quarantined: connections.filter(({ quarantined }) => quarantined).length,
      workers: connections.map(({ threadId, pending }) => ({ threadId, pending })),
    }
  }

  async close(options: CloseOptions = {}): Promise<void> {
    checkCloseOptions(options)
    const { force = false, timeoutMs = 5_000 } = options
    if (!force) assertNotInsideUnit('gate', this.#database.gate)
    // Force also hurries a close() that waits.
    const closing = force ? this.#closeByForce(timeoutMs) : (this.#closing ?? this.#close())
    this.#closing ??= closing
    clearInterval(this.#sweeper)
    await closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { size, inUse, waiting } = this.status()
    const facts = { url: this.url.toString(), driver: this.driver, closed: this.closed, size, inUse, waiting }
    return inspection('Engine', facts, options)
  }

  /** Lets `fn` use a connection of the pool, which goes back when it is done. */
  async #withConnection<T>(options: ConnectOptions, fn: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#checkOut(options)
    try {
      const value = await fn(session)
      if (session.physical.inTransaction) {
        throw new InvalidRequestError(
          'What ran has left its transaction open: it was rolled back. End it with COMMIT, or use engine.connect().',
        )
      }
      return value
    } finally {
      await session.close()
    }
  }

  async #checkOut({ readonly, signal, timeoutMs }: ConnectOptions): Promise<Session> {
    this.#assertOpen()
    this.#startSweeper()
    const physical = await this.#pool.acquire({ readonly, signal, timeoutMs })
    return new Session(physical, this.#services, (ended, discard) => {
      this.#held.delete(ended)
      unwatchLifeline(ended)
      return this.#pool.release(physical, discard)
    })
  }

  /** As `#checkOut`, for a user: his session ends with the engine. */
  async #checkOutForUser(options: ConnectOptions): Promise<Session> {
    const session = await this.#checkOut(options)
    this.#held.add(session)
    if (this.closed) await session.close()
    this.#assertOpen()
    return session
  }

  /** Gives a session back when its user has forgotten it. */
  #watch(session: Session): Lifeline {
    const { logger } = this.#services
    const where = this.#pool.checkoutStack(session.physical)
    return watchLifeline(session, () => {
      logger.warn(
        `offloop: connection ${session.connectionId} was forgotten without close(): it is rolled back and given back now. ` +
          `Leave it to \`await using\`, or call close().${where}`,
      )
      void session.close()
    })
  }

  /** Runs a statement whose rows are more than a worker may keep for others: on a connection of its own until they have been read. */
  #runAlone(execution: Execution): void {
    // What is left to a reader at leisure is not waited for.
    void this.#accept(
      new Promise<void>((resolve) =>
        execution.readAtLeisure ? execution.whenArrived({ arrived: () => resolve() }) : execution.onSettled(() => resolve()),
      ),
    )
    this.#pool.acquire({}).then(
      (physical) => {
        execution.onSettled(() => void this.#pool.release(physical, false))
        physical.submit(execution.route(0, this.#database.memory ? 'shared' : 'none'))
      },
      (error: Error) => execution.fail(error),
    )
  }

  /** Work of the engine's own that `close()` lets finish. */
  async #accept<T>(work: Promise<T>): Promise<T> {
    this.#accepted.add(work)
    try {
      return await work
    } finally {
      this.#accepted.delete(work)
    }
  }

  /** Closes what has been idle for too long; it keeps no program alive. */
  #startSweeper(): void {
    if (this.#sweeper !== undefined) return
    const { idleTimeoutMs } = this.#services.options.pool
    if (!Number.isFinite(idleTimeoutMs)) return
    const everyMs = Math.min(Math.max(idleTimeoutMs / 2, 10), 60_000)
    this.#sweeper = setInterval(() => {
      const now = performance.now()
      this.#pool.sweep(now)
      this.#implicit.sweep(now - idleTimeoutMs)
    }, everyMs).unref()
  }

  #assertOpen(): void {
    if (this.closed) throw new ResourceClosedError('This Engine is closed.')
  }

  async #close(): Promise<void> {
    const ended = [...this.#held].map((session) => session.close())
    await this.#finishAccepted()
    await Promise.all(ended)
    this.#pool.close()
    await this.#database.close()
    await this.#database.destroy()
  }

  async #finishAccepted(): Promise<void> {
    do {
      await Promise.allSettled(this.#accepted)
      await this.#implicit.drain()
      // A result that its connection would not keep is work of the engine's now.
    } while (this.#accepted.size > 0)
  }

  async #closeByForce(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    // Nobody has to give back what ends here.
    for (const session of this.#held) unwatchLifeline(session)
    this.#database.terminate()
    this.#pool.close()
    await this.#database.destroy(deadline)
  }
}
