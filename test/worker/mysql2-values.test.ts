import { expect, test } from 'vitest'
import type { WireValue } from '../../src/protocol/values.ts'
import type { DriverConnection, DriverRow, DriverValue } from '../../worker/drivers/driver.ts'
import { firstRow, query, wireErrorOf } from './open-driver.ts'
import { describeMysql, isMariadb, openMysql, run } from './open-mysql.ts'

/** In both protocols: what EXECUTE gives is sent as text. */
async function bothWays(connection: DriverConnection, sql: string): Promise<readonly (readonly DriverRow[])[]> {
  await connection.script(`prepare p from '${sql.replaceAll("'", "''")}'`)
  return [await query(connection, sql), await query(connection, 'execute p')]
}

describeMysql('values', () => {
  const max64 = 2n ** 63n - 1n
  const maxUnsigned = 2n ** 64n - 1n

  test.each<[type: string, value: WireValue, expected: DriverValue]>([
    ['tinyint', -128, -128n],
    ['tinyint unsigned', 255, 255n],
    ['tinyint(1)', true, 1n],
    ['boolean', false, 0n],
    ['smallint', -32768, -32768n],
    ['smallint unsigned', 65535, 65535n],
    ['mediumint', -8388608, -8388608n],
    ['mediumint unsigned', 16777215, 16777215n],
    ['int', -2147483648, -2147483648n],
    ['int unsigned', 4294967295, 4294967295n],
    ['int(5) zerofill', 42, 42n],
    ['bigint', 2n ** 53n + 1n, 2n ** 53n + 1n],
    ['bigint', max64, max64],
    ['bigint', -(2n ** 63n), -(2n ** 63n)],
    ['bigint', Number.MIN_SAFE_INTEGER, BigInt(Number.MIN_SAFE_INTEGER)],
    ['bigint', Number.MAX_SAFE_INTEGER, BigInt(Number.MAX_SAFE_INTEGER)],
    ['bigint unsigned', maxUnsigned, maxUnsigned],
    ['year', 2155, 2155n],
    ['year', 0, 0n],
    ['float', 0.5, 0.5],
    ['float', 0.1, Math.fround(0.1)],
    ['double', 0.1, 0.1],
    ['double', 5e-324, 5e-324],
    ['double', -Number.MAX_VALUE, -Number.MAX_VALUE],
    // MariaDB has no negative zero.
    ['double', -0, 0],
    [
      'decimal(65,30)',
      '-12345678901234567890123456789012345.123456789012345678901234567890',
      '-12345678901234567890123456789012345.123456789012345678901234567890',
    ],
    ['decimal(65,0)', 10n ** 64n + 1n, String(10n ** 64n + 1n)],
    ['decimal(10,2)', 1.5, '1.50'],
    ['bit(1)', 1, 1n],
    ['bit(64)', maxUnsigned, maxUnsigned],
    ['varchar(20)', 1, '1'],
    ['varchar(20)', -7, '-7'],
    ['varchar(20)', true, '1'],
    ['varchar(20)', 1.5, '1.5'],
    ['varchar(20)', 2n ** 53n + 1n, '9007199254740993'],
    ['varchar(20)', '', ''],
    ['varchar(20)', 'a\0b€😀', 'a\0b€😀'],
    ['varchar(20) character set latin1', 'äß', 'äß'],
    ['char(5)', 'ab', 'ab'],
    ['text', 'it\'s \\ "x" `y`', 'it\'s \\ "x" `y`'],
    ['mediumtext', 'x'.repeat(300), 'x'.repeat(300)],
    ["enum('a','b')", 'b', 'b'],
    ["set('x','y')", 'x,y', 'x,y'],
    ['binary(3)', new Uint8Array([0, 255, 1]), new Uint8Array([0, 255, 1])],
    ['varbinary(3)', new Uint8Array(0), new Uint8Array(0)],
    ['blob', new Uint8Array([0, 1, 0, 128, 255]), new Uint8Array([0, 1, 0, 128, 255])],
    ['date', '2026-01-02', '2026-01-02'],
    ['date', '0000-00-00', '0000-00-00'],
    ['date', '2026-00-00', '2026-00-00'],
    ['time', '-838:59:59', '-838:59:59'],
    ['time', '00:00:00', '00:00:00'],
    ['time(3)', '12:34:56.5', '12:34:56.500'],
    ['time(6)', '00:00:00.000001', '00:00:00.000001'],
    ['datetime', '2026-01-02 03:04:05', '2026-01-02T03:04:05.000'],
    ['datetime', '2026-01-02', '2026-01-02T00:00:00.000'],
    ['datetime(3)', '2026-01-02 03:04:05.678', '2026-01-02T03:04:05.678'],
    ['datetime(6)', '2026-01-02 03:04:05.678901', '2026-01-02T03:04:05.678901'],
    ['datetime(6)', '2026-01-02 03:04:05.678900', '2026-01-02T03:04:05.6789'],
    ['datetime(6)', '9999-12-31 23:59:59.999999', '9999-12-31T23:59:59.999999'],
    ['datetime(6)', '0000-00-00 00:00:00', '0000-00-00 00:00:00'],
    ['datetime', '2026-00-00 00:00:00', '2026-00-00 00:00:00'],
    ['timestamp(6) null', '2026-01-02 03:04:05.678901', '2026-01-02T03:04:05.678901Z'],
    ['timestamp null', '2026-01-02 03:04:05', '2026-01-02T03:04:05.000Z'],
    ['timestamp null', '0000-00-00 00:00:00', '0000-00-00 00:00:00'],
  ])('%s takes %s and gives %s, in both protocols, and NULL as null', async (type, value, expected) => {
    const connection = await openMysql()
    await connection.script("set session sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES'")
    await connection.script(`drop table if exists v; create table v (id int primary key, x ${type} null)`)
    await run(connection, 'insert into v values (1, ?), (2, ?)', [value, null])
    for (const rows of await bothWays(connection, 'select x from v order by id')) {
      // The text protocol has six digits of a FLOAT.
      if (typeof expected === 'number') expect(rows[0]?.[0]).toBeCloseTo(expected, 5)
      else expect(rows[0]).toEqual([expected])
      expect(rows[1]).toEqual([null])
    }
    if (typeof expected === 'number') expect((await query(connection, 'select x from v'))[0]).toEqual([expected])
  })

  test('json is parsed, and one that a number would round is refused, naming the column and not the value', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists v; create table v (id int primary key, doc json)')
    const insert = await connection.prepare('insert into v values (?, ?)', null)
    const texts = [
      '{"a": [1, 2.5, "x", null, true], "n": 9007199254740991}',
      '"text"',
      '[1e10, 0.12345678901234566]',
      '9007199254740993',
      '{"a": [1e400]}',
    ]
    for (const [index, text] of texts.entries()) await insert.run([index, text])
    const select = await connection.prepare('select doc from v where id = ?', null)
    expect(await firstRow(select, [0])).toEqual([{ a: [1, 2.5, 'x', null, true], n: 9007199254740991 }])
    expect(await firstRow(select, [1])).toEqual(['text'])
    expect(await firstRow(select, [2])).toEqual([[1e10, 0.12345678901234566]])
    expect(select.columns()).toEqual([{ name: 'doc', table: 'v', type: 'json' }])
    for (const id of [3, 4]) {
      const error = await wireErrorOf(connection, () => firstRow(select, [id]))
      expect(error).toMatchObject({ family: 'data', driverCode: 'ER_DATA_OUT_OF_RANGE' })
      expect(error.message).toContain('"doc"')
      expect(error.message).not.toMatch(/9007199254740993|1e400/)
    }
    expect(await firstRow(select, [1])).toEqual(['text'])
    expect(await query(connection, 'select cast(doc as char) from v where id = 3')).toEqual([['9007199254740993']])
  })

  test('what is no JSON of a column that may hold anything stays a text', async () => {
    const connection = await openMysql()
    expect(await query(connection, 'select \'{"a": 1}\'')).toEqual([['{"a": 1}']])
  })

  test('a point is its bytes, with the number of its reference system before them', async () => {
    const connection = await openMysql()
    const [row] = await query(connection, 'select point(1, 2)')
    const wkb = row?.[0] as Uint8Array
    expect([wkb.byteLength, new DataView(wkb.buffer).getFloat64(9, true)]).toEqual([25, 1])
  })

  test.each([0, 1, 250, 251, 65_535, 65_536, 1_000_000, 9_000_000])(
    'a blob of %i bytes comes back in an ArrayBuffer of its own',
    async (size) => {
      const connection = await openMysql()
      await connection.script('drop table if exists v; create table v (x longblob, t longtext)')
      const bytes = new Uint8Array(size + 2).fill(7).subarray(1, size + 1)
      await run(connection, 'insert into v values (?, ?)', [bytes, size < 2_000_000 ? 'ä'.repeat(size) : ''])
      const [blob, text] = (await query(connection, 'select x, t from v'))[0] as [Uint8Array<ArrayBuffer>, string]
      expect([blob.byteLength, blob.byteOffset, blob.buffer.byteLength]).toEqual([size, 0, size])
      expect(blob.every((byte) => byte === 7)).toBe(true)
      if (size < 2_000_000) expect(text === 'ä'.repeat(size)).toBe(true)
    },
  )

  test.each([0xffffff - 30, 0xffffff - 1, 0xffffff, 0xffffff + 1])(
    'a row of about %i bytes, which is as large as a packet, is read whole',
    async (size) => {
      const connection = await openMysql()
      const [row = []] = await query(connection, `select repeat('x', 10), space(${size}), 'end'`)
      expect([row[0], String(row[1]).length, row[2]]).toEqual(['x'.repeat(10), size, 'end'])
      expect(await query(connection, 'select 1')).toEqual([[1n]])
    },
  )

  test('numbers are integers where they are whole, so LIMIT takes them and JSON and division see them', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists v; create table v (x int); insert into v values (1), (2), (3)')
    expect(await query(connection, 'select x from v order by x limit ? offset ?', [1, 1])).toEqual([[2n]])
    expect(await query(connection, 'select x from v order by x limit ?', [2n])).toEqual([[1n], [2n]])
    expect(await query(connection, 'select json_array(?, ?, ?), ? div 2', [1, 1.5, 'a', 7])).toEqual([[[1, 1.5, 'a'], 3n]])
  })

  test('NaN, Infinity and a bigint of more than 65 digits are refused before anything is sent', async () => {
    const connection = await openMysql()
    const statement = await connection.prepare('select ?', null)
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, 10n ** 65n]) {
      expect(await wireErrorOf(connection, () => statement.run([value]))).toMatchObject({
        family: 'data',
        driverCode: 'ER_DATA_OUT_OF_RANGE',
      })
    }
    expect(await firstRow(statement, [10n ** 64n])).toEqual([String(10n ** 64n)])
  })

  test('nothing is cut silently: what does not fit is refused, in the second row of a table without transactions as well', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists v; create table v (x tinyint, t varchar(3)) engine = MyISAM')
    for (const [sql, values] of [
      ['insert into v values (?, ?)', [300, 'a']],
      ['insert into v values (?, ?)', [1, 'abcd']],
      ['insert into v values (1, 1), (?, ?)', [300, 'abc']],
    ] as const) {
      expect(await wireErrorOf(connection, () => run(connection, sql, values))).toMatchObject({ family: 'data' })
    }
  })

  test('columns have their names, the table behind an alias and the name of the type', async () => {
    const connection = await openMysql()
    await connection.script(
      'create or replace table v (id bigint unsigned auto_increment primary key, b boolean, t text, m mediumblob, c char(3), u uuid)',
    )
    const statement = await connection.prepare('select a.id, b as flag, t, m, c, 1 + 1 as two from v as a', null)
    expect(statement.columns()).toEqual([
      { name: 'id', table: 'v', type: 'bigint unsigned' },
      { name: 'flag', table: 'v', type: 'tinyint(1)' },
      { name: 't', table: 'v', type: 'text' },
      { name: 'm', table: 'v', type: 'mediumblob' },
      { name: 'c', table: 'v', type: 'char' },
      { name: 'two', table: undefined, type: expect.stringMatching(/int$/) },
    ])
  })

  test.runIf(isMariadb)('MariaDB says which of its own types a text stands for', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists v; create table v (u uuid, i inet6)')
    await run(connection, 'insert into v values (?, ?)', ['123e4567-e89b-12d3-a456-426655440000', '::1'])
    const statement = await connection.prepare('select u, i from v', null)
    expect(statement.columns().map(({ type }) => type)).toEqual(['uuid', 'inet6'])
    expect(await firstRow(statement)).toEqual(['123e4567-e89b-12d3-a456-426655440000', '::1'])
  })
})
