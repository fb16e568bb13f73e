import type { Item, ItemValues } from '../item.ts'
import type { Client, OpenClientOptions } from './client.ts'
import { DirectDatabase } from './direct.ts'
import { loadPackage } from './load-package.ts'
import type { Mapper } from './mapper.ts'

interface Column {
  primaryKey(): Column
  notNull(): Column
}

interface SqliteCore {
  sqliteTable(name: string, columns: Readonly<Record<string, Column>>): Readonly<Record<string, Column>>
  integer(): Column
  real(): Column
  text(): Column
}

interface SelectQuery {
  where(condition: unknown): SelectQuery
  orderBy(column: Column | undefined): SelectQuery
  get(): Item | undefined
  all(): Item[]
}

interface Queries {
  select(): { from(table: object): SelectQuery }
  insert(table: object): { values(rows: Item | readonly Item[]): { run(): unknown } }
}

interface DrizzleDatabase extends Queries {
  transaction(work: (transaction: Queries) => void): void
}

interface DrizzleDriver {
  drizzle(config: { readonly client: object }): DrizzleDatabase
}

interface DrizzlePackage {
  eq(column: Column | undefined, value: number): unknown
  between(column: Column | undefined, from: number, to: number): unknown
}

interface ItemTable {
  readonly item: Readonly<Record<string, Column>>
  where(id: number): unknown
  whereBetween(from: number, to: number): unknown
}

/** It is a client and a mapper in one. */
interface DrizzleFactory {
  readonly name: string
  open(file: string, options?: OpenClientOptions): Promise<DrizzleClient>
}

/** SQLite takes 32,766 parameters in a statement, five for each row. */
const rowsPerInsert = 1_000

/** @throws {Error} the package is not installed */
export async function loadDrizzle(): Promise<DrizzleFactory> {
  // Their types are described above, as far as they are used.
  const { eq, between } = (await loadPackage('drizzle-orm')) as DrizzlePackage
  const { drizzle } = (await loadPackage('drizzle-orm/better-sqlite3')) as DrizzleDriver
  const { sqliteTable, integer, real, text } = (await loadPackage('drizzle-orm/sqlite-core')) as SqliteCore
  const item = sqliteTable('item', {
    id: integer().primaryKey(),
    name: text().notNull(),
    price: real().notNull(),
    quantity: integer().notNull(),
    note: text(),
  })
  return {
    name: 'Drizzle',
    open: async (file, options) => {
      const direct = new DirectDatabase(file, options)
      return new DrizzleClient(drizzle({ client: direct.handle }), direct, {
        item,
        where: (id) => eq(item['id'], id),
        whereBetween: (from, to) => between(item['id'], from, to),
      })
    },
  }
}

/** Drizzle on better-sqlite3, which it calls on the thread of its caller. */
class DrizzleClient implements Client, Mapper {
  readonly #database: DrizzleDatabase
  readonly #direct: DirectDatabase
  readonly #table: ItemTable

  constructor(database: DrizzleDatabase, direct: DirectDatabase, table: ItemTable) {
    this.#database = database
    this.#direct = direct
    this.#table = table
  }

  async get(id: number): Promise<Item> {
    const { item, where } = this.#table
    const found = this.#database.select().from(item).where(where(id)).get()
    if (found === undefined) throw new Error(`There is no item ${id}.`)
    return found
  }

  async between(from: number, to: number): Promise<Item[]> {
    const { item, whereBetween } = this.#table
    return this.#database.select().from(item).where(whereBetween(from, to)).orderBy(item['id']).all()
  }

  async all(): Promise<Item[]> {
    return this.#database.select().from(this.#table.item).all()
  }

  async exec(sql: string): Promise<void> {
    this.#direct.exec(sql)
  }

  async insert(values: ItemValues): Promise<unknown> {
    return this.#database.insert(this.#table.item).values(toItem(values)).run()
  }

  async insertMany(rows: readonly ItemValues[]): Promise<void> {
    this.#database.transaction((transaction) => {
      for (let from = 0; from < rows.length; from += rowsPerInsert) {
        transaction
          .insert(this.#table.item)
          .values(rows.slice(from, from + rowsPerInsert).map(toItem))
          .run()
      }
    })
  }

  async close(): Promise<void> {
    this.#direct.close()
  }
}

function toItem([id, name, price, quantity, note]: ItemValues): Item {
  return { id, name, price, quantity, note }
}
