import type { AsyncResult, PendingResult, RowValue } from '../sql/executor.ts'
import type { Execution, RowDemand } from './execution.ts'
import { Result } from './result.ts'
import { type ChunkSource, RowIterator } from './row-iterator.ts'

/** Where a statement comes from when it could not even be compiled: the error waits for whoever looks. */
export type ExecutionSource = Execution | Error

/**
 * A statement on its way. As a promise it gives the result; its fetch methods give rows at once, and because they are called before the
 * statement has left this thread, the worker is told how many are wanted: one crossing.
 *
 * It knows whether anybody has looked at it: a transaction does not commit over a failed statement that nobody has seen.
 */
export class PendingStatement<R> extends Promise<AsyncResult<R>> implements PendingResult<R> {
  readonly #source: ExecutionSource
  #observed = false
  #result: Promise<Result<R>> | null = null

  /** Promises derived from this one are plain: only `then` of this class knows how it settles. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  constructor(source: ExecutionSource) {
    // The inherited slots stay empty: `then` is what await, catch, finally and Promise.all go through.
    super(noop)
    this.#source = source
  }

  /** One that was refused before it could be sent: an unhandled rejection if nobody looks by the end of this tick. */
  static refused<R>(error: Error): PendingStatement<R> {
    const refused = new PendingStatement<R>(error)
    process.nextTick(() => {
      if (!refused.observed) refused.raise()
    })
    return refused
  }

  /** True when somebody will see how it ends. */
  get observed(): boolean {
    return this.#observed
  }

  /** Nobody has looked until now, and nobody may ever: then the failure is raised as an unhandled rejection, like any promise's. */
  raise(): void {
    void this.#settled()
  }

  /** Waits until it is known to work or to fail, without counting as somebody who looks. */
  async failure(): Promise<Error | null> {
    if (this.#source instanceof Error) return this.#source
    await this.#source.arrived()
    return this.#source.error
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise
  override then<A = AsyncResult<R>, B = never>(
    onfulfilled?: ((value: AsyncResult<R>) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#settled().then(onfulfilled, onrejected)
  }

  async fetchone(): Promise<R | null> {
    return (await this.#settled()).fetchone()
  }

  async fetchmany(size = 1): Promise<R[]> {
    return (await this.#settled()).fetchmany(size)
  }

  async fetchall(): Promise<R[]> {
    return (await this.#demand('all')).fetchall()
  }

  async first(): Promise<R | null> {
    return (await this.#demand(1)).first()
  }

  async one(): Promise<R> {
    return (await this.#demand(2)).one()
  }

  async oneOrNone(): Promise<R | null> {
    return (await this.#demand(2)).oneOrNone()
  }

  async scalar<T = RowValue>(): Promise<T | null> {
    return (await this.#demand(1)).scalar<T>()
  }

  async scalars<T = RowValue>(): Promise<T[]> {
    return (await this.#demand('all')).scalars<T>()
  }

  async keys(): Promise<string[]> {
    return (await this.#settled()).keys()
  }

  [Symbol.asyncIterator](): RowIterator<R> {
    return new RowIterator(() => this.source())
  }

  /** The result as a source of chunks. */
  async source(): Promise<ChunkSource<R>> {
    const result = await this.#settled()
    result.assertOpen()
    return result
  }

  #demand(demand: RowDemand): Promise<Result<R>> {
    // Once somebody holds the result, its rows are his to take in whatever way.
    if (this.#result === null && !(this.#source instanceof Error)) this.#source.demand(demand)
    return this.#settled()
  }

  #settled(): Promise<Result<R>> {
    this.#observed = true
    this.#result ??= this.#await()
    return this.#result
  }

  async #await(): Promise<Result<R>> {
    if (this.#source instanceof Error) throw this.#source
    await this.#source.arrived()
    this.#source.throwIfFailed()
    return new Result<R>(this.#source)
  }
}

function noop(): void {}
