import { existsSync } from 'node:fs'
import { type AsyncEngine, createEngine, IntegrityError, InvalidRequestError, ProgrammingError, WorkerTerminatedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { expectPristine, openEngine, rejectionOf, temporaryFile, turn } from '../faults/test-engine.ts'
import { Settlements } from '../soak/settlements.ts'

const driver = new URL('drivers/later.ts', import.meta.url)
const numbers = (limit: number): string =>
  `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${limit}) select i from n`
const upTo = (limit: number): { readonly i: number }[] => Array.from({ length: limit }, (_, index) => ({ i: index + 1 }))

async function openTable(options: Parameters<typeof openEngine>[0] = {}): Promise<AsyncEngine> {
  const engine = openEngine({ driver, ...options })
  await engine.script('create table t (id integer primary key, x unique)')
  return engine
}

test('a driver that says nothing of its bytes may give the same ones again', async () => {
  const engine = openEngine({ driver: new URL('drivers/kept-bytes.ts', import.meta.url) })
  const data = Buffer.alloc(100_000)
  for (let run = 0; run < 3; run++) {
    expect(await engine.execute('select zeroblob(100000) as a, zeroblob(100000) as b').one()).toEqual({ a: data, b: data })
    const many = `select zeroblob(100000) as data from (${numbers(40)})`
    expect(await engine.execute(many).scalars()).toEqual(Array.from({ length: 40 }, () => data))
  }
})

describe('a driver whose every answer is a promise', () => {
  test('is known by the URL of its module', async () => {
    const engine = await openTable()
    expect(engine.driver).toBe(driver.href)
    expect(await engine.scalar('select 1')).toBe(1)
  })

  test('also serves a memory database', async () => {
    const engine = createEngine('sqlite://', { driver })
    await engine.execute('create table t (x)')
    await engine.executeMany('insert into t values (?)', [[1], [2]])
    expect(await engine.execute('select x from t').scalars()).toEqual([1, 2])
    await engine.close()
  })

  test('reads, writes and counts', async () => {
    const engine = await openTable()
    const inserted = await engine.execute('insert into t (x) values (?)', ['a'])
    expect([inserted.rowcount, inserted.lastrowid, inserted.returnsRows]).toEqual([1, 1, false])
    expect(await engine.execute('insert into t (x) values (:x) returning id, x', { x: 'b' }).one()).toEqual({ id: 2, x: 'b' })
    expect(await engine.executeMany('insert into t (x) values (?)', [['c'], ['d']])).toEqual({ rowcount: 2 })
    expect((await engine.execute('update t set x = x || 1 where id > 2')).rowcount).toBe(2)
    expect(await engine.execute('select x from t order by id').scalars()).toEqual(['a', 'b', 'c1', 'd1'])
    expect(await engine.execute('select 1 as a, 2 as a', [], { rowMode: 'array' }).fetchall()).toEqual([[1, 2]])
    expect(await engine.tableNames()).toEqual(['t'])
  })

  test('gives rows all at once, one after the other and in streams', async () => {
    const engine = await openTable()
    expect(await engine.execute(numbers(300)).fetchall()).toEqual(upTo(300))
    const conn = await engine.connect()
    const result = await conn.execute(numbers(300))
    expect([await result.fetchone(), ...(await result.fetchmany(199))]).toEqual(upTo(200))
    expect(await result.fetchall()).toEqual(upTo(300).slice(200))
    const streamed: unknown[] = []
    for await (const row of conn.stream(numbers(150))) streamed.push(row)
    expect(streamed).toEqual(upTo(150))
    for await (const _ of conn.stream(numbers(1_000))) break
    expect(await conn.scalar('select 1')).toBe(1)
    await conn.close()
  })

  test('keeps the order of calls that are not awaited', async () => {
    const engine = await openTable()
    const conn = await engine.connect()
    const found: Promise<unknown>[] = []
    for (let id = 1; id <= 20; id++) {
      void conn.execute('insert into t (id) values (?)', [id])
      found.push(conn.scalar('select count(*) from t'))
    }
    expect(await Promise.all(found)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    await conn.close()
  })

  test('commits, rolls back and nests', async () => {
    const engine = await openTable()
    await engine.transaction(async (tx) => {
      await tx.execute('insert into t values (1, 1)')
      const nested = tx.transaction(async (inner) => {
        await inner.execute('insert into t values (2, 2)')
        throw new Error('undone')
      })
      expect((await rejectionOf(nested)).message).toBe('undone')
    })
    const tx = await engine.begin()
    await tx.execute('insert into t values (3, 3)')
    await tx.rollback()
    expect(await engine.execute('select id from t').scalars()).toEqual([1])
    await expectPristine(engine)
  })

  test('a write beside an open cursor first brings its rows into memory', async () => {
    const engine = await openTable({ maxBufferedBytes: 20_000 })
    const conn = await engine.connect()
    const few = await conn.execute(numbers(500))
    await few.fetchone()
    await conn.execute('insert into t values (1, 1)')
    expect(await few.fetchall()).toEqual(upTo(500).slice(1))
    const many = await conn.execute(numbers(20_000))
    await many.fetchone()
    expect(await rejectionOf(conn.execute('insert into t values (2, 2)'))).toBeInstanceOf(InvalidRequestError)
    await many.close()
    await conn.execute('insert into t values (2, 2)')
    await conn.close()
  })

  test('its errors keep their classes', async () => {
    const engine = await openTable()
    await engine.execute('insert into t values (1, 1)')
    expect(await rejectionOf(engine.execute('insert into t values (1, 2)'))).toBeInstanceOf(IntegrityError)
    expect(await rejectionOf(engine.execute('select * from missing'))).toBeInstanceOf(ProgrammingError)
    expect(await rejectionOf(engine.script('insert into t values (2, 2); insert into missing values (1)'))).toBeInstanceOf(ProgrammingError)
    expect(
      await rejectionOf(
        engine.executeMany('insert into t values (?, ?)', [
          [5, 5],
          [1, 1],
        ]),
      ),
    ).toBeInstanceOf(IntegrityError)
    expect(await engine.execute('select id from t').scalars()).toEqual([1, 2])
    await expectPristine(engine)
  })

  test('call, setup, the handle from afar and backup', async () => {
    const engine = await openTable({ setup: new URL('../faults/modules/announce.ts', import.meta.url) })
    await engine.execute('drop table t')
    await engine.execute('create table t (x)')
    await engine.call(new URL('insert-row.ts', import.meta.url), 'insertRow', 7)
    expect(await engine.scalar('select x from t')).toBe(7)
    const conn = await engine.connect()
    expect(await conn.scalar("select announce('offloop-nobody')")).toBe(1)
    expect(await conn.driver.pragma('user_version', { simple: true })).toBe(0)
    await conn.close()
    const copy = temporaryFile()
    await engine.backup(copy)
    expect(existsSync(copy)).toBe(true)
  })

  test('a statement stops between two rows, a queued one never runs', async () => {
    const engine = await openTable()
    const conn = await engine.connect()
    const abort = new AbortController()
    const running = rejectionOf(conn.execute(numbers(1_000_000), [], { signal: abort.signal }).fetchall())
    const queued = rejectionOf(conn.execute('insert into t values (1, 1)', [], { signal: abort.signal }))
    await turn()
    abort.abort()
    expect((await running).name).toBe('AbortError')
    expect((await queued).name).toBe('AbortError')
    expect(await conn.scalar('select count(*) from t')).toBe(0)
    await conn.close()
    await expectPristine(engine)
  })

  test('the death of its thread and close() settle every call', async () => {
    const engine = await openTable()
    const settlements = new Settlements()
    const conn = await engine.connect()
    settlements.add(conn.call(new URL('../faults/modules/deaths.ts', import.meta.url), 'throwInTimer'))
    for (let sent = 1; sent < 100; sent++) settlements.add(conn.execute('insert into t (x) values (1)'))
    await settlements.all()
    expect(settlements.errors).toHaveLength(100)
    for (const error of settlements.errors) expect(error).toBeInstanceOf(WorkerTerminatedError)
    const accepted = new Settlements()
    for (let sent = 0; sent < 100; sent++) accepted.add(engine.execute('insert into t (x) values (?)', [sent]))
    await engine.close()
    await accepted.all()
    expect(accepted.resolved).toBe(100)
  })
})
