import type { AsyncTransaction } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

const insert = 'insert into notes (text) values (?)'
const aborted = { name: 'TransactionAbortedError', code: 'OFFLOOP_TRANSACTION_ABORTED' }

/** Statements at which SQLite ends the transaction by itself. */
const endings = [
  ['INSERT OR ROLLBACK', "insert or rollback into notes (text) values ('a')"],
  ['UPDATE OR ROLLBACK', "update or rollback notes set text = 'a'"],
  ['RAISE(ROLLBACK)', "insert into notes (text) values ('forbidden')"],
] as const

describeTargets((db) => {
  /** `notes` with the rows a and b, and a trigger that ends the transaction of whoever writes 'forbidden'. */
  async function guarded() {
    const engine = await db.notes()
    await engine.execute(`create trigger guard before insert on notes when new.text = 'forbidden'
      begin select raise(rollback, 'not that'); end`)
    await engine.executeMany(insert, [['a'], ['b']])
    return engine
  }

  /** Every way to work inside a transaction; each of these fails. */
  const failures: readonly (readonly [string, (tx: AsyncTransaction, module: URL) => Promise<unknown>])[] = [
    ['execute', (tx) => tx.execute('insert into missing values (1)')],
    ['execute, not compiled', (tx) => tx.execute('insert into notes (text) values (?)')],
    ['fetchall', (tx) => tx.execute('select * from missing').fetchall()],
    ['one', (tx) => tx.execute('select * from notes where false').one()],
    ['scalar', (tx) => tx.scalar('select * from missing')],
    ['script', (tx) => tx.script('insert into missing values (1)')],
    ['executeMany', (tx) => tx.executeMany('insert into missing values (?)', [[1]])],
    ['call', (tx, module) => tx.call(module, 'fail')],
    ['transaction', (tx) => tx.transaction(async (inner) => inner.execute('insert into missing values (1)'))],
    ['execute of its connection', (tx) => tx.connection.execute('insert into missing values (1)')],
    ['script of its connection', (tx) => tx.connection.script('insert into missing values (1)')],
  ]

  test.each(failures)('a transaction does not commit over a failed %s that nobody looked at', async (_, fail) => {
    const engine = await db.notes()
    const module = db.module('fail.mjs', "export function fail() { throw new Error('failed') }")
    for (const when of ['in flight', 'over'] as const) {
      const tx = await engine.begin()
      await tx.execute(insert, ['lost'])
      void fail(tx, module)
      // A statement behind it, and it has failed as well.
      if (when === 'over') await tx.scalar('select 1')
      expect(await rejectionOf(tx.commit())).toMatchObject({ name: 'InvalidRequestError', cause: expect.any(Error) })
    }
    const tx = await engine.begin()
    await tx.execute(insert, ['stored'])
    await rejectionOf(fail(tx, module))
    await tx.commit()
    expect(await textsOf(engine)).toEqual(['stored'])
  })

  describe.each(endings)('a transaction that the database ends by %s', (_, ending) => {
    test('takes no statement until rollback(), neither its own nor through the connection', async () => {
      const engine = await guarded()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute(insert, ['lost'])
      expect(await rejectionOf(tx.execute(ending))).toMatchObject({ name: 'IntegrityError' })
      expect(tx.isActive).toBe(false)
      const calls: (() => unknown)[] = [
        () => tx.execute(insert, ['c']),
        () => tx.scalar('select 1'),
        () => tx.script("insert into notes (text) values ('c')"),
        () => tx.executeMany(insert, [['c']]),
        () => tx.beginNested(),
        () => tx.transaction(async () => {}),
        () => connection.execute(insert, ['c']),
        () => connection.scalar('select 1'),
        () => connection.script("insert into notes (text) values ('c')"),
        () => connection.executeMany(insert, [['c']]),
        () => connection.begin(),
        () => connection.beginNested(),
        () => connection.transaction(async () => {}),
        () => tx.commit(),
        () => tx.commit(),
      ]
      for (const call of calls) expect(await rejectionOf(call), String(call)).toMatchObject(aborted)
      await tx.rollback()
      await tx.rollback()
      await connection.execute(insert, ['next'])
      expect(await textsOf(engine)).toEqual(['a', 'b', 'next'])
    })

    test('lets no statement slip through that was sent behind it without waiting', async () => {
      const engine = await guarded()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      const settled = await Promise.allSettled([
        tx.execute(insert, ['lost']),
        tx.execute(ending),
        tx.execute(insert, ['c']),
        connection.execute(insert, ['d']),
        tx.executeMany(insert, [['e']]),
        tx.script("insert into notes (text) values ('f')"),
        tx.commit(),
      ])
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', ...Array.from({ length: 6 }, () => 'rejected')])
      await tx.rollback()
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('rejects from transaction(fn) with the error of the statement, or with its own if fn swallowed that', async () => {
      const engine = await guarded()
      const thrown = await rejectionOf(engine.transaction(async (tx) => tx.execute(ending)))
      expect(thrown).toMatchObject({ name: 'IntegrityError' })
      const swallowed = await rejectionOf(
        engine.transaction(async (tx) => {
          await rejectionOf(tx.execute(ending))
        }),
      )
      expect(swallowed).toMatchObject(aborted)
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('takes its savepoints with it', async () => {
      const engine = await guarded()
      const tx = await engine.begin()
      const nested = await tx.beginNested()
      await rejectionOf(nested.execute(ending))
      expect(await rejectionOf(nested.execute(insert, ['c']))).toMatchObject(aborted)
      expect(await rejectionOf(nested.commit())).toMatchObject(aborted)
      await nested.rollback()
      expect(await rejectionOf(tx.commit())).toMatchObject(aborted)
      await tx.rollback()
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('is ended by the close of its connection, too', async () => {
      const engine = await guarded()
      {
        await using connection = await engine.connect()
        const tx = await connection.begin()
        await rejectionOf(tx.execute(ending))
      }
      await using connection = await engine.connect()
      await connection.execute(insert, ['next'])
      expect(await textsOf(engine)).toEqual(['a', 'b', 'next'])
    })
  })

  describe('commit()', () => {
    test('rolls back and rejects when a statement has failed that nobody looked at', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      tx.execute(insert, ['a'])
      tx.execute('insert into missing values (1)')
      const error = await rejectionOf(tx.commit())
      expect(error).toMatchObject({ name: 'InvalidRequestError', cause: expect.objectContaining({ name: 'ProgrammingError' }) })
      expect([tx.isActive, connection.inTransaction()]).toEqual([false, false])
      await tx.rollback()
      expect(await textsOf(engine)).toEqual([])
    })

    test('rolls back and rejects when a statement was refused before it was sent and nobody looked at it', async () => {
      const engine = await db.notes()
      const error = await rejectionOf(
        engine.transaction(async (tx) => {
          await tx.execute(insert, ['a'])
          tx.execute(insert, [undefined])
        }),
      )
      expect(error).toMatchObject({ name: 'InvalidRequestError', cause: expect.any(TypeError) })
      expect(await textsOf(engine)).toEqual([])
    })

    test('stores what statements did that nobody looked at and that worked', async () => {
      const engine = await db.notes()
      await engine.transaction(async (tx) => {
        tx.execute(insert, ['a'])
        connectionOf(tx).execute(insert, ['b'])
      })
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('stores the rest when the failure of a statement has been looked at', async () => {
      const engine = await db.notes()
      await engine.transaction(async (tx) => {
        await tx.execute(insert, ['a'])
        const failing = tx.execute('insert into missing values (1)')
        failing.catch(() => {})
        await tx.execute(insert, ['b'])
      })
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('with a deferred foreign key that is not met rejects and rolls back', async () => {
      const engine = await db.notes()
      await engine.execute('create table stars (note integer references notes (id) deferrable initially deferred)')
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute('insert into stars values (1)')
      const error = await rejectionOf(tx.commit())
      expect(error).toMatchObject({ name: 'IntegrityError', driverCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' })
      expect([tx.isActive, connection.inTransaction()]).toEqual([false, false])
      await tx.rollback()
      await connection.execute(insert, ['next'])
      expect(await engine.scalar('select count(*) from stars')).toBe(0)
      expect(await textsOf(engine)).toEqual(['next'])
      expect(await rejectionOf(engine.transaction(async (inner) => inner.execute('insert into stars values (9)')))).toMatchObject({
        name: 'IntegrityError',
      })
      expect(engine.status().inUse).toBe(1)
    })
  })

  describe('SQL that ends a transaction', () => {
    test.each(['commit', 'end transaction', 'rollback', 'begin immediate', '/* now */ COMMIT'])(
      'is refused by execute() inside one of begin(), which goes on: %s',
      async (text) => {
        const engine = await db.notes()
        await using connection = await engine.connect()
        const tx = await connection.begin()
        for (const executor of [tx, connection]) {
          expect(await rejectionOf(executor.execute(text))).toMatchObject({
            name: 'InvalidRequestError',
            message: expect.stringContaining('commit()'),
          })
        }
        await tx.execute(insert, ['a'])
        await tx.commit()
        expect(await textsOf(engine)).toEqual(['a'])
      },
    )

    test('in a script is found out: nothing more of the transaction runs', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await tx.script("insert into notes (text) values ('stored'); commit")
      expect(await rejectionOf(tx.execute(insert, ['late']))).toMatchObject(aborted)
      expect(await rejectionOf(tx.commit())).toMatchObject(aborted)
      await tx.rollback()
      expect(await textsOf(engine)).toEqual(['stored'])
    })

    test('is what a connection without one takes', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await connection.execute('begin')
      expect(connection.inTransaction()).toBe(true)
      await connection.execute(insert, ['a'])
      await connection.execute('savepoint mine')
      await connection.execute(insert, ['b'])
      await connection.execute('rollback to mine')
      await connection.execute('commit')
      expect(connection.inTransaction()).toBe(false)
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('may set savepoints of its own inside one', async () => {
      const engine = await db.notes()
      await engine.transaction(async (tx) => {
        await tx.execute(insert, ['a'])
        await tx.execute('savepoint mine')
        await tx.execute(insert, ['b'])
        await tx.execute('rollback transaction to savepoint mine')
        await tx.execute('release mine')
      })
      expect(await textsOf(engine)).toEqual(['a'])
    })
  })

  describe('retries', () => {
    /** An error that says of itself that another attempt may succeed. */
    function busy(): Error {
      return Object.assign(new Error('busy'), { retryable: true })
    }

    test('are none by default', async () => {
      const engine = await db.notes()
      let attempts = 0
      const work = engine.transaction(async () => {
        attempts++
        throw busy()
      })
      expect((await rejectionOf(work)).message).toBe('busy')
      expect(attempts).toBe(1)
    })

    test('run the function again from the beginning, after a rollback', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      for (const executor of [engine, connection]) {
        let attempts = 0
        await executor.transaction(
          async (tx) => {
            attempts++
            await tx.execute(insert, [`${attempts}`])
            if (attempts < 3) throw busy()
          },
          { retries: 2 },
        )
        expect(attempts).toBe(3)
        expect(await textsOf(engine)).toEqual(['3'])
        await engine.execute('delete from notes')
      }
    })

    test('end with the last error when there are no more', async () => {
      const engine = await db.notes()
      let attempts = 0
      const work = engine.transaction(
        async () => {
          attempts++
          throw busy()
        },
        { retries: 3 },
      )
      expect((await rejectionOf(work)).message).toBe('busy')
      expect(attempts).toBe(4)
    })

    test('are not for an error that is not retryable', async () => {
      const engine = await db.notes()
      let attempts = 0
      const work = engine.transaction(
        async (tx) => {
          attempts++
          await tx.execute(insert, [null])
        },
        { retries: 3 },
      )
      expect(await rejectionOf(work)).toMatchObject({ name: 'IntegrityError', retryable: false })
      expect(attempts).toBe(1)
    })

    test('are a whole number, 0 or more', async () => {
      const engine = await db.notes()
      for (const retries of [-1, 1.5, Number.NaN]) {
        expect(await rejectionOf(engine.transaction(async () => {}, { retries }))).toMatchObject({ name: 'ArgumentError' })
      }
    })
  })
})

function connectionOf<C>(tx: { readonly connection: C }): C {
  return tx.connection
}
