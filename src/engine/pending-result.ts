import type { AsyncResult, PendingResult, RowValue } from '../sql/executor.ts'
import type { RowDemand } from './execution.ts'
import type { Lifeline } from './lifeline.ts'
import { Result } from './result.ts'
import { type ChunkSource, RowIterator } from './row-iterator.ts'
import { type ExecutionSource, Witness } from './witness.ts'

/**
 * A statement on its way. As a promise it gives the result; its fetch methods give rows at once, and because they are called before the
 * statement has left this thread, the worker is told how many are wanted: one crossing.
 */
export class PendingStatement<R> extends Promise<AsyncResult<R>> implements PendingResult<R> {
  readonly witness: Witness
  readonly #source: ExecutionSource
  readonly #lifeline: Lifeline | undefined
  #result: Promise<Result<R>> | null = null

  /** Promises derived from this one are plain: only `then` of this class knows how it settles. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** @param lifeline of the connection that it runs on, if a user holds that */
  constructor(source: ExecutionSource, lifeline?: Lifeline) {
    // The inherited slots stay empty: `then` is what await, catch, finally and Promise.all go through.
    super(noop)
    this.#source = source
    this.#lifeline = lifeline
    this.witness = new Witness(source)
  }

  /** One that was refused before it could be sent: an unhandled rejection if nobody looks by the end of this tick. */
  static refused<R>(error: Error): PendingStatement<R> {
    const refused = new PendingStatement<R>(error)
    process.nextTick(() => refused.witness.raise())
    return refused
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
    this.witness.observe()
    this.#result ??= this.#await()
    return this.#result
  }

  async #await(): Promise<Result<R>> {
    if (this.#source instanceof Error) throw this.#source
    await this.#source.arrived()
    this.#source.throwIfFailed()
    return new Result<R>(this.#source, this.#lifeline)
  }
}

function noop(): void {}
