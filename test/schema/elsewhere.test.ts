import { type AsyncEngine, createEngine } from 'offloop'
import { inspect, MetaData } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases, type Fixture, rejectionOf } from '../conformance/targets.ts'

/** What was read from a database of one kind, made in one of SQLite's. */
async function madeInSqlite(fixture: Fixture, definitions: string): Promise<AsyncEngine> {
  const metadata = await readFrom(fixture.engine(), definitions)
  const elsewhere = createEngine('sqlite://')
  try {
    await metadata.createAll(elsewhere)
  } catch (error) {
    await elsewhere.close()
    throw error
  }
  return elsewhere
}

async function readFrom(engine: AsyncEngine, definitions: string): Promise<MetaData> {
  await engine.script(definitions)
  const metadata = new MetaData()
  await metadata.reflect(engine)
  return metadata
}

const manyDefaults = {
  sqlite: undefined,
  postgresql: `create table t (id integer primary key, name varchar(10) default 'it''s', n smallint default '-1', live boolean default true,
    at timestamp default now(), note text default null::text, doc jsonb default '{}');
    create index ix_name on t using hash (name); create index ix_n on t (n nulls first)`,
  mysql: `create table t (id int primary key, name varchar(10) default 'it''s', n smallint default -1, live tinyint(1) default 1,
    at datetime(3) default current_timestamp(3), note text, doc json default '{}');
    create index ix_name on t (name(3)); create fulltext index ix_n on t (note)`,
} as const

describeDatabases((fixture) => {
  const { name: dialect } = fixture.engine().dialect
  const definitions = manyDefaults[dialect]

  test.skipIf(definitions === undefined)('defaults and indexes say the same in a database of another kind', async () => {
    await using elsewhere = await madeInSqlite(fixture, definitions ?? '')
    await elsewhere.execute('insert into t (id) values (1)')
    const { at, ...row } = await elsewhere.execute('select * from t').one()
    expect(row).toEqual({ id: 1, name: "it's", n: -1, live: 1, note: null, doc: '{}' })
    expect(at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    expect((await inspect(elsewhere).indexes('t')).map(({ name }) => name)).toEqual(['ix_n', 'ix_name'])
  })

  test.runIf(dialect === 'postgresql')('a truth that is 1 elsewhere is one here, and a column without a type is refused', async () => {
    await using sqlite = createEngine('sqlite://')
    const engine = fixture.engine()
    const metadata = await readFrom(
      sqlite,
      'create table t (id integer primary key, live boolean default 1, dead boolean not null default (0))',
    )
    await metadata.createAll(engine)
    await engine.execute('insert into t (id) values (1)')
    expect(await engine.execute('select live, dead from t').one()).toEqual({ live: true, dead: false })
    const others = await readFrom(sqlite, 'drop table t; create table t (a, b text)')
    expect(await rejectionOf(others.createAll(engine, { checkFirst: false }))).toMatchObject({
      name: 'NotSupportedError',
      message: "Column t.a has no type, as SQLite's may: postgresql wants one.",
    })
  })

  test.runIf(dialect === 'postgresql')('an index that is unique in its own way is refused', async () => {
    const unique = 'create table t (a text, b text); create unique index ix on t (a collate "C")'
    expect(await rejectionOf(madeInSqlite(fixture, unique))).toMatchObject({
      name: 'NotSupportedError',
      message: 'Index "ix" is unique in a way that postgresql alone has, and sqlite has not.',
    })
  })

  test.runIf(dialect === 'mysql')('a column that counts beside the key is refused where only a key can', async () => {
    const definition = 'create table t (code varchar(5) primary key, n int auto_increment, key (n))'
    expect(await rejectionOf(madeInSqlite(fixture, definition))).toMatchObject({
      name: 'NotSupportedError',
      message: 'Column t.n: SQLite counts in a key of one column alone, and the key of this table is another one.',
    })
  })
})
