import { type MigrationConfig, type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { internalsOfDatabase } from './drizzle-internals.ts'
import type { OffloopPostgresDatabase } from './postgres-database.ts'
import type { Schema } from './session-setup.ts'
import type { OffloopSqliteDatabase } from './sqlite-database.ts'

/**
 * Runs the migrations of a folder of drizzle-kit's that the database has not seen, in their order: all of them or, where one fails, none.
 * Of several programs that do so at once one works, and the others wait for it and find nothing left to do.
 *
 * SQLite makes a table anew to change it, and would take the rows of others along: foreign keys are not enforced meanwhile, and checked at
 * the end.
 *
 * @throws {DrizzleQueryError} a statement of them has failed; its cause is the engine's error
 * @throws {IntegrityError} SQLite: rows refer to others that are not there any more
 */
export async function migrate<TSchema extends Schema>(
  db: OffloopSqliteDatabase<TSchema> | OffloopPostgresDatabase<TSchema>,
  config: MigrationConfig,
): Promise<void> {
  const migrations = readMigrationFiles(config)
  await internalsOfDatabase<MigratingSession>(db).session.migrate(migrations, config)
}

interface MigratingSession {
  migrate(migrations: MigrationMeta[], config: MigrationConfig): Promise<void>
}
