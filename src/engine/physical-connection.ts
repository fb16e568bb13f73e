import { OperationalError } from '../errors.ts'
import { FifoQueue } from '../protocol/fifo-queue.ts'
import { type Reply, ReplyKind, RequestFlag, RequestKind } from '../protocol/frames.ts'
import { servedLast } from '../protocol/serving-cell.ts'
import type { Lease } from '../transport/lease.ts'
import type { AccessGate, AccessMode } from './access-gate.ts'
import { type WaitOptions, watchDeadline } from './deadline.ts'
import { Execution } from './execution.ts'
import { lostConnectionError } from './lost-connection.ts'
import { type Operation, type OperationOwner, SingleRequest } from './operation.ts'
import { Roll } from './roll.ts'
import { assertNotInsideTransaction } from './transaction-scope.ts'

/** The transaction that is open on a connection, as the connection sees it. */
export interface OpenTransaction {
  /** The database has ended it by itself. */
  abortedByDatabase(): void
  /** The thread is gone, and the transaction with it. */
  lost(error: Error): void
}

interface PhysicalConnectionSettings {
  readonly readonly: boolean
  /** How long a reset may take before the connection is given up: it may open anew, and `setup` can hang. */
  readonly resetTimeoutMs: number
  /** Told of each statement of this library's own. */
  readonly echo: (sql: string) => void
}

let lastId = 0

/**
 * One open database connection on its own thread, for one borrower at a time: the queue of its operations, what it holds of the database
 * file, and what the database says of its state.
 *
 * Operations start in the order in which they were submitted. One that must wait for the write lock holds back those behind it.
 */
export class PhysicalConnection implements OperationOwner {
  readonly id: number
  readonly lease: Lease
  readonly gate: AccessGate
  readonly #resetTimeoutMs: number
  readonly #echo: (sql: string) => void
  #readonly: boolean
  /** The transaction begun through this library, if one is open. */
  transaction: OpenTransaction | null = null
  readonly #queue = new FifoQueue<Operation>()
  readonly #started = new Roll<Operation>(({ runsOn }) => runsOn !== this)
  #running = 0
  /** Results whose remaining rows are in the worker's memory: they keep nobody waiting, whether and whenever they are read. */
  readonly #detached = new Set<Operation>()
  readonly #abandoned = new Set<Operation>()
  #outdated = false
  #onFileGone: (() => void) | null = null
  /** How many of those that run rely on the gate. */
  #gateUsers = 0
  /** Those of them that rely on it until their reader has what he wants. */
  readonly #openCursors = new Set<Operation>()
  #leaveGateQueue: (() => void) | null = null
  /** Something waits here for what nobody else need wait for: it keeps the program alive. */
  #holdsLoop = false
  #inTransaction = false
  #closing = false
  #leftState = false
  #waiters: { readonly until: () => boolean; readonly resolve: () => void }[] = []
  /** Told when the worker is done with an operation, or with all but handing its rows over. */
  onAnswer: (() => void) | null = null
  /** Told when the last abandoned operation has ended, and when the thread is lost. */
  readonly #onChange = new Set<() => void>()

  constructor(lease: Lease, gate: AccessGate, settings: PhysicalConnectionSettings) {
    this.id = ++lastId
    this.lease = lease
    this.gate = gate
    this.#readonly = settings.readonly
    this.#resetTimeoutMs = settings.resetTimeoutMs
    this.#echo = settings.echo
    lease.onLost((error) => this.#lose(error))
  }

  /** Opened with SQLite's own read-only flag. */
  get readonly(): boolean {
    return this.#readonly
  }

  get threadId(): number {
    return this.lease.threadId
  }

  /** Statements that wait or run. */
  get pending(): number {
    return this.#queue.size + this.#running
  }

  /** The database's own word: a transaction is open, whoever began it. */
  get inTransaction(): boolean {
    return this.#inTransaction
  }

  /** It closes as soon as everything submitted has been sent. */
  get closing(): boolean {
    return this.#closing
  }

  get lost(): Error | null {
    return this.lease.lost
  }

  /** Its thread is inside a call that nobody waits for any more: good for nothing until that returns. */
  get quarantined(): boolean {
    return this.#abandoned.size > 0
  }

  /** The file it has open may be another one than the one at the database's path: it serves whoever has it now, and nobody after him. */
  get outdated(): boolean {
    return this.#outdated
  }

  outdate(): void {
    this.#outdated = true
    this.#changed()
  }

  /** Called once, when a write has shown that the file is no longer at its path. */
  onFileGone(listener: () => void): void {
    this.#onFileGone = listener
  }

  /** A write has shown that the file is no longer at its path. */
  noteFileGone(): void {
    // An outdated connection says nothing of the file that others have opened since.
    if (!this.#outdated) this.#onFileGone?.()
  }

  /** Something may have been left on it that its next borrower must not find. */
  get leftState(): boolean {
    return this.#leftState
  }

  /** Something was done that only a reset undoes. */
  get needsReset(): boolean {
    return this.#leftState || this.#inTransaction || this.pending > 0 || this.holdsRows
  }

  /** Somebody may still read rows that the worker keeps. */
  get holdsRows(): boolean {
    return this.#detached.size > 0
  }

  /** The next borrower must find nothing of what has just been done. */
  markUsed(): void {
    this.#leftState = true
  }

  onChange(listener: () => void): () => void {
    this.#onChange.add(listener)
    return () => this.#onChange.delete(listener)
  }

  /** Calls the listener as soon as the connection is lost, until the returned function is called. */
  whenLost(listener: () => void): () => void {
    const look = (): void => {
      if (this.lost !== null) listener()
    }
    look()
    return this.onChange(look)
  }

  /** Queues an operation; it starts at once if nothing is in its way. */
  submit(operation: Operation): void {
    // Its caller gave up while it waited to be submitted.
    if (operation.complete) return
    if (this.lost !== null) {
      operation.fail(this.#lostError())
      return
    }
    if (operation.access !== 'none' && !this.gate.holds(this)) {
      try {
        assertNotInsideTransaction(this.gate)
      } catch (error) {
        operation.fail(error as Error)
        return
      }
    }
    if (this.#queue.size === 0 && this.#mayStart(operation)) {
      this.#start(operation)
      return
    }
    this.#queue.push(operation)
    operation.queued(this)
    this.#advance()
  }

  /** Rejects when the server does not answer on this connection in time, which is given up then. */
  async ping(wait: WaitOptions): Promise<void> {
    const stop = watchDeadline(wait, () => this.lease.terminate())
    await this.request('none', ({ channel }, id) => channel.post({ kind: RequestKind.ping, id })).finally(stop)
  }

  /** Sends one request that is no user's statement and waits for its answer. */
  request(access: AccessMode | 'none', post: (lease: Lease, id: number) => void): Promise<Reply> {
    const request = new SingleRequest({ access, leavesConnectionState: false, post })
    this.submit(request)
    return request.answer()
  }

  /** Runs a statement of this library's own: COMMIT, a savepoint. Inside the open transaction unless it begins one. */
  run(sql: string): Promise<Reply> {
    const request = this.control(sql)
    this.submit(request)
    return request.answer()
  }

  /** The same, outside of any transaction. */
  runAlone(sql: string): Promise<Reply> {
    const request = this.control(sql, 'none', 0)
    this.submit(request)
    return request.answer()
  }

  /** Runs a ROLLBACK of this library's own: no open cursor stands in its way. */
  rollBack(sql: string): Promise<Reply> {
    const request = this.control(sql, 'none', RequestFlag.inTransaction | RequestFlag.freesCursors)
    this.submit(request)
    return request.answer()
  }

  /** A statement of this library's own, to be submitted; inside the open transaction unless `flags` say otherwise. */
  control(sql: string, access: AccessMode | 'none' = 'none', flags: number = RequestFlag.inTransaction): SingleRequest {
    this.#echo(sql)
    const post = (lease: Lease, id: number): void => {
      const reference = lease.statements.known(sql) ?? lease.statements.add({ sql, names: null, traits: 0 })
      lease.channel.post({ kind: RequestKind.execute, id, statementId: reference.id, flags, rowLimit: 0, values: [] })
    }
    return new SingleRequest({ access, leavesConnectionState: false, post, sql })
  }

  operationEnded(operation: Operation, inTransaction: boolean | null): void {
    this.#stop(operation)
    // A look-up in each of them costs, and most often they are empty.
    if (this.#detached.size > 0) this.#detached.delete(operation)
    const wasAbandoned = this.#abandoned.size > 0 && this.#abandoned.delete(operation)
    if (inTransaction !== null) this.#noteTransaction(inTransaction)
    if (operation.provesFileGone) this.noteFileGone()
    this.#releaseGate()
    this.#advance()
    this.#wakeWaiters()
    this.onAnswer?.()
    if (wasAbandoned && !this.quarantined) this.#changed()
  }

  operationDetached(operation: Operation): void {
    if (!this.#stop(operation)) return
    this.#detached.add(operation)
    this.#releaseGate()
    this.#advance()
    this.#wakeWaiters()
    this.onAnswer?.()
  }

  operationOpened(operation: Operation): void {
    if (operation.runsOn !== this || operation.access === 'none') return
    this.#openCursors.add(operation)
    this.#advance()
  }

  operationWithdrawn(operation: Operation): void {
    const waitedForGate = this.#queue.peek() === operation
    if (!this.#queue.remove(operation)) return
    if (waitedForGate) {
      this.#leaveGateQueue?.()
      this.#leaveGateQueue = null
    }
    this.#advance()
    this.#wakeWaiters()
  }

  operationLeft(operation: Operation): void {
    this.#stop(operation)
    this.#wakeWaiters()
  }

  operationAbandoned(operation: Operation): void {
    if (operation.runsOn !== this) return
    this.#abandoned.add(operation)
    this.#changed()
  }

  /** Gives up whatever was submitted behind an operation. Replies come in order: while that has none, nothing behind it has been answered. */
  abortBehind(operation: Operation, errorFor: () => Error): void {
    const submitted = [...this.#started.present(), ...this.#queue]
    if (!submitted.includes(operation)) return
    // The last one first: none of them starts because the one before it makes room.
    for (const each of submitted.slice(submitted.indexOf(operation) + 1).reverse()) each.abort(errorFor())
  }

  /** Statements that may be sent elsewhere, behind the one that the worker is at. */
  get movable(): Execution[] {
    const started = this.#started.present()
    const last = servedLast(this.lease.channel.cancelSlots)
    const running = started.find((operation) => operation instanceof Execution && operation.id === last) ?? started[0]
    return started.filter((operation) => operation instanceof Execution).filter((each) => each !== running && each.movable)
  }

  /** Resolves when nothing waits or runs. */
  idle(): Promise<void> {
    return this.#when(() => this.pending === 0)
  }

  /** Resolves when nobody wants anything of it any more, not even rows that the worker keeps. */
  unused(): Promise<void> {
    return this.#when(() => this.pending === 0 && !this.holdsRows)
  }

  /** Closes it behind everything that was submitted before; resolves when its thread is free. */
  async close(): Promise<void> {
    this.#closing = true
    // What waits for the write lock has not been sent yet, and the close would overtake it.
    await this.#when(() => this.#queue.size === 0)
    await this.lease.close()
  }

  async #when(until: () => boolean): Promise<void> {
    if (this.lost === null && !until()) await new Promise<void>((resolve) => this.#waiters.push({ until, resolve }))
  }

  /**
   * Makes the connection as good as new. Rejects when that fails: then it is not to be used again. When `signal` aborts, the connection
   * is given up.
   */
  async reset(readonly: boolean, signal?: AbortSignal): Promise<void> {
    const abandon = (): void => this.lease.terminate()
    let stop = watchDeadline({ signal }, abandon)
    // A reset would overtake what the driver's handle is asked for, and leave that to the next borrower.
    const { handleInUse } = this.lease
    if (handleInUse !== null) await handleInUse
    const force = this.#leftState
    const resetting = this.request('none', (lease, id) => lease.channel.post({ kind: RequestKind.reset, id, readonly, force }))
    let answered = false
    // What was sent before it takes as long as it takes.
    void this.#when(() => this.pending <= 1).then(() => {
      if (answered) return
      stop()
      stop = watchDeadline({ signal, timeoutMs: this.#resetTimeoutMs }, abandon)
    })
    const reply = await resetting.finally(() => {
      answered = true
      stop()
    })
    if (reply.kind !== ReplyKind.value) throw new Error('the worker answered a reset with something else')
    this.lease.interruptToken = reply.value as number | null
    this.#readonly = readonly
    this.#leftState = false
    this.#inTransaction = false
    this.transaction = null
    this.#releaseGate()
  }

  #mayStart(operation: Operation): boolean {
    const { access } = operation
    if (access === 'none') return true
    const held = this.gate.heldMode(this)
    if (held === undefined) return this.gate.tryAcquire(this, access)
    if (this.#inTransaction) return true
    const suffices = held === access || held === 'exclusive'
    // Whoever reads from its cursors may wait for this before he reads on: to step back for others would be to wait for him.
    if (this.#heldByReaders) return suffices || this.gate.tryAcquire(this, access)
    // Between autocommitting statements a holder steps back for others, and asks anew for more than it holds.
    return suffices && !this.gate.contended
  }

  /** Nothing that relies on the gate ends by itself. */
  get #heldByReaders(): boolean {
    return this.#gateUsers > 0 && this.#openCursors.size === this.#gateUsers
  }

  #start(operation: Operation): void {
    operation.runsOn = this
    this.#running++
    this.#started.add(operation)
    if (operation.access !== 'none') this.#gateUsers++
    if (operation.leavesConnectionState) this.#leftState = true
    operation.start(this.lease, this)
  }

  /** False when it was not running here. */
  #stop(operation: Operation): boolean {
    if (operation.runsOn !== this) return false
    operation.runsOn = null
    if (operation.access !== 'none') this.#gateUsers--
    if (this.#openCursors.size > 0) this.#openCursors.delete(operation)
    if (--this.#running === 0) this.#started.clear()
    return true
  }

  #advance(): void {
    if (this.#holdsLoop) this.#holdLoop(false)
    while (this.#leaveGateQueue === null && this.lost === null) {
      const next = this.#queue.peek()
      if (next === undefined) return
      if (this.#mayStart(next)) {
        this.#queue.shift()
        this.#start(next)
      } else if (this.gate.holds(this) && !this.#heldByReaders) {
        // It is released when what runs now has ended; that brings us here again.
        this.#holdLoop(true)
        return
      } else {
        this.#waitForGate(next, next.access as AccessMode)
        return
      }
    }
  }

  #holdLoop(waits: boolean): void {
    this.#holdsLoop = waits
    this.lease.channel.holdFor(this, waits)
  }

  #waitForGate(operation: Operation, mode: AccessMode): void {
    const granted = (): void => {
      this.#leaveGateQueue = null
      // Started without another look: to step back for those behind it would be to give up its turn for ever.
      if (this.#queue.peek() === operation && !operation.complete) {
        this.#queue.shift()
        this.#start(operation)
      } else {
        // Whoever waited has given up meanwhile. Those behind it queue up themselves: first the gate goes, or they would wait for it here.
        this.#releaseGate()
      }
      this.#advance()
      this.#wakeWaiters()
    }
    this.#leaveGateQueue = this.gate.acquire(this, mode, granted, (waitedMs) => {
      this.#leaveGateQueue = null
      this.#queue.remove(operation)
      operation.fail(
        new OperationalError(
          `The database is locked: another transaction of this engine has held it for the ${Math.round(waitedMs)} ms that this statement waited (busyTimeoutMs).`,
          { driverCode: 'SQLITE_BUSY', retryable: true },
        ),
      )
      this.#advance()
      this.#wakeWaiters()
    })
  }

  #releaseGate(): void {
    if (this.#inTransaction || !this.gate.holds(this)) return
    if (this.#gateUsers === 0) this.gate.release(this)
    else if (this.#heldByReaders && this.gate.heldMode(this) === 'exclusive') this.gate.share(this)
  }

  #noteTransaction(inTransaction: boolean): void {
    const ended = this.#inTransaction && !inTransaction
    this.#inTransaction = inTransaction
    if (ended) this.transaction?.abortedByDatabase()
  }

  #lose(error: Error): void {
    this.#inTransaction = false
    this.#leaveGateQueue?.()
    this.#leaveGateQueue = null
    for (const operation of this.#queue.drain()) operation.fail(error)
    this.#gateUsers = 0
    this.#openCursors.clear()
    this.#abandoned.clear()
    this.#releaseGate()
    this.transaction?.lost(error)
    this.#wakeWaiters()
    this.#changed()
  }

  #lostError(): Error {
    return lostConnectionError('this connection', this.lost as Error)
  }

  #wakeWaiters(): void {
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (this.lost !== null || waiter.until()) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }

  #changed(): void {
    for (const listener of this.#onChange) listener()
  }
}
