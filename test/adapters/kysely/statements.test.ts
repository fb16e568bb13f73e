import { CompiledQuery, sql } from 'kysely'
import { IntegrityError, ProgrammingError } from 'offloop'
import { kysely } from 'offloop/kysely'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { describeTargets, rejectionOf } from '../../conformance/targets.ts'
import { addNotes, type Database, openNotes, textsOf } from './notes.ts'

describeTargets((fixture) => {
  const tellsRowId = fixture.can.lastrowid
  const tellsChanges = fixture.can.dialect === 'mysql'

  test('a query gives its rows, typed by the tables, and counts nothing', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a', 'b')
    const rows = await db.selectFrom('notes').select(['id', 'text']).orderBy('id').execute()
    expectTypeOf(rows).toEqualTypeOf<{ id: number; text: string }[]>()
    expect(rows).toEqual([
      { id: 1, text: 'a' },
      { id: 2, text: 'b' },
    ])
    expect(await db.executeQuery(db.selectFrom('notes').selectAll())).toEqual({ rows })
  })

  test('an INSERT tells how many rows it has made, and the key where the database does', async () => {
    const db = await openNotes(fixture)
    const result = await db.insertInto('notes').values({ text: 'a' }).executeTakeFirstOrThrow()
    expect(result.numInsertedOrUpdatedRows).toBe(1n)
    expect(result.insertId).toBe(tellsRowId ? 1n : undefined)
    const two = await db
      .insertInto('notes')
      .values([{ text: 'b' }, { text: 'c' }])
      .executeTakeFirstOrThrow()
    expect(two.numInsertedOrUpdatedRows).toBe(2n)
  })

  test('an INSERT that makes no row tells no key; in SQLite that of the row before, as it does with Kysely', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a')
    await addNotes(db, 'b')
    const ignored = tellsChanges
      ? db.insertInto('notes').ignore().values({ text: 'a' })
      : db
          .insertInto('notes')
          .values({ text: 'a' })
          .onConflict((conflict) => conflict.doNothing())
    const result = await ignored.executeTakeFirstOrThrow()
    expect(result.numInsertedOrUpdatedRows).toBe(0n)
    expect(result.insertId).toBe(fixture.can.dialect === 'sqlite' ? 2n : undefined)
  })

  test('an UPDATE counts the rows that it has matched, and in MySQL those that it has changed', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a', 'b', 'c')
    const result = await db.updateTable('notes').set({ text: sql`case id when 1 then 'changed' else text end` }).executeTakeFirstOrThrow()
    expect(result.numUpdatedRows).toBe(3n)
    expect(result.numChangedRows).toBe(tellsChanges ? 1n : undefined)
  })

  test('a DELETE counts the rows that are gone', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a', 'b')
    expect((await db.deleteFrom('notes').executeTakeFirstOrThrow()).numDeletedRows).toBe(2n)
    expect((await db.deleteFrom('notes').executeTakeFirstOrThrow()).numDeletedRows).toBe(0n)
  })

  test('a text of the user gives what it gives', async () => {
    const db = await openNotes(fixture)
    expect(await sql`insert into notes (text) values (${'a'})`.execute(db)).toMatchObject({ numAffectedRows: 1n, rows: [] })
    expect(await sql`update notes set text = ${'b'}`.execute(db)).toMatchObject({ numAffectedRows: 1n, rows: [] })
    expect(await sql`select text from notes`.execute(db)).toEqual({ rows: [{ text: 'b' }] })
    expect(await sql`create table made (x integer)`.execute(db)).toMatchObject({ rows: [] })
    expect(await db.executeQuery(CompiledQuery.raw('select count(*) as n from made'))).toEqual({ rows: [{ n: 0 }] })
  })

  test.runIf(fixture.can.updateReturning)('RETURNING gives rows, and they are counted', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a', 'b')
    const query = db.updateTable('notes').set({ text: sql`text || '!'` }).returning('text')
    expect(await query.execute()).toEqual([{ text: 'a!' }, { text: 'b!' }])
    expect(await db.executeQuery(query)).toEqual({ numAffectedRows: 2n, rows: [{ text: 'a!!' }, { text: 'b!!' }] })
  })

  test('a result of many rows comes whole', async () => {
    const db = await openNotes(fixture)
    const numbers = sql<{ n: number }>`${sql.raw(fixture.numbers(5_000))}`
    const { rows } = await numbers.execute(db)
    expect(rows).toHaveLength(5_000)
    expect(rows.at(-1)).toEqual({ n: 5_000 })
  })

  test('NULL, large integers, bytes and texts come back as they went in', async () => {
    const engine = fixture.engine({ integers: 'bigint' })
    const db = kysely<{ kept: { id: bigint; big: bigint | null; bytes: Uint8Array | null; text: string | null } }>(engine)
    const { bytes: bytesType } = fixture.can.types
    await db.schema
      .createTable('kept')
      .addColumn('id', 'integer')
      .addColumn('big', 'bigint')
      .addColumn('bytes', sql.raw(bytesType))
      .addColumn('text', 'varchar(200)')
      .execute()
    const bytes = Buffer.from([0, 1, 255, 0])
    const rows = [
      { id: 1n, big: 2n ** 63n - 1n, bytes, text: `"'\`\\ \u{1f600}` },
      { id: 2n, big: null, bytes: null, text: null },
      { id: 3n, big: -(2n ** 63n), bytes: Buffer.alloc(0), text: '' },
    ]
    await db.insertInto('kept').values(rows).execute()
    const found = await db.selectFrom('kept').selectAll().orderBy('id').execute()
    expect(found).toEqual(rows)
    expect(found[0]?.bytes).toBeInstanceOf(Buffer)
    // The caller's bytes are his.
    expect(bytes).toEqual(Buffer.from([0, 1, 255, 0]))
  })

  test('what a constraint refuses is an IntegrityError', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a')
    const error = await rejectionOf(addNotes(db, 'a'))
    expect(error).toBeInstanceOf(IntegrityError)
    expect(error).toMatchObject({ name: 'IntegrityError', code: 'OFFLOOP_INTEGRITY', ...fixture.can.sameText })
  })

  test('what fails has the stack of the call', async () => {
    const db = await openNotes(fixture)
    for (const query of [
      db.selectFrom('notes').select(sql`nowhere`.as('x')),
      db.updateTable('notes').set({ text: sql`nowhere` }),
      db.deleteFrom('notes').where(sql`nowhere`, '=', 1),
      db.insertInto('notes').values({ text: sql`nowhere` }),
      { execute: () => sql`select nowhere`.execute(db) },
      { execute: () => db.selectFrom('notes').select(sql`nowhere`.as('x')).executeTakeFirstOrThrow() },
      { execute: () => db.transaction().execute((trx) => trx.deleteFrom('notes').where(sql`nowhere`, '=', 1).executeTakeFirst()) },
    ]) {
      try {
        await query.execute()
        expect.fail('a query of a column that is nowhere has worked')
      } catch (error) {
        expect(error).toBeInstanceOf(ProgrammingError)
        expect((error as Error).stack).toContain('statements.test.ts')
      }
    }
  })

  test('a value that SQL does not know is refused by its position', async () => {
    const db = await openNotes(fixture)
    const error = await rejectionOf(sql`select ${1}, ${Symbol('two')}`.execute(db))
    expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining('2') })
  })

  test('single statements take no connection of the pool from others', async () => {
    const engine = await fixture.notes({ pool: { max: 2 } })
    const db = kysely<Database>(engine)
    const writes = Array.from({ length: 50 }, (_, index) => addNotes(db, `note ${index}`))
    const reads = Array.from({ length: 50 }, () => db.selectFrom('notes').select('id').execute())
    await Promise.all([...writes, ...reads])
    expect(await textsOf(db)).toHaveLength(50)
    if (fixture.can.implicitConnections) expect(engine.status()).toMatchObject({ inUse: 0, waiting: 0 })
  })

  describe('a connection that was asked for without a word', () => {
    test('serves one statement, and refuses the second: it might count on the first', async () => {
      const db = await openNotes(fixture)
      await db.getExecutor().provideConnection(async (connection) => {
        await connection.executeQuery(CompiledQuery.raw('select 1'))
        const error = await rejectionOf(connection.executeQuery(CompiledQuery.raw('select 1')))
        expect(error).toMatchObject({ name: 'InvalidRequestError', message: expect.stringContaining('db.connection()') })
      })
    })

    test('is the same for all statements where Kysely is too old to say anything', async () => {
      const { OffloopDialect } = await import('offloop/kysely')
      const driver = new OffloopDialect({ engine: fixture.engine() }).createDriver()
      await driver.init()
      const connection = await driver.acquireConnection()
      await connection.executeQuery(CompiledQuery.raw('create temporary table mine (x integer)'))
      await connection.executeQuery(CompiledQuery.raw('insert into mine values (1)'))
      expect(await connection.executeQuery(CompiledQuery.raw('select x from mine'))).toEqual({ rows: [{ x: 1 }] })
      await driver.releaseConnection(connection)
    })
  })
})
