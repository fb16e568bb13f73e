import { DrizzleQueryError, eq, sql } from 'drizzle-orm'
import { DataError } from 'offloop'
import { drizzle } from 'offloop/drizzle'
import { expect, test } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describeSqliteFiles } from './databases.ts'
import { createTables, samples } from './sqlite-schema.ts'

type Sample = typeof samples.$inferInsert

const nothing = {
  ...{ integer: null, boolean: null, seconds: null, milliseconds: null, real: null, text: null, json: null, bytes: null },
  ...{ jsonBytes: null, bigint: null, numeric: null, numericNumber: null, numericBigint: null },
}

const roundTrips: Readonly<Record<string, Sample>> = {
  null: nothing,
  'false, 0 and empty': {
    boolean: false,
    integer: 0,
    real: 0,
    text: '',
    bytes: Buffer.alloc(0),
    numericNumber: 0,
    numericBigint: 0n,
    bigint: 0n,
  },
  'true and the largest safe integer': { boolean: true, integer: Number.MAX_SAFE_INTEGER, numericNumber: Number.MIN_SAFE_INTEGER },
  'dates, with and without milliseconds': { seconds: new Date('1969-12-31T23:59:59Z'), milliseconds: new Date('2024-02-29T12:30:15.123Z') },
  'texts of any script': { text: 'a\0b "c" ?1 \u{1f600} naïve' },
  bytes: { bytes: Buffer.from([0, 1, 127, 128, 255]) },
  'JSON of every kind': { json: { a: [1, null, true, 'x'], b: { c: 1.5 } }, jsonBytes: [{ deep: ['ünïcode'] }] },
  'JSON that is a scalar': { json: 'text', jsonBytes: 0 },
  'bigints beyond 2^53': { bigint: 2n ** 70n, numericBigint: 2n ** 53n + 1n },
  'the largest 64-bit integers': { numericBigint: -(2n ** 63n), bigint: -1n },
  'numeric texts': { numeric: '9007199254740993' },
  'numbers of any size': { real: 1e300 },
}

describeSqliteFiles((fixture) => {
  test.for(Object.entries(roundTrips))('%s', async ([, sample]) => {
    const db = drizzle(await createTables(fixture.engine()))
    const [returned] = await db.insert(samples).values(sample).returning()
    expect(returned).toEqual({ id: 1, ...nothing, ...sample })
    expect(await db.select().from(samples)).toEqual([returned])
    expect(await db.select().from(samples).get()).toEqual(returned)
  })

  test('buffers are Buffers, dates are Dates', async () => {
    const db = drizzle(await createTables(fixture.engine()))
    await db.insert(samples).values({ bytes: Buffer.from('ab'), seconds: new Date(0) })
    const row = await db.select().from(samples).get()
    expect(row?.bytes).toBeInstanceOf(Buffer)
    expect(row?.seconds).toBeInstanceOf(Date)
  })

  test('an integer that no number holds is an error where the column holds numbers, beside a numeric column too', async () => {
    const db = drizzle(await createTables(fixture.engine()))
    await db.run(sql`insert into ${samples} (integer, numeric_bigint) values (9007199254740993, 1)`)
    const error = await rejectionOf(db.select({ integer: samples.integer }).from(samples))
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toBeInstanceOf(DataError)
    const beside = await rejectionOf(db.select({ integer: samples.integer, numeric: samples.numericBigint }).from(samples))
    expect(beside.cause).toBeInstanceOf(DataError)
    expect((beside.cause as Error).message).toContain('Column 1 ("integer")')
    expect((beside.cause as Error).message).not.toContain('9007199254740993')
  })

  test('SQL written by hand reads integers as the engine is set to', async () => {
    const db = drizzle(await createTables(fixture.engine({ integers: 'bigint' })))
    expect(await db.get(sql`select 9007199254740993 as big, 1 as small`)).toEqual({ big: 9007199254740993n, small: 1n })
    await db.insert(samples).values({ integer: 5, boolean: true, seconds: new Date(5_000) })
    expect(await db.select({ integer: samples.integer, boolean: samples.boolean, seconds: samples.seconds }).from(samples)).toEqual([
      { integer: 5, boolean: true, seconds: new Date(5_000) },
    ])
  })

  test('run() gives a row id as a number, beyond 2^53 as a bigint, and does not mind rows that nobody reads', async () => {
    const db = drizzle(await createTables(fixture.engine({ integers: 'bigint' })))
    expect(await db.insert(samples).values({})).toEqual({ changes: 1, lastInsertRowid: 1 })
    expect(await db.run(sql`insert into ${samples} (id) values (${2n ** 53n + 1n})`)).toEqual({
      changes: 1,
      lastInsertRowid: 2n ** 53n + 1n,
    })
    const plain = drizzle(fixture.engine())
    expect(await plain.run(sql`select 9007199254740993`)).toEqual({ changes: 0, lastInsertRowid: 0 })
  })

  test.for([
    ['NaN', Number.NaN, RangeError],
    ['undefined', undefined, TypeError],
    ['half a surrogate pair', '\ud800', RangeError],
    ['a plain object', { a: 1 }, TypeError],
  ] as const)('%s is refused, and nothing is stored', async ([, value, errorClass]) => {
    const db = drizzle(await createTables(fixture.engine()))
    const error = await rejectionOf(db.run(sql`insert into ${samples} (text) values (${sql.param(value)})`))
    expect(error).toBeInstanceOf(DrizzleQueryError)
    expect(error.cause).toBeInstanceOf(errorClass)
    expect(await db.$count(samples)).toBe(0)
  })

  test('a value of a column that is compared goes through the column', async () => {
    const db = drizzle(await createTables(fixture.engine()))
    const seconds = new Date('2024-02-29T12:30:15Z')
    await db.insert(samples).values({ seconds, boolean: true })
    expect(await db.$count(samples, eq(samples.seconds, seconds))).toBe(1)
    expect(await db.$count(samples, eq(samples.boolean, true))).toBe(1)
  })
})
