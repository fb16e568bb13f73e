import type { AsyncEngine, AsyncTransaction } from 'offloop'
import { integer, MetaData, Table } from 'offloop/schema'
import { databaseTest } from 'offloop/testing/vitest'
import { afterAll, describe, expect, expectTypeOf } from 'vitest'
import { drivers } from '../engine/open-engine.ts'

const metadata = new MetaData()
const numbers = new Table('numbers', metadata, { n: integer({ primaryKey: true }) })

const withTransaction = databaseTest({ url: 'sqlite://', metadata })
const withoutTransaction = databaseTest({ url: 'sqlite://', metadata, reflect: false, transaction: false })
const untouched = databaseTest({ url: 'postgresql://127.0.0.1:1/nowhere' })

describe('with a transaction', () => {
  withTransaction('the engine and the transaction of a test are one', async ({ database, scope, engine, tx }) => {
    expect([scope.engine, scope.tx]).toEqual([engine, tx])
    expect([...(database.metadata?.tables.keys() ?? [])]).toEqual(['numbers'])
    await engine.execute(numbers.insert().values({ n: 1 }))
    expect(await tx.scalar('select count(*) from numbers')).toBe(1)
    expectTypeOf(engine).toEqualTypeOf<AsyncEngine>()
    expectTypeOf(tx).toEqualTypeOf<AsyncTransaction>()
  })

  withTransaction.afterAll(async ({ database }) => {
    expect(await database.engine.scalar('select count(*) from numbers')).toBe(0)
  })
})

describe('without a transaction', () => {
  withoutTransaction('the engine is that of the database, and what it writes stays', async ({ database, engine }) => {
    expect(engine).toBe(database.engine)
    expect('metadata' in database).toBe(false)
    await engine.execute(numbers.insert().values({ n: 1 }))
  })

  withoutTransaction.afterAll(async ({ database }) => {
    expect(await database.engine.scalar('select count(*) from numbers')).toBe(1)
  })
})

/** Never called: it is there for the compiler. */
function types(): void {
  // @ts-expect-error without a transaction there is none
  withoutTransaction('tx', async ({ tx }) => tx)
}

untouched('a test that asks for nothing has no database', ({ task }) => {
  expect(task.name).toContain('nothing')
  expectTypeOf(types).toBeFunction()
})

const before = process.env['OFFLOOP_TEST_URL']
const driver = drivers.at(-1)
process.env['OFFLOOP_TEST_URL'] = `sqlite+${driver}://`
const fromEnvironment = databaseTest()
afterAll(() => {
  if (before === undefined) delete process.env['OFFLOOP_TEST_URL']
  else process.env['OFFLOOP_TEST_URL'] = before
})

fromEnvironment('without a URL, it is that of the environment', async ({ database }) => {
  expect(database.engine.driver).toBe(driver)
})
