import { createEngine, InvalidRequestError } from 'offloop'
import { inspect } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDialect, describedBy, engineOf } from './databases.ts'

describeDialect('sqlite', (fixture) => {
  describe('columns', () => {
    test('have their declared type and what it means', async () => {
      const { columns } = await describedBy(
        fixture,
        'create table t (a varchar(20), b decimal(10, 2), c unsigned big int, d, e datetime, f boolean)',
      )
      expect(columns.map(({ name, type, typeInfo }) => [name, type, typeInfo])).toEqual([
        ['a', 'varchar(20)', { kind: 'string', name: 'varchar', length: 20, fixed: false }],
        ['b', 'decimal(10, 2)', { kind: 'numeric', name: 'decimal', precision: 10, scale: 2, unsigned: false }],
        ['c', 'unsigned big int', { kind: 'integer', name: 'unsigned big int', bits: 64, unsigned: true }],
        ['d', '', { kind: 'other', name: '' }],
        ['e', 'datetime', { kind: 'dateTime', name: 'datetime', precision: null, withTimeZone: false }],
        ['f', 'boolean', { kind: 'boolean', name: 'boolean' }],
      ])
    })

    test('are nullable where they can hold NULL', async () => {
      const nullable = async (definition: string) =>
        (await describedBy(fixture, `drop table if exists t; create table t ${definition}`)).columns.map((column) => column.nullable)
      expect(await nullable('(a integer primary key, b text not null, c text)')).toEqual([false, false, true])
      // As SQLite has it: https://www.sqlite.org/quirks.html#primary_keys_can_sometimes_contain_nulls
      expect(await nullable('(a text primary key)')).toEqual([true])
      expect(await nullable('(a text primary key) strict')).toEqual([false])
      expect(await nullable('(a text, b text, primary key (a, b)) without rowid')).toEqual([false, false])
    })

    test('have their default as an expression', async () => {
      const { columns } = await describedBy(
        fixture,
        `create table t (a default 5, b default 'it''s', c default (1 + 2), d default word, e default current_timestamp, f)`,
      )
      expect(columns.map((column) => column.default)).toEqual(['5', "'it''s'", '1 + 2', "'word'", 'current_timestamp', null])
    })

    test('have their collation where it is not BINARY', async () => {
      const { columns } = await describedBy(fixture, 'create table t (a text collate nocase, b text collate binary, c text)')
      expect(columns.map((column) => column.collation)).toEqual(['nocase', null, null])
    })

    test('are generated, virtual or stored', async () => {
      const { columns } = await describedBy(fixture, 'create table t (a int, b int as (a + 1), c int generated always as (a * 2) stored)')
      expect(columns.map((column) => column.generated)).toEqual([
        false,
        { expression: 'a + 1', stored: false },
        { expression: 'a * 2', stored: true },
      ])
    })

    test('that count are another name of the row', async () => {
      const counting = async (definition: string) => {
        const { columns, options } = await describedBy(fixture, `drop table if exists t; create table t ${definition}`)
        return [columns[0]?.autoIncrement, options.autoIncrement]
      }
      expect(await counting('(a integer primary key)')).toEqual([true, false])
      expect(await counting('(a integer primary key autoincrement)')).toEqual([true, true])
      expect(await counting('(a int primary key)')).toEqual([false, false])
      expect(await counting('(a integer primary key desc)')).toEqual([false, false])
      expect(await counting('(a integer primary key) without rowid')).toEqual([false, false])
      expect(await counting('(a integer, b integer, primary key (a, b))')).toEqual([false, false])
    })

    test('keep what their NOT NULL does on a conflict', async () => {
      const { columns } = await describedBy(fixture, 'create table t (a not null on conflict replace default 1, b not null)')
      expect(columns.map(({ notNullOnConflict }) => notNullOnConflict)).toEqual(['replace', null])
    })

    test('stay what they are after ALTER TABLE', async () => {
      const { columns, foreignKeys } = await describedBy(
        fixture,
        `create table p (id integer primary key); create table t (a int, z int, check (a > 0));
        alter table t add column b text collate nocase default 'x' not null; alter table t add column c references p;
        alter table t rename column a to "a b"; alter table t drop column z; alter table p rename to "p q"`,
      )
      expect(columns.map(({ name, default: expression, collation }) => [name, expression, collation])).toEqual([
        ['a b', null, null],
        ['b', "'x'", 'nocase'],
        ['c', null, null],
      ])
      expect(foreignKeys).toMatchObject([{ columns: ['c'], referredTable: 'p q', referredColumns: ['id'] }])
    })
  })

  describe('keys', () => {
    test('have the name and the order of their text', async () => {
      const { primaryKey } = await describedBy(
        fixture,
        'create table t (a, b, constraint "t key" primary key (b desc, a) on conflict replace)',
      )
      expect(primaryKey).toMatchObject({ name: 't key', columns: ['b', 'a'], onConflict: 'replace' })
      expect(primaryKey.members.map(({ descending }) => descending)).toEqual([true, false])
    })

    test('are empty where there is none', async () => {
      expect((await describedBy(fixture, 'create table t (a)')).primaryKey).toMatchObject({ name: null, columns: [], members: [] })
    })

    test('of STRICT tables and those WITHOUT ROWID are found like others', async () => {
      const { primaryKey, options } = await describedBy(fixture, 'create table t (a text, b int, primary key (a, b)) strict, without rowid')
      expect([primaryKey.columns, options.strict, options.withoutRowid]).toEqual([['a', 'b'], true, true])
    })
  })

  describe('foreign keys', () => {
    test('have their name, actions and deferral', async () => {
      const { foreignKeys } = await describedBy(
        fixture,
        `create table p (x, y, primary key (x, y));
        create table t (a, b, constraint fk foreign key (a, b) references p (x, y) on delete set null on update cascade match full deferrable initially deferred)`,
      )
      expect(foreignKeys).toEqual([
        {
          ...{
            name: 'fk',
            columns: ['a', 'b'],
            referredTable: 'p',
            referredColumns: ['x', 'y'],
            onDelete: 'set null',
            onUpdate: 'cascade',
          },
          ...{ match: 'full', deferrable: true, initially: 'deferred', onDeleteColumns: null, validated: true },
        },
      ])
    })

    test('without columns refer to the primary key', async () => {
      const { foreignKeys } = await describedBy(
        fixture,
        `create table p (x, y, z, primary key (y, x)); create table q (k integer primary key);
        create table t (a references q, b, c references nowhere, foreign key (a, b) references P)`,
      )
      expect(foreignKeys.map(({ referredTable, referredColumns }) => [referredTable, referredColumns])).toEqual([
        ['q', ['k']],
        ['nowhere', []],
        ['P', ['y', 'x']],
      ])
    })

    test('may be two to one table, to the table itself, and in a circle', async () => {
      const engine = await engineOf(
        fixture,
        `create table a (id integer primary key, b1 references b (id), b2 references b (id), self references a (id));
        create table b (id integer primary key, a references a (id))`,
      )
      const inspector = inspect(engine)
      expect((await inspector.foreignKeys('a')).map(({ columns, referredTable }) => [...columns, referredTable])).toEqual([
        ['b1', 'b'],
        ['b2', 'b'],
        ['self', 'a'],
      ])
      expect(await inspector.foreignKeys('b')).toMatchObject([{ columns: ['a'], referredTable: 'a' }])
    })
  })

  describe('unique constraints', () => {
    test('have the names of their text, and what their conflict does', async () => {
      const { uniqueConstraints, indexes } = await describedBy(
        fixture,
        'create table t (a unique, b constraint ub unique on conflict ignore, c, constraint uc unique (a, c collate nocase), unique (c))',
      )
      expect(uniqueConstraints.map(({ name, columns, onConflict }) => [name, columns, onConflict])).toEqual([
        [null, ['a'], null],
        ['ub', ['b'], 'ignore'],
        ['uc', ['a', 'c'], null],
        [null, ['c'], null],
      ])
      expect(uniqueConstraints[2]?.members.map(({ collation }) => collation)).toEqual([null, 'nocase'])
      expect(indexes).toEqual([])
    })

    test('that are the same are one', async () => {
      const { uniqueConstraints } = await describedBy(
        fixture,
        'create table t (a, b primary key, unique (a), constraint named unique (a), unique (b))',
      )
      expect(uniqueConstraints.map(({ name, columns }) => [name, columns])).toEqual([['named', ['a']]])
    })
  })

  describe('indexes', () => {
    test('are unique, partial, descending, of expressions, and by other collations', async () => {
      const { indexes } = await describedBy(
        fixture,
        `create table t (a, b text collate nocase, c);
        create unique index "i ""1""" on t (a, b) where a > 1 and b <> ')';
        create index i2 on t (c desc, lower(b), b collate binary, a + "c" desc)`,
      )
      expect(indexes.map(({ name, columns, unique, where }) => ({ name, columns, unique, where }))).toEqual([
        { name: 'i "1"', columns: ['a', 'b'], unique: true, where: "a > 1 and b <> ')'" },
        { name: 'i2', columns: ['c', 'b'], unique: false, where: null },
      ])
      const plain = { collation: null, nullsFirst: null, length: null, operatorClass: null }
      expect(indexes[1]?.members).toEqual([
        { ...plain, column: 'c', expression: null, descending: true },
        { ...plain, column: null, expression: 'lower(b)', descending: false },
        { ...plain, column: 'b', expression: null, descending: false, collation: 'binary' },
        { ...plain, column: null, expression: 'a + "c"', descending: true },
      ])
      expect(indexes[0]?.sql).toMatch(/^CREATE UNIQUE INDEX "i ""1""" on t/)
    })

    test.for([
      ['"desc"', null, false],
      ['desc desc', null, true],
      ['a + desc', 'a + desc', false],
      ['a + desc desc', 'a + desc', true],
      ['a + asc', 'a + asc', false],
      ['a + asc asc', 'a + asc', false],
      ['not asc', 'not asc', false],
      ['lower(a) collate nocase desc', 'lower(a) collate nocase', true],
      ["a || ', desc' desc", "a || ', desc'", true],
      ['max(a, b) asc', 'max(a, b)', false],
    ] as const)('of %s have that member', async ([member, expression, descending]) => {
      const { indexes } = await describedBy(fixture, `create table t (a, b, "desc", "asc"); create index i on t (${member}, b)`)
      expect(indexes[0]?.members[0]).toMatchObject({ column: expression === null ? 'desc' : null, expression, descending })
      expect(indexes[0]?.members[1]).toMatchObject({ column: 'b', descending: false })
    })
  })

  test('checks are those of columns and of the table, named or not', async () => {
    const { checks } = await describedBy(
      fixture,
      `create table t (a check (a > 0), b constraint "b ok" check (b <> ')'), check (a < b), constraint ab check (a + b < 10))`,
    )
    expect(checks.map(({ name, expression, column }) => [name, expression, column])).toEqual([
      [null, 'a > 0', 'a'],
      ['b ok', "b <> ')'", 'b'],
      [null, 'a < b', null],
      ['ab', 'a + b < 10', null],
    ])
  })

  describe('triggers', () => {
    const script = `create table t (a); create table u (a); create view v as select a from t;
      create trigger t1 after insert on T begin select 1; end; create trigger v1 instead of insert on v begin select 2; end`

    test('are those of a table or a view', async () => {
      const inspector = inspect(await engineOf(fixture, script))
      expect(await inspector.triggers('t')).toEqual([
        { name: 't1', table: 't', sql: expect.stringMatching(/^CREATE TRIGGER t1 after insert/) },
      ])
      expect(await inspector.triggers('v')).toMatchObject([{ name: 'v1', table: 'v' }])
      expect(await inspector.triggers('u')).toEqual([])
    })

    test('are those of all tables where none is named', async () => {
      const inspector = inspect(await engineOf(fixture, script))
      expect((await inspector.triggers()).map(({ name }) => name)).toEqual(['t1', 'v1'])
    })
  })

  describe('views', () => {
    test('have columns, a query and a text', async () => {
      const engine = await engineOf(
        fixture,
        'create table t (a int, b text); create view "v w" (x, y) as -- the query\n select a, b from t where a > 1',
      )
      const inspector = inspect(engine)
      expect(await inspector.views()).toEqual(['v w'])
      expect((await inspector.columns('v w')).map(({ name, type }) => [name, type])).toEqual([
        ['x', 'INT'],
        ['y', 'TEXT'],
      ])
      expect(await inspector.viewDefinition('v w')).toBe('select a, b from t where a > 1')
      expect(await inspector.tableOptions('v w')).toMatchObject({ kind: 'view', sql: expect.stringMatching(/^CREATE VIEW "v w"/) })
    })

    test('of what is gone are described as unreadable, and spoil nothing else', async () => {
      const engine = await engineOf(
        fixture,
        'create table gone (a); create table t (b); create view v as select a from gone; create view w as select b from t; drop table gone',
      )
      const inspector = inspect(engine)
      const tables = await inspector.describe({ views: true })
      expect(tables.map(({ name, columns, unreadable }) => [name, columns.length, unreadable])).toEqual([
        ['t', 1, null],
        ['v', 0, expect.stringContaining('gone')],
        ['w', 1, null],
      ])
      await expect(inspector.columns('v')).rejects.toThrow(InvalidRequestError)
      await expect(inspector.columns('v')).rejects.toThrow('"v" cannot be read: ')
      expect(await inspector.viewDefinition('v')).toBe('select a from gone')
    })
  })

  describe('virtual tables', () => {
    test('have the columns that they were made with, and hide their shadows', async () => {
      const engine = await engineOf(fixture, 'create virtual table f using fts5(title, body, tokenize = "porter"); create table t (a)')
      const inspector = inspect(engine)
      expect(await inspector.tables()).toEqual(['f', 't'])
      expect((await inspector.columns('f')).map(({ name }) => name)).toEqual(['title', 'body'])
      expect(await inspector.tableOptions('f')).toMatchObject({
        kind: 'virtual',
        sql: 'CREATE VIRTUAL TABLE f using fts5(title, body, tokenize = "porter")',
      })
      expect((await inspector.describe()).map(({ name }) => name)).toEqual(['f', 't'])
      expect(await inspector.tableOptions('f_data')).toMatchObject({ kind: 'shadow' })
    })
  })

  describe('schemas', () => {
    test('are main, temp once it is used, and what is attached', async () => {
      const engine = await engineOf(fixture, 'create table m (a)')
      await using connection = await engine.connect()
      const inspector = inspect(connection)
      expect(await inspector.schemas()).toEqual(['main'])
      await connection.script(`attach ':memory:' as "o'ther ""x"""; create temp table t (a)`)
      expect(await inspector.schemas()).toEqual(['main', 'temp', 'o\'ther "x"'])
    })

    test('that are attached have tables of their own', async () => {
      const engine = await engineOf(fixture, 'create table m (a)')
      await using connection = await engine.connect()
      await connection.script(`attach ':memory:' as "o'x"; create table "o'x".p (id integer primary key); create table "o'x".c (p references p);
        create index "o'x".i on c (p); create view "o'x".v as select 1 as one`)
      const inspector = inspect(connection)
      const schema = "O'X"
      expect([await inspector.tables(schema), await inspector.views(schema), await inspector.tables()]).toEqual([['c', 'p'], ['v'], ['m']])
      expect(await inspector.foreignKeys('c', schema)).toMatchObject([
        { referredTable: 'p', referredSchema: "o'x", referredColumns: ['id'] },
      ])
      expect(await inspector.indexes('c', schema)).toMatchObject([{ name: 'i', columns: ['p'] }])
      // What is attached has to be named.
      expect([await inspector.hasTable('c'), await inspector.hasTable('c', schema)]).toEqual([false, true])
      await expect(inspector.columns('c')).rejects.toThrow('There is no table or view "c".')
    })

    test('of temporary tables need no name, and hide the others', async () => {
      const engine = await engineOf(fixture, 'create table t (a); create table u (a)')
      await using connection = await engine.connect()
      await connection.script(
        'create temp table t (b int, c int); create temp table w (d int); create temp trigger g after insert on main.u begin select 1; end',
      )
      const inspector = inspect(connection)
      expect((await inspector.columns('t')).map(({ name }) => name)).toEqual(['b', 'c'])
      expect((await inspector.columns('t', 'main')).map(({ name }) => name)).toEqual(['a'])
      expect(await inspector.tableOptions('w')).toMatchObject({ kind: 'table', temporary: true })
      expect([await inspector.tables(), await inspector.tables('temp')]).toEqual([
        ['t', 'u'],
        ['t', 'w'],
      ])
      expect([await inspector.triggers('u'), await inspector.triggers(undefined, 'temp')]).toMatchObject([[], [{ name: 'g', table: 'u' }]])
    })
  })

  test('a column that another connection has added is seen at once', async () => {
    const engine = await engineOf(fixture, 'create table t (a)')
    await using other = createEngine(fixture.url)
    expect(await inspect(engine).columns('t')).toHaveLength(1)
    await other.script('alter table t add column b; create table u (a)')
    expect([(await inspect(engine).columns('t')).length, await inspect(engine).tables()]).toEqual([2, ['t', 'u']])
  })

  test('a file from a stranger is inspected like any other', async () => {
    await engineOf(fixture, 'create table t (a integer primary key, b as (a + 1)); create view v as select b from t')
    const inspector = inspect(fixture.engine({ untrusted: true }))
    expect((await inspector.describe({ views: true })).map(({ name, columns }) => [name, columns.length])).toEqual([
      ['t', 2],
      ['v', 1],
    ])
  })

  test("the database's own tables are described where they are named", async () => {
    const engine = await engineOf(fixture, 'create table t (a integer primary key autoincrement)')
    expect((await inspect(engine).columns('sqlite_sequence')).map(({ name }) => name)).toEqual(['name', 'seq'])
  })
})
