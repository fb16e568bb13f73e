import { type BeginOptions, IntegrityError, TransactionAbortedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeNeeding, describeTargets, type Fixture, rejectionOf, textsOf } from './targets.ts'

const inactive = { name: 'InvalidRequestError', code: 'OFFLOOP_INVALID_REQUEST', message: 'This transaction is inactive' }
/** The two ways to a transaction that a test ends by itself: on a connection, and on one of its own. */
const beginnings = [
  {
    name: 'connection.begin()',
    open: async (db: Fixture) => {
      const engine = await db.notes()
      const connection = await engine.connect()
      return { engine, tx: await connection.begin(), done: () => connection.close() }
    },
  },
  {
    name: 'engine.begin()',
    open: async (db: Fixture) => {
      const engine = await db.notes()
      return { engine, tx: await engine.begin(), done: async () => {} }
    },
  },
]

describeTargets((db) => {
  const { insert } = db

  describe.each(beginnings)('a transaction of $name', ({ open }) => {
    test('is stored by commit()', async () => {
      const { engine, tx, done } = await open(db)
      expect([tx.isActive, tx.isNested, tx.connection.inTransaction()]).toEqual([true, false, true])
      await tx.execute(insert, ['a'])
      await tx.commit()
      expect([tx.isActive, tx.connection.inTransaction()]).toEqual([false, false])
      expect(await textsOf(engine)).toEqual(['a'])
      await done()
    })

    test('is undone by rollback()', async () => {
      const { engine, tx, done } = await open(db)
      await tx.execute(insert, ['a'])
      expect(await textsOf(tx)).toEqual(['a'])
      await tx.rollback()
      expect([tx.isActive, tx.connection.inTransaction()]).toEqual([false, false])
      expect(await textsOf(engine)).toEqual([])
      await done()
    })

    test('is undone by close() and by the end of its block', async () => {
      const { engine, tx, done } = await open(db)
      await tx.execute(insert, ['a'])
      await tx.close()
      expect(tx.isActive).toBe(false)
      await done()
      {
        await using disposed = await engine.begin()
        await disposed.execute(insert, ['b'])
      }
      expect(await textsOf(engine)).toEqual([])
    })

    test('that was committed stays so at the end of its block', async () => {
      const { engine, tx, done } = await open(db)
      {
        await using block = tx
        await block.execute(insert, ['a'])
        await block.commit()
      }
      expect(await textsOf(engine)).toEqual(['a'])
      await done()
    })

    test('cannot be committed twice', async () => {
      const { engine, tx, done } = await open(db)
      await tx.execute(insert, ['a'])
      await tx.commit()
      expect(await rejectionOf(tx.commit())).toMatchObject(inactive)
      expect(await textsOf(engine)).toEqual(['a'])
      await done()
    })

    test('cannot be committed twice at once', async () => {
      const { tx, done } = await open(db)
      const [first, second] = await Promise.allSettled([tx.commit(), tx.commit()])
      expect(first).toMatchObject({ status: 'fulfilled' })
      expect(second).toMatchObject({ status: 'rejected', reason: inactive })
      await done()
    })

    test('can be rolled back twice in silence, and after its commit', async () => {
      const { engine, tx, done } = await open(db)
      await tx.rollback()
      await tx.rollback()
      await tx.close()
      expect(await rejectionOf(tx.commit())).toMatchObject(inactive)
      await done()
      const second = await engine.begin()
      await second.execute(insert, ['a'])
      await second.commit()
      await second.rollback()
      await second.close()
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('is rolled back once when rollback() is called twice at once', async () => {
      const { engine, tx, done } = await open(db)
      await tx.execute(insert, ['a'])
      await Promise.all([tx.rollback(), tx.rollback(), tx.close()])
      expect(await textsOf(engine)).toEqual([])
      await done()
    })

    test('keeps the order of calls: a rollback() behind a commit() comes too late', async () => {
      const { engine, tx, done } = await open(db)
      await tx.execute(insert, ['a'])
      await Promise.all([tx.commit(), tx.rollback()])
      expect(await textsOf(engine)).toEqual(['a'])
      await done()
    })

    test('keeps the order of calls: statements before a commit() are in it', async () => {
      const { engine, tx, done } = await open(db)
      await Promise.all([tx.execute(insert, ['a']), tx.execute(insert, ['b']), tx.commit()])
      expect(await textsOf(engine)).toEqual(['a', 'b'])
      await done()
    })

    test.each(['commit', 'rollback', 'close'] as const)('that was ended by %s() refuses statements, and none autocommits', async (end) => {
      const { engine, tx, done } = await open(db)
      const module = db.moduleRunning("insert into notes (text) values ('call')")
      await tx[end]()
      const calls: (() => unknown)[] = [
        () => tx.execute(insert, ['a']),
        () => tx.execute(insert, ['a']).fetchall(),
        () => tx.scalar(`${insert} returning id`, ['a']),
        () => tx.executeMany(insert, [['a']]),
        () => tx.executeMany(insert, []),
        () => tx.script("insert into notes (text) values ('a')"),
        () => tx.stream(`${insert} returning id`, ['a'])[Symbol.asyncIterator]().next(),
        () => tx.call(module, 'run'),
        () => tx.begin(),
        () => tx.beginNested(),
        () => tx.transaction(async () => {}),
      ]
      for (const call of calls) expect(await rejectionOf(call), String(call)).toMatchObject(inactive)
      expect(await textsOf(engine)).toEqual([])
      await done()
    })

    test('refuses a statement that is called behind commit() in the same tick', async () => {
      const { engine, tx, done } = await open(db)
      const [commit, late] = await Promise.allSettled([tx.commit(), tx.execute(insert, ['late'])])
      expect(commit).toMatchObject({ status: 'fulfilled' })
      expect(late).toMatchObject({ status: 'rejected', reason: inactive })
      expect(await textsOf(engine)).toEqual([])
      await done()
    })

    test('goes on after a statement that failed and was looked at, or can only be rolled back', async () => {
      const { engine, tx, done } = await open(db)
      await tx.execute(insert, ['a'])
      expect(await rejectionOf(tx.execute(insert, ['a']))).toBeInstanceOf(IntegrityError)
      if (db.can.survivesFailedStatements) {
        await tx.execute(insert, ['b'])
        await tx.commit()
      } else {
        expect(await rejectionOf(tx.execute(insert, ['b']))).toBeInstanceOf(TransactionAbortedError)
        expect(await rejectionOf(tx.commit())).toBeInstanceOf(TransactionAbortedError)
        expect(await rejectionOf(tx.execute(insert, ['c']))).toBeInstanceOf(TransactionAbortedError)
        await tx.rollback()
      }
      expect(await textsOf(engine)).toEqual(db.can.survivesFailedStatements ? ['a', 'b'] : [])
      await done()
    })

    test('takes DDL with it at its end, or is committed by it and says so', async () => {
      const { engine, tx, done } = await open(db)
      await tx.execute(insert, ['a'])
      await tx.execute('create table made (x integer)')
      if (!db.can.transactionalDdl) {
        expect(tx.isActive).toBe(false)
        expect(await rejectionOf(tx.execute(insert, ['b']))).toBeInstanceOf(TransactionAbortedError)
        expect(await rejectionOf(tx.commit())).toBeInstanceOf(TransactionAbortedError)
      }
      await tx.rollback()
      expect(await engine.hasTable('made')).toBe(!db.can.transactionalDdl)
      expect(await textsOf(engine)).toEqual(db.can.transactionalDdl ? [] : ['a'])
      await done()
    })
  })

  describe('connection.begin()', () => {
    test('takes the statements of the connection in', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await connection.execute(insert, ['a'])
      await tx.rollback()
      await connection.execute(insert, ['b'])
      expect(await textsOf(connection)).toEqual(['b'])
    })

    test('keeps the order of calls: a statement behind it is inside it', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const [tx] = await Promise.all([connection.begin(), connection.execute(insert, ['a'])])
      await tx.rollback()
      expect(await textsOf(connection)).toEqual([])
    })

    test('keeps the order of calls whatever it has to say first', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const levels: BeginOptions[] = [{ isolationLevel: 'serializable' }, { isolationLevel: 'read committed' }]
      for (const options of db.can.dialect === 'sqlite' ? [{ mode: 'deferred' } as const] : levels) {
        const [tx] = await Promise.all([connection.begin(options), connection.execute(insert, ['a'])])
        await tx.rollback()
        expect(await textsOf(connection)).toEqual([])
      }
      const [tx, refused] = await Promise.allSettled([connection.begin({ readonly: true }), connection.execute(insert, ['a'])])
      expect([tx.status, refused.status]).toEqual(['fulfilled', 'rejected'])
      if (tx.status === 'fulfilled') await tx.value.rollback()
      await connection.execute(insert, ['b'])
      expect(await textsOf(connection)).toEqual(['b'])
    })

    test('keeps the order of calls: a statement behind commit() is outside', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      tx.execute('insert into missing values (1)')
      const [commit, behind] = await Promise.allSettled([tx.commit(), connection.execute(insert, ['a'])])
      expect([commit.status, behind.status]).toEqual(['rejected', 'fulfilled'])
      expect(await textsOf(connection)).toEqual(['a'])
    })

    test('can be called again when the transaction has ended', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      for (const text of ['a', 'b', 'c']) {
        const tx = await connection.begin()
        await tx.execute(insert, [text])
        await (text === 'b' ? tx.rollback() : tx.commit())
      }
      expect(await textsOf(connection)).toEqual(['a', 'c'])
    })

    test('behind a commit() that is on its way begins a new transaction', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const first = await connection.begin()
      await first.execute(insert, ['a'])
      const [, second] = await Promise.all([first.commit(), connection.begin()])
      expect(second.isNested).toBe(false)
      await second.execute(insert, ['b'])
      await second.rollback()
      expect(await textsOf(connection)).toEqual(['a'])
    })

    test.each(['deferred', 'immediate', 'exclusive'] as const)('begins in %s mode', async (mode) => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await using tx = await connection.begin({ mode })
      await tx.execute(insert, ['a'])
      await tx.commit()
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('refuses options that it does not know or that contradict each other', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      for (const options of [{ mode: 'shared' }, { isolation: 'serializable' }, { readonly: 1 }, { readonly: true, mode: 'immediate' }]) {
        expect(await rejectionOf(connection.begin(options as object)), JSON.stringify(options)).toMatchObject({ name: 'ArgumentError' })
        expect(await rejectionOf(engine.begin(options as object)), JSON.stringify(options)).toMatchObject({ name: 'ArgumentError' })
        expect(await rejectionOf(engine.transaction(async () => {}, options as object))).toMatchObject({ name: 'ArgumentError' })
      }
      expect(connection.inTransaction()).toBe(false)
    })

    test('that was aborted before it began leaves the connection as it was', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      for (const options of [{}, { readonly: true }]) {
        expect(await rejectionOf(connection.begin({ ...options, signal: AbortSignal.abort() }))).toMatchObject({ name: 'AbortError' })
        expect(connection.inTransaction()).toBe(false)
      }
      await connection.execute(insert, ['a'])
      expect(await textsOf(engine)).toEqual(['a'])
    })
  })

  describe('engine.begin()', () => {
    test('gives its connection back at the end, each time', async () => {
      const engine = await db.notes({ pool: { max: 1 } })
      for (let n = 0; n < 20; n++) {
        const tx = await engine.begin()
        await tx.execute(insert, [`${n}`])
        await (n % 2 === 0 ? tx.commit() : tx.rollback())
      }
      expect(await engine.scalar('select count(*) from notes')).toBe(10)
      expect(engine.status()).toMatchObject({ inUse: 0, idle: 1 })
    })

    describeNeeding(db, 'oneWriter', () => {
      test('and transaction() give the database to writers in the order of their calls, also where each has to open a connection', async () => {
        const order: number[] = []
        const engine = db.engine({ pool: { max: 8 } })
        const abort = new AbortController()
        const works = Array.from({ length: 8 }, async (_, n) => {
          if (n === 3) return rejectionOf(engine.begin({ signal: abort.signal }))
          if (n % 2 === 0) return engine.transaction(async () => void order.push(n))
          const tx = await engine.begin()
          order.push(n)
          return tx.commit()
        })
        abort.abort()
        await Promise.all(works)
        expect(order).toEqual([0, 1, 2, 4, 5, 6, 7])
      })
    })

    test('lets every writer of one engine have its turn, however many wait', async () => {
      const engine = await db.notes()
      const order: number[] = []
      await Promise.all(
        Array.from({ length: 8 }, async (_, n) => {
          const tx = await engine.begin()
          order.push(n)
          await tx.execute(insert, [`${n}`])
          await tx.commit()
        }),
      )
      expect(order.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      expect(await engine.scalar('select count(*) from notes')).toBe(8)
    })
  })
})
