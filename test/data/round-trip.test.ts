import { exportText, importData } from 'offloop/data'
import {
  bigInteger,
  blob,
  boolean,
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
import { expect, test } from 'vitest'
import { describeDialects } from '../conformance/targets.ts'
import { tableOption } from './table-option.ts'

/** One column of each type, and the widest of those with a size. */
function everyType() {
  const metadata = new MetaData()
  const things = new Table('things', metadata, {
    id: integer({ primaryKey: true }),
    small: smallInteger(),
    big: bigInteger(),
    weight: float(),
    price: numeric(12, 4),
    wide: numeric(40, 10),
    live: boolean(),
    name: string(50),
    note: text(),
    day: date(),
    at: time(),
    moment: dateTime(),
    extra: json(),
    kind: enumeration(['a', 'b"c', "d'e"]),
    key: uuid(),
    bytes: blob(),
  })
  return { metadata, things }
}

const nothing = {
  ...{ small: null, big: null, weight: null, price: null, wide: null, live: null, name: null, note: null, day: null, at: null },
  ...{ moment: null, extra: null, kind: null, key: null, bytes: null },
}

const rows = [
  {
    ...{
      id: 1,
      small: -32_767,
      big: 2n ** 63n - 1n,
      weight: 0.1,
      price: '12345678.1234',
      wide: '123456789012345678901234567890.0123456789',
    },
    ...{
      live: true,
      name: '',
      note: 'a\u2028b\u0085c\u007f',
      day: '2024-02-29',
      at: '23:59:59.123',
      moment: new Date('2024-02-29T12:30:15.123Z'),
    },
    ...{
      extra: { a: ['x', null, 1.5, { b: {} }] },
      kind: 'b"c',
      key: '0b7f8e0e-6d5c-4b3a-9281-706f5e4d3c2b',
      bytes: Buffer.from([0, 255, 10, 13]),
    },
  },
  { id: 2, ...nothing },
  {
    ...nothing,
    ...{ id: 3, big: -(2n ** 63n), weight: -1e300, price: '-0.0001', live: false, name: 'null', note: ' a,"b"\r\n\tc: #d\n', kind: "d'e" },
    ...{ extra: [], bytes: Buffer.alloc(0), moment: new Date(0), day: '0999-12-31', at: '00:00:00' },
  },
  { ...nothing, id: 4, name: '~', note: '- yes', weight: 5e-324, extra: 'text', big: 0n },
  { ...nothing, id: 5, name: '2020-01-01', note: '0x1F', weight: 1.7976931348623157e308, extra: false, kind: 'a' },
  { ...nothing, id: 6, name: '😀 Ünï', note: '\\u0041\\', weight: 123456789012345680000, extra: { 'k: ': '#', '😀': '\u2028' } },
]

describeDialects((fixture) => {
  for (const format of ['yaml', 'json', 'csv', 'jsonl'] as const) {
    test(`a table of every type comes back from ${format} as it was`, async () => {
      const engine = fixture.engine()
      const { metadata, things } = everyType()
      await metadata.createAll(engine)
      await engine.executeMany(things.insert(), rows)
      const stored = await engine.execute(things.select().orderBy('id')).fetchall()
      expect(stored).toEqual(rows)
      const data = await exportText(engine, { format, table: 'things' })
      await engine.execute(things.delete())
      const named = tableOption(format, 'things')
      expect(await importData(engine, data, { format, ...named })).toEqual({ rowcount: rows.length, tables: { things: rows.length } })
      expect(await engine.execute(things.select().orderBy('id')).fetchall()).toEqual(stored)
      expect(await exportText(engine, { format, table: 'things' })).toBe(data)
    })
  }
})
