import { rmSync, writeFileSync } from 'node:fs'
import { BroadcastChannel } from 'node:worker_threads'
import { type AsyncEngine, CommitOutcomeUnknownError, WorkerTerminatedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { processHoldings } from '../soak/process-figures.ts'
import { driverNames } from '../soak/scratch.ts'
import { Settlements } from '../soak/settlements.ts'
import { livingThreads } from '../soak/threads.ts'
import { deaths } from './modules/deaths.ts'
import { openEngine, rejectionOf, temporaryFile, threadsExited } from './test-engine.ts'

const module = new URL('modules/deaths.ts', import.meta.url)
const resourceLimits = { maxOldGenerationSizeMb: 32 }
const manyRows = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select i from n'

const drivers = [
  // What a thread leaves in the journal is the same whichever way it dies.
  { driverName: 'better-sqlite3', journal: 'DELETE', ways: extent(deaths.slice(0, 2), deaths) },
  ...driverNames.map((driverName) => ({ driverName, journal: 'WAL', ways: deaths })),
]

describe.each(drivers)('$driverName, journal_mode=$journal', ({ driverName, journal, ways }) => {
  async function openPair(): Promise<{ readonly engine: AsyncEngine; readonly other: AsyncEngine }> {
    const file = temporaryFile()
    const options = { driverName, file, pragmas: { journal_mode: journal }, resourceLimits }
    const engine = openEngine(options)
    await engine.script('create table t (x); insert into t values (1)')
    return { engine, other: openEngine(options) }
  }

  test.each(ways)('%s in a transaction with an open cursor: 1,000 calls settle, the lock is free, nothing is stored', async (death) => {
    const { engine, other } = await openPair()
    const conn = await engine.connect()
    const tx = await conn.begin()
    await tx.execute('insert into t values (2)')
    const cursor = await tx.execute(manyRows)
    expect(await cursor.fetchone()).toEqual({ i: 1 })

    const settlements = new Settlements()
    settlements.add(tx.call(module, death))
    for (let sent = 1; sent < 1_000; sent++) {
      if (sent % 2 === 0) settlements.add(tx.execute('insert into t values (3)'))
      else settlements.add(tx.execute('select x from t').fetchall())
    }
    await settlements.all()
    expect(settlements.settled).toBe(1_000)
    expect(settlements.errorNames).toEqual(['WorkerTerminatedError'])
    expect(settlements.errors).toHaveLength(1_000)
    expect(engine.status()).toMatchObject({ inUse: 0, size: 0, quarantined: 0 })

    const next = await other.begin()
    expect(await next.scalar('select count(*) from t')).toBe(1)
    await next.rollback()

    expect(await rejectionOf(tx.execute('insert into t values (4)'))).toBeInstanceOf(WorkerTerminatedError)
    expect(await rejectionOf(conn.execute('insert into t values (5)'))).toBeInstanceOf(WorkerTerminatedError)
    expect(await rejectionOf(conn.begin())).toBeInstanceOf(WorkerTerminatedError)
    expect(await rejectionOf(tx.commit())).toBeInstanceOf(WorkerTerminatedError)
    expect(await rejectionOf(cursor.fetchall())).toBeInstanceOf(WorkerTerminatedError)
    expect(conn.closed).toBe(true)
    expect(conn.inTransaction()).toBe(false)
    await tx.rollback()
    await tx.close()
    await cursor.close()
    await conn.close()
    expect(await engine.scalar('select count(*) from t')).toBe(1)
  })

  test.each(ways)('%s of an autocommitting connection: what was acknowledged is stored, the rest is not', async (death) => {
    const { engine } = await openPair()
    const conn = await engine.connect()
    await conn.execute('insert into t values (2)')
    const settlements = new Settlements()
    settlements.add(conn.execute('insert into t values (3)'))
    settlements.add(conn.call(module, death))
    settlements.add(conn.execute('insert into t values (4)'))
    settlements.add(conn.executeMany('insert into t values (?)', [[5], [6]]))
    settlements.add(conn.script('insert into t values (7)'))
    settlements.add(conn.begin())
    settlements.add(conn.stream('select x from t')[Symbol.asyncIterator]().next())
    await settlements.all()
    expect(settlements.errorNames).toEqual(['WorkerTerminatedError'])
    expect(settlements.resolved).toBe(1)
    await conn.close()
    expect(await engine.execute('select x from t order by x').scalars()).toEqual([1, 2, 3])
  })
})

describe.each(driverNames)('%s', (driverName) => {
  test('a connection that dies at rest is closed, and its place is free', async () => {
    const engine = openEngine({ driverName, pool: { max: 1 } })
    const conn = await engine.connect()
    await conn.call(module, 'dieWhenTold', 'offloop-rest')
    await tell('offloop-rest')
    expect(conn.closed).toBe(true)
    expect(await rejectionOf(conn.execute('select 1'))).toBeInstanceOf(WorkerTerminatedError)
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
    const next = await engine.connect()
    expect(await next.scalar('select 1')).toBe(1)
    await Promise.all([conn.close(), next.close()])
  })

  test('a connection that dies idle in the pool is given to nobody, and the logger is told', async () => {
    const warnings: unknown[] = []
    const logger = { ...console, warn: (text: unknown) => warnings.push(text) }
    const engine = openEngine({ driverName, pool: { max: 1 }, logger })
    const conn = await engine.connect()
    await conn.call(module, 'dieWhenTold', 'offloop-idle')
    await conn.close()
    expect(engine.status()).toMatchObject({ idle: 1 })
    await tell('offloop-idle')
    expect(engine.status()).toMatchObject({ size: 0, idle: 0 })
    expect(warnings).toEqual([expect.stringMatching(/^offloop: The worker thread of this connection has ended: .+ It is replaced/)])
    expect(await engine.transaction((tx) => tx.scalar('select 1'))).toBe(1)
  })

  test('an executeMany whose rows keep it waiting hears of the end of its thread', async () => {
    const engine = openEngine({ driverName, pool: { max: 1 } })
    await engine.script('create table t (x)')
    const conn = await engine.connect()
    await conn.call(module, 'dieWhenTold', 'offloop-rows')
    const waiting = Promise.withResolvers<void>()
    async function* rows() {
      for (let x = 0; x < 600; x++) yield [x]
      waiting.resolve()
      await new Promise(() => {})
    }
    const refusal = rejectionOf(conn.executeMany('insert into t values (?)', rows()))
    await waiting.promise
    await tell('offloop-rows')
    expect(await refusal).toBeInstanceOf(WorkerTerminatedError)
    await conn.close()
    expect(await engine.scalar('select count(*) from t')).toBe(0)
  })

  test('a stack overflow in a user function is an error of the statement, and the connection lives', async () => {
    const engine = openEngine({ driverName })
    const conn = await engine.connect()
    await conn.call(module, 'overflowInFunction')
    expect(await rejectionOf(conn.execute('select overflow()'))).toBeInstanceOf(RangeError)
    expect(await conn.scalar('select 1')).toBe(1)
    await conn.close()
  })

  test('the implicit connections are replaced when their threads die', async () => {
    const engine = openEngine({ driverName, setup: new URL('modules/define-die.ts', import.meta.url), readers: 1 })
    await engine.script('create table t (x)')
    const settlements = new Settlements()
    for (let sent = 0; sent < 100; sent++) settlements.add(engine.execute('select die()'))
    for (let sent = 0; sent < 100; sent++) settlements.add(engine.execute('insert into t values (die())'))
    await settlements.all()
    expect(settlements.errors).toHaveLength(200)
    expect(settlements.errorNames).toEqual(['WorkerTerminatedError'])
    await engine.execute('insert into t values (1)')
    expect(await engine.execute('select x from t').scalars()).toEqual([1])
  })

  test('a thread that dies when it has just opened the database, and its end is heard first, is replaced', async () => {
    const file = temporaryFile()
    const engine = openEngine({ driverName, file, readers: 1, setup: new URL('modules/setup-exits-soon.ts', import.meta.url) })
    const conn = await engine.connect()
    conn.invalidate()
    await conn.close()
    writeFileSync(`${file}.exit`, '')
    const { threads } = processHoldings()
    const refused = rejectionOf(engine.scalar('select 1'))
    await new Promise(setImmediate)
    // The thread of before is used again, and its end is heard before what it has said on a younger port.
    while (threads > 0 && processHoldings().threads >= threads);
    expect((await refused).name).toMatch(/^(DriverLoadError|WorkerTerminatedError)$/)
    rmSync(`${file}.exit`)
    expect(await engine.scalar('select 1')).toBe(1)
  })

  test('a waiter for the pool gets the place of a dead connection', async () => {
    const engine = openEngine({ driverName, pool: { max: 1 } })
    const conn = await engine.connect()
    const waiting = engine.connect()
    expect(await rejectionOf(conn.call(module, 'exit'))).toBeInstanceOf(WorkerTerminatedError)
    const next = await waiting
    expect(next.threadId).not.toBe(conn.threadId)
    await Promise.all([conn.close(), next.close()])
  })

  test('a waiter for the write turn gets it when the writer dies', async () => {
    const engine = openEngine({ driverName })
    const tx = await engine.begin()
    const waiting = engine.begin()
    expect(await rejectionOf(tx.call(module, 'exit'))).toBeInstanceOf(WorkerTerminatedError)
    const next = await waiting
    await next.commit()
    await tx.rollback()
  })

  test('a use of the driver handle in flight is rejected', async () => {
    const engine = openEngine({ driverName })
    const conn = await engine.connect()
    await conn.call(module, 'defineDie')
    const settlements = new Settlements()
    settlements.add(conn.driver.exec('select die()'))
    for (let sent = 0; sent < 100; sent++) settlements.add(conn.driver.exec('select 1'))
    await settlements.all()
    expect(settlements.errors).toHaveLength(101)
    expect(settlements.errorNames).toEqual(['WorkerTerminatedError'])
    expect(await rejectionOf(conn.driver.exec('select 1'))).toBeInstanceOf(WorkerTerminatedError)
    await conn.close()
  })

  test.each([
    ['after', 'dieAfterCommit', 1],
    ['before', 'dieBeforeCommit', 0],
  ])('a commit whose thread dies %s the database has committed is of unknown outcome', async (_, death, stored) => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    const conn = await engine.connect()
    await conn.call(module, death)
    const tx = await conn.begin()
    await tx.execute('insert into t values (1)')
    const error = await rejectionOf(tx.commit())
    expect(error).toBeInstanceOf(CommitOutcomeUnknownError)
    expect(error.cause).toBeInstanceOf(WorkerTerminatedError)
    expect(engine.status().inUse).toBe(0)
    await tx.rollback()
    await conn.close()
    expect(await engine.scalar('select count(*) from t')).toBe(stored)
  })

  test('transaction() is not run again when the outcome of its commit is unknown', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    let runs = 0
    const done = engine.transaction(
      async (tx) => {
        runs++
        await tx.execute('insert into t values (1)')
        await tx.call(module, 'dieAfterCommit')
      },
      { retries: 3 },
    )
    expect(await rejectionOf(done)).toBeInstanceOf(CommitOutcomeUnknownError)
    expect(runs).toBe(1)
    expect(await engine.scalar('select count(*) from t')).toBe(1)
  })

  test('transaction() whose thread dies before the commit is rolled back and not run again', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    let runs = 0
    const done = engine.transaction(
      async (tx) => {
        runs++
        await tx.execute('insert into t values (1)')
        await tx.call(module, 'exit').catch(() => {})
      },
      { retries: 3 },
    )
    expect(await rejectionOf(done)).toBeInstanceOf(WorkerTerminatedError)
    expect(runs).toBe(1)
    expect(await engine.scalar('select count(*) from t')).toBe(0)
  })

  test('the death of a thread during begin, savepoint, executeMany and backup is told to each of them', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    const works: readonly ((conn: Awaited<ReturnType<AsyncEngine['connect']>>) => Promise<unknown>)[] = [
      (conn) => conn.begin(),
      (conn) => conn.beginNested(),
      (conn) => conn.transaction(async () => {}),
      (conn) => conn.executeMany('insert into t values (?)', [[1]]),
      (conn) => conn.backup(temporaryFile()),
      (conn) => conn.script('insert into t values (1)'),
      (conn) => conn.scalar('select 1'),
      async (conn) => {
        for await (const _ of conn.stream('select 1')) break
      },
    ]
    for (const work of works) {
      const conn = await engine.connect()
      const dying = rejectionOf(conn.call(module, 'throwInTimer'))
      expect(await rejectionOf(work(conn))).toBeInstanceOf(WorkerTerminatedError)
      expect(await dying).toBeInstanceOf(WorkerTerminatedError)
      await conn.close()
    }
    expect(await engine.scalar('select count(*) from t')).toBe(0)
  })
})

/** Lets the threads that listen die, and waits until they have. */
async function tell(channel: string): Promise<void> {
  expect(livingThreads()).toHaveLength(1)
  const exited = threadsExited()
  const orders = new BroadcastChannel(channel)
  orders.postMessage('die')
  await exited
  // The exit is known to the engine one turn of the event loop later at the most.
  await new Promise(setImmediate)
  orders.close()
}
