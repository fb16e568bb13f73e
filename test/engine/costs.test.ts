import { statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { MessagePort } from 'node:worker_threads'
import type { AsyncConnection } from 'offloop'
import { afterAll, expect, test } from 'vitest'
import type { Ways } from './drivers/counted.ts'
import { openEngine, temporaryFile } from './open-engine.ts'
import { type MessageCosts, weighMessage } from './weigh-message.ts'

/**
 * What statements cost, counted: a slow-down of this kind is found without a clock. Each limit is what the work needs, with a little room
 * for how the batches happen to fall.
 */
const setup = new URL('./count-costs.mjs', import.meta.url)

interface Costs {
  /** Messages in each direction. */
  readonly sent: number
  readonly received: number
  /** Objects among the values of a message, which structured cloning has to walk. */
  readonly sentObjects: number
  readonly receivedObjects: number
  /** Arrays in both directions that are cloned slowly. */
  readonly sparse: number
  /** Buffers whose memory the worker has handed over, where a copy would have been made. */
  readonly transferred: number
  readonly prepares: number
}

type WorkerCosts = MessageCosts & Pick<Costs, 'transferred' | 'prepares'>

const sent: MessageCosts = { messages: 0, objects: 0, sparse: 0 }
const { postMessage } = MessagePort.prototype
MessagePort.prototype.postMessage = function (this: MessagePort, message: unknown, ...rest: never[]) {
  weighMessage(message, sent)
  return postMessage.call(this, message, ...rest)
}
afterAll(() => {
  MessagePort.prototype.postMessage = postMessage
})

async function costsOf(conn: AsyncConnection, work: () => Promise<unknown>): Promise<Costs> {
  const count = () => conn.call<WorkerCosts>(setup, 'countedSoFar')
  const before = await count()
  const sentBefore = { ...sent }
  await work()
  const sentAfter = { ...sent }
  const after = await count()
  return {
    sent: sentAfter.messages - sentBefore.messages,
    sentObjects: sentAfter.objects - sentBefore.objects,
    // The answer to the first count is among them, that to the second is not.
    received: after.messages - before.messages - 1,
    receivedObjects: after.objects - before.objects - 1,
    sparse: after.sparse - before.sparse + sentAfter.sparse - sentBefore.sparse,
    transferred: after.transferred - before.transferred,
    prepares: after.prepares - before.prepares,
  }
}

async function openCounted(): Promise<AsyncConnection> {
  const conn = await openEngine({ setup }).connect()
  await conn.script('create table item (id integer primary key, name text, price real, quantity integer, note text)')
  return conn
}

const insert = 'insert into item (name, price, quantity, note) values (?, ?, ?, ?)'
const numbers = (count: number) => `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count}) select i from n`
const rowOf = (index: number) => [`item ${index}`, index / 8, index % 1_000, null]

test('64 selects in flight leave in one message, come back in two, and are prepared once', async () => {
  const conn = await openCounted()
  await conn.executeMany(
    insert,
    Array.from({ length: 1_000 }, (_, index) => rowOf(index)),
  )
  const select = (id: number) => conn.execute('select * from item where id = ?', [id]).first()
  // The first run prepares it, and tells that it is quick.
  await select(1)
  const costs = await costsOf(conn, () => Promise.all(Array.from({ length: 64 }, (_, id) => select(id + 1))))
  expect(costs).toMatchObject({ sent: 1, received: 2, sentObjects: 0, receivedObjects: 0, sparse: 0 })
  // BEGIN and COMMIT of the transactions in which they are read together.
  expect(costs.prepares).toBeLessThanOrEqual(2)
})

test('short selects in flight are read in one call of the driver each', async () => {
  const driver = new URL('drivers/counted.ts', import.meta.url)
  const conn = await openEngine({ driver }).connect()
  await conn.script('create table item (id integer primary key, name text)')
  await conn.executeMany(
    'insert into item (name) values (?)',
    Array.from({ length: 100 }, (_, index) => [`item ${index}`]),
  )
  const select = (id: number) => conn.execute('select * from item where id between ? and ? + 9', [id, id])
  // From the third run on its columns are known.
  for (let run = 0; run < 3; run++) await select(1).fetchall()
  const before = await conn.call<Ways>(driver, 'waysOf')
  await Promise.all(Array.from({ length: 64 }, (_, id) => (id % 2 === 0 ? select(id).fetchall() : select(id).first())))
  const after = await conn.call<Ways>(driver, 'waysOf')
  expect([after.iterate - before.iterate, after.few - before.few, after.first - before.first]).toEqual([0, 32, 32])
})

test('reads of several connections at once are one message each way for each of them', async () => {
  const engine = openEngine({ setup })
  const conn = await engine.connect()
  await conn.script('create table item (id integer primary key)')
  const others = await Promise.all(Array.from({ length: 3 }, () => engine.connect()))
  const selects = (on: AsyncConnection) =>
    Promise.all(Array.from({ length: 16 }, () => on.execute('select * from item where id = ?', [1]).first()))
  for (const each of [conn, ...others]) await selects(each)
  const costs = await costsOf(conn, () => Promise.all([conn, ...others].map(selects)))
  expect(costs).toMatchObject({ sent: 4, received: 1 })
})

test('selects that have come while the worker was at work are answered together', async () => {
  const conn = await openCounted()
  await conn.execute(insert, rowOf(1))
  const select = () => conn.execute('select * from item where id = ?', [1]).first()
  await select()
  const held = new Int32Array(new SharedArrayBuffer(8))
  await conn.call(setup, 'holdBy', held)
  const costs = await costsOf(conn, async () => {
    const working: Promise<unknown>[] = [conn.scalar('select hold()')]
    await Atomics.waitAsync(held, 0, 0).value
    for (let tick = 0; tick < 5; tick++) {
      await setImmediate()
      for (let count = 0; count < 10; count++) working.push(select())
    }
    await setImmediate()
    Atomics.store(held, 1, 1)
    Atomics.notify(held, 1)
    await Promise.all(working)
  })
  expect(costs).toMatchObject({ sent: 6, received: 2 })
})

test('1,000 selects, one after another, cost a message each way and nothing else', async () => {
  const conn = await openCounted()
  await conn.execute(insert, rowOf(1))
  await conn.execute('select * from item where id = ?', [1]).first()
  const costs = await costsOf(conn, async () => {
    for (let count = 0; count < 1_000; count++) await conn.execute('select * from item where id = ?', [1]).first()
  })
  expect(costs).toEqual({ sent: 1_000, received: 1_000, sentObjects: 0, receivedObjects: 0, sparse: 0, transferred: 0, prepares: 0 })
})

test('10,000 inserts that are awaited together inside a transaction travel by dozens', async () => {
  const conn = await openCounted()
  await conn.execute(insert, rowOf(0))
  const costs = await costsOf(conn, () =>
    conn.transaction((tx) => Promise.all(Array.from({ length: 10_000 }, (_, index) => tx.execute(insert, rowOf(index))))),
  )
  expect(costs.sent).toBeLessThanOrEqual(10_000 / 50)
  expect(costs.received).toBeLessThanOrEqual(10_000 / 50)
  expect(costs.sentObjects + costs.receivedObjects + costs.sparse).toBe(0)
  // BEGIN and COMMIT.
  expect(costs.prepares).toBeLessThanOrEqual(2)
})

test('a row of a large result costs no object on its way', async () => {
  const conn = await openCounted()
  await conn.executeMany(
    insert,
    Array.from({ length: 100_000 }, (_, index) => rowOf(index)),
  )
  const costs = await costsOf(conn, () => conn.execute('select * from item').fetchall())
  // A column of a thousand rows is one object; the columns' names are told once.
  expect(costs.receivedObjects).toBeLessThanOrEqual((100_000 / 1_000) * 5 + 20)
  expect(costs.received).toBeLessThanOrEqual(100_000 / 1_000 + 5)
  // A message for each chunk says that there is room for another one.
  expect(costs.sent).toBeLessThanOrEqual(100_000 / 1_000 + 5)
  expect(costs.sentObjects + costs.sparse).toBe(0)
})

test('large bytes are handed over, and small ones copied', async () => {
  const conn = await openCounted()
  const select = (bytes: number) => conn.execute('select zeroblob(?) as data', [bytes]).first()
  expect(await costsOf(conn, () => select(16 * 1_024))).toMatchObject({ transferred: 1 })
  expect(await costsOf(conn, () => Promise.all(Array.from({ length: 8 }, () => select(100_000))))).toMatchObject({ transferred: 8 })
  expect(await costsOf(conn, () => select(10_000))).toMatchObject({ transferred: 0 })
  const many = `select zeroblob(50000) as data from (${numbers(100)})`
  const { transferred } = await costsOf(conn, () => conn.execute(many).fetchall())
  // The last chunk may have no row, and then an empty column of numbers, which is always handed over.
  expect(transferred - 100).toBeOneOf([0, 1])
})

test('executeMany sends a thousand values at a time, as one object, and prepares once', async () => {
  const conn = await openCounted()
  await conn.execute(insert, rowOf(0))
  const costs = await costsOf(conn, () =>
    conn.executeMany(
      insert,
      Array.from({ length: 10_000 }, (_, index) => rowOf(index)),
    ),
  )
  const batches = Math.ceil((10_000 * 4) / 1_000)
  expect(costs.sent).toBeLessThanOrEqual(batches)
  expect(costs.sentObjects).toBeLessThanOrEqual(batches)
  expect(costs.sparse).toBe(0)
  // BEGIN, COMMIT, and the statement that takes several rows.
  expect(costs.prepares).toBeLessThanOrEqual(3)
})

test('64 inserts that wait together share a commit, also after one of them was slow once', async () => {
  const file = temporaryFile()
  const engine = openEngine({ setup }, { file })
  await engine.script('create table t (x)')
  const insertAll = (ms: (index: number) => number) =>
    Promise.all(Array.from({ length: 64 }, (_, index) => engine.execute('insert into t values (nap(?))', [ms(index)])))
  await engine.execute('insert into t values (nap(?))', [0])
  await insertAll((index) => (index === 5 ? 10 : 0))
  await insertAll(() => 0)
  const before = statSync(`${file}-wal`).size
  await insertAll(() => 0)
  // A commit writes a page of 4,096 bytes at least.
  expect(statSync(`${file}-wal`).size - before).toBeLessThan((64 * 4_096) / 4)
  expect(await engine.scalar('select count(*) from t')).toBe(1 + 3 * 64)
})
