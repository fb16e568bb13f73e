/**
 * Databases for tests, and transactions that are always rolled back, for every test runner.
 *
 * @module offloop/testing
 */

import '../node-version.ts'

export { createDatabase, dropDatabase } from '../dal/databases.ts'
export type { MigrationSource } from './migrate.ts'
export type { Reflection } from './reflection.ts'
export { type RollbackScope, rollbackScope } from './rollback-scope.ts'
export { type TemporaryDatabase, type TemporaryDatabaseOptions, temporaryDatabase } from './temporary-database.ts'
