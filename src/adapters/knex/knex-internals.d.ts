/** Parts of Knex that its own types leave out: the same files from 3.1 to 3.3. */

declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import type { Knex } from 'knex'

  const Client: typeof Knex.Client
  export = Client
}

declare module 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js' {
  import type { Knex } from 'knex'

  class Transaction {
    constructor(client: Knex.Client, container: unknown, config: unknown, outer: unknown)
    readonly client: Knex.Client
    readonly isolationLevel?: string
    readonly readOnly?: boolean
    begin(connection: object): Promise<unknown>
    query(connection: object, sql: string): Promise<unknown>
  }
  export = Transaction
}
