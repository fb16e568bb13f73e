/**
 * Migrations: the files of a folder, applied in order, each with its record in one transaction.
 *
 * @module offloop/migrations
 */

export { MigrationError, type MigrationErrorOptions } from './migration-error.ts'
export type { MigrationState, MigrationStatus } from './migration-status.ts'
export {
  type AutogenerateOptions,
  type CreationOptions,
  type GeneratedMigration,
  type MigrationStep,
  Migrations,
  type UpOptions,
} from './migrations.ts'
export type { MigrationsOptions } from './options.ts'
