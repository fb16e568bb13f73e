import type { Expression, OperationNode } from 'kysely'
import { InvalidRequestError, MultipleResultsFound, NoResultFound } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import { type ColumnState, countColumn, iterateColumn, readColumn } from './column-query.ts'
import { wholeNumber } from './query-state.ts'
import type { ExecutorSource } from './session-query.ts'

/** The values of one column in a session. It is immutable, awaitable and async-iterable. */
export class SessionColumnQuery<T> implements PromiseLike<T[]>, AsyncIterable<T> {
  readonly #source: ExecutorSource
  readonly #state: ColumnState

  constructor(source: ExecutorSource, column: Column<T, unknown>, state?: ColumnState) {
    this.#source = source
    this.#state = state ?? { column: column as Column, conditions: [], order: [], limit: null, offset: 0 }
  }

  #with(changes: Partial<ColumnState>): SessionColumnQuery<T> {
    const state = { ...this.#state, ...changes }
    return new SessionColumnQuery<T>(this.#source, state.column as Column<T, unknown>, state)
  }

  /** Only rows of which all of this holds: expressions over `Model.c`. */
  filter(...conditions: readonly Expression<unknown>[]): SessionColumnQuery<T> {
    return this.#with({ conditions: [...this.#state.conditions, ...conditions.map((condition) => nodeOf('filtered', condition))] })
  }

  /** Expressions over `Model.c`, instead of any order before. */
  orderBy(...terms: readonly Expression<unknown>[]): SessionColumnQuery<T> {
    return this.#with({ order: terms.map((term) => nodeOf('ordered', term)) })
  }

  limit(rows: number): SessionColumnQuery<T> {
    return this.#with({ limit: wholeNumber('limit', rows) })
  }

  offset(rows: number): SessionColumnQuery<T> {
    return this.#with({ offset: wholeNumber('offset', rows) })
  }

  /** A limit that it has been told is never widened. */
  #atMost(rows: number): SessionColumnQuery<T> {
    const { limit } = this.#state
    return limit === null || limit > rows ? this.limit(rows) : this
  }

  // biome-ignore lint/suspicious/noThenProperty: a query can be awaited
  then<A = T[], B = never>(
    onfulfilled?: ((value: T[]) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.all().then(onfulfilled, onrejected)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    yield* iterateColumn(this.#state, await this.#source()) as AsyncGenerator<T>
  }

  /** One by one, in bounded memory. */
  iterate(): AsyncGenerator<T> {
    return this[Symbol.asyncIterator]()
  }

  async all(): Promise<T[]> {
    return (await readColumn(this.#state, await this.#source())) as T[]
  }

  /** The first value, or null. */
  async first(): Promise<T | null> {
    const [value] = await this.#atMost(1).all()
    return value ?? null
  }

  /** As `first`. */
  async scalar(): Promise<T | null> {
    return await this.first()
  }

  /**
   * @throws {NoResultFound} there is no row
   * @throws {MultipleResultsFound} there are more
   */
  async one(): Promise<T> {
    const values = await this.#only()
    if (values.length === 0) throw new NoResultFound(`No row was found when one was required.`)
    return values[0] as T
  }

  /** @throws {MultipleResultsFound} there are several rows */
  async oneOrNone(): Promise<T | null> {
    return (await this.#only())[0] ?? null
  }

  async #only(): Promise<T[]> {
    const values = await this.#atMost(2).all()
    if (values.length > 1) throw new MultipleResultsFound('Several rows were found when at most one was expected.')
    return values
  }

  async count(): Promise<number> {
    return await countColumn(this.#state, await this.#source())
  }

  async exists(): Promise<boolean> {
    return (await this.#atMost(1).count()) > 0
  }
}

function nodeOf(what: string, given: Expression<unknown>): OperationNode {
  if (typeof given?.toOperationNode === 'function') return given.toOperationNode()
  throw new InvalidRequestError(`A query of a column is ${what} by expressions over Model.c.`)
}
