import { type AsyncEngine, createEngine, DataError } from 'offloop'
import { exportText, importData } from 'offloop/data'
import { dateTime, float, integer, MetaData, numeric, Table } from 'offloop/schema'
import { afterEach, expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'

const { TZ: zone } = process.env
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

describeDialects((fixture) => {
  async function things(engine: AsyncEngine): Promise<Table> {
    const metadata = new MetaData()
    const table = new Table('thing', metadata, {
      id: integer({ primaryKey: true }),
      seen: dateTime(),
      weight: float(),
      price: numeric(12, 4),
    })
    await metadata.createAll(engine)
    return table
  }

  test('a time is one and the same, however its marks are written and wherever the program runs', async () => {
    process.env['TZ'] = 'Asia/Tokyo'
    const engine = fixture.engine()
    const table = await things(engine)
    const times = [
      '2024-02-29T10:00:00Z',
      '2024-02-29t10:00:00',
      '2024-02-29T10:00:00z',
      '2024-02-29 10:00',
      '2024-02-29t19:00:00+0900',
      '2024-02-29 19:00+09',
    ]
    await importData(engine, `id,seen\n${times.map((time, id) => `${id + 1},${time}\n`).join('')}`, { format: 'csv', table: 'thing' })
    const seen = (await engine.execute(table.select()).fetchall()).map((row) => row['seen'])
    expect(seen).toEqual(times.map(() => new Date(Date.UTC(2024, 1, 29, 10))))
  })

  test('a number that JavaScript would round is rounded for a float, and for nothing else', async () => {
    const engine = fixture.engine()
    const table = await things(engine)
    const rows = [
      '{"id": 1, "weight": 1e-400}',
      '{"id": 2, "weight": 0.1234567890123456789, "price": 1.50000000000000000000}',
      '{"id": 3.0000000000000000000, "weight": 5e-324}',
    ]
    await importData(engine, rows.join('\n'), { format: 'jsonl', table: 'thing' })
    expect(await engine.execute(table.select().orderBy('id')).fetchall()).toMatchObject([
      { id: 1, weight: 0 },
      { id: 2, weight: 0.12345678901234568, price: '1.5000' },
      { id: 3, weight: 5e-324 },
    ])
  })

  if (fixture.target.driver === 'pg') {
    test('lists are arrays, and what cannot be in one is named by its line', async () => {
      const engine = fixture.engine()
      await engine.execute('create table thing (id int primary key, tags text[], grid numeric[][])')
      const given = '{"id":1,"tags":["a",null,"b"],"grid":[[12345678901234567890,0.1],[1e-400,2]]}\n'
      const options = { format: 'jsonl', table: 'thing' } as const
      await importData(engine, given, options)
      expect(await engine.execute('select tags::text, grid::text from thing', [], { rowMode: 'array' }).first()).toEqual([
        '{a,NULL,b}',
        `{{12345678901234567890,0.1},{0.${'0'.repeat(399)}1,2}}`,
      ])
      for (const [row, complaint] of [
        ['{"id":2,"tags":["a\\u0000"]}', 'expected a text, found a NUL character'],
        ['{"id":2,"tags":[["\\ud800"]]}', 'expected a text, found half a surrogate pair'],
        ['{"id":2,"tags":["a",{}]}', 'expected a list of plain values, found a plain object'],
        ['{"id":2,"tags":[[[[[[["a"]]]]]]]}', 'expected lists in at most 6 dimensions'],
      ] as const) {
        const refusal = await rejectionOf(importData(engine, `{"id":3}\n${row}\n`, options))
        expect([refusal.constructor, refusal.message]).toEqual([
          DataError,
          expect.stringMatching(`^Line 2: Column thing\\.tags: ${complaint}`),
        ])
      }
    })

    test('arrays weigh what is in them: executeMany sends fewer rows together', async () => {
      const engine = fixture.engine()
      await engine.script(`
        create table thing (points float8[]);
        create table batch (n int);
        create function note() returns trigger language plpgsql as $$ begin insert into batch values (1); return null; end $$;
        create trigger note after insert on thing for each statement execute function note()`)
      const points = Array.from({ length: 5_000 }, (_, index) => index + 0.5)
      await engine.executeMany(
        'copy thing from stdin',
        Array.from({ length: 100 }, () => [points]),
      )
      expect(await engine.scalar('select count(*) from batch')).toBe(4)
    })

    test('arrays weigh what is in them: fewer rows are sent together', async () => {
      const engine = fixture.engine()
      await engine.execute('create table thing (id int primary key, points float8[])')
      const points = Array.from({ length: 5_000 }, (_, index) => index + 0.5)
      const rows = Array.from({ length: 400 }, (_, id) => ({
        id,
        points:
          id === 7
            ? [
                [1, 2],
                [3, 4],
              ]
            : points,
      }))
      const told: number[] = []
      const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
      await importData(engine, text, { format: 'jsonl', table: 'thing', onProgress: (progress) => void told.push(progress.rows) })
      expect(told[0]).toBeLessThan(200)
      expect(told.at(-1)).toBe(400)
      expect((await exportText(engine, { format: 'csv', table: 'thing' })).split('\n')[8]).toBe('7,"{{1,2},{3,4}}"')
    })
  }
})

test('SQLite: a time that the calendar does not have is none, and one with small letters is UTC’s', async () => {
  process.env['TZ'] = 'Asia/Tokyo'
  await using engine = createEngine('sqlite://')
  const table = new Table('thing', new MetaData(), { seen: dateTime() })
  await engine.execute('create table thing (seen datetime)')
  const read = async (text: string) => {
    await engine.execute('delete from thing')
    await engine.execute('insert into thing values (?)', [text])
    return (await engine.execute(table.select()).one())['seen']
  }
  expect(await read('2024-02-29t10:00:00')).toEqual(new Date(Date.UTC(2024, 1, 29, 10)))
  expect(await read('2024-02-29')).toEqual(new Date(Date.UTC(2024, 1, 29)))
  for (const text of ['2023-02-29T10:00:00Z', '2023-02-30', '2023-04-31 10:00:00'])
    expect(await rejectionOf(read(text))).toBeInstanceOf(DataError)
})
