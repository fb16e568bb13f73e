import type { Expression } from 'kysely'
import { InvalidRequestError } from '../errors.ts'
import { and, type ConditionLike } from '../schema/condition.ts'
import type { Executor, TransactionOptions } from '../sql/executor.ts'
import { describeValue } from '../sql/parameters.ts'
import type { Executable } from '../sql/statement.ts'
import { updateInstances } from './bulk-update.ts'
import { createEntities } from './create-entities.ts'
import type { Entity, EntityClass, ModelDefinition } from './definition.ts'
import type { FigureAt, FigurePath, FiguresOf, FigureValues } from './figure-types.ts'
import type { Figures } from './figures.ts'
import type { Grouping } from './group-query.ts'
import { keyConditions } from './key-chunks.ts'
import { Stateful } from './model-state.ts'
import { executorOf } from './query-runner.ts'
import { type Conditional, type LookupsOf, QuerySet } from './query-set.ts'
import { initialState } from './query-state.ts'
import type { LockOptions } from './row-lock.ts'
import { StatementBuilder } from './statement-builder.ts'
import type {
  CreateInput,
  FieldPath,
  OrderName,
  OrderPath,
  PrefetchPath,
  RelatedOf,
  RelationField,
  RelationPath,
  SimpleLookups,
  StoredValues,
  UpdateInput,
  ValueRow,
  Values,
} from './types.ts'
import { findOrCreate } from './upsert-entity.ts'
import { validateLookups } from './validation.ts'

/** A model class, as a manager needs it. */
export interface ManagedModel {
  readonly $fields: object
  readonly prototype: object
}

type FieldsOf<M extends ManagedModel> = M['$fields']
type InstanceOf<M extends ManagedModel> = M['prototype']
/** The query sets of a model. */
export type SetOf<M extends ManagedModel> = QuerySet<FieldsOf<M>, InstanceOf<M>, RelatedOf<M>>

/** How rows are found by expressions. */
export interface FindOptions<F> {
  /** All of them hold. */
  readonly whereList?: readonly ConditionLike[] | undefined
  readonly orderBy?: readonly (OrderName<F> | Expression<unknown>)[] | undefined
  readonly limit?: number | null | undefined
  readonly offset?: number | undefined
}

/** What finds the definition behind a class, and the class itself: given by the module that knows models. */
export interface ManagerAccess {
  definitionOf(model: unknown): ModelDefinition | undefined
}

/**
 * The rows of a model as a whole: where query sets begin, and rows are created. A class of a program's own adds its finders:
 * `class Finder extends Manager<typeof Note> { … }`, used as `new Finder(Note)` or at `Note.objects`.
 */
export class Manager<M extends ManagedModel> {
  readonly model: M
  readonly #executor: Executor | null

  constructor(model: M, executor: Executor | null = null) {
    this.model = model
    this.#executor = executor
    if (Manager.#access.definitionOf(model) === undefined) throw new TypeError('A manager takes a model: a class made by define().')
  }

  static #access: ManagerAccess = { definitionOf: () => undefined }

  /** Told once, by the module that knows models. */
  static useAccess(access: ManagerAccess): void {
    Manager.#access = access
  }

  get #definition(): ModelDefinition {
    return Manager.#access.definitionOf(this.model) as ModelDefinition
  }

  get #entity(): EntityClass {
    return this.model as unknown as EntityClass
  }

  /** What it reads and writes through. */
  get executor(): Executor {
    return executorOf({ executor: this.#executor, definition: this.#definition })
  }

  get #set(): SetOf<M> {
    return new QuerySet(initialState(this.#definition, this.#entity, this.#executor))
  }

  /** The same manager, through a transaction or a connection. */
  using(executor: Executor): this {
    return Reflect.construct(this.constructor, [this.model, executor])
  }

  /** Runs a function with a manager whose work is one transaction: of other models by their `using(tx)`. */
  async transaction<T>(work: (bound: this, tx: Executor) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return await this.executor.transaction(async (tx) => await work(this.using(tx), tx), options)
  }

  // Query sets begin here: see QuerySet

  filter<const L extends SimpleLookups<FieldsOf<M>>, const K extends SimpleLookups<FieldsOf<M>>>(
    lookups: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional,
    others?: LookupsOf<FieldsOf<M>, RelatedOf<M>, K> | Conditional,
    ...more: readonly Conditional[]
  ): SetOf<M> {
    return this.#set.filter(lookups, others, ...more)
  }

  exclude<const L extends SimpleLookups<FieldsOf<M>>>(lookups: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional): SetOf<M> {
    return this.#set.exclude(lookups)
  }

  where(conditions: Conditional | readonly Conditional[]): SetOf<M> {
    return this.#set.where(conditions)
  }

  search(text: string): SetOf<M> {
    return this.#set.search(text)
  }

  orderBy<const N extends string>(
    ...names: readonly (OrderName<FieldsOf<M>, RelatedOf<M>> | (N & OrderPath<FieldsOf<M>, RelatedOf<M>, N>) | Expression<unknown>)[]
  ): SetOf<M> {
    return this.#set.orderBy<N>(...names)
  }

  limit(rows: number): SetOf<M> {
    return this.#set.limit(rows)
  }

  offset(rows: number): SetOf<M> {
    return this.#set.offset(rows)
  }

  distinct(): SetOf<M> {
    return this.#set.distinct()
  }

  forUpdate(options?: LockOptions): SetOf<M> {
    return this.#set.forUpdate(options)
  }

  selectRelated(
    ...paths: readonly (RelationPath<FieldsOf<M>, RelatedOf<M>> | readonly RelationPath<FieldsOf<M>, RelatedOf<M>>[])[]
  ): SetOf<M> {
    return this.#set.selectRelated(...paths)
  }

  prefetchRelated<const P extends string>(
    ...names: readonly (RelationField<FieldsOf<M>, RelatedOf<M>> | (P & PrefetchPath<FieldsOf<M>, RelatedOf<M>, P>))[]
  ): SetOf<M> {
    return this.#set.prefetchRelated<P>(...names)
  }

  only(...names: readonly (keyof Values<FieldsOf<M>> & string)[]): SetOf<M> {
    return this.#set.only(...names)
  }

  defer(...names: readonly (keyof Values<FieldsOf<M>> & string)[]): SetOf<M> {
    return this.#set.defer(...names)
  }

  values(): Promise<StoredValues<FieldsOf<M>>[]>
  values<const P extends string>(
    ...paths: readonly (P & FieldPath<FieldsOf<M>, RelatedOf<M>, P>)[]
  ): Promise<ValueRow<FieldsOf<M>, RelatedOf<M>, P>[]>
  values(...paths: readonly never[]): Promise<unknown[]> {
    return this.#set.values(...paths)
  }

  all<const L extends SimpleLookups<FieldsOf<M>>>(
    lookups?: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional,
  ): Promise<InstanceOf<M>[]> {
    return this.#set.all(lookups)
  }

  get<const L extends SimpleLookups<FieldsOf<M>>>(lookups?: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional): Promise<InstanceOf<M>> {
    return this.#set.get(lookups)
  }

  getOrNone<const L extends SimpleLookups<FieldsOf<M>>>(
    lookups?: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional,
  ): Promise<InstanceOf<M> | null> {
    return this.#set.getOrNone(lookups)
  }

  first<const L extends SimpleLookups<FieldsOf<M>>>(
    lookups?: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional,
  ): Promise<InstanceOf<M> | null> {
    return this.#set.first(lookups)
  }

  last<const L extends SimpleLookups<FieldsOf<M>>>(
    lookups?: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional,
  ): Promise<InstanceOf<M> | null> {
    return this.#set.last(lookups)
  }

  exists<const L extends SimpleLookups<FieldsOf<M>>>(lookups?: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional): Promise<boolean> {
    return this.#set.exists(lookups)
  }

  /** Of lookups, or of expressions: `count({ whereList: [...] })`. */
  async count<const L extends SimpleLookups<FieldsOf<M>>>(
    lookups?: LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | Conditional | Pick<FindOptions<FieldsOf<M>>, 'whereList'>,
  ): Promise<number> {
    if (isFindOptions(lookups)) return await this.#found(lookups).count()
    return await this.#set.count(lookups as LookupsOf<FieldsOf<M>, RelatedOf<M>, L> | undefined)
  }

  sum<const P extends string>(
    path: P & FigurePath<'sum', FieldsOf<M>, RelatedOf<M>, P>,
  ): Promise<FigureAt<'sum', FieldsOf<M>, RelatedOf<M>, P>> {
    return this.#set.sum<P>(path)
  }

  avg<const P extends string>(
    path: P & FigurePath<'avg', FieldsOf<M>, RelatedOf<M>, P>,
  ): Promise<FigureAt<'avg', FieldsOf<M>, RelatedOf<M>, P>> {
    return this.#set.avg<P>(path)
  }

  min<const P extends string>(
    path: P & FigurePath<'min', FieldsOf<M>, RelatedOf<M>, P>,
  ): Promise<FigureAt<'min', FieldsOf<M>, RelatedOf<M>, P>> {
    return this.#set.min<P>(path)
  }

  max<const P extends string>(
    path: P & FigurePath<'max', FieldsOf<M>, RelatedOf<M>, P>,
  ): Promise<FigureAt<'max', FieldsOf<M>, RelatedOf<M>, P>> {
    return this.#set.max<P>(path)
  }

  aggregate<const A extends Figures>(
    figures: A & FiguresOf<FieldsOf<M>, RelatedOf<M>, A>,
  ): Promise<FigureValues<FieldsOf<M>, RelatedOf<M>, A>> {
    return this.#set.aggregate<A>(figures)
  }

  groupBy<const P extends string>(
    ...paths: readonly (P & FieldPath<FieldsOf<M>, RelatedOf<M>, P>)[]
  ): Grouping<FieldsOf<M>, RelatedOf<M>, P> {
    return this.#set.groupBy<P>(...paths)
  }

  iterate(): AsyncGenerator<InstanceOf<M>> {
    return this.#set.iterate()
  }

  [Symbol.asyncIterator](): AsyncGenerator<InstanceOf<M>> {
    return this.#set.iterate()
  }

  // Creating

  /**
   * Stores a new row, and gives its instance.
   *
   * @throws {ValidationError} with what is wrong with each of the values; nothing was sent
   */
  async create(values: CreateInput<FieldsOf<M>>): Promise<InstanceOf<M>> {
    return (await this.bulkCreate([values]))[0] as InstanceOf<M>
  }

  /** Stores new rows in one transaction, in as few statements as the limit of parameters allows. */
  async bulkCreate(list: readonly CreateInput<FieldsOf<M>>[]): Promise<InstanceOf<M>[]> {
    if (!Array.isArray(list)) throw new TypeError(`bulkCreate() takes a list of values, found ${describeValue(list)}.`)
    const creation = { definition: this.#definition, entity: this.#entity, executor: this.executor, bound: this.#executor }
    return (await createEntities(creation, list)) as InstanceOf<M>[]
  }

  /**
   * Stores these fields of instances as they are, in one transaction, and with them those that each update sets.
   *
   * @returns how many rows there were
   * @throws {ValidationError} a value does not fit; nothing was sent
   */
  async bulkUpdate(instances: readonly InstanceOf<M>[], fields: readonly (keyof Values<FieldsOf<M>> & string)[]): Promise<number> {
    return await updateInstances(this.#definition, { instances: instances as readonly Entity[], names: fields }, this.executor)
  }

  /**
   * The row of these lookups, whose values are those that would be stored, or a new one of them and the defaults, which win. Two that do it at
   * once make one.
   *
   * @throws {ValidationError} a value does not fit; nothing was sent
   */
  async getOrCreate(
    lookup: Partial<CreateInput<FieldsOf<M>>>,
    defaults: Partial<CreateInput<FieldsOf<M>>> = {},
  ): Promise<[InstanceOf<M>, boolean]> {
    return await this.#findOrCreate(lookup, defaults)
  }

  /** The row of these lookups with the defaults stored in it, or a new one of both: otherwise as `getOrCreate`. */
  async updateOrCreate(
    lookup: Partial<CreateInput<FieldsOf<M>>>,
    defaults: Partial<CreateInput<FieldsOf<M>>> = {},
  ): Promise<[InstanceOf<M>, boolean]> {
    return await this.#findOrCreate(lookup, defaults, async (found) => {
      await (found as { update(values: object): Promise<unknown> }).update(defaults)
    })
  }

  async #findOrCreate(
    lookup: object,
    defaults: object,
    update?: (found: InstanceOf<M>) => Promise<unknown>,
  ): Promise<[InstanceOf<M>, boolean]> {
    const stored = validateLookups(this.#definition, lookup)
    const find = (executor: Executor) => this.using(executor).getOrNone(stored as never)
    const create = (executor: Executor) => this.using(executor).create({ ...lookup, ...defaults } as CreateInput<FieldsOf<M>>)
    const [instance, created] = await findOrCreate<InstanceOf<M>>(this.executor, { find, create, update })
    // What it was found through ends here: it goes on through what this manager is bound to.
    Stateful.of(instance).executor = this.#executor
    return [instance, created]
  }

  // By expressions

  /** A statement of `Model.table`, or any other, that conditions are added to: `setSql(Note.table.select()).where([…]).limit(10).fetchall()`. */
  setSql(statement: Executable): StatementBuilder {
    return new StatementBuilder(statement, this.executor)
  }

  #found({ whereList, orderBy, limit, offset }: FindOptions<FieldsOf<M>>): SetOf<M> {
    let set = this.#set
    if (whereList !== undefined && whereList.length > 0) set = set.filter(and(...whereList))
    if (orderBy !== undefined) set = set.orderBy(...orderBy)
    if (limit !== undefined && limit !== null) set = set.limit(limit)
    return offset === undefined ? set : set.offset(offset)
  }

  /** Rows as plain objects. */
  async getItems(options: FindOptions<FieldsOf<M>> = {}): Promise<StoredValues<FieldsOf<M>>[]> {
    return await this.#found(options).values()
  }

  async getInstances(options: FindOptions<FieldsOf<M>> = {}): Promise<InstanceOf<M>[]> {
    return await this.#found(options).all()
  }

  /** The first row of which all of this holds, as a plain object; null if there is none. */
  async getItem(where: readonly ConditionLike[]): Promise<StoredValues<FieldsOf<M>> | null> {
    const [item] = await this.#found({ whereList: where, limit: 1 }).values()
    return item ?? null
  }

  async getInstance(where: readonly ConditionLike[]): Promise<InstanceOf<M> | null> {
    return await this.#found({ whereList: where }).first()
  }

  /** As `create`; with `fetch: false` it gives the key. */
  async insert(values: CreateInput<FieldsOf<M>>, options?: { readonly fetch?: true | undefined }): Promise<InstanceOf<M>>
  async insert(values: CreateInput<FieldsOf<M>>, options: { readonly fetch: false }): Promise<unknown>
  async insert(values: CreateInput<FieldsOf<M>>, { fetch = true }: { readonly fetch?: boolean | undefined } = {}): Promise<unknown> {
    const instance = await this.create(values)
    return fetch ? instance : (instance as { readonly pk: unknown }).pk
  }

  /** As `bulkCreate`; with `fetch: false` it gives the number of rows. */
  async bulkInsert(rows: readonly CreateInput<FieldsOf<M>>[], options?: { readonly fetch?: true | undefined }): Promise<InstanceOf<M>[]>
  async bulkInsert(rows: readonly CreateInput<FieldsOf<M>>[], options: { readonly fetch: false }): Promise<number>
  async bulkInsert(
    rows: readonly CreateInput<FieldsOf<M>>[],
    { fetch = true }: { readonly fetch?: boolean | undefined } = {},
  ): Promise<unknown> {
    const instances = await this.bulkCreate(rows)
    return fetch ? instances : instances.length
  }

  /**
   * Stores these values in the rows of which all of `whereList` holds, or in all rows where there is none.
   *
   * @returns the number of rows, or with `fetch` the instances in the order of their keys
   * @throws {InvalidRequestError} `whereList` is given and has nothing in it
   */
  async update(
    values: UpdateInput<FieldsOf<M>>,
    options?: { readonly whereList?: readonly ConditionLike[]; readonly fetch?: false | undefined },
  ): Promise<number>
  async update(
    values: UpdateInput<FieldsOf<M>>,
    options: { readonly whereList?: readonly ConditionLike[]; readonly fetch: true },
  ): Promise<InstanceOf<M>[]>
  async update(
    values: UpdateInput<FieldsOf<M>>,
    options: { readonly whereList?: readonly ConditionLike[]; readonly fetch?: boolean | undefined } = {},
  ): Promise<number | InstanceOf<M>[]> {
    if ('whereList' in options) assertConditions('update', options.whereList)
    if (options.fetch !== true) return await this.#found(options).update(values)
    return await this.transaction(async (bound) => {
      // Afterwards the conditions may hold no more.
      const keyNames = this.#definition.keyFields.map(({ name }) => name as never)
      const keys = await bound
        .#found(options)
        .orderBy(...keyNames)
        .values(...keyNames)
      await bound.#found(options).update(values)
      return await bound.#byKeys(keys)
    })
  }

  /** The rows of keys that are in order, in as many statements as it takes. */
  async #byKeys(keys: readonly Record<string, unknown>[]): Promise<InstanceOf<M>[]> {
    const names = this.#definition.keyFields.map(({ name }) => name)
    const found: InstanceOf<M>[] = []
    for (const condition of keyConditions(names, keys))
      found.push(...(await this.#set.filter(condition as never).orderBy(...(names as never[]))))
    return found
  }

  /**
   * Deletes the rows of which all of these conditions hold. Without an argument, all rows of the table.
   *
   * @returns the number of rows
   * @throws {InvalidRequestError} an argument is given and has nothing in it
   */
  async delete(...lists: readonly (readonly ConditionLike[])[]): Promise<number> {
    if (lists.length === 0) return await this.#set.deleteAll()
    for (const list of lists) assertConditions('delete', list)
    return await this.#found({ whereList: lists.flat() }).delete()
  }
}

function isFindOptions(given: unknown): given is { readonly whereList?: readonly ConditionLike[] } {
  return typeof given === 'object' && given !== null && Object.keys(given).every((name) => name === 'whereList') && 'whereList' in given
}

function assertConditions(method: string, list: unknown): void {
  if (Array.isArray(list) && list.length > 0) return
  throw new InvalidRequestError(
    `${method}() was given conditions, and there are none (${describeValue(list)}): without the argument it is all rows.`,
  )
}
