import { DataError, IntegrityError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { openConfig, openEngine, openKnex, openKnexsOwn, places, rejectionOf } from './open-knex.ts'

const bytes = Buffer.from([0, 1, 0x80, 0xff])
const values: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  false: false,
  'a date': new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 123)),
  'an integer': 2 ** 31,
  'the largest safe integer': Number.MAX_SAFE_INTEGER,
  'a fraction': 0.1,
  'a text': 'naïve 💡',
  'an empty text': '',
  'a text with a NUL': 'a\0b',
  bytes,
  'no bytes': Buffer.alloc(0),
  'an object': { a: [1, null] },
  'a bigint': 12n,
}

describe.for(places)('in %s', (place) => {
  test.for(Object.entries(values))('%s is stored and read as by Knex on better-sqlite3', async ([, value]) => {
    const read = async (db: ReturnType<typeof openKnex>) => {
      await db.raw('create table t (x integer, y text, z)')
      await db('t').insert({ x: value, z: value })
      return db('t').select('x', 'z', db.raw('typeof(x) as type'))
    }
    expect(await read(openKnex(place))).toEqual(await read(openKnexsOwn(place)))
  })

  test('bytes stay a Buffer, and the one that was given is not touched', async () => {
    const db = openKnex(place)
    const given = Buffer.alloc(100_000, 7)
    const [{ x }] = await db.raw('select ? as x', [given])
    expect(Buffer.isBuffer(x)).toBe(true)
    expect(x.equals(given)).toBe(true)
    expect(given).toHaveLength(100_000)
  })

  test('a date is stored as its milliseconds, and is found by a date', async () => {
    const db = openKnex(place)
    await db.schema.createTable('t', (table) => table.datetime('at'))
    const at = new Date(1_700_000_000_123)
    await db('t').insert({ at })
    expect(await db('t').where({ at })).toEqual([{ at: 1_700_000_000_123 }])
  })

  test.for([
    ['undefined in raw SQL', [undefined], /Undefined binding/],
    ['NaN', [Number.NaN], /NaN/],
    ['an invalid date', [new Date(Number.NaN)], /NaN/],
    ['a symbol', [Symbol('x')], /symbol/],
  ] as const)('%s is refused, not stored as NULL', async ([, bindings, message]) => {
    const error = await rejectionOf(openKnex(place).raw('select ?', [...bindings] as never))
    expect(['TypeError', 'RangeError', 'Error']).toContain(error.constructor.name)
    expect(error.message).toMatch(message)
  })

  test('an integer beyond 2^53 is a DataError, and a bigint with safeIntegers', async () => {
    const db = openKnex(place)
    const query = () => db.raw('select 9007199254740993 as n')
    expect(await rejectionOf(query())).toBeInstanceOf(DataError)
    expect(await query().options({ safeIntegers: true })).toEqual([{ n: 9007199254740993n }])
    await db.raw('create table t (n integer)')
    await db('t').insert({ n: 9007199254740993n })
    expect(await db('t').options({ safeIntegers: true }).first()).toEqual({ n: 9007199254740993n })
  })

  test('safeIntegers: false gives a rounded number, as better-sqlite3 does, in rows and in streams', async () => {
    const db = openKnex(place)
    const query = () => db.raw('select 9007199254740993 as n, 1 as one').options({ safeIntegers: false })
    const own = openKnexsOwn(place).raw('select 9007199254740993 as n, 1 as one').options({ safeIntegers: false })
    expect(await query()).toEqual(await own)
    const rows: unknown[] = []
    for await (const row of query().stream()) rows.push(row)
    expect(rows).toEqual(await query())
  })

  test('a unique violation is the engine’s IntegrityError', async () => {
    const db = openKnex(place)
    await db.schema.createTable('user', (table) => table.string('mail').unique())
    await db('user').insert({ mail: 'ada@example.org' })
    const error = await rejectionOf(db('user').insert({ mail: 'ada@example.org' }))
    expect(error).toBeInstanceOf(IntegrityError)
    expect(error).toMatchObject({
      code: 'OFFLOOP_INTEGRITY',
      driverCode: 'SQLITE_CONSTRAINT_UNIQUE',
      table: 'user',
      columns: ['mail'],
      retryable: false,
      message: 'insert into `user` (`mail`) values (?) - UNIQUE constraint failed: user.mail',
    })
    expect(error.stack).not.toContain('ada@example.org')
  })

  test('the values of a failed query are in its message with compileSqlOnError alone', async () => {
    const db = openKnex(place, { compileSqlOnError: true })
    const error = await rejectionOf(db('nowhere').where({ mail: 'ada@example.org' }))
    expect(error.message).toBe("select * from `nowhere` where `mail` = 'ada@example.org' - no such table: nowhere")
  })
})

test('safeIntegers of the connection count for every query that does not say otherwise', async () => {
  const db = openConfig({ connection: { filename: ':memory:', options: { safeIntegers: true } } })
  expect(await db.raw('select 1 as n')).toEqual([{ n: 1n }])
  expect(await db.raw('select 1 as n').options({ safeIntegers: false })).toEqual([{ n: 1 }])
  await db.raw('create table t (id integer primary key)')
  expect(await db('t').insert({ id: 5 })).toEqual([5n])
})

test('an engine with integers as bigints gives them to Knex too', async () => {
  const engine = openEngine('memory', { integers: 'bigint' })
  expect(await openConfig({ connection: { engine } }).raw('select 1 as n')).toEqual([{ n: 1n }])
})
