import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'

/** A row of the table that every case works with: what a small business record looks like, one column of it empty at times. */
export interface Item {
  readonly id: number
  readonly name: string
  readonly price: number
  readonly quantity: number
  readonly note: string | null
}

export type ItemValues = readonly [id: number, name: string, price: number, quantity: number, note: string | null]

export const createItems =
  'create table item (id integer primary key, name text not null, price real not null, quantity integer not null, note text)'
export const selectItem = 'select id, name, price, quantity, note from item where id = ?'
export const selectItems = 'select id, name, price, quantity, note from item'
export const insertItem = 'insert into item (id, name, price, quantity, note) values (?, ?, ?, ?, ?)'

/** What an offloop engine sets by default; every baseline gets the same. */
export const pragmas = ['journal_mode = WAL', 'synchronous = NORMAL', 'foreign_keys = ON']

export function itemValues(count: number): readonly ItemValues[] {
  return Array.from({ length: count }, (_, index): ItemValues => {
    const id = index + 1
    return [id, `item number ${id}`, (id % 10_000) / 8, id % 1_000, id % 3 === 0 ? null : `a note about item ${id}`]
  })
}

/** The id that the n-th lookup asks for: they jump about the table, the same ones for every client. */
export function idAt(index: number, rows: number): number {
  return ((index * 7_919) % rows) + 1
}

/**
 * Databases that begin alike: one is filled, and every client gets a copy for itself, so that none of them meets another's locks and no two
 * copies of SQLite in this process ever open the same file.
 */
export class DatabaseFiles {
  readonly directory: string
  readonly #templates = new Map<number, string>()
  #copies = 0

  constructor(directory: string) {
    this.directory = directory
  }

  /** A database of one's own whose table `item` holds that many rows. */
  copy(rows: number): string {
    const file = join(this.directory, `${++this.#copies}.db`)
    copyFileSync(this.#template(rows), file)
    return file
  }

  #template(rows: number): string {
    const existing = this.#templates.get(rows)
    if (existing !== undefined) return existing
    const file = join(this.directory, `template-${rows}.db`)
    const database = new Database(file)
    for (const pragma of pragmas) database.pragma(pragma)
    database.exec(createItems)
    const insert = database.prepare(insertItem)
    database.transaction(() => {
      for (const values of itemValues(rows)) insert.run(values)
    })()
    // Closing writes the log back into the file: a copy needs nothing beside it.
    database.close()
    this.#templates.set(rows, file)
    return file
  }
}
