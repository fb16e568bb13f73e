import { rejects } from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import type { AsyncEngine } from 'offloop'
import { databaseTest } from 'offloop/testing/vitest'

const directory = process.env['OFFLOOP_TEST_DIRECTORY'] ?? ''

const unmigrated = databaseTest({
  directory,
  migrations: async (engine: AsyncEngine) => {
    await engine.execute('create table t (n integer)')
    throw new Error('does not migrate')
  },
})

unmigrated('a migration fails', async ({ engine }) => {
  appendFileSync(`${directory}/ran`, String(engine.closed))
})

const test = databaseTest({ directory })

test('a transaction is ended inside the test', async ({ tx, engine }) => {
  await tx.script('commit')
  await rejects(async () => await engine.execute('select 1'))
})
