import { describe, expect, test } from 'vitest'
import { driverNames } from '../soak/scratch.ts'
import { openEngine, rejectionOf, turn } from './test-engine.ts'

/** Yields rows without end. */
const endlessRows = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'

describe.each(driverNames)('%s', (driverName) => {
  test('of thousands that wait and are given up together none runs', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    const conn = await engine.connect()
    const abort = new AbortController()
    const { signal } = abort
    // The first one yields its place the moment it is given up.
    const running = rejectionOf(conn.execute(endlessRows, [], { signal }).fetchall())
    const queued = Array.from({ length: 5_000 }, (_, x) => rejectionOf(conn.execute('insert into t values (?)', [x], { signal })))
    await turn()
    abort.abort()
    for (const error of [await running, ...(await Promise.all(queued))]) expect(error.name).toBe('AbortError')
    expect(await conn.scalar('select count(*) from t')).toBe(0)
    await conn.close()
  })

  test('an answer that was there in time counts, however late it is read', async () => {
    const engine = openEngine({ driverName })
    const conn = await engine.connect()
    await conn.scalar('select 1')
    const answer = conn.scalar('select 2', [], { timeoutMs: 300 })
    // Behind it the event loop comes to its timers before it looks for messages.
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400))
    expect(await answer).toBe(2)
    await conn.close()
  })

  test('a signal that aborts when the BEGIN has been answered comes too late, and undoes nothing', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    const conn = await engine.connect()
    // What has run before is quick: both answers come in one message.
    for (const round of [1, 2, 3]) {
      const abort = new AbortController()
      const before = conn.scalar('select 1').then(() => abort.abort())
      const tx = await conn.begin({ signal: abort.signal }).catch(() => null)
      await before
      await tx?.execute('insert into t values (?)', [round])
      await tx?.commit()
      if (tx !== null) expect(await conn.scalar('select count(*) from t where x = ?', [round])).toBe(1)
    }
    await conn.close()
  })
})
