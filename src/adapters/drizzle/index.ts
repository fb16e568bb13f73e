/**
 * Drizzle on an engine.
 *
 * @module offloop/drizzle
 */

export {
  type DrizzleArguments,
  type DrizzleClient,
  drizzle,
  drizzlePostgres,
  drizzleSqlite,
  type OffloopDatabase,
  type WithClient,
} from './drizzle.ts'
export { migrate } from './migrate.ts'
export { OffloopPostgresDatabase, OffloopPostgresTransaction } from './postgres-database.ts'
export type { PostgresResult, PostgresResultKind } from './postgres-query.ts'
export { OffloopSqliteDatabase, OffloopSqliteTransaction } from './sqlite-database.ts'
export type { SqliteRunResult } from './sqlite-query.ts'
