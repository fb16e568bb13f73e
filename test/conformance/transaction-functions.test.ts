import { OperationalError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

const inactive = { name: 'InvalidRequestError', code: 'OFFLOOP_INVALID_REQUEST', message: 'This transaction is inactive' }

describeTargets((db) => {
  const { insert } = db

  describe('engine.transaction() and connection.transaction()', () => {
    test('commit what the function did and give what it returns', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      for (const [executor, text] of [[engine, 'engine'] as const, [connection, 'connection'] as const]) {
        const value = await executor.transaction(async (tx) => {
          await tx.execute(insert, [text])
          return text.length
        })
        expect(value).toBe(text.length)
      }
      expect(await textsOf(engine)).toEqual(['engine', 'connection'])
    })

    test('roll back and pass on what the function throws', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const mine = new Error('mine')
      for (const executor of [engine, connection]) {
        const error = await rejectionOf(
          executor.transaction(async (tx) => {
            await tx.execute(insert, ['a'])
            throw mine
          }),
        )
        expect(error).toBe(mine)
      }
      expect(connection.inTransaction()).toBe(false)
      expect(await textsOf(engine)).toEqual([])
    })

    test('roll back after an IntegrityError in the function and leave the connection usable', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const error = await rejectionOf(
        connection.transaction(async (tx) => {
          await tx.execute(insert, ['a'])
          await tx.execute(insert, ['a'])
        }),
      )
      expect(error).toMatchObject({ name: 'IntegrityError', ...db.can.sameText })
      expect(connection.inTransaction()).toBe(false)
      await connection.execute(insert, ['b'])
      expect(await textsOf(connection)).toEqual(['b'])
    })

    test('let the function end the transaction by itself', async () => {
      const engine = await db.notes()
      await engine.transaction(async (tx) => {
        await tx.execute(insert, ['a'])
        await tx.commit()
      })
      await engine.transaction(async (tx) => {
        await tx.execute(insert, ['b'])
        await tx.rollback()
      })
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('end the transaction: what the function left behind cannot write any more', async () => {
      const engine = await db.notes()
      const tx = await engine.transaction(async (tx) => tx)
      expect(tx.isActive).toBe(false)
      expect(await rejectionOf(tx.execute(insert, ['late']))).toMatchObject(inactive)
      expect(await textsOf(engine)).toEqual([])
    })

    test('that are aborted meanwhile do not commit', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      for (const executor of [engine, connection]) {
        const controller = new AbortController()
        const reason = new Error('changed my mind')
        const work = executor.transaction(
          async (tx) => {
            await tx.execute(insert, ['a'])
            controller.abort(reason)
          },
          { signal: controller.signal },
        )
        expect(await rejectionOf(work)).toMatchObject({ name: 'AbortError', cause: reason })
      }
      expect(await textsOf(engine)).toEqual([])
    })

    test('inside a transaction run again as often as they are told to, and cannot be made read-only', async () => {
      const engine = await db.notes()
      await engine.transaction(async (tx) => {
        let runs = 0
        const locked = new OperationalError('locked', { retryable: true })
        const nested = tx.transaction(
          async (inner) => {
            await inner.execute(insert, [`${++runs}`])
            throw locked
          },
          { retries: 2 },
        )
        expect(await rejectionOf(nested)).toBe(locked)
        expect(runs).toBe(3)
        expect(await rejectionOf(tx.transaction(async () => {}, { readonly: true }))).toMatchObject({ name: 'InvalidRequestError' })
      })
      expect(await textsOf(engine)).toEqual([])
    })

    test('take a function and say so', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      for (const executor of [engine, connection]) {
        expect(await rejectionOf(executor.transaction('begin' as never))).toMatchObject({ name: 'TypeError' })
      }
      expect(connection.inTransaction()).toBe(false)
    })

    test('isolate the writes of concurrent tasks from each other', async () => {
      const engine = await db.notes()
      await engine.execute('create table counter (n integer)')
      await engine.execute('insert into counter values (0)')
      const work = Array.from({ length: 20 }, (_, n) =>
        engine.transaction(
          async (tx) => {
            const before = (await tx.scalar<number>('select n from counter')) ?? 0
            await tx.execute('update counter set n = :n', { n: before + 1 })
            if (n % 4 === 0) throw new Error('this one is not to count')
          },
          // Servers let them run side by side, and find out which of them cannot have done so.
          { isolationLevel: 'serializable', retries: db.can.oneWriter ? 0 : 1_000 },
        ),
      )
      const settled = await Promise.allSettled(work)
      expect(settled.filter(({ status }) => status === 'rejected').length).toBe(5)
      expect(await engine.scalar('select n from counter')).toBe(15)
    })
  })
})
