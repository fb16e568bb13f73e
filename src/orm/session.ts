import { InvalidRequestError, ResourceClosedError } from '../errors.ts'
import { Column } from '../schema/column.ts'
import type { Executor } from '../sql/executor.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { describeValue } from '../sql/parameters.ts'
import type { EntityClass } from './definition.ts'
import type { ManagedModel } from './manager.ts'
import { definitionOf, deleteInstance, Model, rememberInstance, storeNew, updateWhole, valuesToAdd } from './model.ts'
import { Stateful } from './model-state.ts'
import { SessionColumnQuery } from './session-column-query.ts'
import { type MapperFactory, SessionQuery } from './session-query.ts'
import type { RelatedOf } from './types.ts'

/** What a session does with all that it is asked for. */
export interface SessionOptions {
  /** All of it is one transaction, which is rolled back when the session is closed: for tests. Default: false. */
  readonly forceRollback?: boolean | undefined
}

/** What `session.query()` makes of its rows. */
export interface QueryOptions<T> {
  /** Makes something else of each row: it is given the query, and gives what makes it. */
  readonly mapperFactory?: MapperFactory<T> | undefined
}

/** A transaction that has been begun, as a session needs it. */
interface BegunTransaction extends Executor {
  rollback(): Promise<void>
}

/** Adds, updates and deletes instances of any models through one engine, connection or transaction. */
export class Session implements AsyncDisposable {
  readonly #executor: Executor
  readonly #forceRollback: boolean
  #begun: Promise<BegunTransaction> | null = null
  #closed = false

  /** @throws {ArgumentError} an option is unknown */
  constructor(executor: Executor, options: SessionOptions = {}) {
    if (typeof executor !== 'object' || executor === null || typeof executor.execute !== 'function') {
      throw new TypeError(`A Session takes an engine, a connection or a transaction, found ${describeValue(executor)}.`)
    }
    checkOptionNames(options, ['forceRollback'], 'A Session')
    this.#executor = executor
    this.#forceRollback = options.forceRollback ?? false
  }

  /** What it reads and writes through, for statements of other kinds. */
  readonly executor = async (): Promise<Executor> => {
    if (this.#closed) throw new ResourceClosedError('This Session is closed.')
    if (!this.#forceRollback) return this.#executor
    const { begin } = this.#executor as { begin?: () => Promise<BegunTransaction> }
    if (begin === undefined) throw new InvalidRequestError('forceRollback needs an engine or a connection, which can begin a transaction.')
    this.#begun ??= begin.call(this.#executor)
    return await this.#begun
  }

  /** Rows of a model, or the values of a column. */
  query<M extends ManagedModel, T = M['prototype']>(model: M, options?: QueryOptions<T>): SessionQuery<T, M['$fields'], RelatedOf<M>>
  query<T>(column: Column<T, unknown>): SessionColumnQuery<T>
  query(target: unknown, options: QueryOptions<unknown> = {}): unknown {
    checkOptionNames(options, ['mapperFactory'], 'query()')
    const { mapperFactory } = options
    if (mapperFactory !== undefined && typeof mapperFactory !== 'function')
      throw new TypeError(`The option "mapperFactory" of query() is a function, found ${describeValue(mapperFactory)}.`)
    if (target instanceof Column) return new SessionColumnQuery(this.executor, target)
    const definition = definitionOf(target)
    if (definition === undefined) throw new TypeError(`query() takes a model or a column of one, found ${describeValue(target)}.`)
    return new SessionQuery(this.executor, definition, { entity: target as EntityClass, mapperFactory })
  }

  /**
   * Stores new rows, all or none: their keys and defaults are on the instances afterwards. Where a field has a default, null stands for it.
   *
   * @throws {ValidationError} a value does not fit; the instances are as they were
   */
  async add(...instances: readonly object[]): Promise<void> {
    const models = instances.map(asModel)
    const executor = await this.executor()
    const undo = models.map(rememberInstance)
    const store = async (through: Executor) => {
      for (const instance of models) await storeNew(instance, through, valuesToAdd(instance))
    }
    try {
      if (models.length > 1) await executor.transaction(store)
      else await store(executor)
    } catch (error) {
      for (const restore of undo) restore()
      throw error
    }
    for (const instance of models) Stateful.of(instance).executor = executor
  }

  /**
   * Stores instances as they are, all or none.
   *
   * @throws {NoMatch} there is no row of one
   */
  async update(...instances: readonly object[]): Promise<void> {
    await this.#each(instances, updateWhole)
  }

  /**
   * Deletes the rows of instances, by their whole keys, all or none.
   *
   * @throws {NoMatch} there is none of one
   */
  async delete(...instances: readonly object[]): Promise<void> {
    await this.#each(instances, deleteInstance)
  }

  /** One after another, several of them in a transaction: what that has changed of them is undone with it. */
  async #each(instances: readonly object[], work: (model: Model, executor: Executor) => Promise<unknown>): Promise<void> {
    const [first, ...others] = instances.map(asModel)
    if (first === undefined) return
    const executor = await this.executor()
    const run = async (through: Executor) => {
      for (const model of [first, ...others]) await work(model, through)
    }
    if (others.length > 0) await executor.transaction(run)
    else await run(executor)
  }

  /** Ends it; with `forceRollback` nothing of it stays. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    const begun = this.#begun
    this.#begun = null
    if (begun !== null) await (await begun).rollback()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function asModel(instance: unknown): Model {
  if (instance instanceof Model) return instance
  throw new TypeError(`Expected an instance of a model, found ${describeValue(instance)}.`)
}
