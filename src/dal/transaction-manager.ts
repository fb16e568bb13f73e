import type { ColumnSpecs } from '../schema/infer.ts'
import type { Table, TableAlias } from '../schema/table.ts'
import type { Dialect } from '../sql/dialect.ts'
import type {
  ExecuteOptions,
  Executor,
  ManyOptions,
  ManyResult,
  ManyRows,
  PendingResult,
  Row,
  RowStream,
  RowValue,
  TransactionOptions,
} from '../sql/executor.ts'
import type { Executable, Parameters, TypedStatement } from '../sql/statement.ts'
import { asBegun, type BegunTransaction, type ConnectionOf } from './begun-transaction.ts'
import { Aliases, findTable, findUniqueKeys, type Tables, type UniqueKey } from './named-values.ts'

/** What a name was given to: a table under another name, unless the program says otherwise. */
export type AliasedTable = TableAlias<string, ColumnSpecs>

/**
 * One transaction of a layer: runs statements, and knows the layer's tables by name. After its end, every statement rejects. Disposing of it
 * rolls back what has not been committed.
 */
export class TransactionManager<E extends Executor = Executor> implements Executor, AsyncDisposable {
  readonly #begun: BegunTransaction
  readonly #layer: Tables
  readonly #aliases: Aliases

  /** Made by `transaction(dal, …)` and `dal.begin()`. */
  constructor(begun: BegunTransaction, layer: Tables, aliases: Aliases) {
    this.#begun = begun
    this.#layer = layer
    this.#aliases = new Aliases(aliases)
  }

  get dialect(): Dialect {
    return this.#begun.dialect
  }

  /** The connection that it is on, for what is not part of it: the driver's own handle. */
  get connection(): ConnectionOf<E> {
    return this.#begun.connection as ConnectionOf<E>
  }

  get isActive(): boolean {
    return this.#begun.isActive
  }

  /**
   * A table or view of the layer by 'name' or 'schema.name'.
   *
   * @throws {InvalidRequestError} there is none of that name
   */
  getTable(name: string): Table {
    return findTable(this.#layer, name)
  }

  /**
   * The unique constraints of a table, or those of that name.
   *
   * @throws {InvalidRequestError} there is neither such a table nor such a constraint
   */
  getUniqueConstraints(name: string | Table): UniqueKey[] {
    return findUniqueKeys(this.#layer, name)
  }

  /** Gives a table, or anything else, a name for this transaction alone. */
  setAlias(name: string, value: unknown): void {
    this.#aliases.set(name, value)
  }

  /**
   * What has that name here, or in the layer.
   *
   * @throws {InvalidRequestError} nothing has
   */
  getAlias<T = AliasedTable>(name: string): T {
    // What it is, is known to whoever has set it.
    return this.#aliases.get(name) as T
  }

  execute<R>(statement: TypedStatement<R>, params?: readonly [], options?: ExecuteOptions): PendingResult<R>
  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R>
  execute<R>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#begun.execute<R>(statement, params, options)
  }

  executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult> {
    return this.#begun.executeMany(statement, rows, options)
  }

  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null> {
    return this.#begun.scalar<T>(statement, params, options)
  }

  stream<R>(statement: TypedStatement<R>, params?: readonly [], options?: ExecuteOptions): RowStream<R>
  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R>
  stream<R>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return this.#begun.stream<R>(statement, params, options)
  }

  script(text: string): Promise<void> {
    return this.#begun.script(text)
  }

  /** A transaction inside this one, which is a savepoint: it can fail alone. Its aliases are its own first, then those of this one. */
  transaction<T>(fn: (tx: TransactionManager<E>) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#begun.transaction((inner) => fn(new TransactionManager<E>(asBegun(inner), this.#layer, this.#aliases)), options)
  }

  commit(): Promise<void> {
    return this.#begun.commit()
  }

  /** Silent when it has ended already. */
  rollback(): Promise<void> {
    return this.#begun.rollback()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#begun.rollback()
  }
}
