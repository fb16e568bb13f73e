import { type InspectOptions, inspect } from 'node:util'
import { InvalidRequestError, MultipleResultsFound, NoResultFound, ResourceClosedError } from '../errors.ts'
import type { AsyncResult, ResultColumn, RowValue } from '../sql/executor.ts'
import { abortErrorOf } from './deadline.ts'
import type { Execution } from './execution.ts'
import { inspection } from './inspection.ts'
import type { Lifeline } from './lifeline.ts'
import { type ChunkSource, RowIterator } from './row-iterator.ts'

/** The rows and figures of a statement that has run; what the reader has not asked for yet may still be in the worker. */
export class Result<R> implements AsyncResult<R>, ChunkSource<R> {
  readonly #execution: Execution
  /** Whoever reads on holds the connection. */
  readonly lifeline: Lifeline | undefined
  #closed = false
  /** The last fetch that has rows to wait for. */
  #fetching: Promise<unknown> | null = null

  constructor(execution: Execution, lifeline: Lifeline | undefined) {
    this.#execution = execution
    this.lifeline = lifeline
  }

  get columns(): readonly ResultColumn[] {
    return this.#execution.columns ?? []
  }

  get returnsRows(): boolean {
    return this.#execution.columns !== null
  }

  get rowcount(): number {
    return this.#execution.rowcount
  }

  get lastrowid(): number | bigint | null {
    return this.#execution.lastrowid
  }

  get changedRows(): number | null {
    return this.#execution.changedRows
  }

  get insertedPrimaryKey(): readonly unknown[] {
    const key = this.#execution.typed?.insertedKey(this.lastrowid) ?? null
    if (key !== null) return key
    throw new InvalidRequestError('Only the result of a Table insert of one row has an insertedPrimaryKey: use lastrowid, or RETURNING.')
  }

  async fetchone(): Promise<R | null> {
    return await this.#inTurn(1, async () => {
      await this.#untilAvailable()
      return (this.#execution.takeAvailable(1)[0] as R | undefined) ?? null
    })
  }

  async fetchmany(size = 1): Promise<R[]> {
    if (!Number.isInteger(size) || size < 0) throw new RangeError('fetchmany() takes a whole number of rows, 0 or more.')
    return await this.#inTurn(size, async () => {
      await this.#untilThere(size)
      return this.#execution.takeAvailable(size) as R[]
    })
  }

  /**
   * Those who wait for rows get them in the order of their calls; with `size` rows there, and nobody before, nothing is waited for. It may be
   * closed meanwhile: `fetch` looks once more.
   */
  #inTurn<T>(size: number, fetch: () => Promise<T>): Promise<T> {
    this.assertOpen()
    const { available, complete } = this.#execution
    const before = this.#fetching
    if (before === null && (complete || available >= size)) return fetch()
    const fetching = before === null ? fetch() : before.then(fetch, fetch)
    this.#fetching = fetching
    const done = (): void => {
      if (this.#fetching === fetching) this.#fetching = null
    }
    fetching.then(done, done)
    return fetching
  }

  async #untilThere(size: number): Promise<void> {
    this.assertOpen()
    const execution = this.#execution
    while (execution.available < size && !execution.complete) await execution.more(1)
    execution.throwIfFailed()
    this.assertOpen()
  }

  async fetchall(): Promise<R[]> {
    return await this.#inTurn(Number.POSITIVE_INFINITY, async () => {
      await this.#execution.readAll()
      return this.takeAll()
    })
  }

  async first(): Promise<R | null> {
    return await this.#inTurn(1, async () => {
      await this.#untilAvailable()
      return this.takeFirst()
    })
  }

  async one(): Promise<R> {
    return await this.#inTurn(2, async () => {
      await this.#untilThere(2)
      return this.takeOne()
    })
  }

  async oneOrNone(): Promise<R | null> {
    return await this.#inTurn(2, async () => {
      await this.#untilThere(2)
      return this.takeOneOrNone()
    })
  }

  async scalar<T = RowValue>(): Promise<T | null> {
    return await this.#inTurn(1, async () => {
      await this.#untilAvailable()
      return this.takeScalar<T>()
    })
  }

  async scalars<T = RowValue>(): Promise<T[]> {
    return await this.#inTurn(Number.POSITIVE_INFINITY, async () => {
      await this.#execution.readAll()
      return this.takeScalars<T>()
    })
  }

  // The same, of rows that have come

  takeAll(): R[] {
    this.assertOpen()
    this.#execution.throwIfFailed()
    return this.#execution.takeAvailable(Number.POSITIVE_INFINITY) as R[]
  }

  takeFirst(): R | null {
    const [row] = this.#takeLast(1)
    return row ?? null
  }

  takeOne(): R {
    const row = this.takeOneOrNone()
    if (row === null) throw new NoResultFound('No row was found when one was required.')
    return row
  }

  takeOneOrNone(): R | null {
    const [row, second] = this.#takeLast(2)
    if (second !== undefined) throw new MultipleResultsFound('Several rows were found when at most one was expected.')
    return row ?? null
  }

  takeScalar<T = RowValue>(): T | null {
    this.assertOpen()
    const [value] = this.#execution.takeScalars(1)
    this.#close()
    return (value as T | undefined) ?? null
  }

  takeScalars<T = RowValue>(): T[] {
    this.assertOpen()
    this.#execution.throwIfFailed()
    return this.#execution.takeScalars(Number.POSITIVE_INFINITY) as T[]
  }

  /** What is left after these rows is not wanted. */
  #takeLast(count: number): R[] {
    this.assertOpen()
    const rows = this.#execution.takeAvailable(count) as R[]
    this.#close()
    return rows
  }

  async keys(): Promise<string[]> {
    this.assertOpen()
    return this.columns.map(({ name }) => name)
  }

  /** Whoever has walked over all rows leaves an exhausted result, as after fetchall(); who leaves early closes it. */
  async release(exhausted: boolean): Promise<void> {
    if (!exhausted) this.#close()
  }

  async close(): Promise<void> {
    this.#close()
  }

  [Symbol.asyncIterator](): RowIterator<R> {
    return new RowIterator(async () => {
      this.assertOpen()
      return this
    })
  }

  /** The rows that have come, or the next that do; while the reader is at these, the next ones are on their way. */
  async nextChunk(): Promise<R[] | null> {
    return await this.#inTurn(1, async () => {
      await this.#untilAvailable()
      const execution = this.#execution
      if (execution.available === 0) return null
      const rows = execution.takeAvailable(Number.POSITIVE_INFINITY) as R[]
      if (!execution.complete) execution.prefetch()
      return rows
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { rowcount, lastrowid } = this
    return inspection('Result', { columns: this.columns.map(({ name }) => name), rowcount, lastrowid }, options)
  }

  /** Waits for a row, or for the end of the rows. */
  async #untilAvailable(): Promise<void> {
    const execution = this.#execution
    while (execution.available === 0 && !execution.complete) await execution.more(1)
    if (execution.available === 0) execution.throwIfFailed()
    // Closed by somebody else, it has rows that were not read.
    this.assertOpen()
  }

  /**
   * @throws {ResourceClosedError} it is closed, or the statement yields no rows
   * @throws {AbortError} its signal has aborted
   */
  assertOpen(): void {
    if (!this.returnsRows) {
      throw new ResourceClosedError('This result object does not return rows. It has been closed automatically.')
    }
    if (this.#closed) throw new ResourceClosedError('This result object is closed.')
    const { signal } = this.#execution
    if (signal?.aborted === true) throw abortErrorOf(signal)
  }

  get signal(): AbortSignal | undefined {
    return this.#execution.signal
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#execution.close()
  }
}
