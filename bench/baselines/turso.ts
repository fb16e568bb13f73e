import { type Item, type ItemValues, insertItem, pragmas, selectItem, selectItems } from '../item.ts'
import type { Client, ClientFactory, OpenClientOptions } from './client.ts'
import { loadPackage } from './load-package.ts'

interface Statement {
  get(...parameters: readonly unknown[]): Promise<Item | undefined>
  all(): Promise<Item[]>
  run(...parameters: readonly unknown[]): Promise<unknown>
}

interface Executor {
  prepare(sql: string): Promise<Statement>
  exec(sql: string): Promise<unknown>
}

interface TursoDatabase extends Executor {
  transactionAsync<A extends readonly unknown[]>(
    work: (transaction: Executor, ...args: A) => Promise<unknown>,
  ): (...args: A) => Promise<unknown>
  close(): Promise<void>
}

interface Turso {
  connect(file: string): Promise<TursoDatabase>
}

/** @throws {Error} the package is not installed */
export async function loadTurso(): Promise<ClientFactory> {
  // Its types are described above, as far as they are used.
  const { connect } = (await loadPackage('@tursodatabase/database')) as Turso
  return {
    name: '@tursodatabase/database',
    open: async (file, { durable = false }: OpenClientOptions = {}) => {
      const database = await connect(file)
      for (const pragma of durable ? [...pragmas, 'synchronous = FULL'] : pragmas) await database.exec(`pragma ${pragma}`)
      return new TursoClient(database)
    },
  }
}

class TursoClient implements Client {
  readonly #database: TursoDatabase
  readonly #selects: StatementPool
  readonly #inserts: StatementPool

  constructor(database: TursoDatabase) {
    this.#database = database
    this.#selects = new StatementPool(database, selectItem)
    this.#inserts = new StatementPool(database, insertItem)
  }

  get(id: number): Promise<Item | undefined> {
    return this.#selects.use((statement) => statement.get(id))
  }

  async all(): Promise<readonly Item[]> {
    const statement = await this.#database.prepare(selectItems)
    return statement.all()
  }

  async exec(sql: string): Promise<void> {
    await this.#database.exec(sql)
  }

  insert(values: ItemValues): Promise<unknown> {
    return this.#inserts.use((statement) => statement.run(...values))
  }

  async insertMany(rows: readonly ItemValues[]): Promise<void> {
    const insertAll = this.#database.transactionAsync(async (transaction) => {
      const insert = await transaction.prepare(insertItem)
      for (const values of rows) await insert.run(...values)
    })
    await insertAll()
  }

  async close(): Promise<void> {
    await this.#database.close()
  }
}

/** A statement takes its parameters before it waits for its turn: shared by several callers at once, one would answer for another. */
class StatementPool {
  readonly #database: TursoDatabase
  readonly #sql: string
  readonly #free: Statement[] = []

  constructor(database: TursoDatabase, sql: string) {
    this.#database = database
    this.#sql = sql
  }

  async use<T>(run: (statement: Statement) => Promise<T>): Promise<T> {
    const statement = this.#free.pop() ?? (await this.#database.prepare(this.#sql))
    const result = await run(statement)
    this.#free.push(statement)
    return result
  }
}
