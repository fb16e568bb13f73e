/**
 * Databases for tests as fixtures of vitest.
 *
 * @module offloop/testing/vitest
 */

import '../../node-version.ts'

export { type DatabaseFixtures, type DatabaseTestOptions, databaseTest, type TransactionFixtures } from './database-test.ts'
