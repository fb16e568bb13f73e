import type { Expression } from 'kysely'
import { ArgumentError, MultipleResultsFound, NoResultFound } from '../errors.ts'
import type { Executor, Row } from '../sql/executor.ts'
import { describeValue } from '../sql/parameters.ts'
import type { EntityClass, ModelDefinition } from './definition.ts'
import { type Conditional, type LookupsOf, QuerySet } from './query-set.ts'
import { initialState } from './query-state.ts'
import type { Fields, OrderName, OrderPath, SimpleLookups, WholeKey } from './types.ts'

/** What makes something of each row, for a query that is about to run. */
export type MapperFactory<T> = (query: unknown) => (row: Row) => T

/** Gives the executor to read through, when it is there. */
export type ExecutorSource = () => Promise<Executor>

/** Lookups and expressions, each of them checked; any where the compiler does not know the fields. */
type Checked<F, R, L> = string extends keyof F ? object : L extends Conditional ? L : LookupsOf<F, R, L>

type OrderTerm<F, R, N> = string extends keyof F ? string : OrderName<F, R> | (N & OrderPath<F, R, N>)

type AnySet = QuerySet<Record<string, { readonly kind: string; readonly options: object }>, unknown>

/**
 * Rows of a model in a session: as a query set, and by the key. It is immutable, awaitable and async-iterable. `F` are the fields of the model, `R`
 * its ways back.
 */
export class SessionQuery<I, F = Fields, R = Record<never, never>> implements PromiseLike<I[]>, AsyncIterable<I> {
  readonly #source: ExecutorSource
  readonly #definition: ModelDefinition
  readonly #set: AnySet
  readonly #mapperFactory: MapperFactory<I> | undefined

  constructor(
    source: ExecutorSource,
    definition: ModelDefinition,
    made: { readonly entity: EntityClass; readonly mapperFactory?: MapperFactory<I> | undefined; readonly set?: AnySet },
  ) {
    this.#source = source
    this.#definition = definition
    this.#entity = made.entity
    this.#set = made.set ?? new QuerySet(initialState(definition, made.entity, null))
    this.#mapperFactory = made.mapperFactory
  }

  readonly #entity: EntityClass

  #with(set: AnySet): SessionQuery<I, F, R> {
    return new SessionQuery(this.#source, this.#definition, { entity: this.#entity, mapperFactory: this.#mapperFactory, set })
  }

  /** Only rows of which all of this holds: expressions over `Model.c`, lookups, Qs. */
  filter<const L extends readonly (SimpleLookups<F> | object)[]>(
    ...conditions: { readonly [K in keyof L]: L[K] & Checked<F, R, L[K]> }
  ): SessionQuery<I, F, R> {
    return this.#where(conditions)
  }

  #where(conditions: readonly object[]): SessionQuery<I, F, R> {
    return this.#with(conditions.reduce<AnySet>((set, condition) => set.filter(condition as never), this.#set))
  }

  /** Only rows with these values. */
  filterBy<const L extends SimpleLookups<F> | object>(values: L & Checked<F, R, L>): SessionQuery<I, F, R> {
    return this.#where([values])
  }

  /** Names, '-' first for the other way, or expressions. */
  orderBy<const N extends string>(...names: readonly (OrderTerm<F, R, N> | Expression<unknown>)[]): SessionQuery<I, F, R> {
    return this.#with(this.#set.orderBy(...(names as never[])))
  }

  limit(rows: number): SessionQuery<I, F, R> {
    return this.#with(this.#set.limit(rows))
  }

  offset(rows: number): SessionQuery<I, F, R> {
    return this.#with(this.#set.offset(rows))
  }

  /** A limit that it has been told is never widened. */
  #atMost(rows: number): SessionQuery<I, F, R> {
    const { limit } = QuerySet.stateOf(this.#set)
    return limit === null || limit > rows ? this.limit(rows) : this
  }

  /** Not the set itself, which would be awaited on its way out of here. */
  async #executor(): Promise<Executor> {
    return await this.#source()
  }

  // biome-ignore lint/suspicious/noThenProperty: a query can be awaited
  then<A = I[], B = never>(
    onfulfilled?: ((value: I[]) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.all().then(onfulfilled, onrejected)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<I> {
    const map = this.#mapper()
    const set = this.#set.using(await this.#executor())
    if (map === null) yield* set.iterate() as AsyncGenerator<I>
    else for await (const row of set.iterateValues()) yield map(row)
  }

  /** One by one, in bounded memory. */
  iterate(): AsyncGenerator<I> {
    return this[Symbol.asyncIterator]()
  }

  #mapper(): ((row: Row) => I) | null {
    return this.#mapperFactory === undefined ? null : this.#mapperFactory(this)
  }

  async all(): Promise<I[]> {
    const map = this.#mapper()
    const set = this.#set.using(await this.#executor())
    return map === null ? ((await set.all()) as I[]) : (await set.values()).map(map)
  }

  /**
   * The row of that key, or null: of a key of several fields, a list or an object of all of them.
   *
   * @throws {ArgumentError} it is a part of a key
   */
  async get(key: WholeKey<F>): Promise<I | null> {
    const [found] = await this.#where([this.#keyLookups(key)])
      .#atMost(1)
      .all()
    return found ?? null
  }

  #keyLookups(key: unknown): object {
    const { keyFields } = this.#definition
    const names = keyFields.map(({ name }) => name)
    const parts = Array.isArray(key) ? (key as readonly unknown[]) : keyFields.length === 1 ? [key] : partsOf(key, names)
    if (parts.length !== names.length || parts.some((part) => part === undefined || part === null)) {
      throw new ArgumentError(`get() takes the whole key of ${this.#definition.name} (${names.join(', ')}), found ${describeValue(key)}.`)
    }
    return Object.fromEntries(names.map((name, index) => [name, parts[index]]))
  }

  /**
   * @throws {NoResultFound} there is none
   * @throws {MultipleResultsFound} there are more
   */
  async one(): Promise<I> {
    const found = await this.oneOrNone()
    if (found === null) throw new NoResultFound(`No ${this.#definition.name} was found when one was required.`)
    return found
  }

  /** @throws {MultipleResultsFound} there are several */
  async oneOrNone(): Promise<I | null> {
    const [found, second] = await this.#atMost(2).all()
    if (second !== undefined) throw new MultipleResultsFound(`Several ${this.#definition.name} were found when at most one was expected.`)
    return found ?? null
  }

  async first(): Promise<I | null> {
    const [found] = await this.#atMost(1).all()
    return found ?? null
  }

  async count(): Promise<number> {
    return await this.#set.using(await this.#executor()).count()
  }

  async exists(): Promise<boolean> {
    return await this.#set.using(await this.#executor()).exists()
  }

  /** The first field of the first row, or null. */
  async scalar<T = unknown>(): Promise<T | null> {
    const [row] = await this.#atMost(1)
      .#set.using(await this.#executor())
      .values()
    return row === undefined ? null : ((Object.values(row)[0] ?? null) as T | null)
  }

  /**
   * Deletes the rows of the query, no more than its limit.
   *
   * @returns the number of rows
   */
  async delete(): Promise<number> {
    return await this.#set.using(await this.#executor()).deleteAll()
  }
}

function partsOf(key: unknown, names: readonly string[]): readonly unknown[] {
  if (typeof key !== 'object' || key === null || key instanceof Date) return [key]
  return names.map((name) => (Object.hasOwn(key, name) ? Reflect.get(key, name) : undefined))
}
