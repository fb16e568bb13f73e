import type { AsyncConnection, AsyncTransaction } from '../../engine/contract.ts'
import { InvalidRequestError } from '../../errors.ts'
import type { AsyncResult, BeginOptions, ExecuteOptions, Row, RowStream } from '../../sql/executor.ts'

/** How one of Knex's queries runs. */
export interface QuerySettings {
  readonly integers: ExecuteOptions['integers']
  /** Then it is asked for them at once; otherwise that would cost an error that nobody sees. */
  readonly mayGiveRows: boolean
  /** Milliseconds after which Knex will ask for it to be cancelled; undefined if it never does. */
  readonly cancelAfterMs?: number | undefined
}

/** What a statement gave: all of its rows, or null where it has none to give. */
export interface QueryAnswer {
  readonly rows: Row[] | null
  readonly result: AsyncResult<Row>
}

interface TimedQuery {
  /** As `performance.now()`. */
  readonly dueAt: number
  readonly controller: AbortController
}

const pooled = new WeakMap<AsyncConnection, PooledConnection>()

/** What is known of a connection that Knex uses, whether of its pool or handed to `.connection()`. */
export function pooledConnection(connection: AsyncConnection): PooledConnection {
  let known = pooled.get(connection)
  if (known === undefined) {
    known = new PooledConnection(connection)
    pooled.set(connection, known)
  }
  return known
}

/** What Knex does with a connection while it has it: its queries, its transaction, and what becomes of both when it loses patience. */
export class PooledConnection {
  readonly #connection: AsyncConnection
  #transaction: LazyTransaction | null = null
  /** Queries that Knex may want to have cancelled. */
  readonly #timed = new Set<TimedQuery>()
  #spent = false
  #releasesToIgnore = 0

  constructor(connection: AsyncConnection) {
    this.#connection = connection
  }

  /** Whoever gets it next finds it alive, outside of any transaction, and not busy with what nobody waits for any more. */
  get usable(): boolean {
    return !this.#connection.closed && !this.#spent && this.#transaction === null
  }

  async query(sql: string, params: readonly unknown[], settings: QuerySettings): Promise<QueryAnswer> {
    const { integers, mayGiveRows, cancelAfterMs } = settings
    if (cancelAfterMs === undefined) return await this.#run(sql, params, { integers }, mayGiveRows)
    const timed = { dueAt: performance.now() + cancelAfterMs, controller: new AbortController() }
    this.#timed.add(timed)
    try {
      return await this.#run(sql, params, { integers, signal: timed.controller.signal }, mayGiveRows)
    } finally {
      this.#timed.delete(timed)
    }
  }

  async #run(sql: string, params: readonly unknown[], options: ExecuteOptions, mayGiveRows: boolean): Promise<QueryAnswer> {
    const place = await this.#place(options.signal)
    const pending = place.execute(sql, params, options)
    if (!mayGiveRows) return await rest(await pending)
    try {
      // Asked for before the statement leaves this thread: all of its rows come in one crossing.
      const rows = await pending.fetchall()
      return { rows, result: await pending }
    } catch (error) {
      const result = await pending
      if (result.returnsRows) throw error
      return { rows: null, result }
    }
  }

  /** The rows of a statement as they are asked for. */
  async stream(sql: string, params: readonly unknown[], options: ExecuteOptions): Promise<RowStream<Row>> {
    const place = await this.#place(options.signal)
    return place.stream(sql, params, options)
  }

  /** Where a statement runs: inside the open transaction, which begins with its first statement, or on the connection itself. */
  async #place(signal: AbortSignal | undefined): Promise<AsyncConnection | AsyncTransaction> {
    return this.#transaction === null ? this.#connection : await this.#transaction.begin(signal)
  }

  /**
   * The statements that come next are a transaction. It takes the write lock with the first of them and not before: one that is open
   * while its owner waits for something else keeps nobody from writing.
   */
  begin(options: BeginOptions): void {
    if (this.#transaction !== null) throw new InvalidRequestError('There is a transaction on this connection already.')
    this.#transaction = new LazyTransaction(this.#connection, options)
  }

  async commit(): Promise<void> {
    await this.#end((transaction) => transaction.commit())
  }

  async rollback(): Promise<void> {
    await this.#end((transaction) => transaction.rollback())
  }

  async #end(how: (transaction: LazyTransaction) => Promise<void>): Promise<void> {
    const transaction = this.#transaction
    if (transaction === null) return
    try {
      await how(transaction)
    } finally {
      this.#transaction = null
    }
  }

  /** Gives up the query whose time is over. A thread that is inside one native call may be busy with it for longer: its connection is spent. */
  cancel(): void {
    let due: TimedQuery | undefined
    for (const timed of this.#timed) if (due === undefined || timed.dueAt < due.dueAt) due = timed
    if (due === undefined) return
    this.spend()
    due.controller.abort()
  }

  /** Nobody gets it from the pool any more. */
  spend(): void {
    this.#spent = true
  }

  /** Knex will release the connection once more than it has acquired it. */
  ignoreNextRelease(): void {
    this.#releasesToIgnore++
  }

  /** Whether the release that has just been asked for is one that counts. */
  countRelease(): boolean {
    if (this.#releasesToIgnore === 0) return true
    this.#releasesToIgnore--
    return false
  }
}

async function rest(result: AsyncResult<Row>): Promise<QueryAnswer> {
  return { rows: result.returnsRows ? await result.fetchall() : null, result }
}

/** A transaction that begins with its first statement. */
class LazyTransaction {
  readonly #connection: AsyncConnection
  readonly #options: BeginOptions
  #begun: Promise<AsyncTransaction> | null = null

  constructor(connection: AsyncConnection, options: BeginOptions) {
    this.#connection = connection
    this.#options = options
  }

  async begin(signal: AbortSignal | undefined): Promise<AsyncTransaction> {
    const isFirst = this.#begun === null
    // All wait for the same promise, also when it has long been fulfilled: so they go on in the order of their calls.
    this.#begun ??= this.#start(signal)
    try {
      return await this.#begun
    } catch (error) {
      if (isFirst) throw error
      // Knex writes the statement into the message of its error: each has one of its own.
      throw new InvalidRequestError('The transaction of this statement could not begin.', { cause: error })
    }
  }

  async #start(signal: AbortSignal | undefined): Promise<AsyncTransaction> {
    try {
      return await this.#connection.begin({ ...this.#options, signal })
    } catch (error) {
      // It has failed for the statements that wait, and not for those to come.
      this.#begun = null
      throw error
    }
  }

  async commit(): Promise<void> {
    const transaction = await this.#begun
    await transaction?.commit()
  }

  async rollback(): Promise<void> {
    const transaction = await this.#begun?.catch(() => null)
    await transaction?.rollback()
  }
}
