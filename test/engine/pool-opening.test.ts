import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { ResourceClosedError } from 'offloop'
import { expect, test, vi } from 'vitest'
import { errorOf, expectUsable, temporaryFile } from './open-engine.ts'
import { openRuledEngine } from './opening-rules.ts'

test('whoever waits for a connection to open takes one that comes back meanwhile, and the new one is there for others', async () => {
  const { engine, hold } = openRuledEngine({ pool: { max: 2 } })
  const first = await engine.connect()
  hold(true)
  const opening = engine.connect()
  await first.close()
  const second = await opening
  expect(second.id).toBe(first.id)
  expect(await second.scalar('select 1')).toBe(1)
  expect(engine.status()).toMatchObject({ size: 1, inUse: 1, idle: 0 })
  // The connection that is opening has its place.
  const waiting = engine.connect()
  expect(engine.status().waiting).toBe(1)
  hold(false)
  const third = await waiting
  expect(third.id).not.toBe(first.id)
  expect(engine.status()).toMatchObject({ size: 2, inUse: 2, idle: 0, waiting: 0 })
  await Promise.all([second.close(), third.close()])
  await expectUsable(engine, 2)
})

test('those who wait for connections to open are served in the order in which they came', async () => {
  const { engine, hold } = openRuledEngine({ pool: { max: 4 } })
  const first = await engine.connect()
  hold(true)
  const served: number[] = []
  const waiters = Array.from({ length: 6 }, async (_, index) => {
    const connection = await engine.connect()
    served.push(index)
    await connection.close()
    return connection.id
  })
  // Three have a place of their own in the pool, three wait for one.
  expect(engine.status().waiting).toBe(3)
  await first.close()
  expect(new Set(await Promise.all(waiters))).toEqual(new Set([first.id]))
  expect(served).toEqual([0, 1, 2, 3, 4, 5])
  hold(false)
  await vi.waitUntil(() => engine.status().idle === 4, { timeout: 20_000 })
  expect(engine.status()).toMatchObject({ size: 4, inUse: 0, waiting: 0 })
})

test('a connection that comes back is opened anew for whoever wants to read only', async () => {
  const { engine, hold } = openRuledEngine({ pool: { max: 2 } })
  const first = await engine.connect()
  await first.execute('create table t (x)')
  hold(true)
  const opening = engine.connect({ readonly: true })
  await first.close()
  hold(false)
  const second = await opening
  expect(await second.scalar('select count(*) from t')).toBe(0)
  expect(await errorOf(second.execute('insert into t values (1)'))).toMatchObject({ driverCode: 'SQLITE_READONLY' })
  await second.close()
  await expectUsable(engine, 2)
})

test('a connection that was stuck serves whoever waits for the one in its place, and no more are kept than there may be', async () => {
  const { engine, hold } = openRuledEngine({ pool: { max: 1 } })
  const first = await engine.connect()
  const abort = new AbortController()
  const returns = temporaryFile()
  const stuck = errorOf(first.scalar('select wait_for_file(?)', [returns], { signal: abort.signal }))
  abort.abort()
  expect(await stuck).toMatchObject({ name: 'AbortError' })
  const closed = first.close()
  expect(engine.status()).toMatchObject({ size: 1, quarantined: 1 })
  hold(true)
  let opened = 0
  const count = (): void => void opened++
  subscribe('tracing:offloop:connect:asyncEnd', count)
  const opening = engine.connect()
  writeFileSync(returns, '')
  const second = await opening
  expect(second.id).toBe(first.id)
  await closed
  hold(false)
  await vi.waitUntil(() => opened === 1, { timeout: 20_000 })
  unsubscribe('tracing:offloop:connect:asyncEnd', count)
  await new Promise(setImmediate)
  expect(engine.status()).toMatchObject({ size: 1, inUse: 1, idle: 0, quarantined: 0 })
  await second.close()
  await expectUsable(engine, 1)
})

test('a connection that cannot be opened for somebody who has got another one leaves its place free, and fails nobody', async () => {
  const { engine, hold, refuse } = openRuledEngine({ pool: { max: 2 } })
  const first = await engine.connect()
  hold(true)
  const opening = engine.connect()
  await first.close()
  const second = await opening
  const waiting = engine.connect()
  refuse(true)
  hold(false)
  // It has a place when the other one has failed, and is refused by itself.
  expect(await errorOf(waiting)).toMatchObject({ message: 'refused' })
  expect(await second.scalar('select 1')).toBe(1)
  expect(engine.status()).toMatchObject({ size: 1, inUse: 1, waiting: 0 })
  refuse(false)
  await second.close()
  await expectUsable(engine, 2)
})

test('whoever is refused a connection while none comes back hears why, with his own stack', async () => {
  const { engine, hold, refuse } = openRuledEngine({ pool: { max: 2 } })
  const first = await engine.connect()
  hold(true)
  async function wantsAConnection(): Promise<void> {
    await engine.connect()
  }
  const refused = errorOf(wantsAConnection())
  refuse(true)
  hold(false)
  const error = await refused
  expect(error).toMatchObject({ message: 'refused' })
  expect(error.stack).toContain('wantsAConnection')
  refuse(false)
  await first.close()
  await expectUsable(engine, 2)
})

test('a writer whose turn comes behind one that is still opening gives up with its signal, and the connection is for that one', async () => {
  const { engine, holdOne } = openRuledEngine({ pool: { max: 3 } })
  await using first = await engine.connect()
  holdOne(true)
  const beginning = engine.begin()
  const abort = new AbortController()
  const given = errorOf(engine.begin({ signal: abort.signal }))
  // The second one has a connection before the first one.
  await vi.waitUntil(() => engine.status().inUse === 2, { timeout: 20_000 })
  const reason = new Error('not wanted any more')
  abort.abort(reason)
  expect(await given).toMatchObject({ name: 'AbortError', cause: reason })
  const tx = await beginning
  expect(await tx.scalar('select 1')).toBe(1)
  await tx.rollback()
  holdOne(false)
  await first.close()
  await expectUsable(engine, 3)
})

test('a first connection that cannot be made one that only reads leaves no thread behind', async () => {
  const threads: Worker[] = []
  const count = (thread: Worker): void => void threads.push(thread)
  process.on('worker', count)
  const { engine, refuseReaders } = openRuledEngine({ pool: { idleTimeoutMs: 1 } })
  refuseReaders(true)
  for (let round = 0; round < 3; round++) expect(await errorOf(engine.connect({ readonly: true }))).toMatchObject({ message: 'refused' })
  process.off('worker', count)
  // One that has ended has no number.
  await vi.waitUntil(() => threads.every(({ threadId }) => threadId === -1), { timeout: 20_000 })
  refuseReaders(false)
  await expectUsable(engine, 2)
})

test('a signal that aborts while the first connection has yet to get a thread ends its opening', async () => {
  const { engine, hold } = openRuledEngine()
  hold(true)
  const abort = new AbortController()
  const given = errorOf(engine.connect({ signal: abort.signal }))
  const reason = new Error('not wanted any more')
  abort.abort(reason)
  expect(await given).toMatchObject({ name: 'AbortError', cause: reason })
  hold(false)
  await expectUsable(engine, 2)
})

test('a signal that aborts while a connection opens ends that, and no longer when its caller has got another one', async () => {
  const { engine, hold } = openRuledEngine({ pool: { max: 2 } })
  const first = await engine.connect()
  hold(true)
  const early = new AbortController()
  const given = errorOf(engine.connect({ signal: early.signal }))
  const reason = new Error('not wanted any more')
  early.abort(reason)
  expect(await given).toMatchObject({ name: 'AbortError', cause: reason })
  const late = new AbortController()
  const opening = engine.connect({ signal: late.signal })
  await first.close()
  const second = await opening
  late.abort()
  hold(false)
  await vi.waitUntil(() => engine.status().size === 2, { timeout: 20_000 })
  expect(engine.status()).toMatchObject({ inUse: 1, idle: 1, waiting: 0 })
  expect(await second.scalar('select 1')).toBe(1)
  await second.close()
})

test('an engine that is closed while a connection opens for nobody any more closes that too', async () => {
  const { engine, hold } = openRuledEngine({ pool: { max: 2 } })
  const first = await engine.connect()
  hold(true)
  const opening = engine.connect()
  await first.close()
  const second = await opening
  const waiting = errorOf(engine.connect())
  const closed = engine.close()
  hold(false)
  await closed
  expect(await waiting).toBeInstanceOf(ResourceClosedError)
  expect(second.closed).toBe(true)
  expect(engine.status()).toMatchObject({ size: 0, inUse: 0, idle: 0, waiting: 0 })
})

test('close by force does not wait for it', async () => {
  const { engine, hold } = openRuledEngine({ pool: { max: 2 } })
  const first = await engine.connect()
  hold(true)
  const opening = engine.connect()
  await first.close()
  await opening
  await engine.close({ force: true })
  expect(engine.status()).toMatchObject({ size: 0, inUse: 0, idle: 0, waiting: 0 })
  hold(false)
})
