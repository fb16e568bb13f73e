import type { DialectName } from '../sql/dialect.ts'
import type { Migration } from './migration.ts'
import type { MigrationFile } from './migration-files.ts'
import { moduleMigration } from './module-migration.ts'
import { sqlMigration } from './sql-migration.ts'

/**
 * Reads a migration without running anything of it but a module's own first lines.
 *
 * @throws {MigrationError} it is none, or may not run as it is
 */
export async function loadMigration(file: MigrationFile, dialect: DialectName): Promise<Migration> {
  return file.kind === 'sql' ? sqlMigration(file, dialect) : await moduleMigration(file)
}
