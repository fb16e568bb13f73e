import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

const fault = new Error('on purpose')
type Gate = PromiseWithResolvers<void>

const turn = (): Promise<void> => new Promise(setImmediate)

describeTargets((db) => {
  const { insert } = db

  describe('several at once inside one transaction', () => {
    test('nested transactions take turns: those that fail are undone, and no others', async () => {
      const engine = await db.notes()
      const outcomes = await engine.transaction((tx) =>
        Promise.allSettled(
          Array.from({ length: 20 }, (_, index) =>
            tx.transaction(async (inner) => {
              await inner.execute(insert, [`${index}a`])
              await turn()
              await inner.execute(insert, [`${index}b`])
              if (index % 3 === 0) throw fault
            }),
          ),
        ),
      )
      for (const [index, outcome] of outcomes.entries()) {
        if (index % 3 === 0) expect(outcome).toMatchObject({ status: 'rejected', reason: fault })
        else expect(outcome.status).toBe('fulfilled')
      }
      const stored = Array.from({ length: 20 }, (_, index) => (index % 3 === 0 ? [] : [`${index}a`, `${index}b`])).flat()
      expect(await textsOf(engine)).toEqual(stored)
    })

    test('executeMany and nested transactions take turns, through transaction and connection', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await connection.transaction(async (tx) => {
        const settled = await Promise.allSettled([
          tx.executeMany(insert, [['a'], ['b']]),
          connection.executeMany(insert, [['lost'], [null]]),
          tx.executeMany(insert, [['c']]),
          connection.transaction((inner) => inner.executeMany(insert, [['d']])),
          tx.transaction(async (inner) => {
            await Promise.all([inner.executeMany(insert, [['e']]), inner.executeMany(insert, [['f']])])
          }),
        ])
        expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
      })
      expect(await textsOf(engine)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    })

    test('a task that is given the connection sees the transaction and writes into it; another one does not see it', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute(insert, ['parent'])
      const child = async (): Promise<string[]> => {
        await turn()
        const seen = await textsOf(connection)
        await connection.execute(insert, ['child'])
        return seen
      }
      expect(await child()).toEqual(['parent'])
      expect(await textsOf(tx)).toEqual(['parent', 'child'])
      if (db.can.snapshotsBesideWriters) expect(await textsOf(engine)).toEqual([])
      await tx.rollback()
      expect(await textsOf(engine)).toEqual([])
    })

    test('a statement beside a nested transaction that fails stays', async () => {
      const engine = await db.notes()
      await engine.transaction(async (tx) => {
        const nested = tx.transaction(async (inner) => {
          await inner.execute(insert, ['inner'])
          await turn()
          throw fault
        })
        const beside = tx.execute(insert, ['beside'])
        expect(await rejectionOf(nested)).toBe(fault)
        await beside
      })
      expect(await textsOf(engine)).toEqual(['beside'])
    })

    test('what is called behind the end of a savepoint is outside it', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      for (const end of ['commit', 'rollback'] as const) {
        const inner = await connection.beginNested()
        await inner.execute(insert, [`inner ${end}`])
        const ending = inner[end]()
        const executed = connection.execute(insert, [`behind ${end}`])
        const begun = tx.beginNested()
        const nested = await begun
        await nested.execute(insert, [`next ${end}`])
        await nested.commit()
        await Promise.all([ending, executed])
      }
      const inner = await connection.beginNested()
      await Promise.all([inner.rollback(), tx.commit()])
      const texts = ['inner commit', 'behind commit', 'next commit', 'behind rollback', 'next rollback']
      expect(await textsOf(engine)).toEqual(texts)
    })

    test('the end of a savepoint refuses nobody a branch of the connection', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      for (const end of ['commit', 'rollback'] as const) {
        for (const opensInner of [false, true]) {
          const savepoint = await connection.beginNested()
          if (opensInner) await connection.beginNested()
          const ending = savepoint[end]()
          await using branch = await connection.connect()
          await ending
          await branch.execute(insert, [`${end} ${opensInner}`])
        }
      }
      await tx.commit()
      expect(await textsOf(engine)).toEqual(['commit false', 'commit true', 'rollback false', 'rollback true'])
    })

    test('a function on a connection holds back a transaction of begin() that it runs in', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const work = (text: string) =>
        connection.transaction(async (own) => {
          await own.execute(insert, [`${text} a`])
          await turn()
          await own.execute(insert, [`${text} b`])
        })
      const tx = await connection.begin()
      const [, inner] = await Promise.all([work('first'), tx.beginNested()])
      await inner.execute(insert, ['inner'])
      await inner.commit()
      const emulated = await connection.begin()
      await Promise.all([work('second'), emulated.commit(), tx.execute(insert, ['beside'])])
      await tx.commit()
      expect(await textsOf(engine)).toEqual(['first a', 'first b', 'inner', 'second a', 'second b', 'beside'])
    })

    test('a function that waited holds back what was begun before its turn came', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const [entered, mayEnd, started] = [0, 1, 2].map(() => Promise.withResolvers<void>()) as [Gate, Gate, Gate]
      const first = connection.transaction(async () => {
        entered.resolve()
        await mayEnd.promise
      })
      await entered.promise
      const begun = connection.begin()
      const failed = rejectionOf(
        connection.transaction(async (own) => {
          await own.execute(insert, ['own'])
          started.resolve()
          for (let turns = 0; turns < 5; turns++) await turn()
          throw fault
        }),
      )
      mayEnd.resolve()
      const tx = await begun
      await started.promise
      const kept = tx.execute(insert, ['kept'])
      expect(await failed).toBe(fault)
      await Promise.all([first, kept])
      await tx.commit()
      expect(await textsOf(engine)).toEqual(['kept'])
    })

    test('what waits for a nested transaction of a function waits for the function too', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      const entered = Promise.withResolvers<void>()
      const failed = rejectionOf(
        connection.transaction(async (own) => {
          await own.transaction(async (deeper) => {
            await deeper.execute(insert, ['deeper'])
            entered.resolve()
            await turn()
          })
          for (let turns = 0; turns < 5; turns++) await turn()
          throw fault
        }),
      )
      await entered.promise
      const beside = [tx.execute(insert, ['tx']), connection.execute(insert, ['connection'])]
      expect(await failed).toBe(fault)
      await Promise.all(beside)
      await tx.commit()
      expect(await textsOf(engine)).toEqual(['tx', 'connection'])
    })

    test('begin() and transaction(fn) behind a begin() that is on its way keep their order', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const first = connection.transaction((tx) => tx.execute(insert, ['first']))
      const second = connection.begin()
      const third = connection.transaction(async (inner) => {
        await inner.execute(insert, ['third'])
        return inner.isNested
      })
      const tx = await second
      await Promise.all([first, tx.execute(insert, ['second'])])
      expect(await third).toBe(true)
      await tx.rollback()
      expect(await textsOf(engine)).toEqual(['first'])
    })

    test('the outer commit waits for a nested transaction that nobody has awaited', async () => {
      const engine = await db.notes()
      let nested: Promise<unknown> = Promise.resolve()
      await engine.transaction(async (tx) => {
        nested = tx.transaction(async (inner) => {
          await inner.execute(insert, ['first'])
          await turn()
          await inner.execute(insert, ['second'])
        })
      })
      await nested
      expect(await textsOf(engine)).toEqual(['first', 'second'])
    })

    test('an outer rollback waits for none of them: those that wait are refused', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      const started = Promise.withResolvers<void>()
      const rolledBack = Promise.withResolvers<void>()
      const running = tx.transaction(async (inner) => {
        await inner.execute(insert, ['running'])
        started.resolve()
        await rolledBack.promise
        await inner.execute(insert, ['too late'])
      })
      await started.promise
      const waiting = [tx.execute(insert, ['waiting']), tx.transaction((inner) => inner.execute(insert, ['waiting'])), tx.commit()]
      const settled = Promise.allSettled([...waiting, running])
      await tx.rollback()
      rolledBack.resolve()
      for (const outcome of await settled) expect(outcome).toMatchObject({ reason: { message: 'This transaction is inactive' } })
      expect(await textsOf(engine)).toEqual([])
    })

    test('a nested transaction whose caller gives up while it waits never runs', async () => {
      const engine = await db.notes()
      const abort = new AbortController()
      await engine.transaction(async (tx) => {
        const holding = tx.transaction(async (inner) => {
          await inner.execute(insert, ['holding'])
          abort.abort(fault)
        })
        const waiting = tx.transaction((inner) => inner.execute(insert, ['waiting']), { signal: abort.signal })
        expect(await rejectionOf(waiting)).toMatchObject({ name: 'AbortError', cause: fault })
        await holding
      })
      expect(await textsOf(engine)).toEqual(['holding'])
    })

    test('a function that had to wait runs in its own asynchronous context', async () => {
      const engine = await db.notes()
      const caller = new AsyncLocalStorage<number>()
      const nameLater = async (): Promise<number | undefined> => {
        await turn()
        return caller.getStore()
      }
      const found = await engine.transaction((tx) =>
        Promise.all([1, 2, 3].map((name) => caller.run(name, () => tx.transaction(nameLater)))),
      )
      expect(found).toEqual([1, 2, 3])
    })
  })
})
