import type { AsyncResult, PendingResult, RowValue } from '../sql/executor.ts'
import type { RowDemand } from './execution.ts'
import type { Lifeline } from './lifeline.ts'
import { Result } from './result.ts'
import { type ChunkSource, RowIterator } from './row-iterator.ts'
import { type ExecutionSource, Witness } from './witness.ts'

/** What a statement is part of. */
export interface StatementContext {
  /** Of the connection that it runs on, if a user holds that. */
  readonly lifeline: Lifeline | undefined
  /** Set inside a transaction: what reads the statement's rows counts as the statement does. */
  readonly track: (<T>(reading: Promise<T>) => Promise<T>) | undefined
}

/**
 * A statement on its way. As a promise it gives the result; its fetch methods give rows at once, and because they are called before the
 * statement has left this thread, the worker is told how many are wanted: one crossing.
 */
export class PendingStatement<R> extends Promise<AsyncResult<R>> implements PendingResult<R> {
  readonly witness: Witness
  readonly #source: ExecutionSource
  readonly #context: StatementContext | undefined
  #result: Promise<Result<R>> | null = null

  /** Promises derived from this one are plain: only `then` of this class knows how it settles. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  constructor(source: ExecutionSource, context?: StatementContext) {
    // The inherited slots stay empty: `then` is what await, catch, finally and Promise.all go through.
    super(noop)
    this.#source = source
    this.#context = context
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

  fetchone(): Promise<R | null> {
    return this.#read(null, (result) => result.fetchone())
  }

  fetchmany(size = 1): Promise<R[]> {
    return this.#read(null, (result) => result.fetchmany(size))
  }

  fetchall(): Promise<R[]> {
    return this.#read('all', (result) => result.fetchall())
  }

  first(): Promise<R | null> {
    return this.#read(1, (result) => result.first())
  }

  one(): Promise<R> {
    return this.#read(2, (result) => result.one())
  }

  oneOrNone(): Promise<R | null> {
    return this.#read(2, (result) => result.oneOrNone())
  }

  scalar<T = RowValue>(): Promise<T | null> {
    return this.#read(1, (result) => result.scalar<T>())
  }

  scalars<T = RowValue>(): Promise<T[]> {
    return this.#read('all', (result) => result.scalars<T>())
  }

  keys(): Promise<string[]> {
    return this.#read(null, (result) => result.keys())
  }

  #read<T>(demand: RowDemand | null, read: (result: Result<R>) => Promise<T>): Promise<T> {
    const reading = this.#readSettled(demand, read)
    return this.#context?.track === undefined ? reading : this.#context.track(reading)
  }

  async #readSettled<T>(demand: RowDemand | null, read: (result: Result<R>) => Promise<T>): Promise<T> {
    // Once somebody holds the result, its rows are his to take in whatever way.
    if (demand !== null && this.#result === null && !(this.#source instanceof Error)) this.#source.demand(demand)
    return await read(await this.#settled())
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

  #settled(): Promise<Result<R>> {
    this.witness.observe()
    this.#result ??= this.#await()
    return this.#result
  }

  async #await(): Promise<Result<R>> {
    if (this.#source instanceof Error) throw this.#source
    await this.#source.arrived()
    this.#source.throwIfFailed()
    return new Result<R>(this.#source, this.#context?.lifeline)
  }
}

function noop(): void {}
