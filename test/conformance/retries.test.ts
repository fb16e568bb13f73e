import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

describeTargets((db) => {
  const { insert } = db

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
