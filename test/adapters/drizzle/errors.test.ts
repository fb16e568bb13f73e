import { DrizzleQueryError, sql } from 'drizzle-orm'
import { pgTable, integer as postgresInteger } from 'drizzle-orm/pg-core'
import { ArgumentError, type AsyncEngine, createEngine, IntegrityError, NotSupportedError, ProgrammingError } from 'offloop'
import { drizzle, drizzlePostgres, drizzleSqlite } from 'offloop/drizzle'
import { expect, test } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describePostgres, describeSqlite } from './databases.ts'
import * as schema from './sqlite-schema.ts'

const { users } = schema

describeSqlite((fixture) => {
  test('a constraint that fails is the cause, with the names of what has failed', async () => {
    const db = drizzle(await schema.createTables(fixture.engine()), { schema })
    await db.insert(users).values({ name: 'Ada' })
    const error = await rejectionOf(db.insert(users).values({ name: 'Ada' }))
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error).toMatchObject({ query: expect.stringMatching(/^insert into "users"/), params: expect.arrayContaining(['Ada']) })
    expect(error.cause).toBeInstanceOf(IntegrityError)
    expect(error.cause).toMatchObject({
      code: 'OFFLOOP_INTEGRITY',
      driverCode: 'SQLITE_CONSTRAINT_UNIQUE',
      table: 'users',
      columns: ['name'],
    })
    expect((error.cause as Error).message).not.toContain('Ada')
  })

  test('both errors have the stack of whoever awaits the query', async () => {
    const db = drizzle(await schema.createTables(fixture.engine()), { schema })
    const broken = sql`select * from missing`
    const prepared = db.select({ id: users.id }).from(users).where(sql`missing = 1`).prepare()
    const queries: Readonly<Record<string, () => PromiseLike<unknown>>> = {
      'a built query': () => db.select({ id: users.id }).from(users).where(sql`missing = 1`),
      'a relational query': () => db.query.users.findMany({ where: sql`missing = 1` }),
      'an insertion': () => db.insert(users).values({ name: sql`missing` }),
      'a prepared query': () => prepared.all(),
      'a count': () => db.$count(users, sql`missing = 1`),
      run: () => db.run(broken),
      all: () => db.all(broken),
      get: () => db.get(broken),
      values: () => db.values(broken),
      'a statement in a transaction': () =>
        db.transaction(async function whoeverAwaitsIt(tx) {
          await tx.run(broken)
        }),
    }
    for (const [name, query] of Object.entries(queries)) {
      async function whoeverAwaitsIt(): Promise<void> {
        await query()
      }
      const error = await rejectionOf(whoeverAwaitsIt())
      expect(error, name).toBeInstanceOf(DrizzleQueryError)
      expect(error.cause, name).toBeInstanceOf(ProgrammingError)
      expect(error.stack, name).toContain('whoeverAwaitsIt')
      expect((error.cause as Error).stack, name).toContain('whoeverAwaitsIt')
    }
  })

  test('what ends or begins a transaction by hand is refused in words that say what to do', async () => {
    const db = drizzle(fixture.engine())
    const error = await rejectionOf(db.run(sql`begin`))
    expect((error.cause as Error).message).toContain('transaction()')
  })
})

describePostgres((fixture) => {
  test('an engine and a schema that are not of one database are refused', () => {
    const engine = fixture.engine()
    expect(() => drizzle(engine, { schema })).toThrow(ArgumentError)
    expect(() => drizzle(engine, { schema })).toThrow('The schema\'s "users" is a table of another database')
    expect(() => drizzleSqlite(engine)).toThrow('Expected an engine for sqlite, found one for postgresql.')
  })
})

test('a schema of PostgreSQL is refused by an engine for SQLite', async () => {
  await using engine = createEngine('sqlite://')
  expect(() => drizzle(engine, { schema: { things: pgTable('things', { id: postgresInteger() }) } })).toThrow(ArgumentError)
  expect(() => drizzlePostgres(engine)).toThrow('Expected an engine for postgresql, found one for sqlite.')
})

test('MySQL is not supported', async () => {
  await using engine = createEngine('mysql://root@127.0.0.1/test')
  expect(() => drizzle(engine)).toThrow(NotSupportedError)
})

test.for([[undefined], ['sqlite:///app.db'], [null], [{}], [{ client: undefined }]])('drizzle(%j) is refused', ([client]) => {
  // What a program without types may pass.
  expect(() => drizzle(client as unknown as AsyncEngine)).toThrow(ArgumentError)
})
