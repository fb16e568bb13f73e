import { describe, expect, test } from 'vitest'
import type { DriverConnection, DriverRow } from '../../worker/drivers/driver.ts'
import { driverNames, firstRow, openDriver, query, rowsOf, temporaryFile, wireErrorOf } from './open-driver.ts'

const SCHEMA = `
  create table t (id integer primary key, a unique, b);
  create table keyed (k text primary key, v) without rowid;
  create table log (entry);
  create table watched (id integer primary key, a);
  create trigger on_watched after insert on watched begin insert into log values (new.a), (new.a); end;
  create view seen as select id, a from t;
  create trigger on_seen instead of insert on seen begin insert into t (a) values (new.a); end;
  create virtual table words using fts5(body);
`

describe('better-sqlite3', () => {
  test('hands rows over from within one call once it is sure of their columns', async () => {
    const connection = await openDriver('better-sqlite3')
    await connection.script("create table t (a, b); insert into t values (1, null), (2.5, x'00ff'), ('x', 9223372036854775807)")
    const statement = await connection.prepare('select * from t where a <> ? order by a desc', null)
    const push = (): unknown => {
      const names: string[] = []
      const rows: DriverRow[] = []
      const pushed = statement.push?.([2], (columns) => {
        names.push(...columns.map((column) => column.name))
        return (row) => rows.push(row)
      })
      return pushed === true ? { names, rows } : pushed
    }
    const known = { names: ['a', 'b'], rows: await rowsOf(statement, [2]) }
    // The clock has to show one time before and after a step.
    statement.columns()
    expect(push()).toBe(false)
    expect(await rowsOf(statement, [2])).toEqual(known.rows)
    statement.columns()
    expect(push()).toEqual(known)
    await connection.script('alter table t rename column b to c')
    expect(push()).toBe(false)
    const boundless = new Error('enough')
    await rowsOf(statement, [2])
    statement.columns()
    await rowsOf(statement, [2])
    statement.columns()
    const refusal = (): unknown => {
      throw boundless
    }
    expect(() => statement.push?.([2], () => refusal)).toThrow(boundless)
    expect(push()).toEqual({ ...known, names: ['a', 'c'] })
  })
})

describe.each(driverNames)('%s', (name) => {
  test('gives few rows at once inside a transaction, as soon as it is sure of their columns', async () => {
    const connection = await openDriver(name)
    await connection.script("create table t (a, b); insert into t values (1, null), (2.5, x'00ff'), ('x', 9223372036854775807)")
    const statement = await connection.prepare('select a, b, b from t where a <> ? order by a desc', null)
    const few = (most: number) => statement.few?.([2], most)
    const run = async () => {
      const rows = await rowsOf(statement, [2])
      return { rows, columns: statement.columns() }
    }
    connection.groups?.begin(false)
    // The clock has to show one time before and after a step.
    expect(few(4)).toBe(null)
    const { rows } = await run()
    await run()
    expect(rows).toHaveLength(3)
    expect(few(4)).toEqual(rows)
    expect(few(2)).toEqual(rows.slice(0, 2))
    expect(few(4)).toEqual(rows)
    connection.groups?.commit()
    await connection.script('alter table t rename column b to c')
    expect(few(4)).toBe(null)
  })

  test('gives no few rows at once where the text cannot stand inside another one', async () => {
    const connection = await openDriver(name)
    const statement = await connection.prepare('select 1 as a /* never closed', null)
    connection.groups?.begin(false)
    for (let run = 0; run < 3; run++) {
      expect(await rowsOf(statement)).toEqual([[1n]])
      statement.columns()
    }
    expect(statement.few?.([], 64)).toBe(null)
    connection.groups?.commit()
  })

  describe('values', () => {
    const maxInteger = 2n ** 63n - 1n
    test.each([
      // in, then what columns without affinity and with INTEGER, REAL and TEXT affinity give
      [1, 1n, 1n, 1, '1'],
      [-7, -7n, -7n, -7, '-7'],
      [2 ** 53 - 1, 9007199254740991n, 9007199254740991n, 2 ** 53 - 1, '9007199254740991'],
      [2n ** 53n + 1n, 9007199254740993n, 9007199254740993n, 2 ** 53, '9007199254740993'],
      [maxInteger, maxInteger, maxInteger, 2 ** 63, '9223372036854775807'],
      [-(2n ** 63n), -(2n ** 63n), -(2n ** 63n), -(2 ** 63), '-9223372036854775808'],
      [1.5, 1.5, 1.5, 1.5, '1.5'],
      [2 ** 60, 2 ** 60, 2n ** 60n, 2 ** 60, '1.15292150460685e+18'],
      [-0, -0, 0n, 0, '0.0'],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 'Inf'],
      [5e-324, 5e-324, 5e-324, 5e-324, undefined],
      [true, 1n, 1n, 1, '1'],
      [false, 0n, 0n, 0, '0'],
      [null, null, null, null, null],
      ['1', '1', 1n, 1, '1'],
      ['a\0b€😀', 'a\0b€😀', 'a\0b€😀', 'a\0b€😀', 'a\0b€😀'],
      ['', '', '', '', ''],
    ])('%s comes back as it went in, changed by affinity alone', async (value, ...[none, integer, real, text]) => {
      const connection = await openDriver(name)
      await connection.script('create table v (n blob, i integer, r real, t text)')
      const insert = await connection.prepare('insert into v values (:x, :x, :x, :x)', ['x'])
      await insert.run([value])
      const [row] = (await query(connection, 'select * from v')) as [DriverRow]
      expect(row.slice(0, 3)).toEqual([none, integer, real])
      // The digits of a REAL as text are SQLite's and changed between its versions.
      if (text !== undefined && typeof value !== 'number') expect(row[3]).toBe(text)
      if (Number.isSafeInteger(value)) expect(row[3]).toBe(text)
    })

    test.each([0, 1, 63, 64, 1_000, 100_000])(
      'a blob of %i bytes has an ArrayBuffer of its own that can be transferred',
      async (sizeBytes) => {
        const connection = await openDriver(name)
        const statement = await connection.prepare('select ?', null)
        const backing = new Uint8Array(sizeBytes + 2).fill(7)
        const [blob] = (await firstRow(statement, [backing.subarray(1, sizeBytes + 1)])) as [Uint8Array<ArrayBuffer>]
        expect(blob).toBeInstanceOf(Uint8Array)
        expect([blob.byteLength, blob.byteOffset, blob.buffer.byteLength]).toEqual([sizeBytes, 0, sizeBytes])
        expect(blob.every((byte) => byte === 7)).toBe(true)
        expect(structuredClone(blob, { transfer: [blob.buffer] }).byteLength).toBe(sizeBytes)
        expect(blob.buffer.detached).toBe(true)
      },
    )

    test('names are bound by name, whatever they are', async () => {
      const connection = await openDriver(name)
      const statement = await connection.prepare('select :b, :a, :__proto__, :constructor, :b', ['a', 'b', '__proto__', 'constructor'])
      expect(await firstRow(statement, ['A', 'B', 'P', 'C'])).toEqual(['B', 'A', 'P', 'C', 'B'])
      expect(await firstRow(statement, [1, 2, 3, 4])).toEqual([2n, 1n, 3n, 4n, 2n])
    })

    test('numbered parameters are bound by number', async () => {
      const connection = await openDriver(name)
      const statement = await connection.prepare('select ?2, ?1, ?2', ['1', '2'])
      expect(await firstRow(statement, ['one', 'two'])).toEqual(['two', 'one', 'two'])
    })

    test('more values than placeholders, a name that does not exist and a bigint beyond 64 bits are refused', async () => {
      const connection = await openDriver(name)
      const positional = await connection.prepare('select ?', null)
      const named = await connection.prepare('select :a, :b', ['a', 'c'])
      expect(await wireErrorOf(connection, () => firstRow(positional, [1, 2]))).toMatchObject({
        family: 'programming',
        driverCode: 'SQLITE_RANGE',
      })
      expect(await wireErrorOf(connection, () => firstRow(named, [1, 2]))).toMatchObject({
        family: 'programming',
        driverCode: 'SQLITE_RANGE',
      })
      expect(await wireErrorOf(connection, () => firstRow(positional, [2n ** 63n]))).toMatchObject({
        family: 'data',
        driverCode: 'SQLITE_TOOBIG',
      })
      expect(await firstRow(positional, [3])).toEqual([3n])
    })
  })

  describe('run', () => {
    test('changes are rows inserted or matched, and 0 for what is no DML', async () => {
      const connection = await openDriver(name, undefined, { pragmas: [['foreign_keys', 'ON']] })
      await connection.script(SCHEMA)
      const changes = async (sql: string) => (await (await connection.prepare(sql, null)).run([])).changes
      expect(await changes('insert into t (a) values (1), (2), (3)')).toBe(3)
      expect(await changes('update t set b = b')).toBe(3)
      expect(await changes('update t set b = 1 where id > 99')).toBe(0)
      expect(await changes('create table c (x)')).toBe(0)
      expect(await changes('insert into watched (a) values (1)')).toBe(1)
      expect(await changes('insert into seen (a) values (9)')).toBe(0)
      expect(await changes('begin')).toBe(0)
      expect(await changes('with x as (select 1) delete from t where id in (1, 2)')).toBe(2)
      expect(await changes('commit')).toBe(0)
      expect(await changes('/* all */ delete from t')).toBe(2)
      await connection.script(
        'create table parent (id integer primary key); create table child (p references parent); insert into parent values (1), (2)',
      )
      expect(await changes('drop table parent')).toBe(0)
    })

    test('the last row id is exact beyond 2^53', async () => {
      const connection = await openDriver(name)
      await connection.script('create table t (id integer primary key)')
      const insert = await connection.prepare('insert into t values (?)', null)
      expect(await insert.run([2n ** 62n + 1n])).toEqual({ changes: 1, lastRowid: 2n ** 62n + 1n })
      expect(await query(connection, 'insert into t values (?) returning id', [-5])).toEqual([[-5n]])
      expect(await connection.lastRowid()).toBe(-5n)
    })
  })

  describe('what a statement is', () => {
    test.each([
      ['select 1', true, true],
      ['-- c\n /* ; */ ; select 1', true, true],
      ['values (1), (2)', true, true],
      ['with x as (select 1) select * from x', true, true],
      ['select * from seen join words', true, true],
      ['with x as (select 1) insert into log select * from x', false, false],
      ['insert into log values (1) returning *', true, false],
      ['insert into log values (1)', false, false],
      ['update t set a = 1', false, false],
      ['delete from t', false, false],
      ['create table z (x)', false, false],
      ['begin', false, false],
      ['begin immediate', false, false],
      ['pragma user_version', true, false],
      ['pragma optimize', true, false],
      ['pragma user_version = 3', false, false],
      ['explain delete from t', true, false],
      ['attach ? as other', false, false],
      ['vacuum', false, false],
    ])('%j: returnsRows %s, readonly %s', async (sql, returnsRows, readonly) => {
      const connection = await openDriver(name)
      await connection.script(SCHEMA)
      const statement = await connection.prepare(sql, null)
      expect({ returnsRows: statement.returnsRows, readonly: statement.readonly }).toEqual({ returnsRows, readonly })
    })

    test.each([
      ['insert into t (a) values (?)', true],
      ['insert or ignore into t (a) values (?) returning id', true],
      ['insert into t (a) values (?) on conflict (a) do update set b = 1', true],
      ['replace into t (a) values (?)', true],
      ['insert into log select * from log where 1 = ?', true],
      ['with x as (select ?) insert into t (a) select * from x', true],
      ['insert into watched (a) values (?)', true],
      ['insert into words values (?)', true],
      ['insert into keyed values (?, 1)', false],
      ['insert into seen (a) values (?)', false],
      ['update t set a = ?', false],
      ['delete from t where a = ?', false],
      ['with x as (select ?) select * from x', false],
      ['select ?', false],
      ['create table z as select 1', false],
    ])('%j: setsLastRowid %s', async (sql, setsLastRowid) => {
      const connection = await openDriver(name)
      await connection.script(SCHEMA)
      const statement = await connection.prepare(sql, null)
      expect(statement.setsLastRowid).toBe(setsLastRowid)
      // Once more, while something is read.
      const reading = (await connection.prepare('select 1 union select 2', null)).iterate([])
      await reading.next()
      expect((await connection.prepare(sql, null)).setsLastRowid).toBe(setsLastRowid)
      await reading.return()
    })
  })

  describe('columns', () => {
    const namesAfter = async (connection: DriverConnection, statement: Awaited<ReturnType<DriverConnection['prepare']>>) => {
      await rowsOf(statement)
      expect(connection.inTransaction).toBeTypeOf('boolean')
      return statement.columns().map((column) => column.name)
    }

    test('have name, table and declared type', async () => {
      const connection = await openDriver(name)
      await connection.script(
        'create table users (id integer primary key, mail varchar(20), free); create view people as select mail as address from users',
      )
      const statement = await connection.prepare('select u.id as key, p.address, free, 1 + 1 as two from users u, people p', null)
      expect(statement.columns()).toEqual([
        { name: 'key', table: 'users', type: 'INTEGER' },
        { name: 'address', table: 'users', type: 'varchar(20)' },
        { name: 'free', table: 'users', type: undefined },
        { name: 'two', table: undefined, type: undefined },
      ])
      expect((await connection.prepare('create table x (y)', null)).columns()).toEqual([])
    })

    test('are the same array until they change', async () => {
      const connection = await openDriver(name)
      await connection.script('create table t (a, b)')
      const statement = await connection.prepare('select * from t', null)
      await firstRow(statement, [])
      const before = statement.columns()
      await connection.script('create table other (x)')
      await firstRow(statement, [])
      expect(statement.columns()).toBe(before)
      await connection.script('alter table t rename column b to c')
      await firstRow(statement, [])
      expect(statement.columns()).not.toBe(before)
    })

    test('follow every change of the schema, whoever makes it and wherever', async () => {
      const file = temporaryFile()
      const connection = await openDriver(name, file)
      const other = await openDriver(name, file)
      await connection.script('create table t (a)')
      const statement = await connection.prepare('select * from t', null)
      const check = async (...names: string[]) => {
        // Three times: on the first look after a change the columns are new, then they are kept, then they come from memory.
        for (let run = 0; run < 3; run += 1) expect(await namesAfter(connection, statement)).toEqual(names)
      }
      await check('a')
      await (await connection.prepare('alter table t rename column a to b', null)).run([])
      await check('b')
      await other.script('alter table t rename column b to c')
      await check('c')
      // The cookie of a rolled back change comes again with the next one.
      for (const column of ['d', 'e']) {
        await (await connection.prepare('begin', null)).run([])
        await (await connection.prepare(`alter table t rename column c to ${column}`, null)).run([])
        await check(column)
        await (await connection.prepare('rollback', null)).run([])
      }
      await check('c')
      await connection.script('create temp table t (z, y)')
      await check('z', 'y')
      await connection.script('drop table temp.t')
      await check('c')
      Reflect.apply(Reflect.get(connection.handle, 'exec') as (sql: string) => void, connection.handle, ['create temp table t (x, w)'])
      await check('x', 'w')
    })

    test('belong to the rows when another connection changes them between two runs', async () => {
      const file = temporaryFile()
      const connection = await openDriver(name, file, { pragmas: [['journal_mode', 'WAL']] })
      const other = await openDriver(name, file)
      await connection.script('create table t (a); insert into t values (1), (2)')
      const statement = await connection.prepare('select * from t', null)
      let column = 'a'
      for (let run = 0; run < 20; run += 1) {
        const iterator = statement.iterate([])
        await iterator.next()
        const expected = column
        // The open cursor reads its own snapshot, and so must its columns.
        if (run % 3 === 0) await other.script(`alter table t rename column ${column} to c${run}`)
        if (run % 3 === 0) column = `c${run}`
        expect(statement.columns().map((each) => each.name)).toEqual([expected])
        await iterator.return()
      }
    })
  })

  describe('iterators', () => {
    test('a statement that failed between two rows runs again as if nothing had been', async () => {
      const connection = await openDriver(name)
      const statement = await connection.prepare(`select json_extract(value, '$') from json_each(?)`, null)
      expect(await wireErrorOf(connection, () => rowsOf(statement, ['["1", "not json"]']))).toMatchObject({ driverCode: 'SQLITE_ERROR' })
      expect(await rowsOf(statement, ['["1"]'])).toEqual([[1n]])
    })

    test('a statement is busy while its iterator is open, and others can be read beside it', async () => {
      const connection = await openDriver(name)
      const statement = await connection.prepare('select value from json_each(?)', null)
      const iterator = statement.iterate(['[1,2,3]'])
      expect(statement.busy).toBe(true)
      expect((await iterator.next()).value).toEqual([1n])
      expect(await wireErrorOf(connection, () => firstRow(statement, ['[9]']))).toMatchObject({ family: 'invalidRequest' })
      expect(await wireErrorOf(connection, () => statement.iterate(['[9]']))).toMatchObject({ family: 'invalidRequest' })
      expect(await query(connection, 'select 5')).toEqual([[5n]])
      expect((await iterator.next()).value).toEqual([2n])
      await iterator.return()
      await iterator.return()
      expect(statement.busy).toBe(false)
      expect((await iterator.next()).done).toBe(true)
      expect(await firstRow(statement, ['[9]'])).toEqual([9n])
    })

    test('an iterator that is exhausted stays so and its statement is free', async () => {
      const connection = await openDriver(name)
      const statement = await connection.prepare('select 1', null)
      const iterator = statement.iterate([])
      await iterator.next()
      expect((await iterator.next()).done).toBe(true)
      expect((await iterator.next()).done).toBe(true)
      expect(statement.busy).toBe(false)
      await iterator.return()
    })

    test('an iterator that failed stays ended and its statement is free', async () => {
      const connection = await openDriver(name)
      const statement = await connection.prepare("select iif(value < 3, value, json('{')) from json_each('[1,2,3,4]')", null)
      const iterator = statement.iterate([])
      await iterator.next()
      await iterator.next()
      expect(await wireErrorOf(connection, () => iterator.next())).toMatchObject({ family: 'programming', driverCode: 'SQLITE_ERROR' })
      expect((await iterator.next()).done).toBe(true)
      expect(statement.busy).toBe(false)
      await iterator.return()
      statement.finalize()
    })

    test('a statement that writes and returns rows runs whole at its first row', async () => {
      const connection = await openDriver(name)
      await connection.script('create table t (a)')
      const insert = await connection.prepare('insert into t values (1), (2), (3) returning a', null)
      expect(await firstRow(insert, [])).toEqual([1n])
      expect(await query(connection, 'select count(*) from t')).toEqual([[3n]])
    })

    test('inTransaction follows the database', async () => {
      const connection = await openDriver(name)
      expect(connection.inTransaction).toBe(false)
      await (await connection.prepare('begin', null)).run([])
      expect(connection.inTransaction).toBe(true)
      await (await connection.prepare('rollback', null)).run([])
      expect(connection.inTransaction).toBe(false)
      await connection.close()
      await connection.close()
      expect(connection.inTransaction).toBe(false)
    })
  })
})
