import { raw, sql } from 'offloop'
import { dateTime, index, inspect, integer, MetaData, primaryKeyConstraint, string, Table, text } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'
import { become, open } from './towards-metadata.ts'

describeDatabases((fixture) => {
  const { name: dialect } = fixture.engine().dialect

  test('an index with the name of a column that refers to another table is an index like any other', async () => {
    const { engine, migrations } = open(fixture)
    const metadata = new MetaData()
    new Table('owner', metadata, { id: integer({ primaryKey: true }) })
    new Table(
      'pet',
      metadata,
      { id: integer({ primaryKey: true }), owner_id: integer({ references: 'owner.id' }) },
      { indexes: [index('owner_id', ['owner_id'])] },
    )
    await metadata.createAll(engine)
    expect((await migrations.autogenerate(metadata)).statements).toEqual([])
    const others = new MetaData()
    new Table('owner', others, { id: integer({ primaryKey: true }) })
    new Table('pet', others, { id: integer({ primaryKey: true }), owner_id: integer({ references: 'owner.id' }) })
    const { statements } = await migrations.autogenerate(others, { write: false })
    // MySQL needs one for the foreign key.
    expect(statements.some((statement) => statement.startsWith('drop index'))).toBe(dialect !== 'mysql')
  })

  test('the beginnings of texts that are in an index are said, and changed', async () => {
    const { engine, migrations } = open(fixture)
    const tables = (length: number) => {
      const metadata = new MetaData()
      new Table(
        'note',
        metadata,
        { name: string(100, { primaryKey: true }), n: integer({ autoIncrement: false }), body: text() },
        {
          constraints: [primaryKeyConstraint(['name'], { lengths: { name: length } })],
          indexes: [index('ix_body', ['body', 'n'], { lengths: { body: length } })],
        },
      )
      return metadata
    }
    await become(migrations, tables(10))
    expect((await migrations.autogenerate(tables(10))).statements).toEqual([])
    const { statements } = await migrations.autogenerate(tables(20), { write: false })
    expect(statements.length > 0).toBe(dialect === 'mysql')
    if (dialect === 'mysql') await become(migrations, tables(20))
    const [found] = await inspect(engine).indexes('note')
    expect(found?.members.map(({ column, length }) => [column, length])).toEqual([
      ['body', dialect === 'mysql' ? 20 : null],
      ['n', null],
    ])
  })

  test.runIf(dialect === 'postgresql')('where NULL stands in an index is part of it', async () => {
    const { engine, migrations } = open(fixture)
    const tables = (order: string) => {
      const metadata = new MetaData()
      const indexes = [index('ix_n', [raw(order)])]
      new Table('t', metadata, { id: integer({ primaryKey: true }), n: integer() }, { indexes })
      return metadata
    }
    await become(migrations, tables('n nulls first'))
    await become(migrations, tables('n desc nulls last'))
    await become(migrations, tables('n'))
    expect((await migrations.autogenerate(tables('n nulls last'))).statements).toEqual([])
    await engine.execute('insert into t (id, n) values (1, 1)')
  })

  test.runIf(dialect === 'postgresql')('what was read from the database is what is in it, however it would be spelled again', async () => {
    const { engine, migrations } = open(fixture)
    await engine.script(`
      create table t (kind varchar(9) constraint known check (kind in ('a', 'b')), other varchar(9), n integer check (n in (1, 2)),
        upper_kind text generated always as (case when kind in ('a', 'b') then 'x' end) stored,
        constraint both_known check (kind in ('a', 'b') or other not in ('c', 'd')));
      create index ix_known on t (kind) where kind in ('a', 'b');
      create index ix_which on t ((kind in ('a', 'b')))`)
    const metadata = new MetaData()
    await metadata.reflect(engine)
    expect((await migrations.autogenerate(metadata)).statements).toEqual([])
    await metadata.dropAll(engine)
    await metadata.createAll(engine)
    expect((await migrations.autogenerate(metadata)).statements).toEqual([])
  })

  test.runIf(dialect === 'postgresql')('a column of a domain that counts is one with a default', async () => {
    const { engine, migrations } = open(fixture)
    await engine.script(`
      create domain positive as integer check (value > 0);
      create sequence t_numbers;
      create table t (id positive not null default nextval('t_numbers') primary key);
      alter sequence t_numbers owned by t.id`)
    const metadata = new MetaData()
    await metadata.reflect(engine)
    expect((await migrations.autogenerate(metadata)).statements).toEqual([])
    await engine.script('drop table t; drop domain positive')
  })

  test.runIf(dialect === 'mysql')('a column that becomes another one keeps what only its database says of it', async () => {
    const { engine, migrations } = open(fixture)
    await engine.execute(`create table t (id int primary key, note varchar(10) comment 'it''s a note',
      changed timestamp not null default current_timestamp on update current_timestamp comment 'when')`)
    const metadata = new MetaData()
    new Table('t', metadata, {
      id: integer({ primaryKey: true }),
      note: string(20),
      changed: dateTime({ serverDefault: sql`current_timestamp` }),
    })
    await become(migrations, metadata)
    const [, note, changed] = await inspect(engine).columns('t')
    expect(note).toMatchObject({ type: 'varchar(20)', comment: "it's a note" })
    expect(changed).toMatchObject({ type: 'datetime(3)', nullable: true, comment: 'when' })
    expect(changed?.onUpdate).toMatch(/^current_timestamp/i)
  })

  test.runIf(dialect === 'mysql')('a column counts by an index that is no key', async () => {
    const { engine, migrations } = open(fixture)
    const metadata = new MetaData()
    const columns = { name: string(10, { primaryKey: true }), place: integer({ nullable: false, autoIncrement: true }) }
    const changed = { at: dateTime({ serverOnUpdate: sql`current_timestamp(3)` }) }
    new Table(
      't',
      metadata,
      { ...columns, ...changed },
      { indexes: [index('ix_place', ['place'])], collation: 'utf8mb4_bin', engine: 'MyISAM' },
    )
    await become(migrations, metadata)
    await engine.execute("insert into t (name) values ('a'), ('A')")
    expect(await engine.execute('select place from t order by place').scalars()).toEqual([1, 2])
    expect(await inspect(engine).tableOptions('t')).toMatchObject({ engine: 'MyISAM', collation: 'utf8mb4_bin' })
    await metadata.dropAll(engine)
    await metadata.createAll(engine)
    expect((await migrations.autogenerate(metadata)).statements).toEqual([])
  })
})
