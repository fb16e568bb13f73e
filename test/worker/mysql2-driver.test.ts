import { expect, test } from 'vitest'
import type { WireValue } from '../../src/protocol/values.ts'
import { firstRow, query, rowsOf, wireErrorOf } from './open-driver.ts'
import { describeMysql, isMariadb, openMysql, run } from './open-mysql.ts'

describeMysql('statements', () => {
  test('a prepared statement is run many times, and again after the table has changed', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists t; create table t (id int primary key auto_increment, a int)')
    const insert = await connection.prepare('insert into t (a) values (?)', null)
    const select = await connection.prepare('select * from t where a >= ? order by id', null)
    for (let a = 0; a < 3; a++) expect(await insert.run([a])).toEqual({ changes: 1, lastRowid: BigInt(a + 1) })
    expect(await rowsOf(select, [1])).toEqual([
      [2n, 1n],
      [3n, 2n],
    ])
    const columns = select.columns()
    await rowsOf(select, [0])
    expect(select.columns()).toBe(columns)
    await connection.script("alter table t add b varchar(5) default 'x', modify a varchar(9)")
    expect(await rowsOf(select, ['2'])).toEqual([[3n, '2', 'x']])
    expect(select.columns().map(({ name, type }) => [name, type])).toEqual([
      ['id', 'int'],
      ['a', 'varchar'],
      ['b', 'varchar'],
    ])
    await connection.script('alter table t drop a')
    expect(await wireErrorOf(connection, () => insert.run([1]))).toMatchObject({ family: 'programming', driverCode: 'ER_BAD_FIELD_ERROR' })
  })

  test.each([
    ['select 1', true, true],
    ['/* x */ -- y\n # z\n(select 1) union (select 2)', true, true],
    ['with x as (select 1 as a) select * from x', true, true],
    ['values (1)', true, true],
    ['show tables', true, true],
    ['describe information_schema.tables', true, true],
    ['explain select 1', true, true],
    ['select 1 from t for update', true, false],
    ['select 1 from t lock in share mode', true, false],
    ['select `share`, "for update" from t', true, true],
    ['select 1 into @x', false, false],
    ['with x as (select 1 as a) delete from t where id in (select a from x)', false, false],
    ['insert into t (id) values (1)', false, false],
    ['/*!999999 select */ delete from t', false, false],
    ['set @x = 1', false, false],
    ['begin', false, false],
    ['create table if not exists t (id int)', false, false],
    ['call p()', true, false],
    ['analyze table t', true, false],
  ])('%j returns rows: %s, reads only: %s', async (sql, returnsRows, readonly) => {
    if (!isMariadb && /values \(1\)|with x.*delete/.test(sql)) return
    const connection = await openMysql()
    await connection.script(
      'drop table if exists t; create table t (id int, `share` int); drop procedure if exists p; create procedure p() select 1',
    )
    if (isMariadb && sql.includes('delete from t where')) return
    const statement = await connection.prepare(sql, null)
    expect([statement.returnsRows, statement.readonly]).toEqual([returnsRows, readonly])
  })

  test('the number of values must be that of the placeholders', async () => {
    const connection = await openMysql()
    const one = await connection.prepare('select ?', null)
    const none = await connection.prepare('set @x = 1', null)
    for (const [statement, values] of [
      [one, []],
      [one, [1, 2]],
      [none, [1]],
    ] as const) {
      expect(await wireErrorOf(connection, () => statement.run(values))).toMatchObject({
        family: 'programming',
        driverCode: 'ER_WRONG_ARGUMENTS',
        message: expect.stringMatching(/^Wrong number of values: \d values? (was|were) given for \d placeholders\.$/),
      })
    }
  })

  test('a statement that is freed is freed on the server', async () => {
    const connection = await openMysql()
    const open = async (): Promise<bigint> =>
      BigInt((await query(connection, "show session status like 'Com_stmt_close'"))[0]?.[1] as string)
    const before = await open()
    const statements = await Promise.all(Array.from({ length: 5 }, () => connection.prepare('select 1', null)))
    for (const statement of statements) statement.finalize()
    expect(await open()).toBe(before + 5n)
    expect(await query(connection, 'select 2')).toEqual([[2n]])
  })

  test('two statements of one text are two: freeing one leaves the other', async () => {
    const connection = await openMysql()
    const [first, second] = [await connection.prepare('select ?', null), await connection.prepare('select ?', null)]
    first.finalize()
    expect(await firstRow(second, [1])).toEqual([1n])
  })

  test('a procedure gives the rows of its first result, or none, and takes parameters', async () => {
    const connection = await openMysql()
    await connection.script(`
      drop procedure if exists two; drop procedure if exists silent;
      create procedure two(n int) begin select n, 'a' union select n + 1, 'b'; select 'other'; end;
      create procedure silent() begin set @called = 1; end;
    `)
    const two = await connection.prepare('call two(?)', null)
    expect(await rowsOf(two, [5])).toEqual([
      [5n, 'a'],
      [6n, 'b'],
    ])
    expect(two.columns()).toHaveLength(2)
    expect(await rowsOf(two, [7])).toHaveLength(2)
    expect(await query(connection, 'call silent()')).toEqual([])
    expect(await (await connection.prepare('call two(1)', null)).run([])).toMatchObject({ changes: 0 })
    expect(await query(connection, 'select @called')).toEqual([[1n]])
  })

  test('changes are rows inserted, matched or deleted, and 0 for what is no DML', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists t, c; create table t (id int primary key, a int)')
    const changes = async (sql: string, params: readonly WireValue[] = []) => (await run(connection, sql, params)).changes
    expect(await changes('insert into t values (1, 1), (2, 2), (3, 3)')).toBe(3)
    expect(await changes('update t set a = a')).toBe(3)
    expect(await changes('update t set a = 1 where id > ?', [99])).toBe(0)
    expect(await changes('insert ignore into t values (3, 0), (4, 4)')).toBe(1)
    // As the server counts: 1 for a row inserted, 2 for one changed.
    expect(await changes('insert into t values (4, 4) on duplicate key update a = 5')).toBe(2)
    expect(await changes('create table c as select * from t')).toBe(0)
    expect(await changes('begin')).toBe(0)
    expect(await changes('delete from t where id in (1, 2)')).toBe(2)
    expect(await changes('commit')).toBe(0)
    expect(await changes('set @x = 1')).toBe(0)
    expect(await changes('truncate t')).toBe(0)
  })

  test('of the rows that an UPDATE matches it is told which it has changed, and nothing of other statements', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists t; create table t (id int primary key, a int)')
    const changed = async (sql: string, params: readonly WireValue[] = []) => (await run(connection, sql, params)).changedRows
    expect(await changed('insert into t values (1, 1), (2, 2), (3, 3)')).toBeUndefined()
    expect(await changed('update t set a = 2')).toBe(2)
    expect(await changed('update t set a = ?', [2])).toBe(0)
    expect(await changed('update t set a = 5 where id > ?', [99])).toBe(0)
    expect(await changed('delete from t')).toBeUndefined()
    expect(await changed('set @x = 1')).toBeUndefined()
  })

  test('the last row id is exact, that of the first of several rows, and set by INSERT alone', async () => {
    const connection = await openMysql()
    await connection.script(
      'drop table if exists t, u; create table t (id bigint unsigned primary key auto_increment, a int); create table u (a int)',
    )
    const insert = await connection.prepare('insert into t (a) values (?), (?)', null)
    expect(insert.setsLastRowid).toBe(false)
    expect(await insert.run([1, 2])).toEqual({ changes: 2, lastRowid: 1n })
    expect(insert.setsLastRowid).toBe(true)
    expect((await run(connection, 'insert into t values (9007199254740993, 1)')).lastRowid).toBe(9007199254740993n)
    const plain = await connection.prepare('insert into u values (1)', null)
    expect(await plain.run([])).toEqual({ changes: 1, lastRowid: 9007199254740993n })
    expect(plain.setsLastRowid).toBe(false)
    expect(await connection.lastRowid()).toBe(9007199254740993n)
    expect((await run(connection, 'update t set a = 3')).lastRowid).toBe(9007199254740993n)
  })

  test.runIf(isMariadb)('INSERT … RETURNING gives rows, and sets the last row id where they hold it', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists t; create table t (id int primary key auto_increment, a int)')
    const insert = await connection.prepare('insert into t (a) values (?), (?) returning a, id', null)
    expect([insert.returnsRows, insert.readonly]).toEqual([true, false])
    expect(await rowsOf(insert, [7, 8])).toEqual([
      [7n, 1n],
      [8n, 2n],
    ])
    expect(insert.columns().map(({ name }) => name)).toEqual(['a', 'id'])
    expect([insert.setsLastRowid, await connection.lastRowid()]).toEqual([true, 1n])
    const silent = await connection.prepare('insert into t (a) values (?) returning a', null)
    await rowsOf(silent, [9])
    expect(silent.setsLastRowid).toBe(false)
  })
})

describeMysql('scripts', () => {
  test('runs every statement, bodies of procedures and comments included', async () => {
    const connection = await openMysql()
    await connection.script(`
      drop table if exists s; create table s (a text);
      insert into s values ('a;b'); -- ;
      drop procedure if exists body;
      create procedure body() begin insert into s values ('c;'); insert into s values ("d;"); end;
      call body(); /* ; */ select 'rows that nobody reads';
      # the end;
    `)
    expect(await query(connection, 'select a from s order by a')).toEqual([['a;b'], ['c;'], ['d;']])
    for (const nothing of ['', ' ; ', '-- only a comment', '/* x */;']) await connection.script(nothing)
  })

  test('stops at the first error, and several statements in one message are refused again behind it', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists s; create table s (a int)')
    const error = await wireErrorOf(connection, () =>
      connection.script('insert into s values (1); insert into nowhere values (2); insert into s values (3)'),
    )
    expect(error).toMatchObject({ family: 'programming', driverCode: 'ER_NO_SUCH_TABLE' })
    expect(await query(connection, 'select a from s')).toEqual([[1n]])
    for (const sql of ['select 1; drop table s', 'set @x = 1; drop table s']) {
      expect(await wireErrorOf(connection, () => run(connection, sql))).toMatchObject({ driverCode: 'ER_PARSE_ERROR' })
    }
    expect(await query(connection, 'select a from s')).toEqual([[1n]])
  })

  test('a transaction that a script began and its error left open is seen', async () => {
    const connection = await openMysql()
    await wireErrorOf(connection, () => connection.script('begin; select nothing'))
    expect(connection.inTransaction).toBe(true)
    await connection.script('rollback')
    expect(connection.inTransaction).toBe(false)
  })
})

describeMysql('runEach', () => {
  async function each(
    sql: string,
    rows: readonly (readonly WireValue[])[],
  ): Promise<{ readonly changes: number; readonly messages: bigint }> {
    const connection = await openMysql()
    const executed = async (): Promise<bigint> =>
      BigInt((await query(connection, "show session status like 'Com_stmt_execute'"))[0]?.[1] as string)
    const statement = await connection.prepare(sql, null)
    const before = await executed()
    const changes = (await statement.runEach?.({ values: rows.flat(), width: rows[0]?.length ?? 0, rowCount: rows.length }, () => {})) ?? -1
    const messages = (await executed()) - before
    statement.finalize()
    return { changes, messages }
  }

  test('10,000 rows are inserted by a few messages', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists r; create table r (id int primary key, a varchar(20), b double)')
    const rows = Array.from({ length: 10_000 }, (_, id) => [id, `row ${id}`, id % 7 === 0 ? null : id / 2])
    const { changes, messages } = await each('insert into r (id, a, b) values (?, ?, ?)', rows)
    expect(changes).toBe(10_000)
    expect(messages).toBeLessThan(20n)
    const sum = rows.reduce((total, [, , b]) => total + Number(b), 0)
    expect(await query(connection, 'select count(*), sum(id), sum(b), count(b) from r')).toEqual([[10_000n, '49995000', sum, 8571n]])
  })

  test('rows that are heavy go in messages of about a megabyte', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists r; create table r (id int primary key, x longblob)')
    const rows = Array.from({ length: 60 }, (_, id) => [id, new Uint8Array(id % 2 === 0 ? 10 : 300_000)])
    const { changes, messages } = await each('insert into r values (?, ?)', rows)
    expect(changes).toBe(60)
    expect(messages).toBeGreaterThan(8n)
    expect(messages).toBeLessThan(31n)
    expect(await query(connection, 'select count(*), sum(length(x)) from r')).toEqual([[60n, '9000300']])
  })

  test('what is no plain INSERT runs once a row', async () => {
    const connection = await openMysql()
    await connection.script(
      'drop table if exists r; create table r (id int primary key, a int); insert into r values (1, 0), (2, 0), (3, 0)',
    )
    expect(
      await each('update r set a = ? where id >= ?', [
        [5, 1],
        [6, 2],
        [7, 3],
      ]),
    ).toEqual({ changes: 6, messages: 3n })
    expect(await query(connection, 'select a from r order by id')).toEqual([[5n], [6n], [7n]])
    expect(
      (
        await each('insert into r values (?, 1 + ?)', [
          [4, 1],
          [5, 1],
        ])
      ).messages,
    ).toBe(2n)
  })

  test('an upsert counts as the server does, INSERT IGNORE what it inserted', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists r; create table r (id int primary key, a int); insert into r values (1, 0)')
    const rows = [
      [1, 5],
      [2, 6],
      [3, 7],
    ]
    expect(await each('insert into r (id, a) values (?, ?) on duplicate key update a = values(a)', rows)).toEqual({
      changes: 4,
      messages: 1n,
    })
    expect(await each('insert ignore into r values (?, ?)', [...rows, [4, 8]])).toEqual({ changes: 1, messages: 1n })
    expect(
      await each('replace into r values (?, ?)', [
        [1, 1],
        [9, 9],
      ]),
    ).toEqual({ changes: 3, messages: 1n })
  })

  test('`check` is called before each message, and what it throws ends it', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists r; create table r (id int primary key)')
    const statement = await connection.prepare('insert into r values (?)', null)
    const values = Array.from({ length: 200_000 }, (_, id) => id)
    let checks = 0
    const stop = (): void => {
      if (++checks === 2) throw new Error('enough')
    }
    await expect(Promise.resolve(statement.runEach?.({ values, width: 1, rowCount: values.length }, stop))).rejects.toThrow('enough')
    expect(await query(connection, 'select count(*) > 0 and count(*) < 200000 from r')).toEqual([[1n]])
  })
})
