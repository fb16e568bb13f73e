import { beforeEach, describe, expect, test } from 'vitest'
import type { WireValue } from '../../src/protocol/values.ts'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { firstRow, query, rowsOf, wireErrorOf } from './open-driver.ts'
import { changesOf, firstValue, openPg, processId, skipWithoutPostgres, untilActive, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

const nothing = (): void => undefined

async function copyIn(connection: DriverConnection, sql: string, rows: readonly (readonly WireValue[])[], check = nothing) {
  const statement = await connection.prepare(sql, null)
  return await statement.runEach?.({ values: rows.flat(), width: rows[0]?.length ?? 0, rowCount: rows.length }, check)
}

/** With a table of its own, of which the tests can tell that the connection goes on. */
async function openWithTable(columns = 'a int, b text'): Promise<DriverConnection> {
  const connection = await openPg()
  await connection.script(`create table t (${columns})`)
  return connection
}

describe('COPY … FROM STDIN', () => {
  test('stores what an INSERT would store', async () => {
    const connection = await openWithTable(
      'id int, s text, b bytea, f float8, n numeric, y boolean, at timestamptz, j jsonb, l text[], c char(3)',
    )
    const texts = [
      '',
      ' ',
      '\\',
      '\\N',
      '\\.',
      '\\\\.',
      'a\tb',
      'a\nb',
      'a\r\nb\r',
      '\b\f\v',
      '"',
      "'",
      'é\u2028😀',
      '\\t\\n\\x41\\101',
      'NULL',
    ]
    const rows: WireValue[][] = texts.map((text, id) => [
      ...[id, text, Buffer.from(text), id === 0 ? -0 : id / 3, id * 1e300, id % 2 === 0],
      ...['2020-01-01T12:00:00.123Z', JSON.stringify({ [text]: [text, null] }), [text, null], 'é'],
    ])
    rows.push([99, ...new Array<null>(9).fill(null)])
    rows.push([100, '', new Uint8Array(0), Number.POSITIVE_INFINITY, 2n ** 62n, true, 'infinity', '[]', [], 'x'])
    const columns = 'id, s, b, f, n, y, at, j, l, c'
    expect(await copyIn(connection, `copy t (${columns}) from stdin`, rows)).toBe(rows.length)
    await connection.script('create table expected (like t)')
    const insert = await connection.prepare(`insert into expected (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, null)
    for (const row of rows) await insert.run(row)
    expect(await query(connection, 'select * from t order by id')).toEqual(await query(connection, 'select * from expected order by id'))
    expect(await query(connection, 'select t::text from t except select e::text from expected e')).toEqual([])
    expect((await query(connection, 'select s from t where id < 99 order by id')).flat()).toEqual(texts)
  })

  test('takes one column, and none', async () => {
    const connection = await openWithTable('s text')
    const texts = ['', null, '\\.', '\n', 'x']
    expect(
      await copyIn(
        connection,
        'copy t from stdin',
        texts.map((text) => [text]),
      ),
    ).toBe(5)
    expect((await query(connection, 'select s from t order by ctid')).flat()).toEqual(texts)
    await connection.script('create table none ()')
    const statement = await connection.prepare('copy none from stdin', null)
    expect(await statement.runEach?.({ values: [], width: 0, rowCount: 3 }, nothing)).toBe(3)
    expect(await statement.runEach?.({ values: [], width: 0, rowCount: 0 }, nothing)).toBe(0)
    expect(await firstValue(connection, 'select count(*) from none')).toBe(3n)
  })

  test('takes rows of any number and size', async () => {
    const connection = await openWithTable()
    let checks = 0
    const many = Array.from({ length: 30_000 }, (_, n) => [n, 'x'.repeat(20)])
    expect(await copyIn(connection, 'copy t from stdin', many, () => void checks++)).toBe(30_000)
    expect(checks).toBeGreaterThan(5)
    const huge = `${'\\'.repeat(10_000_000)}\n`
    expect(await copyIn(connection, 'copy t from stdin', [[-1, huge]])).toBe(1)
    expect(await firstValue(connection, 'select b from t where a = -1')).toBe(huge)
    expect(await firstValue(connection, 'select count(*) from t')).toBe(30_001n)
  })

  test('understands however it is spelled', async () => {
    const connection = await openPg()
    await connection.script(
      'create table "copy t to stdout" ("from" int, "to" int); create schema s; create table s.t (stdin int, stdout int)',
    )
    for (const sql of [
      'copy "copy t to stdout" ("to", "from") from stdin',
      '/* copy t to stdout */ COPY "copy t to stdout" -- to stdout\n FROM STDIN;',
      'copy s.t (stdin, stdout) from stdout',
      'copy s.t from stdin where (stdin > 0)',
    ]) {
      expect(await copyIn(connection, sql, [[1, 2]])).toBe(1)
    }
    expect(await copyIn(connection, 'copy s.t from stdin where stdin > 1', [[1, 2], [2, 3]])).toBe(1) // biome-ignore format: a table
    await connection.script('drop schema s cascade')
  })

  test.for<[string, readonly WireValue[], object]>([
    ['too many values', [1, 'x', 'y'], { family: 'programming', message: 'COPY has 2 columns, but each row has 3 values.' }],
    ['too few values', [1], { family: 'programming', message: 'COPY has 2 columns, but each row has 1 values.' }],
    ['what is no number', ['x', 'x'], { family: 'data', driverCode: '22P02' }],
    ['a NUL', [1, 'a\0b'], { family: 'data', driverCode: '22021' }],
  ])('%s fail, and nothing of the rows stays', async ([, row, expected]) => {
    const connection = await openWithTable()
    const rows = Array.from({ length: 5_000 }, (_, n) => (row.length === 2 && n < 4_000 ? [n, 'x'.repeat(100)] : row))
    expect(await wireErrorOf(connection, () => copyIn(connection, 'copy t from stdin', rows))).toMatchObject(expected)
    expect(await firstValue(connection, 'select count(*) from t')).toBe(0n)
    expect(await copyIn(connection, 'copy t from stdin', [[1, 'x']])).toBe(1)
  })

  test('a constraint that refuses a row is named', async () => {
    const connection = await openWithTable('a int constraint once unique, b text')
    const rows = [[1, 'x'], [2, 'x'], [1, 'y']] // biome-ignore format: a table
    expect(await wireErrorOf(connection, () => copyIn(connection, 'copy t from stdin', rows))).toMatchObject({
      ...{ family: 'integrity', driverCode: '23505', constraint: 'once', table: 't', columns: ['a'] },
    })
    expect(await firstValue(connection, 'select count(*) from t')).toBe(0n)
  })

  test('inside a transaction it is a part of it, and one that has failed takes no rows', async () => {
    const connection = await openWithTable()
    await connection.script('begin; savepoint s')
    expect(await wireErrorOf(connection, () => copyIn(connection, 'copy t from stdin', [['x', 'x']]))).toMatchObject({ family: 'data' })
    expect(await wireErrorOf(connection, () => copyIn(connection, 'copy t from stdin', [[1, 'x']]))).toMatchObject({
      family: 'transactionAborted',
    })
    await connection.script('rollback to s')
    expect(await copyIn(connection, 'copy t from stdin', [[1, 'x']])).toBe(1)
    await connection.script('commit')
    expect(await firstValue(connection, 'select count(*) from t')).toBe(1n)
  })

  test('of no table, or with a parameter, fails, and the connection goes on', async () => {
    const connection = await openWithTable()
    for (const [sql, driverCode] of [
      ['copy missing from stdin', '42P01'],
      ['copy t (a, missing) from stdin', '42703'],
      ['copy t from stdin where a > $1', '42P02'],
      ['copy (select 1) from stdin', '42601'],
    ] as const) {
      expect(await wireErrorOf(connection, () => copyIn(connection, sql, [[1, 'x']]))).toMatchObject({ driverCode })
      expect(await firstValue(connection, 'select 1')).toBe(1n)
    }
  })

  test('a sender that is told to stop leaves nothing', async () => {
    const connection = await openWithTable()
    const rows = Array.from({ length: 30_000 }, (_, n) => [n, 'x'.repeat(20)])
    let checks = 0
    const stop = () => {
      checks++
      if (checks === 3) throw new Error('enough')
    }
    await expect(copyIn(connection, 'copy t from stdin', rows, stop)).rejects.toThrow('enough')
    expect(await firstValue(connection, 'select count(*) from t')).toBe(0n)
    expect(await copyIn(connection, 'copy t from stdin', rows.slice(0, 10))).toBe(10)
  })

  test('is cancelled while it waits for a lock', async () => {
    const [connection, other, watcher] = [await openWithTable('a int primary key, b text'), await openPg(), await openPg()]
    const pid = await processId(connection)
    await other.script(`begin; insert into t values (7, 'x')`)
    const rows = Array.from({ length: 20_000 }, (_, n) => [n, 'x'.repeat(200)])
    const failure = wireErrorOf(connection, () => copyIn(connection, 'copy t from stdin', rows))
    await untilActive(watcher, pid)
    await connection.cancel?.()
    expect(await failure).toMatchObject({ family: 'cancelled' })
    await other.script('rollback')
    expect(await copyIn(connection, 'copy t from stdin', rows)).toBe(20_000)
  })

  test('fails with its connection', async () => {
    const [connection, other, watcher] = [await openWithTable('a int primary key, b text'), await openPg(), await openPg()]
    const pid = await processId(connection)
    await other.script(`begin; insert into t values (7, 'x')`)
    const rows = Array.from({ length: 20_000 }, (_, n) => [n, 'x'.repeat(200)])
    const failure = wireErrorOf(connection, () => copyIn(connection, 'copy t from stdin', rows))
    await untilActive(watcher, pid)
    await firstValue(watcher, 'select pg_terminate_backend($1)', [pid])
    expect(await failure).toMatchObject({ family: 'operational', connectionLost: true })
  })

  test.for([
    ['copy t from stdin (format csv)', /expected nothing behind STDIN but a WHERE/],
    ['copy t from stdin with binary', /expected nothing behind STDIN but a WHERE/],
    ['copy binary t from stdin', /expected nothing behind STDIN but a WHERE/],
    ["copy t from stdin delimiter ','", /expected nothing behind STDIN but a WHERE/],
    ["copy t from '/dev/null'", /takes no rows/],
    ["copy t from program 'true'", /takes no rows/],
    ["copy (select * from stdin) to '/dev/null'", /takes no rows/],
    ['copy t to stdout', /takes no rows/],
  ] as const)('%s takes no rows', async ([sql, message]) => {
    const connection = await openWithTable()
    const error = await wireErrorOf(connection, () => copyIn(connection, sql, [[1, 'x']]))
    expect(error).toMatchObject({ family: 'notSupported', message: expect.stringMatching(message) })
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })

  test.for(['copy t from stdin', 'copy t from stdin (format csv)'])('%s without rows is refused', async (sql) => {
    const connection = await openWithTable()
    for (const work of [() => changesOf(connection, sql), () => connection.script(`select 1; ${sql}`)]) {
      expect(await wireErrorOf(connection, work)).toMatchObject({ family: 'notSupported', message: expect.stringContaining('executeMany') })
      expect(await firstValue(connection, 'select 1')).toBe(1n)
    }
  })

  test('of a file of the server says how many rows it was', async () => {
    const connection = await openWithTable()
    expect(await changesOf(connection, `copy t from program 'printf "1\\tx\\n2\\ty\\n"'`)).toBe(2)
  })
})

describe('COPY … TO STDOUT', () => {
  test('gives its lines one by one, which together are the file', async () => {
    const connection = await openWithTable()
    await connection.script(`insert into t values (1, E'a\\tb'), (2, null), (3, ''), (null, 'é😀,"')`)
    const linesOf = async (sql: string) => (await query(connection, sql)).flat()
    expect(await linesOf('copy t to stdout')).toEqual(['1\ta\\tb\n', '2\t\\N\n', '3\t\n', '\\N\té😀,"\n'])
    expect(await linesOf('copy (select * from t where a > 1) to stdout (format csv, header)')).toEqual(['a,b\n', '2,\n', '3,""\n'])
    expect(await linesOf('copy t (b) to stdin')).toHaveLength(4)
    expect(await linesOf('copy (select 1 where false) to stdout')).toEqual([])
    expect(await linesOf('copy (select from generate_series(1, 2)) to stdout')).toEqual(['\n', '\n'])
    const statement = await connection.prepare('copy t to stdout', null)
    expect(statement).toMatchObject({ returnsRows: true, readonly: true })
    expect(statement.columns()).toEqual([{ name: 'data', type: 'text' }])
    // Again, and with what has changed.
    await rowsOf(statement)
    await connection.script('delete from t where a > 1')
    expect(await rowsOf(statement)).toHaveLength(2)
  })

  test('what it gives, COPY … FROM STDIN would take; what writes runs to its end', async () => {
    const connection = await openWithTable()
    const statement = await connection.prepare(
      `copy (insert into t select n, 'x' from generate_series(1, 5000) n returning a) to stdout`,
      null,
    )
    expect(statement).toMatchObject({ returnsRows: true, readonly: false })
    expect(await firstRow(statement)).toEqual(['1\n'])
    expect(await firstValue(connection, 'select count(*) from t')).toBe(5_000n)
  })

  test('is read in bounded memory, however slowly', async () => {
    const [connection, watcher] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    const statement = await connection.prepare(`copy (select repeat('x', 1000) from generate_series(1, 50000)) to stdout`, null)
    const rows = statement.iterate([])
    await rows.next()
    await untilActive(watcher, pid)
    let count = 1
    for (let step = await rows.next(); step.value !== undefined; step = await rows.next()) count++
    expect(count).toBe(50_000)
  })

  test.for([
    ['outside of', false],
    ['inside', true],
  ] as const)('given up early %s a transaction, it makes way for the next statement', async ([, inside]) => {
    const connection = await openPg()
    if (inside) await connection.script('begin')
    const endless = inside ? 200_000 : 2_000_000
    const statement = await connection.prepare(`copy (select n, repeat('x', 100) from generate_series(1, ${endless}) n) to stdout`, null)
    expect(await firstRow(statement)).toEqual([`1\t${'x'.repeat(100)}\n`])
    expect(await firstValue(connection, 'select 1')).toBe(1n)
    expect(connection.inTransaction).toBe(inside)
  })

  test('that fails on its way gives its lines and then the error', async () => {
    const connection = await openPg()
    const rows = (await connection.prepare('copy (select 1 / (3 - n) from generate_series(1, 5) n) to stdout', null)).iterate([])
    expect(await rows.next()).toEqual({ value: ['0\n'] })
    expect(await rows.next()).toEqual({ value: ['1\n'] })
    expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'data', driverCode: '22012' })
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })

  test.for([
    ['copy (select 1) to stdout (format binary)', 'notSupported'],
    [`copy (select n from generate_series(1, 1000000) n) to stdout (format 'binary')`, 'notSupported'],
    [`copy (select 'é') to stdout (encoding 'latin1')`, 'data'],
    ['copy (select $1) to stdout', 'programming'],
    ['copy missing to stdout', 'programming'],
  ] as const)('%s fails, and the connection goes on', async ([sql, family]) => {
    const connection = await openPg()
    expect(await wireErrorOf(connection, () => query(connection, sql))).toMatchObject({ family })
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })

  test('is cancelled between two of its lines, and among others of a script refused', async () => {
    const [connection, watcher] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    const lines = query(connection, 'copy (select pg_sleep(60)) to stdout')
    const failure = wireErrorOf(connection, () => lines)
    await untilActive(watcher, pid)
    await connection.cancel?.()
    expect(await failure).toMatchObject({ family: 'cancelled' })
    expect(await wireErrorOf(connection, () => connection.script('select 1; copy (select 1) to stdout'))).toMatchObject({
      family: 'notSupported',
    })
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })
})
