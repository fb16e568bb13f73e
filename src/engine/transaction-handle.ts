import { type InspectOptions, inspect } from 'node:util'
import type { Dialect } from '../sql/dialect.ts'
import type {
  BeginOptions,
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
import type { LoneStatements, ObjectChanges, TransactionInsides } from '../sql/open-transaction.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import { checkBeginOptions } from './call-options.ts'
import { callTarget } from './call-target.ts'
import type { AsyncConnection, AsyncTransaction } from './contract.ts'
import { inspection } from './inspection.ts'
import type { Lifeline } from './lifeline.ts'
import type { Session } from './session.ts'
import type { Transaction } from './transaction.ts'

/** The connection, as its transactions' handles see it. */
export interface ConnectionHandle extends AsyncConnection {
  readonly lifeline: Lifeline | undefined
  /** Runs `fn` in a transaction inside `via`; the options have been checked. */
  runTransaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options: TransactionOptions, via: Transaction): Promise<T>
}

/**
 * What a user holds of a transaction. The session holds the transaction itself and not this handle, so that it can be told when the last
 * handle on it has been forgotten: see `lifeline.ts`.
 */
export class TransactionHandle implements AsyncTransaction, TransactionInsides, LoneStatements {
  readonly #transaction: Transaction
  readonly #connection: ConnectionHandle
  readonly #session: Session

  constructor(transaction: Transaction, connection: ConnectionHandle, session: Session) {
    this.#transaction = transaction
    this.#connection = connection
    this.#session = session
  }

  get connection(): AsyncConnection {
    return this.#connection
  }

  get dialect(): Dialect {
    return this.#connection.dialect
  }

  get isActive(): boolean {
    return this.#transaction.isActive
  }

  get isNested(): boolean {
    return this.#transaction.isNested
  }

  get stillOpen(): TransactionHandle | null {
    let transaction: Transaction | null = this.#transaction
    while (transaction !== null && (transaction.ended || transaction.ending)) transaction = transaction.parent
    if (transaction === this.#transaction) return this
    return transaction === null ? null : this.#handleOn(transaction)
  }

  get changes(): ObjectChanges {
    return this.#session.changesThrough(this.#transaction)
  }

  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#session.execute<R>(statement, this.#call(params, options))
  }

  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null> {
    return this.execute(statement, params, options).scalar<T>()
  }

  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return this.#session.stream<R>(statement, this.#call(params, options))
  }

  executeAlone<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#session.execute<R>(statement, { ...this.#call(params, options), alone: true })
  }

  streamAlone<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return this.#session.stream<R>(statement, { ...this.#call(params, options), alone: true })
  }

  executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult> {
    return this.#do(() => this.#session.executeMany({ statement, rows, options }, this.#transaction))
  }

  script(text: string): Promise<void> {
    return this.#do(() => this.#session.script(text, this.#transaction))
  }

  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T> {
    return this.#do(() =>
      this.#session.call<T>(callTarget(this.#session.services.options.isolation, module, name, args), this.#transaction),
    )
  }

  async begin(options: BeginOptions = {}): Promise<AsyncTransaction> {
    checkBeginOptions(options)
    return this.#handleOn(await this.#session.begin(options, this.#transaction))
  }

  async beginNested(): Promise<AsyncTransaction> {
    return this.#handleOn(await this.#session.beginNested(this.#transaction))
  }

  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#do(() => {
      checkBeginOptions(options)
      return this.#connection.runTransaction(fn, options, this.#transaction)
    })
  }

  /** Work that keeps this handle until it is done, and counts against its transaction. */
  #do<T>(work: () => Promise<T>): Promise<T> {
    return this.#session.track(this.#transaction, this.#await(work))
  }

  async #await<T>(work: () => Promise<T>): Promise<T> {
    return await work()
  }

  async commit(): Promise<void> {
    await this.#transaction.commit()
  }

  async rollback(): Promise<void> {
    await this.#transaction.rollback()
  }

  async close(): Promise<void> {
    await this.#transaction.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transaction.rollback()
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { isActive, isNested } = this
    return inspection('Transaction', { connectionId: this.#session.connectionId, isActive, isNested }, options)
  }

  #call(params: Parameters | undefined, options: ExecuteOptions | undefined) {
    return { params, options, via: this.#transaction, lifeline: this.#connection.lifeline }
  }

  #handleOn(transaction: Transaction): TransactionHandle {
    return new TransactionHandle(transaction, this.#connection, this.#session)
  }
}
