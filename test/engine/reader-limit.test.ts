import { availableParallelism } from 'node:os'
import { expect, test, vi } from 'vitest'
import { ReaderLimit } from '../../src/engine/reader-limit.ts'
import { openEngine, tasks } from './open-engine.ts'

const processors = availableParallelism()
const inFlight = 64

/** About 0.1 ms. */
const read = 'with recursive c (i) as (select 1 union all select i + 1 from c where i < 500) select count(*) from c'
/** At work for longer than it is measured. */
const work = (): void => {
  const end = performance.now() + 15
  while (performance.now() < end) {}
}

test('a thread that is at work has a processor for itself, and one that waits for its readers leaves that to one more', async () => {
  const engine = openEngine()
  const limit = new ReaderLimit()
  const next = (): number => {
    const value = limit.at(performance.now())
    limit.saw(inFlight)
    return value
  }
  await engine.scalar(read)
  for (let round = 0; round < 3; round++) {
    while (next() < processors) await engine.scalar(read.replace('500', '5000'))
    while (next() === processors && processors > 1) work()
  }
  expect(next()).toBe(Math.max(1, processors - 1))
})

test('reads that leave the thread that asks its time are shared by as many readers as there are processors', async () => {
  const readers = Math.min(processors, 8)
  const engine = openEngine({ readers })
  await engine.execute('create table t (a)')
  let most = 0
  await vi.waitUntil(
    async () => {
      await tasks(inFlight, async () => {
        for (let round = 0; round < 10; round++) {
          expect(await engine.scalar(read)).toBe(500)
          most = Math.max(most, engine.status().workers.filter(({ pending }) => pending > 0).length)
        }
      })
      return most === readers
    },
    { timeout: 20_000, interval: 0 },
  )
})
