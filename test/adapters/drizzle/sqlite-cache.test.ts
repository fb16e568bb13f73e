import { eq, getTableName, is, Table } from 'drizzle-orm'
import { Cache } from 'drizzle-orm/cache/core'
import { drizzle } from 'offloop/drizzle'
import { expect, test } from 'vitest'
import { describeSqlite } from './databases.ts'
import { createTables, users } from './sqlite-schema.ts'

/** Keeps rows by the keys that Drizzle makes, and forgets those of tables that are written. */
class MemoryCache extends Cache {
  readonly hits: string[] = []
  readonly #strategy: 'explicit' | 'all'
  readonly #rows = new Map<string, { readonly rows: unknown[]; readonly tables: readonly string[] }>()

  constructor(strategy: 'explicit' | 'all') {
    super()
    this.#strategy = strategy
  }

  override strategy(): 'explicit' | 'all' {
    return this.#strategy
  }

  override async get(key: string): Promise<unknown[] | undefined> {
    const found = this.#rows.get(key)
    if (found !== undefined) this.hits.push(key)
    return found?.rows
  }

  override async put(key: string, rows: unknown[], tables: string[]): Promise<void> {
    this.#rows.set(key, { rows, tables })
  }

  override async onMutate({ tables = [] }: Parameters<Cache['onMutate']>[0]): Promise<void> {
    const names = [tables].flat().map((table) => (is(table, Table) ? getTableName(table) : table))
    for (const [key, entry] of this.#rows) if (entry.tables.some((table) => names.includes(table))) this.#rows.delete(key)
  }
}

describeSqlite((fixture) => {
  test('what is asked for with a cache is asked once, until the table is written', async () => {
    const engine = await createTables(fixture.engine())
    const cache = new MemoryCache('explicit')
    const db = drizzle(engine, { cache })
    await db.insert(users).values({ name: 'Ada' })
    const cached = (): Promise<unknown[]> => db.select().from(users).$withCache()
    const rows = [{ id: 1, name: 'Ada', admin: false }]
    expect([await cached(), await cached()]).toEqual([rows, rows])
    expect(cache.hits).toHaveLength(1)
    expect(await db.select().from(users)).toEqual(rows)
    expect(cache.hits).toHaveLength(1)
    await db.update(users).set({ admin: true }).where(eq(users.id, 1))
    expect(await cached()).toEqual([{ id: 1, name: 'Ada', admin: true }])
    await engine.execute('update users set admin = 0')
    expect(await cached()).toEqual([{ id: 1, name: 'Ada', admin: true }])
    await db.$cache.invalidate({ tables: users })
    expect(await cached()).toEqual(rows)
  })

  test('the first row of a cached query is not taken for all of them', async () => {
    const cache = new MemoryCache('all')
    const db = drizzle(await createTables(fixture.engine()), { cache })
    await db.insert(users).values([{ name: 'Ada' }, { name: 'Bob' }])
    expect(await db.select().from(users).get()).toMatchObject({ name: 'Ada' })
    expect(await db.select().from(users).all()).toHaveLength(2)
    expect(await db.select().from(users).get()).toMatchObject({ name: 'Ada' })
    expect(cache.hits).toHaveLength(2)
  })

  test('without a cache there is nothing to invalidate', async () => {
    const db = drizzle(await createTables(fixture.engine()))
    await db.$cache.invalidate({ tables: users })
    expect(await db.select().from(users).$withCache()).toEqual([])
  })
})
