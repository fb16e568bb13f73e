import { type AsyncEngine, DataError } from 'offloop'
import { exportText, type FileFormat, importData } from 'offloop/data'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { tableOption } from './table-option.ts'

/** Columns of types that only one database has, and rows of literals for them. */
interface NativeTable {
  readonly create: string
  readonly values: readonly string[]
  /** All of a row as texts of the database's own. */
  readonly texts: string
}

const postgresql: NativeTable = {
  create: `create type mood as enum ('sad', 'o"k');
    create type pair as (a int, b text);
    create table things (
      id int generated always as identity primary key, n serial, moment timestamp, zoned timestamptz, at time, zone timetz, day date, span interval,
      f4 real, f8 double precision, free numeric, fixed numeric(8, 3), cash money, bits bit(5), varying bit varying, ip inet, net cidr, mac macaddr,
      numbers int[], texts text[][], times timestamptz[], docs jsonb[], plain json, doc jsonb, mood mood, pair pair, span4 int4range,
      spans tstzrange, words tsvector, spot point, tree xml, key uuid, bytes bytea, letter "char", fixed_text char(4), name varchar(9)
    )`,
  values: [
    `10, 7, '2024-02-29 12:30:15.123456', '2024-02-29 12:30:15.123456+02', '23:59:59.999999', '12:00:00.5+05:30', '2024-02-29', '1 year 2 mons -3 days 04:05:06.7',
     0.1, 0.1, 12345678901234567890.123456789, -0.125, '12.34', '10101', '1', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03',
     '{1,NULL,3}', '{{a,"b,\\"c"},{"",NULL}}', '{"2024-02-29 12:30:15.123456+00"}', '{"{\\"a\\": 1}"}', '{"b":1,"a":9007199254740993}',
     '{"a": [9007199254740993, 0.1234567890123456789]}', 'o"k', '(1,"x,y")', '[1,5)', '["2024-02-29 12:00:00+00",)', '''a'':1 b:2', '(1,2.5)', '<a>1</a>',
     '0b7f8e0e-6d5c-4b3a-9281-706f5e4d3c2b', '\\x00ff', 'x', 'ab', 'a'`,
    `11, 8, 'infinity', '-infinity', '24:00:00', '00:00:00-12', '0044-03-15 BC', '00:00:00',
     'NaN', '-Infinity', 'NaN', 'NaN', '-0.01', '00000', '', '::1', '::/0', '08:00:2b:01:02:03',
     '{}', '{}', '{}', '{}', '[]', '[]', 'sad', '(,)', 'empty', 'empty', '', '(-0,0)', 'a',
     '0b7f8e0e-6d5c-4b3a-9281-706f5e4d3c2b', '', '', '', ''`,
    `12, 9, '12345-01-02 03:04:05', '0001-01-01 00:00:00.000001 BC', '00:00:00.000001', null, 'infinity', null,
     'Infinity', 5e-324, 0, 1, null, null, null, null, null, null, '[2:3]={7,8}', null, null, null, '"A\\n"', '"A\\n"', null, null, null, null, null, null, null,
     null, null, null, null, null`,
  ],
  texts: `to_jsonb(array[id::text, n::text, moment::text, zoned::text, at::text, zone::text, day::text, span::text, f4::text, f8::text, free::text,
    fixed::text, cash::text, bits::text, varying::text, ip::text, net::text, mac::text, numbers::text, texts::text, times::text, docs::text, plain::text,
    doc::text, mood::text, pair::text, span4::text, spans::text, words::text, spot::text, tree::text, key::text, bytes::text, letter::text,
    fixed_text::text, name::text])`,
}

const mysql: NativeTable = {
  create: `create table things (
      id int auto_increment primary key, tiny tinyint, mini tinyint unsigned, medium mediumint, big bigint unsigned, f4 float, fixed decimal(65, 30),
      free decimal(10, 0) unsigned, live tinyint(1), bits bit(5), wide bit(64), moment datetime(6), stamp timestamp(6) null, at time(6), day date, year year, kind enum('a', 'b''"'),
      kinds set('x', 'y z'), fixed_text char(4), name varchar(9), small_text tinytext, bytes varbinary(9), small_bytes tinyblob, doc json,
      spot point, shape geometry, raw_kind enum('a', 'b''"') character set binary
    )`,
  values: [
    `10, -128, 255, -8388608, 18446744073709551615, 0.1, 12345678901234567890123456789012345.123456789012345678901234567890, 5, true, b'10101',
     18446744073709551615, '2024-02-29 12:30:15.123456', '2024-02-29 12:30:15.123456', '-838:59:59.000001', '2024-02-29', 1999, 'b''"', 'x,y z', 'ab', 'a', 'b',
     x'00ff', x'0a0d', '{"a":[9007199254740993,0.1234567890123456789]}', st_geomfromtext('POINT(1 2.5)'), st_geomfromtext('LINESTRING(0 0,1 1)', 4326), 'b''"'`,
    `0, 0, 0, 0, 0, 0, 0, 0, false, b'0', 0, '0001-01-01 00:00:00', '1970-01-01 12:00:01', '00:00:00', '0001-01-01', 0, 'a', '', '', '', '', '', '', '[]', null, null, 'a'`,
    `11, null, null, null, null, -1e30, null, null, 7, null, null, null, null, '23:59:59.5', null, null, null, 'x', null, null, null, null, null, '"A"', null, null, null`,
  ],
  texts: `concat_ws('|', id, tiny, mini, medium, big, f4 + 0, fixed, free, live, bin(bits), wide + 0, moment, stamp, at, day, year, kind, kinds, hex(fixed_text), hex(name),
    hex(small_text), hex(bytes), hex(small_bytes), coalesce(doc, 'none'), coalesce(hex(spot), 'none'), coalesce(hex(shape), 'none'), coalesce(raw_kind, 'none'))`,
}

const sqlite: NativeTable = {
  create: `create table things (
      id integer primary key, big bigint, f real, price decimal(10, 2), wide decimal_text(30, 5), live boolean, moment datetime, day date, at time, doc json,
      name varchar(9), bytes blob, free, custom money, made text generated always as (name || '!')
    )`,
  values: [
    `1, 9223372036854775807, 9e999, 1.5, '1234567890123456789.50000', 1, '2024-02-29T12:30:15.123Z', '2024-02-29', '12:00:00', '{"a":9007199254740993}', 'x', x'00ff', 'y', 2.5`,
    `-9007199254740991, -9223372036854775808, -0.0, 0, '0.00000', 0, '0000-01-01T00:00:00.000Z', '0000-01-01', '00:00:00', '[]', char(0), x'', '', 9007199254740993`,
    `3, null, 5e-324, -0.01, null, null, null, null, null, 5, null, null, null, 'word'`,
  ],
  texts: `json_array(id, big, format('%!.20g', f), price, wide, live, moment, day, at, doc, hex(name), hex(bytes), free, custom, made)`,
}

describeDialects((fixture) => {
  const tables = { sqlite, postgresql, mysql }

  async function textsOf(engine: AsyncEngine): Promise<unknown> {
    const { texts } = tables[engine.dialect.name]
    return await engine.execute(`select ${texts} as texts from things order by id`).scalars<unknown>()
  }

  test('types that only this database has come back as they were', async () => {
    const engine = fixture.engine()
    const { create, values } = tables[engine.dialect.name]
    await engine.script(create)
    const given =
      engine.dialect.name === 'sqlite' ? `(${'id, big, f, price, wide, live, moment, day, at, doc, name, bytes, free, custom'})` : ''
    const override = engine.dialect.name === 'postgresql' ? 'overriding system value' : ''
    await engine.transaction(async (tx) => {
      if (engine.dialect.name === 'mysql') await tx.execute(`set session sql_mode = concat(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')`)
      const insert = (row: string) => tx.execute(`insert into things ${given} ${override} values (${row})`)
      for (const row of values) await insert(row)
      // So many that they are sent together in whichever way is quickest.
      for (let more = 1; more < 50; more += 1)
        for (const row of values) await insert(row.replace(/^\s*(-?\d+),/, (_, id) => `${more * 100 + Number(id.slice(-2))},`))
    })
    const stored = await textsOf(engine)
    for (const format of ['yaml', 'json', 'csv', 'jsonl'] as const satisfies readonly FileFormat[]) {
      const text = await exportText(engine, { format, table: 'things' })
      await engine.execute('delete from things')
      const table = tableOption(format, 'things')
      expect(await importData(engine, text, { format, ...table }), text).toMatchObject({ rowcount: 150 })
      expect(await textsOf(engine), `${format}\n${text}`).toEqual(stored)
      expect(await exportText(engine, { format, table: 'things' })).toBe(text)
    }
  })

  test('a document that is null stays one, and NULL stays NULL', async () => {
    const engine = fixture.engine()
    const type = engine.dialect.name === 'postgresql' ? 'jsonb' : 'json'
    await engine.script(`create table things (id int primary key, doc ${type}, strict ${type} not null)`)
    const store = () => engine.execute(`insert into things values (1, 'null', 'null'), (2, null, '[]')`)
    const documents = async () => {
      const query = 'select doc is null, strict is null from things order by id'
      const rows = await engine.execute<readonly unknown[]>(query, [], { rowMode: 'array' }).fetchall()
      return rows.map((row) => row.map(Boolean))
    }
    for (const format of ['csv', 'jsonl', 'json', 'yaml'] as const) {
      await store()
      const text = await exportText(engine, { format, table: 'things' })
      if (format === 'jsonl') expect(text.split('\n')[0]).toBe('{"id":1,"doc":{"$json":null},"strict":{"$json":null}}')
      await engine.execute('delete from things')
      await importData(engine, text, { format, ...tableOption(format, 'things') })
      expect(await documents(), format).toEqual([
        [false, false],
        [true, false],
      ])
      await engine.execute('delete from things')
    }
  })

  if (fixture.target.driver === 'pg') {
    test('arrays of a query are written as lists, their integers as numbers with every digit', async () => {
      const engine = fixture.engine()
      const query = `select array[[1, 9007199254740993]] as bigs, array['a', null] as texts, '[1, {"a": []}]'::jsonb as doc`
      expect(await exportText(engine, { format: 'jsonl', query })).toBe(
        '{"bigs":[[1,9007199254740993]],"texts":["a",null],"doc":[1,{"a":[]}]}\n',
      )
      expect(await exportText(engine, { format: 'csv', query })).toBe(
        'bigs,texts,doc\n"[[1,9007199254740993]]","[""a"",null]","[1,{""a"":[]}]"\n',
      )
    })

    test('rows of partitions, and of tables that inherit, are written once', async () => {
      const engine = fixture.engine()
      await engine.script(`
        create table reading (id int primary key) partition by range (id);
        create table reading_low partition of reading for values from (0) to (10);
        create table reading_high partition of reading for values from (10) to (20);
        create table animal (id int); create table dog (name text) inherits (animal);
        insert into reading values (1), (11); insert into animal values (1); insert into dog values (2, 'x');
      `)
      const text = await exportText(engine, { format: 'json' })
      expect(await exportText(engine, { format: 'csv', table: 'reading' })).toBe('id\n1\n11\n')
      await engine.script('truncate reading; truncate animal')
      expect(await importData(engine, text, { format: 'json' })).toMatchObject({ rowcount: 4 })
      expect(await exportText(engine, { format: 'json' })).toBe(text)
    })
  }

  if (fixture.target.driver === 'better-sqlite3') {
    test('what an import would refuse is refused by an export, which names row and column; a query writes it', async () => {
      const engine = fixture.engine()
      for (const [type, value, found] of [
        ['integer', "'ten'", 'integer holds a text'],
        ['integer', '1.5', 'integer holds a real number'],
        ['bigint', "x'00'", 'bigInteger holds bytes'],
        ['real', "'much'", 'float holds a text'],
        ['decimal(10, 2)', "'much'", 'numeric holds another text'],
        ['decimal(10, 2)', '9e999', 'numeric holds a real number'],
        ['boolean', "'true'", 'boolean holds a text'],
        ['date', "'2023-02-29'", 'date holds another text'],
        ['time', "'noon'", 'time holds another text'],
        ['datetime', "''", 'dateTime holds another text'],
        ['uuid', "'x'", 'uuid holds another text'],
        ['blob', "'x'", 'blob holds a text'],
        ['text', "x'00'", 'text holds bytes'],
        ['json', "x'00'", 'json holds bytes'],
        ['', "x'00'", 'other holds bytes'],
      ] as const) {
        await engine.script(`drop table if exists things; create table things (id integer primary key, odd ${type})`)
        await engine.script(`insert into things values (1, null), (2, ${value})`)
        for (const format of ['csv', 'jsonl', 'json', 'yaml'] as const) {
          const refusal = await rejectionOf(exportText(engine, { format, table: 'things' }))
          expect([refusal.constructor, refusal.message], `${type} ${value}`).toEqual([
            DataError,
            expect.stringMatching(`^Row 2, column "odd": a column of type ${found}, .*: export it by a query with a cast`),
          ])
        }
        const query = 'select id, hex(odd) as odd from things'
        expect(await exportText(engine, { format: 'csv', query })).toMatch(/^id,odd\n1,/)
      }
    })
  }
})
