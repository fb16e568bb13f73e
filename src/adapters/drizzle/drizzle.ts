import { type Casing, type DrizzleConfig, is, Table } from 'drizzle-orm'
import { PgDialect, PgTable } from 'drizzle-orm/pg-core'
import { SQLiteAsyncDialect, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { AsyncConnection, AsyncEngine, AsyncTransaction } from '../../engine/contract.ts'
import { ArgumentError, NotSupportedError } from '../../errors.ts'
import type { DialectName } from '../../sql/dialect.ts'
import { describeValue } from '../../sql/parameters.ts'
import { internalsOfDatabase } from './drizzle-internals.ts'
import { OffloopPostgresDatabase, OffloopPostgresSession } from './postgres-database.ts'
import { type Schema, sessionSetup } from './session-setup.ts'
import { OffloopSqliteDatabase, OffloopSqliteSession } from './sqlite-database.ts'

/**
 * What Drizzle can work on. On an engine a statement runs on whichever connection is free, and each transaction has one to itself; on a
 * connection everything runs on that; on a transaction everything is part of it.
 */
export type DrizzleClient = AsyncEngine | AsyncConnection | AsyncTransaction

/** The client that a database object was made with. */
export interface WithClient<TClient> {
  readonly $client: TClient
}

type DialectOf<TTable> = TTable extends { readonly _: { readonly config: { readonly dialect: infer TDialect } } } ? TDialect : never
type DialectsOf<TSchema> = TSchema extends Record<string, never> ? never : DialectOf<TSchema[keyof TSchema]>

/** PostgreSQL's database object where the schema holds tables of `drizzle-orm/pg-core`, else SQLite's. */
export type OffloopDatabase<TSchema extends Schema = Record<string, never>> =
  'pg' extends DialectsOf<TSchema> ? OffloopPostgresDatabase<TSchema> : OffloopSqliteDatabase<TSchema>

type ConfigWithClient<TSchema extends Schema, TClient> = DrizzleConfig<TSchema> & { readonly client: TClient }

/** A client and how Drizzle is to work on it, in either of the two ways in which Drizzle's own drivers take them. */
export type DrizzleArguments<TSchema extends Schema, TClient> =
  | readonly [client: TClient, config?: DrizzleConfig<TSchema>]
  | readonly [config: ConfigWithClient<TSchema, TClient>]

/**
 * Drizzle's database object for an engine, a connection or a transaction: `drizzle(engine, { schema })` or `drizzle({ client: engine, schema })`.
 * The client says which database it is; its type is told by the tables of the schema, and without any it is SQLite's. Where the type cannot
 * be known that way, `drizzleSqlite` and `drizzlePostgres` say it.
 *
 * @example
 * const db = drizzle(createEngine('sqlite:///app.db'), { schema })
 * await db.transaction((tx) => tx.insert(schema.users).values({ name: 'Ada' }))
 *
 * @throws {ArgumentError} the schema holds tables of another database than the client's
 * @throws {NotSupportedError} the client's database is neither SQLite nor PostgreSQL
 */
export function drizzle<TSchema extends Schema = Record<string, never>, TClient extends DrizzleClient = AsyncEngine>(
  ...args: DrizzleArguments<TSchema, TClient>
): OffloopDatabase<TSchema> & WithClient<TClient> {
  const { client, config } = readArguments(args)
  // The tables of the schema have told the type, and a client that contradicts them is refused.
  return makers[client.dialect.name](client, config) as OffloopDatabase<TSchema> & WithClient<TClient>
}

/**
 * As `drizzle`, for SQLite.
 *
 * @throws {ArgumentError} the client is for another database, or the schema's tables are
 */
export function drizzleSqlite<TSchema extends Schema = Record<string, never>, TClient extends DrizzleClient = AsyncEngine>(
  ...args: DrizzleArguments<TSchema, TClient>
): OffloopSqliteDatabase<TSchema> & WithClient<TClient> {
  const { client, config } = readArguments(args)
  assertDialect(client, 'sqlite')
  return makeSqlite(client, config)
}

/**
 * As `drizzle`, for PostgreSQL.
 *
 * @throws {ArgumentError} the client is for another database, or the schema's tables are
 */
export function drizzlePostgres<TSchema extends Schema = Record<string, never>, TClient extends DrizzleClient = AsyncEngine>(
  ...args: DrizzleArguments<TSchema, TClient>
): OffloopPostgresDatabase<TSchema> & WithClient<TClient> {
  const { client, config } = readArguments(args)
  assertDialect(client, 'postgresql')
  return makePostgres(client, config)
}

const makers: Readonly<Record<DialectName, <TSchema extends Schema>(client: DrizzleClient, config: DrizzleConfig<TSchema>) => object>> = {
  sqlite: makeSqlite,
  postgresql: makePostgres,
  mysql: () => {
    throw new NotSupportedError('offloop/drizzle is for SQLite and PostgreSQL: found an engine for mysql.')
  },
}

function makeSqlite<TSchema extends Schema, TClient extends DrizzleClient>(
  client: TClient,
  config: DrizzleConfig<TSchema>,
): OffloopSqliteDatabase<TSchema> & WithClient<TClient> {
  assertTables(config, 'drizzle-orm/sqlite-core', (table) => is(table, SQLiteTable))
  const setup = sessionSetup(new SQLiteAsyncDialect(dialectConfigOf(config)), config)
  const session = new OffloopSqliteSession(client, setup)
  return finish(new OffloopSqliteDatabase<TSchema>('async', setup.dialect, session, setup.schema), client, config)
}

function makePostgres<TSchema extends Schema, TClient extends DrizzleClient>(
  client: TClient,
  config: DrizzleConfig<TSchema>,
): OffloopPostgresDatabase<TSchema> & WithClient<TClient> {
  assertTables(config, 'drizzle-orm/pg-core', (table) => is(table, PgTable))
  const setup = sessionSetup(new PgDialect(dialectConfigOf(config)), config)
  const session = new OffloopPostgresSession(client, setup)
  return finish(new OffloopPostgresDatabase<TSchema>(setup.dialect, session, setup.schema), client, config)
}

function dialectConfigOf({ casing }: DrizzleConfig<Schema>): { readonly casing?: Casing } {
  return casing === undefined ? {} : { casing }
}

function finish<TDatabase extends object, TClient>(
  database: TDatabase,
  client: TClient,
  { cache }: DrizzleConfig<Schema>,
): TDatabase & WithClient<TClient> {
  // As with Drizzle's own drivers, `$cache` is the cache itself.
  if (cache !== undefined) internalsOfDatabase(database).$cache = Object.assign(cache, { invalidate: cache.onMutate })
  return Object.assign(database, { $client: client })
}

function readArguments<TSchema extends Schema, TClient extends DrizzleClient>(
  args: DrizzleArguments<TSchema, TClient>,
): { readonly client: TClient; readonly config: DrizzleConfig<TSchema> } {
  const [first, config = {}] = args
  const read = hasClient(first) ? { client: first.client, config: first } : { client: first, config }
  if (typeof read.client !== 'object' || read.client === null || !('dialect' in read.client)) {
    throw new ArgumentError(`Expected an engine, a connection or a transaction of offloop, found ${describeValue(read.client)}.`)
  }
  return read
}

function hasClient<TSchema extends Schema, TClient>(
  first: TClient | ConfigWithClient<TSchema, TClient>,
): first is ConfigWithClient<TSchema, TClient> {
  return typeof first === 'object' && first !== null && 'client' in first
}

function assertDialect(client: DrizzleClient, expected: DialectName): void {
  const { name } = client.dialect
  if (name !== expected) throw new ArgumentError(`Expected an engine for ${expected}, found one for ${name}.`)
}

function assertTables<TSchema extends Schema>({ schema }: DrizzleConfig<TSchema>, source: string, isOurs: (table: Table) => boolean): void {
  for (const [name, value] of Object.entries(schema ?? {})) {
    if (is(value, Table) && !isOurs(value)) {
      throw new ArgumentError(`The schema's "${name}" is a table of another database: expected tables of ${source}.`)
    }
  }
}
