import { eq, placeholder, sql } from 'drizzle-orm'
import { pgMaterializedView, text } from 'drizzle-orm/pg-core'
import { drizzle, type OffloopPostgresDatabase } from 'offloop/drizzle'
import { expect, test } from 'vitest'
import { rejectionOf } from '../../conformance/targets.ts'
import { describePostgres } from './databases.ts'
import * as schema from './postgres-schema.ts'

const { users, posts } = schema

describePostgres((fixture) => {
  async function open(): Promise<OffloopPostgresDatabase<typeof schema>> {
    return drizzle(await schema.createTables(fixture.engine()), { schema })
  }

  test('insert, select, update and delete, with returning and without', async () => {
    const db = await open()
    expect(await db.insert(users).values([{ name: 'Ada' }, { name: 'Bob' }])).toEqual({ rows: [], rowCount: 2, fields: [] })
    expect(await db.insert(users).values({ name: 'Cy', admin: true }).returning()).toEqual([{ id: 3, name: 'Cy', admin: true }])
    expect(await db.select().from(users).where(eq(users.admin, true))).toEqual([{ id: 3, name: 'Cy', admin: true }])
    expect(await db.update(users).set({ admin: true }).where(eq(users.id, 1)).returning({ name: users.name })).toEqual([{ name: 'Ada' }])
    expect(await db.delete(users).where(eq(users.name, 'Bob'))).toMatchObject({ rowCount: 1 })
    expect(await db.select({ name: users.name }).from(users).orderBy(users.id)).toEqual([{ name: 'Ada' }, { name: 'Cy' }])
  })

  test('execute gives rows, their number and their columns', async () => {
    const db = await open()
    expect(await db.execute(sql`insert into users (name) values (${'Ada'}) returning id, name`)).toEqual({
      rows: [{ id: 1, name: 'Ada' }],
      rowCount: 1,
      fields: [{ name: 'id' }, { name: 'name' }],
    })
    expect(await db.execute(sql`update users set admin = true`)).toEqual({ rows: [], rowCount: 1, fields: [] })
    expect(await db.execute('create table empty (a integer)')).toEqual({ rows: [], rowCount: 0, fields: [] })
    expect(await db.execute('select a from empty')).toEqual({ rows: [], rowCount: 0, fields: [{ name: 'a' }] })
    expect((await db.execute('select i from generate_series(1, 5000) as i')).rows).toHaveLength(5_000)
  })

  test('several statements of one text without parameters are run as one', async () => {
    const db = await open()
    expect(await db.execute("insert into users (name) values ('Ada'); insert into users (name) values ('Bob');")).toEqual({
      rows: [],
      rowCount: 0,
      fields: [],
    })
    await rejectionOf(db.execute("insert into users (name) values ('Cy'); insert into users (name) values ('Ada')"))
    expect(await db.$count(users)).toBe(2)
    expect(await db.execute('-- nothing')).toEqual({ rows: [], rowCount: 0, fields: [] })
  })

  test('$count', async () => {
    const db = await open()
    await db.insert(users).values([{ name: 'Ada' }, { name: 'Bob' }])
    expect(await db.$count(users)).toBe(2)
    expect(await db.$count(users, eq(users.name, 'Ada'))).toBe(1)
    expect(await db.select({ all: db.$count(users) }).from(users)).toEqual([{ all: 2 }, { all: 2 }])
  })

  test('a prepared query runs with other values each time', async () => {
    const db = await open()
    const insert = db
      .insert(users)
      .values({ name: placeholder('name') })
      .returning({ id: users.id })
      .prepare('insert_user')
    expect(await insert.execute({ name: 'Ada' })).toEqual([{ id: 1 }])
    expect(await insert.execute({ name: 'Bob' })).toEqual([{ id: 2 }])
    const byName = db
      .select()
      .from(users)
      .where(eq(users.name, placeholder('name')))
      .prepare('user_by_name')
    expect(await byName.execute({ name: 'Bob' })).toEqual([{ id: 2, name: 'Bob', admin: false }])
    expect((await rejectionOf(byName.execute({}))).message).toBe('No value for placeholder "name" was provided')
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
  })

  test('a joined row that is not there is null', async () => {
    const db = await open()
    await db.insert(users).values({ name: 'Ada' })
    expect(await db.select({ name: users.name, post: posts }).from(users).leftJoin(posts, eq(posts.authorId, users.id))).toEqual([
      { name: 'Ada', post: null },
    ])
  })

  test('a logger hears of each query with its values', async () => {
    const engine = await schema.createTables(fixture.engine())
    const heard: unknown[] = []
    const db = drizzle(engine, { schema, logger: { logQuery: (query, params) => heard.push([query, params]) } })
    await db.select({ id: users.id }).from(users).where(eq(users.name, 'Ada'))
    await db.execute(sql`delete from users where id = ${7}`)
    expect(heard).toEqual([
      ['select "id" from "users" where "users"."name" = $1', ['Ada']],
      ['delete from users where id = $1', [7]],
    ])
  })

  test('a materialized view is refreshed', async () => {
    const db = await open()
    await db.execute('create materialized view names as select name from users')
    const names = pgMaterializedView('names', { name: text() }).existing()
    await db.insert(users).values({ name: 'Ada' })
    await db.refreshMaterializedView(names)
    expect(await db.select().from(names)).toEqual([{ name: 'Ada' }])
  })
})
