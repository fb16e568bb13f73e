import { AsyncResource } from 'node:async_hooks'
import { InvalidRequestError, ResourceClosedError, TransactionAbortedError } from '../errors.ts'
import { ReplyKind, RequestFlag, RequestKind } from '../protocol/frames.ts'
import { holdEarlyFailure } from '../sql/early-failure.ts'
import type { BeginOptions, ManyResult, RowStream, TransactionOptions } from '../sql/executor.ts'
import type { ObjectChanges } from '../sql/open-transaction.ts'
import type { Executable } from '../sql/statement.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { checkExecuteOptions, checkManyOptions } from './call-options.ts'
import type { CallTarget } from './call-target.ts'
import type { BackupOptions, BackupProgress, NotificationStream } from './contract.ts'
import { abortErrorOf, fromNow, type WaitOptions, watchDeadline, withOneSignal } from './deadline.ts'
import { executeRows, type ManyCall, type ManyRun } from './execute-many.ts'
import { Execution } from './execution.ts'
import { lostConnectionError } from './lost-connection.ts'
import { scriptWithFilesOfSystem } from './memory-files.ts'
import { Listeners } from './notifications.ts'
import { type RequestSettings, SingleRequest } from './operation.ts'
import { PendingStatement } from './pending-result.ts'
import type { PhysicalConnection } from './physical-connection.ts'
import { withRetries } from './retries.ts'
import { RootBegin } from './root-begin.ts'
import { RowIterator } from './row-iterator.ts'
import { assertQueueHasRoom, compileFor, type EngineServices } from './services.ts'
import { accessOf, endsTransaction } from './statement-kinds.ts'
import { superviseStatement } from './supervise.ts'
import { announceQuery, announceTransaction, type EndTrace, echo, traceQuery } from './tracing.ts'
import { type StatementCall, Transaction, type TransactionHost } from './transaction.ts'
import { currentScope, insideTransactionOn, insideTurn, runInScope, type TransactionScope } from './transaction-scope.ts'
import { type OpenTransactionState, type Turn, TurnQueue } from './turn-queue.ts'
import { raiseUnseen, UnseenFailures, unseenError } from './unseen-failures.ts'
import { Refusal } from './witness.ts'

/**
 * One borrower's time with a physical connection: what his handles (the connection, its branches, its transactions) share. It knows which
 * transaction is open, who may speak inside it, and what nobody has looked at.
 */
export class Session implements TransactionHost, OpenTransactionState {
  readonly physical: PhysicalConnection
  readonly #services: EngineServices
  readonly #release: (session: Session, discard: boolean) => Promise<void>
  #discard = false
  #closed = false
  #closing: Promise<void> | null = null
  /** Each executeMany that is at work: one statement for many rows, which a close() lets finish. */
  readonly #units = new Map<Turn, Promise<unknown>>()
  readonly #listeners: Listeners
  /** The innermost open transaction. */
  #current: Transaction | null = null
  #root: Transaction | null = null
  /** A BEGIN is on its way. */
  #beginning = false
  readonly turns: TurnQueue
  /** Statements of the open transaction that have not succeeded, until somebody has looked at them. */
  readonly #unseen = new UnseenFailures()
  #onRootEnded: (() => void) | null = null
  #endTrace: EndTrace = () => {}
  readonly #begin: RootBegin
  readonly #forgetLoss: () => void

  constructor(physical: PhysicalConnection, services: EngineServices, release: (session: Session, discard: boolean) => Promise<void>) {
    this.physical = physical
    this.#services = services
    this.#release = release
    this.turns = new TurnQueue(physical, this)
    // What any statement may have left on a server's connection shows in none of its text: a function can set anything.
    if (!services.dialect.embedded) physical.markUsed()
    this.#listeners = new Listeners(physical.lease, services.dialect, (sql) =>
      this.execute(sql, { params: undefined, options: undefined, via: null, lifeline: undefined }),
    )
    this.#begin = new RootBegin(physical, services, () => !this.#closed)
    // Whoever waits for a turn may wait for a function that never ends.
    this.#forgetLoss = physical.whenLost(() => this.turns.close())
  }

  get services(): EngineServices {
    return this.#services
  }

  get root(): Transaction | null {
    return this.#root
  }

  get beginning(): boolean {
    return this.#beginning
  }

  get ending(): boolean {
    return this.#root?.ending === true
  }

  get connectionId(): number {
    return this.physical.id
  }

  get closed(): boolean {
    return this.#closing !== null || this.physical.lost !== null
  }

  /** Called once when the outermost transaction has ended. */
  set onRootEnded(listener: () => void) {
    this.#onRootEnded = listener
  }

  // Statements

  execute<R>(statement: Executable, call: StatementCall): PendingStatement<R> {
    const { options, via } = call
    let execution: Execution
    try {
      checkExecuteOptions(options)
      // What it waits for may change the answer: then it is asked when its turn has come.
      const refusal = via?.ended !== true && this.turns.mustWait(via) ? null : this.refusal(via)
      if (refusal !== null) throw refusal
      assertQueueHasRoom(this.physical.pending)
      execution = this.#compile(statement, call)
    } catch (thrown) {
      const error = withCallersStack(thrown) as Error
      if (this.#root?.isActive !== true || !this.#tracks(via)) return PendingStatement.refused<R>(error)
      // It counts against its transaction.
      const refusal = new Refusal(error)
      this.#unseen.add(refusal)
      return new PendingStatement<R>(refusal, call.lifeline, this.#unseen.track)
    }
    // One that has to wait for the open transaction to end is none of its statements.
    const tracked = this.#tracks(via)
    const pending = new PendingStatement<R>(execution, call.lifeline, tracked ? this.#unseen.track : undefined)
    superviseStatement(execution, call, this.#services)
    if (tracked) this.#unseen.add(execution)
    else execution.whenArrived(raiseUnseen)
    if (call.alone === true) void this.#submitAlone(execution, via)
    else if (this.turns.mustWait(via)) this.turns.run(via, (through) => this.#submit(execution, through))
    else this.#submit(execution, via)
    return pending
  }

  /** In a savepoint of its own. What is called behind it on the transaction comes when that has ended, and is not undone with it. */
  #submitAlone(execution: Execution, via: Transaction | null): Promise<void> {
    return this.turns.holdInside(via, {}, async (turn, through) => {
      const around = this.#current
      if (around === null || execution.complete || this.refusal(through) !== null) return this.#submit(execution, through)
      const savepoint = this.#enter(new Transaction(this, 'statement', around))
      turn.owner = savepoint
      await savepoint.runStatement(execution, () => this.#submit(execution, savepoint))
    })
  }

  #compile(statement: Executable, { params, options }: StatementCall): Execution {
    const { options: settings } = this.#services
    const compiled = compileFor(this.#services, statement, params)
    if (this.#runsInside() && endsTransaction(compiled.scanned)) {
      throw new InvalidRequestError(
        `"${compiled.scanned.verb}" inside a transaction of begin() or transaction(): use commit(), rollback() and beginNested() of its object.`,
      )
    }
    const execution = new Execution(compiled, options, settings.integers)
    if (this.#services.memory) this.#rereadWhenTooLarge(execution)
    announceQuery(this.#services, compiled, this.physical.id, execution)
    return execution
  }

  /** A result of a memory database that is larger than the worker may keep is read from the database after all. */
  #rereadWhenTooLarge(execution: Execution): void {
    execution.rerouter = { reroute: () => this.physical.submit(execution.route(0, 'shared')) }
  }

  /** Whether what comes this way is part of the open transaction. */
  #tracks(via: Transaction | null): boolean {
    return this.#root !== null && !this.turns.isOutsider(via)
  }

  /** Work that was called just now: as part of the open transaction, it counts against that when it fails and nobody looks. */
  track<T>(via: Transaction | null, work: Promise<T>): Promise<T> {
    return this.#tracks(via) ? this.#unseen.track(work) : work
  }

  #submit(execution: Execution, via: Transaction | null): void {
    const refusal = this.refusal(via)
    if (refusal !== null) {
      execution.fail(refusal)
      return
    }
    const { memory } = this.#services
    if (this.#runsInside()) execution.route(RequestFlag.inTransaction, 'none')
    else execution.route(memory ? RequestFlag.buffered : 0, accessOf(execution.statement.scanned, memory))
    this.physical.submit(execution)
  }

  stream<R>(statement: Executable, call: StatementCall): RowStream<R> {
    return new RowIterator<R>(() => this.execute<R>(statement, { ...call, streams: true }).source())
  }

  /** Sends a request that is answered once, when its turn has come. */
  async request(settings: RequestSettings, via: Transaction | null, wait: WaitOptions = {}): Promise<unknown> {
    const request = new SingleRequest(settings)
    const stop = watchDeadline(wait, (error) => request.abort(error))
    this.turns.run(via, (through) => {
      const refusal = this.refusal(through)
      if (refusal !== null) request.fail(refusal)
      else this.physical.submit(this.#runsInside() ? request.insideTransaction() : request)
    })
    try {
      const reply = await request.answer()
      if (reply.kind === ReplyKind.done) return reply.rowcount
      return reply.kind === ReplyKind.value ? reply.value : undefined
    } finally {
      stop()
    }
  }

  /** Flags of a request that belongs to the open transaction, if there is one. */
  get transactionFlags(): number {
    return this.#runsInside() ? RequestFlag.inTransaction : 0
  }

  async script(text: string, via: Transaction | null): Promise<void> {
    if (typeof text !== 'string') throw new TypeError('script() takes a string of SQL statements.')
    this.#services.compiler.checkScript(text)
    const sql = this.#services.memory ? scriptWithFilesOfSystem(text) : text
    echo(this.#services, text)
    const post: RequestSettings['post'] = ({ channel }, id) =>
      channel.post({ kind: RequestKind.script, id, flags: this.transactionFlags, sql })
    const settings: RequestSettings = { access: 'exclusive', leavesConnectionState: true, post, sql: text }
    await traceQuery(this.#services, { sql: text, connectionId: this.physical.id }, () => this.request(settings, via))
  }

  async call<T>({ module, name, args }: CallTarget, via: Transaction | null): Promise<T> {
    const post: RequestSettings['post'] = ({ channel }, id) =>
      channel.post({ kind: RequestKind.call, id, flags: this.transactionFlags, module, name, args })
    const access = this.#services.memory ? 'exclusive' : 'none'
    return (await this.request({ access, leavesConnectionState: true, post }, via)) as T
  }

  async backup(file: string, options: BackupOptions): Promise<void> {
    const { onProgress } = options
    const post: RequestSettings['post'] = ({ channel }, id) => channel.post({ kind: RequestKind.backup, id, file })
    // It is called in the context of whoever has asked, not in that of the thread's answer.
    const tell = onProgress === undefined ? undefined : AsyncResource.bind(onProgress)
    const onPartial = (value: unknown): void => tell?.(value as BackupProgress)
    const access = this.#services.memory ? 'shared' : 'none'
    await this.request({ access, leavesConnectionState: false, post, onPartial, abortsInOrder: true }, null, options)
  }

  /** Listens to a channel of NOTIFY. */
  listen(channel: string): Promise<NotificationStream> {
    return this.#listeners.listen(channel)
  }

  /** Runs the statement once a row; without an open transaction in one of its own, else in a savepoint. */
  async executeMany({ options, ...many }: ManyCall, via: Transaction | null): Promise<ManyResult> {
    holdEarlyFailure(many.rows)
    checkManyOptions(options)
    return await withOneSignal(options, (wait) => this.#executeMany({ ...many, wait }, via))
  }

  async #executeMany(many: ManyRun, via: Transaction | null): Promise<ManyResult> {
    const inside = via !== null || this.#tracks(via) || insideTransactionOn(this.physical)
    const run = (turn: Turn, through: Transaction | null): Promise<ManyResult> =>
      this.#asUnit(turn, async () => {
        this.#assertNotRefused(through)
        return await executeRows<Transaction>(this, many, async () => {
          const transaction = await this.beginNested(through)
          turn.owner = transaction
          return transaction
        })
      })
    return inside ? this.turns.holdInside(via, many.wait, run) : this.#withTurn((turn) => run(turn, null), many.wait)
  }

  async #asUnit<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    const working = runInScope({ ...this.#scope(turn), isUnit: true }, work)
    this.#units.set(turn, working)
    try {
      return await working
    } finally {
      this.#units.delete(turn)
    }
  }

  // Transactions

  /** @param options checked, as those of `transaction` */
  async begin(options: BeginOptions & WaitOptions, via: Transaction | null = null): Promise<Transaction> {
    const wait = fromNow(options)
    return this.#whenSettled(via, wait, async (through) => {
      this.#assertNotRefused(through)
      if (this.#current !== null) return this.#enter(new Transaction(this, 'emulated', this.#current))
      return this.#beginRoot(wait)
    })
  }

  beginNested(via: Transaction | null): Promise<Transaction> {
    return this.#whenSettled(via, {}, (through) => this.#beginSavepoint(through))
  }

  async #beginSavepoint(via: Transaction | null): Promise<Transaction> {
    this.#assertNotRefused(via)
    if (this.#current === null) return this.#beginRoot({})
    // On the stack at once: what is begun behind it is inside it.
    const transaction = this.#enter(new Transaction(this, 'savepoint', this.#current))
    await transaction.setSavepoint()
    return transaction
  }

  #enter(transaction: Transaction): Transaction {
    this.#current = transaction
    if (transaction.parent === null) {
      this.#root = transaction
      this.physical.transaction = transaction
    }
    return transaction
  }

  /** Begins when nobody else has the connection to himself, and no transaction is being begun or ended on it. */
  async #whenSettled<T>(via: Transaction | null, wait: WaitOptions, begin: (through: Transaction | null) => Promise<T>): Promise<T> {
    if (!this.turns.mustWaitToBegin(via)) return await begin(via)
    let begun: Promise<T> | undefined
    // At the very moment that its turn has come: what was called behind it is to come behind it.
    await this.turns.wait(via, wait, (through) => {
      begun = begin(through)
    })
    return await (begun as unknown as Promise<T>)
  }

  async #beginRoot(options: BeginOptions & WaitOptions): Promise<Transaction> {
    const endTrace = announceTransaction({
      database: this.#services.database,
      connectionId: this.physical.id,
      readonly: options.readonly === true,
    })
    this.#beginning = true
    try {
      await this.#begin.send(options)
      this.#endTrace = endTrace
      return this.#enter(new Transaction(this, 'root', null))
    } catch (error) {
      endTrace({ error })
      throw error
    } finally {
      this.#beginning = false
      this.turns.resume()
    }
  }

  /** A transaction has ended in the database: those inside it have ended with it. */
  transactionEnded(transaction: Transaction): void {
    for (let inner = this.#current; inner !== null && inner !== transaction; inner = inner.parent) inner.endWithParent()
    this.#current = transaction.parent
    if (transaction.parent !== null) return
    this.#root = null
    this.physical.transaction = null
    this.#unseen.clear()
    this.#endTrace({ outcome: transaction.outcome })
    this.#begin.ended().catch(() => this.discard())
    const listener = this.#onRootEnded
    this.#onRootEnded = null
    listener?.()
    this.turns.resume()
  }

  /** Of what is called now through a transaction: a savepoint that was opened inside it takes it along, unless it is to wait for the end of that. */
  changesThrough(via: Transaction): ObjectChanges {
    const current = this.#current
    return current?.isInside(via) === true && !this.turns.mustWait(via) ? current : via
  }

  /** As that of the open transaction, if what comes through the connection is part of it. */
  onRollback(object: object, undo: () => void): void {
    // Of a statement that is at work on its own, nothing is left to be undone by the time that an object is changed.
    const around = this.#current?.kind === 'statement' ? this.#current.parent : this.#current
    if (this.#tracks(null)) around?.onRollback(object, undo)
  }

  /** The error of the first statement of the open transaction that failed and that nobody has looked at; waits for those on their way. */
  unseenFailure(): Promise<Error | null> {
    return this.#unseen.first()
  }

  async transaction<T>(
    fn: (tx: Transaction) => Promise<T>,
    options: TransactionOptions & WaitOptions,
    via: Transaction | null,
  ): Promise<T> {
    // An open transaction is held as a whole: what comes through its own object waits as well.
    const nested = via !== null || this.#tracks(via) || insideTransactionOn(this.physical)
    if (!nested) {
      const wait = fromNow(options)
      return this.#withTurn((turn) => this.#runTurn(turn, fn, wait), wait)
    }
    if (options.readonly === true) {
      throw new InvalidRequestError('A transaction inside another one cannot be made read-only: begin the outer one with readonly.')
    }
    return this.turns.holdInside(via, options, async (turn, through) => {
      const inside = through ?? this.#current
      const begin = (): Promise<Transaction> => runInScope(this.#scope(turn), () => this.beginNested(inside))
      return this.#attempt(options, async () => this.#runInside(turn, await begin(), fn, options))
    })
  }

  async #runTurn<T>(turn: Turn, fn: (tx: Transaction) => Promise<T>, options: TransactionOptions & WaitOptions): Promise<T> {
    let wait = options
    return this.#attempt(options, async () => {
      const outer = this.#current
      const begin = (): Promise<Transaction> => (outer === null ? this.#beginRoot(wait) : this.beginNested(outer))
      const transaction = await runInScope(this.#scope(turn), begin)
      // What the function takes is no wait: another attempt has all the time again.
      wait = { ...options, since: undefined }
      return this.#runInside(turn, transaction, fn, options)
    })
  }

  #attempt<T>({ retries = 0 }: TransactionOptions, work: () => Promise<T>): Promise<T> {
    return withRetries(work, retries, () => !this.closed)
  }

  async #runInside<T>(turn: Turn, transaction: Transaction, fn: (tx: Transaction) => Promise<T>, options: WaitOptions): Promise<T> {
    turn.owner = transaction
    try {
      const value = await runInScope(this.#scope(turn), async () => fn(transaction))
      if (options.signal?.aborted === true) throw abortErrorOf(options.signal)
      // The function may have ended it by itself. If the connection was closed under it, commit() says so.
      if (!transaction.ended || transaction.cutOff) await transaction.commit()
      return value
    } catch (error) {
      // On PostgreSQL the next statement says that the transaction is aborted, and not by what: that one was not awaited.
      const unseen = error instanceof TransactionAbortedError ? this.#unseen.known : null
      await transaction.rollback().catch(() => this.discard())
      throw unseen === null || unseen instanceof TransactionAbortedError ? error : unseenError(unseen)
    }
  }

  #withTurn<T>(work: (turn: Turn) => Promise<T>, wait: WaitOptions): Promise<T> {
    return this.turns.hold(wait, async (turn) => {
      this.#assertNotRefused(null)
      return work(turn)
    })
  }

  #scope(turn: Turn): TransactionScope {
    return { connection: this.physical, gate: this.physical.gate, turn, isUnit: false, outer: currentScope() }
  }

  /** Whether what goes out now runs in a transaction of this session's, or not at all. Behind a BEGIN that fails it is not to run by itself. */
  #runsInside(): boolean {
    return this.#beginning || (this.#root !== null && !this.#root.ending && !this.#root.ended)
  }

  // The end

  /** Why nothing can be done, or null. */
  refusal(via: Transaction | null): Error | null {
    // One that has ended says so, though its connection may have gone with it.
    if (via?.ended === true && !(via.cutOff && this.#closed)) return via.refusal()
    if (this.#closed || (this.#closing !== null && !this.#insideUnit())) return new ResourceClosedError('This Connection is closed.')
    const { lost } = this.physical
    if (lost !== null) return lostConnectionError('this connection', lost)
    if (via !== null) return via.refusal()
    // The innermost one: after an inner rollback, what comes through the connection would run in a savepoint that waits for its own.
    let innermost = this.#current
    // One on its way to its end refuses what comes through itself, and through what is inside it, and nothing else.
    for (let each = this.#current; each !== null; each = each.parent) if (each.ending) innermost = each.parent
    return innermost?.refusal() ?? null
  }

  #insideUnit(): boolean {
    for (const turn of this.#units.keys()) if (insideTurn(turn)) return true
    return false
  }

  #assertNotRefused(via: Transaction | null): void {
    const refusal = this.refusal(via)
    if (refusal !== null) throw refusal
  }

  /** Nobody is to have this connection after its borrower. */
  discard(): void {
    this.#discard = true
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    if (this.#units.size > 0) await Promise.allSettled(this.#units.values())
    this.#closed = true
    this.#listeners.close()
    // A COMMIT that is on its way decides by itself how the transaction ends.
    if (this.#root?.ending === true) await this.#root.settled()
    this.#root?.breakOff()
    this.#forgetLoss()
    this.turns.close()
    await this.#release(this, this.#discard)
  }
}
