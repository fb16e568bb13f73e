import { getTableColumns, sql } from 'drizzle-orm'
import { drizzle as drizzleOnNodePostgres } from 'drizzle-orm/node-postgres'
import { DataError } from 'offloop'
import { drizzlePostgres } from 'offloop/drizzle'
import pg from 'pg'
import { expect, test } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describePostgres } from './databases.ts'
import { createTables, samples } from './postgres-schema.ts'

type Sample = typeof samples.$inferInsert

const everything: Sample = {
  ...{ smallint: -32_768, integer: 2_147_483_647, bigintNumber: Number.MAX_SAFE_INTEGER, bigint: 2n ** 63n - 1n },
  ...{ numeric: '12345678901234567890.123', numericNumber: 1.5, numericBigint: 2n ** 70n, real: 0.5, double: -1e300, boolean: true },
  ...{ text: 'a "b" \\ \u{1f600}', varchar: 'naïve', char: 'abc', uuid: '6f2f3a52-5a3e-4d4c-8a52-0f6a3f1f9c11' },
  ...{ bytes: Buffer.from([0, 1, 127, 128, 255]), json: { a: [1, null, 'x'] }, jsonb: [{ b: 1.5 }, true] },
  ...{ timestamp: new Date('2024-02-29T12:30:15.123Z'), timestampText: '2024-02-29 12:30:15.123456' },
  ...{ timestamptz: new Date('1969-12-31T23:59:59.5Z'), timestamptzText: '2024-02-29 12:30:15.1+00' },
  ...{ date: new Date('2024-02-29T00:00:00Z'), dateText: '0001-01-01', time: '23:59:59.5', timetz: '12:00:00+02' },
  ...{ interval: '1 year 2 mons 3 days 04:05:06.7', inet: '10.0.0.1', cidr: '10.0.0.0/8', macaddr: '08:00:2b:01:02:03' },
  ...{
    point: [1.5, -2] as [number, number],
    pointXy: { x: 1, y: 2.5 },
    line: [1, 2, 3] as [number, number, number],
    mood: 'glad' as const,
  },
  ...{ integers: [1, -2], bigints: [2n ** 53n + 1n, -1n], texts: ['a', 'b "c"', '', 'null'] },
  ...{
    matrix: [[1, 2] as number[], [3, 4] as number[]],
    numerics: ['1.50', '2'],
    booleans: [true, false],
    moods: ['sad', 'glad'] as ('glad' | 'sad')[],
  },
  ...{ timestamps: [new Date('2024-02-29T12:30:15.123Z')], timestamptzTexts: ['2024-02-29 12:30:15+00'], dates: ['2024-02-29'] },
  jsonbs: [{ a: 1 }, [2]],
}

const nothing = Object.fromEntries(Object.keys(getTableColumns(samples)).map((name) => [name, null]))

const roundTrips: Readonly<Record<string, Sample>> = {
  everything,
  nothing: { ...nothing, id: 1 },
  'false, 0 and empty': {
    ...{ boolean: false, integer: 0, bigint: 0n, bigintNumber: 0, numeric: '0', double: 0, text: '', bytes: Buffer.alloc(0) },
    ...{ texts: [], bigints: [], json: {}, jsonb: [] },
  },
  'numbers that are none': { real: Number.POSITIVE_INFINITY, double: Number.NaN },
}

const inUtc = "set time zone 'UTC'"

describePostgres((fixture) => {
  test.for(Object.entries(roundTrips))('%s', async ([, sample]) => {
    await createTables(fixture.engine())
    await using connection = await fixture.engine().connect()
    await connection.execute(inUtc)
    const db = drizzlePostgres(connection)
    const [returned] = await db.insert(samples).values(sample).returning()
    expect(returned).toEqual({ ...nothing, id: 1, ...sample })
    expect(await db.select().from(samples)).toEqual([returned])
  })

  test.for([inUtc, "set time zone '-10'", "set time zone 'Asia/Kathmandu'"])(
    '%s: every value is what it is by way of node-postgres',
    async (zone) => {
      const engine = await createTables(fixture.engine())
      await drizzlePostgres(engine).insert(samples).values([everything, {}])
      const client = new pg.Client(fixture.url)
      await client.connect()
      await client.query(zone)
      const theirs = drizzleOnNodePostgres(client)
      await using connection = await engine.connect()
      await connection.execute(zone)
      const ours = drizzlePostgres(connection)
      try {
        expect(await ours.select().from(samples)).toEqual(await theirs.select().from(samples))
        // Written by hand they are too, but for points, which node-postgres gives as objects, and arrays that Drizzle wants as one text.
        const raw = sql`select smallint, integer, bigint, numeric, real, double, boolean, text, char, uuid, bytes, json, jsonb, timestamp,
        timestamptz, date, time, timetz, interval, inet, line, mood, integers, bigints, texts, matrix, booleans, jsonbs, count(*) over () as count
        from samples`
        const [found, expected] = [await ours.execute(raw), await theirs.execute(raw)]
        expect(found.rows).toEqual(expected.rows)
        expect(found.rowCount).toBe(expected.rowCount)
        expect(found.fields.map(({ name }) => name)).toEqual(expected.fields.map(({ name }) => name))
      } finally {
        await client.end()
      }
    },
  )

  test('JSON that would be rounded is an error', async () => {
    const db = drizzlePostgres(await createTables(fixture.engine()))
    await db.execute(sql`insert into samples (jsonb) values ('{"a": 9007199254740993}')`)
    expect((await rejectionOf(db.select({ jsonb: samples.jsonb }).from(samples))).cause).toBeInstanceOf(DataError)
  })

  test('values beside columns are sent as node-postgres sends them', async () => {
    const db = drizzlePostgres(fixture.engine())
    const { rows } = await db.execute(
      sql`select ${{ a: 1 }}::jsonb as json, ${sql.param([1, null, 3])}::int[] as list, ${sql.param([{ b: 2 }])}::jsonb[] as documents,
        ${sql.param(undefined)}::text as nothing, ${Number.NaN}::float8 as nan, ${9007199254740993n}::int8 as big, ${true}::boolean as yes`,
    )
    expect(rows).toEqual([
      { json: { a: 1 }, list: [1, null, 3], documents: [{ b: 2 }], nothing: null, nan: Number.NaN, big: '9007199254740993', yes: true },
    ])
  })
})
