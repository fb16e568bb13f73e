import type { AsyncResult } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeTargets } from '../conformance/targets.ts'

interface Numbered {
  readonly n: number
}

const count = 5_000
function numbers(from: number, to: number): Numbered[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }))
}

describeTargets((db) => {
  describe('a result that several read at once', () => {
    async function opened(work: (result: AsyncResult<Numbered>) => Promise<void>): Promise<void> {
      await using connection = await (await db.notes()).connect()
      await using result = await connection.execute<Numbered>(db.numbers(count), [], { batchRows: 100 })
      await work(result)
    }

    test('gives each what he asks for, in the order of the calls', () =>
      opened(async (result) => {
        const fetched = await Promise.all([result.fetchmany(1_500), result.fetchone(), result.fetchmany(500), result.fetchmany(1_000)])
        expect(fetched).toEqual([numbers(1, 1_500), { n: 1_501 }, numbers(1_502, 2_001), numbers(2_002, 3_001)])
        expect(await Promise.all([result.fetchall(), result.fetchmany(10)])).toEqual([numbers(3_002, count), []])
      }))

    test('does not look exhausted to whoever waits while it is closed', () =>
      opened(async (result) => {
        await result.fetchmany(1_000)
        const waiting = [result.fetchmany(4_000), result.fetchone(), result.fetchall(), result.first()].map((fetch) => fetch.catch(String))
        await result.close()
        expect(await Promise.all(waiting)).toEqual(Array(4).fill('ResourceClosedError: This result object is closed.'))
      }))
  })
})
