import type { AsyncConnection } from 'offloop'
import { inspect, type TableDescription } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { Random, seed } from '../../soak/random.ts'
import { chinook } from './chinook.ts'
import { describeDialect, dialectOf, engineOf } from './databases.ts'
import { statementsFor } from './made-again.ts'
import { northwind } from './northwind.ts'
import { randomTable } from './random-table.ts'
import { tableTexts } from './table-texts.ts'

/** One of everything that a description holds. */
const everything = {
  sqlite: `create table p (x, y, primary key (x, y));
    create table t (id integer not null constraint k primary key on conflict replace autoincrement, a varchar(20) collate nocase default 'it''s' not null on conflict ignore,
      "b c" int check ("b c" > 0) constraint "b ok" check ("b c" <> 5), d default word, e as (a || 'x') stored, f int generated always as (id + 1), g "odd (type",
      constraint u unique (a collate rtrim desc, g) on conflict fail, unique (g), constraint f foreign key (d, g) references p match full on delete cascade deferrable initially deferred,
      foreign key (f) references t (id) on update set default, constraint c check (d <> ')'));
    create unique index "i ""1" on t (lower(a) desc, d collate nocase, g) where d > 1; create index i2 on t (d desc)`,
  postgresql: `create type mood as enum ('sad', 'ok'); create domain positive as int check (value > 0); create table p (x int, y text, primary key (x, y));
    create unlogged table t (id bigint generated always as identity (start 5 increment 2), s serial, a varchar(20) collate "C" default 'it''s' not null, "b c" numeric(10, 2) default 1.5, d positive,
      e int generated always as (s * 2) stored, m mood[] default '{sad}', ts timestamptz(3) default now(), r int4range,
      constraint k primary key (id, a) include (d) deferrable initially deferred, constraint u unique nulls not distinct (s),
      constraint f foreign key (d, a) references p (x, y) match full on delete set null on update cascade deferrable, constraint g foreign key (s, a) references p on delete set default (s),
      constraint c check (s > 0 and a <> ')'), constraint ni check (s < 9) no inherit, constraint x exclude using gist (r with &&));
    create unique index "i ""1" on t (lower(a) text_pattern_ops desc, d, "b c" desc nulls last) include (ts) where d > 1 and a <> '('; create index i2 on t using hash (a);
    comment on table t is 'it''s t'; comment on column t.a is 'it''s a'`,
  mysql: `create table p (x int, y varchar(20) collate utf8mb4_unicode_ci, primary key (x, y));
    create table t (id int unsigned not null auto_increment comment 'it''s id', a varchar(20) collate utf8mb4_bin default 'it''s' not null, \`b c\` decimal(10, 2) unsigned default 1.5, d int,
      dd int check (dd > 0), e int as (dd * 2) stored, f int generated always as (dd + 1) virtual, g enum('x', 'it''s'), h set('a', 'b'), i json, j int invisible, k datetime(3) default current_timestamp(3) on update current_timestamp(3),
      l varchar(20) default (concat('a', 'b')), m bit(3) default b'101', n boolean default true, o text, q varchar(20),
      primary key (id, a), constraint u unique (d, g), key i1 (o(10), d desc) comment 'first', unique key i2 (l(5)), fulltext key i3 (o),
      constraint fk foreign key (d, q) references p (x, y) on delete cascade on update set null, constraint c check (dd <> 5 and a <> ')'))
      engine InnoDB charset utf8mb4 collate utf8mb4_unicode_ci comment 'it''s t'`,
}

/** Without the texts that the database keeps of the objects: they are written otherwise. */
function withoutTexts(table: TableDescription): unknown {
  return { ...table, options: { ...table.options, sql: null }, indexes: table.indexes.map((index) => ({ ...index, sql: null })) }
}

/** Drops the tables, makes them again from their descriptions, and expects the same descriptions. */
async function expectSameAgain(connection: AsyncConnection, tables: readonly TableDescription[], context = ''): Promise<void> {
  const { dialect } = connection
  const order = inOrder(tables)
  for (const { name } of order.toReversed()) await connection.execute(`drop table ${dialect.quoteIdentifier(name)}`)
  for (const table of order) {
    for (const statement of statementsFor(table, dialect)) {
      await connection.execute(statement).catch((error: Error) => {
        throw new Error(`${context} ${statement}: ${error.message}`)
      })
    }
  }
  const again = await inspect(connection).describe({ only: tables.map(({ name }) => name) })
  expect(again.map(withoutTexts), context).toEqual(tables.map(withoutTexts))
}

/** Each table after those that it refers to. */
function inOrder(tables: readonly TableDescription[]): readonly TableDescription[] {
  const done: TableDescription[] = []
  const visit = (table: TableDescription): void => {
    if (done.includes(table)) return
    for (const { referredTable } of table.foreignKeys) {
      const parent = tables.find(({ name }) => name === referredTable)
      if (parent !== undefined && parent !== table) visit(parent)
    }
    done.push(table)
  }
  tables.forEach(visit)
  return done
}

for (const dialect of ['sqlite', 'postgresql', 'mysql'] as const) {
  describeDialect(dialect, (fixture) => {
    test.for([
      ['Chinook', chinook],
      ['Northwind', northwind],
      ['a table with one of everything', everything],
    ] as const)('%s is made again from its description', async ([, scripts]) => {
      const engine = await engineOf(fixture, scripts[dialectOf(fixture)])
      await using connection = await engine.connect()
      await expectSameAgain(connection, await inspect(connection).describe())
    })
  })
}

describe('odd tables', () => {
  describeDialect('sqlite', (fixture) => {
    const describeEach = async (texts: Iterable<string>) => {
      const engine = fixture.engine({ pragmas: { foreign_keys: 'OFF' } })
      await using connection = await engine.connect()
      for (const text of texts) {
        await connection.execute('drop table if exists t')
        // SQLite has the last word on what was written at random.
        if (
          !(await connection.execute(text).then(
            () => true,
            () => false,
          ))
        )
          continue
        const tables = (await inspect(connection).describe({ only: ['t'] })).filter(({ options }) => !options.temporary)
        if (tables.length > 0) await expectSameAgain(connection, tables, `SEED=${seed}: ${text}`)
      }
    }

    test('are made again from their description', () => describeEach(tableTexts))

    test('are made again from the texts that SQLite keeps of them', async () => {
      const engine = await engineOf(fixture, `${chinook.sqlite};${everything.sqlite}`)
      await using connection = await engine.connect()
      const tables = await inspect(connection).describe()
      for (const { name } of inOrder(tables).toReversed())
        await connection.execute(`drop table ${connection.dialect.quoteIdentifier(name)}`)
      for (const { options, indexes } of tables) await connection.script([options.sql, ...indexes.map(({ sql }) => sql)].join(';'))
      expect(await inspect(connection).describe()).toEqual(tables)
    })

    test('that were written at random are as well', () => {
      const random = new Random(seed)
      return describeEach(Array.from({ length: 150 }, () => randomTable(random).sql))
    })
  })
})
