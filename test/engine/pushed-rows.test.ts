import { MessagePort } from 'node:worker_threads'
import type { AsyncConnection, ExecuteOptions, Parameters } from 'offloop'
import { afterAll, describe, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'
import { livingThreads } from '../soak/threads.ts'
import { openEngine, openMemoryEngine, temporaryFile } from './open-engine.ts'

/** More than one message holds. */
const rowCount = 5_000
const manyRows = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rowCount})`

const countTo = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select i from n'

/** Messages that have come from workers. */
let received = 0
const { on } = MessagePort.prototype
MessagePort.prototype.on = function (this: MessagePort, name: string, listener: (message: never) => void) {
  const counted = (message: never): void => {
    received++
    listener(message)
  }
  return on.call(this, name as never, (name === 'message' ? counted : listener) as never)
} as typeof on
afterAll(() => {
  MessagePort.prototype.on = on
})

/**
 * All rows of a statement whose columns and size are known from two runs before: better-sqlite3 hands them over from within one call. What an
 * iterator gives is what the first run has given.
 */
async function knownRows(conn: AsyncConnection, sql: string, params?: Parameters, options?: ExecuteOptions) {
  const iterated = await conn.execute(sql, params, options).fetchall()
  await conn.execute(sql, params, options).fetchall()
  const pushed = await conn.execute(sql, params, options).fetchall()
  return { iterated, pushed }
}

describe('all rows of a statement that is known to have many', () => {
  test.each([
    ['of every type', `${manyRows} select i, i * 0.5 as half, 'text ' || i as words, zeroblob(i % 5) as bytes, null as none from n`, []],
    [
      'of columns that change their types',
      `${manyRows} select case i % 4 when 0 then i when 1 then 'x' when 2 then 1e300 else x'00ff' end as v from n`,
      [],
    ],
    ['of two columns of one name', `${manyRows} select i as a, -i as a from n`, []],
    ['of a column without a name', `${manyRows} select i, i + 1 from n`, []],
    ['in their order', `${manyRows} select i, i % 7 as m from n order by m desc, i desc`, []],
    ['in the order of a subquery', `select * from (${manyRows} select i from n order by -i)`, []],
    ['without those that are alike', `${manyRows} select distinct i / 2 as h from n order by h`, []],
    ['in groups', `${manyRows} select i / 3 as g, count(*) as c, max(i) as m from n group by g`, []],
    ['of several queries', `${manyRows} select i from n union all select -i from n`, []],
    ['within a limit', `${manyRows} select i from n limit ? offset ?`, [3_000, 20]],
    ['of parameters by name', `${manyRows} select i, :name as name, $other as other from n`, { name: 'x', other: 5 }],
    ['of a text with a comment at its end', `${manyRows} select i from n -- the end`, []],
    ['of a text with a semicolon at its end', `${manyRows} select i from n ; `, []],
    ['of a text that no other can hold', `${manyRows} select i from n /* never closed`, []],
    ['of a text with a name of ours', `with offloop_rows as (${manyRows} select i from n) select * from offloop_rows`, []],
  ] as const)('%s are the same', async (_, sql, params) => {
    const conn = await openEngine().connect()
    for (const options of [{}, { rowMode: 'array', integers: 'bigint' }] as const) {
      const { iterated, pushed } = await knownRows(conn, sql, params as Parameters, options)
      expect(pushed).toEqual(iterated)
      expect(pushed.length).toBeGreaterThan(1_000)
    }
    await conn.close()
  })

  test('of several queries keep their integers, where a column of the first one is REAL', async () => {
    const conn = await openEngine().connect()
    await conn.execute('create table t (id integer primary key, r real)')
    await conn.execute(`insert into t ${manyRows} select i + 9007199254740992, i from n`)
    for (const options of [{ integers: 'bigint' }, {}] as const) {
      const { iterated, pushed } = await knownRows(
        conn,
        'select r as v from t union all select id - ? from t',
        [9007199254740992n],
        options,
      )
      expect(pushed).toEqual(iterated)
    }
    const sql = 'select r as v from t union all select id from t'
    const { iterated, pushed } = await knownRows(conn, sql, [], { integers: 'bigint' })
    expect(iterated.at(-1)).toEqual({ v: 9007199254740992n + BigInt(rowCount) })
    expect(pushed).toEqual(iterated)
    await conn.close()
  })

  test('of a limit inside, which SQLite lets come behind the order around it, are the same', async () => {
    const conn = await openEngine().connect()
    await conn.execute('create table t (a)')
    await conn.execute(`insert into t ${manyRows} select i from n`)
    const { iterated, pushed } = await knownRows(conn, 'select a from (select a from t limit 2000) order by a desc')
    expect(pushed).toEqual(iterated)
    await conn.close()
  })

  test('of 200 columns are the same', async () => {
    const conn = await openEngine().connect()
    const columns = Array.from({ length: 200 }, (_, index) => `i + ${index} as c${index}`).join(', ')
    const { iterated, pushed } = await knownRows(conn, `${manyRows} select ${columns} from n`)
    expect(pushed).toEqual(iterated)
    await conn.close()
  })

  test('of other parameters are few, none, or many more', async () => {
    const conn = await openEngine().connect()
    const sql = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select i from n where i <= ?`
    await knownRows(conn, sql, [rowCount, rowCount])
    for (const count of [0, 1, 64, 65, 1_000, 1_001, 20_000]) {
      await conn.execute(sql, [rowCount, rowCount]).fetchall()
      expect(await conn.execute(sql, [count, count]).scalars()).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    }
    await conn.close()
  })

  test('of a statement that has few again share their messages with others again', async () => {
    const conn = await openEngine().connect()
    await knownRows(conn, countTo, [rowCount])
    // The last one of many, and one that shows that it is quick.
    for (let time = 0; time < 3; time++) expect(await conn.execute(countTo, [2]).fetchall()).toHaveLength(2)
    const before = received
    await Promise.all(Array.from({ length: 64 }, () => conn.execute(countTo, [2]).fetchall()))
    // In thirds, and in more parts where the machine is slow, but not one by one.
    expect(received - before).toBeLessThanOrEqual(32)
    await conn.close()
  })

  test('an INTEGER that no number holds fails by its column, far into the rows too, and the connection goes on', async () => {
    const conn = await openEngine().connect()
    const sql = `${manyRows} select i, case when i = ? then 9007199254740993 end as big from n`
    await knownRows(conn, sql, [0])
    const error = await rejectionOf(conn.execute(sql, [4_321]).fetchall())
    expect(error).toMatchObject({ code: 'OFFLOOP_DATA', message: expect.stringContaining('"big"') })
    expect(await conn.execute(sql, [0]).fetchall()).toHaveLength(rowCount)
    await conn.close()
  })

  test('what fails far into the rows fails the statement, and not its transaction', async () => {
    const conn = await openEngine().connect()
    await conn.execute('create table t (a)')
    const sql = `${manyRows} select i, abs(case when i = ? then -9223372036854775808 else i end) as v from n`
    await knownRows(conn, sql, [0])
    await conn.transaction(async (tx) => {
      await tx.execute('insert into t values (1)')
      expect(await rejectionOf(tx.execute(sql, [4_321]).fetchall())).toMatchObject({ message: expect.stringContaining('integer overflow') })
      expect(await tx.execute(sql, [0]).fetchall()).toHaveLength(rowCount)
    })
    expect(await conn.scalar('select count(*) from t')).toBe(1)
    await conn.close()
  })

  test('are given up by their signal, also while their thread waits for its reader', async () => {
    const conn = await openEngine().connect()
    await knownRows(conn, countTo, [rowCount])
    for (const turns of [0, 1, 2, 5]) {
      const controller = new AbortController()
      const rejected = rejectionOf(conn.execute(countTo, [1e9], { signal: controller.signal }).fetchall())
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      controller.abort()
      expect(await rejected).toMatchObject({ name: 'AbortError' })
      expect(await conn.scalar('select 1')).toBe(1)
    }
    await conn.close()
  })

  test('wait for a reader that is at something else, and for others on the connection', async () => {
    const engine = openEngine()
    const conn = await engine.connect()
    await knownRows(conn, countTo, [rowCount])
    const all = conn.execute(countTo, [200_000]).scalars<number>()
    const behind = conn.scalar('select 2')
    await new Promise(setImmediate)
    // Long enough for the thread to have no credit left.
    const until = performance.now() + 100
    while (performance.now() < until);
    const rows = await all
    expect([rows.length, rows[199_999], await behind]).toEqual([200_000, 200_000, 2])
    await conn.close()
  })

  test('have the columns of a table that another connection has changed meanwhile', async () => {
    const file = temporaryFile()
    const one = await openEngine({}, { file }).connect()
    const other = await openEngine({}, { file }).connect()
    await one.execute('create table t (a, b)')
    await one.execute(`insert into t ${manyRows} select i, -i from n`)
    const sql = 'select * from t'
    await knownRows(one, sql)
    await other.execute('alter table t rename column b to c')
    expect((await one.execute(sql).fetchall())[4_999]).toEqual({ a: rowCount, c: -rowCount })
    await knownRows(one, sql)
    await other.execute('alter table t add column d default 7')
    expect((await one.execute(sql).fetchall())[4_999]).toEqual({ a: rowCount, c: -rowCount, d: 7 })
    await knownRows(one, sql)
    const tx = await one.begin()
    await tx.execute('alter table t drop column a')
    expect((await tx.execute(sql).fetchall())[4_999]).toEqual({ c: -rowCount, d: 7 })
    await tx.rollback()
    expect((await one.execute(sql).fetchall())[0]).toEqual({ a: 1, c: -1, d: 7 })
    await one.close()
    await other.close()
  })

  test('are those of the transaction, and of memory databases and the engine’s own statements', async () => {
    const engine = openMemoryEngine()
    await engine.execute('create table t (a)')
    await engine.execute(`insert into t ${manyRows} select i from n`)
    for (let run = 0; run < 4; run++) expect(await engine.execute('select a from t').fetchall()).toHaveLength(rowCount)
    const conn = await engine.connect()
    const tx = await conn.begin()
    for (let run = 0; run < 4; run++) {
      expect(await tx.execute('select a from t').fetchall()).toHaveLength(rowCount + run)
      await tx.execute('insert into t values (0)')
    }
    await tx.rollback()
    expect(await conn.execute('select a from t').fetchall()).toHaveLength(rowCount)
    await conn.close()
  })

  test('that a thread dies of are lost for whoever waits', async () => {
    const engine = openEngine()
    const conn = await engine.connect()
    await knownRows(conn, countTo, [rowCount])
    const rejected = rejectionOf(conn.execute(countTo, [1e9]).fetchall())
    await new Promise(setImmediate)
    const [thread] = livingThreads()
    await thread?.terminate()
    expect(await rejected).toMatchObject({ name: 'WorkerTerminatedError' })
    await conn.close()
    expect(await engine.scalar('select 1')).toBe(1)
  })

  test('beside an open cursor come one by one, and the cursor goes on', async () => {
    const conn = await openEngine().connect()
    const sql = `${manyRows} select i from n`
    await knownRows(conn, sql)
    const cursor = await conn.execute<{ i: number }>(`${manyRows} select i from n order by i`)
    expect(await cursor.fetchone()).toEqual({ i: 1 })
    expect(await conn.execute(sql).fetchall()).toHaveLength(rowCount)
    expect(await cursor.fetchall()).toHaveLength(rowCount - 1)
    await conn.close()
  })
})
