import type { Writable } from 'node:stream'
import type { Knex } from 'knex'
import BetterSqlite3Client from 'knex/lib/dialects/better-sqlite3/index.js'
import SqliteTransaction from 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js'
import type { AsyncConnection } from '../../engine/contract.ts'
import { type AfterCreate, closingOnFailure } from './after-create.ts'
import { type EngineSettings, engineSettings, type OffloopConnectionConfig, withSettings } from './connection-settings.ts'
import { EngineSource } from './engine-source.ts'
import type { ClientOptions, KnexQuery } from './knex-query.ts'
import { pooledConnection } from './pooled-connection.ts'
import { refusalOf, runQuery, streamQuery } from './run-query.ts'

/** By a name that Knex's types know: users cannot resolve the other one. */
const KnexClient: typeof Knex.Client = BetterSqlite3Client

/**
 * Knex on SQLite off the event loop: Knex's own client for better-sqlite3, with an engine in place of the driver.
 *
 * ```ts
 * const db = knex({ client: OffloopClient, connection: { filename: './app.db' }, useNullAsDefault: true })
 * ```
 *
 * `connection` is `{ filename }`, `{ url, options }` or `{ engine }`, or the text of a path or a URL. Knex's pool holds connections of the
 * engine: they are what its users count (`min`, `max`), prepare (`afterCreate`) and hand about (`.connection()`).
 *
 * Transactions are `BEGIN IMMEDIATE` with their first statement, or read-only with `{ readOnly: true }`; `.stream()` takes bounded memory;
 * `.timeout(ms, { cancel: true })` gives the statement up. Errors are the engine's own, with the statement in front of the message, and
 * its values only with `compileSqlOnError: true`; with `asBetterSqlite3: true` they are better-sqlite3's.
 *
 * @throws {ArgumentError} from `knex()`: the connection names no SQLite database, or has an option that is unknown or out of range
 */
export class OffloopClient extends KnexClient {
  // Knex makes the client of a transaction with `Object.create(client.constructor.prototype)`: on that no private field is there. It only
  // runs queries.
  #source: EngineSource | undefined
  declare readonly transacting?: boolean

  static {
    Object.assign(this.prototype, { canCancelQuery: true })
  }

  constructor(config: Knex.Config) {
    super(withSettings(config))
    // Else the message of a query's error holds the query's values.
    this.config.compileSqlOnError ??= false
    const { connection, pool } = this.config
    if (connection === undefined) return
    this.#source = new EngineSource(pool?.max ?? this.poolDefaults().max)
    if (typeof connection !== 'object') return
    // In Knex 3.1 they are a deep copy, also of what is not to be copied: an engine.
    this.connectionSettings = connection
    this.#source.use(this.#settings())
  }

  /** Nothing is loaded on this thread. */
  protected _driver(): null {
    return null
  }

  /** As for every other database: connections of an engine do not stand in each other's way, and share a memory database. */
  override poolDefaults(): ReturnType<Knex.Client['poolDefaults']> {
    return { min: 1, max: 10, propagateCreateError: true }
  }

  override getPoolSettings(poolConfig?: Knex.PoolConfig): unknown {
    const { afterCreate } = poolConfig ?? {}
    if (typeof afterCreate !== 'function') return super.getPoolSettings(poolConfig)
    const close = (connection: AsyncConnection) => this.destroyRawConnection(connection)
    // Knex's types call it a Function.
    return super.getPoolSettings({ ...poolConfig, afterCreate: closingOnFailure(afterCreate as AfterCreate, close) })
  }

  #settings(): EngineSettings {
    return engineSettings(this.connectionSettings as OffloopConnectionConfig)
  }

  // Only the pool calls these two, and there is none without a connection in the configuration.
  override async acquireRawConnection(): Promise<AsyncConnection> {
    try {
      return await (this.#source as EngineSource).connect(this.#settings())
    } catch (error) {
      throw await refusalOf(error, optionsOf(this))
    }
  }

  override async destroyRawConnection(connection: AsyncConnection): Promise<void> {
    await (this.#source as EngineSource).disconnect(connection)
  }

  override async validateConnection(connection: AsyncConnection): Promise<boolean> {
    return pooledConnection(connection).usable
  }

  override async releaseConnection(connection: AsyncConnection): Promise<void> {
    if (pooledConnection(connection).countRelease()) await super.releaseConnection(connection)
  }

  override transaction(container: unknown, config: unknown, outer: unknown): Knex.Transaction {
    // Knex's types know a transaction by what its users do with it.
    return new OffloopTransaction(this, container, config, outer) as unknown as Knex.Transaction
  }

  protected async _query(connection: AsyncConnection | undefined, query: KnexQuery): Promise<KnexQuery> {
    return await runQuery({ connection, query, options: optionsOf(this) })
  }

  protected async _stream(connection: AsyncConnection | undefined, query: KnexQuery, stream: Writable): Promise<void> {
    // Knex releases the connection when the stream closes, and again when this has resolved: by then it may be somebody else's.
    if (connection !== undefined && this.transacting !== true) pooledConnection(connection).ignoreNextRelease()
    await streamQuery(stream, { connection, query, options: optionsOf(this) })
  }

  override async cancelQuery(connection?: AsyncConnection): Promise<void> {
    if (connection !== undefined) pooledConnection(connection).cancel()
  }

  override async destroy(callback?: (error?: unknown) => void): Promise<void> {
    const source = #source in this && this.pool !== undefined ? this.#source : undefined
    try {
      await super.destroy(undefined)
      await source?.close()
    } catch (error) {
      if (callback === undefined) throw error
      callback(error)
      return
    }
    callback?.()
  }
}

function optionsOf({ config, connectionSettings }: Knex.Client): ClientOptions {
  const { asBetterSqlite3 = false } = config
  const { safeIntegers } = (connectionSettings as OffloopConnectionConfig | undefined)?.options ?? {}
  return { safeIntegers: safeIntegers ?? (asBetterSqlite3 ? false : undefined), driverErrors: asBetterSqlite3 }
}

/** SQLite is serializable, which is every isolation level and more; and an engine can make a transaction read-only. */
class OffloopTransaction extends SqliteTransaction {
  override begin(connection: object): Promise<unknown> {
    return this.query(connection, this.readOnly === true ? 'BEGIN READ ONLY;' : 'BEGIN;')
  }
}
