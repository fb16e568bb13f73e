import type { AsyncConnection, AsyncEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { driverNames } from '../soak/scratch.ts'
import { Settlements } from '../soak/settlements.ts'
import { expectPristine, openEngine, turn, untilNothingIsQuarantined } from './test-engine.ts'

/** Yields rows without end. */
const endlessRows = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'
/** One native call that is over soon, but not before the event loop has turned. */
const shortCall = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select count(*) from n'
const reason = new Error('the reason')
const times = extent(60, 200)

describe.each(driverNames)('%s', (driverName) => {
  test(`${times} random moments of abort leave a pool in which every connection is usable and in no transaction`, async () => {
    const engine = openEngine({ driverName, pool: { max: 4 } })
    await engine.script('create table t (x)')
    const random = randomNumbers(20_260_101)
    const settlements = new Settlements()
    for (let round = 0; round < times; round++) {
      const abort = new AbortController()
      const { signal } = abort
      settlements.add(work(engine, signal, random(5)))
      // Turns of the event loop, not milliseconds: each is another point of some call's way.
      const turns = random(6)
      for (let passed = 0; passed < turns; passed++) await turn()
      abort.abort(reason)
    }
    await settlements.all()
    expect(settlements.settled).toBe(times)
    expect(settlements.errorNames.filter((name) => name !== 'AbortError')).toEqual([])
    await untilNothingIsQuarantined(engine)
    await expectPristine(engine, 4)
    await engine.execute('insert into t values (2)')
  })

  test('reading a cursor at leisure is not the time of its statement', async () => {
    const engine = openEngine({ driverName })
    const conn = await engine.connect()
    const timeoutMs = 1_000
    const dueAt = performance.now() + timeoutMs
    const result = await conn.execute(endlessRows, [], { timeoutMs })
    expect(await result.fetchone()).toEqual({ i: 1 })
    while (performance.now() <= dueAt) expect(await result.fetchmany(10_000)).toHaveLength(10_000)
    expect(await result.fetchmany(10_000)).toHaveLength(10_000)
    await result.close()
    expect(await conn.scalar('select 1')).toBe(1)
    await conn.close()
    await expectPristine(engine)
  })

  test('a connection that was made as good as new for a caller who gave up meanwhile is not his', async () => {
    const engine = openEngine({ driverName, pool: { max: 1 } })
    for (let round = 0; round < extent(4, 10); round++) {
      // Open for writing, and wanted for reading: its thread opens it anew.
      await (await engine.connect()).close()
      const abort = new AbortController()
      const connecting = engine.connect({ readonly: true, signal: abort.signal })
      const used = connecting.then((conn) => conn.scalar('select 1').finally(() => conn.close()))
      await turn()
      // The thread's answer is there when this one looks again, and the abort comes before that.
      block(30)
      abort.abort(reason)
      const [outcome] = await Promise.allSettled([used])
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'AbortError', cause: reason })
      expect(engine.status()).toMatchObject({ inUse: 0, waiting: 0 })
    }
    await expectPristine(engine)
  })

  test(`${times} aborts around a commit: what was acknowledged is stored, what was not is not`, async () => {
    const engine = openEngine({ driverName, pool: { max: 4 } })
    await engine.script('create table t (x)')
    const random = randomNumbers(7)
    const acknowledged: number[] = []
    const refused: number[] = []
    const works = Array.from({ length: times }, async (_, id) => {
      const abort = new AbortController()
      const working = engine.transaction((tx) => tx.execute('insert into t values (?)', [id]), { signal: abort.signal })
      const done = working.then(
        () => void acknowledged.push(id),
        () => void refused.push(id),
      )
      const turns = random(20 + id)
      for (let passed = 0; passed < turns; passed++) await turn()
      abort.abort(reason)
      await done
    })
    await Promise.all(works)
    expect(acknowledged.length + refused.length).toBe(times)
    expect(await engine.execute('select x from t order by x').scalars()).toEqual(acknowledged.sort((a, b) => a - b))
    await expectPristine(engine)
  })
})

/** Keeps this thread from everything for a while. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Something that takes a while, in five ways. */
async function work(engine: AsyncEngine, signal: AbortSignal, kind: number): Promise<unknown> {
  if (kind === 0) return engine.execute(shortCall, [], { signal })
  if (kind === 1) {
    return engine.transaction(
      async (tx) => {
        await tx.execute('insert into t values (1)', [], { signal })
        await tx.execute('select count(*) from t', [], { signal })
      },
      { signal },
    )
  }
  if (kind === 2) {
    const tx = await engine.begin({ signal })
    try {
      await tx.execute('insert into t values (1)', [], { signal })
      return await tx.commit()
    } finally {
      await tx.rollback()
    }
  }
  const conn = await engine.connect({ signal })
  try {
    return await (kind === 3 ? readSome(conn, signal) : conn.begin({ signal }))
  } finally {
    await conn.close()
  }
}

async function readSome(conn: AsyncConnection, signal: AbortSignal): Promise<void> {
  let rows = 0
  for await (const _ of conn.stream(endlessRows, [], { signal })) if (++rows === 2_500) return
}

/** The same numbers below a limit in every run. https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
