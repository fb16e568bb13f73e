import { setTimeout as pause } from 'node:timers/promises'
import type { AbortableOperationOptions, CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { AsyncConnection, AsyncEngine, AsyncTransaction } from '../../engine/contract.ts'
import { InvalidRequestError, OperationalError, ProgrammingError, TransactionAbortedError } from '../../errors.ts'
import type { BeginOptions, Executor } from '../../sql/executor.ts'
import { toDriverError } from '../driver-error.ts'
import type { QueryRunner } from './query-runner.ts'

/** What the connections of one Kysely share. */
export interface ConnectionContext {
  readonly engine: AsyncEngine
  readonly runner: QueryRunner
  /** What a database refuses rejects with its own driver's error. */
  readonly driverErrors: boolean
}

interface Savepoint {
  readonly name: string
  readonly transaction: AsyncTransaction
}

/** As long as Kysely's own locks of migrations wait. */
const lockTimeoutMs = 60 * 60 * 1_000
/** SQLite itself has waited for `busyTimeoutMs` by then. */
const lockRetryMs = 50

/** SQLite ignores it inside a transaction, and dropping a table to make it anew then deletes what refers to it. */
const setsForeignKeys = /^\s*pragma\s+(?:\w+\.)?foreign_keys\s*[=(]/i

/** By this Kysely knows that the database has undone a transaction, and that nothing is left to roll back. */
const abortedByDatabase = Symbol.for('kysely.AbortedTransactionError')

/** What the engine does in place of sending a statement that Kysely has been told of. */
const works = new WeakMap<CompiledQuery, () => Promise<void>>()

/**
 * What Kysely holds for a connection. Most often there is none behind it: a single statement goes to the engine's own connections, where reads
 * share a message and writes a commit, and a transaction brings its own. Whatever else is asked for has a connection to itself.
 */
export class OffloopConnection implements DatabaseConnection {
  /** What begins next waits for transactions of others as long as they take. */
  waitsForLock = false
  readonly #context: ConnectionContext
  readonly #engine: AsyncEngine
  readonly #runner: QueryRunner
  #session: AsyncConnection | null
  #transaction: AsyncTransaction | null = null
  #savepoints: Savepoint[] = []
  /** Its only statement, or its transaction, has come. */
  #used = false
  /** Ends the statement that is under way, where somebody may want that. */
  #inFlight: AbortController | null = null

  /** @param session the connection that it has to itself, or null for one statement or one transaction */
  constructor(context: ConnectionContext, session: AsyncConnection | null) {
    this.#context = context
    this.#engine = context.engine
    this.#runner = context.runner
    this.#session = session
  }

  async executeQuery<R>(query: CompiledQuery, options?: AbortableOperationOptions): Promise<QueryResult<R>> {
    try {
      const work = works.get(query)
      if (work !== undefined) {
        await work()
        return { rows: [] }
      }
      this.#checkPragma(query)
      const executor = this.#own ?? this.#useOnce()
      return await (options?.signal === undefined ? this.#runner.run<R>(executor, query) : this.#runAbortable<R>(executor, query))
    } catch (cause) {
      const error = await refusalOf(this.#context, cause)
      // V8 keeps ten frames, and behind ours there are Kysely's: from here on they lead to its caller.
      if (error instanceof Error) Error.captureStackTrace(error, OffloopConnection.prototype.executeQuery)
      throw error
    }
  }

  /** @throws {InvalidRequestError} the statement would do nothing where its author counts on it: Kysely's own dialect has no transaction here */
  #checkPragma({ query, sql }: CompiledQuery): void {
    const isSqlite = this.#engine.dialect.name === 'sqlite'
    if (query.kind !== 'RawNode' || this.#transaction === null || !isSqlite || !setsForeignKeys.test(sql)) return
    throw new InvalidRequestError(
      'SQLite ignores PRAGMA foreign_keys inside a transaction: run such a migration with disableTransactions: true, ' +
        'or all of them with transactionalDdl: false of OffloopDialect.',
    )
  }

  /** Aborted, the statement runs on unless Kysely says more: see `cancelQuery` and `killSession`. */
  async #runAbortable<R>(executor: Executor, query: CompiledQuery): Promise<QueryResult<R>> {
    const inFlight = new AbortController()
    this.#inFlight = inFlight
    try {
      return await this.#runner.run<R>(executor, query, { signal: inFlight.signal })
    } finally {
      if (this.#inFlight === inFlight) this.#inFlight = null
    }
  }

  async *streamQuery<R>(
    query: CompiledQuery,
    chunkSize: number,
    { signal }: AbortableOperationOptions = {},
  ): AsyncIterableIterator<QueryResult<R>> {
    // A cursor has a connection to itself: for others its rows would have to be kept in memory.
    const executor = this.#own ?? (await this.#pin(signal))
    try {
      yield* this.#runner.stream<R>(executor, query, chunkSize, signal)
    } catch (error) {
      throw await refusalOf(this.#context, error)
    }
  }

  /** `inflightQueryAbortStrategy: 'cancel query'`: the statement is ended in the database, as by a `signal` of the engine's own. */
  async cancelQuery(): Promise<void> {
    this.#inFlight?.abort()
  }

  /** `inflightQueryAbortStrategy: 'kill session'`: the connection is given up with all that is open on it. */
  async killSession(): Promise<void> {
    this.#inFlight?.abort()
    const session = this.#transaction?.connection ?? this.#session
    session?.invalidate()
    await session?.close()
  }

  /** Runs a statement for Kysely's log alone, and does `work` in its place. */
  async perform(query: CompiledQuery, work: () => Promise<void>): Promise<void> {
    works.set(query, work)
    // Kysely has put its log around this method of this object.
    await this.executeQuery(query)
  }

  async begin(options: BeginOptions): Promise<void> {
    const place = this.#session ?? this.#useOnce()
    this.#transaction = await (this.waitsForLock ? beginAfterOthers(place, options) : place.begin(options))
  }

  async commit(): Promise<void> {
    try {
      await this.#transaction?.commit()
    } catch (error) {
      if (error instanceof TransactionAbortedError) {
        await this.rollback()
        Object.defineProperty(error, abortedByDatabase, { value: true })
      }
      throw error
    }
    this.#leaveTransaction()
  }

  async rollback(): Promise<void> {
    const transaction = this.#transaction
    this.#leaveTransaction()
    await transaction?.rollback()
  }

  /** What comes behind it is the connection's own. Without one nothing may come, and the transaction that has ended refuses it. */
  #leaveTransaction(): void {
    this.#savepoints = []
    if (this.#session !== null) this.#transaction = null
  }

  async setSavepoint(name: string): Promise<void> {
    const around = this.#savepoints.at(-1)?.transaction ?? this.#transaction
    if (around === null) throw new InvalidRequestError('A savepoint needs a transaction, and there is none on this connection.')
    this.#savepoints.push({ name, transaction: await around.beginNested() })
  }

  /** As in SQL, the savepoint itself stays. */
  async rollbackToSavepoint(name: string): Promise<void> {
    await this.#takeSavepoint(name).rollback()
    await this.setSavepoint(name)
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#takeSavepoint(name).commit()
  }

  /** Takes the last savepoint of that name off the list, with those that were set behind it. */
  #takeSavepoint(name: string): AsyncTransaction {
    const index = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    const [savepoint] = index < 0 ? [] : this.#savepoints.splice(index)
    if (savepoint === undefined) throw new ProgrammingError('The transaction has no savepoint of that name.')
    return savepoint.transaction
  }

  async release(): Promise<void> {
    await this.rollback()
    await this.#session?.close()
  }

  /** Where its statements go: the innermost transaction, or the connection that it has to itself. */
  get #own(): Executor | null {
    return this.#savepoints.at(-1)?.transaction ?? this.#transaction ?? this.#session
  }

  /**
   * The engine itself, once.
   *
   * @throws {InvalidRequestError} what comes second might count on being where the first was
   */
  #useOnce(): AsyncEngine {
    if (this.#used) {
      throw new InvalidRequestError(
        'This connection was asked for without a word of what it is for, and then it serves one statement or one transaction: ' +
          'for several use db.connection(), or provideConnection(consumer, {}).',
      )
    }
    this.#used = true
    return this.#engine
  }

  async #pin(signal: AbortSignal | undefined): Promise<AsyncConnection> {
    this.#useOnce()
    this.#session = await connectFor(this.#context, signal)
    return this.#session
  }
}

/** A connection of the engine's for one of Kysely's. */
export async function connectFor(context: ConnectionContext, signal: AbortSignal | undefined): Promise<AsyncConnection> {
  try {
    return await context.engine.connect({ signal })
  } catch (error) {
    throw await refusalOf(context, error)
  }
}

/** What is thrown for an error of the engine's. */
async function refusalOf({ engine, driverErrors }: ConnectionContext, error: unknown): Promise<unknown> {
  return driverErrors ? await toDriverError(error, engine.dialect.name) : error
}

async function beginAfterOthers(place: AsyncConnection | AsyncEngine, options: BeginOptions): Promise<AsyncTransaction> {
  const deadline = performance.now() + lockTimeoutMs
  for (;;) {
    try {
      return await place.begin(options)
    } catch (error) {
      const locked = error instanceof OperationalError && error.retryable
      if (!locked || performance.now() > deadline) throw error
    }
    await pause(lockRetryMs)
  }
}
