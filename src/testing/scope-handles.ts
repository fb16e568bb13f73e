import type { AsyncConnection, AsyncTransaction, BackupOptions, DriverRemote, NotificationStream } from '../engine/contract.ts'
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
import { changesIn, type ObjectChanges, stillOpen, type TransactionInsides } from '../sql/open-transaction.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import { AutocommitStatements } from './autocommit.ts'
import { OwnTransactions } from './own-transactions.ts'

/** What becomes of a transaction's options inside the scope: a savepoint has neither an isolation level nor a mode of its own. */
export function optionsInside(options: TransactionOptions | undefined): TransactionOptions {
  return { retries: options?.retries, signal: options?.signal, timeoutMs: options?.timeoutMs }
}

/** A transaction inside the scope: a savepoint, whatever it was begun by, and so is all that begins inside it. */
export class ScopeTransaction implements AsyncTransaction, TransactionInsides {
  readonly connection: AsyncConnection
  protected readonly inner: AsyncTransaction

  constructor(inner: AsyncTransaction, connection: AsyncConnection) {
    this.inner = inner
    this.connection = connection
  }

  get dialect(): Dialect {
    return this.inner.dialect
  }

  get isActive(): boolean {
    return this.inner.isActive
  }

  get isNested(): boolean {
    return this.inner.isNested
  }

  get stillOpen(): ScopeTransaction | null {
    const open = stillOpen(this.inner)
    if (open === this.inner) return this
    // What is around a transaction is one.
    return open === null ? null : new ScopeTransaction(open as AsyncTransaction, this.connection)
  }

  get changes(): ObjectChanges {
    return changesIn(this.inner)
  }

  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.inner.execute<R>(statement, params, options)
  }

  executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult> {
    return this.inner.executeMany(statement, rows, options)
  }

  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null> {
    return this.inner.scalar<T>(statement, params, options)
  }

  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return this.inner.stream<R>(statement, params, options)
  }

  script(text: string): Promise<void> {
    return this.inner.script(text)
  }

  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T> {
    return this.inner.call<T>(module, name, ...args)
  }

  async begin(): Promise<AsyncTransaction> {
    return await this.beginNested()
  }

  async beginNested(): Promise<AsyncTransaction> {
    return new ScopeTransaction(await this.inner.beginNested(), this.connection)
  }

  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.inner.transaction((tx) => fn(new ScopeTransaction(tx, this.connection)), optionsInside(options))
  }

  async commit(): Promise<void> {
    await this.inner.commit()
  }

  async rollback(): Promise<void> {
    await this.inner.rollback()
  }

  async close(): Promise<void> {
    await this.rollback()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rollback()
  }
}

/**
 * The scope's own transaction, which nothing ends but the scope. `commit()` and `rollback()` end the part of it since the last of them, as
 * a session does that has joined a transaction from outside:
 * https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#joining-a-session-into-an-external-transaction-such-as-for-test-suites
 */
export class OuterTransaction extends ScopeTransaction {
  /** Statements of the engine, which are outside of any transaction but this. */
  readonly outside: AutocommitStatements
  #part: AsyncTransaction
  /** One end of a part after another: each begins the next part. */
  #lastEnd: Promise<void> | null = null

  private constructor(root: AsyncTransaction, connection: AsyncConnection, part: AsyncTransaction) {
    super(root, connection)
    this.outside = new AutocommitStatements(root)
    this.#part = part
  }

  static async begin(root: AsyncTransaction): Promise<OuterTransaction> {
    const connection = ScopeConnection.ofScope(await root.connection.connect())
    return new OuterTransaction(root, connection, await root.beginNested())
  }

  /** Another connection, as the engine gives them: it is in no transaction. */
  async connect(): Promise<ScopeConnection> {
    return ScopeConnection.ofEngine(await this.inner.connection.connect())
  }

  override async commit(): Promise<void> {
    await this.#endPart((part) => part.commit())
  }

  override async rollback(): Promise<void> {
    await this.#endPart((part) => part.rollback())
  }

  async #endPart(end: (part: AsyncTransaction) => Promise<void>): Promise<void> {
    // Within the call, where no other end is on its way: what is called behind it is in the next part.
    const ending = this.#lastEnd === null ? this.#beginNext(end) : this.#lastEnd.then(() => this.#beginNext(end))
    const settled = ending.then(
      () => {},
      () => {},
    )
    this.#lastEnd = settled
    try {
      await ending
    } finally {
      if (this.#lastEnd === settled) this.#lastEnd = null
    }
  }

  async #beginNext(end: (part: AsyncTransaction) => Promise<void>): Promise<void> {
    const ended = end(this.#part)
    // Together, or what is called behind the end might come between the two, where no rollback() undoes it.
    const next = this.inner.beginNested()
    next.catch(() => {})
    try {
      await ended
    } catch (error) {
      // The part is still there, and goes on.
      await next.then((inside) => inside.commit()).catch(() => {})
      throw error
    }
    // Where the database has ended it all, there is nothing to begin a part in, and every statement says so.
    if (this.inner.isActive) this.#part = await next
  }
}

/** A connection inside the scope: what it begins are savepoints, and closing it leaves the scope open. */
export class ScopeConnection implements AsyncConnection {
  readonly #branch: AsyncConnection
  /** Its statements outside of a transaction of its own; null: they are part of the scope's. */
  readonly #alone: AutocommitStatements | null
  readonly #own: OwnTransactions
  readonly #begun: AsyncTransaction[] = []

  private constructor(branch: AsyncConnection, alone: AutocommitStatements | null, own = new OwnTransactions()) {
    this.#branch = branch
    this.#alone = alone
    this.#own = own
  }

  /**
   * The connection of the scope's own transaction.
   *
   * @param branch a second handle on the scope's own connection, which is closed with this; for `ofEngine` too
   */
  static ofScope(branch: AsyncConnection): ScopeConnection {
    return new ScopeConnection(branch, null)
  }

  /** A connection as the engine gives it, on which no transaction is open. */
  static ofEngine(branch: AsyncConnection): ScopeConnection {
    return new ScopeConnection(branch, new AutocommitStatements(branch))
  }

  get #statements(): Pick<AsyncConnection, 'execute' | 'stream' | 'script' | 'call'> {
    return this.#alone === null || this.#own.includesTask ? this.#branch : this.#alone
  }

  get dialect(): Dialect {
    return this.#branch.dialect
  }

  get closed(): boolean {
    return this.#branch.closed
  }

  get id(): number {
    return this.#branch.id
  }

  get threadId(): number {
    return this.#branch.threadId
  }

  get driver(): DriverRemote {
    return this.#branch.driver
  }

  get changes(): ObjectChanges {
    return changesIn(this.#branch)
  }

  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#statements.execute<R>(statement, params, options)
  }

  executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult> {
    return this.#branch.executeMany(statement, rows, options)
  }

  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null> {
    return this.execute(statement, params, options).scalar<T>()
  }

  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return this.#statements.stream<R>(statement, params, options)
  }

  script(text: string): Promise<void> {
    return this.#statements.script(text)
  }

  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T> {
    return this.#statements.call<T>(module, name, ...args)
  }

  async begin(): Promise<AsyncTransaction> {
    return await this.beginNested()
  }

  async beginNested(): Promise<AsyncTransaction> {
    const begun = await this.#branch.beginNested()
    this.#begun.push(begun)
    this.#own.add(begun)
    return new ScopeTransaction(begun, this)
  }

  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
    const run = (tx: AsyncTransaction): Promise<T> => this.#own.run(tx, () => fn(new ScopeTransaction(tx, this)))
    return this.#branch.transaction(run, optionsInside(options))
  }

  /** Of its own: the scope's is always open. */
  inTransaction(): boolean {
    return !this.closed && this.#own.isOpen
  }

  async connect(): Promise<AsyncConnection> {
    const branch = await this.#branch.connect()
    return new ScopeConnection(branch, this.#alone === null ? null : new AutocommitStatements(branch), this.#own)
  }

  async backup(file: string | URL, options?: BackupOptions): Promise<void> {
    await this.#branch.backup(file, options)
  }

  async listen(channel: string): Promise<NotificationStream> {
    return await this.#branch.listen(channel)
  }

  invalidate(reason?: string): void {
    this.#branch.invalidate(reason)
  }

  async close(): Promise<void> {
    // The first one takes along what began inside it.
    for (const begun of this.#begun.splice(0)) await begun.rollback()
    await this.#branch.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
