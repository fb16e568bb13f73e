import { deepEqual, equal } from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { integer, MetaData, string, Table } from 'offloop/schema'
import { type RollbackScope, rollbackScope, type TemporaryDatabase, temporaryDatabase } from 'offloop/testing'

const metadata = new MetaData()
const notes = new Table('notes', metadata, { id: integer({ primaryKey: true }), text: string(20) })
let database: TemporaryDatabase
let scope: RollbackScope

before(async () => {
  database = await temporaryDatabase({ url: process.env['OFFLOOP_TEST_URL'], metadata })
  console.log(`made ${database.url.database}`)
})
after(() => database[Symbol.asyncDispose]())
beforeEach(async () => {
  scope = await rollbackScope(database.engine)
})
afterEach(() => scope[Symbol.asyncDispose]())

for (const title of ['a note is added', 'and again']) {
  test(title, async () => {
    deepEqual(await scope.engine.execute(notes.select()).fetchall(), [])
    await scope.engine.transaction((tx) => tx.execute(notes.insert().values({ text: 'a' })))
    equal(await scope.tx.scalar('select count(*) from notes'), 1)
  })
}
