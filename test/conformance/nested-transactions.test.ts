import type { AsyncConnection, AsyncTransaction } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeLacking, describeNeeding, describeTargets, type Fixture, rejectionOf, textsOf } from './targets.ts'

const inactive = { name: 'InvalidRequestError', message: 'This transaction is inactive' }
async function withConnection(db: Fixture, work: (connection: AsyncConnection) => Promise<void>): Promise<void> {
  const engine = await db.notes()
  await using connection = await engine.connect()
  await work(connection)
}

describeTargets((db) => {
  const { insert } = db

  describe('begin() inside a transaction is emulated', () => {
    test('an inner commit() does nothing, the outer one stores all', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        await outer.execute(insert, ['outer'])
        const inner = await connection.begin()
        expect([outer.isNested, inner.isNested]).toEqual([false, true])
        await inner.execute(insert, ['inner'])
        await inner.commit()
        expect([inner.isActive, outer.isActive, connection.inTransaction()]).toEqual([false, true, true])
        await outer.execute(insert, ['after'])
        await outer.commit()
        expect(await textsOf(connection)).toEqual(['outer', 'inner', 'after'])
      }))

    test('an outer rollback() undoes what an inner one committed', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const inner = await connection.begin()
        await inner.execute(insert, ['inner'])
        await inner.commit()
        await outer.rollback()
        expect(await textsOf(connection)).toEqual([])
      }))

    test('an inner rollback() dooms the whole', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        await outer.execute(insert, ['outer'])
        const inner = await connection.begin()
        await inner.execute(insert, ['inner'])
        await inner.rollback()
        expect([inner.isActive, outer.isActive]).toEqual([false, false])
        expect(await rejectionOf(outer.execute(insert, ['late']))).toMatchObject(inactive)
        expect(await rejectionOf(connection.execute(insert, ['late']))).toMatchObject(inactive)
        expect(await rejectionOf(connection.begin())).toMatchObject(inactive)
        expect(await rejectionOf(outer.commit())).toMatchObject(inactive)
        await outer.rollback()
        expect(connection.inTransaction()).toBe(false)
        expect(await textsOf(connection)).toEqual([])
        await connection.execute(insert, ['next'])
        expect(await textsOf(connection)).toEqual(['next'])
      }))

    test('an inner rollback() two levels down dooms all of them', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const middle = await outer.begin()
        const inner = await middle.begin()
        await inner.execute(insert, ['a'])
        await inner.rollback()
        expect(await rejectionOf(middle.commit())).toMatchObject(inactive)
        await middle.rollback()
        expect(await rejectionOf(outer.commit())).toMatchObject(inactive)
        await outer.rollback()
        expect(await textsOf(connection)).toEqual([])
      }))

    test('an inner close() only detaches', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const inner = await connection.begin()
        await inner.execute(insert, ['inner'])
        await inner.close()
        expect([inner.isActive, outer.isActive]).toEqual([false, true])
        await outer.commit()
        expect(await textsOf(connection)).toEqual(['inner'])
      }))

    test('an inner block that was left without commit() dooms the whole', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        {
          await using inner = await connection.begin()
          await inner.execute(insert, ['inner'])
        }
        expect(await rejectionOf(outer.commit())).toMatchObject(inactive)
        await outer.close()
        expect(await textsOf(connection)).toEqual([])
      }))

    test('the end of the outer one ends those inside', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const inner = await connection.begin()
        await outer.commit()
        expect(inner.isActive).toBe(false)
        expect(await rejectionOf(inner.execute(insert, ['late']))).toMatchObject(inactive)
        expect(await rejectionOf(inner.commit())).toMatchObject(inactive)
        await inner.rollback()
        expect(await textsOf(connection)).toEqual([])
      }))

    test('an inner rollback() inside a savepoint dooms the savepoint, not what is around it', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        await outer.execute(insert, ['outer'])
        const savepoint = await connection.beginNested()
        const inner = await connection.begin()
        await inner.execute(insert, ['inner'])
        await inner.rollback()
        expect(await rejectionOf(savepoint.commit())).toMatchObject(inactive)
        await savepoint.rollback()
        expect(outer.isActive).toBe(true)
        await outer.commit()
        expect(await textsOf(connection)).toEqual(['outer'])
      }))
  })

  describe('a savepoint', () => {
    test('that is rolled back keeps the outer work: 702, not 703, 704', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        await outer.execute("insert into notes values (702, 'before')")
        const error = await rejectionOf(async () => {
          await using nested = await connection.beginNested()
          await nested.execute("insert into notes values (703, 'inside')")
          await nested.execute("insert into notes values (703, 'again')")
          await nested.commit()
        })
        expect(error).toMatchObject({ name: 'IntegrityError' })
        await outer.execute("insert into notes values (704, 'after')")
        await outer.commit()
        expect(await connection.execute('select id from notes order by id').scalars()).toEqual([702, 704])
      }))

    test('that is committed belongs to the outer one', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const nested = await outer.beginNested()
        expect([nested.isNested, nested.isActive]).toEqual([true, true])
        await nested.execute(insert, ['inside'])
        await nested.commit()
        expect([nested.isActive, outer.isActive]).toEqual([false, true])
        expect(await rejectionOf(nested.commit())).toMatchObject(inactive)
        expect(await textsOf(outer)).toEqual(['inside'])
        await outer.rollback()
        expect(await textsOf(connection)).toEqual([])
      }))

    test.each(['rollback', 'close'] as const)('undoes its own work by %s()', (end) =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        await outer.execute(insert, ['outer'])
        const nested = await outer.beginNested()
        await nested.execute(insert, ['inside'])
        await nested[end]()
        await nested[end]()
        expect(await rejectionOf(nested.execute(insert, ['late']))).toMatchObject(inactive)
        await outer.commit()
        expect(await textsOf(connection)).toEqual(['outer'])
      }),
    )

    test('can be ended twice at once', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const first = await outer.beginNested()
        await first.execute(insert, ['first'])
        const [one, two] = await Promise.allSettled([first.commit(), first.commit()])
        expect([one.status, two.status]).toEqual(['fulfilled', 'rejected'])
        const second = await outer.beginNested()
        await second.execute(insert, ['second'])
        await Promise.all([second.rollback(), second.rollback(), second.close()])
        const third = await outer.beginNested()
        await third.execute(insert, ['third'])
        await Promise.all([third.commit(), third.rollback()])
        await outer.commit()
        expect(await textsOf(connection)).toEqual(['first', 'third'])
      }))

    test('that is being committed takes no statements any more', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const nested = await outer.beginNested()
        const [, late] = await Promise.allSettled([nested.commit(), nested.execute(insert, ['late'])])
        expect(late).toMatchObject({ status: 'rejected', reason: inactive })
        await outer.commit()
        expect(await textsOf(connection)).toEqual([])
      }))

    test('stands inside another one, and ends with it', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const first = await outer.beginNested()
        await first.execute(insert, ['first'])
        const second = await first.beginNested()
        await second.execute(insert, ['second'])
        await second.rollback()
        const third = await first.beginNested()
        await third.execute(insert, ['third'])
        await first.commit()
        expect(third.isActive).toBe(false)
        expect(await rejectionOf(third.execute(insert, ['late']))).toMatchObject(inactive)
        await outer.commit()
        expect(await textsOf(connection)).toEqual(['first', 'third'])
      }))

    test.each(['commit', 'rollback', 'close'] as const)('ends with the %s() of the transaction around it', (end) =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const nested = await outer.beginNested()
        await nested.execute(insert, ['inside'])
        await outer[end]()
        expect([nested.isActive, connection.inTransaction()]).toEqual([false, false])
        expect(await rejectionOf(nested.execute(insert, ['late']))).toMatchObject(inactive)
        expect(await rejectionOf(nested.commit())).toMatchObject(inactive)
        await nested.rollback()
        expect(await textsOf(connection)).toEqual(end === 'commit' ? ['inside'] : [])
      }),
    )

    test('without an outer transaction is a transaction', () =>
      withConnection(db, async (connection) => {
        const root = await connection.beginNested()
        expect([root.isNested, connection.inTransaction()]).toEqual([false, true])
        await root.execute(insert, ['a'])
        await root.commit()
        expect(connection.inTransaction()).toBe(false)
        const undone = await connection.beginNested()
        await undone.execute(insert, ['b'])
        await undone.rollback()
        expect(await textsOf(connection)).toEqual(['a'])
      }))

    test('keeps the order of calls: what is called behind beginNested() is inside', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        const [nested] = await Promise.all([outer.beginNested(), outer.execute(insert, ['inside'])])
        await nested.rollback()
        await outer.commit()
        expect(await textsOf(connection)).toEqual([])
      }))
  })

  describe('transaction(fn) inside a transaction', () => {
    test('is a savepoint of the transaction object', () =>
      withConnection(db, async (connection) => {
        await connection.transaction(async (tx) => {
          await tx.execute(insert, ['outer'])
          await tx.transaction(async (nested) => {
            expect(nested.isNested).toBe(true)
            await nested.execute(insert, ['kept'])
          })
          await rejectionOf(
            tx.transaction(async (nested) => {
              await nested.execute(insert, ['undone'])
              throw new Error('only this one')
            }),
          )
        })
        expect(await textsOf(connection)).toEqual(['outer', 'kept'])
      }))

    test('is a savepoint of the connection when called inside its own callback', () =>
      withConnection(db, async (connection) => {
        await connection.transaction(async (tx) => {
          await tx.execute(insert, ['outer'])
          await rejectionOf(
            connection.transaction(async (nested) => {
              expect(nested.isNested).toBe(true)
              await connection.execute(insert, ['undone'])
              throw new Error('only this one')
            }),
          )
          await connection.transaction(async () => connection.execute(insert, ['kept']))
        })
        expect(await textsOf(connection)).toEqual(['outer', 'kept'])
      }))

    test('is a savepoint of a transaction that was begun by begin()', () =>
      withConnection(db, async (connection) => {
        const outer = await connection.begin()
        await outer.execute(insert, ['outer'])
        await rejectionOf(
          connection.transaction(async (nested) => {
            await nested.execute(insert, ['undone'])
            throw new Error('only this one')
          }),
        )
        await connection.transaction(async (nested) => nested.execute(insert, ['kept']))
        await outer.commit()
        expect(await textsOf(connection)).toEqual(['outer', 'kept'])
      }))

    test('of another task waits for its turn, and so do the other statements of that task', () =>
      withConnection(db, async (connection) => {
        const entered = Promise.withResolvers<void>()
        const mayEnd = Promise.withResolvers<void>()
        const first = connection.transaction(async (tx) => {
          await tx.execute(insert, ['first'])
          entered.resolve()
          await mayEnd.promise
          throw new Error('undone')
        })
        await entered.promise
        const second = connection.transaction(async (tx) => {
          expect(tx.isNested).toBe(false)
          await tx.execute(insert, ['second'])
        })
        const third = connection.execute(insert, ['third'])
        mayEnd.resolve()
        expect((await rejectionOf(first)).message).toBe('undone')
        await Promise.all([second, third])
        expect(await textsOf(connection)).toEqual(['second', 'third'])
      }))

    test('of 50 tasks at once undoes the work of those that fail and of no other', () =>
      withConnection(db, async (connection) => {
        const tasks = Array.from({ length: 50 }, (_, n) =>
          connection.transaction(async (tx) => {
            await tx.execute(insert, [`${n} a`])
            await connection.execute(insert, [`${n} b`])
            if (n % 3 === 0) throw new Error('undone')
          }),
        )
        await Promise.allSettled(tasks)
        const kept = Array.from({ length: 50 }, (_, n) => n).filter((n) => n % 3 !== 0)
        expect(await textsOf(connection)).toEqual(kept.flatMap((n) => [`${n} a`, `${n} b`]))
      }))
  })

  describe('waiting for oneself', () => {
    describeNeeding(db, 'oneWriter', () => {
      test('is refused inside engine.transaction() by a word about the transaction object', async () => {
        const engine = await db.notes()
        const module = db.module('nothing.mjs', 'export const nothing = () => {}')
        await engine.transaction(async (tx) => {
          const calls: (() => unknown)[] = [
            () => engine.execute(insert, ['a']),
            () => engine.begin(),
            () => engine.transaction(async () => {}),
            () => engine.executeMany(insert, [['a']]),
            () => engine.script("insert into notes (text) values ('a')"),
          ]
          if (!db.can.snapshotsBesideWriters)
            calls.push(
              () => engine.scalar('select 1 from notes'),
              () => engine.call(module, 'nothing'),
            )
          for (const call of calls) {
            const error = await rejectionOf(call)
            expect(error, String(call)).toMatchObject({ name: 'ReentrancyError', code: 'OFFLOOP_REENTRANCY' })
            expect(error.message).toContain('tx.execute')
          }
          await tx.execute(insert, ['b'])
        })
        expect(await textsOf(engine)).toEqual(['b'])
      })

      test('is refused on another connection of the same engine', async () => {
        const engine = await db.notes()
        await using connection = await engine.connect()
        await engine.transaction(async () => {
          expect(await rejectionOf(connection.execute(insert, ['a']))).toMatchObject({ name: 'ReentrancyError' })
          expect(await rejectionOf(connection.begin())).toMatchObject({ name: 'ReentrancyError' })
        })
        await connection.execute(insert, ['b'])
        expect(await textsOf(engine)).toEqual(['b'])
      })
    })

    describeLacking(db, 'oneWriter', () => {
      test('is nothing that a statement on another connection does: it runs beside the transaction', async () => {
        const engine = await db.notes()
        await using connection = await engine.connect()
        await rejectionOf(
          engine.transaction(async (tx) => {
            await tx.execute(insert, ['undone'])
            await engine.execute(insert, ['engine'])
            await connection.execute(insert, ['connection'])
            throw new Error('only this one')
          }),
        )
        expect(await textsOf(engine)).toEqual(['engine', 'connection'])
      })
    })

    test('is not what another task does: it waits', async () => {
      const engine = await db.notes()
      const entered = Promise.withResolvers<void>()
      const mayEnd = Promise.withResolvers<void>()
      const first = engine.transaction(async (tx) => {
        await tx.execute(insert, ['first'])
        entered.resolve()
        await mayEnd.promise
      })
      await entered.promise
      const second = engine.execute(insert, ['second'])
      mayEnd.resolve()
      await Promise.all([first, second])
      expect(await textsOf(engine)).toEqual(['first', 'second'])
    })

    test('is over with the transaction: a task that it left behind may write', async () => {
      const engine = await db.notes()
      const ended = Promise.withResolvers<void>()
      let left: Promise<unknown> | undefined
      await engine.transaction(async (tx: AsyncTransaction) => {
        await tx.execute(insert, ['inside'])
        left = ended.promise.then(() => engine.execute(insert, ['behind']))
      })
      ended.resolve()
      await left
      expect(await textsOf(engine)).toEqual(['inside', 'behind'])
    })
  })
})
