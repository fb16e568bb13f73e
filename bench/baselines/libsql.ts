import { type Item, type ItemValues, insertItem, pragmas, selectItem, selectItems } from '../item.ts'
import type { Client, ClientFactory, OpenClientOptions } from './client.ts'
import { loadPackage } from './load-package.ts'

interface InStatement {
  readonly sql: string
  readonly args: readonly unknown[]
}

interface LibsqlTransaction {
  execute(statement: InStatement): Promise<unknown>
  commit(): Promise<void>
}

interface LibsqlConnection {
  execute(statement: InStatement | string): Promise<{ readonly rows: Item[] }>
  executeMultiple(sql: string): Promise<void>
  batch(statements: readonly InStatement[], mode: 'write'): Promise<unknown>
  transaction(mode: 'write'): Promise<LibsqlTransaction>
  close(): void
}

interface Libsql {
  createClient(config: { readonly url: string; readonly concurrency: number }): LibsqlConnection
}

/** @throws {Error} the package is not installed */
export async function loadLibsql(): Promise<ClientFactory> {
  // Its types are described above, as far as they are used.
  const { createClient } = (await loadPackage('@libsql/client')) as Libsql
  return {
    name: '@libsql/client',
    open: async (file, { durable = false }: OpenClientOptions = {}) => {
      // One connection, as the others have, and so that the pragmas hold for all that follows.
      const connection = createClient({ url: `file:${file}`, concurrency: 1 })
      for (const pragma of pragmas) await connection.execute(`pragma ${pragma}`)
      if (durable) await connection.execute('pragma synchronous = FULL')
      return new LibsqlClient(connection)
    },
  }
}

class LibsqlClient implements Client {
  readonly #connection: LibsqlConnection

  constructor(connection: LibsqlConnection) {
    this.#connection = connection
  }

  async get(id: number): Promise<Item | undefined> {
    const { rows } = await this.#connection.execute({ sql: selectItem, args: [id] })
    return rows[0]
  }

  async all(): Promise<readonly Item[]> {
    const { rows } = await this.#connection.execute(selectItems)
    return rows
  }

  async report(sql: string): Promise<unknown> {
    const { rows } = await this.#connection.execute(sql)
    return rows[0]
  }

  exec(sql: string): Promise<void> {
    return this.#connection.executeMultiple(sql)
  }

  insert(values: ItemValues): Promise<unknown> {
    return this.#connection.execute({ sql: insertItem, args: values })
  }

  insertMany(rows: readonly ItemValues[]): Promise<unknown> {
    return this.#connection.batch(
      rows.map((args) => ({ sql: insertItem, args })),
      'write',
    )
  }

  async insertTogether(rows: readonly ItemValues[]): Promise<void> {
    const transaction = await this.#connection.transaction('write')
    await Promise.all(rows.map((args) => transaction.execute({ sql: insertItem, args })))
    await transaction.commit()
  }

  async close(): Promise<void> {
    this.#connection.close()
  }
}
