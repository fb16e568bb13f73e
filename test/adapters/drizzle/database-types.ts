/** What the compiler knows of `drizzle()`: nothing here is run. A line under `@ts-expect-error` must not compile. */
import { eq } from 'drizzle-orm'
import type { AsyncConnection, AsyncEngine, AsyncTransaction } from 'offloop'
import {
  drizzle,
  drizzlePostgres,
  drizzleSqlite,
  migrate,
  type OffloopPostgresDatabase,
  type OffloopSqliteDatabase,
  type OffloopSqliteTransaction,
  type PostgresResult,
  type SqliteRunResult,
} from 'offloop/drizzle'
import * as postgres from './postgres-schema.ts'
import * as sqlite from './sqlite-schema.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function check<T extends true>(_same?: T): void {}

export async function clients(engine: AsyncEngine, connection: AsyncConnection, tx: AsyncTransaction): Promise<void> {
  const plain = drizzle(engine)
  check<Same<typeof plain.$client, AsyncEngine>>()
  const onConnection = drizzle({ client: connection, schema: sqlite, logger: true, casing: 'camelCase' })
  check<Same<typeof onConnection.$client, AsyncConnection>>()
  drizzle(tx, { schema: sqlite })
  drizzle<typeof sqlite>(engine, { schema: sqlite })
  // @ts-expect-error it takes no URL
  drizzle('sqlite:///app.db')
  // @ts-expect-error there is no such option
  drizzle(engine, { schemas: sqlite })
}

export async function theTypeFollowsTheSchema(engine: AsyncEngine): Promise<void> {
  const onSqlite: OffloopSqliteDatabase<typeof sqlite> = drizzle(engine, { schema: sqlite })
  const onPostgres: OffloopPostgresDatabase<typeof postgres> = drizzle(engine, { schema: postgres })
  const withoutSchema: OffloopSqliteDatabase = drizzle(engine)
  const named: OffloopPostgresDatabase = drizzlePostgres(engine)
  const namedWithSchema: OffloopPostgresDatabase<typeof postgres> = drizzlePostgres({ client: engine, schema: postgres })
  const namedSqlite: OffloopSqliteDatabase<typeof sqlite> = drizzleSqlite(engine, { schema: sqlite })
  // @ts-expect-error its tables are those of PostgreSQL
  const wrong: OffloopSqliteDatabase<typeof postgres> = drizzle(engine, { schema: postgres })
  await migrate(onSqlite, { migrationsFolder: 'migrations' })
  await migrate(onPostgres, { migrationsFolder: 'migrations', migrationsSchema: 'public' })
  void [withoutSchema, named, namedWithSchema, namedSqlite, wrong]
}

export async function sqliteQueries(db: OffloopSqliteDatabase<typeof sqlite>): Promise<void> {
  const { users, posts } = sqlite
  const rows = await db.select().from(users)
  check<Same<typeof rows, { id: number; name: string; admin: boolean }[]>>()
  const one = await db.select({ name: users.name }).from(users).get()
  check<Same<typeof one, { name: string } | undefined>>()
  const written = await db.insert(users).values({ name: 'Ada' })
  check<Same<typeof written, SqliteRunResult>>()
  const returned = await db.insert(users).values({ name: 'Ada' }).returning({ id: users.id })
  check<Same<typeof returned, { id: number }[]>>()
  const related = await db.query.users.findFirst({ columns: { name: true }, with: { posts: { columns: { title: true } } } })
  check<Same<typeof related, { name: string; posts: { title: string }[] } | undefined>>()
  const batch = await db.batch([db.select({ id: posts.id }).from(posts), db.insert(users).values({ name: 'Bob' })])
  check<Same<typeof batch, [{ id: number }[], SqliteRunResult]>>()
  const value = await db.transaction(async (tx) => {
    const inside: OffloopSqliteTransaction<typeof sqlite> = tx
    return (await inside.query.posts.findMany()).length
  })
  check<Same<typeof value, number>>()
  const count: number = await db.$count(users)
  void count

  // @ts-expect-error no such column
  db.select({ missing: users.missing }).from(users)
  // @ts-expect-error a name is a text
  db.insert(users).values({ name: 1 })
  // @ts-expect-error a name is needed
  db.insert(users).values({ admin: true })
  // @ts-expect-error a boolean is neither 1 nor 0
  db.update(users).set({ admin: 1 })
  // @ts-expect-error an id is a number
  db.select().from(users).where(eq(users.id, 'one'))
  // @ts-expect-error no such table
  db.query.missing.findMany()
  // @ts-expect-error no such relation
  db.query.users.findMany({ with: { comments: true } })
  // @ts-expect-error no such behaviour
  db.transaction(async () => {}, { behavior: 'concurrent' })
  // @ts-expect-error a batch takes queries
  db.batch([1])
}

export async function postgresQueries(db: OffloopPostgresDatabase<typeof postgres>): Promise<void> {
  const { users, samples } = postgres
  const rows = await db.select({ at: samples.timestamp, big: samples.bigint, list: samples.texts, json: samples.json }).from(samples)
  check<Same<typeof rows, { at: Date | null; big: bigint | null; list: string[] | null; json: unknown }[]>>()
  const written = await db.insert(users).values({ name: 'Ada' })
  check<Same<typeof written, PostgresResult<never>>>()
  const raw = await db.execute<{ n: number }>('select 1 as n')
  check<Same<typeof raw, PostgresResult<{ n: number }>>>()
  const related = await db.query.posts.findFirst({ columns: { title: true }, with: { author: { columns: { name: true } } } })
  check<Same<typeof related, { title: string; author: { name: string } } | undefined>>()
  await db.transaction(async (tx) => tx.setTransaction({ deferrable: true }), { isolationLevel: 'serializable', accessMode: 'read only' })

  // @ts-expect-error a date is no number
  db.insert(samples).values({ timestamp: 1 })
  // @ts-expect-error no such mood
  db.insert(samples).values({ mood: 'angry' })
  // @ts-expect-error no such level
  db.transaction(async () => {}, { isolationLevel: 'snapshot' })
  // @ts-expect-error only SQLite's has it
  db.batch([])
}
