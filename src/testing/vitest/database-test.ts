import { type TestAPI, test } from 'vitest'
import type { AsyncEngine, AsyncTransaction } from '../../engine/contract.ts'
import { type RollbackScope, rollbackScope } from '../rollback-scope.ts'
import { type TemporaryDatabase, type TemporaryDatabaseOptions, temporaryDatabase } from '../temporary-database.ts'

/** How the database of a file of tests is made, and what each test does in it. */
export interface DatabaseTestOptions extends TemporaryDatabaseOptions {
  /** Whether each test has a transaction that is rolled back behind it. Default: true. */
  readonly transaction?: boolean | undefined
}

/** What a test of `databaseTest` can ask for. */
export interface DatabaseFixtures {
  /** The database itself, one for each file of tests: for `test.beforeAll`, and for what has to be stored. */
  readonly database: TemporaryDatabase
  /** The engine that code under test is given: what it does is rolled back with the test, unless `transaction` is false. */
  readonly engine: AsyncEngine
}

/** What it can ask for unless `transaction` is false. */
export interface TransactionFixtures extends DatabaseFixtures {
  readonly scope: RollbackScope
  /** The transaction that the test runs in. */
  readonly tx: AsyncTransaction
}

/**
 * Makes vitest's `test` with a database: created, migrated and reflected for the first test of a file that asks for it, dropped at the end of the
 * file, with a transaction for each test that always rolls back. What fails in any of these steps fails the test, or the file. To be called
 * outside of `describe`, as vitest wants it of whatever belongs to a file.
 *
 * The options are those of `temporaryDatabase`. Without `url` it is that of the environment variable `OFFLOOP_TEST_URL`, and without that an SQLite
 * file in a folder for temporary files.
 *
 * @example
 * const test = databaseTest({ metadata })
 *
 * test('a user has a name', async ({ engine }) => {
 *   await engine.execute(users.insert().values({ name: 'Ada' }))
 *   expect(await engine.scalar('select name from users')).toBe('Ada')
 * })
 */
export function databaseTest(options: DatabaseTestOptions & { readonly transaction: false }): TestAPI<DatabaseFixtures>
export function databaseTest(options?: DatabaseTestOptions & { readonly transaction?: true | undefined }): TestAPI<TransactionFixtures>
export function databaseTest(options: DatabaseTestOptions): TestAPI<DatabaseFixtures>
export function databaseTest({ transaction = true, ...options }: DatabaseTestOptions = {}): unknown {
  // vitest reads the names of what a fixture needs from the pattern of its first parameter.
  const withDatabase = test.extend<{ database: TemporaryDatabase }>({
    database: [
      // biome-ignore lint/correctness/noEmptyPattern: it needs nothing, and has to say so in a pattern.
      async ({}, use) => await useAndDispose(await temporaryDatabase({ ...options, url: urlFor(options) }), use),
      // Not of the worker: what fails at the end of that fails nothing.
      { scope: 'file' },
    ],
  })
  if (!transaction) {
    return withDatabase.extend<{ engine: AsyncEngine }>({ engine: async ({ database }, use) => await use(database.engine) })
  }
  return withDatabase.extend<Omit<TransactionFixtures, 'database'>>({
    scope: async ({ database }, use) => await useAndDispose(await rollbackScope(database.engine), use),
    engine: async ({ scope }, use) => await use(scope.engine),
    tx: async ({ scope }, use) => await use(scope.tx),
  })
}

function urlFor({ url, directory }: TemporaryDatabaseOptions): TemporaryDatabaseOptions['url'] {
  if (url !== undefined || directory !== undefined) return url
  const given = process.env['OFFLOOP_TEST_URL'] ?? ''
  return given === '' ? undefined : given
}

async function useAndDispose<T extends AsyncDisposable>(value: T, use: (value: T) => Promise<void>): Promise<void> {
  try {
    await use(value)
  } finally {
    await value[Symbol.asyncDispose]()
  }
}
