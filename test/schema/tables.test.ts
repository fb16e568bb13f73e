import { sql } from 'offloop'
import {
  bigInteger,
  boolean,
  checkConstraint,
  createTable,
  date,
  dateTime,
  dropTable,
  foreignKeyConstraint,
  index,
  integer,
  MetaData,
  primaryKeyConstraint,
  string,
  Table,
  text,
  uniqueConstraint,
} from 'offloop/schema'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

function users(metadata = new MetaData()) {
  return new Table('users', metadata, { id: integer({ primaryKey: true }), name: string(50, { nullable: false }), note: text() })
}

describeDatabases((fixture) => {
  test('an alias is joined, and its columns have their types', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const authors = new Table('authors', metadata, {
      id: integer({ primaryKey: true }),
      name: string(50, { nullable: false }),
      born: date(),
    })
    const books = new Table('books', metadata, {
      id: integer({ primaryKey: true }),
      author_id: integer({ references: 'authors.id' }),
      sold: boolean({ nullable: false, default: true }),
    })
    await metadata.createAll(engine)
    await engine.execute(authors.insert().values({ name: 'Ada', born: '1815-12-10' }))
    await engine.execute(books.insert().values([{ author_id: 1 }, { sold: false }]))
    const [a, other] = [authors.alias('a'), books.alias('other')]

    const inner = books.select(a.c.born.lt('1900-01-01')).innerJoin(a, 'a.id', 'books.author_id').select(['a.name', 'a.born'])
    const [book] = await engine.execute(inner).fetchall()
    expectTypeOf(book).toEqualTypeOf<
      { id: number; author_id: number | null; sold: boolean; name: string; born: string | null } | undefined
    >()
    expect(book).toEqual({ id: 1, author_id: 1, sold: true, name: 'Ada', born: '1815-12-10' })

    const left = books.select().leftJoin(a, (join) => join.onRef('a.id', '=', 'books.author_id').on('a.name', '=', 'Ada'))
    const named = await engine.execute(left.clearSelect().select(['books.sold', 'a.name']).orderBy('books.id')).fetchall()
    expectTypeOf(named).toEqualTypeOf<{ sold: boolean; name: string | null }[]>()
    expect(named).toEqual([
      { sold: true, name: 'Ada' },
      { sold: false, name: null },
    ])

    const same = other.select(other.c.sold.eq(false)).innerJoin(books.alias('b'), 'b.id', 'other.id').select('b.sold as again')
    expect(await engine.execute(same).fetchall()).toEqual([{ id: 2, author_id: null, sold: false, again: false }])
    // @ts-expect-error no such column of the other table
    books.select().innerJoin(a, 'a.idd', 'books.author_id')
  })

  test('a row is claimed by the same statement everywhere: SQLite, which has locked all of it, hears of no FOR UPDATE', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const jobs = users(metadata)
    await metadata.createAll(engine)
    await engine.execute(jobs.insert().values([{ name: 'a' }, { name: 'b' }]))
    const next = () => jobs.select(jobs.c.note.eq(null)).orderBy('id').limit(1).forUpdate()
    const claim = () =>
      engine.transaction(async (tx) => {
        const job = await tx.execute(next()).first()
        if (job !== null) await tx.execute(jobs.update().set({ note: 'taken' }).where(jobs.c.id.eq(job.id)))
        return job?.name
      })
    expect((await Promise.all([claim(), claim(), claim()])).sort()).toEqual(['a', 'b', undefined])
  })

  test('a key of 0 is stored as such, or refused where the database would count it', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = users(metadata)
    await metadata.createAll(engine)
    const keys = () => engine.execute('select id from users order by id').scalars()
    const row = { id: 0, name: 'nobody' }
    if (engine.dialect.countsZero) {
      const refused = 'RangeError: Column users.id: MySQL counts a key of 0 itself, expected another number, or none'
      expect(String(await rejectionOf(() => engine.execute(table.insert().values(row))))).toContain(refused)
      expect(String(await rejectionOf(() => engine.executeMany(table.insert(), [{ id: 5, name: 'b' }, row])))).toContain(refused)
      expect(await keys()).toEqual([])
    } else {
      await engine.execute(table.insert().values(row))
      expect(await keys()).toEqual([0])
    }
  })

  test('an empty list has nothing in it, by the words of the builder too', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = users(metadata)
    await metadata.createAll(engine)
    await engine.execute(table.insert().values([{ name: 'a' }, { name: 'b', note: 'n' }]))
    const count = async (query: ReturnType<typeof table.select>) => (await engine.execute(query).fetchall()).length
    expect(await count(table.select().where('note', 'in', []))).toBe(0)
    expect(await count(table.select().where('note', 'not in', []))).toBe(2)
    expect(await count(table.select().where((eb) => eb.or([eb('id', 'in', []), eb('name', '=', 'a')])))).toBe(1)
    expect((await engine.execute(table.delete().where('id', 'in', []))).rowcount).toBe(0)
  })

  test('a statement that says nothing to write is refused before it is sent', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = users(metadata)
    await metadata.createAll(engine)
    const refusal = async (statement: () => PromiseLike<unknown>) => String(await rejectionOf(statement()))
    const nothing = 'The update of table "users" changes nothing: set() takes a column that is not undefined, or more.'
    expect(await refusal(() => engine.execute(table.update()))).toContain(nothing)
    expect(await refusal(() => engine.execute(table.update().set({})))).toContain(nothing)
    expect(await refusal(() => engine.execute(table.update().set({ note: undefined })))).toContain(nothing)
    expect(await refusal(() => engine.execute(table.insert()))).toContain('The insert into table "users" has no rows: give it values()')
  })

  test('a table is created, written, read and dropped', async () => {
    const engine = fixture.engine()
    const table = users()
    await engine.execute(createTable(table))
    expect(await engine.hasTable('users')).toBe(true)
    const result = await engine.execute(table.insert().values({ name: 'Ada' }))
    expect(result.returnsRows).toBe(false)
    expect(result.rowcount).toBe(1)
    expect(result.insertedPrimaryKey).toEqual([1])
    await engine.execute(table.insert().values([{ name: 'Dan' }, { name: 'Dora', note: 'x' }]))
    const rows = await engine.execute(table.select(table.c.name.startsWith('D')).orderBy('id')).fetchall()
    expect(rows).toEqual([
      { id: 2, name: 'Dan', note: null },
      { id: 3, name: 'Dora', note: 'x' },
    ])
    expect((await engine.execute(table.update().set({ note: 'y' }).where(table.c.id.gt(1)))).rowcount).toBe(2)
    expect((await engine.execute(table.delete().where('name', '=', 'Dan'))).rowcount).toBe(1)
    expect(await engine.scalar('select count(*) from users')).toBe(2)
    await engine.execute(dropTable(table))
    expect(await engine.hasTable('users')).toBe(false)
  })

  test('one row, one value and a stream of a statement have the types of their columns', async () => {
    const engine = fixture.engine()
    const at = new Date('2024-02-29T12:30:15.123Z')
    const table = new Table('t', new MetaData(), { done: boolean(), at: dateTime(), id: integer({ primaryKey: true }) })
    await engine.execute(createTable(table))
    await engine.executeMany(
      table.insert(),
      [1, 2, 3].map((id) => ({ id, at, done: id !== 2 })),
    )
    const all = table.select().orderBy('id')
    const none = table.select(table.c.id.eq(9))
    expect(await engine.execute(all).first()).toEqual({ done: true, at, id: 1 })
    expect(await engine.scalar(all)).toBe(true)
    expect(await engine.execute(all).scalars()).toEqual([true, false, true])
    expect([await engine.execute(none).first(), await engine.scalar(none)]).toEqual([null, null])
    const streamed: unknown[] = []
    for await (const row of engine.stream(all)) streamed.push(row)
    expect(streamed).toEqual([1, 2, 3].map((id) => ({ done: id !== 2, at, id })))
  })

  test('a key that is given is kept, and is the inserted key', async () => {
    const engine = fixture.engine()
    const table = new Table('t', new MetaData(), { id: bigInteger({ primaryKey: true }), n: integer() })
    await engine.execute(createTable(table))
    expect((await engine.execute(table.insert().values({ id: 2n ** 53n + 1n, n: 1 }))).insertedPrimaryKey).toEqual([2n ** 53n + 1n])
    expect(await engine.execute(table.select()).one()).toEqual({ id: 2n ** 53n + 1n, n: 1 })
    expect(await engine.execute(table.select(), [], { rowMode: 'array' }).one()).toEqual([2n ** 53n + 1n, 1])
  })

  test('a composite key is the inserted key, in its order', async () => {
    const engine = fixture.engine()
    const table = new Table('pairs', new MetaData(), { a: string(5, { primaryKey: true }), b: integer({ primaryKey: true }), n: integer() })
    await engine.execute(createTable(table))
    expect((await engine.execute(table.insert().values({ b: 2, a: 'x' }))).insertedPrimaryKey).toEqual(['x', 2])
    expect(await rejectionOf(engine.execute(table.insert().values({ b: 2, a: 'x' })))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
  })

  test('a key that the database makes up is the inserted key, where it can be told', async () => {
    const engine = fixture.engine()
    const { name } = engine.dialect
    const made = new Table('t', new MetaData(), {
      id: string(40, { primaryKey: true, serverDefault: name === 'mysql' ? sql`concat('k', 1)` : sql`'k' || 1` }),
      n: integer(),
    })
    await engine.execute(createTable(made))
    const result = await engine.execute(made.insert().values({ n: 1 }), [], { rowMode: 'array' })
    expect(result.insertedPrimaryKey).toEqual([name === 'mysql' ? null : 'k1'])
    expect([result.returnsRows, result.rowcount, result.columns]).toEqual([false, 1, []])
    expect(await rejectionOf(result.fetchall())).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
    const nothing = await engine.execute(
      made
        .insert()
        .values({ id: 'k1' })
        .onConflict({ target: ['id'] }),
    )
    // To MySQL a row that was set to what it is has been found.
    expect(nothing.rowcount).toBe(name === 'mysql' ? 1 : 0)
    expect(nothing.insertedPrimaryKey).toEqual(['k1'])
  })

  test('several rows have no inserted key, and neither has an update', async () => {
    const engine = fixture.engine()
    const table = users()
    await engine.execute(createTable(table))
    const many = await engine.execute(table.insert().values([{ name: 'a' }, { name: 'b' }]))
    expect(() => many.insertedPrimaryKey).toThrow(/insertedPrimaryKey/)
    const update = await engine.execute(table.update().set({ name: 'c' }))
    expect(() => update.insertedPrimaryKey).toThrow(/insertedPrimaryKey/)
  })

  test('defaults are stored where a row names no value, and are asked for once a row', async () => {
    const engine = fixture.engine()
    let calls = 0
    const table = new Table('t', new MetaData(), {
      id: integer({ primaryKey: true }),
      a: integer({ default: 7 }),
      b: integer({ default: () => ++calls }),
      c: integer({ serverDefault: sql`40 + 2` }),
      d: integer({ onUpdate: () => 99 }),
    })
    await engine.execute(createTable(table))
    await engine.execute(table.insert().values([{ a: 1 }, { b: 5 }, { c: 6 }]))
    await engine.execute(table.insert().values({}))
    const rows = await engine.execute(table.select().orderBy('id')).fetchall()
    expect(rows).toEqual([
      { id: 1, a: 1, b: 1, c: 42, d: null },
      { id: 2, a: 7, b: 5, c: 42, d: null },
      { id: 3, a: 7, b: 2, c: 6, d: null },
      { id: 4, a: 7, b: 3, c: 42, d: null },
    ])
    await engine.execute(table.update().set({ a: 0 }).where('id', '=', 1))
    expect(await engine.execute(table.select(table.c.id.eq(1))).one()).toMatchObject({ a: 0, d: 99 })
  })

  test('a row without any value is one of defaults', async () => {
    const engine = fixture.engine()
    const table = new Table('t', new MetaData(), { id: integer({ primaryKey: true }), n: integer() })
    await engine.execute(createTable(table))
    expect((await engine.execute(table.insert().values({}))).insertedPrimaryKey).toEqual([1])
    expect(await engine.execute(table.select()).fetchall()).toEqual([{ id: 1, n: null }])
  })

  test('executeMany takes rows by column name', async () => {
    const engine = fixture.engine()
    const table = users()
    await engine.execute(createTable(table))
    const rows = Array.from({ length: 300 }, (_, index) => ({ name: `user ${index}`, note: index % 2 === 0 ? null : 'odd' }))
    expect(await engine.executeMany(table.insert(), rows)).toEqual({ rowcount: 300 })
    expect(await engine.scalar("select count(*) from users where note = 'odd'")).toBe(150)
    expect(await engine.executeMany(table.insert(), [])).toEqual({ rowcount: 0 })
    const stray = await rejectionOf(engine.executeMany(table.insert(), [{ name: 'a' }, { name: 'b', note: 'c' }] as { name: string }[]))
    expect(stray.message).toContain('"note"')
    expect((await rejectionOf(engine.executeMany(table.insert(), [{ nam: 'a' }]))).message).toContain('Did you mean "name"?')
    expect((await rejectionOf(engine.executeMany(table.insert().values({ name: 'a' }), [{ name: 'a' }]))).message).toContain(
      'without values()',
    )
    expect(await engine.scalar('select count(*) from users')).toBe(300)
    let closed = 0
    function* strayRows(): Generator<{ name: string }> {
      try {
        yield { nam: 'a' } as unknown as { name: string }
        yield { name: 'b' }
      } finally {
        closed += 1
      }
    }
    await rejectionOf(engine.executeMany(table.insert(), strayRows()))
    expect(closed).toBe(1)
  })

  test('an upsert updates the row that is there, or leaves it', async () => {
    const engine = fixture.engine()
    const table = new Table('t', new MetaData(), {
      id: integer({ primaryKey: true }),
      name: string(20, { nullable: false, unique: true }),
      n: integer(),
    })
    await engine.execute(createTable(table))
    await engine.execute(table.insert().values({ name: 'a', n: 1 }))
    await engine.execute(table.insert().values({ name: 'b', n: 1 }))
    await engine.execute(
      table
        .insert()
        .values({ name: 'a', n: 2 })
        .onConflict({ target: ['name'] }),
    )
    expect(await engine.scalar("select n from t where name = 'a'")).toBe(1)
    const updated = await engine.execute(
      table
        .insert()
        .values({ name: 'a', n: 2 })
        .onConflict({ target: ['name'], set: { n: sql`excluded.n` } }),
    )
    expect(updated.insertedPrimaryKey).toEqual([1])
    expect(await engine.scalar("select n from t where name = 'a'")).toBe(2)
    await engine.execute(
      table
        .insert()
        .values({ name: 'a', n: 9 })
        .onConflict({ target: ['name'], set: { n: 3 } }),
    )
    expect(await engine.scalar("select n from t where name = 'a'")).toBe(3)
    await engine.executeMany(table.insert().onConflict({ target: ['name'], set: { n: sql`excluded.n` } }), [
      { name: 'a', n: 10 },
      { name: 'c', n: 11 },
    ])
    expect(await engine.execute('select name, n from t order by name').fetchall()).toEqual([
      { name: 'a', n: 10 },
      { name: 'b', n: 1 },
      { name: 'c', n: 11 },
    ])
  })

  test('RETURNING gives typed rows, where the database has it', async () => {
    const engine = fixture.engine()
    const table = users()
    await engine.execute(createTable(table))
    const insert = table
      .insert()
      .values([{ name: 'a' }, { name: 'b' }])
      .returning('id', 'name')
    if (!engine.dialect.returning) return
    expect(await engine.execute(insert).fetchall()).toEqual([
      { id: 1, name: 'a' },
      { id: 2, name: 'b' },
    ])
    expect(await engine.execute(table.insert().values({ name: 'c' }).returningAll()).one()).toEqual({ id: 3, name: 'c', note: null })
    expect(await engine.execute(table.insert().values({ name: 'd' }).returning(['name'])).one()).toEqual({ name: 'd' })
    expect(await engine.execute(table.delete().returning('name').where('id', '=', 1)).one()).toEqual({ name: 'a' })
  })

  test('statements run on connections and in transactions', async () => {
    const engine = fixture.engine()
    const table = users()
    await engine.execute(createTable(table))
    await using conn = await engine.connect()
    await using tx = await conn.begin()
    await tx.execute(table.insert().values({ name: 'a' }))
    expect(await tx.execute(table.select()).fetchall()).toHaveLength(1)
    await tx.rollback()
    expect(await conn.execute(table.select()).fetchall()).toEqual([])
    for await (const row of conn.stream(table.select())) expect(row.name).toBe('never')
  })
})

describe('without a database', () => {
  const table = users()

  test('a name is taken once in a MetaData', () => {
    expect(() => users(table.metadata as MetaData)).toThrow('Table "users" is in this MetaData already.')
  })

  test('an unknown column is named, with the nearest one', () => {
    expect(() => table.insert().values({ nam: 'x' } as never)).toThrow('Table "users" has no column "nam". Did you mean "name"?')
    expect(() =>
      table
        .insert()
        .values({ name: 'x' })
        .onConflict({ target: ['nmae' as never] }),
    ).toThrow('"nmae"')
  })

  test('no row and no target are refused', () => {
    expect(() => table.insert().values([])).toThrow('one row or more')
    expect(() => table.insert().values({ name: 'x' }).onConflict({ target: [] })).toThrow('target')
  })

  test('a statement of a Table belongs to no database', async () => {
    await expect(table.select().execute()).rejects.toThrow('belongs to no database')
  })

  test('compile() says it in the SQL of SQLite', () => {
    expect(table.select(table.c.id.eq(1)).compile().sql).toBe(
      'select "users"."id", "users"."name", "users"."note" from "users" where "users"."id" = ?',
    )
    expect(createTable(table).compile().sql).toBe(
      'create table "users" ("id" integer primary key, "name" varchar(50) not null, "note" text)',
    )
  })

  test('a definition is refused where it cannot be meant', () => {
    const metadata = new MetaData()
    const mixed = { constraints: [index('by_id', ['id'])] } as never
    expect(() => new Table('t', metadata, { id: integer() }, mixed)).toThrow('takes a list of what uniqueConstraint() and the like make')
    const alone = { indexes: index('by_id', ['id']) } as never
    expect(() => new Table('t', metadata, { id: integer() }, alone)).toThrow('takes a list of what index() makes')
    expect(() => new Table('', metadata, { id: integer() })).toThrow('An identifier must not be empty.')
    expect(() => new Table('t', metadata, {})).toThrow('has no columns')
    expect(() => integer({ primarykey: true } as never)).toThrow('Did you mean "primaryKey"?')
    expect(() => integer({ primaryKey: true, nullable: true })).toThrow('cannot be nullable')
    expect(() => new Table('t', metadata, { id: integer() }, { strcit: true } as never)).toThrow('Did you mean "strict"?')
    expect(() => new Table('t', metadata, { id: integer({ references: 'nowhere' }) })).toThrow("'table.column'")
    expect(() => string(0)).toThrow('a whole number')
    expect(() => new Table('t', metadata, { id: integer } as never)).toThrow('Column "id" of table "t" must be made by integer()')
    expect(() => new Table('t', undefined as never, { id: integer() })).toThrow('new Table(name, metadata, columns)')
  })

  test('an option that nobody would look at is refused', () => {
    const metadata = new MetaData()
    const misspelled = { onDelet: 'cascade' } as never
    expect(() => new MetaData({ namingConventions: {} } as never)).toThrow('A MetaData has no option "namingConventions".')
    expect(() => new Table('t', metadata, { a: integer({ references: { column: 'b.c', ...(misspelled as object) } }) })).toThrow(
      'has no option "onDelet". Did you mean "onDelete"?',
    )
    expect(() => foreignKeyConstraint(['a'], 'b', ['c'], misspelled)).toThrow('foreignKeyConstraint() has no option "onDelet".')
    expect(() => uniqueConstraint(['a'], misspelled)).toThrow('uniqueConstraint() has no option')
    expect(() => checkConstraint(sql`a > 0`, misspelled)).toThrow('checkConstraint() has no option')
    expect(() => primaryKeyConstraint(['a'], misspelled)).toThrow('primaryKeyConstraint() has no option')
    expect(() => index('i', ['a'], { uniqe: true } as never)).toThrow('index() has no option "uniqe". Did you mean "unique"?')
  })
})
