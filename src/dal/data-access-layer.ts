import { InvalidRequestError } from '../errors.ts'
import { type Inspector, inspect } from '../schema/inspection/inspector.ts'
import { MetaData } from '../schema/metadata.ts'
import type { Table } from '../schema/table.ts'
import type { BeginOptions, Executor, TransactionOptions } from '../sql/executor.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { asBegun, beginOn, checkExecutor } from './begun-transaction.ts'
import { Aliases, findTable, findUniqueKeys, type UniqueKey } from './named-values.ts'
import { type AliasedTable, TransactionManager } from './transaction-manager.ts'

/** What of a database a layer knows. */
export interface LayerOptions {
  /** One or several beside the default one; their tables are called 'schema.name'. */
  readonly schema?: string | readonly string[] | undefined
  /** Views too. Default: true. */
  readonly views?: boolean | undefined
  /** Only these, by 'name' or 'schema.name'. Default: all. */
  readonly only?: readonly string[] | undefined
  /** Where the tables go; what is in it already stays as it is. With a schema of its own, that one is the default. Default: a new one. */
  readonly metadata?: MetaData | undefined
}

/** How `transaction(dal, fn)` runs its function. */
export interface LayerTransactionOptions extends TransactionOptions {
  /** False: rolls back what the function has done when it returns, too. Default: true. */
  readonly commit?: boolean | undefined
}

/** What a layer is made of. */
export interface LayerParts<E extends Executor> {
  readonly engine: E
  readonly metadata: MetaData
  /** Ends what was opened for the layer. */
  readonly close?: (() => Promise<void>) | undefined
}

/**
 * The tables and views of a database under their names, as it had them when they were reflected, and the transactions that work with them.
 * Nothing is shared between two layers.
 *
 * @example
 * const dal = await DataAccessLayer.reflect(engine)
 * await transaction(dal, async (tx) => {
 *   await tx.execute(tx.getTable('author').insert().values({ name: 'bob' }))
 * })
 */
export class DataAccessLayer<E extends Executor = Executor> implements AsyncDisposable {
  /** The engine, or the connection, that it was reflected from. */
  readonly engine: E
  readonly metadata: MetaData
  /** Looks at the database as it is now. */
  readonly inspector: Inspector
  readonly #aliases = new Aliases()
  readonly #close: () => Promise<void>

  /** Made by `reflect()` and `connect()`. */
  constructor({ engine, metadata, close = async () => {} }: LayerParts<E>) {
    this.engine = engine
    this.metadata = metadata
    this.inspector = inspect(engine)
    this.#close = close
  }

  /**
   * Reads the tables of the database: those of the default schema, and of each one that is named.
   *
   * @throws {InvalidRequestError} there is no such schema, or nothing has a name that `only` has
   * @throws {ArgumentError} it is neither an engine nor a connection, or an option is unknown
   */
  static async reflect<E extends Executor>(engine: E, options: LayerOptions = {}): Promise<DataAccessLayer<E>> {
    return new DataAccessLayer({ engine, metadata: await reflected(engine, options) })
  }

  /**
   * A table or view by 'name' or 'schema.name'.
   *
   * @throws {InvalidRequestError} there is none of that name
   */
  getTable(name: string): Table {
    return findTable(this.metadata, name)
  }

  /**
   * The unique constraints of a table, or those of that name.
   *
   * @throws {InvalidRequestError} there is neither such a table nor such a constraint
   */
  getUniqueConstraints(name: string | Table): UniqueKey[] {
    return findUniqueKeys(this.metadata, name)
  }

  /** Gives a table, or anything else, a name for this layer and its transactions. */
  setAlias(name: string, value: unknown): void {
    this.#aliases.set(name, value)
  }

  /**
   * What has that name.
   *
   * @throws {InvalidRequestError} nothing has
   */
  getAlias<T = AliasedTable>(name: string): T {
    // What it is, is known to whoever has set it.
    return this.#aliases.get(name) as T
  }

  /** Begins a transaction, which is rolled back when it is disposed of before `commit()`. Inside another one of its connection it is a savepoint. */
  async begin(options: BeginOptions = {}): Promise<TransactionManager<E>> {
    return new TransactionManager<E>(await beginOn(this.engine, options), this.metadata, this.#aliases)
  }

  /** As `transaction(dal, fn, options)`. */
  async transaction<T>(fn: (tx: TransactionManager<E>) => T | Promise<T>, options: LayerTransactionOptions = {}): Promise<T> {
    if (typeof fn !== 'function') throw new TypeError('transaction() takes a function of the transaction.')
    const { commit = true, ...others } = options
    return await this.engine.transaction(async (tx) => {
      const begun = asBegun(tx)
      const value = await fn(new TransactionManager<E>(begun, this.metadata, this.#aliases))
      if (!commit) await begun.rollback()
      return value
    }, others)
  }

  /** Closes the engine that `connect()` has made; one that the layer was only given stays open. Idempotent. */
  async close(): Promise<void> {
    await this.#close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Runs a function in a transaction of the layer: commits when it returns, rolls back when it throws, when the signal fires, and with
 * `commit: false`.
 *
 * @throws {AbortError} the signal has fired
 */
export function transaction<E extends Executor, T>(
  dal: DataAccessLayer<E>,
  fn: (tx: TransactionManager<E>) => T | Promise<T>,
  options?: LayerTransactionOptions,
): Promise<T> {
  return dal.transaction(fn, options)
}

/** The tables and views that the options ask for. */
export async function reflected(executor: Executor, options: LayerOptions): Promise<MetaData> {
  checkExecutor(executor)
  checkOptionNames(options, ['schema', 'views', 'only', 'metadata'], 'reflect()')
  const { schema = [], views = true, only, metadata = new MetaData() } = options
  const named = typeof schema === 'string' ? [schema] : schema
  const found = new Set<string>()
  for (const one of new Set([metadata.schema, ...named])) {
    const names = only === undefined ? undefined : await namesIn(executor, one, only)
    for (const { asked } of names ?? []) found.add(asked)
    if (names?.length === 0) continue
    await metadata.reflect(executor, { schema: one, views, only: names?.map(({ name }) => name) })
  }
  const unknown = only?.find((name) => !found.has(name))
  if (unknown !== undefined) throw await unknownName(unknown, executor, [metadata.schema, ...named])
  return metadata
}

interface AskedName {
  /** As it was given. */
  readonly asked: string
  readonly name: string
}

/** Which of the names are tables or views of the schema: by themselves, or behind its name. */
async function namesIn(executor: Executor, schema: string | undefined, only: readonly string[]): Promise<readonly AskedName[]> {
  const inspector = inspect(executor)
  const names: AskedName[] = []
  for (const asked of only) {
    const prefix = schema === undefined ? undefined : `${schema}.`
    const behind = prefix !== undefined && asked.startsWith(prefix) ? asked.slice(prefix.length) : undefined
    if (await inspector.hasTable(asked, schema)) names.push({ asked, name: asked })
    else if (behind !== undefined && (await inspector.hasTable(behind, schema))) names.push({ asked, name: behind })
  }
  return names
}

async function unknownName(name: string, executor: Executor, schemas: readonly (string | undefined)[]): Promise<InvalidRequestError> {
  const inspector = inspect(executor)
  const lists = await Promise.all(schemas.map(async (one) => [...(await inspector.tables(one)), ...(await inspector.views(one))]))
  return new InvalidRequestError(`There is no table or view ${printableName(name)} to reflect.${didYouMean(name, lists.flat())}`)
}
