import { sql } from 'offloop'
import { exportText, importData } from 'offloop/data'
import {
  bigInteger,
  blob,
  boolean,
  type ColumnSpec,
  createTable,
  custom,
  date,
  dateTime,
  enumeration,
  float,
  integer,
  json,
  MetaData,
  numeric,
  smallInteger,
  string,
  Table,
  text,
  time,
  uuid,
} from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

type Case = readonly [
  title: string,
  spec: () => ColumnSpec<unknown, unknown, object>,
  values: readonly unknown[],
  refused: readonly unknown[],
]

const noon = new Date('2024-02-29T12:30:15.123Z')

/** Days as texts, kept as how many there have been since 1970. */
const days = {
  encode: (day: string) => Date.parse(day) / 86_400_000,
  decode: (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10),
}

/** Numbers of rows as a program shows them: '#5'. */
const ids = { encode: (id: string) => BigInt(id.slice(1)), decode: (id: bigint) => `#${id}` }

interface Pair {
  readonly whole: string
  readonly part: string
}
const parts = ({ whole, part }: Pair): string => `${whole}.${part}`
function pair(text: string): Pair {
  const [whole = '', part = ''] = text.split('.')
  return { whole, part }
}

/** Values that come back as they went in, and those that the column refuses. */
const cases: readonly Case[] = [
  ['integer', integer, [0, 1, -1, 2_147_483_647, -2_147_483_648], [1.5, '1', true, Number.NaN, 2 ** 53, 1n, {}]],
  ['smallInteger', smallInteger, [0, 32_767, -32_768], [0.5, '1', Number.POSITIVE_INFINITY]],
  ['bigInteger', bigInteger, [0n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)], [2n ** 63n, 1.5, '1', 2 ** 53]],
  ['float', float, [0, 1.5, -2.25, 1e300, 0.1], ['1', Number.NaN, 1n]],
  ['numeric(10, 2)', () => numeric(10, 2), ['0.00', '1.50', '-12345678.90'], ['1.234', '123456789.00', 'x', '', '1e5', true, 0.001]],
  ['numeric(30, 10)', () => numeric(30, 10), ['12345678901234567890.0123456789', '0.0000000001', '-1.0000000000'], ['0.00000000001']],
  ['numeric(5)', () => numeric(5), ['12345', '0', '-7'], ['123456', '0.5']],
  ['boolean', boolean, [true, false], [1, 0, 'true']],
  ['string(5)', () => string(5), ['', 'abcde', 'äöü', '😀😀', "it's", '%_'], ['abcdef', 1, '😀😀😀😀😀😀']],
  ['text', text, ['', 'x'.repeat(100_000), 'line\nline', '12', '1e5', '007'], [1, true, {}]],
  ['date', date, ['2024-02-29', '0001-01-01', '9999-12-31'], ['2023-02-29', '2024-2-9', 'x', 1]],
  ['time', time, ['00:00:00', '23:59:59', '12:30:15.123', '12:30:15.1'], ['24:00:00', '12:30', 'x', 1]],
  [
    'dateTime',
    dateTime,
    [noon, new Date('1970-01-01T00:00:00.000Z'), new Date('9999-12-31T23:59:59.999Z')],
    ['2024-01-01', 5, new Date(Number.NaN)],
  ],
  ['dateTime with time zone', () => dateTime({ timezone: true }), [noon], ['2024-01-01T00:00:00Z']],
  [
    'json',
    json,
    [{ a: [1, 2, { b: null }] }, [], {}, 'text', '123', 0, 123, 1.5, true, false, [null], { é: '😀' }, '"'],
    [
      ...[Number.NaN, [Number.POSITIVE_INFINITY], 1n, { a: 1n }, [undefined], () => 1],
      ...[new Map(), { a: new Set([1]) }, [Promise.resolve(1)], { a: /x/ }, new Error('x'), { a: new Uint8Array(1) }],
    ],
  ],
  ['enumeration', () => enumeration(['small', "it's", 'x, y']), ['small', "it's", 'x, y'], ['', 'Small', 1]],
  ['uuid', uuid, ['0193e7a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b'], ['0193e7a0', 'x', 1]],
  ['blob', blob, [Buffer.from([0, 1, 255]), Buffer.alloc(0)], ['x', [1], 1]],
  ['custom, in an integer', () => custom(integer(), days), ['2024-02-29', '1970-01-01', '1969-12-31'], ['x', '']],
  [
    'custom, in a decimal number',
    () => custom(numeric(30, 10), { encode: parts, decode: pair }),
    [{ whole: '-3', part: '0000000005' }],
    [{}],
  ],
  [
    'custom, in an enumeration',
    () => custom(enumeration(['on', 'off']), { encode: (on: boolean) => (on ? 'on' : 'off'), decode: (text) => text === 'on' }),
    [true, false],
    [],
  ],
]

describeDatabases((fixture) => {
  describe.for(cases)('%s', ([, spec, values, refused]) => {
    test('its values come back as they went in', async () => {
      const engine = fixture.engine()
      const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), v: spec() })
      await engine.execute(createTable(table))
      for (const v of [...values, null]) await engine.execute(table.insert().values({ v }))
      await engine.executeMany(
        table.insert(),
        [...values, null].map((v) => ({ v })),
      )
      const rows = await engine.execute(table.select().orderBy('id')).fetchall()
      expect(rows.map(({ v }) => v)).toEqual([...values, null, ...values, null])
      if (table.c.v.type.kind === 'json') return
      for (const [index, v] of values.entries()) {
        const found = await engine.execute(table.select(table.c.v.eq(v as never)).orderBy('id')).fetchall()
        expect(found.map(({ id }) => id)).toEqual([index + 1, index + 2 + values.length])
        expect(await engine.execute(table.select().where('v', '=', v as never)).fetchall()).toHaveLength(2)
      }
    })

    test('what does not fit is refused before it is sent', async () => {
      const engine = fixture.engine()
      const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), v: spec() })
      await engine.execute(createTable(table))
      for (const v of refused) {
        const error = await rejectionOf(engine.execute(table.insert().values({ v })))
        expect(error, String(v)).toSatisfy((found) => found instanceof TypeError || found instanceof RangeError)
        expect(error.message).toContain('Column t.v:')
      }
      expect(await engine.scalar('select count(*) from t')).toBe(0)
    })
  })

  test('a custom column is that of the type that stores it, and so are its files', async () => {
    const engine = fixture.engine()
    const dated = custom(date(), { encode: (day: Date) => day, decode: (text) => new Date(`${text}T00:00Z`) }, { default: new Date(0) })
    const table = new Table('t', new MetaData(), { id: custom(bigInteger(), ids, { primaryKey: true, autoIncrement: true }), day: dated })
    await engine.execute(createTable(table))
    expect((await engine.execute(table.insert().values({}))).insertedPrimaryKey).toEqual(['#1'])
    await importData(engine, 'id,day\n9007199254740993,2024-02-29\n', { format: 'csv', table })
    expect(await engine.execute(table.select().orderBy('id')).fetchall()).toEqual([
      { id: '#1', day: new Date(0) },
      { id: '#9007199254740993', day: new Date('2024-02-29T00:00Z') },
    ])
    expect(await exportText(engine, { format: 'csv', table })).toContain('9007199254740993,2024-02-29')
  })

  test.each([
    [() => custom(integer({ unique: true }) as never, ids as never), 'give them as its third argument'],
    [() => custom(integer(), {} as never), 'takes { encode, decode }'],
    [() => custom(integer as never, ids as never), 'takes a column type'],
  ])('a custom column says what it takes: %#', (make, sentence) => {
    expect(make).toThrow(sentence)
  })

  test('what JSON would lose is named', async () => {
    const engine = fixture.engine()
    const docs = new Table('docs', new MetaData(), { doc: json() })
    await engine.execute(createTable(docs))
    const found = async (doc: unknown) => String(await rejectionOf(() => engine.execute(docs.insert().values({ doc: doc as never }))))
    const circle: { self?: unknown } = {}
    circle.self = circle
    expect(await found({ a: Promise.resolve(1) })).toMatch(
      /docs\.doc: expected a value that JSON can hold, found an object of class Promise\.$/,
    )
    expect(await found([new Map()])).toMatch(/found an object of class Map\.$/)
    expect(await found([1n])).toMatch(/found a bigint\.$/)
    expect(await found(circle)).toMatch(/found an object that holds itself, or is too deep\.$/)
  })

  test('SQL may stand in the place of a value', async () => {
    const engine = fixture.engine()
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), n: integer(), s: text() })
    await engine.execute(createTable(table))
    await engine.execute(table.insert().values({ n: sql`${2} + 3`, s: sql`upper(${'x'})` }))
    await engine.execute(table.update().set({ n: sql`n * ${10}` }))
    expect(await engine.execute(table.select()).one()).toEqual({ id: 1, n: 50, s: 'X' })
  })

  test('a value that its column cannot hold is a DataError when it is read', async () => {
    const engine = fixture.engine()
    await engine.execute('create table t (id integer primary key, v varchar(20))')
    await engine.execute("insert into t (id, v) values (1, 'no date')")
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), v: dateTime() })
    const error = await rejectionOf(engine.execute(table.select()).fetchall())
    expect(error).toMatchObject({ code: 'OFFLOOP_DATA' })
    expect(error.message).toContain('t.v')
    expect(error.message).not.toContain('no date')
    expect(await engine.scalar('select count(*) from t')).toBe(1)
  })

  test('what SQLite holds of any type is a DataError where the column is of another one', async () => {
    const engine = fixture.engine()
    if (!engine.dialect.embedded) return
    const specs = { day: date(), at: time(), key: uuid(), whole: integer(), small: smallInteger(), big: bigInteger(), moment: dateTime() }
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), ...specs })
    await engine.execute('create table t (id integer primary key, day, at, "key", whole, small, big, moment)')
    const bad: readonly (readonly [keyof typeof specs, unknown])[] = [
      ...['garbage', '2023-02-29', '2023-02-30', '2023-04-31', '2023-13-01', '2023-00-10', '2024-1-1', ''].map(
        (text) => ['day', text] as const,
      ),
      ...['x', '24:00:00', '12:30', '12:60:00', ''].map((text) => ['at', text] as const),
      ...['zzz', '0193e7a01c2d7e3f8a4b5c6d7e8f9a0b', ''].map((text) => ['key', text] as const),
      ...[1.5, 1e300, 'x'].flatMap((value) => (['whole', 'small', 'big'] as const).map((name) => [name, value] as const)),
      ['moment', 'no date'],
    ]
    for (const [name, value] of bad) {
      await engine.execute(`insert into t (id, "${name}") values (1, ?)`, [value as string])
      const error = await rejectionOf(engine.execute(table.select()).fetchall())
      expect(error, `${name} ${String(value)}`).toMatchObject({ code: 'OFFLOOP_DATA' })
      expect(error.message).toContain(`t.${name}`)
      await engine.execute('delete from t')
    }
    const good = { day: '2024-02-29', at: '12:30:15.123456', key: '0193E7A0-1C2D-7E3F-8A4B-5C6D7E8F9A0B', whole: 5, small: -5, big: 5 }
    await engine.execute('insert into t (id, day, at, "key", whole, small, big) values (1, :day, :at, :key, :whole, :small, :big)', good)
    expect(await engine.execute(table.select()).one()).toEqual({ id: 1, ...good, key: good.key.toLowerCase(), big: 5n, moment: null })
    for (const day of ['0001-01-31', '2023-12-31', '2023-04-30', '9999-02-28']) {
      await engine.execute('update t set day = ?', [day])
      expect(await engine.execute(table.select()).one()).toMatchObject({ day })
    }
  })

  test('a value that cannot be read ends its result, far into the rows too, and the connection goes on', async () => {
    const engine = fixture.engine()
    await engine.execute('create table t (id integer primary key, v varchar(20))')
    const rows = Array.from({ length: 6_000 }, (_, index) => ({ id: index, v: index === 5_000 ? 'no date' : '2024-01-01' }))
    await engine.executeMany('insert into t (id, v) values (:id, :v)', rows)
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), v: dateTime() })
    await using conn = await engine.connect()
    expect(await rejectionOf(conn.execute(table.select().orderBy('id')).fetchall())).toMatchObject({ code: 'OFFLOOP_DATA' })
    let seen = 0
    const reading = (async () => {
      for await (const _ of conn.stream(table.select().orderBy('id'))) seen += 1
    })()
    expect(await rejectionOf(reading)).toMatchObject({ code: 'OFFLOOP_DATA' })
    expect(seen).toBeLessThanOrEqual(5_000)
    expect(await conn.scalar('select count(*) from t')).toBe(6_000)
    expect(engine.status().quarantined).toBe(0)
  })

  test('every number that JSON was given comes back', async () => {
    const engine = fixture.engine()
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), doc: json() })
    await engine.execute(createTable(table))
    const large = [2 ** 53, -(2 ** 53), 2 ** 53 + 2, 2 ** 60, 1.5e16, 1e20, 123_456_789_012_345_680_000, 2 ** 64, 1e21, -(2 ** 100)]
    const numbers = [...large, 1e22, 1e300, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, Number.MIN_VALUE, 0.1 + 0.2, 1e-7, 1e16 / 3, 1 / 3]
    for (const [index, n] of numbers.entries()) {
      await engine.execute(table.insert().values({ id: index + 1, doc: { n, list: [n] } }))
      expect(await engine.execute(table.select(table.c.id.eq(index + 1))).one()).toEqual({ id: index + 1, doc: { n, list: [n] } })
    }
  })

  test('a number in JSON whose digits a number does not hold is a DataError on a server', async () => {
    const engine = fixture.engine()
    if (engine.dialect.embedded) return
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), doc: json() })
    await engine.execute(createTable(table))
    for (const digits of ['9007199254740993', '-1152921504606846977', '18446744073709551615', '1152921504606847001']) {
      await engine.execute(table.delete())
      await engine.execute(`insert into t (id, doc) values (1, '{"n": ${digits}}')`)
      expect(await rejectionOf(engine.execute(table.select()).fetchall()), digits).toMatchObject({ code: 'OFFLOOP_DATA' })
    }
    await engine.execute(`update t set doc = '[1152921504606846976]'`)
    expect(await engine.execute(table.select()).one()).toEqual({ id: 1, doc: [2 ** 60] })
  })

  test('an untyped integer beside a bigInteger stays a number', async () => {
    const engine = fixture.engine()
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), big: bigInteger() })
    await engine.execute(createTable(table))
    await engine.execute(table.insert().values({ big: 2n ** 60n }))
    const row = await engine.execute(table.select().select(({ fn }) => fn.countAll().over().as('n'))).one()
    expect(row).toEqual({ id: 1, big: 2n ** 60n, n: 1 })
  })
})
