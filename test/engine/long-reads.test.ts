import { writeFileSync } from 'node:fs'
import { type AsyncEngine, type EngineOptions, WorkerTerminatedError } from 'offloop'
import { describe, expect, test, vi } from 'vitest'
import { extent } from '../soak/extent.ts'
import { Random, seed } from '../soak/random.ts'
import { livingThreads } from '../soak/threads.ts'
import { drivers, errorOf, openEngine, tasks, temporaryFile } from './open-engine.ts'

interface Reads {
  readonly engine: AsyncEngine
  readonly file: string
  /** A read that is quick. */
  quick(): Promise<unknown>
  /** The same statement, inside a native call until `release` is called. */
  long(signal?: AbortSignal): Promise<unknown>
  release(): void
}

const reads = extent(3_000, 20_000)
const ones = (count: number): number[] => Array.from({ length: count }, () => 1)

describe.each(drivers)('behind a read that takes long although its statement was quick so far, with %s', (driver) => {
  async function openReads(options: EngineOptions = {}): Promise<Reads> {
    const file = temporaryFile()
    const setup = new URL('./wait-for-file.mjs', import.meta.url)
    const engine = openEngine({ readers: 2, setup, ...options }, { driver, file })
    const read = (name: string, signal?: AbortSignal) => engine.scalar('select wait_for_file(?)', [`${file}.${name}`], { signal })
    writeFileSync(`${file}.there`, '')
    await read('there')
    await read('there')
    return {
      engine,
      file,
      quick: () => read('there'),
      long: (signal) => read('go', signal),
      release: () => writeFileSync(`${file}.go`, ''),
    }
  }

  test.each(['thread', 'process'] as const)('others go to another reader (isolation %s)', async (isolation) => {
    const { quick, long, release } = await openReads({ isolation })
    const slow = long()
    expect(await tasks(400, quick)).toEqual(ones(400))
    release()
    expect(await slow).toBe(1)
    expect(await tasks(400, quick)).toEqual(ones(400))
  })

  test('so do those that were sent before it and whose answers it keeps back', async () => {
    const { quick, long, release } = await openReads()
    for (let round = 0; round < 3; round++) await tasks(100, quick)
    const before = tasks(30, quick)
    const slow = long()
    const behind = tasks(30, quick)
    expect(await before).toEqual(ones(30))
    expect(await behind).toEqual(ones(30))
    release()
    expect(await slow).toBe(1)
  })

  test('a statement that was sent elsewhere can be given up there, and close() waits for it', async () => {
    const { engine, quick, long, release } = await openReads()
    const controllers = [new AbortController(), new AbortController()]
    const [first, second] = controllers.map(({ signal }) => long(signal)) as [Promise<unknown>, Promise<unknown>]
    const waiting = tasks(10, quick)
    await vi.waitUntil(() => engine.status().workers.length === 2)
    controllers[1]?.abort()
    expect(await errorOf(second)).toMatchObject({ name: 'AbortError' })
    // Its reader is given up, and what stood behind it goes to one that takes its place.
    expect(await waiting).toEqual(ones(10))
    const closing = engine.close()
    release()
    expect(await first).toBe(1)
    await closing
  })

  test('the end of its thread is the end of nothing else', async () => {
    const { engine, quick, long } = await openReads()
    const [reader] = engine.status().workers
    const slow = errorOf(long())
    expect(await tasks(50, quick)).toEqual(ones(50))
    await livingThreads()
      .find(({ threadId }) => threadId === reader?.threadId)
      ?.terminate()
    expect(await slow).toBeInstanceOf(WorkerTerminatedError)
    expect(await tasks(50, quick)).toEqual(ones(50))
  })

  test('a write stays where it was sent, and runs once', async () => {
    const { engine, file, quick, release } = await openReads()
    await engine.execute('create table t (a integer)')
    const insert = (value: number) => engine.execute('insert into t values (?)', [value])
    await tasks(20, insert)
    const controller = new AbortController()
    const long = engine.execute('insert into t select wait_for_file(?)', [`${file}.go`], { signal: controller.signal })
    const behind = tasks(20, insert)
    controller.abort()
    expect(await errorOf(long)).toMatchObject({ name: 'AbortError' })
    expect(await tasks(50, quick)).toEqual(ones(50))
    release()
    await behind
    // Whether the one that was given up is stored nobody says.
    expect(await engine.scalar('select count(*) from t where a <> 1')).toBe(38)
  })

  test(`each of ${reads} reads has its own answer, some of which take long and some of which are given up`, async () => {
    const engine = openEngine({ readers: 3, setup: new URL('./keep-busy.mjs', import.meta.url) }, { driver })
    const random = new Random(seed)
    let left = reads
    await tasks(60, async () => {
      for (let value = left--; value > 0; value = left--) {
        const ms = random.next() < 0.05 ? 5 + random.next() * 20 : 0
        const signal = random.next() < 0.02 ? AbortSignal.timeout(Math.ceil(random.next() * 20)) : undefined
        const read = engine.scalar('select busy(?, ?)', [ms, value], { signal })
        expect(await read.catch((error: Error) => error.name)).toBeOneOf(signal === undefined ? [value] : [value, 'AbortError'])
      }
    })
    await engine.close()
  })

  test('a statement keeps the bytes that it was given, and the columns that have changed', async () => {
    const file = temporaryFile()
    const engine = openEngine({ readers: 2, setup: new URL('./wait-for-file.mjs', import.meta.url) }, { driver, file })
    await engine.execute('create table t (a integer)')
    await engine.execute('insert into t values (1)')
    writeFileSync(`${file}.there`, '')
    const bytes = new Uint8Array(100_000)
    const read = (name: string) =>
      engine.execute('select *, length(?) as l from t where wait_for_file(?)', [bytes, `${file}.${name}`]).fetchall()
    for (let round = 0; round < 3; round++) await tasks(20, () => read('there'))
    await engine.execute('alter table t add column b integer default 2')
    const before = tasks(20, () => read('there'))
    const slow = read('go')
    const behind = tasks(20, () => read('there'))
    const row = [{ a: 1, b: 2, l: 100_000 }]
    expect(new Set([...(await before), ...(await behind)].map((rows) => JSON.stringify(rows)))).toEqual(new Set([JSON.stringify(row)]))
    writeFileSync(`${file}.go`, '')
    expect(await slow).toEqual(row)
    for (const rows of await tasks(50, () => read('there'))) expect(rows).toEqual(row)
  })
})
