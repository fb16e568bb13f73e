import Database from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { IntegrityError, InvalidRequestError, ProgrammingError } from 'offloop'
import { OffloopDialect } from 'offloop/kysely'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf } from '../../conformance/targets.ts'

interface Tables {
  people: { id: number; name: string }
}

/** The driver's code for a second row with one key. */
const duplicate = { sqlite: 'SQLITE_CONSTRAINT_PRIMARYKEY', postgresql: '23505', mysql: 'ER_DUP_ENTRY' }

describeTargets((fixture) => {
  const { dialect } = fixture.can

  async function open(driverErrors: boolean) {
    const db = new Kysely<Tables>({ dialect: new OffloopDialect({ engine: fixture.engine(), driverErrors }) })
    await db.schema
      .createTable('people')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text')
      .execute()
    await db.insertInto('people').values({ id: 1, name: 'Ada' }).execute()
    return db
  }

  const refused = (db: Kysely<Tables>) => rejectionOf(db.insertInto('people').values({ id: 1, name: 'Grace' }).execute())

  test('with driverErrors a refusal is the error of the database’s own driver', async () => {
    const db = await open(true)
    for (const error of [await refused(db), await rejectionOf(db.transaction().execute((trx) => refused(trx).then(throwIt)))]) {
      expect(error).toMatchObject({ code: duplicate[dialect] })
      expect(error.cause).toBeInstanceOf(IntegrityError)
      expect(error.message).toBe((error.cause as Error).message)
      expect(error.stack).toContain('driver-errors.test.ts')
      expect(JSON.stringify(error)).not.toContain('Grace')
      if (dialect === 'sqlite') expect(error).toBeInstanceOf(Database.SqliteError)
      if (dialect === 'postgresql') {
        expect(error).toBeInstanceOf(pg.DatabaseError)
        expect(error).toMatchObject({ severity: 'ERROR', constraint: 'people_pkey', table: 'people' })
      }
      if (dialect === 'mysql') expect(error).toMatchObject({ errno: 1062, sqlState: '23000' })
    }
    const streamed = db
      .selectFrom('nowhere' as 'people')
      .selectAll()
      .stream()
    expect((await rejectionOf(readThrough(streamed))).cause).toBeInstanceOf(ProgrammingError)
    expect(await db.selectFrom('people').select('name').execute()).toEqual([{ name: 'Ada' }])
  })

  test('without it a refusal is the engine’s own, and what no database has said always is', async () => {
    expect(await refused(await open(false))).toBeInstanceOf(IntegrityError)
  })
})

async function readThrough(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const row of rows) expect(row).toBeDefined()
}

function throwIt(error: unknown): never {
  throw error
}

describe('migrations of SQLite that cannot run in a transaction', () => {
  const provider = {
    getMigrations: async () => ({
      rebuild: {
        async up(db: Kysely<never>): Promise<void> {
          await sql`pragma foreign_keys = off`.execute(db)
          await sql`create table authors_new (id integer primary key, name text not null)`.execute(db)
          await sql`insert into authors_new select id, name from authors`.execute(db)
          await sql`drop table authors`.execute(db)
          await sql`alter table authors_new rename to authors`.execute(db)
          await sql`pragma foreign_keys = on`.execute(db)
        },
      },
    }),
  }

  async function openLibrary(transactionalDdl?: boolean) {
    const db = new Kysely<{ books: { id: number } }>({ dialect: new OffloopDialect({ url: 'sqlite://', transactionalDdl }) })
    await sql`create table authors (id integer primary key, name text)`.execute(db)
    await sql`create table books (id integer primary key, author integer references authors (id) on delete cascade)`.execute(db)
    await sql`insert into authors values (1, 'Ada')`.execute(db)
    await sql`insert into books values (1, 1)`.execute(db)
    return db
  }

  test('are refused, where dropping the table would delete what refers to it', async () => {
    const db = await openLibrary()
    const { error } = await new Migrator({ db, provider }).migrateToLatest()
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect((error as Error).message).toContain('disableTransactions: true')
    expect(await db.selectFrom('books').select('id').execute()).toEqual([{ id: 1 }])
    await db.destroy()
  })

  test.each([{ transactionalDdl: false }, { disableTransactions: true }])('run with %o, and every row is still there', async (options) => {
    const { transactionalDdl, ...migratorOptions } = { transactionalDdl: undefined, ...options }
    const db = await openLibrary(transactionalDdl)
    expect(db.getExecutor().adapter.supportsTransactionalDdl).toBe(transactionalDdl ?? true)
    const { error } = await new Migrator({ db, provider, ...migratorOptions }).migrateToLatest()
    expect(error).toBeUndefined()
    expect(await db.selectFrom('books').select('id').execute()).toEqual([{ id: 1 }])
    await db.destroy()
  })
})
