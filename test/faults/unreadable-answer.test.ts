import { WorkerTerminatedError } from 'offloop'
import { expect, test } from 'vitest'
import { openEngine, rejectionOf } from './test-engine.ts'

const module = new URL('worker-functions.mjs', import.meta.url)

/** More than the stack of a program's first thread takes in, less than a worker's gives away; and more than either. */
test.each((['thread', 'process'] as const).flatMap((isolation) => [5_000, 100_000].map((levels) => ({ isolation, levels }))))(
  'an answer nested $levels deep ends with an error whoever waits ($isolation)',
  async ({ isolation, levels }) => {
    const engine = openEngine({ isolation })
    await engine.execute('create table t (x)')
    const conn = await engine.connect()
    expect(await conn.call(module, 'nest', [2])).toEqual([[]])
    const ends = await Promise.allSettled([conn.call(module, 'nest', [levels]), conn.scalar('select 1')])
    expect(ends[0]).toMatchObject({ status: 'rejected', reason: { name: expect.stringMatching(/Error$/) } })
    if (conn.closed) {
      expect(await rejectionOf(conn.scalar('select 1'))).toBeInstanceOf(WorkerTerminatedError)
    } else {
      expect(ends[1]).toEqual({ status: 'fulfilled', value: 1 })
      expect(await conn.scalar('select 1')).toBe(1)
    }
    await conn.close()
    expect(await engine.scalar('select count(*) from t')).toBe(0)
  },
)
