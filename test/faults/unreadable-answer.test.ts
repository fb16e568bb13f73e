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
    expect(await conn.call(module, 'nest', 2)).toEqual([[]])
    const ends = await Promise.allSettled([conn.call(module, 'nest', levels), conn.scalar('select 1')])
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

test('what the handle of the driver gives too deep ends with an error as well', async () => {
  const conn = await openEngine().connect()
  await conn.call(module, 'offer', 5_000)
  expect(await rejectionOf(Promise.resolve(conn.driver['deep']?.()))).toBeInstanceOf(WorkerTerminatedError)
  expect(conn.closed).toBe(true)
})

test('arguments nested too deep end their call alone', async () => {
  const engine = openEngine()
  await using conn = await engine.connect()
  for (let levels = 1_000; levels <= 8_000; levels += 200) {
    const [before, call, behind] = await Promise.allSettled([
      conn.scalar('select 1'),
      conn.call(module, 'count', nested(levels)),
      conn.scalar('select 2'),
    ])
    if (call.status === 'fulfilled') expect(call.value).toBe(levels)
    else expect(call.reason).toMatchObject({ name: 'RangeError', message: expect.stringContaining('nested too deep') })
    expect([before, behind]).toMatchObject([{ value: 1 }, { value: 2 }])
  }
  expect(await rejectionOf(conn.call(module, 'count', nested(8_000)))).toBeInstanceOf(RangeError)
})

test('arguments nested too deep for the way to another process end with an error, and the engine lives', async () => {
  const engine = openEngine({ isolation: 'process' })
  for (let levels = 1_000; levels <= 8_000; levels += 200) {
    const [call] = await Promise.allSettled([engine.call(module, 'count', nested(levels))])
    if (call.status === 'fulfilled') expect(call.value).toBe(levels)
    else expect(call.reason.message).toMatch(/nested too deep|call stack/)
  }
  expect(await engine.scalar('select 1')).toBe(1)
})

function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels))
}
