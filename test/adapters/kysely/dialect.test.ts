import { Kysely, sql } from 'kysely'
import { ArgumentError, createEngine, EngineURL } from 'offloop'
import { kysely, OffloopDialect } from 'offloop/kysely'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { describeWholeDatabases, rejectionOf } from '../../conformance/targets.ts'
import { addNotes, type Database, openNotes } from './notes.ts'

describeWholeDatabases((fixture) => {
  test('the tables and columns of the database can be asked for', async () => {
    const db = await openNotes(fixture)
    const tables = await db.introspection.getTables()
    const notes = tables.find(({ name }) => name === 'notes')
    expect(notes?.columns).toMatchObject([
      { name: 'id', isAutoIncrementing: true },
      { name: 'text', isAutoIncrementing: false, isNullable: false },
    ])
  })

  test('a Kysely that is destroyed leaves the engine of others open', async () => {
    const engine = await fixture.notes()
    const db = kysely<Database>(engine)
    await addNotes(db, 'a')
    await db.destroy()
    expect(engine.closed).toBe(false)
    expect(await engine.scalar('select count(*) from notes')).toBe(1)
    expect(await rejectionOf(db.selectFrom('notes').selectAll().execute())).toMatchObject({
      message: 'driver has already been destroyed',
    })
  })

  test('a Kysely whose engine is closed says so', async () => {
    const engine = await fixture.notes()
    const db = kysely<Database>(engine)
    await engine.close()
    for (const work of [
      () => addNotes(db, 'a'),
      () => db.transaction().execute(async () => {}),
      () => db.connection().execute(async () => {}),
      () => db.selectFrom('notes').selectAll().stream().next(),
    ]) {
      expect(await rejectionOf(work())).toMatchObject({ name: 'ResourceClosedError', message: 'This Engine is closed.' })
    }
  })

  test('a dialect of a URL has an engine of its own for each Kysely, which ends with that', async () => {
    const dialect = new OffloopDialect({ url: fixture.url, options: { pool: { max: 2 } } })
    {
      await using db = new Kysely<Database>({ dialect })
      await using other = new Kysely<Database>({ dialect })
      expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
      const trx = await other.startTransaction().execute()
      await sql`select 1`.execute(trx)
      // What is open then is rolled back.
    }
    await using again = new Kysely<Database>({ dialect })
    expect((await sql`select 2 as two`.execute(again)).rows).toEqual([{ two: 2 }])
  })
})

describe('OffloopDialect', () => {
  test('takes a URL as a text or as a value, and opens nothing before it is used', async () => {
    for (const url of ['sqlite:////no/such/directory/x.db', EngineURL.parse('sqlite:////no/such/directory/x.db')]) {
      const db = new Kysely<Database>({ dialect: new OffloopDialect({ url }) })
      expect(db.selectFrom('notes').selectAll().limit(1).compile().sql).toBe('select * from "notes" limit ?')
      expect(await rejectionOf(db.selectFrom('notes').selectAll().execute())).toMatchObject({ name: 'OperationalError' })
      await db.destroy()
    }
  })

  test.for([
    ['sqlite://', 'select * from "notes" where "id" = ?'],
    ['postgresql://localhost/x', 'select * from "notes" where "id" = $1'],
    ['mysql://localhost/x', 'select * from `notes` where `id` = ?'],
  ] as const)('writes the SQL of %s', ([url, text]) => {
    const engine = createEngine(url)
    const query = kysely<Database>(engine).selectFrom('notes').selectAll().where('id', '=', 1)
    expect(query.compile()).toMatchObject({ sql: text, parameters: [1] })
  })

  test('makes a Kysely of the tables it is told', () => {
    const db = kysely<Database>(createEngine('sqlite://'))
    expectTypeOf(db).toEqualTypeOf<Kysely<Database>>()
    // @ts-expect-error the table has no such column
    expect(db.selectFrom('notes').select('size').compile().sql).toBe('select "size" from "notes"')
  })

  test('refuses what names no database', () => {
    expect(() => new OffloopDialect({ url: 'oracle://localhost/x' })).toThrow(ArgumentError)
    expect(() => new OffloopDialect({ url: 'sqlite://', options: { pool: { max: 0 } } }).createDriver()).toThrow(ArgumentError)
    for (const config of [{}, { engine: undefined }, undefined]) {
      expect(() => new OffloopDialect(config as never)).toThrow(ArgumentError)
    }
  })
})
