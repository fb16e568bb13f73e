import { createEngine } from 'offloop'
import { databaseTest } from 'offloop/testing/vitest'

const test = databaseTest({ directory: process.env['OFFLOOP_TEST_DIRECTORY'] ?? '' })

test('an engine of the same file is left open', async ({ database }) => {
  await createEngine(database.url).execute('create table t (n integer)')
})
