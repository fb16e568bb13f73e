import { DrizzleQueryError, sql, TransactionRollbackError } from 'drizzle-orm'
import { type AsyncEngine, DatabaseError, IntegrityError, ResourceClosedError, TransactionAbortedError } from 'offloop'
import { drizzle, drizzlePostgres, migrate, type OffloopPostgresDatabase, type WithClient } from 'offloop/drizzle'
import { expect, test } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describePostgres } from './databases.ts'
import { writeMigrations } from './migration-folder.ts'
import * as schema from './postgres-schema.ts'

const { users } = schema
type Database = OffloopPostgresDatabase<typeof schema> & WithClient<AsyncEngine>

function namesOf(db: Pick<Database, 'select'>): Promise<string[]> {
  return db
    .select({ name: users.name })
    .from(users)
    .orderBy(users.name)
    .then((rows) => rows.map(({ name }) => name))
}

describePostgres((fixture) => {
  async function open(): Promise<Database> {
    return drizzle(await schema.createTables(fixture.engine()), { schema })
  }

  test('a transaction commits when its function returns, and rolls back when that throws', async () => {
    const db = await open()
    expect(await db.transaction((tx) => tx.insert(users).values({ name: 'Ada' }).returning())).toEqual([
      { id: 1, name: 'Ada', admin: false },
    ])
    const thrown = new Error('no')
    const error = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Bob' })
        throw thrown
      }),
    )
    expect(error).toBe(thrown)
    const rolledBack = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Cy' })
        tx.rollback()
      }),
    )
    expect(rolledBack).toBeInstanceOf(TransactionRollbackError)
    expect(await namesOf(db)).toEqual(['Ada'])
  })

  test('what fails in a nested transaction undoes that one alone', async () => {
    const db = await open()
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' })
      const error = await rejectionOf(
        tx.transaction(async (inner) => {
          await inner.insert(users).values({ name: 'Bob' })
          await inner.insert(users).values({ name: 'Ada' })
        }),
      )
      expect(error).toBeInstanceOf(DrizzleQueryError)
      expect(error.cause).toBeInstanceOf(IntegrityError)
      await tx.transaction(async (inner) => {
        await inner.insert(users).values({ name: 'Cy' })
        await rejectionOf(inner.transaction(async (innermost) => innermost.rollback()))
      })
    })
    expect(await namesOf(db)).toEqual(['Ada', 'Cy'])
  })

  test('two transactions at once do not mix, and statements outside are in neither', async () => {
    const db = await open()
    const inserted = Promise.withResolvers<void>()
    const seen = Promise.withResolvers<void>()
    const first = db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' })
      inserted.resolve()
      await seen.promise
      tx.rollback()
    })
    const second = db.transaction(async (tx) => {
      await inserted.promise
      await tx.insert(users).values({ name: 'Bob' })
      expect(await namesOf(tx)).toEqual(['Bob'])
      expect(await namesOf(db)).toEqual([])
      seen.resolve()
    })
    await Promise.all([rejectionOf(first), second])
    expect(await namesOf(db)).toEqual(['Bob'])
  })

  test('a failed statement dooms its transaction', async () => {
    const db = await open()
    const error = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Ada' })
        await rejectionOf(tx.insert(users).values({ name: 'Ada' }))
        await tx.insert(users).values({ name: 'Bob' })
      }),
    )
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toBeInstanceOf(TransactionAbortedError)
    expect(await namesOf(db)).toEqual([])
  })

  test.for([
    [{ isolationLevel: 'read uncommitted' }, 'read uncommitted', 'off', 'off'],
    [{ isolationLevel: 'read committed' }, 'read committed', 'off', 'off'],
    [{ isolationLevel: 'repeatable read', accessMode: 'read only' }, 'repeatable read', 'on', 'off'],
    [{ isolationLevel: 'serializable', accessMode: 'read only', deferrable: true }, 'serializable', 'on', 'on'],
    [{ accessMode: 'read write', deferrable: false }, 'read committed', 'off', 'off'],
    [undefined, 'read committed', 'off', 'off'],
  ] as const)('a transaction of %j', async ([config, ...settings]) => {
    const db = await open()
    const { rows } = await db.transaction(
      (tx) =>
        tx.execute(sql`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as readonly,
          current_setting('transaction_deferrable') as deferrable`),
      config,
    )
    expect(rows.map((row) => Object.values(row))).toEqual([settings])
  })

  test('a read-only transaction refuses to write', async () => {
    const db = await open()
    const error = await rejectionOf(db.transaction((tx) => tx.insert(users).values({ name: 'Ada' }), { accessMode: 'read only' }))
    expect(error.cause).toBeInstanceOf(DatabaseError)
  })

  test('setTransaction says the same inside of it', async () => {
    const db = await open()
    await db.transaction(async (tx) => {
      await tx.setTransaction({ isolationLevel: 'serializable' })
      expect((await tx.execute('show transaction_isolation')).rows).toEqual([{ transaction_isolation: 'serializable' }])
    })
  })

  test('a transaction that cannot be committed says so as a query does', async () => {
    const db = await open()
    await db.execute('create table children (parent integer references users (id) deferrable initially deferred)')
    const error = await rejectionOf(db.transaction((tx) => tx.execute('insert into children values (9)')))
    expect(error).toMatchObject({ query: 'commit', params: [] })
    expect(error.cause).toBeInstanceOf(IntegrityError)
  })

  test('a connection that the server ends fails its transaction, and nothing of it is stored', async () => {
    fixture.leavesConnectionsOpen()
    const db = await open()
    const error = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Ada' })
        const { rows } = await tx.execute<{ readonly pid: number }>('select pg_backend_pid() as pid')
        await db.execute(sql`select pg_terminate_backend(${rows[0]?.pid}, 5000)`)
        await tx.insert(users).values({ name: 'Bob' })
      }),
    )
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toMatchObject({ name: 'OperationalError' })
    expect(await namesOf(db)).toEqual([])
  })

  test('on a closed engine everything is refused with its error', async () => {
    const db = drizzle(await schema.createTables(fixture.engine({})), { schema })
    await db.$client.close()
    for (const work of [db.select().from(users), db.execute('select 1'), db.transaction(async () => {})]) {
      const error = await rejectionOf(work)
      expect(error).toBeInstanceOf(DrizzleQueryError)
      expect(error.cause).toBeInstanceOf(ResourceClosedError)
    }
  })

  test('a constraint that fails is the cause, and both errors have the stack of whoever awaits', async () => {
    const db = await open()
    await db.insert(users).values({ name: 'Ada' })
    async function whoeverAwaitsIt(): Promise<void> {
      await db.insert(users).values({ name: 'Ada' })
    }
    const error = await rejectionOf(whoeverAwaitsIt())
    expect(error.cause).toBeInstanceOf(IntegrityError)
    expect(error.cause).toMatchObject({ driverCode: '23505', table: 'users', columns: ['name'] })
    expect(error.stack).toContain('whoeverAwaitsIt')
    expect((error.cause as Error).stack).toContain('whoeverAwaitsIt')
  })

  test('migrations run once, all or nothing, whoever else runs them', async () => {
    const migrationsSchema = fixture.schemas.own
    const first = { first: 'create table things (id integer primary key); insert into things values (1)' }
    const migrationsFolder = writeMigrations(fixture.folder, first)
    const databases = Array.from({ length: 3 }, () => drizzlePostgres(fixture.engine()))
    await Promise.all(databases.map((db) => migrate(db, { migrationsFolder, migrationsSchema })))
    const [db = drizzlePostgres(fixture.engine())] = databases
    const counts = sql`select (select count(*) from things)::integer as things, (select count(*) from __drizzle_migrations)::integer as migrations`
    expect((await db.execute(counts)).rows).toEqual([{ things: 1, migrations: 1 }])

    writeMigrations(fixture.folder, { ...first, second: 'insert into things values (2)', third: 'insert into missing values (1)' })
    const error = await rejectionOf(migrate(db, { migrationsFolder, migrationsSchema }))
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect((await db.execute(counts)).rows).toEqual([{ things: 1, migrations: 1 }])
  })
})
