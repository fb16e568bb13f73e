import { type Kysely, sql } from 'kysely'
import { ArgumentError } from 'offloop'
import { kysely, type TypeParsers } from 'offloop/kysely'
import { expect, test } from 'vitest'
import { describeTargets } from '../../conformance/targets.ts'

const toDate = (text: string): Date => new Date(text)

/** What somebody might want of each database: dates as Dates, large integers as texts, and booleans. */
const parsers: Readonly<Record<'sqlite' | 'postgresql' | 'mysql', TypeParsers>> = {
  sqlite: { datetime: toDate, bigint: String, boolean: Boolean },
  postgresql: { timestamptz: toDate, int8: String },
  mysql: { datetime: toDate, bigint: String, 'tinyint(1)': Boolean },
}

interface Event {
  id: number
  at: Date | null
  size: string | null
  done: boolean | null
}

describeTargets((fixture) => {
  const { dialect } = fixture.can
  const instant = new Date('2024-02-29T12:30:15.000Z')

  async function openEvents(): Promise<Kysely<{ event: Event }>> {
    const db = kysely<{ event: Event }>(fixture.engine(), { typeParsers: parsers[dialect] })
    await db.schema
      .createTable('event')
      .addColumn('id', 'integer')
      .addColumn('at', dialect === 'postgresql' ? 'timestamptz' : 'datetime')
      .addColumn('size', 'bigint')
      .addColumn('done', 'boolean')
      .execute()
    await sql`insert into event values (1, ${instant}, 7, true), (2, null, null, null)`.execute(db)
    return db
  }

  const expected = [
    { id: 1, at: instant, size: '7', done: true },
    { id: 2, at: null, size: null, done: null },
  ]

  test('values are parsed by the type of their column, and NULL is not', async () => {
    const db = await openEvents()
    expect(await db.selectFrom('event').selectAll().orderBy('id').execute()).toEqual(expected)
    expect((await sql`with all_events as (select * from event) select * from all_events order by id`.execute(db)).rows).toEqual(expected)
  })

  test('those of a stream as well', async () => {
    const db = await openEvents()
    const rows: Event[] = []
    for await (const row of db.selectFrom('event').selectAll().orderBy('id').stream(1)) rows.push(row)
    expect(rows).toEqual(expected)
  })

  test('of columns of one name the last counts', async () => {
    const db = await openEvents()
    const { rows } = await sql`select size as value, id as value from event where id = 1`.execute(db)
    expect(rows).toEqual([{ value: 1 }])
  })
})

test('a parser that is no function is refused by the name of its type', () => {
  expect(() => kysely({} as never, { typeParsers: { int8: 'text' as never } })).toThrow(ArgumentError)
})
