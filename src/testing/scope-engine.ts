import type { AsyncConnection, AsyncEngine, AsyncTransaction, BackupOptions, EngineStatus } from '../engine/contract.ts'
import type { Dialect } from '../sql/dialect.ts'
import type {
  ExecuteOptions,
  ManyOptions,
  ManyResult,
  ManyRows,
  PendingResult,
  Row,
  RowStream,
  RowValue,
  TransactionOptions,
} from '../sql/executor.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import { hasTableQuery, tableNamesQuery } from '../sql/table-queries.ts'
import type { EngineURL } from '../sql/url.ts'
import type { OuterTransaction } from './scope-handles.ts'

/** The engine as code sees it that runs inside a scope: all that it hands out is on the scope's connection and in its transaction. */
export class ScopeEngine implements AsyncEngine {
  readonly #engine: AsyncEngine
  readonly #tx: OuterTransaction

  constructor(engine: AsyncEngine, tx: OuterTransaction) {
    this.#engine = engine
    this.#tx = tx
  }

  get url(): EngineURL {
    return this.#engine.url
  }

  get dialect(): Dialect {
    return this.#engine.dialect
  }

  get driver(): string {
    return this.#engine.driver
  }

  get closed(): boolean {
    return this.#engine.closed
  }

  async connect(): Promise<AsyncConnection> {
    return await this.#tx.connect()
  }

  async begin(): Promise<AsyncTransaction> {
    return await this.#tx.beginNested()
  }

  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#tx.transaction(fn, options)
  }

  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#tx.outside.execute<R>(statement, params, options)
  }

  executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult> {
    return this.#tx.executeMany(statement, rows, options)
  }

  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null> {
    return this.execute(statement, params, options).scalar<T>()
  }

  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return this.#tx.outside.stream<R>(statement, params, options)
  }

  script(text: string): Promise<void> {
    return this.#tx.outside.script(text)
  }

  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T> {
    return this.#tx.outside.call<T>(module, name, ...args)
  }

  async hasTable(name: string, schema?: string): Promise<boolean> {
    const { sql, values } = hasTableQuery(this.dialect, name, schema)
    return (await this.execute(sql, values).first()) !== null
  }

  async tableNames(schema?: string): Promise<string[]> {
    const { sql, values } = tableNamesQuery(this.dialect, schema)
    return await this.execute(sql, values).scalars<string>()
  }

  async backup(file: string | URL, options?: BackupOptions): Promise<void> {
    await this.#tx.connection.backup(file, options)
  }

  status(): EngineStatus {
    return this.#engine.status()
  }

  /** Does nothing: the engine behind it is closed by whoever made it. */
  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
