import { relations } from 'drizzle-orm'
import { blob, integer, numeric, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { AsyncEngine } from 'offloop'

export const users = sqliteTable('users', {
  id: integer().primaryKey(),
  name: text().notNull().unique(),
  admin: integer({ mode: 'boolean' }).notNull().default(false),
})

export const posts = sqliteTable('posts', {
  id: integer().primaryKey(),
  title: text().notNull(),
  authorId: integer('author_id')
    .notNull()
    .references(() => users.id),
})

export const usersRelations = relations(users, ({ many }) => ({ posts: many(posts) }))
export const postsRelations = relations(posts, ({ one }) => ({ author: one(users, { fields: [posts.authorId], references: [users.id] }) }))

/** Each mode in which Drizzle keeps a value in SQLite. */
export const samples = sqliteTable('samples', {
  id: integer().primaryKey(),
  integer: integer(),
  boolean: integer({ mode: 'boolean' }),
  seconds: integer({ mode: 'timestamp' }),
  milliseconds: integer({ mode: 'timestamp_ms' }),
  real: real(),
  text: text(),
  json: text({ mode: 'json' }),
  bytes: blob({ mode: 'buffer' }),
  jsonBytes: blob('json_bytes', { mode: 'json' }),
  bigint: blob({ mode: 'bigint' }),
  numeric: numeric(),
  numericNumber: numeric('numeric_number', { mode: 'number' }),
  numericBigint: numeric('numeric_bigint', { mode: 'bigint' }),
})

const TABLES = `
  create table users (id integer primary key, name text not null unique, admin integer not null default 0);
  create table posts (id integer primary key, title text not null, author_id integer not null references users (id));
  create table samples (
    id integer primary key, integer integer, boolean integer, seconds integer, milliseconds integer, real real, text text, json text,
    bytes blob, json_bytes blob, bigint blob, numeric numeric, numeric_number numeric, numeric_bigint numeric
  )`

/** Makes the tables. */
export async function createTables(engine: AsyncEngine): Promise<AsyncEngine> {
  await engine.script(TABLES)
  return engine
}
