import { createEngine, EngineURL, sql } from 'offloop'
import { Migrations } from 'offloop/migrations'
import * as schema from 'offloop/schema'
import { index, MetaData, Table, uniqueConstraint } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeFiles, describeTargets, type Fixture, rejectionOf } from '../conformance/targets.ts'
import { Folder } from './folder.ts'
import { become, open } from './towards-metadata.ts'

const { integer, bigInteger, float, numeric, boolean, string, text, blob, date, time, dateTime, json } = schema

type Columns = ConstructorParameters<typeof Table>[2]

/** A MetaData whose table `t` has a key and these columns. */
function holding(columns: Columns): MetaData {
  const metadata = new MetaData()
  new Table('t', metadata, { id: integer({ primaryKey: true }), ...columns })
  return metadata
}

describeTargets((fixture) => {
  const { dialect } = fixture.can

  test('a text that is too long for its new type fails the migration, and is kept', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ s: string(10) }))
    await engine.execute("insert into t (id, s) values (1, 'abcdefghij')")
    await migrations.autogenerate(holding({ s: string(3) }))
    expect(await rejectionOf(migrations.up())).toMatchObject({ code: 'OFFLOOP_MIGRATION' })
    expect(await engine.scalar('select s from t')).toBe('abcdefghij')
  })

  test('a text becomes its bytes, and bytes the text that they are', async () => {
    const { engine, migrations } = open(fixture)
    const backslashes = String.raw`\x41 \101 é`
    await become(migrations, holding({ s: text(), short: string(20) }))
    await engine.execute('insert into t (id, s, short) values (1, :s, :short)', { s: backslashes, short: backslashes })
    await become(migrations, holding({ s: blob(), short: blob() }))
    expect(await engine.execute('select s, short from t').one()).toEqual({ s: Buffer.from(backslashes), short: Buffer.from(backslashes) })
    await become(migrations, holding({ s: text(), short: string(20) }))
    expect(await engine.execute('select s, short from t').one()).toEqual({ s: backslashes, short: backslashes })
  })

  test('a column that others are generated from becomes one of another type, with the keys and checks of all', async () => {
    const { engine, migrations } = open(fixture)
    const doubling = (big: boolean, others: Columns = {}) => {
      const generated = { generated: { as: sql`n * 2` } }
      const columns = {
        id: integer({ primaryKey: true }),
        n: big ? bigInteger() : integer(),
        twice: integer({ ...generated, check: sql`twice <> 8` }),
        more: integer(generated),
        ...others,
      }
      const metadata = new MetaData()
      new Table('t', metadata, columns, {
        constraints: [uniqueConstraint(['twice', 'more'], { name: 'uq' })],
        indexes: [index('ix', ['more', 'n'])],
      })
      return metadata
    }
    await become(migrations, doubling(false))
    await engine.execute('insert into t (id, n) values (1, 2)')
    await become(migrations, doubling(true))
    expect(await engine.execute('select twice, more from t').one()).toEqual({ twice: 4, more: 4 })
    expect(await rejectionOf(engine.execute('insert into t (id, n) values (2, 2)'))).toMatchObject({ name: 'IntegrityError' })
    expect(await rejectionOf(engine.execute('insert into t (id, n) values (2, 4)'))).toMatchObject({
      code: expect.stringMatching(/^OFFLOOP_/),
    })
    await become(
      migrations,
      doubling(false, { more: bigInteger({ generated: { as: sql`n * 2` } }), less: integer({ generated: { as: sql`n - 1` } }) }),
    )
    expect(await engine.execute('select more, less from t').one()).toEqual({ more: 4, less: 1 })
  })

  test.runIf(dialect === 'postgresql')(
    'moments of PostgreSQL are those of UTC with and without a time zone, whatever the session has',
    async () => {
      await using engine = createEngine(inNewYork(fixture))
      const migrations = new Migrations(engine, { directory: new Folder().path })
      const zoned = dateTime({ timezone: true })
      await become(migrations, holding({ a: dateTime(), b: zoned, c: zoned, d: date(), e: zoned }))
      const moment = "timestamp '2026-01-02 03:04:05'"
      const zonedMoment = "timestamptz '2026-01-02 03:04:05Z'"
      await engine.execute(`insert into t values (1, ${moment}, ${zonedMoment}, ${zonedMoment}, '2026-01-02', ${zonedMoment})`)
      // No moment is left of a time of day.
      await become(migrations, holding({ a: zoned, b: dateTime(), c: date(), d: zoned, e: time() }), { back: false })
      expect(
        await engine
          .execute(`select (a at time zone 'UTC')::text as a, b::text, c::text, (d at time zone 'UTC')::text as d, e::text from t`)
          .one(),
      ).toEqual({
        a: '2026-01-02 03:04:05',
        b: '2026-01-02 03:04:05',
        c: '2026-01-02',
        d: '2026-01-02 00:00:00',
        e: '03:04:05',
      })
    },
  )
})

/** The URL of the test's database, for sessions that are not in UTC. */
function inNewYork({ url }: Fixture): string {
  const parsed = EngineURL.parse(url)
  const options = `${parsed.query['options']} -c TimeZone=America/New_York`
  return parsed.with({ query: { ...parsed.query, options } }).render({ hidePassword: false })
}

type AnySpec = Columns[string]

const noon = '2026-01-02T12:00:00.000Z'
const wide = (scale: number) => numeric(20, scale)

/** What is stored, and what is stored after the column has changed. */
const conversions: readonly (readonly [AnySpec, AnySpec, string | number, unknown])[] = [
  [dateTime(), date(), '2026-01-02T23:04:05.000Z', '2026-01-02'],
  [dateTime(), time(), noon, '12:00:00'],
  [date(), dateTime(), '2026-01-02', '2026-01-02T00:00:00.000Z'],
  [text(), dateTime(), noon, noon],
  [float(), integer(), 1.6, 2],
  [numeric(10, 1), integer(), -1.5, -2],
  [integer(), float(), 3, 3],
  [string(9), integer(), '12', 12],
  [boolean(), integer(), 1, 1],
  [integer(), boolean(), 0, 0],
  [numeric(10, 3), numeric(10, 1), 1.25, 1.3],
  [string(9), numeric(10, 1), '2.25', 2.3],
  [wide(2), numeric(10, 1), '-7.50', -7.5],
  [numeric(10, 2), wide(3), 1.5, '1.500'],
  [float(), wide(2), -0.001, '0.00'],
  [integer(), wide(0), 7, '7'],
  [integer(), wide(2), 7, '7.00'],
  [wide(2), wide(4), '-1.50', '-1.5000'],
  [wide(0), wide(2), '15', '15.00'],
  [wide(4), wide(2), '1.5000', '1.50'],
  [wide(2), wide(0), '15.00', '15'],
  [integer(), string(3), 123, '123'],
  [text(), json(), '{"a":1}', '{"a":1}'],
]

/** What is none of the new type. */
const strangers: readonly (readonly [AnySpec, AnySpec, string | number])[] = [
  [string(9), integer(), 'abc'],
  [string(9), integer(), ''],
  [string(9), integer(), '1.5'],
  [float(), integer(), 1e30],
  [text(), bigInteger(), '9223372036854775808'],
  [text(), float(), '1.5x'],
  [text(), boolean(), 'abc'],
  [integer(), boolean(), 2],
  [text(), numeric(10, 2), '12abc'],
  [numeric(10, 2), numeric(4, 2), 100],
  [numeric(10, 3), numeric(4, 2), 99.999],
  [wide(2), wide(0), '1.50'],
  [numeric(22, 2), wide(2), '12345678901234567890.00'],
  [text(), date(), '2026-02-30'],
  [text(), dateTime(), 'abc'],
  [text(), dateTime(), '2026-02-30T00:00:00Z'],
  [text(), time(), 'noon'],
  [text(), json(), '{'],
  [integer(), string(3), 1234],
]

describeFiles((fixture) => {
  test.each(conversions.map(([from, to, was, is], at) => ({ at, from, to, was, is })))(
    'SQLite makes a value one of the new type ($at): $was, $is',
    async ({ from, to, was, is }) => {
      const { engine, migrations } = open(fixture)
      await become(migrations, holding({ 'a "v"': from }))
      await engine.execute('insert into t values (1, :was), (2, null)', { was })
      // No moment is left of a time of day.
      await become(migrations, holding({ 'a "v"': to }), { back: to?.type.kind !== 'time' })
      expect(await engine.execute('select "a ""v""" from t order by id').scalars()).toEqual([is, null])
      expect(await engine.scalar("select count(*) from sqlite_schema where type = 'trigger'")).toBe(0)
    },
  )

  test.each(strangers.map(([from, to, was], at) => ({ at, from, to, was })))(
    'SQLite refuses a value that is none of the new type ($at): $was',
    async ({ from, to, was }) => {
      const { engine, migrations } = open(fixture)
      await become(migrations, holding({ v: from }))
      await engine.execute('insert into t values (1, :was)', { was })
      await migrations.autogenerate(holding({ v: to }))
      expect(await rejectionOf(migrations.up())).toMatchObject({
        code: 'OFFLOOP_MIGRATION',
        message: expect.stringContaining('A value of the column v is none of its new type'),
      })
      expect(await engine.scalar('select v from t')).toBe(was)
    },
  )
})
