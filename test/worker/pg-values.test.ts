import { beforeEach, describe, expect, test } from 'vitest'
import type { WireValue } from '../../src/protocol/values.ts'
import { firstRow, query, rowsOf, wireErrorOf } from './open-driver.ts'
import { changesOf, firstValue, openPg, skipWithoutPostgres, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

/** An array as a parameter, which the contract's own type does not know yet. */
function asParameter(value: unknown): WireValue {
  return value as WireValue
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)

describe('a value comes back as it went in', () => {
  test.each<[type: string, value: unknown, back?: unknown]>([
    ['bool', true],
    ['bool', false],
    ['int2', -32768, -32768n],
    ['int4', 2147483647, 2147483647n],
    ['int8', 2n ** 53n + 1n],
    ['int8', 2 ** 53, 2n ** 53n],
    ['int8', -(2n ** 63n)],
    ['int8', 0, 0n],
    ['oid', 4294967295, 4294967295n],
    ['float8', 1.5],
    ['float8', -0],
    ['float8', 5e-324],
    ['float8', Number.MAX_VALUE],
    ['float8', 0.1 + 0.2],
    ['float8', 1e21],
    ['float8', Number.NaN],
    ['float8', Number.POSITIVE_INFINITY],
    ['float8', Number.NEGATIVE_INFINITY],
    ['float4', 1.5],
    ['float4', '3.4028235e38', 3.4028235e38],
    ['numeric', '12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['numeric', Number.NaN, 'NaN'],
    ['numeric', 2n ** 70n, String(2n ** 70n)],
    ['numeric(10,2)', 1.5, '1.50'],
    ['text', ''],
    ['text', 'NULL'],
    ['text', 'a"\\\'b€😀\n\t'],
    ['text', 42, '42'],
    ['text', true, 'true'],
    ['varchar', 'x'.repeat(100_000)],
    ['char(3)', 'a', 'a  '],
    ['bytea', bytes()],
    ['bytea', bytes(0, 92, 120, 255)],
    ['bytea', everyByte],
    ['uuid', '0b1c2d3e-0000-4000-8000-000000000001'],
    ['inet', '10.0.0.1/8'],
    ['interval', '1 year 2 mons 3 days 04:05:06.789'],
    ['point', '(1,2)'],
    ['box', '(3,4),(1,2)'],
    ['int4range', '[1,5)'],
    ['bit(3)', '101'],
    ['xml', '<a>b</a>'],
    ['date', '2024-02-29'],
    ['date', 'infinity'],
    ['date', '0044-03-15 BC'],
    ['time', '24:00:00'],
    ['time', '12:34:56.789012'],
    ['timetz', '12:34:56+05:30'],
    ['timestamp', '2024-02-29T12:34:56.789'],
    ['timestamp', '2024-02-29T12:34:56.789012'],
    ['timestamp', '2024-02-29T12:34:56', '2024-02-29T12:34:56.000'],
    ['timestamp', '2024-02-29T12:34:56.5', '2024-02-29T12:34:56.500'],
    ['timestamp', '0001-01-01T00:00:00.000'],
    ['timestamp', '9999-12-31T23:59:59.999999'],
    ['timestamp', 'infinity'],
    ['timestamp', '-infinity'],
    ['timestamp', '0044-03-15 12:00:00 BC'],
    ['timestamp', '12345-01-01 00:00:00'],
    ['timestamptz', '2024-02-29T12:34:56.789Z'],
    ['timestamptz', '2024-02-29T12:34:56.789012Z'],
    ['timestamptz', '1969-12-31T23:59:59.999Z'],
    ['timestamptz', 'infinity'],
    ['json', '{"a": [1, 2.5, null, true, "x"], "b": {}}', { a: [1, 2.5, null, true, 'x'], b: {} }],
    ['json', '[]', []],
    ['jsonb', '{"b": 1, "a": 2}', { a: 2, b: 1 }],
    ['jsonb', 'null', null],
    ['jsonb', '"text"', 'text'],
    ['jsonb', '1.25', 1.25],
    ['jsonb', 'true', true],
    ['jsonb', JSON.stringify({ n: [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0.1 + 0.2, 1e22, 1e-7, 5e-324, 0, 1e300] })],
    [
      'json',
      '{"__proto__": 1, "id": "12345678901234567890", "q": "\\"1e999\\""}',
      JSON.parse('{"__proto__": 1, "id": "12345678901234567890", "q": "\\"1e999\\""}'),
    ],
  ])('%s %o', async (type, value, back = value) => {
    const connection = await openPg()
    const expected = type === 'jsonb' && typeof back === 'string' && back.startsWith('{') ? JSON.parse(back) : back
    const statement = await connection.prepare(`select $1::${type}, null::${type}, array[$1::${type}, null]::text`, null)
    const row = await firstRow(statement, [value as WireValue])
    expect(row?.slice(0, 2)).toEqual([expected, null])
    // Through a column too, where the server finds the type by itself.
    await connection.script(`create table t (v ${type})`)
    expect(await changesOf(connection, 'insert into t values ($1), (null)', [value as WireValue])).toBe(1 + 1)
    expect(await query(connection, 'select v from t')).toEqual([[expected], [null]])
  })

  test('a null of any type is null', async () => {
    const connection = await openPg()
    expect(await query(connection, 'select $1::int, $2::bytea, $3::jsonb, $4::text[]', [null, null, null, null])).toEqual([
      [null, null, null, null],
    ])
  })

  test('a large blob, in memory of its own', async () => {
    const connection = await openPg()
    const blob = new Uint8Array(5_000_000).map((_, index) => index * 7)
    const back = (await firstValue(connection, 'select $1::bytea', [blob])) as Uint8Array<ArrayBuffer>
    expect(Buffer.compare(back, blob)).toBe(0)
    for (const sizeBytes of [0, 1, 100]) {
      const small = (await firstValue(connection, 'select $1::bytea', [blob.subarray(3, 3 + sizeBytes)])) as Uint8Array<ArrayBuffer>
      expect([small.byteLength, small.byteOffset, small.buffer.byteLength]).toEqual([sizeBytes, 0, sizeBytes])
    }
  })

  test('bytes in the older form of output, and bytes for what is no bytea', async () => {
    const connection = await openPg()
    await connection.script('set bytea_output = escape')
    expect(await firstValue(connection, 'select $1::bytea', [everyByte])).toEqual(everyByte)
    expect(await firstValue(connection, 'select $1::bytea', [bytes()])).toEqual(bytes())
    // Eight bytes would pass for a bigint in the binary format.
    expect(await wireErrorOf(connection, () => query(connection, 'select $1::int8', [new Uint8Array(8)]))).toMatchObject({
      driverCode: '22P02',
    })
    expect(await firstValue(connection, 'select $1::text', [bytes(1, 255)])).toBe('\\x01ff')
  })

  test('a text with a NUL is refused, and the next statement runs', async () => {
    const connection = await openPg()
    expect(await wireErrorOf(connection, () => query(connection, 'select $1::text', ['a\0b']))).toMatchObject({
      family: 'data',
      driverCode: '22021',
    })
    expect(await firstValue(connection, 'select $1::text', ['ab'])).toBe('ab')
  })
})

describe('time zones', () => {
  const instants = ['2024-07-01T12:00:00.000Z', '1900-01-01T00:00:00.123456Z', '1969-12-31T23:59:59.999999Z', '2024-03-10T07:30:00.000Z']

  test.each(['UTC', 'Asia/Kolkata', 'America/New_York', 'Europe/Amsterdam', 'America/St_Johns', 'Asia/Tokyo', '+14:00'])(
    'an instant is the same in %s',
    async (zone) => {
      const connection = await openPg()
      await connection.script(`set timezone = '${zone}'`)
      const statement = await connection.prepare('select $1::timestamptz', null)
      for (const instant of instants) expect(await firstRow(statement, [instant])).toEqual([instant])
      const date = new Date(1_709_210_096_789)
      const back = (await firstRow(statement, [date.toISOString()]))?.[0]
      expect(back).toBe(date.toISOString())
    },
  )

  test('where UTC has a year that PostgreSQL or ISO 8601 has not, the text of the server stays', async () => {
    const connection = await openPg()
    await connection.script("set timezone = 'Asia/Tokyo'")
    const first = '0001-01-01 00:00:00+09:18:59'
    expect(await firstValue(connection, 'select $1::timestamptz', [first])).toBe(first)
    await connection.script("set timezone = 'America/New_York'")
    expect(await firstValue(connection, 'select $1::timestamptz', ['9999-12-31 23:00:00-05'])).toBe('9999-12-31 23:00:00-05')
    expect(await firstValue(connection, "select '0044-03-15 12:00:00+00 BC'::timestamptz")).toMatch(/BC$/)
    expect(await firstValue(connection, 'select $1::timestamptz', ['0099-06-01T12:00:00.000Z'])).toBe('0099-06-01T12:00:00.000Z')
  })

  test('another date style of the session is left as it is written', async () => {
    const connection = await openPg()
    await connection.script('set datestyle = German')
    expect(await firstValue(connection, "select '2024-02-29 12:00:00'::timestamp")).toBe('29.02.2024 12:00:00')
  })
})

describe('arrays', () => {
  test.each<[type: string, value: unknown, back?: unknown]>([
    ['int4[]', []],
    ['int4[]', [1, null, -3]],
    ['int2[]', [1, 2]],
    ['int8[]', [Number.MAX_SAFE_INTEGER, -1]],
    [
      'int4[]',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'int4[]',
      [
        [[1], [2]],
        [[3], [null]],
      ],
    ],
    ['text[]', ['', 'NULL', 'null', null, 'a,b', '{x}', '"', '\\', "'", ' ', '€😀', 'a\nb']],
    [
      'text[]',
      [
        ['a', 'b'],
        ['c,d', null],
      ],
    ],
    ['bool[]', [true, false, null]],
    ['float8[]', [1.5, Number.NaN, Number.NEGATIVE_INFINITY, -0, 1e21]],
    ['numeric[]', ['1.50', null]],
    ['bytea[]', [bytes(0, 34, 92), bytes(), null]],
    ['timestamptz[]', ['2024-02-29T12:34:56.789Z', 'infinity', null]],
    ['timestamp[]', ['2024-02-29T12:34:56.789012']],
    ['date[]', ['2024-02-29']],
    ['uuid[]', ['0b1c2d3e-0000-4000-8000-000000000001']],
    ['jsonb[]', ['{"a": [1, "x,y"]}', '[]', '"}"', null], [{ a: [1, 'x,y'] }, [], '}', null]],
    ['point[]', ['(1,2)', '(3,4)']],
    ['varchar[]', ['x'.repeat(10_000)]],
  ])('%s %j', async (type, value, back = value) => {
    const connection = await openPg()
    expect(await firstValue(connection, `select $1::${type}`, [asParameter(value)])).toEqual(back)
    await connection.script(`create table t (v ${type})`)
    await changesOf(connection, 'insert into t values ($1)', [asParameter(value)])
    expect(await firstValue(connection, 'select v from t')).toEqual(back)
    expect(structuredClone(await firstValue(connection, 'select v from t'))).toEqual(back)
  })

  test('bounds of their own are left out', async () => {
    const connection = await openPg()
    expect(await firstValue(connection, "select '[0:1]={7,8}'::int[]")).toEqual([7, 8])
    expect(await firstValue(connection, "select '[-1:0][2:3]={{1,2},{3,4}}'::int[]")).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  test('an integer that no number holds is refused, by the name of its column', async () => {
    const connection = await openPg()
    const error = await wireErrorOf(connection, () => query(connection, 'select 1 as a, array[9007199254740993] as ids'))
    expect(error).toMatchObject({ family: 'data', message: expect.stringContaining('Column 2 ("ids")') })
    expect(JSON.stringify(error)).not.toContain('9007199254740993')
    expect(await firstValue(connection, 'select array[9007199254740993]::text[]')).toEqual(['9007199254740993'])
  })

  test('arrays of enums and boxes are the text of the server', async () => {
    const connection = await openPg()
    await connection.script("create type mood as enum ('sad', 'ok')")
    expect(await query(connection, "select 'ok'::mood, array['sad', 'ok']::mood[], '{(1,1),(0,0)}'::box[]")).toEqual([
      ['ok', '{sad,ok}', '{(1,1),(0,0)}'],
    ])
    expect(await firstValue(connection, 'select $1::mood[]', [asParameter(['ok', null])])).toBe('{ok,NULL}')
  })
})

describe('JSON that JavaScript would round', () => {
  test.each([
    '9007199254740993',
    '9007199254740992',
    '{"id": 12345678901234567890}',
    '[-9007199254740993]',
    '{"a": [1, {"b": 0.1234567890123456789}]}',
    '1e400',
    '[1E-400]',
    '3.14159265358979323846',
  ])('%s is refused', async (json) => {
    const connection = await openPg()
    const statement = await connection.prepare('select $1::json as doc', null)
    const error = await wireErrorOf(connection, () => rowsOf(statement, [json]))
    expect(error).toMatchObject({ family: 'data', message: expect.stringContaining('Column 1 ("doc")') })
    expect(JSON.stringify(error)).not.toContain('12345678')
    expect(await firstValue(connection, 'select $1::json::text', [json])).toBe(json)
    expect(await rowsOf(statement, ['1'])).toEqual([[1]])
  })
})
