import type { Expression } from 'kysely'
import { InvalidRequestError } from '../errors.ts'
import type { Condition } from '../schema/condition.ts'
import type { Executor } from '../sql/executor.ts'
import { describeValue } from '../sql/parameters.ts'
import { type Clause, clauseOf, type Q, termOf } from './clause.ts'
import { type StoredField, typeOf } from './definition.ts'
import type { FigureAt, FigurePath, FiguresOf, FigureValues } from './figure-types.ts'
import { Figure, type FigureKind, type Figures, namedFigures } from './figures.ts'
import { Grouping } from './group-query.ts'
import { groupState, readGroups } from './group-reader.ts'
import { allFields } from './hydration.ts'
import { deleteEntities, updateEntities } from './joined-changes.ts'
import { parseFieldPath, parseLookup, parseOnePath, parseRelationPath } from './lookup.ts'
import { MultipleMatches, NoMatch } from './match-errors.ts'
import { prefetchEach, prefetchInto } from './prefetch.ts'
import { countRows, executorOf, iterateAll, iterateValues, readAll, readValues } from './query-runner.ts'
import { type OrderTerm, type QueryState, wholeNumber } from './query-state.ts'
import { type LockOptions, rowLock } from './row-lock.ts'
import type {
  FieldPath,
  LookupValue,
  OrderName,
  OrderPath,
  PrefetchPath,
  RelationField,
  RelationPath,
  SimpleLookups,
  StoredValues,
  UpdateInput,
  ValueRow,
  Values,
} from './types.ts'
import { validateChanges } from './validation.ts'

/** Lookups of a model with these fields: each is checked by the compiler. */
export type LookupsOf<F, R, L> = L & { readonly [K in keyof L]: K extends string ? LookupValue<F, K, R> : never }

/** What stands beside lookups: an expression over `Model.c`, or a Q. */
export type Conditional = Condition | Expression<unknown> | Q

/**
 * Rows of a model, to be read or changed. It is immutable: each method gives a new one; it reads nothing before it is awaited, iterated over or
 * one of its last methods is called.
 */
export class QuerySet<F, I, R = Record<never, never>> implements PromiseLike<I[]>, AsyncIterable<I> {
  /** Only for the compiler. */
  declare readonly $fields: F
  declare readonly $instance: I
  /** It tells by what is in them whether one set stands for another: one that knows more ways back stands for one that knows fewer. */
  declare readonly $waysBack: { readonly [K in keyof R]: unknown }
  readonly #state: QueryState

  constructor(state: QueryState) {
    this.#state = state
  }

  /** What it has been told, for the rest of the mapper. */
  static stateOf<F, I, R>(set: QuerySet<F, I, R>): QueryState {
    return set.#state
  }

  #with(changes: Partial<QueryState>): QuerySet<F, I, R> {
    return new QuerySet<F, I, R>({ ...this.#state, ...changes })
  }

  /** No lookups are no condition: nothing that was narrowed down by them is taken for it. */
  #where(clause: Clause): QuerySet<F, I, R> {
    return clause.kind === 'terms' && clause.terms.length === 0 ? this : this.#with({ clauses: [...this.#state.clauses, clause] })
  }

  /**
   * Only rows of which all of this holds: lookups such as `{ album__name__iexact: 'fantasies' }`, expressions over `Model.c`, and Qs. Lookups of
   * one call over a relation to many rows are about the same row.
   *
   * @throws {ArgumentError} a lookup leads nowhere, or its operator is of no use to its field
   * @throws {TypeError} a value is of no use to its operator
   */
  filter<const L extends SimpleLookups<F>, const M extends SimpleLookups<F>>(
    lookups: LookupsOf<F, R, L> | Conditional,
    others?: LookupsOf<F, R, M> | Conditional,
    ...more: readonly Conditional[]
  ): QuerySet<F, I, R> {
    const { definition } = this.#state
    const conditions = [lookups, ...(others === undefined ? [] : [others]), ...more]
    return conditions.reduce<QuerySet<F, I, R>>((set, condition) => set.#where(clauseOf(definition, condition)), this)
  }

  /** Only rows of which all of these expressions hold; of an empty list, all. */
  where(conditions: Conditional | readonly Conditional[]): QuerySet<F, I, R> {
    const { definition } = this.#state
    const list: readonly unknown[] = Array.isArray(conditions) ? conditions : [conditions]
    return list.reduce<QuerySet<F, I, R>>((set, condition) => set.#where(clauseOf(definition, condition)), this)
  }

  /** Only rows of which not all of this holds: NOT (a AND b). Where a comparison is NULL, so is its negation, and the row is left out, as in SQL. */
  exclude<const L extends SimpleLookups<F>>(lookups: LookupsOf<F, R, L> | Conditional): QuerySet<F, I, R> {
    return this.#where({ kind: 'not', clause: clauseOf(this.#state.definition, lookups) })
  }

  /** Only rows that have this text in one of their texts, whatever the capitals. '' is in all of them. */
  search(text: string): QuerySet<F, I, R> {
    if (typeof text !== 'string') throw new TypeError(`search() takes a text, found ${describeValue(text)}.`)
    const { definition } = this.#state
    const fields = allFields(definition).filter(isText)
    if (text === '' || fields.length === 0) return this
    const clauses = fields.map(
      ({ name }): Clause => ({ kind: 'terms', terms: [termOf(parseLookup(definition, `${name}__icontains`), text)] }),
    )
    return this.#where({ kind: 'any', clauses })
  }

  /** In this order, instead of any before: names of fields, '-' first for the other way, over relations too; or expressions. */
  orderBy<const N extends string>(
    ...names: readonly (OrderName<F, R> | (N & OrderPath<F, R, N>) | Expression<unknown>)[]
  ): QuerySet<F, I, R> {
    return this.#with({ order: names.map((name) => orderTerm(this.#state, name)) })
  }

  /** At most so many rows; 0 is none. */
  limit(rows: number): QuerySet<F, I, R> {
    return this.#with({ limit: wholeNumber('limit', rows) })
  }

  /** Without the first ones. */
  offset(rows: number): QuerySet<F, I, R> {
    return this.#with({ offset: wholeNumber('offset', rows) })
  }

  /** Without rows that are alike. */
  distinct(): QuerySet<F, I, R> {
    return this.#with({ distinct: true })
  }

  /**
   * Its rows are locked when they are read, until the transaction ends through which they are: SELECT … FOR UPDATE. SQLite locks the whole
   * database for a transaction that writes, and nothing more. Counting and figures lock nothing, and rows of relations are locked only where
   * MySQL joins them.
   *
   * @throws {ArgumentError} an option is unknown, or both are true
   * @throws {InvalidRequestError} when it is read: no transaction is open, or it is `distinct()`
   */
  forUpdate(options: LockOptions = {}): QuerySet<F, I, R> {
    return this.#with({ lock: rowLock(options) })
  }

  /** The rows of these relations come in the same statement: `selectRelated('album', 'album__artist')`. */
  selectRelated(...paths: readonly (RelationPath<F, R> | readonly RelationPath<F, R>[])[]): QuerySet<F, I, R> {
    const added = paths.flat() as readonly string[]
    for (const path of added) parseOnePath(this.#state.definition, path)
    return this.#with({ related: [...new Set([...this.#state.related, ...added])] })
  }

  /** The rows of these relations are read in one more statement each, two for many-to-many: awaiting them sends none. */
  prefetchRelated<const P extends string>(...names: readonly (RelationField<F, R> | (P & PrefetchPath<F, R, P>))[]): QuerySet<F, I, R> {
    for (const name of names) parseRelationPath(this.#state.definition, name)
    return this.#with({ prefetch: [...new Set([...this.#state.prefetch, ...names])] })
  }

  /** Reads these fields and the key; the others throw until `load()`. */
  only(...names: readonly (keyof Values<F> & string)[]): QuerySet<F, I, R> {
    const fields = names.map((name) => fieldOf(this.#state, name).name)
    return this.#with({ only: fields })
  }

  /** Reads all fields but these. */
  defer(...names: readonly (keyof Values<F> & string)[]): QuerySet<F, I, R> {
    const left = names.map((name) => fieldOf(this.#state, name).name)
    return this.#with({
      only: allFields(this.#state.definition)
        .map(({ name }) => name)
        .filter((name) => !left.includes(name)),
    })
  }

  /** The same, read and written through a transaction or a connection. Instances that come from it are written through it while it is open. */
  using(executor: Executor): QuerySet<F, I, R> {
    return this.#with({ executor })
  }

  // Reading

  // biome-ignore lint/suspicious/noThenProperty: a query set can be awaited
  then<A = I[], B = never>(
    onfulfilled?: ((value: I[]) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.all().then(onfulfilled, onrejected)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<I> {
    const state = this.#state
    if (state.limit === 0) return
    const entities = iterateAll(state)
    yield* (state.prefetch.length > 0 ? prefetchEach(state, entities) : entities) as AsyncGenerator<I>
  }

  /** One by one, in bounded memory. What `prefetchRelated` names is read for every 1,000 of them. */
  iterate(): AsyncGenerator<I> {
    return this[Symbol.asyncIterator]()
  }

  #narrowed(lookups: object | undefined): QuerySet<F, I, R> {
    return lookups === undefined ? this : this.#where(clauseOf(this.#state.definition, lookups))
  }

  async all<const L extends SimpleLookups<F>>(lookups?: LookupsOf<F, R, L> | Conditional): Promise<I[]> {
    return await this.#narrowed(lookups).#read()
  }

  async #read(): Promise<I[]> {
    const state = this.#state
    if (state.limit === 0) return []
    const entities = await readAll(state)
    if (state.prefetch.length > 0) await prefetchInto(state, entities)
    return entities as I[]
  }

  /**
   * The only one that matches.
   *
   * @throws {NoMatch} there is none
   * @throws {MultipleMatches} there are more
   */
  async get<const L extends SimpleLookups<F>>(lookups?: LookupsOf<F, R, L> | Conditional): Promise<I> {
    const found = await this.#narrowed(lookups).#onlyOne()
    if (found !== null) return found
    throw new NoMatch(`No ${this.#state.definition.name} matches.`)
  }

  /**
   * The only one that matches, or null.
   *
   * @throws {MultipleMatches} there are more
   */
  async getOrNone<const L extends SimpleLookups<F>>(lookups?: LookupsOf<F, R, L> | Conditional): Promise<I | null> {
    return await this.#narrowed(lookups).#onlyOne()
  }

  async #onlyOne(): Promise<I | null> {
    const [found, second] = await this.#atMost(2).#read()
    if (second !== undefined) throw new MultipleMatches(`Several ${this.#state.definition.name} match where one was expected.`)
    return found ?? null
  }

  /** A limit that it has been told is never widened. */
  #atMost(rows: number): QuerySet<F, I, R> {
    const { limit } = this.#state
    return limit === null || limit > rows ? this.limit(rows) : this
  }

  /** The first one, in the order that was asked for, or by the key; null if there is none. */
  async first<const L extends SimpleLookups<F>>(lookups?: LookupsOf<F, R, L> | Conditional): Promise<I | null> {
    const [found] = await this.#narrowed(lookups).#ordered().#atMost(1).#read()
    return found ?? null
  }

  /** The last one, in the order that was asked for, or by the key; null if there is none. */
  async last<const L extends SimpleLookups<F>>(lookups?: LookupsOf<F, R, L> | Conditional): Promise<I | null> {
    const set = this.#narrowed(lookups).#ordered()
    if (set.#state.limit !== null || set.#state.offset !== 0) return (await set.#read()).at(-1) ?? null
    const order = set.#state.order.map((term): OrderTerm => {
      if ('path' in term) return { ...term, descending: !term.descending }
      throw new InvalidRequestError('last() turns an order of names around: order by names, or the other way round and take first().')
    })
    const [found] = await set.#with({ order }).limit(1).#read()
    return found ?? null
  }

  #ordered(): QuerySet<F, I, R> {
    const { order, definition } = this.#state
    return order.length > 0 ? this : this.#with({ order: definition.keyFields.map(({ name }) => ({ path: name, descending: false })) })
  }

  async exists<const L extends SimpleLookups<F>>(lookups?: LookupsOf<F, R, L> | Conditional): Promise<boolean> {
    const set = this.#narrowed(lookups)
    return set.#state.limit === 0 ? false : (await countRows({ ...set.#state, limit: 1, order: [] })) > 0
  }

  async count<const L extends SimpleLookups<F>>(lookups?: LookupsOf<F, R, L> | Conditional): Promise<number> {
    return await countRows(this.#narrowed(lookups).#state)
  }

  /**
   * Over no rows: null.
   *
   * @throws {InvalidRequestError} after `distinct()`, as `aggregate`
   */
  async sum<const P extends string>(path: P & FigurePath<'sum', F, R, P>): Promise<FigureAt<'sum', F, R, P>> {
    return await this.#figure('sum', path)
  }

  /** As `sum`. */
  async avg<const P extends string>(path: P & FigurePath<'avg', F, R, P>): Promise<FigureAt<'avg', F, R, P>> {
    return await this.#figure('avg', path)
  }

  async min<const P extends string>(path: P & FigurePath<'min', F, R, P>): Promise<FigureAt<'min', F, R, P>> {
    return await this.#figure('min', path)
  }

  async max<const P extends string>(path: P & FigurePath<'max', F, R, P>): Promise<FigureAt<'max', F, R, P>> {
    return await this.#figure('max', path)
  }

  async #figure<K extends Exclude<FigureKind, 'count'>, P extends string>(kind: K, path: P): Promise<FigureAt<K, F, R, P>> {
    if (kind === 'sum' || kind === 'avg') assertNotDistinct(this.#state, kind)
    const [row] = await readGroups(groupState(this.#state, [], [['figure', new Figure(kind, path)]]))
    return (row?.['figure'] ?? null) as FigureAt<K, F, R, P>
  }

  /**
   * Several figures over all of its rows, in one statement: `aggregate({ tracks: count(), longest: max('length') })`.
   *
   * @throws {InvalidRequestError} after `distinct()`: figures take each value once by `{ distinct: true }`
   */
  async aggregate<const A extends Figures>(figures: A & FiguresOf<F, R, A>): Promise<FigureValues<F, R, A>> {
    assertNotDistinct(this.#state, 'aggregate')
    const [row] = await readGroups(groupState(this.#state, [], namedFigures(figures)))
    return (row ?? {}) as FigureValues<F, R, A>
  }

  /**
   * Its rows by what they have in common, for figures over each group: `groupBy('album__name').aggregate({ tracks: count() })`. NULL is a group
   * too. Its limit is about rows, and that of what comes out about groups.
   *
   * @throws {ArgumentError} a path leads nowhere, or to many rows
   * @throws {InvalidRequestError} after `distinct()`
   */
  groupBy<const P extends string>(...paths: readonly (P & FieldPath<F, R, P>)[]): Grouping<F, R, P> {
    assertNotDistinct(this.#state, 'groupBy')
    return new Grouping<F, R, P>(this.#state, paths)
  }

  /**
   * Plain objects with these fields, or all: paths over relations too. Of relations, the key.
   *
   * @throws {ArgumentError} a path leads nowhere, or to many rows
   * @throws {InvalidRequestError} behind `distinct()`, it is ordered by what is not among them
   */
  async values(): Promise<StoredValues<F>[]>
  async values<const P extends string>(...paths: readonly (P & FieldPath<F, R, P>)[]): Promise<ValueRow<F, R, P>[]>
  async values(...paths: readonly string[]): Promise<unknown[]> {
    const { definition, limit } = this.#state
    if (limit === 0) return []
    return await readValues(this.#state, paths.length > 0 ? paths : allFields(definition).map(({ name }) => name))
  }

  /** As `values`, one by one, in bounded memory. */
  iterateValues(): AsyncGenerator<StoredValues<F>>
  iterateValues<const P extends string>(...paths: readonly (P & FieldPath<F, R, P>)[]): AsyncGenerator<ValueRow<F, R, P>>
  async *iterateValues(...paths: readonly string[]): AsyncGenerator<unknown> {
    const { definition, limit } = this.#state
    if (limit === 0) return
    yield* iterateValues(this.#state, paths.length > 0 ? paths : allFields(definition).map(({ name }) => name))
  }

  // Writing

  /**
   * Stores these values in all of its rows.
   *
   * @returns the number of rows
   * @throws {ValidationError} a value does not fit; nothing was sent
   */
  async update(values: UpdateInput<F>): Promise<number> {
    const { definition, limit } = this.#state
    const changes = validateChanges(definition, values as object)
    if (Object.keys(changes).length === 0 || limit === 0) return 0
    return await updateEntities(this.#state, changes, executorOf(this.#state))
  }

  /**
   * Deletes all of its rows.
   *
   * @returns the number of rows
   * @throws {InvalidRequestError} it is all rows of the table: `deleteAll()` says so
   */
  async delete(): Promise<number> {
    const { clauses, limit, offset } = this.#state
    if (clauses.length === 0 && limit === null && offset === 0) {
      throw new InvalidRequestError('delete() of a query set without a filter would delete all rows: deleteAll() does.')
    }
    return await this.#delete()
  }

  /** Deletes all of its rows, be they all of the table. */
  async deleteAll(): Promise<number> {
    return await this.#delete()
  }

  async #delete(): Promise<number> {
    return this.#state.limit === 0 ? 0 : await deleteEntities(this.#state, executorOf(this.#state))
  }
}

function isText(field: StoredField): boolean {
  return field.relation === null && ['string', 'text'].includes(typeOf(field).kind)
}

function fieldOf({ definition }: QueryState, name: string): StoredField {
  return allFields(definition).find((field) => field.name === name) ?? definition.field(name)
}

function assertNotDistinct({ distinct }: QueryState, method: string): void {
  if (!distinct) return
  throw new InvalidRequestError(
    `${method}() of a query set without rows that are alike: let figures take each value once, by { distinct: true }.`,
  )
}

function orderTerm({ definition }: QueryState, name: unknown): OrderTerm {
  if (typeof name === 'object' && name !== null && 'toOperationNode' in name && typeof name.toOperationNode === 'function') {
    return { node: (name as Expression<unknown>).toOperationNode() }
  }
  if (typeof name !== 'string') throw new TypeError(`orderBy() takes names of fields or expressions, found ${describeValue(name)}.`)
  const descending = name.startsWith('-')
  const path = descending ? name.slice(1) : name
  parseFieldPath(definition, path, `orderBy(${JSON.stringify(name)})`)
  return { path, descending }
}
