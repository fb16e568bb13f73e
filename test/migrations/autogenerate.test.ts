import { type AsyncEngine, raw, sql } from 'offloop'
import * as schema from 'offloop/schema'
import { checkConstraint, index, MetaData, Table, uniqueConstraint } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeFiles, describeTargets, rejectionOf } from '../conformance/targets.ts'
import { become, open } from './towards-metadata.ts'

const { integer, string, text, boolean, enumeration } = schema

function first(): MetaData {
  const metadata = new MetaData()
  new Table('author', metadata, { id: integer({ primaryKey: true }), name: string(20), note: text(), born: string(10) })
  new Table('book', metadata, {
    id: integer({ primaryKey: true }),
    author: integer({ nullable: false, references: { column: 'author.id', onDelete: 'cascade' } }),
    title: string(50, { index: true }),
  })
  new Table('obsolete', metadata, { id: integer({ primaryKey: true }), author: integer({ references: 'author.id' }) })
  return metadata
}

function second(): MetaData {
  const metadata = new MetaData()
  const columns = {
    id: integer({ primaryKey: true }),
    name: string(60, { nullable: false }),
    born: integer(),
    rating: integer({ nullable: false, serverDefault: sql`7` }),
    kind: enumeration(['person', "group's"]),
  }
  new Table('author', metadata, columns, {
    constraints: [uniqueConstraint(['name'], { name: 'uq_name' }), checkConstraint(sql`rating > 0`, { name: 'ck_rating' })],
    indexes: [index('ix_rating', ['rating', 'name'])],
  })
  new Table('book', metadata, {
    id: integer({ primaryKey: true }),
    author: integer({ references: { column: 'author.id', onDelete: 'set null' } }),
    title: string(50),
  })
  new Table('prize', metadata, { id: integer({ primaryKey: true }), book: integer({ references: 'book.id' }), won: boolean() })
  return metadata
}

async function fill(engine: AsyncEngine): Promise<void> {
  await engine.execute("insert into author (id, name, note, born) values (1, 'Ada', 'x', '1815'), (2, 'Grace', null, '1906')")
  await engine.execute("insert into book (id, author, title) values (1, 1, 'Notes'), (2, 2, 'Compilers'), (3, 1, 'More')")
}

describeTargets((fixture) => {
  test('an empty database becomes what a MetaData says, and then there is nothing to do', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, first())
    await fill(engine)
    expect(await migrations.autogenerate(first())).toEqual({ path: null, statements: [], down: [] })
  })

  test('every kind of change is made, and every row is kept', async () => {
    const { engine, migrations } = open(fixture)
    await become(migrations, first())
    await fill(engine)
    await become(migrations, second())
    expect(await engine.execute('select id, name, born, rating from author order by id').fetchall()).toEqual([
      { id: 1, name: 'Ada', born: 1815, rating: 7 },
      { id: 2, name: 'Grace', born: 1906, rating: 7 },
    ])
    expect(await engine.execute('select title from book order by id').scalars()).toEqual(['Notes', 'Compilers', 'More'])
    expect(await engine.tableNames()).not.toContain('obsolete')
    expect(await rejectionOf(engine.execute("update author set name = 'Ada' where id = 2"))).toMatchObject({ name: 'IntegrityError' })
    expect(await rejectionOf(engine.execute('update author set rating = 0'))).toMatchObject({ code: expect.stringMatching(/^OFFLOOP_/) })
    expect(await rejectionOf(engine.execute("update author set kind = 'thing'"))).toMatchObject({
      code: expect.stringMatching(/^OFFLOOP_/),
    })
    await engine.execute('delete from author where id = 1')
    expect(await engine.scalar('select count(*) from book where author is null')).toBe(2)
    await engine.execute('delete from book where author is null')
    await become(migrations, first())
    expect(await engine.execute('select title from book').scalars()).toEqual(['Compilers'])
  })

  test('a key that begins to count goes on behind the numbers that are there', async () => {
    const { engine, migrations } = open(fixture)
    const counting = (autoIncrement: boolean) => {
      const metadata = new MetaData()
      new Table('it\'s a "t"', metadata, { id: integer({ primaryKey: true, autoIncrement }), n: integer() })
      return metadata
    }
    await become(migrations, counting(false))
    const table = engine.dialect.quoteIdentifier('it\'s a "t"')
    await engine.execute(`insert into ${table} (id, n) values (7, 1)`)
    await become(migrations, counting(true))
    await engine.execute(`insert into ${table} (n) values (2)`)
    expect(await engine.execute(`select id from ${table} order by id`).scalars()).toEqual([7, 8])
    // In SQLite it is AUTOINCREMENT that comes and goes: a key of whole numbers counts anyhow.
    await become(migrations, counting(false))
  })

  test('a renamed column is written as one that goes and one that comes, with a word about it', async () => {
    const { migrations } = open(fixture)
    const named = (name: string) => {
      const metadata = new MetaData()
      new Table('t', metadata, { id: integer({ primaryKey: true }), [name]: integer() })
      return metadata
    }
    await become(migrations, named('old'))
    expect(await become(migrations, named('recent'))).toMatch(/^-- drops "old" .*renamed/m)
  })

  test('nothing is written where it is not wanted, or a migration waits', async () => {
    const { engine, folder, migrations } = open(fixture)
    const { path, statements } = await migrations.autogenerate(first(), { write: false })
    expect([path, await migrations.status(), await engine.tableNames()]).toEqual([null, [], []])
    expect(statements.length).toBeGreaterThan(2)
    folder.write('0001.sql', 'create table waiting (x integer)')
    expect(await rejectionOf(migrations.autogenerate(first()))).toMatchObject({ code: 'OFFLOOP_MIGRATION', file: '0001.sql' })
  })

  test('a default and a check become others where only capitals and blanks of their texts change', async () => {
    const { engine, migrations } = open(fixture)
    const saying = (city: string, forbidden: string) => {
      const metadata = new MetaData()
      const columns = {
        id: integer({ primaryKey: true }),
        city: string(20, { serverDefault: raw(`'${city}'`) }),
        s: string(20, { check: raw(`s <> '${forbidden}'`) }),
      }
      new Table('t', metadata, columns)
      return metadata
    }
    await become(migrations, saying("it''s\nNew York", "it''s A b"))
    await become(migrations, saying("it''s newyork", "it''s ab"))
    await engine.execute("insert into t (id, s) values (1, 'it''s A b')")
    expect(await engine.scalar('select city from t')).toBe("it's newyork")
    expect(await rejectionOf(engine.execute("update t set s = 'it''s ab'"))).toMatchObject({ code: expect.stringMatching(/^OFFLOOP_/) })
  })

  test('a text that looks like the mark of a section is written like any other', async () => {
    const { engine, migrations } = open(fixture)
    const metadata = new MetaData()
    const reminder = 'first\n-- down\nthen\n-- no transaction\n-- up'
    new Table('t', metadata, { id: integer({ primaryKey: true }), note: string(99, { serverDefault: raw(`'${reminder}'`) }) })
    await become(migrations, metadata)
    await engine.execute('insert into t (id) values (1)')
    expect(await engine.scalar('select note from t')).toBe(reminder)
  })

  test('a default of true or false is the same one after it was made', async () => {
    const { engine, migrations } = open(fixture)
    const starting = (begun: string, ended: string) => {
      const metadata = new MetaData()
      const columns = {
        id: integer({ primaryKey: true }),
        begun: boolean({ serverDefault: raw(begun) }),
        ended: boolean({ serverDefault: raw(ended), check: sql`ended = false or begun = TRUE` }),
      }
      new Table('t', metadata, columns)
      return metadata
    }
    await become(migrations, starting('true', 'FALSE'))
    await become(migrations, starting('false', 'FALSE'))
    await engine.execute('insert into t (id) values (1)')
    expect(await engine.execute('select id from t where begun = false and ended = false').scalars()).toEqual([1])
  })

  test.runIf(fixture.can.dialect === 'postgresql')('PostgreSQL says how it spells what was written', async () => {
    const { engine, migrations } = open(fixture)
    const spelled = (...values: readonly string[]) => {
      const metadata = new MetaData()
      const columns = {
        id: integer({ primaryKey: true }),
        state: string(10, { serverDefault: sql`'a' || lower('B')`, check: sql`state in ('a', 'ab') and id between 1 and 9` }),
        made: schema.dateTime({ timezone: true, serverDefault: sql`now()` }),
        mood: enumeration(values, { name: 'mood' }),
        twice: integer({ generated: { as: sql`id * 2` } }),
      }
      new Table('t', metadata, columns, { indexes: [index('ix', [sql`lower(state)`], { where: sql`id in (1, 2)` })] })
      return metadata
    }
    await become(migrations, spelled('glad'))
    expect((await migrations.autogenerate(spelled('glad', "it's"))).statements).toEqual([`alter type "mood" add value 'it''s'`])
    expect(await engine.scalar("select count(*) from pg_namespace where nspname like 'offloop_scratch%'")).toBe(0)
  })

  test.runIf(fixture.can.dialect === 'mysql')('MySQL says how it spells what was written', async () => {
    const { migrations } = open(fixture)
    const spelled = (price: string, least: string, factor: string) => {
      const metadata = new MetaData()
      const columns = {
        id: integer({ primaryKey: true }),
        made: schema.dateTime({ nullable: false, serverDefault: sql`current_timestamp` }),
        seen: schema.dateTime({ serverDefault: sql`now()` }),
        day: schema.date({ serverDefault: sql`current_date` }),
        hour: schema.time({ serverDefault: sql`'10:00'` }),
        price: schema.numeric(10, 2, { serverDefault: raw(price) }),
        part: schema.float({ serverDefault: sql`1e3` }),
        state: string(30, { serverDefault: sql`lower('A default (b), c')`, check: sql`state != 'x' and length(state) > 1` }),
        note: string(9, { serverDefault: sql`null` }),
        extra: schema.json({ serverDefault: sql`'{}'` }),
        many: integer(),
        'od`d default 1': integer({ generated: { as: raw(`mod(many, 5) * ${factor}`) } }),
      }
      new Table('t', metadata, columns, { constraints: [checkConstraint(raw(`not (price < ${least})`), { name: 'ck' })] })
      return metadata
    }
    await become(migrations, spelled('0', '1', '2'))
    for (const [changed, what] of [
      [spelled('0.5', '1', '2'), 'modify column `price`'],
      [spelled('0', '2', '2'), 'constraint `ck`'],
      [spelled('0', '1', '3'), 'modify column `od``d default 1`'],
    ] as const) {
      const { statements } = await migrations.autogenerate(changed, { write: false })
      expect(statements.length).toBeGreaterThan(0)
      for (const statement of statements) expect(statement).toContain(what)
    }
  })

  test('a new column that can hold no NULL and has no default is refused while there are rows, before anything is changed', async () => {
    const { engine, migrations } = open(fixture)
    const tables = (required: boolean) => {
      const metadata = new MetaData()
      const added = required ? { rank: integer({ nullable: false }), label: string(5, { nullable: false }), note: text() } : {}
      new Table('t', metadata, { id: integer({ primaryKey: true }), ...added })
      return metadata
    }
    await become(migrations, tables(false))
    await engine.execute('insert into t (id) values (1)')
    const { statements } = await migrations.autogenerate(tables(true))
    expect(statements.join('\n')).toMatch(
      /-- "rank".* can hold no NULL and has no default: with rows in the table it needs a server default/,
    )
    expect((await rejectionOf(migrations.up())).message).toContain('rank')
    expect(await engine.execute('select * from t').fetchall()).toEqual([{ id: 1 }])
    await engine.execute('delete from t')
    expect(await migrations.up()).toHaveLength(1)
    expect((await migrations.autogenerate(tables(true))).statements).toEqual([])
    await engine.execute(tables(true).tables.get('t')?.insert().values({ id: 1, rank: 2, label: 'a' }) as never)
    expect(await engine.execute('select id, label, note from t').fetchall()).toEqual([{ id: 1, label: 'a', note: null }])
  })

  test('a new value of an enumeration can be the default, of a column that is there and of a new one', async () => {
    const { engine, migrations } = open(fixture)
    const feeling = (values: readonly [string, ...string[]], usual: string, hasMore: boolean) => {
      const metadata = new MetaData()
      const columns = {
        id: integer({ primaryKey: true }),
        mood: enumeration(values, { name: 'mood', nullable: false, serverDefault: raw(`'${usual}'`), index: true }),
        earlier: enumeration(values, { name: 'mood' }),
      }
      new Table(
        't',
        metadata,
        hasMore ? { ...columns, later: enumeration(values, { name: 'mood', serverDefault: raw(`'${usual}'`) }) } : columns,
      )
      return metadata
    }
    await become(migrations, feeling(['glad', 'sad'], 'glad', false))
    await engine.execute("insert into t (id, earlier) values (1, 'sad')")
    await become(migrations, feeling(['glad', 'sad', "it's"], "it''s", true))
    await engine.execute('insert into t (id) values (2)')
    expect(await engine.execute('select mood, earlier, later from t order by id').fetchall()).toEqual([
      { mood: 'glad', earlier: 'sad', later: "it's" },
      { mood: "it's", earlier: null, later: "it's" },
    ])
  })
})

describeFiles((fixture) => {
  test('a table that others refer to is made anew with their rows, its triggers and the views of it', async () => {
    const { engine, migrations } = open(fixture)
    const tables = (length: number) => {
      const metadata = new MetaData()
      new Table('parent', metadata, { id: integer({ primaryKey: true, autoIncrement: true }), name: string(length) })
      new Table('child', metadata, {
        id: integer({ primaryKey: true }),
        parent: integer({ nullable: false, references: { column: 'parent.id', onDelete: 'cascade' } }),
        reply: integer({ references: 'child.id' }),
      })
      return metadata
    }
    await become(migrations, tables(10))
    await engine.script(`
      insert into parent values (1, 'a'), (2, 'b'), (9, 'c');
      insert into child values (1, 1, null), (2, 1, 1), (3, 2, 2);
      create view names as select name from parent;
      create table log (name text) strict;
      create trigger logs after update on parent begin insert into log values (new.name); end;
      create trigger keeps before delete on child begin update parent set name = 'gone' where id = old.parent; end;
      delete from parent where id = 9;
    `)
    const withLog = tables(99)
    new Table('log', withLog, { name: text() }, { strict: true })
    await become(migrations, withLog)
    expect(await engine.execute('select id, parent, reply from child order by id').fetchall()).toEqual([
      { id: 1, parent: 1, reply: null },
      { id: 2, parent: 1, reply: 1 },
      { id: 3, parent: 2, reply: 2 },
    ])
    await engine.execute('delete from child where id = 3')
    expect(await engine.execute('select name from names order by name').scalars()).toEqual(['a', 'gone'])
    expect(await engine.execute('select name from log').scalars()).toEqual(['gone'])
    // A number that was given once is not given again.
    expect(await engine.execute("insert into parent (name) values ('d') returning id").scalar()).toBe(10)
    expect(await engine.scalar('pragma legacy_alter_table')).toBe(0)
  })
})
