import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BroadcastChannel } from 'node:worker_threads'
import {
  ArgumentError,
  DriverLoadError,
  type EngineOptions,
  OperationalError,
  PoolTimeoutError,
  ResourceClosedError,
  StatementTimeoutError,
} from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { driverNames } from '../soak/scratch.ts'
import { Settlements } from '../soak/settlements.ts'
import { livingThreads } from '../soak/threads.ts'
import { openEngine, rejectionOf, temporaryDirectory, temporaryFile, threadStarted, threadsExited } from './test-engine.ts'

const moduleUrl = (name: string): URL => new URL(`modules/${name}.ts`, import.meta.url)

interface Failure {
  readonly title: string
  readonly options: EngineOptions
  readonly error: new (message: string) => Error
  readonly message: RegExp
}

const failures: readonly Failure[] = [
  {
    title: 'a driver that is no package',
    options: { driver: 'offloop-no-such-package' },
    error: DriverLoadError,
    message: /offloop-no-such-package/,
  },
  { title: 'a driver file that is not there', options: { driver: moduleUrl('missing') }, error: DriverLoadError, message: /missing\.ts/ },
  {
    title: 'a driver that throws on import',
    options: { driver: moduleUrl('throws-on-import') },
    error: DriverLoadError,
    message: /thrown while it was imported/,
  },
  {
    title: 'a driver that exports nothing',
    options: { driver: moduleUrl('exports-nothing') },
    error: DriverLoadError,
    message: /not a Driver/,
  },
  { title: 'a driver that lacks open()', options: { driver: moduleUrl('no-driver') }, error: DriverLoadError, message: /no method open/ },
  {
    title: 'a driver that ends its thread',
    options: { driver: moduleUrl('exits-on-import') },
    error: DriverLoadError,
    message: /exited with code: 1/,
  },
  { title: 'a setup module that is not there', options: { setup: moduleUrl('missing') }, error: ArgumentError, message: /missing\.ts/ },
  {
    title: 'a setup module that throws on import',
    options: { setup: moduleUrl('throws-on-import') },
    error: ArgumentError,
    message: /thrown while it was imported/,
  },
  {
    title: 'a setup module without a default export',
    options: { setup: moduleUrl('exports-nothing') },
    error: ArgumentError,
    message: /no function "default"/,
  },
  { title: 'a setup function that throws', options: { setup: moduleUrl('setup-throws') }, error: RangeError, message: /thrown by setup/ },
  {
    title: 'a setup function that ends its thread',
    options: { setup: moduleUrl('setup-exits') },
    error: DriverLoadError,
    message: /exited with code: 3/,
  },
  {
    title: 'a worker file that is not there',
    options: { worker: moduleUrl('missing') },
    error: DriverLoadError,
    message: /^The engine option "worker" names a file that is not there: .+missing\.ts\. .+offloop\/worker.+\.$/,
  },
  {
    title: 'a worker file that is another file',
    options: { worker: moduleUrl('exports-nothing') },
    error: DriverLoadError,
    message: /^The worker thread ended before it had opened the database: No handler function .+exports-nothing\.ts/,
  },
  {
    title: 'a worker file that is another file, in a process',
    options: { worker: moduleUrl('exports-nothing'), isolation: 'process' },
    error: DriverLoadError,
    message: /^The worker thread ended before it had opened the database: it has nothing to serve a connection with$/,
  },
  {
    title: 'a thread without memory',
    options: { resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 }, setup: moduleUrl('setup-exhausts-heap') },
    error: DriverLoadError,
    message: /memory/,
  },
]

describe.each(failures)('$title', ({ options, error, message }) => {
  test('rejects every use, frees every place, and leaves no thread', async () => {
    const engine = openEngine({ ...options, pool: { max: 2 } })
    const settlements = new Settlements()
    for (let sent = 0; sent < 3; sent++) settlements.add(engine.connect())
    settlements.add(engine.execute('select 1'))
    settlements.add(engine.execute('create table t (x)'))
    settlements.add(engine.begin())
    await settlements.all()
    expect(settlements.resolved).toBe(0)
    for (const found of settlements.errors) {
      expect(found).toBeInstanceOf(error)
      expect((found as Error).message).toMatch(message)
    }
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0, waiting: 0 })
    await engine.close()
    expect(livingThreads()).toEqual([])
  })
})

test('the cause of a failure to load is kept', async () => {
  const error = await rejectionOf(openEngine({ driver: moduleUrl('throws-on-import') }).connect())
  expect(error.cause).toMatchObject({ name: 'Error', message: 'thrown while it was imported' })
})

describe.each(driverNames)('%s', (driverName) => {
  test('the connection after one that could not be opened works', async () => {
    const engine = openEngine({ driverName, setup: moduleUrl('setup-throws-once'), pool: { max: 1 } })
    expect((await rejectionOf(engine.connect())).message).toBe('thrown for the first connection')
    const conn = await engine.connect()
    expect(await conn.scalar('select 1')).toBe(1)
    await conn.close()
  })

  test('a directory, a foreign file and a missing folder are OperationalErrors, and the engine works when they are gone', async () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'folder'))
    writeFileSync(join(directory, 'foreign'), 'This is no database, and it is long enough to have a header of one: '.repeat(100))
    for (const name of ['folder', 'foreign', 'missing/file.db']) {
      const engine = openEngine({ driverName, file: join(directory, name), pool: { max: 1 } })
      expect(await rejectionOf(engine.connect())).toBeInstanceOf(OperationalError)
      expect(await rejectionOf(engine.execute('select 1'))).toBeInstanceOf(OperationalError)
      expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
    }
    const late = openEngine({ driverName, file: join(directory, 'late/file.db') })
    await rejectionOf(late.connect())
    mkdirSync(join(directory, 'late'))
    expect(await late.scalar('select 1')).toBe(1)
  })
})

test('a setup that never ends the second time keeps whoever resets the connection no longer than acquireTimeoutMs', async () => {
  const options = { setup: moduleUrl('setup-never-ends-twice'), pool: { max: 1, acquireTimeoutMs: 300 }, readers: 1 }
  const engine = openEngine(options)
  const conn = await engine.connect({ timeoutMs: 30_000 })
  await conn.execute('create temp table t (x)')
  await conn.close()
  expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
  await engine.close()
  expect(livingThreads()).toEqual([])
})

describe.each([
  ['setup', { setup: moduleUrl('setup-never-ends') }],
  ['driver', { driver: moduleUrl('never-imported') }],
] as const)('a %s that never ends', (_, options) => {
  test('keeps connect() no longer than its timeout, or a second', async () => {
    const engine = openEngine({ ...options, pool: { max: 1 } })
    const connecting = rejectionOf(engine.connect({ timeoutMs: 100 }))
    const waiting = rejectionOf(engine.connect({ timeoutMs: 100 }))
    expect(await waiting).toBeInstanceOf(PoolTimeoutError)
    expect(await connecting).toMatchObject({ name: 'PoolTimeoutError', message: 'The database did not open within 1000 ms.' })
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
  })

  test('keeps connect() no longer than its signal', async () => {
    const engine = openEngine({ ...options, pool: { max: 1 } })
    const reason = new Error('enough')
    const abort = new AbortController()
    const connecting = rejectionOf(engine.connect({ signal: abort.signal }))
    await threadStarted()
    abort.abort(reason)
    expect(await connecting).toMatchObject({ name: 'AbortError', cause: reason })
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
  })

  test('keeps a statement of the engine no longer than its own timeout, and close() no longer than acquireTimeoutMs', async () => {
    const engine = openEngine({ ...options, pool: { acquireTimeoutMs: 1_000 } })
    const pending = rejectionOf(engine.execute('select 1'))
    expect(await rejectionOf(engine.execute('select 1', [], { timeoutMs: 10 }))).toBeInstanceOf(StatementTimeoutError)
    await engine.close()
    expect(await pending).toBeInstanceOf(PoolTimeoutError)
  })

  test('does not keep close({ force }) waiting', async () => {
    const engine = openEngine(options)
    const connecting = rejectionOf(engine.connect())
    const executing = rejectionOf(engine.execute('select 1'))
    await threadStarted()
    await engine.close({ force: true })
    expect(await connecting).toBeInstanceOf(ResourceClosedError)
    expect(await executing).toBeInstanceOf(ResourceClosedError)
    expect(livingThreads()).toEqual([])
  })
})

test('a thread that dies while it opens takes nobody else with it', async () => {
  const file = temporaryFile()
  const good = openEngine({ file })
  const bad = openEngine({ file, setup: moduleUrl('setup-exits') })
  const [worked, failed] = await Promise.allSettled([good.scalar('select 1'), bad.scalar('select 1')])
  expect(worked).toMatchObject({ value: 1 })
  expect(failed).toMatchObject({ status: 'rejected' })
})

test('a thread that is given up while it loads, and is slow, is not ended before it has loaded', async () => {
  const channel = new BroadcastChannel('offloop-slow-to-load')
  const engine = openEngine({ driver: moduleUrl('slow-to-load') })
  const abort = new AbortController()
  const connecting = rejectionOf(engine.connect({ signal: abort.signal }))
  expect(await once(channel, 'message')).toMatchObject([{ data: 'loading' }])
  abort.abort()
  expect(await connecting).toMatchObject({ name: 'AbortError' })
  expect(await Promise.race([once(channel, 'message'), threadsExited()])).toMatchObject([{ data: 'loaded' }])
  channel.close()
})

test('giving up at any moment of the start ends neither the process nor leaves a thread', async () => {
  for (let moment = 0; moment < 40; moment += extent(3, 1)) {
    const engine = openEngine()
    const abort = new AbortController()
    // No wait for anything: each of these is another point of the thread's start.
    process.once('worker', (worker) => worker.once('online', () => setTimeout(() => abort.abort(), moment)))
    await engine.connect({ signal: abort.signal }).catch(() => {})
    await engine.close({ force: moment % 2 === 0 })
    expect(livingThreads()).toEqual([])
  }
})
