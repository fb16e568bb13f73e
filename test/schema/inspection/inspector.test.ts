import { ArgumentError, type AsyncEngine, InvalidRequestError, ResourceClosedError } from 'offloop'
import { inspect } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDatabases, describeNeeding, rejectionOf } from '../../conformance/targets.ts'
import { statementsOf } from '../../orm/statements-of.ts'
import { dialectOf } from './databases.ts'

describeDatabases((fixture) => {
  const dialect = dialectOf(fixture)
  const tables = `create table album (id integer not null primary key, title varchar(100) not null);
    create table track (id integer not null primary key, album_id integer not null, position integer default 1, constraint album_fk foreign key (album_id) references album (id),
      constraint place unique (album_id, position));
    create view titles as select title from album`
  const open = async (): Promise<AsyncEngine> => {
    const engine = fixture.engine()
    await engine.script(tables)
    return engine
  }

  describe('lists', () => {
    test('are of tables and of views, in order', async () => {
      const inspector = inspect(await open())
      expect(await inspector.tables()).toEqual(['album', 'track'])
      expect(await inspector.tableNames()).toEqual(['album', 'track'])
      expect(await inspector.views()).toEqual(['titles'])
    })

    test('are empty where there is nothing', async () => {
      const inspector = inspect(fixture.engine())
      expect([
        await inspector.tables(),
        await inspector.views(),
        await inspector.triggers(),
        await inspector.enums(),
        await inspector.describe(),
      ]).toEqual([[], [], [], [], []])
    })

    test('of the schema that is named are the same', async () => {
      const inspector = inspect(await open())
      const schema = fixture.schemas.own
      expect([await inspector.tables(schema), await inspector.views(schema)]).toEqual([['album', 'track'], ['titles']])
      expect(await inspector.schemas()).toContain(schema)
    })
  })

  describe('hasTable', () => {
    test('sees tables and views', async () => {
      const inspector = inspect(await open())
      expect(await inspector.hasTable('album')).toBe(true)
      expect(await inspector.hasTable('titles')).toBe(true)
      expect(await inspector.hasTable('track', fixture.schemas.own)).toBe(true)
    })

    test('sees nothing else', async () => {
      const inspector = inspect(await open())
      for (const name of ['albums', '', "album' or 1=1 --", '%', 'album_fk', '😀']) expect(await inspector.hasTable(name), name).toBe(false)
      expect(await inspector.hasTable('album', fixture.schemas.other)).toBe(false)
      expect(await inspector.hasTable('album', 'no such schema')).toBe(false)
    })
  })

  describe('a table', () => {
    test('has its columns, its keys and its constraints', async () => {
      const inspector = inspect(await open())
      expect(
        (await inspector.columns('track')).map(({ name, typeInfo, nullable, default: text }) => [name, typeInfo.kind, nullable, text]),
      ).toEqual([
        ['id', 'integer', false, null],
        ['album_id', 'integer', false, null],
        ['position', 'integer', true, '1'],
      ])
      expect(await inspector.primaryKey('track')).toMatchObject({ columns: ['id'] })
      expect(await inspector.foreignKeys('track')).toMatchObject([
        {
          name: 'album_fk',
          columns: ['album_id'],
          referredTable: 'album',
          referredColumns: ['id'],
          onUpdate: dialect === 'mysql' ? 'restrict' : 'no action',
        },
      ])
      expect(await inspector.uniqueConstraints('track')).toMatchObject([{ name: 'place', columns: ['album_id', 'position'] }])
      expect(await inspector.tableOptions('track')).toMatchObject({ kind: 'table', temporary: false })
    })

    test('refers to another one by its schema only where it was asked for by its own', async () => {
      const inspector = inspect(await open())
      const { own } = fixture.schemas
      expect((await inspector.foreignKeys('track'))[0]).not.toHaveProperty('referredSchema')
      expect(await inspector.foreignKeys('track', own)).toMatchObject([{ referredTable: 'album', referredSchema: own }])
    })

    test('without anything has none of it', async () => {
      const engine = fixture.engine()
      await engine.execute('create table bare (a integer)')
      const inspector = inspect(engine)
      expect(await inspector.primaryKey('bare')).toMatchObject({ name: null, columns: [] })
      for (const of of ['foreignKeys', 'uniqueConstraints', 'indexes', 'checks', 'exclusionConstraints', 'triggers'] as const)
        expect(await inspector[of]('bare'), of).toEqual([])
      await expect(inspector.viewDefinition('bare')).rejects.toThrow('"bare" is a table: expected a view.')
    })
  })

  describe('an unknown name', () => {
    test('of a table is an error that names it and the nearest one', async () => {
      const inspector = inspect(await open())
      for (const of of [
        'columns',
        'primaryKey',
        'foreignKeys',
        'uniqueConstraints',
        'indexes',
        'checks',
        'triggers',
        'tableOptions',
        'viewDefinition',
      ] as const) {
        const error = await rejectionOf(inspector[of]('albun'))
        expect(error, of).toBeInstanceOf(InvalidRequestError)
        expect(error.message, of).toBe('There is no table or view "albun". Did you mean "album"?')
      }
      await expect(inspector.describe({ only: ['album', 'trak'] })).rejects.toThrow(
        'There is no table or view "trak". Did you mean "track"?',
      )
      await expect(inspector.columns('albun', fixture.schemas.own)).rejects.toThrow(
        `There is no table or view "albun" in the schema "${fixture.schemas.own}". Did you mean "album"?`,
      )
    })

    test('of a schema is an error', async () => {
      const inspector = inspect(await open())
      const schema = 'no such schema'
      const questions = [
        () => inspector.tables(schema),
        () => inspector.views(schema),
        () => inspector.describe({ schema }),
        () => inspector.columns('album', schema),
        () => inspector.triggers(undefined, schema),
        () => inspector.enums(schema),
      ]
      for (const ask of questions) expect((await rejectionOf(ask)).message).toBe('There is no schema "no such schema".')
    })

    test('that is none is refused', async () => {
      const inspector = inspect(await open())
      for (const name of ['a\0b', '\ud800', undefined, null, 1] as string[]) {
        expect(await rejectionOf(() => inspector.columns(name))).toBeInstanceOf(ArgumentError)
        expect(await rejectionOf(() => inspector.hasTable(name))).toBeInstanceOf(ArgumentError)
        expect(await rejectionOf(() => inspector.describe({ only: [name] }))).toBeInstanceOf(ArgumentError)
        if (name !== undefined) expect(await rejectionOf(() => inspector.tables(name))).toBeInstanceOf(ArgumentError)
      }
      await expect(inspector.columns('a\0b')).rejects.toThrow('A name must not contain a NUL character.')
    })
  })

  describe('names of any characters', () => {
    const names = [
      `it's "odd" \` [x] ]`,
      '%_\\',
      'select',
      'a\nb\tc',
      'a.b;c--d/*e*/',
      '?1 :a $1 @b',
      'naïve 日本',
      `"`,
      "'",
      '`',
      'x'.repeat(60),
    ]
    if (fixture.can.astralNames) names.push('😀 table')

    test('are those of tables, columns, keys and indexes', async () => {
      const engine = fixture.engine()
      const quote = (name: string) => engine.dialect.quoteIdentifier(name)
      const short = (name: string) => name.slice(0, 50)
      for (const name of names) {
        await engine.script(`create table ${quote(name)} (${quote(name)} integer not null primary key, ${quote(`${short(name)} 2`)} integer,
          constraint ${quote(`${short(name)} f`)} foreign key (${quote(`${short(name)} 2`)}) references ${quote(name)} (${quote(name)}));
          create index ${quote(`${short(name)} i`)} on ${quote(name)} (${quote(`${short(name)} 2`)}, ${quote(name)})`)
      }
      const inspector = inspect(engine)
      for (const name of names) {
        expect(await inspector.hasTable(name), name).toBe(true)
        expect((await inspector.columns(name)).map((column) => column.name)).toEqual([name, `${short(name)} 2`])
        expect(await inspector.primaryKey(name)).toMatchObject({ columns: [name] })
        expect(await inspector.foreignKeys(name)).toMatchObject([
          { name: `${short(name)} f`, columns: [`${short(name)} 2`], referredTable: name, referredColumns: [name] },
        ])
        expect(await inspector.indexes(name)).toMatchObject([{ name: `${short(name)} i`, columns: [`${short(name)} 2`, name] }])
      }
      expect((await inspector.describe()).map((table) => table.name).sort()).toEqual([...names].sort())
      expect((await inspector.describe({ only: names })).map((table) => table.name).sort()).toEqual([...names].sort())
    })
  })

  describe('describe', () => {
    test('gives the same as the questions one by one', async () => {
      const inspector = inspect(await open())
      for (const table of await inspector.describe({ views: true })) {
        const { name } = table
        expect(await inspector.columns(name)).toEqual(table.columns)
        expect(await inspector.primaryKey(name)).toEqual(table.primaryKey)
        expect(await inspector.foreignKeys(name)).toEqual(table.foreignKeys)
        expect(await inspector.uniqueConstraints(name)).toEqual(table.uniqueConstraints)
        expect(await inspector.indexes(name)).toEqual(table.indexes)
        expect(await inspector.checks(name)).toEqual(table.checks)
        expect(await inspector.tableOptions(name)).toEqual(table.options)
      }
    })

    test('is of the tables, of the views too, or of some of both', async () => {
      const inspector = inspect(await open())
      const names = async (options?: Parameters<typeof inspector.describe>[0]) =>
        (await inspector.describe(options)).map(({ name }) => name)
      expect(await names()).toEqual(['album', 'track'])
      expect(await names({ views: true })).toEqual(['album', 'titles', 'track'])
      expect(await names({ only: ['track', 'titles', 'track'] })).toEqual(['titles', 'track'])
      expect(await names({ only: [] })).toEqual([])
      expect(await names({ schema: fixture.schemas.own })).toEqual(['album', 'track'])
    })

    test('takes no more statements for many tables than for one', async () => {
      const engine = await open()
      for (let number = 0; number < 20; number += 1) await engine.execute(`create table more_${number} (a integer)`)
      // PostgreSQL is told not to compile a statement about many tables. MySQL, one for each kind of thing, is asked whether anything has changed.
      const [one, many] = { sqlite: [1, 1], postgresql: [1, 4], mysql: [11, 11] }[dialect] as [number, number]
      expect(firstRead(await statementsOf(() => inspect(engine).columns('album'))).length).toBeLessThanOrEqual(one)
      expect(firstRead(await statementsOf(() => inspect(engine).describe())).length).toBeLessThanOrEqual(many)
    })

    test('holds no promise to what comes later', async () => {
      const engine = await open()
      const inspector = inspect(engine)
      expect(await inspector.columns('album')).toHaveLength(2)
      await engine.execute('alter table album add column year integer')
      expect(await inspector.columns('album')).toHaveLength(3)
    })
  })

  describeNeeding(fixture, 'transactionalDdl', () => {
    test('a transaction sees its own tables, and nobody else does', async () => {
      const engine = await open()
      await using tx = await engine.begin()
      await tx.execute('create table mine (a integer)')
      expect(await inspect(tx).tables()).toEqual(['album', 'mine', 'track'])
      expect(await inspect(tx).columns('mine')).toMatchObject([{ name: 'a' }])
      if (fixture.can.snapshotsBesideWriters) expect(await inspect(engine).tables()).toEqual(['album', 'track'])
      await tx.rollback()
      expect(await inspect(engine).hasTable('mine')).toBe(false)
    })
  })

  test('a transaction stays usable whatever was asked for', async () => {
    const engine = await open()
    await engine.transaction(async (tx) => {
      await rejectionOf(inspect(tx).columns('nothing'))
      await rejectionOf(inspect(tx).tables('no such schema'))
      await tx.execute("insert into album (id, title) values (1, 'Tomorrow')")
    })
    expect(await engine.scalar('select count(*) from album')).toBe(1)
  })

  test('questions asked at once are answered each', async () => {
    await using connection = await (await open()).connect()
    const inspector = inspect(connection)
    const [columns, keys, views, tables] = await Promise.all([
      inspector.columns('album'),
      inspector.foreignKeys('track'),
      inspector.views(),
      inspector.describe(),
    ])
    expect([columns.length, keys.length, views.length, tables.length]).toEqual([2, 1, 1, 2])
  })

  test('an engine that reads integers as bigints is inspected all the same', async () => {
    const engine = fixture.engine({ integers: 'bigint' })
    await engine.script(tables)
    expect((await inspect(engine).columns('track')).map(({ position }) => position)).toEqual([1, 2, 3])
  })

  test('a closed connection answers nothing', async () => {
    const engine = await open()
    const connection = await engine.connect()
    await connection.close()
    await expect(inspect(connection).columns('album')).rejects.toThrow(ResourceClosedError)
    await engine.close()
    await expect(inspect(engine).tables()).rejects.toThrow(ResourceClosedError)
  })
})

/** MySQL is read again when anybody has changed a table of the server meanwhile, from its first statement on. */
function firstRead(statements: readonly string[]): readonly string[] {
  const again = statements.indexOf(statements[0] ?? '', 1)
  return again === -1 ? statements : statements.slice(0, again + 1)
}
