import type { AsyncResult, PendingResult, RowValue } from '../sql/executor.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import type { Execution, RowDemand, Waiter } from './execution.ts'
import type { Lifeline } from './lifeline.ts'
import { Result } from './result.ts'
import { type ChunkSource, RowIterator } from './row-iterator.ts'
import { Refusal } from './witness.ts'

/** Inside a transaction: what reads a statement's rows counts as the statement does. */
export type Track = <T>(reading: Promise<T>) => Promise<T>

/** A way of reading: what it wants of the rows, and how it takes them where all of them have come, or while they still come. */
interface Reading {
  readonly demand: RowDemand | null
  readonly take: ((result: Result<unknown>) => unknown) | null
  readonly read: (result: Result<unknown>) => unknown
}

/** The result itself, of which nothing has been read. */
const settled: Reading = { demand: null, take: null, read: (result) => result }
const fetchall: Reading = { demand: 'all', take: (result) => result.takeAll(), read: (result) => result.fetchall() }
const first: Reading = { demand: 1, take: (result) => result.takeFirst(), read: (result) => result.first() }
const one: Reading = { demand: 2, take: (result) => result.takeOne(), read: (result) => result.one() }
const oneOrNone: Reading = { demand: 2, take: (result) => result.takeOneOrNone(), read: (result) => result.oneOrNone() }
const scalar: Reading = { demand: 1, take: (result) => result.takeScalar(), read: (result) => result.scalar() }
const scalars: Reading = { demand: 'all', take: (result) => result.takeScalars(), read: (result) => result.scalars() }
const fetchone: Reading = { demand: null, take: null, read: (result) => result.fetchone() }
const keys: Reading = { demand: null, take: null, read: (result) => result.keys() }

/**
 * A statement on its way. As a promise it gives the result; its fetch methods give rows at once, and because they are called before the
 * statement has left this thread, the worker is told how many are wanted: one crossing.
 *
 * It is a promise by its prototype and has none of a promise's own slots, which would cost as much to make as the rest of it and stay
 * empty: `then` is what await, Promise.all and all others go through.
 */
export class PendingStatement<R> implements PendingResult<R> {
  declare readonly [Symbol.toStringTag]: string
  readonly #source: Execution | Refusal
  /** Of the connection that it runs on, if a user holds that. */
  readonly #lifeline: Lifeline | undefined
  readonly #track: Track | undefined
  #result: Result<R> | null = null
  #hasReader = false

  constructor(source: Execution | Refusal, lifeline?: Lifeline, track?: Track) {
    this.#source = source
    this.#lifeline = lifeline
    this.#track = track
  }

  /** One that was refused before it could be sent: an unhandled rejection if nobody looks by the end of this tick. */
  static refused<R>(error: Error): PendingStatement<R> {
    const refusal = new Refusal(error)
    process.nextTick(() => refusal.raise())
    return new PendingStatement<R>(refusal)
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise
  then<A = AsyncResult<R>, B = never>(
    onfulfilled?: ((value: AsyncResult<R>) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#settled().then(onfulfilled, onrejected)
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<AsyncResult<R> | B> {
    return this.#settled().catch(onrejected)
  }

  finally(onfinally?: (() => void) | null): Promise<AsyncResult<R>> {
    return this.#settled().finally(onfinally)
  }

  fetchone(): Promise<R | null> {
    return this.#read(fetchone)
  }

  fetchmany(size = 1): Promise<R[]> {
    return this.#read({ demand: null, take: null, read: (result) => result.fetchmany(size) })
  }

  fetchall(): Promise<R[]> {
    return this.#read(fetchall)
  }

  first(): Promise<R | null> {
    return this.#read(first)
  }

  one(): Promise<R> {
    return this.#read(one)
  }

  oneOrNone(): Promise<R | null> {
    return this.#read(oneOrNone)
  }

  scalar<T = RowValue>(): Promise<T | null> {
    return this.#read(scalar)
  }

  scalars<T = RowValue>(): Promise<T[]> {
    return this.#read(scalars)
  }

  keys(): Promise<string[]> {
    return this.#read(keys)
  }

  #read<T>(reading: Reading): Promise<T> {
    const source = this.#source
    const { demand } = reading
    if (demand !== null && !this.#hasReader && !(source instanceof Refusal)) source.demand(demand)
    const work = this.#soon<T>(reading)
    return this.#track === undefined ? work : this.#track(work)
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
    return this.#soon(settled)
  }

  /**
   * What `take` makes of the result as soon as that is there. One promise and no async function, which would cost several times as much: only
   * what fails is thrown in one, for the sake of the stack.
   */
  #soon<T>(reading: Reading): Promise<T> {
    const source = this.#source
    source.observe()
    if (source instanceof Refusal) return Promise.reject(source.error)
    // Whoever reads as well may take its rows in another way: they come as they are asked for.
    if (this.#hasReader && this.#result === null) source.demand('cursor')
    this.#hasReader = true
    const { promise, resolve } = Promise.withResolvers<T>()
    source.whenArrived(new Reader<T>(this, reading, resolve))
    return promise
  }

  /** Whoever asks gets the same. */
  resultOf(execution: Execution): Result<R> {
    this.#result ??= new Result<R>(execution, this.#lifeline)
    return this.#result
  }
}

/** One who waits for a result and reads it in his way. */
class Reader<T> implements Waiter {
  readonly #pending: PendingStatement<unknown>
  readonly #reading: Reading
  readonly #resolve: (value: T | Promise<T>) => void

  constructor(pending: PendingStatement<unknown>, reading: Reading, resolve: (value: T | Promise<T>) => void) {
    this.#pending = pending
    this.#reading = reading
    this.#resolve = resolve
  }

  arrived(execution: Execution): void {
    try {
      this.#resolve(execution.failed ? failure(execution) : this.#read(execution))
    } catch (error) {
      this.#resolve(rejection(error))
    }
  }

  #read(execution: Execution): T | Promise<T> {
    const { take, read } = this.#reading
    const result = this.#pending.resultOf(execution)
    // Most results come in one piece.
    return (take !== null && execution.complete ? take(result) : read(result)) as T | Promise<T>
  }
}

/** Rejects with what the execution has failed with. */
async function failure(execution: Execution): Promise<never> {
  await untilAwaited()
  execution.throwIfFailed()
  throw new Error('the execution has not failed')
}

/** Rejects with what reading the rows has thrown. */
async function rejection(error: unknown): Promise<never> {
  await untilAwaited()
  throw withCallersStack(error)
}

/** Two turns of the microtask queue: by then whoever waits for the promise that this one resolves is known, and the stack leads to him. */
async function untilAwaited(): Promise<void> {
  await null
}

Object.setPrototypeOf(PendingStatement.prototype, Promise.prototype)
