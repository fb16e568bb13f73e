import { ArgumentError, sql } from 'offloop'
import {
  boolean,
  type Condition,
  checkConstraint,
  enumeration,
  foreignKeyConstraint,
  index,
  integer,
  MetaData,
  numeric,
  string,
  Table,
  text,
  uniqueConstraint,
} from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

describeDatabases((fixture) => {
  test('createAll creates in the order of the references, with indexes, and dropAll drops them', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    new Table('tracks', metadata, {
      id: integer({ primaryKey: true }),
      album: integer({ references: { column: 'albums.id', onDelete: 'cascade' } }),
      title: string(50, { index: true }),
    })
    const albums = new Table('albums', metadata, { id: integer({ primaryKey: true }), artist: integer({ references: 'artists.id' }) })
    const artists = new Table('artists', metadata, { id: integer({ primaryKey: true }), name: string(50) })
    await metadata.createAll(engine)
    expect(await engine.tableNames()).toEqual(['albums', 'artists', 'tracks'])
    await metadata.createAll(engine)
    await engine.execute(artists.insert().values({ id: 1 }))
    await engine.execute(albums.insert().values({ artist: 1 }))
    expect(await rejectionOf(engine.execute(albums.insert().values({ artist: 2 })))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    await metadata.dropAll(engine)
    expect(await engine.tableNames()).toEqual([])
    await metadata.dropAll(engine)
    expect(await rejectionOf(metadata.dropAll(engine, { checkFirst: false }))).toBeInstanceOf(Error)
  })

  test('tables that refer to each other are created and dropped, with rows in them', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const a = new Table('a', metadata, {
      id: integer({ primaryKey: true }),
      b: integer({ references: 'b.id' }),
      a: integer({ references: 'a.id' }),
    })
    const b = new Table('b', metadata, { id: integer({ primaryKey: true }), a: integer({ references: 'a.id' }) })
    await metadata.createAll(engine)
    await engine.execute(a.insert().values({ id: 1 }))
    await engine.execute(b.insert().values({ id: 1, a: 1 }))
    await engine.execute(a.update().set({ b: 1, a: 1 }))
    expect(await rejectionOf(engine.execute(b.insert().values({ a: 2 })))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    await metadata.dropAll(engine)
    expect(await engine.tableNames()).toEqual([])
  })

  test('two that create the same schema at once do not get in each other’s way', async () => {
    const make = () => {
      const metadata = new MetaData()
      new Table('a', metadata, { id: integer({ primaryKey: true }) })
      new Table('b', metadata, { id: integer({ primaryKey: true }), a: integer({ references: 'a.id' }) })
      return metadata
    }
    const first = fixture.engine()
    const second = fixture.target.storage === 'memory' ? first : fixture.engine()
    await Promise.all([make().createAll(first), make().createAll(second), make().createAll(first)])
    expect(await first.tableNames()).toEqual(['a', 'b'])
  })

  test('only the tables that are asked for are created', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    new Table('a', metadata, { id: integer({ primaryKey: true }) })
    const b = new Table('b', metadata, { id: integer({ primaryKey: true }) })
    await metadata.createAll(engine, { tables: ['a'] })
    expect(await engine.tableNames()).toEqual(['a'])
    await metadata.createAll(engine, { tables: [b] })
    expect(await engine.tableNames()).toEqual(['a', 'b'])
    expect((await rejectionOf(metadata.createAll(engine, { tables: ['c'] }))).message).toContain('has no table "c"')
    for (const misspelled of [{ table: ['a'] }, { checkfirst: false }] as never[]) {
      expect(await rejectionOf(metadata.createAll(engine, misspelled))).toBeInstanceOf(ArgumentError)
      expect(await rejectionOf(metadata.dropAll(engine, misspelled))).toBeInstanceOf(ArgumentError)
      expect(await rejectionOf(metadata.reflect(engine, misspelled))).toBeInstanceOf(ArgumentError)
    }
    expect(await engine.tableNames()).toEqual(['a', 'b'])
  })

  test('constraints hold, under the names of the convention', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData({
      namingConvention: {
        unique: 'uq_{table}_{columns}',
        foreignKey: 'fk_{table}_{columns}',
        index: 'ix_{table}_{columns}',
        check: 'ck_{table}',
        primaryKey: 'pk_{table}',
      },
    })
    const parents = new Table('parents', metadata, { a: integer({ primaryKey: true }), b: integer({ primaryKey: true }) })
    const table = new Table(
      'children',
      metadata,
      { id: integer({ primaryKey: true }), a: integer(), b: integer(), n: numeric(6, 2), name: string(20, { unique: true, index: true }) },
      {
        constraints: [
          foreignKeyConstraint(['a', 'b'], 'parents', ['a', 'b'], { onDelete: 'cascade' }),
          uniqueConstraint(['a', 'n']),
          checkConstraint(sql`n > 0`),
        ],
      },
    )
    await metadata.createAll(engine)
    await engine.execute(parents.insert().values({ a: 1, b: 2 }))
    await engine.execute(table.insert().values({ a: 1, b: 2, n: '1.50', name: 'x' }))
    for (const row of [{ name: 'x' }, { a: 1, b: 3 }, { n: -1 }, { a: 1, b: 2, n: '1.5' }]) {
      expect(await rejectionOf(engine.execute(table.insert().values(row))), JSON.stringify(row)).toMatchObject({
        code: 'OFFLOOP_INTEGRITY',
      })
    }
    await engine.execute(parents.delete())
    expect(await engine.execute(table.select()).fetchall()).toEqual([])
    const reflected = new MetaData()
    await reflected.reflect(engine)
    const found = reflected.tables.get('children')
    expect(found?.constraints.map(({ name }) => name).sort()).toEqual([
      'ck_children',
      'fk_children_a_b',
      'uq_children_a_n',
      'uq_children_name',
    ])
    expect(found?.indexes.map(({ name }) => name)).toEqual(['ix_children_name'])
  })

  test('indexes: unique, of expressions, of part of the rows, where the database has them', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const mysql = engine.dialect.name === 'mysql'
    const table = new Table(
      't',
      metadata,
      { id: integer({ primaryKey: true }), name: string(20), live: boolean() },
      {
        indexes: [
          index('by_name_live', ['name', 'live'], { unique: true }),
          ...(mysql ? [] : [index('lower_name', [sql`lower(name)`], { unique: true, where: sql`name is not null` })]),
        ],
      },
    )
    await metadata.createAll(engine)
    await engine.execute(table.insert().values({ name: 'a', live: true }))
    expect(await rejectionOf(engine.execute(table.insert().values({ name: 'a', live: true })))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    if (mysql) return
    expect(await rejectionOf(engine.execute(table.insert().values({ name: 'A' })))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
  })

  test('an enumeration keeps other values out, with a type of its own or without', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = new Table('t', metadata, {
      id: integer({ primaryKey: true }),
      size: enumeration(['s', "it's"]),
      mood: enumeration(['good', 'bad'], { name: 'mood' }),
    })
    await metadata.createAll(engine)
    await engine.execute(table.insert().values({ size: "it's", mood: 'good' }))
    expect(await rejectionOf(engine.execute("insert into t (size) values ('xl')"))).toBeInstanceOf(Error)
    expect(await rejectionOf(engine.execute("insert into t (mood) values ('awful')"))).toBeInstanceOf(Error)
    const reflected = new MetaData()
    await reflected.reflect(engine)
    expect(await engine.execute(reflected.tables.get('t')?.select() as never).fetchall()).toEqual([{ id: 1, size: "it's", mood: 'good' }])
    expect(reflected.tables.get('t')?.c['mood']?.type.kind).toBe('enumeration')
    expect(reflected.tables.get('t')?.c['size']?.type.kind).toBe('enumeration')
    await metadata.dropAll(engine)
    await metadata.createAll(engine)
  })

  test('an enumeration is ordered by its list where the database has a type for it, and as texts elsewhere', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const sizes = ['small', 'large', 'huge'] as const
    const columns = { id: integer({ primaryKey: true }), plain: enumeration(sizes), named: enumeration(sizes, { name: 'size' }) }
    const table = new Table('t', metadata, columns)
    await metadata.createAll(engine)
    await engine.executeMany(
      table.insert(),
      sizes.map((size) => ({ plain: size, named: size })),
    )
    const ordered = async (by: 'plain' | 'named') => (await engine.execute(table.select().orderBy(by)).fetchall()).map((row) => row[by])
    const asTexts = ['huge', 'large', 'small']
    expect(await ordered('plain')).toEqual(fixture.can.dialect === 'mysql' ? sizes : asTexts)
    expect(await ordered('named')).toEqual(fixture.can.dialect === 'sqlite' ? asTexts : sizes)
    await metadata.dropAll(engine)
  })

  test('parts of texts are looked for in an enumeration too, with a type of its own or without', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const moods = ['good', 'Bad'] as const
    const columns = { id: integer({ primaryKey: true }), plain: enumeration(moods), named: enumeration(moods, { name: 'mood' }) }
    const table = new Table('t', metadata, columns)
    await metadata.createAll(engine)
    await engine.executeMany(
      table.insert(),
      moods.map((mood) => ({ plain: mood, named: mood })),
    )
    for (const column of [table.c.plain, table.c.named]) {
      const found = async (condition: Condition) => (await engine.execute(table.select(condition)).fetchall()).map(({ id }) => id)
      expect(await found(column.like('g%'))).toEqual([1])
      expect(await found(column.ilike('bAD'))).toEqual([2])
      expect(await found(column.startsWith('B'))).toEqual([2])
      expect(await found(column.endsWith('d'))).toEqual([1, 2])
      expect(await found(column.contains('oo'))).toEqual([1])
    }
    await metadata.dropAll(engine)
  })

  test('a reflected view is a table that is created again as a view', async () => {
    const engine = fixture.engine()
    await engine.script(
      "create table t (id integer primary key, name varchar(20)); create view v as select id, name from t where name = 'x'",
    )
    const metadata = new MetaData()
    await metadata.reflect(engine, { views: true })
    expect([...metadata.tables.keys()].sort()).toEqual(['t', 'v'])
    await metadata.dropAll(engine)
    expect(await engine.hasTable('v')).toBe(false)
    await metadata.createAll(engine)
    await engine.script("insert into t (id, name) values (1, 'x'); insert into t (id, name) values (2, 'y')")
    expect(await engine.execute(metadata.tables.get('v')?.select() as never).fetchall()).toEqual([{ id: 1, name: 'x' }])
    expect((await rejectionOf(new MetaData().reflect(engine, { only: ['nowhere'] }))).message).toContain('nowhere')
  })

  test('reflected types convert as the defined ones do', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = new Table('t', metadata, {
      id: integer({ primaryKey: true }),
      ok: boolean(),
      n: numeric(10, 2),
      w: numeric(30, 5),
      note: text(),
    })
    await metadata.createAll(engine)
    await engine.execute(table.insert().values({ ok: true, n: '1.50', w: '12345678901234567890.5', note: 'x' }))
    const reflected = new MetaData()
    await reflected.reflect(engine, { only: ['t'] })
    const found = reflected.tables.get('t')
    expect(await engine.execute(found?.select() as never).one()).toEqual({
      id: 1,
      ok: true,
      n: '1.50',
      w: '12345678901234567890.50000',
      note: 'x',
    })
    await engine.execute(found?.insert().values({ ok: false }) as never)
    expect(await engine.scalar('select count(*) from t')).toBe(2)
  })
})
