import Database from 'better-sqlite3'
import { type Item, type ItemValues, insertItem, pragmas, selectItem, selectItems } from '../item.ts'
import type { OpenClientOptions } from './client.ts'

/**
 * better-sqlite3 called on the thread that asks: the limit of what can be reached, and what the workers of other baselines call. It is no
 * `Client`: a promise for each call would make it slower than it is.
 */
export class DirectDatabase {
  readonly handle: Database.Database
  readonly #select: Database.Statement<[number], Item>
  readonly #selectAll: Database.Statement<[], Item>
  readonly #insert: Database.Statement<[ItemValues]>

  constructor(file: string, { durable = false }: OpenClientOptions = {}) {
    this.handle = new Database(file)
    for (const pragma of pragmas) this.handle.pragma(pragma)
    if (durable) this.handle.pragma('synchronous = FULL')
    this.#select = this.handle.prepare(selectItem)
    this.#selectAll = this.handle.prepare(selectItems)
    this.#insert = this.handle.prepare(insertItem)
  }

  get(id: number): Item | undefined {
    return this.#select.get(id)
  }

  all(): Item[] {
    return this.#selectAll.all()
  }

  insert(values: ItemValues): number {
    return this.#insert.run(values).changes
  }

  insertMany(rows: readonly ItemValues[]): void {
    this.handle.transaction(() => {
      for (const values of rows) this.#insert.run(values)
    })()
  }

  exec(sql: string): void {
    this.handle.exec(sql)
  }

  close(): void {
    this.handle.close()
  }
}
