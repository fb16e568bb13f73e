import { beforeEach, describe, expect, test } from 'vitest'
import type { ServerEvent } from '../../src/protocol/server.ts'
import type { DriverConnection, DriverRow } from '../../worker/drivers/driver.ts'
import { loadDriver } from '../../worker/drivers/load-driver.ts'
import { firstRow, query, rowsOf, wireErrorOf } from './open-driver.ts'
import { changesOf, firstValue, openPg, processId, skipWithoutPostgres, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

test('the driver is loaded by its name', async () => {
  expect(await loadDriver('pg')).toMatchObject({ name: 'pg', dialect: 'postgresql', capabilities: { cancel: 'server' } })
})

describe('statements', () => {
  test('a prepared statement tells its columns before it runs, and whether it only reads', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int, b text)')
    const select = await connection.prepare('select a, b as "B b", now() as c, array[1] as d from t', null)
    expect(select).toMatchObject({ returnsRows: true, readonly: true, setsLastRowid: false, busy: false })
    expect(select.columns()).toEqual([
      { name: 'a', type: 'int4' },
      { name: 'B b', type: 'text' },
      { name: 'c', type: 'timestamptz' },
      { name: 'd', type: 'int4[]' },
    ])
    expect(select.columns()).toBe(select.columns())
    const insert = await connection.prepare('insert into t values ($1, $2)', null)
    expect(insert).toMatchObject({ returnsRows: false, readonly: false })
    expect(insert.columns()).toEqual([])
    const returning = await connection.prepare('insert into t values (1) returning a', null)
    expect(returning).toMatchObject({ returnsRows: true, readonly: false })
  })

  test.each([
    ['select 1', true],
    ['  -- update\n /* delete /* nested */ */ (select 1) union select 2', true],
    ['values (1)', true],
    ['table t', true],
    ['show timezone', true],
    ['with x as (select \'it\'\'s delete\', $$ update $$, "insert" from (select 1 as "insert") y) select * from x', true],
    [String.raw`with x as (select e'\' delete from') select * from x`, true],
    ['explain delete from t', true],
    ['explain analyze select 1', false],
    ['explain (analyze) delete from t', false],
    ['with x as (delete from t returning a) select * from x', false],
    ['select a from t for update', false],
    ['select a from t for no key update', false],
    ['select a from t for key share', false],
    ['update t set a = 1 returning a', false],
  ])('%s: readonly is %s', async (sql, readonly) => {
    const connection = await openPg()
    await connection.script('create table t (a int)')
    expect(await connection.prepare(sql, null)).toMatchObject({ returnsRows: true, readonly })
  })

  test('a query that makes a table yields no rows and does not only read', async () => {
    const connection = await openPg()
    const statement = await connection.prepare('select 1 as a into made', null)
    expect(statement).toMatchObject({ returnsRows: false, readonly: false })
    expect(await statement.run([])).toEqual({ changes: 1, lastRowid: 0n })
  })

  test('changes are what the tag counts, and 0 for what changes no rows', async () => {
    const connection = await openPg()
    expect(await changesOf(connection, 'create table t (a int primary key, b text)')).toBe(0)
    expect(await changesOf(connection, "insert into t values (1, 'a'), (2, 'b'), (3, 'c')")).toBe(3)
    expect(await changesOf(connection, 'update t set b = $1 where a > $2', ['x', 1])).toBe(2)
    expect(await changesOf(connection, 'update t set b = b where a > 99')).toBe(0)
    expect(await changesOf(connection, 'create table copied as select * from t')).toBe(3)
    expect(await changesOf(connection, 'begin')).toBe(0)
    const merge =
      "merge into t using (values (1), (9)) s (a) on t.a = s.a when matched then update set b = 'm' when not matched then insert values (s.a, 'n')"
    expect(await changesOf(connection, merge)).toBe(2)
    expect(await changesOf(connection, 'commit')).toBe(0)
    expect(await changesOf(connection, 'delete from t')).toBe(4)
    expect(await changesOf(connection, 'drop table t')).toBe(0)
    expect(await changesOf(connection, '')).toBe(0)
    expect(connection.lastRowid()).toBe(0n)
  })

  test('a prepared statement runs again and again, also after an error of its own', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int primary key)')
    const insert = await connection.prepare('insert into t values ($1)', null)
    for (let a = 0; a < 20; a++) expect(await insert.run([a])).toEqual({ changes: 1, lastRowid: 0n })
    expect(await wireErrorOf(connection, () => insert.run([3]))).toMatchObject({ family: 'integrity', driverCode: '23505' })
    expect(await insert.run([20])).toEqual({ changes: 1, lastRowid: 0n })
    const select = await connection.prepare('select a from t where a < $1 order by a', null)
    for (const limit of [0, 1, 2, 0, 21]) expect(await rowsOf(select, [limit])).toHaveLength(limit)
    expect(await firstValue(connection, 'select count(*) from pg_prepared_statements where statement like $1', ['insert%'])).toBe(1n)
  })

  test('a finalized statement is closed on the server with the next one', async () => {
    const connection = await openPg()
    const count = await connection.prepare('select count(*) from pg_prepared_statements', null)
    const other = await connection.prepare('select 1', null)
    expect(await firstRow(count)).toEqual([2n])
    other.finalize()
    expect(await firstRow(count)).toEqual([1n])
  })

  test('statements that are prepared anew each time leave nothing on the server', async () => {
    const connection = await openPg()
    for (const sql of ['begin', 'set local work_mem = 1000', 'show work_mem', 'commit']) {
      const statement = await connection.prepare(sql, null)
      if (statement.returnsRows) expect(await rowsOf(statement)).toEqual([['1000kB']])
      else await statement.run([])
    }
    expect(await firstValue(connection, 'select count(*) from pg_prepared_statements')).toBe(1n)
  })

  test('a statement whose columns have changed is prepared anew', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int); insert into t values (1)')
    const select = await connection.prepare('select * from t', null)
    expect(await rowsOf(select)).toEqual([[1n]])
    await connection.script("alter table t add b text default 'new'")
    expect(await rowsOf(select)).toEqual([[1n, 'new']])
    expect(select.columns().map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('inside a transaction a change of columns that nobody has seen fails as retryable, and the next run succeeds', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int); insert into t values (1)')
    const select = await connection.prepare('select * from t', null)
    await rowsOf(select)
    await connection.script("begin; do $$ begin execute 'alter table t add b text'; end $$")
    expect(await wireErrorOf(connection, () => rowsOf(select))).toMatchObject({
      family: 'operational',
      driverCode: '0A000',
      retryable: true,
    })
    await connection.script('rollback')
    await connection.script('alter table t add c text')
    expect(await rowsOf(select)).toEqual([[1n, null]])
  })

  test('after a change of the schema a value is read as what its column is now, on every connection', async () => {
    const [connection, other] = [await openPg(), await openPg()]
    await connection.script('create table t (at timestamp)')
    const text = '2022-01-01 00:00:00-02'
    const inserts = [await connection.prepare('insert into t values ($1)', null), await other.prepare('insert into t values ($1)', null)]
    for (const insert of inserts) await insert.run([text])
    await connection.script("set timezone = 'UTC'; alter table t alter at type timestamptz")
    for (const insert of inserts) await insert.run([text])
    const select = await connection.prepare('select at from t', null)
    expect(await rowsOf(select)).toEqual(['00', '00', '02', '02'].map((hour) => [`2022-01-01T${hour}:00:00.000Z`]))
  })

  test('a change of the schema counts inside its own transaction, and no more when that is rolled back', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int)')
    const insert = await connection.prepare('insert into t values ($1)', null)
    await insert.run([1])
    await connection.script('begin; savepoint s; alter table t alter a type text')
    expect(await insert.run(['text'])).toMatchObject({ changes: 1 })
    await connection.script('rollback to s')
    expect(await insert.run([2])).toMatchObject({ changes: 1 })
    await connection.script('alter table t alter a type text')
    expect(await insert.run(['text'])).toMatchObject({ changes: 1 })
    await connection.script('rollback')
    expect(await insert.run([3])).toMatchObject({ changes: 1 })
    expect(await wireErrorOf(connection, () => insert.run(['text']))).toMatchObject({ driverCode: '22P02' })
  })

  test('a parameter whose type was made anew unseen does not fail', async () => {
    const connection = await openPg()
    await connection.script("create type mood as enum ('glad'); create table t (a mood)")
    const insert = await connection.prepare('insert into t values ($1)', null)
    await insert.run(['glad'])
    await connection.script(
      "do $$ begin execute 'drop table t; drop type mood; create type mood as enum (''sad''); create table t (a mood)'; end $$",
    )
    expect(await insert.run(['sad'])).toMatchObject({ changes: 1 })
    await connection.script(
      "begin; do $$ begin execute 'drop table t; drop type mood; create type mood as enum (''glad''); create table t (a mood)'; end $$",
    )
    expect(await wireErrorOf(connection, () => insert.run(['glad']))).toMatchObject({ family: 'operational', retryable: true })
  })

  test('a statement that the server has forgotten is prepared anew', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int)')
    const insert = await connection.prepare('insert into t values ($1)', null)
    const select = await connection.prepare('select a from t order by a', null)
    await insert.run([1])
    await connection.script('deallocate all')
    expect(await insert.run([2])).toMatchObject({ changes: 1 })
    expect(await rowsOf(select)).toEqual([[1n], [2n]])
    await connection.script('deallocate all')
    expect(await insert.runEach?.({ values: [3, 4], width: 1, rowCount: 2 }, () => undefined)).toBe(2)
  })

  test('a script runs all of its statements, and none behind one that fails', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int); insert into t values (1); select * from t; insert into t values (2)')
    expect(await query(connection, 'select a from t order by a')).toEqual([[1n], [2n]])
    const error = await wireErrorOf(connection, () =>
      connection.script('insert into t values (3); select nothing; insert into t values (4)'),
    )
    expect(error).toMatchObject({ family: 'programming', driverCode: '42703' })
    expect(await firstValue(connection, 'select max(a) from t')).toBe(2n)
    await connection.script('')
    expect(await wireErrorOf(connection, () => connection.script('select 1\0'))).toMatchObject({ family: 'programming' })
    expect(await wireErrorOf(connection, () => connection.prepare('select 1\0', null))).toMatchObject({ family: 'programming' })
  })

  test('the wrong number of parameters is an error of the call, and too many of them are not sent', async () => {
    const connection = await openPg()
    const statement = await connection.prepare('select $1::int', null)
    expect(await wireErrorOf(connection, () => rowsOf(statement, []))).toMatchObject({ family: 'programming', driverCode: '08P01' })
    expect(await wireErrorOf(connection, () => rowsOf(statement, new Array(65_536).fill(1)))).toMatchObject({ family: 'programming' })
    expect(await rowsOf(statement, [1])).toEqual([[1n]])
  })

  test('as many parameters as the protocol can count', async () => {
    const connection = await openPg()
    const count = 65_535
    const list = Array.from({ length: count }, (_, index) => `($${index + 1}::int)`).join(', ')
    expect(await firstValue(connection, `select sum(v) from (values ${list}) l (v)`, new Array(count).fill(2))).toBe(2n * BigInt(count))
    await connection.script('create table t (a int)')
    expect(await changesOf(connection, `insert into t values ${list}`, new Array(count).fill(3))).toBe(count)
  })
})

describe('runEach', () => {
  test('runs 10,000 rows in order and gives the sum of changes', async () => {
    const connection = await openPg()
    await connection.script('create table t (n serial, a int, b text)')
    await connection.script('begin')
    const insert = await connection.prepare('insert into t (a, b) values ($1, $2)', null)
    const rowCount = 10_000
    const values = Array.from({ length: 2 * rowCount }, (_, index) => (index % 2 === 0 ? index / 2 : `row ${(index - 1) / 2}`))
    let checks = 0
    expect(await insert.runEach?.({ values, width: 2, rowCount }, () => checks++)).toBe(rowCount)
    expect(checks).toBeGreaterThan(0)
    await connection.script('commit')
    expect(await query(connection, "select count(*), count(*) filter (where a = n - 1 and b = 'row ' || a) from t")).toEqual([
      [BigInt(rowCount), BigInt(rowCount)],
    ])
    const update = await connection.prepare('update t set b = $1 where a < $2', null)
    expect(await update.runEach?.({ values: ['x', 3, 'y', 0, 'z', 4], width: 2, rowCount: 3 }, () => undefined)).toBe(7)
    expect(await update.runEach?.({ values: [], width: 0, rowCount: 0 }, () => undefined)).toBe(0)
  })

  test('an error of one row fails the whole, names it, and leaves the connection usable', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int primary key)')
    const insert = await connection.prepare('insert into t values ($1)', null)
    const values = Array.from({ length: 50_000 }, (_, index) => index)
    values[20_000] = 7
    const error = await wireErrorOf(connection, () => insert.runEach?.({ values, width: 1, rowCount: values.length }, () => undefined))
    expect(error).toMatchObject({ family: 'integrity', table: 't', columns: ['a'] })
    // One Sync is one transaction.
    expect(await firstValue(connection, 'select count(*) from t')).toBe(0n)
  })

  test('stops where the check throws', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int); begin')
    const insert = await connection.prepare('insert into t values ($1)', null)
    const values = Array.from({ length: 50_000 }, (_, index) => index)
    let checks = 0
    const stop = (): void => {
      if (++checks === 3) throw new RangeError('enough')
    }
    await expect(insert.runEach?.({ values, width: 1, rowCount: values.length }, stop)).rejects.toThrow('enough')
    expect(Number(await firstValue(connection, 'select count(*) from t'))).toBeLessThan(values.length)
    expect(connection.inTransaction).toBe(true)
    await connection.script('rollback')
  })
})

describe('transactions', () => {
  test('inTransaction follows the server, whoever begins and ends', async () => {
    const connection = await openPg()
    const states: boolean[] = [connection.inTransaction]
    for (const sql of ['begin', 'select 1', 'commit', 'start transaction', 'rollback']) {
      await connection.script(sql)
      states.push(connection.inTransaction)
    }
    expect(states).toEqual([false, true, true, false, true, false])
  })

  test('a COMMIT of a failed transaction rejects, and the transaction is over', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int)')
    for (const commit of ['commit', 'END', '/* done */ commit work']) {
      await changesOf(connection, 'begin')
      await changesOf(connection, 'insert into t values (1)')
      expect(await wireErrorOf(connection, () => query(connection, 'select nothing'))).toMatchObject({ driverCode: '42703' })
      expect(connection.inTransaction).toBe(true)
      const aborted = await wireErrorOf(connection, () => query(connection, 'select 1'))
      expect(aborted).toMatchObject({ family: 'transactionAborted', driverCode: '25P02' })
      const error = await wireErrorOf(connection, () => changesOf(connection, commit))
      expect(error).toMatchObject({ family: 'transactionAborted', driverCode: '25P02' })
      expect(connection.inTransaction).toBe(false)
    }
    await connection.script('begin')
    await wireErrorOf(connection, () => connection.script('select nothing'))
    expect(await wireErrorOf(connection, () => connection.script('commit'))).toMatchObject({ family: 'transactionAborted' })
    expect(await firstValue(connection, 'select count(*) from t')).toBe(0n)
  })

  test('a ROLLBACK of a failed transaction, or to a savepoint, is no error', async () => {
    const connection = await openPg()
    await connection.script('begin; savepoint s')
    await wireErrorOf(connection, () => query(connection, 'select nothing'))
    await changesOf(connection, 'rollback to s')
    expect(await firstValue(connection, 'select 1')).toBe(1n)
    await wireErrorOf(connection, () => query(connection, 'select nothing'))
    await changesOf(connection, 'rollback')
    expect(connection.inTransaction).toBe(false)
  })

  test('a constraint that is checked at the end fails the commit', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int unique deferrable initially deferred); insert into t values (1)')
    await connection.script('begin')
    await changesOf(connection, 'insert into t values (1)')
    expect(await wireErrorOf(connection, () => changesOf(connection, 'commit'))).toMatchObject({ family: 'integrity' })
    expect(connection.inTransaction).toBe(false)
  })
})

describe('events', () => {
  test('notices and notifications are told as they come', async () => {
    const connection = await openPg()
    const sender = await openPg()
    const events: ServerEvent[] = []
    connection.onEvent?.((event) => events.push(event))
    await connection.script("listen news; do $$ begin raise warning 'careful' using errcode = 'P0001'; end $$")
    await sender.script("notify news, 'hello'; select 1")
    while (events.length < 2) await connection.ping?.()
    expect(events).toEqual([
      { kind: 'notice', severity: 'WARNING', message: 'careful', driverCode: 'P0001' },
      { kind: 'notification', channel: 'news', payload: 'hello', processId: await processId(sender) },
    ])
  })

  test("pg's own client is the handle, and its queries run among ours", async () => {
    const connection = await openPg()
    const client = connection.handle as { query(sql: string): Promise<{ readonly rows: readonly unknown[] }> }
    const [first, { rows }, last] = await Promise.all([
      firstValue(connection, 'select 1'),
      client.query('begin; select 2 as b').then((results) => (Array.isArray(results) ? results[1] : results)),
      firstValue(connection, 'select 3'),
    ])
    expect([first, rows, last]).toEqual([1n, [{ b: 2 }], 3n])
    expect(connection.inTransaction).toBe(true)
  })
})

test('many statements that are asked for at once are answered in their order', async () => {
  const connection: DriverConnection = await openPg()
  const select = await connection.prepare('select $1::int', null)
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => rowsOf(select, [index])))
  expect(answers).toEqual(Array.from({ length: 50 }, (_, index): DriverRow[] => [[BigInt(index)]]))
})
