import { type Item, type ItemValues, insertItem, pragmas, selectItem, selectItems } from '../item.ts'
import type { Client, ClientFactory, OpenClientOptions } from './client.ts'
import { loadPackage } from './load-package.ts'

type Callback<T> = (error: Error | null, value: T) => void

interface Statement {
  run(parameters: readonly unknown[], callback: Callback<void>): void
  get(parameters: readonly unknown[], callback: Callback<Item | undefined>): void
  all(callback: Callback<Item[]>): void
  finalize(callback: Callback<void>): void
}

interface Database {
  prepare(sql: string, callback: Callback<void>): Statement
  exec(sql: string, callback: Callback<void>): void
  close(callback: Callback<void>): void
}

interface Sqlite3 {
  readonly default: { readonly Database: new (file: string, callback: Callback<void>) => Database }
}

/** @throws {Error} the package is not installed */
export async function loadNodeSqlite3(): Promise<ClientFactory> {
  // Its types are described above, as far as they are used.
  const { default: sqlite3 } = (await loadPackage('sqlite3')) as Sqlite3
  return {
    name: 'node-sqlite3',
    open: async (file, options) => {
      let database: Database | undefined
      await promised<void>((callback) => {
        database = new sqlite3.Database(file, callback)
      })
      if (database === undefined) throw new Error('node-sqlite3 has not opened the database.')
      const client = new NodeSqlite3Client(database)
      await client.configure(options)
      return client
    },
  }
}

/** Statements run on threads of libuv, prepared once each. */
class NodeSqlite3Client implements Client {
  readonly #database: Database
  readonly #select: Statement
  readonly #selectAll: Statement
  readonly #insert: Statement

  constructor(database: Database) {
    this.#database = database
    this.#select = database.prepare(selectItem, throwIt)
    this.#selectAll = database.prepare(selectItems, throwIt)
    this.#insert = database.prepare(insertItem, throwIt)
  }

  async configure({ durable = false }: OpenClientOptions = {}): Promise<void> {
    for (const pragma of pragmas) await this.exec(`pragma ${pragma}`)
    if (durable) await this.exec('pragma synchronous = FULL')
  }

  get(id: number): Promise<Item | undefined> {
    return promised((callback) => this.#select.get([id], callback))
  }

  all(): Promise<Item[]> {
    return promised((callback) => this.#selectAll.all(callback))
  }

  exec(sql: string): Promise<void> {
    return promised((callback) => this.#database.exec(sql, callback))
  }

  insert(values: ItemValues): Promise<void> {
    return promised((callback) => this.#insert.run(values, callback))
  }

  insertMany(rows: readonly ItemValues[]): Promise<void> {
    return this.insertTogether(rows)
  }

  async insertTogether(rows: readonly ItemValues[]): Promise<void> {
    await this.exec('begin immediate')
    await Promise.all(rows.map((values) => this.insert(values)))
    await this.exec('commit')
  }

  async close(): Promise<void> {
    for (const statement of [this.#select, this.#selectAll, this.#insert]) {
      await promised<void>((callback) => statement.finalize(callback))
    }
    await promised<void>((callback) => this.#database.close(callback))
  }
}

function promised<T>(start: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))))
}

function throwIt(error: Error | null): void {
  if (error) throw error
}
