import type { AsyncConnection, Executor } from 'offloop'
import { describe, expect, test, vi } from 'vitest'
import { drivers, openMemoryEngine, tasks } from './open-engine.ts'

describe.each(drivers)(':memory: on %s', (driver) => {
  test('is one database for ten connections at once and for the engine’s own statements', async () => {
    const engine = openMemoryEngine({ pool: { max: 11 } }, driver)
    const connections = await tasks(10, () => engine.connect())
    await (connections[3] as AsyncConnection).execute('create table t (a integer)')
    await tasks(10, (index) => Promise.resolve((connections[index] as AsyncConnection).execute('insert into t values (?)', [index])))
    await engine.execute('insert into t values (10)')
    for (const via of [engine, ...connections]) expect(await via.scalar('select sum(a) from t')).toBe(55)
    await engine.transaction(async (tx) => {
      await tx.execute('insert into t values (45)')
    })
    expect(await (connections[9] as AsyncConnection).scalar('select sum(a) from t')).toBe(100)
    await Promise.all(connections.map((connection) => connection.close()))
    expect(await engine.scalar('select sum(a) from t')).toBe(100)
  })

  test('outlives all of its connections, also when they are idle for longer than idleTimeoutMs', async () => {
    const engine = openMemoryEngine({ pool: { max: 4, idleTimeoutMs: 20 } }, driver)
    const connection = await engine.connect()
    await connection.script('create table t (a); insert into t values (1)')
    // They become idle together.
    const others = await tasks(3, () => engine.connect())
    await Promise.all(others.map((idle) => idle.close()))
    connection.invalidate()
    await connection.close()
    const other = await engine.connect()
    expect(await other.scalar('select count(*) from t')).toBe(1)
    await other.close()
    // The other one goes; whoever is the last stays.
    await vi.waitUntil(() => engine.status().size === 1)
    expect(await engine.scalar('select count(*) from t')).toBe(1)
  })

  test('outlives a caller who gives up while its only connection is made ready for him', async () => {
    const engine = openMemoryEngine({ pool: { max: 1 } }, driver)
    const connection = await engine.connect()
    await connection.execute('create table t (a)')
    await connection.close()
    for (let turns = 1; turns <= 5; turns++) {
      const abort = new AbortController()
      const given = engine.connect({ readonly: true, signal: abort.signal }).then(
        (other) => other.close(),
        (error: unknown) => error,
      )
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      abort.abort()
      await given
      await using next = await engine.connect()
      expect(await next.scalar('select count(*) from t')).toBe(0)
    }
  })

  test('is not another engine’s', async () => {
    const [one, two] = [openMemoryEngine({}, driver), openMemoryEngine({}, driver)]
    await one.execute('create table t (a)')
    expect(await two.tableNames()).toEqual([])
    expect(await one.tableNames()).toEqual(['t'])
  })

  test('ends with its engine: the next one of the same URL finds nothing', async () => {
    const first = openMemoryEngine({}, driver)
    await first.execute('create table t (a)')
    await first.close()
    expect(await openMemoryEngine({}, driver).tableNames()).toEqual([])
  })

  test('waits where more than pool.max ask for a connection', async () => {
    const engine = openMemoryEngine({ pool: { max: 2 } }, driver)
    await engine.execute('create table t (a)')
    await tasks(20, async (index) => {
      const connection = await engine.connect()
      await connection.execute('insert into t values (?)', [index])
      await connection.close()
    })
    expect(await engine.scalar('select count(*) from t')).toBe(20)
  })

  test('1,000 mixed writes and reads of 32 tasks lose nothing and meet no lock', async () => {
    const engine = openMemoryEngine({ pool: { max: 4 } }, driver)
    await engine.script('create table t (n integer not null); insert into t values (0)')
    const connections = await tasks(3, () => engine.connect())
    let left = 1_000
    let written = 0
    await tasks(32, async (index) => {
      const via: Executor = index % 4 === 0 ? engine : (connections[index % 3] as AsyncConnection)
      while (left-- > 0) {
        if (left % 3 === 0) await via.execute('select n from t').fetchall()
        else {
          written++
          await via.execute('update t set n = n + 1')
        }
      }
    })
    expect(await engine.scalar('select n from t')).toBe(written)
    await Promise.all(connections.map((connection) => connection.close()))
  })

  describe('a cursor whose rows are more than may be kept', () => {
    const rows = 'with recursive c(i) as (select 1 union all select i + 1 from c limit 3000) select i from c'

    test('keeps nothing of its own connection waiting, whoever waits for its end', async () => {
      const engine = openMemoryEngine({ maxBufferedBytes: 1 }, driver)
      await engine.execute('create table t (a)')
      await using connection = await engine.connect()
      const cursor = await connection.execute(rows)
      const written = engine.execute('insert into t values (1)').then(({ rowcount }) => rowcount)
      const [one, first] = await Promise.all([connection.scalar('select 1'), connection.execute(rows).first()])
      expect([one, first]).toEqual([1, { i: 1 }])
      const both = await Promise.all([connection.scalar('select count(*) from t'), cursor.fetchall()])
      expect([both[0], both[1].length]).toEqual([0, 3_000])
      expect(await written).toBe(1)
      expect(await connection.scalar('select count(*) from t')).toBe(1)
    })

    test('refuses a write of its own connection, as in a file, and goes on', async () => {
      const engine = openMemoryEngine({ maxBufferedBytes: 1 }, driver)
      await using connection = await engine.connect()
      await connection.execute('create table t (a)')
      const cursor = await connection.execute(rows)
      for (const write of [() => connection.execute('insert into t values (1)'), () => connection.begin()])
        await expect(write()).rejects.toThrow('cannot run while a cursor')
      await using other = await engine.connect()
      expect(await other.scalar('select count(*) from t')).toBe(0)
      expect((await cursor.fetchall()).length).toBe(3_000)
      await connection.execute('insert into t values (2)')
      expect(await other.scalar('select a from t')).toBe(2)
    })

    test('lets a write of its own connection run when the rest of its rows may be kept, and others read behind it', async () => {
      const engine = openMemoryEngine({ maxBufferedBytes: 10_000 }, driver)
      await using connection = await engine.connect()
      await using other = await engine.connect()
      await connection.execute('create table t (a)')
      const cursor = await connection.execute(rows)
      expect((await cursor.fetchmany(2_500)).length).toBe(2_500)
      const theirs = await other.execute(rows)
      const written = connection.execute('insert into t values (1)').then(({ rowcount }) => rowcount)
      expect((await theirs.fetchall()).length).toBe(3_000)
      expect(await written).toBe(1)
      expect(await other.scalar('select a from t')).toBe(1)
      expect((await cursor.fetchall()).length).toBe(500)
    })
  })
})
