import { readFileSync, rmSync } from 'node:fs'
import { raw, sql } from 'offloop'
import * as schema from 'offloop/schema'
import { type AnyTable, foreignKeyConstraint, index, inspect, MetaData, Table, uniqueConstraint } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases, describeFiles, rejectionOf } from '../conformance/targets.ts'
import { definitionOf } from '../schema/definition.ts'
import { become, open } from './towards-metadata.ts'

const { integer, string, text, enumeration } = schema

/** A table `t` with a key and these columns, and other tables. */
function holding(columns: ConstructorParameters<typeof Table>[2], ...others: readonly string[]): MetaData {
  const metadata = new MetaData()
  new Table('t', metadata, { id: integer({ primaryKey: true }), ...columns })
  for (const name of others) new Table(name, metadata, { id: integer({ primaryKey: true }), t: integer({ references: 't.id' }) })
  return metadata
}

const whole = {
  sqlite: [
    'drop table "other";',
    'create table "new_t" ("id" integer primary key, "n" integer);',
    'insert into "new_t" ("id", "n") select "id", "n" from "t";',
  ],
  postgresql: ['drop table "other";', 'alter table "t" drop column "city";'],
  mysql: ['drop table `other`;', 'alter table `t` drop column `city`;'],
}

/** Tables with whatever a Table has a place for, in words that the database alone has. */
const madeByHand = {
  sqlite: `
    create table a ("the key" integer primary key autoincrement, x, n INT not null default (1 + 1), name text collate nocase unique,
      twice generated always as (n * 2) virtual, check (n > 0), unique (n, x));
    create table b (a integer references a on delete cascade deferrable initially deferred, k text, primary key (a, k)) without rowid, strict;
    create index ix_part on a (lower(name) desc) where n > 1;
    create trigger counts after insert on b begin update a set n = n + 1; end`,
  postgresql: `
    create type mood as enum ('sad', 'ok');
    create domain positive as integer check (value > 0);
    create table a ("the key" serial primary key, n positive not null default 1 + 1,
      name varchar(9) collate "C" unique, moods mood[], mood mood default 'ok',
      at timestamptz default now(), price numeric(5, 2), kind varchar(2) check (kind in ('a', 'bb')),
      twice integer generated always as ("the key" * 2) stored, check (n > 0 or price < 1));
    create table b (a integer constraint "it's a" references a on delete cascade deferrable initially deferred, k text, primary key (a, k));
    create index ix_part on a (lower(name) desc nulls last) include (n) where n > 1;
    create index ix_gin on a using gin (moods);
    comment on table a is 'it''s a'; comment on column a.name is 'a name'`,
  mysql: `
    create table a (\`the key\` int unsigned auto_increment primary key, n tinyint not null default (1 + 1) comment 'it''s n',
      name varchar(9) collate utf8mb4_bin unique, twice int generated always as (n * 2) virtual, body text, kind enum('a', 'it''s'),
      at timestamp not null default current_timestamp on update current_timestamp, flags set('x', 'y'), check (n > 0 or name <> 'x'),
      key ix_body (body(7)), fulltext key ix_text (body)) comment 'it''s a' collate utf8mb4_general_ci;
    create table b (a int unsigned, k char(3), c int unsigned, primary key (a, k), foreign key (a) references a (\`the key\`) on delete cascade,
      constraint c foreign key (c) references a (\`the key\`))`,
}

describeDatabases((fixture) => {
  const { dialect } = fixture.can

  test('a generated migration has its way down, which is the last section of its file', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ n: integer() }))
    await engine.execute('insert into t (id, n) values (1, 2)')
    const { path, statements, down } = await migrations.autogenerate(holding({ n: integer(), city: text() }, 'other'))
    const [up = '', back = ''] = readFileSync(path as string, 'utf8').split('\n-- down\n')
    expect(up).toBe(`-- up\n${statements.map((statement) => `${statement};\n`).join('\n')}`)
    expect(back).toBe(down.map((statement) => `${statement};\n`).join('\n'))
    for (const line of whole[dialect]) expect(back.split('\n')).toContain(line)
    await migrations.up()
    await migrations.down()
    expect(await engine.execute('select * from t').fetchall()).toEqual([{ id: 1, n: 2 }])
    expect(await engine.tableNames()).toEqual(['offloop_migrations', 't'])
  })

  test('what was dropped comes back as it was, and empty; what stays keeps its rows', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ n: integer(), note: string(9, { nullable: true, index: true, unique: true }) }, 'other'))
    await engine.script("insert into t (id, n, note) values (1, 2, 'a'); insert into other (id, t) values (1, 1)")
    const { down } = await migrations.autogenerate(holding({ n: string(9) }))
    expect(down[0]).toMatch(/^-- What was dropped comes back empty, .*\n\n/)
    await migrations.up()
    await migrations.down()
    expect(await engine.execute('select id, n, note from t').fetchall()).toEqual([{ id: 1, n: 2, note: null }])
    expect(await engine.scalar('select count(*) from other')).toBe(0)
    await engine.execute("update t set note = 'b'")
    expect(await rejectionOf(engine.execute("insert into t (id, note) values (2, 'b')"))).toMatchObject({ name: 'IntegrityError' })
    expect(await rejectionOf(engine.execute('insert into other (id, t) values (1, 7)'))).toMatchObject({ name: 'IntegrityError' })
  })

  test('a column without NULL and default comes back while there are no rows, and is said to need that', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ rank: integer({ nullable: false }) }))
    const { down } = await migrations.autogenerate(holding({}))
    expect(down.join('\n')).toMatch(/-- "rank" can hold no NULL and has no default: with rows in the table it needs a server default/)
    await migrations.up()
    await engine.execute('insert into t (id) values (1)')
    expect((await rejectionOf(migrations.down())).message).toContain('rank')
    expect(await engine.execute('select * from t').fetchall()).toEqual([{ id: 1 }])
    await engine.execute('delete from t')
    expect(await migrations.down()).toHaveLength(1)
    expect(await rejectionOf(engine.execute('insert into t (id) values (1)'))).toMatchObject({ code: expect.stringMatching(/^OFFLOOP_/) })
  })

  test('a value that fits its old type no more fails the way down', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ s: string(3) }))
    await become(migrations, holding({ s: string(9) }))
    await engine.execute("insert into t (id, s) values (1, 'longer')")
    expect(await rejectionOf(migrations.down())).toMatchObject({ code: 'OFFLOOP_MIGRATION' })
    expect(await engine.scalar('select s from t')).toBe('longer')
  })

  test('what was made by hand comes back as it was read', async () => {
    const { engine, migrations } = open(fixture)
    await engine.script(madeByHand[dialect])
    const read = new MetaData()
    await read.reflect(engine)
    await become(migrations, new MetaData())
    await migrations.down()
    const again = new MetaData()
    await again.reflect(engine)
    const definitions = ({ tables }: MetaData) => ['a', 'b'].map((name) => definitionOf(tables.get(name) as AnyTable, engine.dialect))
    expect(definitions(again)).toEqual(definitions(read))
    if (dialect === 'postgresql') await engine.script('drop table a, b; drop domain positive; drop type mood')
  })

  test('what is changed of tables that were made by hand comes back, too', async () => {
    const { engine, migrations } = open(fixture)
    await engine.script(madeByHand[dialect])
    const changed = new MetaData()
    new Table('a', changed, { 'the key': integer({ primaryKey: true }), n: text(), name: text(), kind: text() })
    new Table('b', changed, { a: integer(), k: string(3, { index: true }), c: integer() })
    await become(migrations, changed)
    await migrations.down()
    if (dialect === 'postgresql') await engine.script('drop table a, b; drop domain positive; drop type mood')
  })

  test('constraints that nobody has named are found by the names that they are given', async () => {
    const { engine, migrations } = open(fixture)
    const long = 'a_long_name_ends_where_the_database_ends_it'
    const tables = (isBound: boolean) => {
      const metadata = new MetaData()
      new Table(`${long}_é`, metadata, { id: integer({ primaryKey: true }) })
      const columns = {
        id: integer({ primaryKey: isBound }),
        [long]: integer(),
        second: integer({ unique: isBound, ...(isBound ? { check: sql`second <> 1` } : {}) }),
        third: isBound ? enumeration(['a', 'b']) : string(1),
        // What the database itself would call the list of the column before.
        fourth: integer({ nullable: false }),
      }
      const keys = [
        foreignKeyConstraint([long], `${long}_é`, ['id']),
        foreignKeyConstraint([long, 'id'], 'pair', ['a', 'b']),
        uniqueConstraint(['second', 'fourth']),
        schema.checkConstraint(raw('fourth > 2'), { name: 't_third_check' }),
        schema.checkConstraint(raw('fourth > 3')),
      ]
      new Table('pair', metadata, { a: integer({ primaryKey: true }), b: integer({ primaryKey: true }) })
      new Table('t', metadata, columns, { constraints: isBound ? keys : [] })
      return metadata
    }
    await become(migrations, tables(false))
    await become(migrations, tables(true))
    await become(migrations, tables(false))
    await become(migrations, tables(true))
    const names = (await inspect(engine).foreignKeys('t')).map(({ name }) => name)
    expect(new Set(names).size).toBe(dialect === 'sqlite' ? 1 : 2)
  })

  test('an index that serves a foreign key goes with it, and not the one that others need', async () => {
    const { engine, migrations } = open(fixture)
    const referring = (...columns: readonly string[]) => {
      const metadata = new MetaData()
      new Table('p', metadata, { id: integer({ primaryKey: true }), n: integer({ unique: true }) })
      new Table(
        't',
        metadata,
        { id: integer({ primaryKey: true }), a: integer(), b: integer(), c: integer() },
        {
          constraints: columns.map((column) => foreignKeyConstraint([column.slice(0, 1)], 'p', [column.slice(1)])),
          indexes: [index('ix_b', ['b', 'a'])],
        },
      )
      return metadata
    }
    await become(migrations, referring('cid'))
    const all = referring('aid', 'an', 'bid', 'cid', 'cn')
    await become(migrations, all)
    const { path } = await migrations.autogenerate(referring('cn'))
    await migrations.up()
    expect((await migrations.autogenerate(referring('cn'))).statements).toEqual([])
    await migrations.down()
    rmSync(path as string)
    expect((await migrations.autogenerate(all)).statements).toEqual([])
    // Of two keys over one column either may have given MySQL's index its name.
    await become(migrations, referring(), { back: false })
    expect((await inspect(engine).indexes('t')).map(({ name }) => name)).toEqual(['ix_b'])
  })

  test.runIf(dialect !== 'sqlite')('tables of another schema are taken back there', async () => {
    const { engine, migrations } = open(fixture)
    const other = `${fixture.schemas.own}_2`
    await engine.execute(`create schema ${other}`)
    try {
      const tables = (length: number, isThere: boolean) => {
        const metadata = new MetaData({ schema: other })
        new Table('t', metadata, { id: integer({ primaryKey: true }), s: string(length, { index: true }) })
        if (isThere) new Table('u', metadata, { id: integer({ primaryKey: true }), t: integer({ references: 't.id' }) })
        return metadata
      }
      await become(migrations, tables(3, false))
      await become(migrations, tables(9, true))
      await become(migrations, tables(3, false))
    } finally {
      await engine.execute(`drop schema ${other}${dialect === 'postgresql' ? ' cascade' : ''}`)
    }
  })

  test.runIf(dialect !== 'sqlite')('a column comes, and comes back, with its comment', async () => {
    const { engine, migrations } = open(fixture)
    const comment = async () => (await inspect(engine).columns('t')).map((column) => column.comment)
    await become(migrations, holding({}))
    await become(migrations, holding({ note: text({ comment: "it's a note" }) }))
    expect(await comment()).toEqual([null, "it's a note"])
    await become(migrations, holding({}))
    await migrations.down()
    expect(await comment()).toEqual([null, "it's a note"])
  })

  test.runIf(dialect === 'postgresql')('a type of PostgreSQL goes where it came, and loses the values that it got', async () => {
    const { engine, migrations } = open(fixture)
    const feeling = (...list: readonly [string, ...string[]]) => {
      const mood = enumeration(list, { name: 'mood', serverDefault: raw(`'${list.at(-1)}'`), check: sql`mood <> 'bad' or id > 1` })
      const metadata = new MetaData()
      const columns = { id: integer({ primaryKey: true }), mood, earlier: enumeration(list, { name: 'mood' }) }
      new Table('t', metadata, columns, {
        constraints: [uniqueConstraint(['mood', 'id'])],
        indexes: [index('ix_bad', ['id'], { where: sql`mood = 'bad'` }), index('ix_mood', [raw('earlier desc')])],
      })
      return metadata
    }
    await become(migrations, holding({}))
    await become(migrations, feeling('bad', 'ok'))
    await engine.execute("insert into t (id, earlier) values (1, 'bad')")
    await become(migrations, feeling('bad', 'so so', 'ok', 'fine'))
    await engine.execute("update t set mood = 'fine'")
    expect((await rejectionOf(migrations.down())).message).toContain('fine')
    await engine.execute("update t set mood = 'ok'")
    await migrations.down()
    expect((await inspect(engine).enums()).map(({ name, values }) => [name, values])).toEqual([['mood', ['bad', 'ok']]])
    expect(await engine.execute('select mood, earlier from t').one()).toEqual({ mood: 'ok', earlier: 'bad' })
    expect(await rejectionOf(engine.execute("update t set mood = 'bad'"))).toMatchObject({ name: 'IntegrityError' })
    expect((await inspect(engine).indexes('t')).map(({ name }) => name).toSorted()).toEqual(['ix_bad', 'ix_mood'])
    await migrations.down()
    expect(await inspect(engine).enums()).toEqual([])
  })
})

describeFiles((fixture) => {
  test('a table of SQLite comes back with its triggers', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, holding({ n: integer() }, 'other'))
    await engine.script('create trigger counts after insert on other begin update t set n = n + 1; end; insert into t values (1, 0)')
    await become(migrations, holding({ n: integer() }))
    await migrations.down()
    await engine.execute('insert into other (id) values (1)')
    expect(await engine.scalar('select n from t')).toBe(1)
  })
})
