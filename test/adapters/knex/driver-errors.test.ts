import { finished } from 'node:stream/promises'
import Database from 'better-sqlite3'
import { IntegrityError, ProgrammingError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { openKnex, openKnexsOwn, rejectionOf } from './open-knex.ts'

describe.each(['memory', 'file'] as const)('with asBetterSqlite3, in a database in %s', (place) => {
  async function open() {
    const db = openKnex(place, { asBetterSqlite3: true })
    await db.schema.createTable('people', (table) => {
      table.increments('id')
      table.string('name').unique()
    })
    await db('people').insert({ name: 'Ada' })
    return db
  }

  test('a refusal is the error that Knex’s own client has, and the engine’s is its cause', async () => {
    const db = await open()
    const own = openKnexsOwn(place)
    const [theirs, ours] = [await rejectionOf(own('nowhere').select()), await rejectionOf(db('nowhere').select())]
    expect(ours).toBeInstanceOf(Database.SqliteError)
    expect([ours.name, ours['code'], ours.message]).toEqual([theirs.name, theirs['code'], theirs.message])
    expect(ours.cause).toBeInstanceOf(ProgrammingError)
    const duplicate = await rejectionOf(db('people').insert({ name: 'Ada' }))
    expect(duplicate).toMatchObject({ name: 'SqliteError', code: 'SQLITE_CONSTRAINT_UNIQUE' })
    expect(duplicate.cause).toBeInstanceOf(IntegrityError)
    expect(duplicate.message).not.toContain('Ada')
  })

  test('so it is in a transaction and in a stream, and both can be used on', async () => {
    const db = await open()
    const inside = await db.transaction(async (trx) => {
      const error = await rejectionOf(trx('nowhere').select())
      await trx('people').insert({ name: 'Grace' })
      return error
    })
    expect(inside).toMatchObject({ name: 'SqliteError', code: 'SQLITE_ERROR' })
    expect(await rejectionOf(finished(db('nowhere').stream().resume()))).toMatchObject({ code: 'SQLITE_ERROR' })
    expect(await db('people').pluck('name').orderBy('name')).toEqual(['Ada', 'Grace'])
  })

  test('an INTEGER beyond 2^53 is rounded unless the query or the connection says otherwise', async () => {
    const db = await open()
    const query = () => db.raw('select 9007199254740993 as n')
    expect(await query()).toEqual([{ n: 9007199254740992 }])
    expect(await query().options({ safeIntegers: true })).toEqual([{ n: 9007199254740993n }])
  })
})

test('without it a refusal is the engine’s own', async () => {
  const error = await rejectionOf(openKnex('memory')('nowhere').select())
  expect(error).toBeInstanceOf(ProgrammingError)
})
