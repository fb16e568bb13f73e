import { inspect } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDialect, describedBy, engineOf } from './databases.ts'

const plain = { collation: null, nullsFirst: false, length: null, operatorClass: null, expression: null, descending: false }

describeDialect('postgresql', (fixture) => {
  /** The type of one column, declared so. */
  const typeOf = async (type: string, before = '') => {
    const { columns } = await describedBy(fixture, `${before}; create table t (a ${type})`)
    return columns[0]
  }

  describe('types', () => {
    test.for([
      ['smallint', 'smallint', { kind: 'integer', name: 'smallint', bits: 16, unsigned: false }],
      ['int8', 'bigint', { kind: 'integer', name: 'bigint', bits: 64, unsigned: false }],
      ['real', 'real', { kind: 'float', name: 'real', bits: 32, unsigned: false }],
      ['float', 'double precision', { kind: 'float', name: 'double precision', bits: 64, unsigned: false }],
      ['numeric', 'numeric', { kind: 'numeric', name: 'numeric', precision: null, scale: null, unsigned: false }],
      ['decimal(10, 2)', 'numeric(10,2)', { kind: 'numeric', name: 'numeric', precision: 10, scale: 2, unsigned: false }],
      ['numeric(1000, 1000)', 'numeric(1000,1000)', { kind: 'numeric', name: 'numeric', precision: 1000, scale: 1000, unsigned: false }],
      ['boolean', 'boolean', { kind: 'boolean', name: 'boolean' }],
      ['varchar', 'character varying', { kind: 'string', name: 'character varying', length: null, fixed: false }],
      ['varchar(100)', 'character varying(100)', { kind: 'string', name: 'character varying', length: 100, fixed: false }],
      ['char(3)', 'character(3)', { kind: 'string', name: 'character', length: 3, fixed: true }],
      ['text', 'text', { kind: 'text', name: 'text' }],
      ['bytea', 'bytea', { kind: 'binary', name: 'bytea', length: null, fixed: false }],
      ['bit(3)', 'bit(3)', { kind: 'bit', name: 'bit', length: 3, fixed: true }],
      ['varbit', 'bit varying', { kind: 'bit', name: 'bit varying', length: null, fixed: false }],
      ['date', 'date', { kind: 'date', name: 'date' }],
      ['time', 'time without time zone', { kind: 'time', name: 'time without time zone', precision: null, withTimeZone: false }],
      ['timetz(2)', 'time(2) with time zone', { kind: 'time', name: 'time with time zone', precision: 2, withTimeZone: true }],
      [
        'timestamp',
        'timestamp without time zone',
        { kind: 'dateTime', name: 'timestamp without time zone', precision: null, withTimeZone: false },
      ],
      [
        'timestamptz(0)',
        'timestamp(0) with time zone',
        { kind: 'dateTime', name: 'timestamp with time zone', precision: 0, withTimeZone: true },
      ],
      ['interval year to month', 'interval year to month', { kind: 'interval', name: 'interval' }],
      ['json', 'json', { kind: 'json', name: 'json', binary: false }],
      ['jsonb', 'jsonb', { kind: 'json', name: 'jsonb', binary: true }],
      ['uuid', 'uuid', { kind: 'uuid', name: 'uuid' }],
      ['inet', 'inet', { kind: 'other', name: 'inet' }],
      ['"char"', '"char"', { kind: 'other', name: '"char"' }],
      ['int4range', 'int4range', { kind: 'other', name: 'int4range' }],
    ] as const)('%s is one', async ([declared, type, typeInfo]) => {
      expect(await typeOf(declared)).toMatchObject({ type, typeInfo, domain: null, enumValues: null })
    })

    test('of arrays have the element and its dimensions', async () => {
      const element = { kind: 'string', name: 'character varying', length: 30, fixed: false }
      expect(await typeOf('varchar(30)[][]')).toMatchObject({
        type: 'character varying(30)[]',
        typeInfo: { kind: 'array', name: 'character varying[]', element, dimensions: 2 },
      })
    })

    test('of enumerations have the values in their order, a name and a schema', async () => {
      const values = ['sad', "it's ok", 'Happy']
      const column = await typeOf('"my Mood" default \'sad\'', `create type "my Mood" as enum ('sad', 'it''s ok', 'Happy')`)
      expect(column).toMatchObject({
        type: '"my Mood"',
        typeInfo: { kind: 'enumeration', name: '"my Mood"', values, typeName: 'my Mood', typeSchema: fixture.schemas.own },
        enumValues: values,
        default: `'sad'::"my Mood"`,
      })
    })

    test('of enumerations that have grown are in the order that they have now', async () => {
      const column = await typeOf('mood', `create type mood as enum ('a', 'c'); alter type mood add value 'b' before 'c'`)
      expect(column?.enumValues).toEqual(['a', 'b', 'c'])
    })

    test('of domains are those of their base', async () => {
      const column = await typeOf(
        'positive',
        'create domain number as numeric(6, 1); create domain positive as number not null check (value > 0)',
      )
      expect(column).toMatchObject({
        type: 'positive',
        typeInfo: { kind: 'numeric', precision: 6, scale: 1 },
        domain: { schema: fixture.schemas.own, name: 'positive' },
        nullable: false,
      })
      expect(
        (await describedBy(fixture, 'create domain list as integer[]; create table u (a list, b positive[])', 'u')).columns,
      ).toMatchObject([
        { typeInfo: { kind: 'array', element: { kind: 'integer' }, dimensions: 1 } },
        { typeInfo: { kind: 'array', element: { kind: 'numeric', precision: 6 }, dimensions: 1 } },
      ])
    })
  })

  describe('columns', () => {
    test('that are an identity know how, and what counts for them', async () => {
      const { columns } = await describedBy(
        fixture,
        'create table t (a bigint generated always as identity (start 5 increment 2 cycle), b int generated by default as identity, c int)',
      )
      expect(columns).toMatchObject([
        { identity: 'always', autoIncrement: true, default: null, nullable: false },
        { identity: 'by default', autoIncrement: true },
        { identity: null, autoIncrement: false, sequence: null },
      ])
      expect(columns[0]?.sequence).toEqual({
        ...{
          schema: fixture.schemas.own,
          name: 't_a_seq',
          start: 5n,
          increment: 2n,
          minimum: 1n,
          maximum: 2n ** 63n - 1n,
          cache: 1n,
          cycle: true,
        },
      })
    })

    test('that are serial count by a sequence that is their default', async () => {
      const { columns } = await describedBy(
        fixture,
        `create sequence other; create table t (a serial, b int default nextval('other'), c int); alter sequence other owned by t.c`,
      )
      expect(columns).toMatchObject([
        {
          autoIncrement: true,
          identity: null,
          default: "nextval('t_a_seq'::regclass)",
          sequence: { name: 't_a_seq', maximum: 2n ** 31n - 1n },
        },
        { autoIncrement: false, default: "nextval('other'::regclass)", sequence: null },
        { autoIncrement: false, default: null, sequence: null },
      ])
    })

    test('are generated', async () => {
      const { columns } = await describedBy(fixture, `create table t (a int, b int generated always as (a * 2 + 1) stored)`)
      expect(columns[1]).toMatchObject({ generated: { expression: '(a * 2) + 1', stored: true }, default: null })
      expect(columns[0]?.generated).toBe(false)
    })

    test('have defaults, collations and comments', async () => {
      const { columns, options } = await describedBy(
        fixture,
        `create table t (a text collate "C" default 'it''s', b text default null, c timestamptz default now()); comment on column t.a is 'it''s a'; comment on table t is 'all'`,
      )
      expect(columns.map((column) => [column.default, column.collation, column.comment])).toEqual([
        ["'it''s'::text", 'C', "it's a"],
        [null, null, null],
        ['now()', null, null],
      ])
      expect(options.comment).toBe('all')
    })

    test('that were dropped leave a gap', async () => {
      const { columns } = await describedBy(fixture, 'create table t (a int, b int, c int); alter table t drop column b')
      expect(columns.map(({ name, position }) => [name, position])).toEqual([
        ['a', 1],
        ['c', 3],
      ])
    })
  })

  describe('keys and constraints', () => {
    test('have their timing, what they include, and how they compare', async () => {
      const { primaryKey, uniqueConstraints, indexes } = await describedBy(
        fixture,
        `create table t (a int, b text collate "C", c int, constraint pk primary key (b, a) include (c) deferrable initially deferred,
          constraint u unique nulls not distinct (c, a))`,
      )
      expect(primaryKey).toEqual({
        ...{ name: 'pk', columns: ['b', 'a'], include: ['c'], deferrable: true, initially: 'deferred', onConflict: null },
        members: [
          { ...plain, column: 'b' },
          { ...plain, column: 'a' },
        ],
      })
      expect(uniqueConstraints).toMatchObject([{ name: 'u', columns: ['c', 'a'], nullsDistinct: false, deferrable: false, include: [] }])
      expect(indexes).toEqual([])
    })

    test('to other tables have actions, columns and timing', async () => {
      const { foreignKeys } = await describedBy(
        fixture,
        `create table p (x int, y int, primary key (x, y)); create table t (a int, b int, c int,
          constraint f1 foreign key (a, b) references p (x, y) match full on delete restrict on update cascade deferrable,
          constraint f2 foreign key (c, b) references p on delete set null (c) deferrable initially deferred not valid)`.replace(
          ' not valid',
          '',
        ),
      )
      expect(foreignKeys).toEqual([
        {
          ...{
            name: 'f1',
            columns: ['a', 'b'],
            referredTable: 'p',
            referredColumns: ['x', 'y'],
            onDelete: 'restrict',
            onUpdate: 'cascade',
          },
          ...{ match: 'full', deferrable: true, initially: 'immediate', onDeleteColumns: null, validated: true },
        },
        {
          ...{
            name: 'f2',
            columns: ['c', 'b'],
            referredTable: 'p',
            referredColumns: ['x', 'y'],
            onDelete: 'set null',
            onUpdate: 'no action',
          },
          ...{ match: 'simple', deferrable: true, initially: 'deferred', onDeleteColumns: ['c'], validated: true },
        },
      ])
    })

    test('may refer to the table itself, twice to one table, and in a circle', async () => {
      const engine = await engineOf(
        fixture,
        `create table a (id int primary key, b1 int, b2 int, self int references a); create table b (id int primary key, a int references a);
        alter table a add foreign key (b1) references b; alter table a add foreign key (b2) references b`,
      )
      expect((await inspect(engine).foreignKeys('a')).map(({ columns, referredTable }) => [...columns, referredTable])).toEqual([
        ['b1', 'b'],
        ['b2', 'b'],
        ['self', 'a'],
      ])
      expect(await inspect(engine).foreignKeys('b')).toMatchObject([{ columns: ['a'], referredTable: 'a', referredColumns: ['id'] }])
    })

    test('to a table outside the search path name its schema', async () => {
      const other = `${fixture.schemas.own}_other`
      const engine = await engineOf(
        fixture,
        `create schema "${other}"; create table "${other}".p (id int primary key); create table t (a int references "${other}".p)`,
      )
      try {
        expect(await inspect(engine).foreignKeys('t')).toMatchObject([{ referredTable: 'p', referredSchema: other }])
        expect(await inspect(engine).hasTable('p')).toBe(false)
        expect(await inspect(engine).columns('p', other)).toHaveLength(1)
        expect(await inspect(engine).schemas()).toEqual(expect.arrayContaining([other, fixture.schemas.own]))
      } finally {
        await engine.execute(`drop schema "${other}" cascade`)
      }
    })

    test('check rows, new ones alone, or not those of heirs', async () => {
      const { checks } = await describedBy(
        fixture,
        `create table t (a int check (a > 0), b text, constraint b check (b <> ')' or (a) in (1, 2)), constraint c check (a < 9) no inherit);
        alter table t add constraint d check (a <> 5) not valid`,
      )
      expect(checks).toEqual([
        {
          name: 'b',
          expression: `(b <> ')'::text) OR (a = ANY (ARRAY[1, 2]))`,
          column: null,
          validated: true,
          enforced: true,
          noInherit: false,
        },
        { name: 'c', expression: 'a < 9', column: null, validated: true, enforced: true, noInherit: true },
        { name: 'd', expression: 'a <> 5', column: null, validated: false, enforced: true, noInherit: false },
        { name: 't_a_check', expression: 'a > 0', column: null, validated: true, enforced: true, noInherit: false },
      ])
    })

    test('exclude rows', async () => {
      const { exclusionConstraints, indexes } = await describedBy(
        fixture,
        'create table t (during int4range, constraint x exclude using gist (during with &&))',
      )
      expect(exclusionConstraints).toEqual([{ name: 'x', definition: 'EXCLUDE USING gist (during WITH &&)' }])
      expect(indexes).toEqual([])
    })
  })

  describe('indexes', () => {
    test('have order, expressions, collations, classes, conditions and more columns', async () => {
      const { indexes } = await describedBy(
        fixture,
        `create table t (a int, b text, c text, d jsonb);
        create unique index i1 on t (lower(b) text_pattern_ops desc nulls last, a desc, c collate "C" nulls first) include (b) where a > 1 and b <> '(';
        create index i2 on t using gin (d jsonb_path_ops); create unique index i3 on t (a) nulls not distinct; comment on index i3 is 'third'`,
      )
      expect(
        indexes.map(({ name, columns, unique, where, method, include }) => ({ name, columns, unique, where, method, include })),
      ).toEqual([
        { name: 'i1', columns: ['a', 'c'], unique: true, where: `(a > 1) AND (b <> '('::text)`, method: 'btree', include: ['b'] },
        { name: 'i2', columns: ['d'], unique: false, where: null, method: 'gin', include: [] },
        { name: 'i3', columns: ['a'], unique: true, where: null, method: 'btree', include: [] },
      ])
      expect(indexes[0]?.members).toEqual([
        { ...plain, column: null, expression: 'lower(b)', descending: true, operatorClass: 'text_pattern_ops' },
        { ...plain, column: 'a', descending: true, nullsFirst: true },
        { ...plain, column: 'c', collation: 'C', nullsFirst: true },
      ])
      expect(indexes[1]?.members).toEqual([{ ...plain, column: 'd', nullsFirst: null, operatorClass: 'jsonb_path_ops' }])
      expect(indexes.map(({ nullsDistinct, comment }) => [nullsDistinct, comment])).toEqual([
        [true, null],
        [true, null],
        [false, 'third'],
      ])
      expect(indexes[2]?.sql).toBe(`CREATE UNIQUE INDEX i3 ON ${fixture.schemas.own}.t USING btree (a) NULLS NOT DISTINCT`)
    })
  })

  describe('tables', () => {
    test('that are partitioned, and their partitions', async () => {
      const engine = await engineOf(
        fixture,
        `create table p (id int, day date, primary key (id, day)) partition by range (day); create table p1 partition of p for values from ('2024-01-01') to ('2025-01-01');
        create table rest partition of p default; create table c (id int, day date, foreign key (id, day) references p)`,
      )
      const inspector = inspect(engine)
      const partitionOf = { schema: fixture.schemas.own, table: 'p' }
      expect(await inspector.tableOptions('p')).toMatchObject({ kind: 'partitioned', partitionBy: 'RANGE (day)', partitionOf: null })
      expect(await inspector.tableOptions('p1')).toMatchObject({
        kind: 'table',
        partitionOf: { ...partitionOf, bound: "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')" },
        inherits: [],
      })
      expect(await inspector.tableOptions('rest')).toMatchObject({ partitionOf: { ...partitionOf, bound: 'DEFAULT' } })
      // The server keeps a copy of the key for each partition.
      expect(await inspector.foreignKeys('c')).toMatchObject([{ name: 'c_id_day_fkey', referredTable: 'p' }])
    })

    test('that inherit have the columns of their parents', async () => {
      const { columns, options } = await describedBy(
        fixture,
        'create table p (a int); create table q (b int); create table t (c int) inherits (q, p)',
      )
      expect(columns.map(({ name }) => name)).toEqual(['b', 'a', 'c'])
      const { own: schema } = fixture.schemas
      expect(options.inherits).toEqual([
        { schema, table: 'q' },
        { schema, table: 'p' },
      ])
    })

    test('that are unlogged or temporary say so', async () => {
      const engine = await engineOf(fixture, 'create unlogged table u (a int)')
      await using connection = await engine.connect()
      await connection.execute('create temp table t (b int)')
      const inspector = inspect(connection)
      expect(await inspector.tableOptions('u')).toMatchObject({ unlogged: true, temporary: false })
      expect(await inspector.tableOptions('t')).toMatchObject({ unlogged: false, temporary: true })
      expect(await inspector.columns('t', 'pg_temp')).toMatchObject([{ name: 'b' }])
    })
  })

  test('views have columns, a query and a check', async () => {
    const engine = await engineOf(
      fixture,
      `create table t (a int, b text); create view v (x) as select a from t where a > 1 with local check option; create materialized view m as select b from t; create index i on m (b)`,
    )
    const inspector = inspect(engine)
    expect(await inspector.views()).toEqual(['m', 'v'])
    expect(await inspector.columns('v')).toMatchObject([{ name: 'x', type: 'integer' }])
    expect(await inspector.viewDefinition('v')).toMatch(/^SELECT (t\.)?a AS x\s+FROM t\s+WHERE \((t\.)?a > 1\)$/)
    const [materialized, view] = await inspector.describe({ only: ['m', 'v'] })
    expect(view).toMatchObject({ options: { kind: 'view' }, view: { checkOption: 'local' } })
    expect(materialized).toMatchObject({ options: { kind: 'materialized view' }, view: { checkOption: null }, indexes: [{ name: 'i' }] })
  })

  test('triggers have their text, and a partition has not those of its parent', async () => {
    const engine = await engineOf(
      fixture,
      `create table p (a int) partition by list (a); create table p1 partition of p for values in (1);
      create function f() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger "it's" before update of a on p for each row when (new.a > 1) execute function f()`,
    )
    const inspector = inspect(engine)
    expect(await inspector.triggers('p')).toEqual([
      {
        name: "it's",
        table: 'p',
        sql: `CREATE TRIGGER "it's" BEFORE UPDATE OF a ON ${fixture.schemas.own}.p FOR EACH ROW WHEN ((new.a > 1)) EXECUTE FUNCTION f()`,
      },
    ])
    expect(await inspector.triggers('p1')).toEqual([])
    expect(await inspector.triggers()).toHaveLength(1)
  })

  test('enumerations are listed', async () => {
    const inspector = inspect(
      await engineOf(fixture, `create type b as enum ('x'); create type a as enum ('z', 'y'); create type none as enum ()`),
    )
    const { own: schema } = fixture.schemas
    const enums = [
      { schema, name: 'a', values: ['z', 'y'] },
      { schema, name: 'b', values: ['x'] },
      { schema, name: 'none', values: [] },
    ]
    expect(await inspector.enums()).toEqual(enums)
    expect(await inspector.enums(schema)).toEqual(enums)
  })

  test('a transaction goes on as it was when all tables have been described in it', async () => {
    const engine = await engineOf(fixture, 'create table t (a int)')
    await engine.transaction(async (tx) => {
      const settings = () => tx.scalar("select current_setting('jit') || txid_current_if_assigned()::text")
      await tx.execute('create table u (b int)')
      const before = await settings()
      expect((await inspect(tx).describe()).map(({ name }) => name)).toEqual(['t', 'u'])
      expect(await settings()).toBe(before)
    })
    expect(await inspect(engine).tables()).toEqual(['t', 'u'])
  })

  test('a long name is cut as the server cuts it', async () => {
    const name = 'é'.repeat(40)
    const { name: found } = await describedBy(fixture, `create table "${name}" (a int)`, name)
    expect(found).toBe('é'.repeat(31))
  })
})
