import { appendFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import type { AsyncEngine } from 'offloop'
import { integer as integerField, ModelRegistry, string as stringField } from 'offloop/orm'
import { integer, MetaData, string, Table } from 'offloop/schema'
import { databaseTest, type TransactionFixtures } from 'offloop/testing/vitest'
import { expect, type TestAPI } from 'vitest'

const metadata = new MetaData()
const notes = new Table('notes', metadata, { id: integer({ primaryKey: true }), text: string(20, { unique: true, nullable: false }) })

const textsOf = (engine: Pick<AsyncEngine, 'execute'>) => engine.execute('select text from notes order by text').scalars<string>()

/** Tests of which each changes what all of them begin with: in whatever order they run, none sees what another has done. */
export function addLeakTests(): void {
  const server = process.env['OFFLOOP_TEST_SERVER'] ?? ''
  const test = databaseTest({ url: server === '' ? undefined : server, metadata })
  seed(test)
  changeRows(test)
  leaveBehind(test)
}

type Test = TestAPI<TransactionFixtures>

function seed(test: Test): void {
  test.beforeAll(async ({ database }) => {
    appendFileSync(process.env['OFFLOOP_TEST_LOG'] ?? '', `${process.pid}:${threadId} ${database.url.database}\n`)
    await database.engine.executeMany(notes.insert(), [{ text: 'a' }, { text: 'b' }])
  })

  test.beforeEach(async ({ engine }) => {
    expect(await textsOf(engine)).toEqual(['a', 'b'])
  })
}

function changeRows(test: Test): void {
  test('rows are added', async ({ engine }) => {
    await engine.execute(notes.insert().values({ text: 'c' }))
    expect(await textsOf(engine)).toEqual(['a', 'b', 'c'])
  })

  test('the same rows are added again', async ({ tx }) => {
    await tx.executeMany(notes.insert(), [{ text: 'c' }, { text: 'd' }])
    await tx.commit()
    expect(await textsOf(tx)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('rows are deleted', async ({ engine }) => {
    await engine.execute(notes.delete())
    expect(await textsOf(engine)).toEqual([])
  })

  test('a row is changed in a transaction', async ({ engine }) => {
    await engine.transaction(async (tx) => {
      await tx.execute(notes.update().set({ text: 'z' }).where('text', '=', 'a'))
    })
    expect(await textsOf(engine)).toEqual(['b', 'z'])
  })

  test('models change rows', async ({ engine }) => {
    const models = new ModelRegistry(engine)
    class Note extends models.define('notes', { id: integerField({ primaryKey: true }), text: stringField({ maxLength: 20 }) }) {}
    await models.transaction(async () => await Note.objects.create({ text: 'c' }))
    await Note.objects.filter({ text: 'a' }).delete()
    expect(await textsOf(engine)).toEqual(['b', 'c'])
  })
}

function leaveBehind(test: Test): void {
  test('a transaction is left open', async ({ engine }) => {
    const tx = await engine.begin()
    await tx.execute(notes.insert().values({ text: 'open' }))
  })

  test('a connection is left open, with a cursor', async ({ engine }) => {
    const conn = await engine.connect()
    await conn.execute(notes.insert().values({ text: 'c' }))
    const rows = conn.stream('select text from notes', [], { batchRows: 1 })[Symbol.asyncIterator]()
    await rows.next()
  })

  test.fails('a test fails half-way', async ({ engine }) => {
    await engine.execute(notes.insert().values({ text: 'c' }))
    throw new Error('half-way')
  })

  test.fails('a statement fails, and nothing is done about it', async ({ tx }) => {
    await tx.execute(notes.insert().values({ text: 'a' }))
  })
}
