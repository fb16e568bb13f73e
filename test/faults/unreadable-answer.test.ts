import { InvalidRequestError, WorkerTerminatedError } from 'offloop'
import { expect, test } from 'vitest'
import { openEngine, rejectionOf } from './test-engine.ts'

const module = new URL('worker-functions.mjs', import.meta.url)

/** Some is more than the stack of a program's first thread takes in, and less than a worker's gives away: how much, depends on Node.js. */
const depths = [5_000, 7_000, 10_000, 100_000]

test.each((['thread', 'process'] as const).flatMap((isolation) => depths.map((levels) => ({ isolation, levels }))))(
  'an answer nested $levels deep ends, whoever waits ($isolation)',
  async ({ isolation, levels }) => {
    const engine = openEngine({ isolation })
    await engine.execute('create table t (x)')
    const conn = await engine.connect()
    expect(await conn.call(module, 'nest', 2)).toEqual([[]])
    const [answer, beside] = await Promise.all([endOf(conn.call(module, 'nest', levels)), endOf(conn.scalar('select 1'))])
    expect(answer === levels || answer instanceof InvalidRequestError || answer instanceof WorkerTerminatedError).toBe(true)
    if (conn.closed) {
      expect(answer).toBeInstanceOf(WorkerTerminatedError)
      expect(await rejectionOf(conn.scalar('select 1'))).toBeInstanceOf(WorkerTerminatedError)
    } else {
      expect(beside).toBe(0)
      expect(await conn.scalar('select 1')).toBe(1)
    }
    await conn.close()
    expect(await engine.scalar('select count(*) from t')).toBe(0)
  },
)

test.each(depths)('what the handle of the driver gives ends as well, %i deep', async (levels) => {
  const conn = await openEngine().connect()
  await conn.call(module, 'offer', levels)
  const answer = await endOf(Promise.resolve(conn.driver['deep']?.()))
  expect(answer === levels || answer instanceof Error).toBe(true)
  if (!conn.closed) expect(await conn.scalar('select 1')).toBe(1)
})

/** How deep an answer is, or its error. */
function endOf(work: PromiseLike<unknown>): PromiseLike<unknown> {
  return work.then(
    (value) => {
      let levels = 0
      for (let inner = value; Array.isArray(inner); inner = inner[0]) levels++
      return levels
    },
    (error: unknown) => error,
  )
}

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

test('what a getter of the caller throws is not taken for that', async () => {
  await using conn = await openEngine().connect()
  const given = {
    get value() {
      throw new RangeError('mine')
    },
  }
  expect(await rejectionOf(conn.call(module, 'count', given))).toMatchObject({ name: 'RangeError', message: 'mine' })
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
