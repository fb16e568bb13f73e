import { sql } from 'kysely'
import { kysely } from 'offloop/kysely'
import { expect, test } from 'vitest'
import { describeTargets, rejectionOf } from '../../conformance/targets.ts'
import { addNotes, type Database, openNotes } from './notes.ts'

describeTargets((fixture) => {
  test('connection() keeps to one connection, and gives it back as it was', async () => {
    const engine = await fixture.notes({ pool: { max: 1 } })
    const db = kysely<Database>(engine)
    await db.connection().execute(async (connection) => {
      await sql`create temporary table mine (x integer)`.execute(connection)
      await sql`insert into mine values (1)`.execute(connection)
      expect((await sql`select x from mine`.execute(connection)).rows).toEqual([{ x: 1 }])
      expect(engine.status().inUse).toBe(1)
    })
    expect(engine.status().inUse).toBe(0)
    await db.connection().execute(async (connection) => {
      expect(await rejectionOf(sql`select x from mine`.execute(connection))).toMatchObject({ name: 'ProgrammingError' })
    })
  })

  test.runIf(fixture.can.dialect === 'sqlite')('connection() knows the row id of its last INSERT', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a', 'b')
    await db.connection().execute(async (connection) => {
      await addNotes(connection, 'c')
      expect((await sql`select last_insert_rowid() as id, changes() as n`.execute(connection)).rows).toEqual([{ id: 3, n: 1 }])
    })
  })

  test('connection() runs transactions and single statements one after another', async () => {
    const db = await openNotes(fixture)
    await db.connection().execute(async (connection) => {
      await connection.transaction().execute((trx) => addNotes(trx, 'a'))
      await addNotes(connection, 'b')
      const undone = connection.transaction().execute(async (trx) => {
        await addNotes(trx, 'c')
        throw new Error('undo')
      })
      expect(await rejectionOf(undone)).toMatchObject({ message: 'undo' })
      await addNotes(connection, 'd')
    })
    const rows = await db.selectFrom('notes').select('text').orderBy('text').execute()
    expect(rows.map(({ text }) => text)).toEqual(['a', 'b', 'd'])
  })

  test('whoever gives up waiting for a connection leaves the queue', async () => {
    const engine = fixture.engine({ pool: { max: 1 } })
    const db = kysely<Database>(engine)
    await db.connection().execute(async () => {
      const abort = new AbortController()
      const waiting = rejectionOf(db.connection().execute(async () => {}, { signal: abort.signal }))
      while (engine.status().waiting === 0) await new Promise(setImmediate)
      const reason = new Error('given up')
      abort.abort(reason)
      expect(await waiting).toBe(reason)
      expect(engine.status().waiting).toBe(0)
    })
  })
})
