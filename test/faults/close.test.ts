import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { BroadcastChannel } from 'node:worker_threads'
import { type AsyncEngine, type AsyncTransaction, OperationalError, ResourceClosedError } from 'offloop'
import { integer, MetaData, Table } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { driverNames } from '../soak/scratch.ts'
import { Settlements } from '../soak/settlements.ts'
import { livingThreads } from '../soak/threads.ts'
import { openEngine, rejectionOf, temporaryFile, threadsExited } from './test-engine.ts'

const setup = new URL('modules/announce.ts', import.meta.url)
const longCall =
  "with recursive n(i) as (select announce('offloop-close') union all select i + 1 from n where i < 2500000) select count(*) from n"

describe.each(driverNames)('%s', (driverName) => {
  async function openTable(): Promise<{ readonly engine: AsyncEngine; readonly file: string }> {
    const file = temporaryFile()
    const engine = openEngine({ driverName, file, setup })
    await engine.script('create table t (x)')
    return { engine, file }
  }

  async function rowsOf(file: string): Promise<number> {
    return Number(await openEngine({ driverName, file }).scalar('select count(*) from t'))
  }

  test('a connection that a worker function has left an iterator open on is closed all the same, and its lock is free', async () => {
    const { engine, file } = await openTable()
    const functions = new URL('worker-functions.mjs', import.meta.url)
    expect(await engine.call(functions, 'peek')).toBe(1)
    const conn = await engine.connect()
    const tx = await conn.begin()
    await tx.execute('insert into t values (1)')
    await tx.call(functions, 'peek')
    await tx.rollback()
    await conn.close()
    const other = openEngine({ driverName, file, busyTimeoutMs: 20_000 })
    await other.execute('insert into t values (2)')
    await engine.close()
    await threadsExited()
    expect(await rowsOf(file)).toBe(1)
  })

  test('close() lets 1,000 statements of the engine finish', async () => {
    const { engine, file } = await openTable()
    const settlements = new Settlements()
    for (let sent = 0; sent < 1_000; sent++) settlements.add(engine.execute('insert into t values (?)', [sent]))
    await engine.close()
    expect(settlements.resolved).toBe(1_000)
    expect(await rowsOf(file)).toBe(1_000)
  })

  test('close() lets a statement finish that a reader has refused, and for which the writer is still to be opened', async () => {
    const { engine, file } = await openTable()
    await engine.close()
    const another = openEngine({ driverName, file })
    expect(await another.scalar('select count(*) from t')).toBe(0)
    const plan = another.execute('explain query plan insert into t values (1)').fetchall()
    const [rows] = await Promise.all([plan, another.close()])
    expect(rows).toEqual([])
  })

  test('close() lets 1,000 statements of connections finish, those that wait for the write turn too', async () => {
    const { engine, file } = await openTable()
    const settlements = new Settlements()
    const conns = await Promise.all([engine.connect(), engine.connect(), engine.connect()])
    for (let sent = 0; sent < 1_000; sent++) settlements.add((conns[sent % 3] as (typeof conns)[0]).execute('insert into t values (1)'))
    await engine.close()
    await settlements.all()
    expect(settlements.errorNames).toEqual([])
    expect(await rowsOf(file)).toBe(1_000)
  })

  test('close() rolls an open transaction back and lets the writers behind it finish', async () => {
    const { engine, file } = await openTable()
    const tx = await engine.begin()
    const conn = await engine.connect()
    await tx.execute('insert into t values (1)')
    const settlements = new Settlements()
    for (let sent = 0; sent < 10; sent++) settlements.add(conn.execute('insert into t values (2)'))
    settlements.add(engine.execute('insert into t values (3)'))
    const closing = engine.close()
    await tx.rollback()
    await closing
    await settlements.all()
    expect(settlements.settled).toBe(11)
    expect(await rowsOf(file)).toBe(settlements.resolved)
    expect(settlements.resolved).toBe(11)
  })

  test('close() at a random moment: every statement settles once, and those that resolved were executed', async () => {
    const { engine, file } = await openTable()
    const settlements = new Settlements()
    const conn = await engine.connect()
    for (let sent = 0; sent < 1_000; sent++) {
      settlements.add(sent % 2 === 0 ? engine.execute('insert into t values (1)') : conn.execute('insert into t values (2)'))
      if (sent % 50 === 0) await new Promise(setImmediate)
      if (sent === 700) void engine.close()
    }
    await settlements.all()
    await engine.close()
    expect(settlements.settled).toBe(1_000)
    expect(settlements.resolved).toBe(701)
    expect(settlements.errorNames).toEqual(['ResourceClosedError'])
    expect(await rowsOf(file)).toBe(701)
  })

  test('close() lets work of the engine finish: executeMany, script, call, backup and a result larger than a worker may keep', async () => {
    const file = temporaryFile()
    const engine = openEngine({ driverName, file, maxBufferedBytes: 100_000 })
    await engine.script('create table t (x)')
    const copy = temporaryFile()
    const module = new URL('../engine/insert-row.ts', import.meta.url)
    const large = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) select i from n'
    const works = [
      engine.executeMany('insert into t values (?)', [[1], [2]]),
      engine.script('insert into t values (3)'),
      engine.call(module, 'insertRow', 4),
      engine.backup(copy),
      engine.execute(large).fetchall(),
    ]
    await engine.close()
    const outcomes = await Promise.allSettled(works)
    expect(outcomes.map(({ status }) => status)).toEqual(works.map(() => 'fulfilled'))
    expect(await rowsOf(file)).toBe(4)
    expect(existsSync(copy)).toBe(true)
  })

  test('20 ways to use a closed engine and its connections reject with ResourceClosedError', async () => {
    const { engine } = await openTable()
    const conn = await engine.connect()
    const tx = await conn.begin()
    await engine.close()
    const next = (rows: AsyncIterable<unknown>): Promise<unknown> => rows[Symbol.asyncIterator]().next()
    const uses: readonly (() => PromiseLike<unknown>)[] = [
      () => engine.connect(),
      () => engine.begin(),
      () => engine.transaction(async () => {}),
      () => engine.execute('select 1'),
      () => engine.execute('select 1').fetchall(),
      () => engine.executeMany('insert into t values (?)', [[1]]),
      () => engine.script('select 1'),
      () => engine.scalar('select 1'),
      async () => next(engine.stream('select 1')),
      () => engine.call(setup, 'default'),
      () => engine.hasTable('t'),
      () => engine.tableNames(),
      () => engine.backup(temporaryFile()),
      () => conn.execute('select 1'),
      () => conn.executeMany('insert into t values (?)', [[1]]),
      () => conn.script('select 1'),
      () => conn.begin(),
      () => conn.transaction(async () => {}),
      () => conn.connect(),
      () => conn.driver.exec('select 1'),
      () => conn.beginNested(),
    ]
    for (const use of uses) expect(await rejectionOf(use()), use.toString()).toBeInstanceOf(ResourceClosedError)
    await tx.rollback()
    await conn.close()
    expect(livingThreads()).toEqual([])
    expect(engine.status()).toEqual({ size: 0, inUse: 0, idle: 0, waiting: 0, quarantined: 0, workers: [] })
  })

  test('close() of an engine that was never used starts no thread', async () => {
    const engine = openEngine({ driverName })
    await engine.close()
    expect(engine.closed).toBe(true)
    expect(await rejectionOf(engine.connect())).toBeInstanceOf(ResourceClosedError)
    expect(livingThreads()).toEqual([])
  })

  test('500 concurrent close() are one', async () => {
    const { engine } = await openTable()
    await Promise.all(Array.from({ length: 500 }, () => engine.close()))
    expect(livingThreads()).toEqual([])
    const conn = await openEngine({ driverName }).connect()
    await Promise.all(Array.from({ length: 500 }, () => conn.close()))
  })

  test('close() removes the WAL file', async () => {
    const { engine, file } = await openTable()
    const conn = await engine.connect()
    const tx = await conn.begin()
    await tx.execute('insert into t values (1)')
    expect(existsSync(`${file}-wal`)).toBe(true)
    await engine.close()
    expect([existsSync(`${file}-wal`), existsSync(`${file}-shm`)]).toEqual([false, false])
  })

  test('close() while connections are being opened and waited for', async () => {
    const engine = openEngine({ driverName, pool: { max: 2 } })
    const settlements = new Settlements()
    for (let sent = 0; sent < 6; sent++) settlements.add(engine.connect())
    await engine.close()
    await settlements.all()
    expect(settlements.settled).toBe(6)
    expect(settlements.errorNames).toEqual(['ResourceClosedError'])
    expect(livingThreads()).toEqual([])
  })

  test('close({ force }) inside a native call returns by timeoutMs, and every promise settles', async () => {
    const { engine, file } = await openTable()
    const settlements = new Settlements()
    const inside = announcement()
    const conn = await engine.connect()
    const tx = await conn.begin()
    await tx.execute('insert into t values (1)')
    settlements.add(tx.execute(longCall))
    for (let sent = 0; sent < 100; sent++) settlements.add(tx.execute('insert into t values (2)'))
    settlements.add(engine.execute('insert into t values (3)'))
    const waiting = engine.connect()
    await inside
    await (await waiting).close()
    await engine.close({ force: true, timeoutMs: 100 })
    await settlements.all()
    expect(settlements.settled).toBe(102)
    expect(settlements.errors).toHaveLength(102)
    expect(settlements.errors).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/: the engine was closed by force$/) as unknown }),
    )
    // The one that is inside the call ends with it.
    await threadsExited()
    expect(await rowsOf(file)).toBe(0)
  })

  test.each(['close({ force })', 'the death of its worker'])(
    '%s rejects what waits behind a transaction(fn) that never ends',
    async (how) => {
      const { engine } = await openTable()
      const functions = new URL('worker-functions.mjs', import.meta.url)
      const conn = await engine.connect()
      const begun = Promise.withResolvers<AsyncTransaction>()
      void conn.transaction((tx) => {
        begun.resolve(tx)
        return new Promise(() => {})
      })
      const tx = await begun.promise
      const waiting = Promise.all(
        [
          conn.execute('select 1'),
          conn.scalar('select 1'),
          conn.begin(),
          conn.transaction(async () => {}),
          conn.executeMany('insert into t values (?)', [[1]]),
          conn.script('select 1'),
          conn.call(functions, 'peek'),
          conn.stream('select 1')[Symbol.asyncIterator]().next(),
        ].map(rejectionOf),
      )
      if (how === 'close({ force })') await engine.close({ force: true })
      else await rejectionOf(tx.call(new URL('modules/deaths.ts', import.meta.url), 'exit'))
      for (const error of await waiting) expect(error).toMatchObject({ name: 'WorkerTerminatedError' })
    },
  )

  const rowsOfTable = new Table('t', new MetaData(), { x: integer() })

  test.each([
    ['of a text', 'insert into t values (?)'],
    ['that is made for it', rowsOfTable.insert()],
  ])('close({ force }) rejects an executeMany %s whose first row never comes', async (_, statement) => {
    const { engine } = await openTable()
    const asked = Promise.withResolvers<void>()
    async function* rows(): AsyncGenerator<number[]> {
      asked.resolve()
      await new Promise(() => {})
      yield [1]
    }
    const given = rejectionOf(engine.executeMany(statement, rows()))
    await asked.promise
    await engine.close({ force: true })
    expect(await given).toMatchObject({ name: 'WorkerTerminatedError' })
  })

  test('close({ force }) hurries a close() that waits for a native call', async () => {
    const { engine } = await openTable()
    const inside = announcement()
    const conn = await engine.connect()
    const running = rejectionOf(conn.execute(longCall))
    await inside
    const closing = engine.close()
    await engine.close({ force: true, timeoutMs: 0 })
    await running
    await Promise.all([closing, threadsExited()])
  })

  test('close({ force }) rolls back what is open', async () => {
    const { engine, file } = await openTable()
    const conn = await engine.connect()
    const tx = await conn.begin()
    await tx.execute('insert into t values (1)')
    await engine.close({ force: true })
    expect(livingThreads()).toEqual([])
    await tx.rollback()
    await conn.close()
    expect(await rowsOf(file)).toBe(0)
  })

  test('an engine that is left by `await using` is closed', async () => {
    const file = temporaryFile()
    {
      await using engine = openEngine({ driverName, file })
      await using conn = await engine.connect()
      await conn.execute('create table t (x)')
      await using tx = await conn.begin()
      await tx.execute('insert into t values (1)')
    }
    expect(livingThreads()).toEqual([])
    expect(await rowsOf(file)).toBe(0)
  })

  test('close() after the file has gone is silent', async () => {
    const engine = openEngine({ driverName, file: '/proc/offloop/missing.db' })
    expect(await rejectionOf(engine.execute('select 1'))).toBeInstanceOf(OperationalError)
    await engine.close()
  })
})

/** Resolves when the long call has begun. */
function announcement(): Promise<unknown> {
  const channel = new BroadcastChannel('offloop-close')
  return once(channel, 'message').finally(() => channel.close())
}
