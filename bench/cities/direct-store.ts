import Database from 'better-sqlite3'
import type { Parameter, Row, RunStatement, Store } from './store.ts'

/** The same file format and settings, with the driver called on the thread that the event loop needs. */
export class DirectStore implements Store {
  readonly name = 'better-sqlite3, called directly'
  readonly #database: Database.Database
  /** Prepared once each, as a program that calls the driver itself would keep them. */
  readonly #statements = new Map<string, Database.Statement<unknown[]>>()

  constructor(file: string) {
    this.#database = new Database(file)
    // What an offloop engine sets by default.
    for (const pragma of ['journal_mode = WAL', 'synchronous = NORMAL', 'foreign_keys = ON']) this.#database.pragma(pragma)
  }

  async script(sql: string): Promise<void> {
    this.#database.exec(sql)
  }

  async insertMany(sql: string, rows: Iterable<readonly Parameter[]>): Promise<number> {
    const statement = this.#prepare(sql)
    let inserted = 0
    this.#database.transaction(() => {
      for (const row of rows) inserted += statement.run(...row).changes
    })()
    return inserted
  }

  async one<R extends Row>(sql: string, parameters: readonly Parameter[]): Promise<R | null> {
    return this.#prepare<R>(sql).get(...parameters) ?? null
  }

  async all<R extends Row>(sql: string, parameters: readonly Parameter[] = []): Promise<readonly R[]> {
    return this.#prepare<R>(sql).all(...parameters)
  }

  async *stream<R extends Row>(sql: string): AsyncIterable<R> {
    yield* this.#prepare<R>(sql).iterate()
  }

  async transaction<T>(work: (run: RunStatement) => Promise<T>): Promise<T> {
    this.#database.exec('begin immediate')
    try {
      const result = await work(async (sql, parameters) => this.#prepare(sql).run(...parameters).changes)
      this.#database.exec('commit')
      return result
    } catch (error) {
      this.#database.exec('rollback')
      throw error
    }
  }

  async close(): Promise<void> {
    this.#database.close()
  }

  #prepare<R = unknown>(sql: string): Database.Statement<unknown[], R> {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    // What a row looks like is the word of whoever wrote the SQL.
    return statement as Database.Statement<unknown[], R>
  }
}
