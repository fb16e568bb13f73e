import { entityKind, fillPlaceholders } from 'drizzle-orm'
import { type PreparedQueryConfig, SQLitePreparedQuery, type SQLiteSession } from 'drizzle-orm/sqlite-core'
import type { ExecuteOptions, Executor, PendingResult } from '../../sql/executor.ts'
import { type Fields, internalsOfQuery, mapResultRow } from './drizzle-internals.ts'
import type { QuerySetup } from './session-setup.ts'
import { IntegerReader } from './sqlite-integers.ts'

/** What a statement has done that was run for its effect, as better-sqlite3 tells it. */
export interface SqliteRunResult {
  /** Rows inserted, or matched by UPDATE and DELETE; 0 for every other statement. */
  readonly changes: number
  /** Of the row that the statement has inserted last, a bigint beyond 2^53 - 1; 0 where it has inserted none. */
  readonly lastInsertRowid: number | bigint
}

/** What Drizzle prepares a query from. */
export type SqliteQueryArguments = Parameters<
  SQLiteSession<'async', SqliteRunResult, Record<string, never>, Record<string, never>>['prepareQuery']
>

/** Nobody but Drizzle knows what a query gives. */
type AsyncQueryConfig = PreparedQueryConfig & { readonly type: 'async' }

/** A query of Drizzle's on one executor. It may be run any number of times, each with values for its placeholders. */
export abstract class OffloopSqliteQuery extends SQLitePreparedQuery<AsyncQueryConfig> {
  static override readonly [entityKind]: string = 'OffloopSqliteQuery'
  readonly #executor: Executor
  readonly #setup: QuerySetup
  readonly #args: SqliteQueryArguments

  constructor(executor: Executor, setup: QuerySetup, args: SqliteQueryArguments) {
    const [query, , executeMethod, , , metadata, cacheConfig] = args
    super('async', executeMethod, query, setup.cache, metadata, cacheConfig)
    this.#executor = executor
    this.#setup = setup
    this.#args = args
  }

  /** The same query on another executor. */
  on(executor: Executor): OffloopSqliteQuery {
    const query = prepareSqliteQuery(executor, this.#setup, this.#args)
    internalsOfQuery(query).joinsNotNullableMap = internalsOfQuery(this).joinsNotNullableMap
    return query
  }

  protected get isCached(): boolean {
    return this.#setup.cache !== undefined && internalsOfQuery(this).cacheConfig !== undefined
  }

  override async run(placeholderValues?: Record<string, unknown>): Promise<SqliteRunResult> {
    return await this.ask(placeholderValues, async (params) => {
      // Should it have rows, nobody reads them: none of them can be too large.
      const result = await this.send(params, { integers: 'bigint' })
      await result.close()
      const rowid = result.lastrowid ?? 0
      const isSafe = Number.isSafeInteger(Number(rowid))
      return { changes: Math.max(result.rowcount, 0), lastInsertRowid: isSafe ? Number(rowid) : rowid }
    })
  }

  /** Fills the placeholders, tells the logger, and asks the cache or runs the query. */
  protected async ask<T>(placeholderValues: Record<string, unknown> = {}, run: (params: readonly unknown[]) => Promise<T>): Promise<T> {
    const { sql } = this.query
    const params = fillPlaceholders(this.query.params, placeholderValues)
    this.#setup.logger.logQuery(sql, params)
    return await internalsOfQuery(this).queryWithCache(sql, params, () => run(params))
  }

  protected send<R>(params: readonly unknown[], options: ExecuteOptions): PendingResult<R> {
    return this.#executor.execute<R>(this.query.sql, params, options)
  }
}

/** The query that Drizzle asks its session for. */
export function prepareSqliteQuery(executor: Executor, setup: QuerySetup, args: SqliteQueryArguments): OffloopSqliteQuery {
  const [, fields, , , mapRows] = args
  const isPlain = fields === undefined && mapRows === undefined
  return isPlain ? new PlainSqliteQuery(executor, setup, args) : new BuiltSqliteQuery(executor, setup, args)
}

/** SQL written by hand, or a statement without RETURNING: its rows are given as they are, integers as the engine is set to read them. */
class PlainSqliteQuery extends OffloopSqliteQuery {
  static override readonly [entityKind]: string = 'OffloopPlainSqliteQuery'

  override async all(placeholderValues?: Record<string, unknown>): Promise<unknown[]> {
    return await this.ask(placeholderValues, (params) => this.#rows(params, 'object'))
  }

  override async values(placeholderValues?: Record<string, unknown>): Promise<unknown[]> {
    return await this.ask(placeholderValues, (params) => this.#rows(params, 'array'))
  }

  override async get(placeholderValues?: Record<string, unknown>): Promise<unknown> {
    return await this.ask(placeholderValues, async (params) => {
      const result = await this.send(params, {})
      return result.returnsRows ? ((await result.first()) ?? undefined) : undefined
    })
  }

  /** Nobody knows whether there are any before it has run. */
  async #rows(params: readonly unknown[], rowMode: 'object' | 'array'): Promise<unknown[]> {
    const result = await this.send(params, { rowMode })
    return result.returnsRows ? await result.fetchall() : []
  }
}

/** A query whose rows Drizzle makes objects of: by the columns it selects, or, as a relational one, by a function of its own. */
class BuiltSqliteQuery extends OffloopSqliteQuery {
  static override readonly [entityKind]: string = 'OffloopBuiltSqliteQuery'
  readonly #fields: Fields
  readonly #mapRows: SqliteQueryArguments[4]
  readonly #integers: IntegerReader

  constructor(executor: Executor, setup: QuerySetup, args: SqliteQueryArguments) {
    super(executor, setup, args)
    const [, fields = [], , , mapRows] = args
    this.#fields = fields
    this.#mapRows = mapRows
    this.#integers = new IntegerReader(fields)
  }

  override async all(placeholderValues?: Record<string, unknown>): Promise<unknown> {
    const rows = await this.values(placeholderValues)
    return this.#mapRows === undefined ? rows.map((row) => this.#mapRow(row)) : this.#mapRows(rows)
  }

  override async get(placeholderValues?: Record<string, unknown>): Promise<unknown> {
    // A cache keeps rows under the text of their query: it must not take the first one for all of them.
    const row = this.isCached ? (await this.values(placeholderValues))[0] : await this.#firstRow(placeholderValues)
    if (row === undefined) return undefined
    return this.#mapRows === undefined ? this.#mapRow(row) : this.#mapRows([row])
  }

  override async values(placeholderValues?: Record<string, unknown>): Promise<unknown[][]> {
    return await this.ask(placeholderValues, async (params) => this.#integers.read(await this.#sendForArrays(params).fetchall()))
  }

  async #firstRow(placeholderValues: Record<string, unknown> | undefined): Promise<unknown[] | undefined> {
    return await this.ask(placeholderValues, async (params) => {
      const row = await this.#sendForArrays(params).first()
      return row === null ? undefined : this.#integers.read([row])[0]
    })
  }

  #sendForArrays(params: readonly unknown[]): PendingResult<unknown[]> {
    return this.send<unknown[]>(params, { rowMode: 'array', integers: this.#integers.setting })
  }

  #mapRow(row: readonly unknown[]): unknown {
    return mapResultRow(this.#fields, row, internalsOfQuery(this).joinsNotNullableMap)
  }
}
