import { type AsyncConnection, PoolQueueFullError, PoolTimeoutError, StatementTimeoutError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { Random, seed } from '../soak/random.ts'
import { errorOf, errorsOf, expectUsable, openEngine, temporaryFile } from './open-engine.ts'

/** Gives a function whose promise settles when a caller's time is over, so many milliseconds long: he waits for a connection in vain. */
async function timeLimits(): Promise<(ms: number) => Promise<Error>> {
  const engine = openEngine({ pool: { max: 1 } })
  await engine.connect()
  return (timeoutMs) => errorOf(engine.connect({ timeoutMs }))
}

describe('limits', () => {
  test('never more than max connections are checked out, and never more threads are used', async () => {
    const engine = openEngine({ pool: { max: 3 } })
    const threads = new Set<number>()
    const full = Promise.withResolvers<void>()
    let most = 0
    const task = async (): Promise<void> => {
      const connection = await engine.connect()
      threads.add(connection.threadId)
      const { inUse } = engine.status()
      most = Math.max(most, inUse)
      if (inUse === 3) full.resolve()
      await full.promise
      await connection.execute('select 1')
      await connection.close()
    }
    await Promise.all(Array.from({ length: 60 }, task))
    expect([most, threads.size]).toEqual([3, 3])
    expect(engine.status()).toMatchObject({ size: 3, inUse: 0, idle: 3, waiting: 0, quarantined: 0 })
  })

  test('a thousand waiters are served in the order in which they came', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const first = await engine.connect()
    const served: number[] = []
    const waiters = Array.from({ length: 1_000 }, async (_, index) => {
      const connection = await engine.connect()
      served.push(index)
      await connection.close()
    })
    expect(engine.status().waiting).toBe(1_000)
    await first.close()
    await Promise.all(waiters)
    expect(served).toEqual(waiters.map((_, index) => index))
  })

  test('whoever comes while others wait does not overtake them', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const first = await engine.connect()
    const order: string[] = []
    const second = engine.connect().then((connection) => {
      order.push('second')
      return connection.close()
    })
    // The connection is free in the same turn in which the third comes.
    const closed = first.close()
    const third = engine.connect().then((connection) => {
      order.push('third')
      return connection.close()
    })
    await Promise.all([closed, second, third])
    expect(order).toEqual(['second', 'third'])
  })

  test('a caller that waits longer than acquireTimeoutMs gets a PoolTimeoutError that tells who holds the pool', async () => {
    const engine = openEngine({ pool: { max: 2, acquireTimeoutMs: 20 }, leakDetectionMs: 60_000 })
    async function holdsTheConnection(): Promise<AsyncConnection> {
      // Opening has its own time: a busy machine is not what this is about.
      return await engine.connect({ timeoutMs: 30_000 })
    }
    const held = await holdsTheConnection()
    const other = await engine.connect({ timeoutMs: 30_000 })
    const [error, second] = await Promise.all([errorOf(engine.connect()), errorOf(engine.begin())])
    expect(error).toBeInstanceOf(PoolTimeoutError)
    expect(error).toMatchObject({ code: 'OFFLOOP_POOL_TIMEOUT', size: 2, inUse: 2 })
    expect((error as PoolTimeoutError).waiting).toBeGreaterThan(0)
    expect(error.message).toMatch(/20 ms/)
    expect(error.message).toMatch(/2 of 2/)
    expect(error.message).toMatch(/\d+ ms/)
    expect(error.message).toContain('holdsTheConnection')
    expect(second).toBeInstanceOf(PoolTimeoutError)
    expect(engine.status()).toMatchObject({ inUse: 2, waiting: 0 })
    await Promise.all([held.close(), other.close()])
    await expectUsable(engine, 2)
  })

  test('the error has the stack of the caller', async () => {
    const engine = openEngine({ pool: { max: 1, acquireTimeoutMs: 5 } })
    const held = await engine.connect({ timeoutMs: 30_000 })
    async function wantsAConnection(): Promise<void> {
      await engine.connect()
    }
    expect((await errorOf(wantsAConnection())).stack).toContain('wantsAConnection')
    await held.close()
  })

  test('timeoutMs of connect() and begin() counts in place of acquireTimeoutMs', async () => {
    const engine = openEngine({ pool: { max: 1, acquireTimeoutMs: 60_000 } })
    const held = await engine.connect()
    for (const error of await errorsOf(
      engine.connect({ timeoutMs: 5 }),
      engine.begin({ timeoutMs: 5 }),
      engine.transaction(async () => {}, { timeoutMs: 5 }),
    )) {
      expect(error).toBeInstanceOf(PoolTimeoutError)
    }
    expect(await errorOf(engine.connect({ timeoutMs: 0 }))).toBeInstanceOf(PoolTimeoutError)
    await held.close()
    await expectUsable(engine, 1)
  })

  test('the time of begin() runs from the call, through all that it waits for', async () => {
    const file = temporaryFile()
    const engine = openEngine({ pool: { max: 1 } }, { file })
    const lock = await openEngine({}, { file }).begin()
    const passed = await timeLimits()
    const inTime = (begin: Promise<unknown>): Promise<unknown> => Promise.race([errorOf(begin), passed(600)])
    for (const begin of [() => engine.begin({ timeoutMs: 400 }), () => engine.transaction(async () => {}, { timeoutMs: 400 })]) {
      const held = await engine.connect()
      const begun = inTime(begin())
      await passed(300)
      await held.close()
      expect(await begun).toBeInstanceOf(StatementTimeoutError)
    }
    await using conn = await engine.connect()
    for (const begin of [() => conn.begin({ timeoutMs: 400 }), () => conn.transaction(async () => {}, { timeoutMs: 400 })]) {
      const before = conn.transaction(() => passed(300), { mode: 'deferred' })
      expect(await inTime(begin())).toMatchObject({ message: 'The operation took longer than 400 ms.' })
      await before
    }
    await lock.rollback()
    await (await conn.begin({ timeoutMs: 400 })).rollback()
  })

  test('another attempt of a transaction has all of its time again', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const passed = await timeLimits()
    let attempts = 0
    const work = async (): Promise<number> => {
      await passed(60)
      if (++attempts === 1) throw Object.assign(new Error('try again'), { retryable: true })
      return attempts
    }
    await using conn = await engine.connect()
    expect(await conn.transaction(work, { timeoutMs: 50, retries: 1 })).toBe(2)
  })

  test('a wait of more than 24.8 days is no wait of a millisecond', async () => {
    const engine = openEngine({ pool: { max: 1, acquireTimeoutMs: 2 ** 31 - 1 } })
    const held = await engine.connect()
    const waiting = engine.connect({ timeoutMs: 2 ** 31 })
    const another = engine.connect({ timeoutMs: Number.POSITIVE_INFINITY })
    await held.execute('select 1')
    await errorOf(engine.connect({ timeoutMs: 10 }))
    expect(engine.status().waiting).toBe(2)
    await held.close()
    await (await waiting).close()
    await (await another).close()
  })

  test('more than maxQueue waiters are refused at once with PoolQueueFullError', async () => {
    const engine = openEngine({ pool: { max: 1, maxQueue: 2 } })
    const held = await engine.connect()
    const waiting = [engine.connect(), engine.connect()]
    for (const error of await errorsOf(
      engine.connect(),
      engine.begin(),
      engine.transaction(async () => {}),
    )) {
      expect(error).toBeInstanceOf(PoolQueueFullError)
      expect(error).toMatchObject({ code: 'OFFLOOP_POOL_QUEUE_FULL', size: 1, inUse: 1, waiting: 2 })
    }
    await held.close()
    for (const promise of waiting) await (await promise).close()
    await expectUsable(engine, 1)
  })

  test('with maxQueue 0 nobody waits', async () => {
    const engine = openEngine({ pool: { max: 1, maxQueue: 0 } })
    const held = await engine.connect()
    expect(await errorOf(engine.connect())).toBeInstanceOf(PoolQueueFullError)
    await held.close()
    await expectUsable(engine, 1)
  })

  test('a connection wanted by a task that holds the only one is refused in time', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const outer = await engine.connect()
    const error = await errorOf(engine.connect({ timeoutMs: 30 }))
    expect(error).toBeInstanceOf(PoolTimeoutError)
    expect(error.message).toContain('1 of 1')
    await outer.close()
    await expectUsable(engine, 1)
  })
})

const callers = extent(2_000, 10_000)

describe('aborting connect()', () => {
  test('a signal that has aborted already gives AbortError with its reason and touches nothing', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const reason = new Error('not wanted any more')
    const error = await errorOf(engine.connect({ signal: AbortSignal.abort(reason) }))
    expect(error).toMatchObject({ name: 'AbortError', cause: reason })
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0, waiting: 0 })
  })

  test('a waiter that aborts leaves the queue, and the others stay in order', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const held = await engine.connect()
    const order: string[] = []
    const take = async (name: string): Promise<void> => {
      const connection = await engine.connect()
      order.push(name)
      await connection.close()
    }
    const first = take('first')
    const controller = new AbortController()
    const aborted = errorOf(engine.connect({ signal: controller.signal }))
    const last = take('last')
    controller.abort()
    expect(await aborted).toMatchObject({ name: 'AbortError' })
    expect(engine.status().waiting).toBe(2)
    await held.close()
    await Promise.all([first, last])
    expect(order).toEqual(['first', 'last'])
  })

  test('aborted at any moment of the opening, no thread, no connection and no place is lost', async () => {
    const engine = openEngine({ pool: { max: 2 } })
    await expectUsable(engine, 1)
    const random = new Random(seed)
    for (let round = 0; round < extent(12, 40); round++) {
      const controller = new AbortController()
      const opening = Promise.allSettled([engine.connect({ signal: controller.signal }), engine.connect({ signal: controller.signal })])
      const turns = random.below(8)
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      for (const outcome of await opening) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason, `seed ${seed}`).toMatchObject({ name: 'AbortError' })
          continue
        }
        outcome.value.invalidate()
        await outcome.value.close()
      }
      expect(engine.status(), `seed ${seed}`).toMatchObject({ inUse: 0, waiting: 0 })
    }
    await expectUsable(engine, 2)
  })

  test('the first connection of an engine can be given up, and whoever waits for it gets another one', async () => {
    const engine = openEngine()
    const controller = new AbortController()
    const given = errorOf(engine.connect({ signal: controller.signal }))
    const kept = engine.connect()
    const alsoGiven = errorOf(engine.connect({ signal: controller.signal }))
    controller.abort()
    expect(await given).toMatchObject({ name: 'AbortError' })
    expect(await alsoGiven).toMatchObject({ name: 'AbortError' })
    expect(await (await kept).scalar('select 1')).toBe(1)
    expect(engine.status().inUse).toBe(1)
  })

  test(`${callers} callers whose time is about as long as others hold leave nothing in use and every connection usable`, async () => {
    const engine = openEngine({ pool: { max: 4, maxQueue: 20_000 } })
    await expectUsable(engine, 4)
    let taken = 0
    let late = 0
    const random = new Random(seed)
    const caller = async (): Promise<void> => {
      try {
        const connection = await engine.connect({ timeoutMs: random.below(4) })
        taken++
        await new Promise((resolve) => setTimeout(resolve, random.next() * 2))
        await connection.close()
      } catch (error) {
        expect(error).toBeInstanceOf(PoolTimeoutError)
        late++
      }
    }
    for (let wave = 0; wave < callers / 50; wave++) await Promise.all(Array.from({ length: 50 }, caller))
    expect(taken + late).toBe(callers)
    expect(Math.min(taken, late)).toBeGreaterThan(0)
    expect(engine.status()).toMatchObject({ size: 4, inUse: 0, idle: 4, waiting: 0 })
    await expectUsable(engine, 4)
  })
})

describe('a connection that cannot be opened', () => {
  test('leaves its place free', async () => {
    const engine = openEngine({ pool: { max: 1 } }, { file: '/nonexistent/directory/test.db' })
    for (let round = 0; round < 5; round++) expect(await errorOf(engine.connect())).toMatchObject({ code: 'OFFLOOP_OPERATIONAL' })
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0, waiting: 0 })
  })

  test('lets those behind it try as well', async () => {
    const file = temporaryFile()
    const engine = openEngine({ pool: { max: 1 }, setup: new URL('./setup-fails-once.mjs', import.meta.url) }, { file })
    const outcomes = await Promise.allSettled([engine.connect(), engine.connect().then((connection) => connection.close())])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(outcomes[0]).toMatchObject({ reason: { message: 'not yet' } })
    expect(engine.status()).toMatchObject({ inUse: 0, waiting: 0 })
  })
})

describe('leak detection', () => {
  test('reports a connection that stays out with the place of its checkout, and only that', async () => {
    const warnings: string[] = []
    const warned = Promise.withResolvers<void>()
    const warn = (text: string): void => {
      warnings.push(text)
      warned.resolve()
    }
    const logger = { debug() {}, info() {}, warn, error() {} }
    const engine = openEngine({ leakDetectionMs: 30, logger })
    const brief = await engine.connect()
    await brief.close()
    async function forgetsToClose(): Promise<AsyncConnection> {
      return await engine.connect()
    }
    const leaked = await forgetsToClose()
    await warned.promise
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('forgetsToClose')
    expect(warnings[0]).toContain(`connection ${leaked.id} `)
    expect(warnings[0]).toContain('30 ms')
  })
})
