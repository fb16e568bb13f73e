import { InvalidRequestError } from 'offloop'
import { inspect } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDialect, describedBy, engineOf } from './databases.ts'

const plain = { expression: null, descending: false, collation: null, nullsFirst: null, length: null, operatorClass: null }

describeDialect('mysql', (fixture) => {
  describe('types', () => {
    test.for([
      ['int', 'int(11)', { kind: 'integer', name: 'int', bits: 32, unsigned: false }],
      ['bigint unsigned', 'bigint(20) unsigned', { kind: 'integer', name: 'bigint', bits: 64, unsigned: true }],
      ['mediumint', 'mediumint(9)', { kind: 'integer', name: 'mediumint', bits: 24, unsigned: false }],
      ['tinyint', 'tinyint(4)', { kind: 'integer', name: 'tinyint', bits: 8, unsigned: false }],
      ['tinyint unsigned', 'tinyint(3) unsigned', { kind: 'integer', name: 'tinyint', bits: 8, unsigned: true }],
      ['boolean', 'tinyint(1)', { kind: 'boolean', name: 'tinyint' }],
      ['year', 'year(4)', { kind: 'integer', name: 'year', bits: 16, unsigned: true }],
      ['float unsigned', 'float unsigned', { kind: 'float', name: 'float', bits: 32, unsigned: true }],
      ['double', 'double', { kind: 'float', name: 'double', bits: 64, unsigned: false }],
      [
        'decimal(10, 2) unsigned zerofill',
        'decimal(10,2) unsigned zerofill',
        { kind: 'numeric', name: 'decimal', precision: 10, scale: 2, unsigned: true },
      ],
      ['varchar(100)', 'varchar(100)', { kind: 'string', name: 'varchar', length: 100, fixed: false }],
      ['char(3)', 'char(3)', { kind: 'string', name: 'char', length: 3, fixed: true }],
      ['mediumtext', 'mediumtext', { kind: 'text', name: 'mediumtext' }],
      ['longtext', 'longtext', { kind: 'text', name: 'longtext' }],
      ['varbinary(16)', 'varbinary(16)', { kind: 'binary', name: 'varbinary', length: 16, fixed: false }],
      ['binary(16)', 'binary(16)', { kind: 'binary', name: 'binary', length: 16, fixed: true }],
      ['blob', 'blob', { kind: 'binary', name: 'blob', length: null, fixed: false }],
      ['bit(5)', 'bit(5)', { kind: 'bit', name: 'bit', length: 5, fixed: true }],
      ['date', 'date', { kind: 'date', name: 'date' }],
      ['time(2)', 'time(2)', { kind: 'time', name: 'time', precision: 2, withTimeZone: false }],
      ['datetime(3)', 'datetime(3)', { kind: 'dateTime', name: 'datetime', precision: 3, withTimeZone: false }],
      ['timestamp null', 'timestamp', { kind: 'dateTime', name: 'timestamp', precision: 0, withTimeZone: false }],
      ['point', 'point', { kind: 'other', name: 'point' }],
    ] as const)('%s is one', async ([declared, type, typeInfo]) => {
      const { columns } = await describedBy(fixture, `create table t (a ${declared})`)
      expect(columns).toMatchObject([{ type, typeInfo, enumValues: null }])
    })

    test('of enumerations and sets have their values', async () => {
      const { columns } = await describedBy(
        fixture,
        `create table t (a enum('x', 'it''s', 'a,b', '', 'c\\\\d', 'e"\\n(f)', 'é') default 'it''s', b set('r', 'g'))`,
      )
      const values = ['x', "it's", 'a,b', '', 'c\\d', 'e"\n(f)', 'é']
      expect(columns).toMatchObject([
        { typeInfo: { kind: 'enumeration', name: 'enum', values, typeName: null }, enumValues: values, default: "'it''s'" },
        { type: "set('r','g')", typeInfo: { kind: 'set', name: 'set', values: ['r', 'g'] }, enumValues: ['r', 'g'] },
      ])
    })

    test('of JSON are told by the check that MariaDB adds, which is no check of the table', async () => {
      const { columns, checks } = await describedBy(
        fixture,
        'create table t (a json, `b ``c` json not null, c longtext, d longtext check (json_valid(`d`) or d is null))',
      )
      expect(columns.map(({ typeInfo }) => typeInfo.kind)).toEqual(['json', 'json', 'text', 'text'])
      expect(columns.map(({ nullable, collation }) => [nullable, collation])).toEqual([
        [true, null],
        [false, null],
        [true, null],
        [true, null],
      ])
      expect(checks).toMatchObject([{ column: 'd', expression: 'json_valid(`d`) or `d` is null' }])
    })
  })

  describe('columns', () => {
    test('have defaults as expressions, and none where it is NULL', async () => {
      const { columns } = await describedBy(
        fixture,
        `create table t (a int default 5, b varchar(9) default 'it''s', c varchar(9) default null, d varchar(9) default 'NULL', e varchar(9) default (concat('x', 'y')),
          f datetime(3) default current_timestamp(3) on update current_timestamp(3), g int, h int not null, i decimal(4, 2) default 1.5)`,
      )
      expect(columns.map((column) => column.default)).toEqual([
        '5',
        "'it''s'",
        null,
        "'NULL'",
        "concat('x','y')",
        'current_timestamp(3)',
        null,
        null,
        '1.50',
      ])
      expect(columns.map((column) => column.onUpdate).filter((text) => text !== null)).toEqual(['current_timestamp(3)'])
    })

    test('are generated, virtual or stored', async () => {
      const { columns } = await describedBy(fixture, 'create table t (a int, b int as (a + 1), c int generated always as (a * 2) stored)')
      expect(columns.map((column) => [column.generated, column.default])).toEqual([
        [false, null],
        [{ expression: '`a` + 1', stored: false }, null],
        [{ expression: '`a` * 2', stored: true }, null],
      ])
    })

    test('count, hide, and have comments', async () => {
      const { columns, options } = await describedBy(
        fixture,
        `create table t (id int unsigned auto_increment primary key comment 'it''s', a int invisible, b int) comment 'all of "it"'`,
      )
      expect(columns.map(({ autoIncrement, hidden, comment, nullable }) => [autoIncrement, hidden, comment, nullable])).toEqual([
        [true, false, "it's", false],
        [false, true, null, true],
        [false, false, null, true],
      ])
      expect(options).toMatchObject({ autoIncrement: true, comment: 'all of "it"' })
    })

    test('have their collation where it is not that of the table', async () => {
      const { columns, options } = await describedBy(
        fixture,
        'create table t (a varchar(9) collate utf8mb4_bin, b varchar(9), c varchar(9) character set latin1, d int) engine Aria charset utf8mb4 collate utf8mb4_unicode_ci',
      )
      expect(columns.map(({ collation }) => collation)).toEqual(['utf8mb4_bin', null, 'latin1_swedish_ci', null])
      expect(options).toMatchObject({ engine: 'Aria', charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' })
    })
  })

  describe('keys and constraints', () => {
    test('have their columns in the order of the key', async () => {
      const { primaryKey, uniqueConstraints, indexes } = await describedBy(
        fixture,
        'create table t (a int, b int, c int, primary key (b, a), constraint u unique (c, a))',
      )
      expect(primaryKey).toMatchObject({ name: null, columns: ['b', 'a'] })
      expect(uniqueConstraints).toMatchObject([{ name: 'u', columns: ['c', 'a'] }])
      expect(indexes).toEqual([])
    })

    test('to other tables have their actions', async () => {
      const { foreignKeys, indexes } = await describedBy(
        fixture,
        `create table p (x int, y int, primary key (x, y)); create table t (a int, b int, self int, id int primary key,
          constraint f1 foreign key (a, b) references p (x, y) on delete cascade on update set null, constraint f2 foreign key (self) references t (id) on delete no action)`,
      )
      expect(foreignKeys).toEqual([
        {
          ...{
            name: 'f1',
            columns: ['a', 'b'],
            referredTable: 'p',
            referredColumns: ['x', 'y'],
            onDelete: 'cascade',
            onUpdate: 'set null',
          },
          ...{ match: 'simple', deferrable: false, initially: 'immediate', onDeleteColumns: null, validated: true },
        },
        expect.objectContaining({ name: 'f2', columns: ['self'], referredTable: 't', onDelete: 'no action', onUpdate: 'restrict' }),
      ])
      // The server makes an index for each.
      expect(indexes.map(({ name, columns }) => [name, columns])).toEqual([
        ['f1', ['a', 'b']],
        ['f2', ['self']],
      ])
    })

    test('to tables of another database name it', async () => {
      const other = `${fixture.schemas.own}_other`
      const engine = await engineOf(
        fixture,
        `create database ${other}; create table ${other}.p (id int primary key); create table t (a int, constraint f foreign key (a) references ${other}.p (id))`,
      )
      try {
        const inspector = inspect(engine)
        expect(await inspector.foreignKeys('t')).toMatchObject([{ referredTable: 'p', referredSchema: other }])
        expect([await inspector.hasTable('p'), await inspector.hasTable('p', other), await inspector.tables(other)]).toEqual([
          false,
          true,
          ['p'],
        ])
        expect(await inspector.columns('p', other)).toHaveLength(1)
        expect(await inspector.schemas()).toEqual(expect.arrayContaining([other, fixture.schemas.own]))
        expect(await inspector.schemas()).not.toContain('information_schema')
      } finally {
        await engine.script(`drop table t; drop database ${other}`)
      }
    })

    test('may be two to one table, and in a circle', async () => {
      const engine = await engineOf(
        fixture,
        `create table a (id int primary key, b1 int, b2 int); create table b (id int primary key, a int, constraint ba foreign key (a) references a (id));
        alter table a add constraint ab1 foreign key (b1) references b (id), add constraint ab2 foreign key (b2) references b (id)`,
      )
      expect((await inspect(engine).foreignKeys('a')).map(({ columns, referredTable }) => [...columns, referredTable])).toEqual([
        ['b1', 'b'],
        ['b2', 'b'],
      ])
      expect(await inspect(engine).foreignKeys('b')).toMatchObject([{ columns: ['a'], referredTable: 'a' }])
    })

    test('check rows at a column, without a name, or at the table', async () => {
      const { checks } = await describedBy(
        fixture,
        `create table t (a int check (a > 0), b varchar(9), constraint ab check (a <> 5 and b <> ')'), check (b <> 'x'))`,
      )
      expect(checks.map(({ name, expression, column }) => [name, expression, column])).toEqual([
        [null, '`a` > 0', 'a'],
        ['ab', "`a` <> 5 and `b` <> ')'", null],
        ['CONSTRAINT_1', "`b` <> 'x'", null],
      ])
    })
  })

  describe('indexes', () => {
    test('have prefixes, order, methods and comments', async () => {
      const { indexes, uniqueConstraints } = await describedBy(
        fixture,
        `create table t (a varchar(100), b text, c int, d point not null, key i1 (b(10), c desc) comment 'it''s', unique key i2 (a(5)), fulltext key i3 (a, b), spatial key i4 (d),
          key i5 (c) using btree)`,
      )
      expect(indexes.map(({ name, columns, unique, method, comment }) => ({ name, columns, unique, method, comment }))).toEqual([
        { name: 'i1', columns: ['b', 'c'], unique: false, method: 'btree', comment: "it's" },
        { name: 'i2', columns: ['a'], unique: true, method: 'btree', comment: null },
        { name: 'i3', columns: ['a', 'b'], unique: false, method: 'fulltext', comment: null },
        { name: 'i4', columns: ['d'], unique: false, method: 'spatial', comment: null },
        { name: 'i5', columns: ['c'], unique: false, method: 'btree', comment: null },
      ])
      expect(indexes.map(({ members }) => members)).toEqual([
        [
          { ...plain, column: 'b', length: 10 },
          { ...plain, column: 'c', descending: true },
        ],
        [{ ...plain, column: 'a', length: 5 }],
        [
          { ...plain, column: 'a' },
          { ...plain, column: 'b' },
        ],
        [{ ...plain, column: 'd' }],
        [{ ...plain, column: 'c' }],
      ])
      // What compares beginnings is no constraint on a column.
      expect(uniqueConstraints).toEqual([])
    })

    test('that are unique are constraints: the server makes no difference', async () => {
      const { indexes, uniqueConstraints } = await describedBy(fixture, 'create table t (a int, b int); create unique index u on t (a, b)')
      expect([indexes, uniqueConstraints.map(({ name, columns }) => [name, columns])]).toEqual([[], [['u', ['a', 'b']]]])
    })
  })

  test('views have columns, a query and a check', async () => {
    const engine = await engineOf(
      fixture,
      'create table t (a int, b varchar(9)); create view v (x, y) as select a, b from t where a > 1 with cascaded check option',
    )
    const inspector = inspect(engine)
    expect((await inspector.columns('v')).map(({ name, type }) => [name, type])).toEqual([
      ['x', 'int(11)'],
      ['y', 'varchar(9)'],
    ])
    expect(await inspector.viewDefinition('v')).toMatch(/^select .* where .*`a` > 1$/)
    const [view] = await inspector.describe({ only: ['v'] })
    expect(view).toMatchObject({
      options: { kind: 'view', comment: null, engine: null },
      view: { checkOption: 'cascaded' },
      unreadable: null,
    })
  })

  test('a view of what is gone is described as unreadable, and spoils nothing else', async () => {
    const engine = await engineOf(
      fixture,
      'create table gone (a int); create table t (b int); create view v as select a from gone; drop table gone',
    )
    const inspector = inspect(engine)
    expect(
      (await inspector.describe({ views: true })).map(({ name, columns, unreadable }) => [name, columns.length, unreadable === null]),
    ).toEqual([
      ['t', 1, true],
      ['v', 0, false],
    ])
    await expect(inspector.columns('v')).rejects.toThrow(InvalidRequestError)
  })

  test('triggers have their text', async () => {
    const engine = await engineOf(
      fixture,
      `create table t (a int); create table u (a int); create trigger \`it's\` before insert on t for each row set new.a = 1`,
    )
    const inspector = inspect(engine)
    const trigger = { name: "it's", table: 't', sql: "create trigger `it's` before insert on `t` for each row set new.a = 1" }
    expect([await inspector.triggers('t'), await inspector.triggers('u'), await inspector.triggers()]).toEqual([[trigger], [], [trigger]])
    await engine.script(`drop trigger \`it's\`; ${trigger.sql}`)
    expect(await inspector.triggers('t')).toEqual([trigger])
  })

  test('tables with partitions or a history have their whole text, and a sequence is no table', async () => {
    const engine = await engineOf(
      fixture,
      'create table p (id int primary key) partition by hash (id) partitions 3; create table h (id int) with system versioning; create sequence s; create table t (a int)',
    )
    const inspector = inspect(engine)
    expect(await inspector.tableOptions('p')).toMatchObject({
      kind: 'partitioned',
      sql: expect.stringContaining('PARTITION BY HASH (`id`)'),
    })
    expect(await inspector.tableOptions('h')).toMatchObject({ kind: 'table', sql: expect.stringContaining('WITH SYSTEM VERSIONING') })
    expect(await inspector.tableOptions('t')).toMatchObject({ kind: 'table', sql: null })
    expect([await inspector.tables(), await inspector.hasTable('s')]).toEqual([['h', 'p', 't'], false])
    await expect(inspector.columns('s')).rejects.toThrow('There is no table or view "s".')
  })

  test('names that differ in capitals or accents are different, as the server has it', async () => {
    const engine = await engineOf(fixture, 'create table t (a int, A2 int); create table é (b int)')
    const inspector = inspect(engine)
    const folds = (await engine.scalar('select @@lower_case_table_names')) !== 0
    expect([await inspector.hasTable('T'), await inspector.hasTable('e'), await inspector.hasTable('é ')]).toEqual([folds, false, false])
    await expect(inspector.columns('e')).rejects.toThrow('There is no table or view "e". Did you mean')
    if (!folds) await engine.script('create table T (c int)')
    expect((await inspector.columns('t')).map(({ name }) => name)).toEqual(['a', 'A2'])
    if (!folds)
      expect((await inspector.describe({ only: ['T', 't'] })).map(({ name, columns }) => [name, columns.length])).toEqual([
        ['T', 1],
        ['t', 2],
      ])
  })
})
