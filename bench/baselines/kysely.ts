import type { Item, ItemValues } from '../item.ts'
import type { Client, ClientFactory } from './client.ts'
import { DirectDatabase } from './direct.ts'
import { loadPackage } from './load-package.ts'

interface SelectQuery {
  selectAll(): SelectQuery
  where(column: 'id', operator: '=', value: number): SelectQuery
  execute(): Promise<Item[]>
  executeTakeFirst(): Promise<Item | undefined>
}

interface InsertQuery {
  values(rows: Item | readonly Item[]): { execute(): Promise<unknown> }
}

interface Queries {
  selectFrom(table: 'item'): SelectQuery
  insertInto(table: 'item'): InsertQuery
}

interface KyselyDatabase extends Queries {
  transaction(): { execute(work: (transaction: Queries) => Promise<void>): Promise<void> }
  executeQuery(query: object): Promise<{ readonly rows: readonly unknown[] }>
  destroy(): Promise<void>
}

interface KyselyPackage {
  readonly Kysely: new (config: { readonly dialect: object }) => KyselyDatabase
  readonly SqliteDialect: new (config: { readonly database: object }) => object
  readonly CompiledQuery: { raw(sql: string): object }
}

/** SQLite takes 32,766 parameters in a statement, five for each row. */
const rowsPerInsert = 1_000

/** @throws {Error} the package is not installed */
export async function loadKysely(): Promise<ClientFactory> {
  // Its types are described above, as far as they are used.
  const { Kysely, SqliteDialect, CompiledQuery } = (await loadPackage('kysely')) as KyselyPackage
  return {
    name: 'Kysely',
    open: async (file, options) => {
      const direct = new DirectDatabase(file, options)
      const database = new Kysely({ dialect: new SqliteDialect({ database: direct.handle }) })
      return new KyselyClient(database, direct, (sql) => CompiledQuery.raw(sql))
    },
  }
}

/** Kysely on better-sqlite3, which it calls on the thread of its caller. */
class KyselyClient implements Client {
  readonly #database: KyselyDatabase
  readonly #direct: DirectDatabase
  readonly #toQuery: (sql: string) => object

  constructor(database: KyselyDatabase, direct: DirectDatabase, toQuery: (sql: string) => object) {
    this.#database = database
    this.#direct = direct
    this.#toQuery = toQuery
  }

  get(id: number): Promise<Item | undefined> {
    return this.#database.selectFrom('item').selectAll().where('id', '=', id).executeTakeFirst()
  }

  all(): Promise<Item[]> {
    return this.#database.selectFrom('item').selectAll().execute()
  }

  async report(sql: string): Promise<unknown> {
    const { rows } = await this.#database.executeQuery(this.#toQuery(sql))
    return rows[0]
  }

  async exec(sql: string): Promise<void> {
    this.#direct.exec(sql)
  }

  insert(values: ItemValues): Promise<unknown> {
    return this.#database.insertInto('item').values(toItem(values)).execute()
  }

  async insertMany(rows: readonly ItemValues[]): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      for (let from = 0; from < rows.length; from += rowsPerInsert) {
        await transaction
          .insertInto('item')
          .values(rows.slice(from, from + rowsPerInsert).map(toItem))
          .execute()
      }
    })
  }

  async close(): Promise<void> {
    await this.#database.destroy()
  }
}

function toItem([id, name, price, quantity, note]: ItemValues): Item {
  return { id, name, price, quantity, note }
}
