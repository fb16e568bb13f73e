import type { Knex } from 'knex'
import { createEngine, OperationalError, TransactionAbortedError, WorkerTerminatedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { filenameOn, killThread, openConfig, openEngine, openKnex, places, rejectionOf, turn, withConnection } from './open-knex.ts'

async function withTable(db: Knex): Promise<Knex> {
  await db.schema.createTable('t', (table) => table.integer('x').primary())
  return db
}

describe.for(places)('in %s', (place) => {
  test('what a transaction has done is stored when its function returns, and undone when it throws', async () => {
    const db = await withTable(openKnex(place))
    expect(await db.transaction(async (trx) => trx('t').insert({ x: 1 }))).toEqual([1])
    const reason = new Error('no')
    const failed = db.transaction(async (trx) => {
      await trx('t').insert({ x: 2 })
      throw reason
    })
    expect(await rejectionOf(failed)).toBe(reason)
    expect(await db('t').pluck('x')).toEqual([1])
  })

  test('commit and rollback can be called, and what comes after them is refused', async () => {
    const db = await withTable(openKnex(place))
    const first = await db.transaction()
    await first('t').insert({ x: 1 })
    await first.commit()
    const second = await db.transaction()
    await second('t').insert({ x: 2 })
    await second.rollback()
    expect(first.isCompleted() && second.isCompleted()).toBe(true)
    expect(await db('t').pluck('x')).toEqual([1])
    expect((await rejectionOf(first('t'))).message).toMatch(/Transaction query already complete/)
  })

  test('a transaction inside another one is a savepoint', async () => {
    const db = await withTable(openKnex(place))
    await db.transaction(async (trx) => {
      await trx('t').insert({ x: 1 })
      await rejectionOf(
        trx.transaction(async (inner) => {
          await inner('t').insert({ x: 2 })
          await inner.transaction(async (innermost) => innermost('t').insert({ x: 3 }))
          throw new Error('no')
        }),
      )
      await trx.transaction(async (inner) => inner('t').insert({ x: 4 }))
    })
    expect(await db('t').orderBy('x').pluck('x')).toEqual([1, 4])
  })

  test('a failed statement does not end its transaction', async () => {
    const db = await withTable(openKnex(place))
    await db.transaction(async (trx) => {
      await trx('t').insert({ x: 1 })
      await rejectionOf(trx('t').insert({ x: 1 }))
      await trx('t').insert({ x: 2 })
    })
    expect(await db('t').orderBy('x').pluck('x')).toEqual([1, 2])
  })

  test('two transactions at once each see the result of the other, whoever comes first', async () => {
    const db = await withTable(openKnex(place))
    await db('t').insert({ x: 0 })
    const increment = async (): Promise<void> =>
      db.transaction(async (trx) => {
        const { x } = await trx('t').first()
        await turn()
        await trx('t').update({ x: x + 1 })
      })
    await Promise.all(Array.from({ length: 20 }, increment))
    expect(await db('t').first()).toEqual({ x: 20 })
  })

  test('transactions that do nothing yet keep nobody waiting', async () => {
    const db = await withTable(openKnex(place))
    await db.transaction(async (trx) => {
      await db.transaction(async (other) => other('t').insert({ x: 1 }))
      await db('t').insert({ x: 2 })
      expect(await trx('t').orderBy('x').pluck('x')).toEqual([1, 2])
    })
  })

  test('a read-only transaction cannot write, and what comes after it can', async () => {
    const db = await withTable(openKnex(place, { pool: { min: 0, max: 1 } }))
    await db.transaction(
      async (trx) => {
        expect(await trx('t')).toEqual([])
        expect(await rejectionOf(trx('t').insert({ x: 1 }))).toMatchObject({ driverCode: 'SQLITE_READONLY' })
      },
      { readOnly: true },
    )
    expect(await db('t').insert({ x: 1 })).toEqual([1])
  })

  test('every isolation level is granted', async () => {
    const db = await withTable(openKnex(place))
    for (const isolationLevel of ['read uncommitted', 'read committed', 'snapshot', 'repeatable read', 'serializable'] as const) {
      await db.transaction(async (trx) => trx('t').count(), { isolationLevel })
    }
  })

  test('a transaction that SQLite ends by itself runs nothing more, and its connection serves the next one', async () => {
    const db = await withTable(openKnex(place, { pool: { min: 0, max: 1 } }))
    const errors: Error[] = []
    await db.transaction(async (trx) => {
      await trx('t').insert({ x: 1 })
      errors.push(await rejectionOf(trx.raw('insert or rollback into t values (1)')))
      errors.push(await rejectionOf(trx('t').insert({ x: 2 })))
      await trx.rollback()
    })
    expect(errors.map(({ name }) => name)).toEqual(['IntegrityError', 'TransactionAbortedError'])
    expect(errors[1]).toBeInstanceOf(TransactionAbortedError)
    expect(await db('t')).toEqual([])
    expect(await db.transaction(async (trx) => trx('t').insert({ x: 3 }))).toEqual([3])
  })

  test('a COMMIT that SQLite refuses rejects, and leaves nothing open', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 } })
    await db.raw('create table parent (id integer primary key)')
    await db.raw('create table child (parent integer references parent deferrable initially deferred)')
    expect(await rejectionOf(db.transaction(async (trx) => trx('child').insert({ parent: 1 })))).toMatchObject({
      code: 'OFFLOOP_INTEGRITY',
      driverCode: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    })
    expect(await db('child')).toEqual([])
    await db.transaction(async (trx) => trx('parent').insert({ id: 1 }))
  })

  test('when its thread dies, the transaction rejects, nothing of it is stored, and the pool replaces the connection', async () => {
    const engine = openEngine(place, { logger: { debug() {}, info() {}, warn() {}, error() {} } })
    const db = await withTable(openConfig({ connection: { engine }, pool: { min: 0, max: 1 } }))
    // A memory database lives as long as one of its connections.
    const keeper = await engine.connect()
    const died = db.transaction(async (trx) => {
      await trx('t').insert({ x: 1 })
      await killThread(await trx.client.acquireConnection())
      await trx('t').insert({ x: 2 })
    })
    expect(await rejectionOf(died)).toBeInstanceOf(WorkerTerminatedError)
    expect(await db('t')).toEqual([])
    expect(await db.transaction(async (trx) => trx('t').insert({ x: 3 }))).toEqual([3])
    await keeper.close()
  })

  test('a transaction waits for a lock no longer than busyTimeoutMs, and may be tried again', async () => {
    const engine = openEngine(place, { busyTimeoutMs: 30 })
    const db = await withTable(openConfig({ connection: { engine } }))
    const holder = await engine.begin()
    const error = await rejectionOf(db.transaction(async (trx) => trx('t').insert({ x: 1 })))
    expect(error).toBeInstanceOf(OperationalError)
    expect(error).toMatchObject({ driverCode: 'SQLITE_BUSY', retryable: true })
    await holder.rollback()
    expect(await db.transaction(async (trx) => trx('t').insert({ x: 1 }))).toEqual([1])
  })

  test('when the transaction cannot begin, each of its statements rejects with an error of its own, and the next one tries again', async () => {
    const engine = openEngine(place, { busyTimeoutMs: 30 })
    const db = await withTable(openConfig({ connection: { engine } }))
    const holder = await engine.begin()
    await db.transaction(async (trx) => {
      const errors = await Promise.all([1, 2, 3].map((x) => rejectionOf(trx('t').insert({ x }))))
      expect(errors.map(({ name }) => name)).toEqual(['OperationalError', 'InvalidRequestError', 'InvalidRequestError'])
      expect(errors[1]?.cause).toBe(errors[0])
      await holder.rollback()
      await trx('t').insert({ x: 4 })
    })
    expect(await db('t').pluck('x')).toEqual([4])
  })

  test('BEGIN and COMMIT as raw SQL work on one connection', async () => {
    const db = await withTable(openKnex(place, { pool: { min: 0, max: 1 } }))
    await db.raw('begin')
    await db('t').insert({ x: 1 })
    await db.raw('rollback')
    await db.raw('begin')
    await db('t').insert({ x: 2 })
    await db.raw('commit')
    expect(await db('t').pluck('x')).toEqual([2])
  })

  test('two transactions at once on one connection of a user: the second is refused', async () => {
    const db = await withTable(openKnex(place))
    await withConnection(db, async (connection) => {
      const config = { connection } as Knex.TransactionConfig
      const work = [1, 2].map((x) => db.transaction(async (trx) => trx('t').insert({ x }), config))
      const [first, second] = await Promise.allSettled(work)
      expect(first).toEqual({ status: 'fulfilled', value: [1] })
      expect(second).toMatchObject({ status: 'rejected', reason: { code: 'OFFLOOP_INVALID_REQUEST' } })
    })
    expect(await db('t').pluck('x')).toEqual([1])
  })

  test('events of a transaction name its statements, and one connection', async () => {
    const db = await withTable(openKnex(place))
    const statements: string[] = []
    const connections = new Set<string>()
    db.on('query', ({ sql, __knexUid }) => {
      statements.push(sql)
      connections.add(__knexUid)
    })
    await db.transaction(async (trx) => {
      await trx('t').insert({ x: 1 })
      await trx.transaction(async (inner) => inner('t').insert({ x: 2 }))
    })
    expect(statements.map((sql) => sql.replace(/trx\d+/, 'trxN'))).toEqual([
      'BEGIN;',
      'insert into `t` (`x`) values (?)',
      'SAVEPOINT trxN;',
      'insert into `t` (`x`) values (?)',
      'RELEASE SAVEPOINT trxN;',
      'COMMIT;',
    ])
    expect(connections.size).toBe(1)
  })

  test('a transaction keeps its statements in order, however many are sent at once', async () => {
    const db = openKnex(place)
    await db.schema.createTable('line', (table) => {
      table.increments('id')
      table.integer('n')
    })
    await db.transaction(async (trx) => {
      await Promise.all(Array.from({ length: 50 }, (_, n) => trx('line').insert({ n })))
    })
    const order = await db('line').orderBy('id').pluck('n')
    expect(order).toEqual(Array.from({ length: 50 }, (_, n) => n))
  })
})

test('a reader does not wait for a writer of a file', async () => {
  const db = await withTable(openKnex('file'))
  await db.transaction(async (trx) => {
    await trx('t').insert({ x: 1 })
    expect(await db('t')).toEqual([])
  })
  expect(await db('t')).toEqual([{ x: 1 }])
})

test('two programs on one file wait for each other', async () => {
  const filename = filenameOn('file')
  const db = await withTable(openConfig({ connection: { filename } }))
  const other = createEngine(`sqlite:///${filename}`)
  const tx = await other.begin()
  await tx.execute('insert into t values (1)')
  const waiting = db.transaction(async (trx) => trx('t').pluck('x'))
  await turn()
  await tx.commit()
  expect(await waiting).toEqual([1])
  await other.close()
})
