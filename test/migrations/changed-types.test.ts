import { createEngine, EngineURL, sql } from 'offloop'
import { Migrations } from 'offloop/migrations'
import * as schema from 'offloop/schema'
import { index, MetaData, Table, uniqueConstraint } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeTargets, type Fixture, rejectionOf } from '../conformance/targets.ts'
import { Folder } from './folder.ts'
import { become, open } from './towards-metadata.ts'

const { integer, bigInteger, string, text, blob, date, time, dateTime } = schema

type Columns = ConstructorParameters<typeof Table>[2]

/** A MetaData whose table `t` has a key and these columns. */
function holding(columns: Columns): MetaData {
  const metadata = new MetaData()
  new Table('t', metadata, { id: integer({ primaryKey: true }), ...columns })
  return metadata
}

describeTargets((fixture) => {
  const { dialect } = fixture.can

  test.skipIf(dialect === 'sqlite')('a text that is too long for its new type fails the migration, and is kept', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ s: string(10) }))
    await engine.execute("insert into t (id, s) values (1, 'abcdefghij')")
    await migrations.autogenerate(holding({ s: string(3) }))
    expect(await rejectionOf(migrations.up())).toMatchObject({ code: 'OFFLOOP_MIGRATION' })
    expect(await engine.scalar('select s from t')).toBe('abcdefghij')
  })

  test.skipIf(dialect === 'sqlite')('a text becomes its bytes, and bytes the text that they are', async () => {
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
      await become(migrations, holding({ a: zoned, b: dateTime(), c: date(), d: zoned, e: time() }))
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
