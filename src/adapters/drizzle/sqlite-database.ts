import { type ExtractTablesWithRelations, entityKind, is, type SQL } from 'drizzle-orm'
import type { BatchItem, BatchResponse } from 'drizzle-orm/batch'
import type { MigrationConfig, MigrationMeta } from 'drizzle-orm/migrator'
import {
  BaseSQLiteDatabase,
  type SQLiteAsyncDialect,
  SQLiteSession,
  SQLiteTransaction,
  type SQLiteTransactionConfig,
} from 'drizzle-orm/sqlite-core'
import { SQLiteRaw } from 'drizzle-orm/sqlite-core/query-builders/raw'
import type { Executor } from '../../sql/executor.ts'
import { internalsOfDatabase, prepareForBatch } from './drizzle-internals.ts'
import { runTransaction } from './run-transaction.ts'
import type { Schema, SessionSetup } from './session-setup.ts'
import { transactionWithoutForeignKeys } from './sqlite-foreign-keys.ts'
import { OffloopSqliteQuery, prepareSqliteQuery, type SqliteQueryArguments, type SqliteRunResult } from './sqlite-query.ts'

/** Drizzle's database object on an engine for SQLite. Everything it does is asynchronous. */
export class OffloopSqliteDatabase<TSchema extends Schema = Record<string, never>> extends BaseSQLiteDatabase<
  'async',
  SqliteRunResult,
  TSchema
> {
  static override readonly [entityKind]: string = 'OffloopSqliteDatabase'

  /**
   * Runs the queries in one transaction, in their order, and gives their results. They leave together: none waits for the answer to the one
   * before. If one fails, nothing of them is stored.
   */
  async batch<U extends BatchItem<'sqlite'>, T extends Readonly<[U, ...U[]]>>(queries: T): Promise<BatchResponse<T>> {
    const { session } = internalsOfDatabase<OffloopSqliteSession<TSchema>>(this)
    // The results of the queries, in their order: what that type says.
    return (await session.batch(queries)) as BatchResponse<T>
  }
}

/** Inside a transaction. `transaction()` of it is a savepoint. */
export class OffloopSqliteTransaction<TSchema extends Schema = Record<string, never>> extends SQLiteTransaction<
  'async',
  SqliteRunResult,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = 'OffloopSqliteTransaction'
}

/** Sends Drizzle's queries to an executor: an engine, a connection or a transaction. */
export class OffloopSqliteSession<TSchema extends Schema> extends SQLiteSession<
  'async',
  SqliteRunResult,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = 'OffloopSqliteSession'
  readonly #executor: Executor
  readonly #setup: SessionSetup<SQLiteAsyncDialect, TSchema>

  constructor(executor: Executor, setup: SessionSetup<SQLiteAsyncDialect, TSchema>) {
    super(setup.dialect)
    this.#executor = executor
    this.#setup = setup
  }

  /** The same on another executor. */
  on(executor: Executor): OffloopSqliteSession<TSchema> {
    return new OffloopSqliteSession(executor, this.#setup)
  }

  override prepareQuery(...args: SqliteQueryArguments): OffloopSqliteQuery {
    return prepareSqliteQuery(this.#executor, this.#setup, args)
  }

  override async transaction<T>(
    work: (tx: OffloopSqliteTransaction<TSchema>) => Promise<T>,
    config: SQLiteTransactionConfig = {},
  ): Promise<T> {
    const { dialect, schema } = this.#setup
    return await runTransaction(this.#executor, { mode: config.behavior }, (tx) =>
      work(new OffloopSqliteTransaction('async', dialect, this.on(tx), schema)),
    )
  }

  /** See `OffloopSqliteDatabase.batch()`. */
  async batch(queries: readonly unknown[]): Promise<unknown[]> {
    return await runTransaction(this.#executor, {}, (tx) => {
      const session = this.on(tx)
      return Promise.all(queries.map((query) => session.#runFromBatch(prepareForBatch(query))))
    })
  }

  /** Brings the database up to date: see `migrate()`. */
  async migrate(migrations: MigrationMeta[], config: MigrationConfig): Promise<void> {
    const { dialect } = this.#setup
    // Drizzle looks for the last migration before it begins its transaction: inside of this one nobody runs another meanwhile.
    await transactionWithoutForeignKeys(this.#executor, (tx) => dialect.migrate(migrations, this.on(tx), config))
  }

  async #runFromBatch(query: unknown): Promise<unknown> {
    if (query instanceof OffloopSqliteQuery) return await query.on(this.#executor).execute()
    if (!is(query, SQLiteRaw)) throw new TypeError('batch() takes queries of this database object.')
    const ask: (query: SQL) => Promise<unknown> = this[query.getQuery().method]
    return await ask.call(this, query.getSQL())
  }

  override async count(query: SQL): Promise<number> {
    // A bigint, where the engine is set to read integers as such.
    return Number(await super.count(query))
  }
}
