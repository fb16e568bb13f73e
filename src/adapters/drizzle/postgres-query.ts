import { entityKind, fillPlaceholders } from 'drizzle-orm'
import { PgPreparedQuery, type PgQueryResultHKT, type PgSession, type PreparedQueryConfig } from 'drizzle-orm/pg-core'
import type { ExecuteOptions, Executor, PendingResult } from '../../sql/executor.ts'
import { scanStatement } from '../../sql/scan-statement.ts'
import { type Fields, internalsOfQuery, mapResultRow } from './drizzle-internals.ts'
import { toPostgresParameters } from './postgres-parameters.ts'
import type { QuerySetup } from './session-setup.ts'

/** What `db.execute()` gives, as node-postgres tells it. */
export interface PostgresResult<TRow> {
  readonly rows: TRow[]
  /** Rows given, or inserted, or matched by UPDATE and DELETE; 0 for every other statement. */
  readonly rowCount: number
  readonly fields: readonly { readonly name: string }[]
}

/** Tells Drizzle's types what `db.execute()` gives. */
export interface PostgresResultKind extends PgQueryResultHKT {
  readonly type: PostgresResult<this['row']>
}

/** What Drizzle prepares a query from. */
export type PostgresQueryArguments = Parameters<PgSession<PostgresResultKind>['prepareQuery']>

/** A query of Drizzle's on one executor. It may be run any number of times, each with values for its placeholders. */
export abstract class OffloopPostgresQuery extends PgPreparedQuery<PreparedQueryConfig> {
  static override readonly [entityKind]: string = 'OffloopPostgresQuery'
  readonly #executor: Executor
  readonly #setup: QuerySetup

  // The name is of no use here: the engine keeps every statement prepared that is asked for again.
  constructor(executor: Executor, setup: QuerySetup, [query, , , , , metadata, cacheConfig]: PostgresQueryArguments) {
    super(query, setup.cache, metadata, cacheConfig)
    this.#executor = executor
    this.#setup = setup
  }

  /** Gives rows as objects, whatever Drizzle would make of them. */
  async all(placeholderValues?: Record<string, unknown>): Promise<unknown[]> {
    return await this.ask(placeholderValues, async (params) => (await this.run(params)).rows)
  }

  /** Fills the placeholders, tells the logger, and asks the cache or runs the query. */
  protected async ask<T>(placeholderValues: Record<string, unknown> = {}, run: (params: readonly unknown[]) => Promise<T>): Promise<T> {
    const { sql } = this.query
    const params = fillPlaceholders(this.query.params, placeholderValues)
    this.#setup.logger.logQuery(sql, params)
    return await internalsOfQuery(this).queryWithCache(sql, params, () => run(params))
  }

  protected send<R>(params: readonly unknown[], rowMode: ExecuteOptions['rowMode']): PendingResult<R> {
    // Drizzle's columns read timestamps and int8 by themselves, as node-postgres leaves them.
    return this.#executor.execute<R>(this.query.sql, toPostgresParameters(params), { rowMode, integers: 'number', serverTexts: true })
  }

  protected async run(params: readonly unknown[]): Promise<PostgresResult<unknown>> {
    if (params.length === 0 && scanStatement(this.query.sql, 'postgresql').statements !== 1) {
      // Without parameters a text may hold any number of statements, as with node-postgres; migrations do.
      await this.#executor.script(this.query.sql)
      return { rows: [], rowCount: 0, fields: [] }
    }
    const result = await this.send(params, 'object')
    const fields = result.columns.map(({ name }) => ({ name }))
    const rows = result.returnsRows ? await result.fetchall() : []
    return { rows, rowCount: result.rowcount === -1 ? rows.length : result.rowcount, fields }
  }
}

/** The query that Drizzle asks its session for. */
export function preparePostgresQuery(executor: Executor, setup: QuerySetup, args: PostgresQueryArguments): OffloopPostgresQuery {
  const [, fields, , , mapRows] = args
  const isPlain = fields === undefined && mapRows === undefined
  return isPlain ? new PlainPostgresQuery(executor, setup, args) : new BuiltPostgresQuery(executor, setup, args)
}

/** SQL written by hand, or a statement without RETURNING. */
class PlainPostgresQuery extends OffloopPostgresQuery {
  static override readonly [entityKind]: string = 'OffloopPlainPostgresQuery'

  override async execute(placeholderValues?: Record<string, unknown>): Promise<PostgresResult<unknown>> {
    return await this.ask(placeholderValues, (params) => this.run(params))
  }
}

/** A query whose rows Drizzle makes objects of: by the columns it selects, or, as a relational one, by a function of its own. */
class BuiltPostgresQuery extends OffloopPostgresQuery {
  static override readonly [entityKind]: string = 'OffloopBuiltPostgresQuery'
  readonly #fields: Fields
  readonly #mapRows: PostgresQueryArguments[4]

  constructor(executor: Executor, setup: QuerySetup, args: PostgresQueryArguments) {
    super(executor, setup, args)
    const [, fields = [], , , mapRows] = args
    this.#fields = fields
    this.#mapRows = mapRows
  }

  override async execute(placeholderValues?: Record<string, unknown>): Promise<unknown> {
    const rows = await this.ask(placeholderValues, (params) => this.send<unknown[]>(params, 'array').fetchall())
    if (this.#mapRows !== undefined) return this.#mapRows(rows)
    const { joinsNotNullableMap } = internalsOfQuery(this)
    return rows.map((row) => mapResultRow(this.#fields, row, joinsNotNullableMap))
  }
}
