import { relations } from 'drizzle-orm'
import {
  bigint,
  boolean,
  char,
  cidr,
  customType,
  date,
  doublePrecision,
  inet,
  integer,
  interval,
  json,
  jsonb,
  line,
  macaddr,
  numeric,
  pgEnum,
  pgTable,
  point,
  real,
  serial,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core'
import type { AsyncEngine } from 'offloop'

export const users = pgTable('users', {
  id: serial().primaryKey(),
  name: text().notNull().unique(),
  admin: boolean().notNull().default(false),
})

export const posts = pgTable('posts', {
  id: serial().primaryKey(),
  title: text().notNull(),
  authorId: integer('author_id')
    .notNull()
    .references(() => users.id),
})

export const usersRelations = relations(users, ({ many }) => ({ posts: many(posts) }))
export const postsRelations = relations(posts, ({ one }) => ({ author: one(users, { fields: [posts.authorId], references: [users.id] }) }))

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
export const mood = pgEnum('mood', ['glad', 'sad'])

/** Each type of PostgreSQL that Drizzle knows, in each of its modes. */
export const samples = pgTable('samples', {
  id: serial().primaryKey(),
  smallint: smallint(),
  integer: integer(),
  bigintNumber: bigint('bigint_number', { mode: 'number' }),
  bigint: bigint({ mode: 'bigint' }),
  numeric: numeric(),
  numericNumber: numeric('numeric_number', { mode: 'number' }),
  numericBigint: numeric('numeric_bigint', { mode: 'bigint' }),
  real: real(),
  double: doublePrecision(),
  boolean: boolean(),
  text: text(),
  varchar: varchar({ length: 20 }),
  char: char({ length: 3 }),
  uuid: uuid(),
  bytes: bytea(),
  json: json(),
  jsonb: jsonb(),
  timestamp: timestamp(),
  timestampText: timestamp('timestamp_text', { mode: 'string' }),
  timestamptz: timestamp({ withTimezone: true }),
  timestamptzText: timestamp('timestamptz_text', { mode: 'string', withTimezone: true }),
  date: date({ mode: 'date' }),
  dateText: date('date_text'),
  time: time(),
  timetz: time({ withTimezone: true }),
  interval: interval(),
  inet: inet(),
  cidr: cidr(),
  macaddr: macaddr(),
  point: point(),
  pointXy: point('point_xy', { mode: 'xy' }),
  line: line(),
  mood: mood(),
  integers: integer().array(),
  bigints: bigint({ mode: 'bigint' }).array(),
  texts: text().array(),
  matrix: integer().array().array(),
  numerics: numeric().array(),
  timestamps: timestamp().array(),
  timestamptzTexts: timestamp('timestamptz_texts', { mode: 'string', withTimezone: true }).array(),
  dates: date().array(),
  moods: mood().array(),
  booleans: boolean().array(),
  jsonbs: jsonb().array(),
})

const TABLES = `
  create table users (id serial primary key, name text not null unique, admin boolean not null default false);
  create table posts (id serial primary key, title text not null, author_id integer not null references users (id));
  create type mood as enum ('glad', 'sad');
  create table samples (
    id serial primary key, smallint smallint, integer integer, bigint_number bigint, bigint bigint, numeric numeric, numeric_number numeric,
    numeric_bigint numeric, real real, double double precision, boolean boolean, text text, varchar varchar(20), char char(3), uuid uuid,
    bytes bytea, json json, jsonb jsonb, timestamp timestamp, timestamp_text timestamp, timestamptz timestamptz, timestamptz_text timestamptz,
    date date, date_text date, time time, timetz timetz, interval interval, inet inet, cidr cidr, macaddr macaddr, point point, point_xy point,
    line line, mood mood, integers integer[], bigints bigint[], texts text[], matrix integer[][], numerics numeric[], timestamps timestamp[],
    timestamptz_texts timestamptz[], dates date[], moods mood[], booleans boolean[], jsonbs jsonb[]
  )`

/** Makes the tables. */
export async function createTables(engine: AsyncEngine): Promise<AsyncEngine> {
  await engine.script(TABLES)
  return engine
}
