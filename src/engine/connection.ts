import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type InspectOptions, inspect } from 'node:util'
import { ResourceClosedError } from '../errors.ts'
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
import type { LoneStatements, ObjectChanges } from '../sql/open-transaction.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import { checkBackupOptions, checkBeginOptions } from './call-options.ts'
import { callTarget, cloneArguments } from './call-target.ts'
import type { AsyncConnection, AsyncTransaction, BackupOptions, DriverRemote, NotificationStream } from './contract.ts'
import type { WaitOptions } from './deadline.ts'
import { driverRemote } from './driver-remote.ts'
import { inspection } from './inspection.ts'
import type { Lifeline } from './lifeline.ts'
import { isFileGone } from './operation.ts'
import { PendingStatement } from './pending-result.ts'
import { RowIterator } from './row-iterator.ts'
import type { Session } from './session.ts'
import type { StatementCall, Transaction } from './transaction.ts'
import { type ConnectionHandle, TransactionHandle } from './transaction-handle.ts'
import { assertNotInsideUnit } from './transaction-scope.ts'

/** A handle on a session: the connection itself, or a branch of it, which is a second handle on the same. */
export class Connection implements ConnectionHandle, LoneStatements {
  readonly #session: Session
  /** While anybody has it, the connection is not forgotten. Undefined where the engine itself gives it back. */
  readonly lifeline: Lifeline | undefined
  readonly #branch: boolean
  #closed = false
  #driver: DriverRemote | null = null

  constructor(session: Session, lifeline?: Lifeline, branch = false) {
    this.#session = session
    this.lifeline = lifeline
    this.#branch = branch
  }

  get closed(): boolean {
    return this.#closed || this.#session.closed
  }

  get id(): number {
    return this.#session.physical.id
  }

  get threadId(): number {
    return this.#session.physical.threadId
  }

  get dialect(): Dialect {
    return this.#session.services.dialect
  }

  get driver(): DriverRemote {
    this.#driver ??= driverRemote(async (member, args) => {
      const refusal = this.#closed ? this.#closedError() : this.#session.refusal(null)
      if (refusal !== null) throw refusal
      const cloned =
        args === null ? null : cloneArguments(this.#session.services.options.isolation, args, `"${member}" of the driver's handle`)
      // A handle can do anything to its connection.
      this.#session.physical.markUsed()
      try {
        return await this.#session.physical.lease.control.invoke(member, cloned)
      } catch (error) {
        if (isFileGone(error as Error)) this.#session.physical.noteFileGone()
        throw error
      }
    })
    return this.#driver
  }

  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#execute<R>(statement, this.#call(params, options))
  }

  executeAlone<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#execute<R>(statement, { ...this.#call(params, options), alone: true })
  }

  #execute<R>(statement: Executable, call: StatementCall): PendingStatement<R> {
    if (this.#closed) return PendingStatement.refused<R>(this.#closedError())
    return this.#session.execute<R>(statement, call)
  }

  #call(params: Parameters | undefined, options: ExecuteOptions | undefined): StatementCall {
    return { params, options, via: null, lifeline: this.lifeline }
  }

  scalar<T = RowValue>(statement: Executable, params?: Parameters, options?: ExecuteOptions): Promise<T | null> {
    return this.execute(statement, params, options).scalar<T>()
  }

  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    // Like everything else of it, it begins with the first row that is asked for; so does the refusal.
    return new RowIterator<R>(() => this.#execute<R>(statement, { ...this.#call(params, options), streams: true }).source())
  }

  streamAlone<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return new RowIterator<R>(() => this.#execute<R>(statement, { ...this.#call(params, options), alone: true, streams: true }).source())
  }

  executeMany(statement: Executable, rows: ManyRows, options?: ManyOptions): Promise<ManyResult> {
    return this.#do(() => this.#session.executeMany({ statement, rows, options }, null))
  }

  script(text: string): Promise<void> {
    return this.#do(() => this.#session.script(text, null))
  }

  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T> {
    return this.#do(() => this.#session.call<T>(callTarget(this.#session.services.options.isolation, module, name, args), null))
  }

  /** Work that keeps this handle until it is done, and counts against the transaction that it is part of. */
  #do<T>(work: () => Promise<T>): Promise<T> {
    return this.#session.track(null, this.#awaitOpen(work))
  }

  async #awaitOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    return await work()
  }

  async backup(file: string | URL, options: BackupOptions = {}): Promise<void> {
    this.#assertOpen()
    checkBackupOptions(options)
    await this.#session.backup(filePath(file), options)
  }

  async listen(channel: string): Promise<NotificationStream> {
    this.#assertOpen()
    return await this.#session.listen(channel)
  }

  async begin(options: BeginOptions = {}): Promise<AsyncTransaction> {
    this.#assertOpen()
    checkBeginOptions(options)
    return new TransactionHandle(await this.#session.begin(options), this, this.#session)
  }

  async beginNested(): Promise<AsyncTransaction> {
    this.#assertOpen()
    return new TransactionHandle(await this.#session.beginNested(null), this, this.#session)
  }

  transaction<T>(fn: (tx: AsyncTransaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#do(() => {
      checkBeginOptions(options)
      return this.runTransaction(fn, options)
    })
  }

  /**
   * Runs `fn` in a transaction of this connection: inside `via`, if that is given.
   *
   * @param options checked
   */
  async runTransaction<T>(
    fn: (tx: AsyncTransaction) => Promise<T>,
    options: TransactionOptions & WaitOptions,
    via: Transaction | null = null,
  ): Promise<T> {
    if (typeof fn !== 'function') throw new TypeError('transaction() takes a function of the transaction.')
    return await this.#session.transaction((transaction) => fn(new TransactionHandle(transaction, this, this.#session)), options, via)
  }

  get changes(): ObjectChanges {
    return this.#session
  }

  inTransaction(): boolean {
    return !this.closed && this.#session.physical.inTransaction
  }

  async connect(): Promise<AsyncConnection> {
    this.#assertOpen()
    const refusal = this.#session.refusal(null)
    if (refusal !== null) throw refusal
    return new Connection(this.#session, this.lifeline, true)
  }

  invalidate(_reason?: string): void {
    this.#session.discard()
  }

  async close(): Promise<void> {
    if (!this.#branch) assertNotInsideUnit('connection', this.#session.physical)
    this.#closed = true
    if (!this.#branch) await this.#session.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const { id, threadId, closed } = this
    return inspection('Connection', { id, threadId, closed, inTransaction: this.inTransaction() }, options)
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closedError()
  }

  #closedError(): ResourceClosedError {
    return new ResourceClosedError('This Connection is closed.')
  }
}

/** Where a copy is to be written: a path from the working directory, or a file URL. */
export function filePath(file: string | URL): string {
  if (file instanceof URL) return fileURLToPath(file)
  if (typeof file !== 'string' || file === '' || file.includes('\0'))
    throw new TypeError('backup() takes the path or file URL of the copy.')
  return resolve(file)
}
