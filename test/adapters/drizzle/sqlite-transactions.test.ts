import { DrizzleQueryError, eq, sql, TransactionRollbackError } from 'drizzle-orm'
import {
  type AsyncEngine,
  IntegrityError,
  InvalidRequestError,
  OperationalError,
  ReentrancyError,
  ResourceClosedError,
  WorkerTerminatedError,
} from 'offloop'
import { drizzle, type OffloopSqliteDatabase, type WithClient } from 'offloop/drizzle'
import { expect, test } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describeSqlite, describeSqliteFiles } from './databases.ts'
import * as schema from './sqlite-schema.ts'

const { users } = schema
type Database = OffloopSqliteDatabase<typeof schema> & WithClient<AsyncEngine>

function namesOf(db: Pick<Database, 'select'>): Promise<string[]> {
  return db
    .select({ name: users.name })
    .from(users)
    .orderBy(users.id)
    .then((rows) => rows.map(({ name }) => name))
}

describeSqlite((fixture) => {
  async function open(): Promise<Database> {
    return drizzle(await schema.createTables(fixture.engine()), { schema })
  }

  test('a transaction commits when its function returns, and gives what that gives', async () => {
    const db = await open()
    const value = await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' })
      return await tx.query.users.findFirst()
    })
    expect(value).toEqual({ id: 1, name: 'Ada', admin: false })
    expect(await namesOf(db)).toEqual(['Ada'])
  })

  test('a transaction rolls back when its function throws, and what it has thrown comes through as it is', async () => {
    const db = await open()
    const thrown = new Error('no')
    const error = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Ada' })
        throw thrown
      }),
    )
    expect(error).toBe(thrown)
    expect(await namesOf(db)).toEqual([])
  })

  test('tx.rollback() rolls back', async () => {
    const db = await open()
    const error = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Ada' })
        tx.rollback()
      }),
    )
    expect(error).toBeInstanceOf(TransactionRollbackError)
    expect(await namesOf(db)).toEqual([])
  })

  test('a failed statement rolls the transaction back', async () => {
    const db = await open()
    const error = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Ada' })
        await tx.insert(users).values({ name: 'Ada' })
      }),
    )
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toBeInstanceOf(IntegrityError)
    expect(await namesOf(db)).toEqual([])
  })

  test('a failed statement that is caught leaves the transaction as it was', async () => {
    const db = await open()
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' })
      await rejectionOf(tx.insert(users).values({ name: 'Ada' }))
      await tx.insert(users).values({ name: 'Bob' })
    })
    expect(await namesOf(db)).toEqual(['Ada', 'Bob'])
  })

  test('a transaction inside another one is a savepoint', async () => {
    const db = await open()
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' })
      await tx.transaction(async (inner) => {
        await inner.insert(users).values({ name: 'Bob' })
        await inner.transaction(async (innermost) => {
          await innermost.insert(users).values({ name: 'Cy' })
        })
      })
    })
    expect(await namesOf(db)).toEqual(['Ada', 'Bob', 'Cy'])
  })

  test('what fails in a nested transaction undoes that one alone', async () => {
    const db = await open()
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' })
      const error = await rejectionOf(
        tx.transaction(async (inner) => {
          await inner.insert(users).values({ name: 'Bob' })
          await inner.transaction((innermost) => innermost.insert(users).values({ name: 'Cy' }))
          await inner.insert(users).values({ name: 'Ada' })
        }),
      )
      expect(error.cause).toBeInstanceOf(IntegrityError)
      expect(await namesOf(tx)).toEqual(['Ada'])
      await rejectionOf(
        tx.transaction(async (inner) => {
          await inner.insert(users).values({ name: 'Dan' })
          inner.rollback()
        }),
      )
      await tx.insert(users).values({ name: 'Eve' })
    })
    expect(await namesOf(db)).toEqual(['Ada', 'Eve'])
  })

  test('nested transactions that are begun together do not mix', async () => {
    const db = await open()
    await db.transaction(async (tx) => {
      const results = await Promise.allSettled(
        ['a', 'b', 'c'].map((name) =>
          tx.transaction(async (inner) => {
            await inner.insert(users).values({ name })
            await inner.insert(users).values({ name: `${name}${name}` })
            if (name === 'b') inner.rollback()
          }),
        ),
      )
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    })
    expect(await namesOf(db)).toEqual(['a', 'aa', 'c', 'cc'])
  })

  test('two transactions at once do not mix', async () => {
    const db = await open()
    await db.insert(users).values({ id: 1, name: '0' })
    const increments = Array.from({ length: 10 }, (_, index) =>
      db.transaction(async (tx) => {
        const user = await tx.query.users.findFirst()
        await tx
          .update(users)
          .set({ name: String(Number(user?.name) + 1) })
          .where(eq(users.id, 1))
        if (index % 2 === 1) tx.rollback()
      }),
    )
    const results = await Promise.allSettled(increments)
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(5)
    expect(await namesOf(db)).toEqual(['5'])
  })

  test.for(['deferred', 'immediate', 'exclusive'] as const)('behavior: %s', async (behavior) => {
    const db = await open()
    await db.transaction((tx) => tx.insert(users).values({ name: 'Ada' }), { behavior })
    expect(await namesOf(db)).toEqual(['Ada'])
  })

  test('to write beside a transaction from inside of it is an error, where it would wait for itself', async () => {
    const db = await open()
    const error = await rejectionOf(db.transaction(() => db.transaction((tx) => tx.insert(users).values({ name: 'Ada' }))))
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toBeInstanceOf(ReentrancyError)
    expect(await namesOf(db)).toEqual([])
  })

  test('batch runs queries of every kind in one transaction and gives their results', async () => {
    const db = await open()
    const results = await db.batch([
      db.insert(users).values({ name: 'Ada' }),
      db.insert(users).values({ name: 'Bob' }).returning({ id: users.id }),
      db.select().from(users).where(eq(users.name, 'Ada')),
      db.query.users.findMany({ columns: { name: true } }),
      db.query.users.findFirst({ where: eq(users.name, 'Cy') }),
      db.run(sql`update users set admin = 1`),
      db.all(sql`select id from users`),
      db.get(sql`select count(*) as count from users`),
      db.values(sql`select name, admin from users`),
    ])
    expect(results).toEqual([
      { changes: 1, lastInsertRowid: 1 },
      [{ id: 2 }],
      [{ id: 1, name: 'Ada', admin: false }],
      [{ name: 'Ada' }, { name: 'Bob' }],
      undefined,
      { changes: 2, lastInsertRowid: 0 },
      [{ id: 1 }, { id: 2 }],
      { count: 2 },
      [
        ['Ada', 1],
        ['Bob', 1],
      ],
    ])
  })

  test('a batch of which one query fails stores nothing', async () => {
    const db = await open()
    const error = await rejectionOf(
      db.batch([
        db.insert(users).values({ name: 'Ada' }),
        db.insert(users).values({ name: 'Ada' }),
        db.insert(users).values({ name: 'Bob' }),
      ]),
    )
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toBeInstanceOf(IntegrityError)
    expect(await namesOf(db)).toEqual([])
  })

  test('a batch of anything else is refused', async () => {
    const db = await open()
    // What a program without types may pass.
    for (const item of [1, null, {}] as never[]) expect(await rejectionOf(db.batch([item]))).toBeInstanceOf(TypeError)
  })

  test('a transaction that has ended refuses', async () => {
    const db = await open()
    const tx = await db.transaction(async (ended) => ended)
    const error = await rejectionOf(tx.insert(users).values({ name: 'Ada' }))
    expect(error.cause).toBeInstanceOf(InvalidRequestError)
    expect((await rejectionOf(tx.transaction(async () => {}))).cause).toBeInstanceOf(InvalidRequestError)
    expect(await namesOf(db)).toEqual([])
  })

  test('on a closed engine everything is refused with its error', async () => {
    const db = drizzle(await schema.createTables(fixture.engine({})), { schema })
    const prepared = db.select().from(users).prepare()
    await db.$client.close()
    const insertion = db.insert(users).values({ name: 'Ada' })
    for (const work of [db.select().from(users), prepared.all(), insertion, db.run(sql`select 1`), db.batch([insertion])]) {
      const error = await rejectionOf(work)
      expect(error).toBeInstanceOf(DrizzleQueryError)
      expect(error.cause).toBeInstanceOf(ResourceClosedError)
    }
    const error = await rejectionOf(db.transaction(async () => {}))
    expect(error.cause).toBeInstanceOf(ResourceClosedError)
  })
})

describeSqliteFiles((fixture) => {
  async function open(): Promise<Database> {
    return drizzle(await schema.createTables(fixture.engine()), { schema })
  }

  test('a statement outside a transaction is not in it', async () => {
    const db = await open()
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' })
      expect(await namesOf(tx)).toEqual(['Ada'])
      expect(await namesOf(db)).toEqual([])
      const outside = await rejectionOf(db.insert(users).values({ name: 'Bob' }))
      expect(outside.cause).toBeInstanceOf(ReentrancyError)
    })
    expect(await namesOf(db)).toEqual(['Ada'])
  })

  test('an immediate transaction has the write lock from its beginning, a deferred one when it first writes', async () => {
    const db = await open()
    const other = drizzle(fixture.engine({ busyTimeoutMs: 0 }), { schema })
    await db.transaction(
      async () => {
        await other.insert(users).values({ name: 'Ada' })
      },
      { behavior: 'deferred' },
    )
    for (const config of [undefined, { behavior: 'immediate' }, { behavior: 'exclusive' }] as const) {
      await db.transaction(async () => {
        const error = await rejectionOf(other.insert(users).values({ name: 'Bob' }))
        expect(error.cause).toBeInstanceOf(OperationalError)
      }, config)
    }
    expect(await namesOf(db)).toEqual(['Ada'])
  })

  test('a transaction that cannot be begun says so as a query does', async () => {
    const db = await open()
    const other = drizzle(fixture.engine({ busyTimeoutMs: 0 }), { schema })
    await db.transaction(async () => {
      const error = await rejectionOf(other.transaction(async () => {}))
      expect(error).toBeInstanceOf(DrizzleQueryError)
      expect(error.cause).toBeInstanceOf(OperationalError)
    })
  })

  test('a transaction that cannot be committed says so as a query does, and is rolled back', async () => {
    const db = await open()
    await db.run(sql`create table children (parent integer references users (id) deferrable initially deferred)`)
    const error = await rejectionOf(
      db.transaction(async (tx) => {
        await tx.insert(users).values({ name: 'Ada' })
        await tx.run(sql`insert into children values (9)`)
      }),
    )
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error).toMatchObject({ query: 'commit', params: [] })
    expect(error.cause).toBeInstanceOf(IntegrityError)
    expect(await namesOf(db)).toEqual([])
  })

  test('when its thread dies a transaction fails, and nothing of it is stored', async () => {
    fixture.leavesConnectionsOpen()
    const engine = await schema.createTables(fixture.engine())
    const connection = await engine.connect()
    const db = drizzle(connection, { schema })
    const death = fixture.module('die.mjs', 'export const die = () => process.exit(7)')
    const errors: Error[] = []
    errors.push(
      await rejectionOf(
        db.transaction(async (tx) => {
          await tx.insert(users).values({ name: 'Ada' })
          errors.push(await rejectionOf(connection.call(death, 'die')))
          errors.push(await rejectionOf(tx.insert(users).values({ name: 'Bob' })))
          await tx.transaction((inner) => inner.insert(users).values({ name: 'Cy' }))
        }),
      ),
    )
    expect(errors.map((error) => (error instanceof DrizzleQueryError ? error.cause : error))).toEqual(
      Array.from({ length: 3 }, () => expect.any(WorkerTerminatedError)),
    )
    await connection.close()
    const next = drizzle(engine, { schema })
    await next.transaction((tx) => tx.insert(users).values({ name: 'Dan' }))
    expect(await namesOf(next)).toEqual(['Dan'])
  })
})
