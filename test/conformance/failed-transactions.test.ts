import type { AsyncTransaction } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeLacking, describeNeeding, describeTargets, type Fixture, rejectionOf, textsOf } from './targets.ts'

type Failure = readonly [by: string, fail: (tx: AsyncTransaction, module: URL) => Promise<unknown>]

const aborted = { name: 'TransactionAbortedError', code: 'OFFLOOP_TRANSACTION_ABORTED' }

/** Statements at which SQLite ends the transaction by itself. */
const endings = [
  ['INSERT OR ROLLBACK', "insert or rollback into notes (text) values ('a')"],
  ['UPDATE OR ROLLBACK', "update or rollback notes set text = 'a'"],
  ['RAISE(ROLLBACK)', "insert into notes (text) values ('forbidden')"],
] as const

describeTargets((db) => {
  const { insert } = db

  /** Every way to work inside a transaction; each of these fails, and the last of them in a statement of the transaction's own. */
  const failures: readonly Failure[] = [
    ['execute, not compiled', (tx) => tx.execute(insert)],
    ['one', (tx) => tx.execute('select * from notes where 1 = 0').one()],
    ['executeMany', (tx) => tx.executeMany(`insert into missing values (${db.mark(1)})`, [[1]])],
    ['call', (tx, module) => tx.call(module, 'fail')],
    ['transaction', (tx) => tx.transaction(async (inner) => inner.execute('insert into missing values (1)'))],
  ]
  const failuresInStatements: readonly Failure[] = [
    ['execute', (tx) => tx.execute('insert into missing values (1)')],
    ['fetchall', (tx) => tx.execute('select * from missing').fetchall()],
    ['scalar', (tx) => tx.scalar('select * from missing')],
    ['script', (tx) => tx.script('insert into missing values (1)')],
    ['execute of its connection', (tx) => tx.connection.execute('insert into missing values (1)')],
    ['script of its connection', (tx) => tx.connection.script('insert into missing values (1)')],
  ]

  test.each([...failures, ...failuresInStatements])(
    'a transaction does not commit over a failed %s that nobody looked at',
    async (_, fail) => {
      const engine = await db.notes()
      const module = failingModule(db)
      for (const when of ['in flight', 'over'] as const) {
        const tx = await engine.begin()
        await tx.execute(insert, ['lost'])
        void fail(tx, module)
        // A statement behind it, and it has failed as well.
        if (when === 'over') await tx.scalar('select 1').catch(() => {})
        expect(await rejectionOf(tx.commit())).toMatchObject({ name: 'InvalidRequestError', cause: expect.any(Error) })
      }
      expect(await textsOf(engine)).toEqual([])
    },
  )

  test.each(failures)('a transaction commits when its failed %s was looked at', async (_, fail) => {
    const engine = await db.notes()
    const tx = await engine.begin()
    await tx.execute(insert, ['stored'])
    await rejectionOf(fail(tx, failingModule(db)))
    await tx.commit()
    expect(await textsOf(engine)).toEqual(['stored'])
  })

  test.each(failuresInStatements)('a transaction commits when its failed %s was looked at, or says that it cannot', async (_, fail) => {
    const engine = await db.notes()
    const tx = await engine.begin()
    await tx.execute(insert, ['first'])
    await rejectionOf(fail(tx, failingModule(db)))
    if (db.can.survivesFailedStatements) await tx.commit()
    else expect(await rejectionOf(tx.commit())).toMatchObject(aborted)
    await tx.rollback()
    expect(await textsOf(engine)).toEqual(db.can.survivesFailedStatements ? ['first'] : [])
  })

  describeLacking(db, 'oneWriter', () => {
    test('a transaction that a deadlock ends can be retried, and takes nothing until rollback()', async () => {
      const engine = await db.notes()
      await engine.executeMany(insert, [['a'], ['b']])
      const update = (id: string, text: string) => `update notes set text = '${text}' where text = '${id}'`
      const [one, two] = await Promise.all([engine.begin(), engine.begin()])
      await one.execute(update('a', 'one'))
      await two.execute(update('b', 'two'))
      const settled = await Promise.allSettled([one.execute(update('b', 'one too')), two.execute(update('a', 'two too'))])
      const lost = settled.findIndex(({ status }) => status === 'rejected')
      expect(settled[lost]).toMatchObject({ reason: { name: 'OperationalError', retryable: true } })
      expect(settled[1 - lost]).toMatchObject({ status: 'fulfilled' })
      const [loser, winner] = lost === 0 ? [one, two] : [two, one]
      await winner.commit()
      for (const call of [() => loser.execute(insert, ['late']), () => loser.scalar('select 1'), () => loser.commit()]) {
        expect(await rejectionOf(call), String(call)).toMatchObject(aborted)
      }
      await loser.rollback()
      const stored = await textsOf(engine)
      expect(stored.toSorted()).toEqual(lost === 0 ? ['two', 'two too'] : ['one', 'one too'])
    })

    test('retries bring both transactions of a deadlock through', async () => {
      const engine = await db.notes()
      await engine.executeMany(insert, [['a'], ['b']])
      const meet = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
      const work = async (own: 0 | 1) =>
        engine.transaction(
          async (tx) => {
            await tx.execute(`update notes set text = concat(text, '${own}') where id = ${own + 1}`)
            meet[own].resolve()
            await meet[own === 0 ? 1 : 0].promise
            await tx.execute(`update notes set text = concat(text, '${own}') where id = ${2 - own}`)
          },
          { retries: 5 },
        )
      await Promise.all([work(0), work(1)])
      expect((await textsOf(engine)).map((text) => [...text].toSorted().join(''))).toEqual(['01a', '01b'])
    })
  })

  describeLacking(db, 'survivesFailedStatements', () => {
    test('a transaction with a failed statement takes nothing until rollback(), neither its own nor through the connection', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute(insert, ['lost'])
      await rejectionOf(tx.execute(insert, ['lost']))
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
        () => connection.beginNested(),
        () => connection.transaction(async () => {}),
      ]
      for (const call of calls) expect(await rejectionOf(call), String(call)).toMatchObject(aborted)
      expect(connection.inTransaction()).toBe(true)
      for (let n = 0; n < 2; n++) expect(await rejectionOf(tx.commit())).toMatchObject(aborted)
      expect(await rejectionOf(connection.execute(insert, ['c']))).toMatchObject(aborted)
      await tx.rollback()
      await connection.execute(insert, ['next'])
      expect(await textsOf(engine)).toEqual(['next'])
    })

    test('a transaction with a failed statement lets none slip through that was sent behind it without waiting', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      const settled = await Promise.allSettled([
        tx.execute(insert, ['a']),
        tx.execute(insert, ['a']),
        tx.execute(insert, ['c']),
        connection.execute(insert, ['d']),
        tx.executeMany(insert, [['e']]),
        tx.script("insert into notes (text) values ('f')"),
        tx.commit(),
      ])
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', ...Array.from({ length: 6 }, () => 'rejected')])
      await tx.rollback()
      expect(await textsOf(engine)).toEqual([])
    })

    test('a savepoint with a failed statement is rolled back, and its transaction goes on', async () => {
      const engine = await db.notes()
      const tx = await engine.begin()
      await tx.execute(insert, ['kept'])
      const nested = await tx.beginNested()
      await rejectionOf(nested.execute(insert, ['kept']))
      expect(await rejectionOf(nested.execute(insert, ['c']))).toMatchObject(aborted)
      expect(await rejectionOf(nested.commit())).toMatchObject(aborted)
      await nested.rollback()
      await tx.execute(insert, ['kept too'])
      await tx.commit()
      expect(await textsOf(engine)).toEqual(['kept', 'kept too'])
    })

    test('transaction(fn) whose fn swallowed the failure of a statement rejects, and nothing is stored', async () => {
      const engine = await db.notes()
      const swallowed = await rejectionOf(
        engine.transaction(async (tx) => {
          await tx.execute(insert, ['a'])
          await rejectionOf(tx.execute(insert, ['a']))
        }),
      )
      expect(swallowed).toMatchObject(aborted)
      expect(await textsOf(engine)).toEqual([])
    })
  })

  describeNeeding(db, 'rollbackOnConflict', () => {
    /** `notes` with the rows a and b, and a trigger that ends the transaction of whoever writes 'forbidden'. */
    async function guarded() {
      const engine = await db.notes()
      await engine.execute(`create trigger guard before insert on notes when new.text = 'forbidden'
        begin select raise(rollback, 'not that'); end`)
      await engine.executeMany(insert, [['a'], ['b']])
      return engine
    }

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

    test('of a function names what nobody looked at, also where the next statement hears of it alone', async () => {
      const engine = await db.notes()
      const error = await rejectionOf(
        engine.transaction(async (tx) => {
          tx.execute('insert into missing values (1)')
          await tx.execute(insert, ['a'])
        }),
      )
      expect(error).toMatchObject({ name: 'InvalidRequestError', cause: expect.objectContaining({ name: 'ProgrammingError' }) })
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

    describeNeeding(db, 'survivesFailedStatements', () => {
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
    })

    describeNeeding(db, 'deferredConstraints', () => {
      test('with a deferred foreign key that is not met rejects and rolls back', async () => {
        const engine = await db.notes()
        await engine.execute('create table stars (note integer references notes (id) deferrable initially deferred)')
        await using connection = await engine.connect()
        const tx = await connection.begin()
        await tx.execute('insert into stars values (1)')
        const error = await rejectionOf(tx.commit())
        expect(error).toMatchObject({ name: 'IntegrityError', driverCode: db.can.codes.foreignKey })
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
  })

  describe('SQL that ends a transaction', () => {
    const texts = ['commit', ...(db.can.endTransaction ? ['end transaction'] : []), 'rollback', 'begin immediate', '/* now */ COMMIT']
    test.each(texts)('is refused by execute() inside one of begin(), which goes on: %s', async (text) => {
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
    })

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
        await tx.execute('rollback to savepoint mine')
        await tx.execute('release savepoint mine')
      })
      expect(await textsOf(engine)).toEqual(['a'])
    })
  })
})

function failingModule(db: Fixture): URL {
  return db.module('fail.mjs', "export function fail() { throw new Error('failed') }")
}

function connectionOf<C>(tx: { readonly connection: C }): C {
  return tx.connection
}
