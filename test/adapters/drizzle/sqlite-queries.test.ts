import { eq, placeholder, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { EngineOptions } from 'offloop'
import { drizzle, type OffloopSqliteDatabase } from 'offloop/drizzle'
import { expect, test, vi } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describeSqlite } from './databases.ts'
import * as schema from './sqlite-schema.ts'

const { users, posts } = schema

describeSqlite((fixture) => {
  async function open(options?: EngineOptions): Promise<OffloopSqliteDatabase<typeof schema>> {
    return drizzle(await schema.createTables(fixture.engine(options)), { schema })
  }

  test('insert, select, update and delete', async () => {
    const db = await open()
    expect(await db.insert(users).values({ name: 'Ada' })).toEqual({ changes: 1, lastInsertRowid: 1 })
    expect(await db.insert(users).values([{ name: 'Bob' }, { name: 'Cy', admin: true }])).toEqual({ changes: 2, lastInsertRowid: 3 })
    expect(await db.select().from(users).where(eq(users.admin, true))).toEqual([{ id: 3, name: 'Cy', admin: true }])
    expect(await db.update(users).set({ admin: true })).toEqual({ changes: 3, lastInsertRowid: 0 })
    expect(await db.delete(users).where(eq(users.name, 'Bob'))).toEqual({ changes: 1, lastInsertRowid: 0 })
    expect(await db.select({ name: users.name }).from(users)).toEqual([{ name: 'Ada' }, { name: 'Cy' }])
  })

  test('returning gives the rows of what was written', async () => {
    const db = await open()
    expect(await db.insert(users).values({ name: 'Ada' }).returning()).toEqual([{ id: 1, name: 'Ada', admin: false }])
    expect(await db.update(users).set({ admin: true }).returning({ admin: users.admin })).toEqual([{ admin: true }])
    expect(await db.delete(users).returning().get()).toEqual({ id: 1, name: 'Ada', admin: true })
    expect(await db.delete(users).returning().get()).toBeUndefined()
  })

  test('run, all, get and values of a built query', async () => {
    const db = await open()
    const inserted = await db
      .insert(users)
      .values([{ name: 'Ada' }, { name: 'Bob' }])
      .run()
    expect(inserted).toEqual({ changes: 2, lastInsertRowid: 2 })
    const names = db.select({ id: users.id, name: users.name }).from(users).orderBy(users.id)
    expect(await names.all()).toEqual([
      { id: 1, name: 'Ada' },
      { id: 2, name: 'Bob' },
    ])
    expect(await names.get()).toEqual({ id: 1, name: 'Ada' })
    expect(await names.values()).toEqual([
      [1, 'Ada'],
      [2, 'Bob'],
    ])
    expect(await db.select().from(users).where(eq(users.id, 9)).get()).toBeUndefined()
  })

  test('run, all, get and values of SQL written by hand', async () => {
    const db = await open()
    expect(await db.run(sql`insert into ${users} (name) values (${'Ada'})`)).toEqual({ changes: 1, lastInsertRowid: 1 })
    expect(await db.run('create table empty (a)')).toEqual({ changes: 0, lastInsertRowid: 0 })
    expect(await db.all(sql`select id, name from ${users}`)).toEqual([{ id: 1, name: 'Ada' }])
    expect(await db.get(sql`select name from ${users}`)).toEqual({ name: 'Ada' })
    expect(await db.values(sql`select id, name from ${users}`)).toEqual([[1, 'Ada']])
    expect(await db.all('select a from empty')).toEqual([])
    expect(await db.get('select a from empty')).toBeUndefined()
    expect(await db.values('select a from empty')).toEqual([])
  })

  test('a statement that gives no rows is run once and gives none, whatever it is asked for', async () => {
    const db = await open()
    expect(await db.all(sql`insert into ${users} (name) values ('Ada')`)).toEqual([])
    expect(await db.get(sql`insert into ${users} (name) values ('Bob')`)).toBeUndefined()
    expect(await db.values(sql`insert into ${users} (name) values ('Cy')`)).toEqual([])
    expect(await db.$count(users)).toBe(3)
  })

  test('run of a query changes nothing and leaves nothing open', async () => {
    const db = await open({ pool: { max: 1 } })
    expect(await db.run(sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select i from n`)).toEqual({
      changes: 0,
      lastInsertRowid: 0,
    })
    expect(await db.insert(users).values({ name: 'Ada' })).toMatchObject({ changes: 1 })
  })

  test('more rows than one message holds', async () => {
    const db = await open()
    const numbers = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select i from n`
    expect(await db.all(numbers)).toHaveLength(5_000)
    const rows = await db.select({ i: sql<number>`i` }).from(sql`(${numbers})`)
    expect(rows[4_999]).toEqual({ i: 5_000 })
  })

  test('$count, also where the engine reads integers as bigints', async () => {
    const db = await open({ integers: 'bigint' })
    await db.insert(users).values([{ name: 'Ada' }, { name: 'Bob' }])
    expect(await db.$count(users)).toBe(2)
    expect(await db.$count(users, eq(users.name, 'Ada'))).toBe(1)
    expect(await db.select({ id: users.id, all: db.$count(users) }).from(users)).toEqual([
      { id: 1, all: 2 },
      { id: 2, all: 2 },
    ])
  })

  test('a prepared query runs with other values each time, also inside a transaction', async () => {
    const db = await open()
    const insert = db
      .insert(users)
      .values({ name: placeholder('name'), admin: placeholder('admin') })
      .prepare()
    for (const name of ['Ada', 'Bob']) await insert.run({ name, admin: name === 'Bob' })
    const byName = db
      .select()
      .from(users)
      .where(eq(users.name, placeholder('name')))
      .prepare()
    expect(await byName.all({ name: 'Bob' })).toEqual([{ id: 2, name: 'Bob', admin: true }])
    expect(await byName.get({ name: 'Ada' })).toEqual({ id: 1, name: 'Ada', admin: false })
    expect(await byName.execute({ name: 'Cy' })).toEqual([])
    expect((await rejectionOf(byName.all({}))).message).toBe('No value for placeholder "name" was provided')
    await db.transaction(async (tx) => {
      const inside = tx
        .insert(users)
        .values({ name: placeholder('name') })
        .prepare()
      await inside.execute({ name: 'Cy' })
      expect(await tx.$count(users)).toBe(3)
    })
  })

  test('a joined row that is not there is null', async () => {
    const db = await open()
    await db.insert(users).values([{ name: 'Ada' }, { name: 'Bob' }])
    await db.insert(posts).values({ title: 'Notes', authorId: 1 })
    const joined = db.select({ name: users.name, post: posts }).from(users).leftJoin(posts, eq(posts.authorId, users.id))
    const rows = [
      { name: 'Ada', post: { id: 1, title: 'Notes', authorId: 1 } },
      { name: 'Bob', post: null },
    ]
    expect(await joined).toEqual(rows)
    expect(await joined.prepare().all()).toEqual(rows)
    expect(await db.batch([joined])).toEqual([rows])
  })

  test('relational queries, nested, filtered and of one row', async () => {
    const db = await open()
    await db.insert(users).values([{ name: 'Ada' }, { name: 'Bob', admin: true }])
    await db.insert(posts).values([
      { title: 'One', authorId: 1 },
      { title: 'Two', authorId: 1 },
    ])
    expect(await db.query.users.findMany({ columns: { name: true, admin: true }, with: { posts: { columns: { title: true } } } })).toEqual([
      { name: 'Ada', admin: false, posts: [{ title: 'One' }, { title: 'Two' }] },
      { name: 'Bob', admin: true, posts: [] },
    ])
    expect(await db.query.posts.findFirst({ with: { author: true }, where: eq(posts.title, 'Two') })).toEqual({
      id: 2,
      title: 'Two',
      authorId: 1,
      author: { id: 1, name: 'Ada', admin: false },
    })
    expect(await db.query.users.findFirst({ where: eq(users.name, 'Cy') })).toBeUndefined()
    const prepared = db.query.users.findFirst({ where: eq(users.name, placeholder('name')) }).prepare()
    expect(await prepared.execute({ name: 'Bob' })).toEqual({ id: 2, name: 'Bob', admin: true })
  })

  test('a logger hears of each query with its values', async () => {
    const engine = await schema.createTables(fixture.engine())
    const heard: unknown[] = []
    const db = drizzle(engine, { logger: { logQuery: (query, params) => heard.push([query, params]) } })
    await db.select({ id: users.id }).from(users).where(eq(users.name, 'Ada'))
    await db.run(sql`delete from users where id = ${7}`)
    expect(heard).toEqual([
      ['select "id" from "users" where "users"."name" = ?', ['Ada']],
      ['delete from users where id = ?', [7]],
    ])
  })

  test('logger: true prints queries as Drizzle does', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    try {
      await drizzle(fixture.engine(), { logger: true }).get(sql`select ${1} as one`)
      await drizzle(fixture.engine(), { logger: false }).get(sql`select ${2} as two`)
      expect(print.mock.calls).toEqual([['Query: select ? as one -- params: [1]']])
    } finally {
      print.mockRestore()
    }
  })

  test('casing names the columns', async () => {
    const engine = fixture.engine()
    await engine.execute('create table people (id integer primary key, first_name text)')
    const people = sqliteTable('people', { id: integer().primaryKey(), firstName: text() })
    const db = drizzle(engine, { casing: 'snake_case' })
    await db.insert(people).values({ firstName: 'Ada' })
    expect(await db.select().from(people)).toEqual([{ id: 1, firstName: 'Ada' }])
    expect(await db.all(sql`select first_name from people`)).toEqual([{ first_name: 'Ada' }])
  })

  test('a connection and a transaction are clients too', async () => {
    const engine = await schema.createTables(fixture.engine())
    const connection = await engine.connect()
    const onConnection = drizzle(connection, { schema })
    await onConnection.run(sql`create temp table mine (a)`)
    expect(await onConnection.values(sql`select count(*) from mine`)).toEqual([[0]])
    const tx = await connection.begin()
    const inTransaction = drizzle({ client: tx, schema })
    await inTransaction.insert(users).values({ name: 'Ada' })
    await inTransaction.transaction((inner) => inner.insert(users).values({ name: 'Bob' }))
    expect(await inTransaction.query.users.findMany()).toHaveLength(2)
    expect(inTransaction.$client).toBe(tx)
    await tx.rollback()
    await connection.close()
    expect(await drizzle(engine).$count(users)).toBe(0)
  })
})
