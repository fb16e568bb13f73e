import {
  creditWindow,
  type ExecuteRequest,
  type Reply,
  ReplyFlag,
  ReplyKind,
  RequestFlag,
  RequestKind,
  type RowsReply,
} from '../protocol/frames.ts'
import type { WireColumn, WireValue } from '../protocol/values.ts'
import type { WireError } from '../protocol/wire-error.ts'
import type { ExecuteOptions } from '../sql/executor.ts'
import type { CompiledStatement } from '../sql/statement.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { errorFromWire } from '../transport/error-from-wire.ts'
import type { Lease } from '../transport/lease.ts'
import type { RowShape } from '../transport/row-shape.ts'
import type { StatementReference } from '../transport/statement-registry.ts'
import type { AccessMode } from './access-gate.ts'
import { isFileGone, type Operation, type OperationOwner } from './operation.ts'
import { mayRead, statementTraits } from './statement-kinds.ts'
import { TypedResult } from './typed-result.ts'
import { Witness } from './witness.ts'

/** Chunks asked for ahead of a reader who takes them one by one: one that is built, one that is on its way. */
const readAhead = 2

/** Rows of one array until all are taken. One that grows with the rows is copied at every other step, into memory that is new each time. */
const maxRowsPerArray = 4_000

/** How much of a result its reader wants: rows when they are asked for, every row, or only the first few. */
export type RowDemand = 'cursor' | 'all' | number

const noRows: unknown[] = []
const noArrays: unknown[][] = []

/** Who waits for a reply. An object, where a function would take a closure and its context for each statement. */
export interface Waiter {
  arrived(execution: Execution): void
}

/** Who takes a statement back that a worker would not run where it was sent, and may submit it elsewhere. */
export interface Rerouter {
  reroute(execution: Execution, reason: RerouteReason): void
}

/** `moved`: it stood behind something that takes long. */
export type RerouteReason = 'refused' | 'tooLarge' | 'moved'

/**
 * One run of one statement, from the queue of its connection to its last row. It is the statement's request, the receiver of its replies
 * and the buffer that results read from.
 */
export class Execution extends Witness implements Operation, ExecuteRequest {
  readonly statement: CompiledStatement
  readonly asArrays: boolean
  /** Once it has aborted, no row that has come before is given out either. */
  readonly signal: AbortSignal | undefined
  access: AccessMode | 'none' = 'none'
  runsOn: OperationOwner | null = null
  rowcount = -1
  lastrowid: number | bigint | null = null
  changedRows: number | null = null
  columns: readonly WireColumn[] | null = null
  /** Rows of one chunk at the most, 0 for the worker's own measure. */
  readonly #batchRows: number
  /** How it wants its values, wherever it runs. */
  readonly #valueFlags: number
  #flags: number
  #owner: OperationOwner | null = null
  #lease: Lease | null = null
  #reference: StatementReference | null = null
  /** Of its request; 0 before that has been posted. */
  id = 0
  #shape: RowShape | null = null
  /** What the worker has been told, or will be with the batch that is being gathered. */
  #demand: RowDemand = 'cursor'
  /** What its reader wants. */
  #wanted: RowDemand = 'cursor'
  /** The batch that it leaves with. */
  #batch = 0
  #rows = noRows
  /** Rows before this index have been read. */
  #head = 0
  /** Arrays of rows that are full and stand before `#rows`: then none of either has been read. */
  #full: unknown[][] = noArrays
  #arrived = false
  /** Its first reply was no failure: what fails after that fails for whoever reads on, and the statement has succeeded. */
  worked = false
  #complete = false
  #failure: Error | WireError | null = null
  #thrown = false
  /** Who waits for the next reply: most often one. */
  #waiter: Waiter | null = null
  #otherWaiters: Waiter[] | null = null
  /** Chunks asked for that have not come. */
  #outstanding = 0
  /** Who has submitted it, and can submit it elsewhere. */
  rerouter: Rerouter | null = null
  /** What its values become, where the statement knows the types of its columns. */
  readonly typed: TypedResult | null
  #settledListeners: ((failed: boolean) => void)[] | null = null

  constructor(statement: CompiledStatement, options: ExecuteOptions | undefined, integers: 'number' | 'bigint') {
    super()
    this.statement = statement
    const asBigints = (options?.integers ?? integers) === 'bigint'
    this.typed = statement.typing === null ? null : new TypedResult(statement.typing, asBigints)
    this.asArrays = options?.rowMode === 'array' && this.typed?.hidesRows !== true
    this.signal = options?.signal
    this.#batchRows = options?.batchRows ?? 0
    this.#valueFlags =
      (asBigints || this.typed?.bigints === true ? RequestFlag.bigint : 0) |
      (asBigints ? RequestFlag.bigintArrays : 0) |
      (options?.serverTexts === true ? RequestFlag.serverTexts : 0)
    this.#flags = this.#valueFlags
  }

  /** Called once, when the last reply has come or the execution has failed. */
  onSettled(listener: (failed: boolean) => void): void {
    if (this.#complete) listener(this.failed)
    else if (this.#settledListeners === null) this.#settledListeners = [listener]
    else this.#settledListeners.push(listener)
  }

  /** Its reader takes rows when he likes: how long that takes is not the statement's time. */
  get readAtLeisure(): boolean {
    return this.#demand === 'cursor'
  }

  get complete(): boolean {
    return this.#complete
  }

  get failed(): boolean {
    return this.#failure !== null
  }

  get provesFileGone(): boolean {
    return this.#failure !== null && isFileGone(this.#failure)
  }

  /** Rows that have come and that nobody has read. */
  get available(): number {
    let available = this.#rows.length - this.#head
    for (const rows of this.#full) available += rows.length
    return available
  }

  get leavesConnectionState(): boolean {
    return this.statement.scanned.connectionState
  }

  /** How the rows are wanted; it counts until the statement has left this thread. */
  demand(demand: RowDemand): void {
    this.#wanted = demand
    const hasLeft = this.id !== 0 && this.#lease?.channel.batch !== this.#batch
    if (!hasLeft) this.#demand = demand
  }

  /** Says, before it is submitted, what its place of execution asks of it: bits of `RequestFlag`, and the database file. */
  route(flags: number, access: AccessMode | 'none'): this {
    this.#flags = flags | this.#valueFlags
    this.access = access
    return this
  }

  queued(owner: OperationOwner): void {
    this.#owner = owner
  }

  start(lease: Lease, owner: OperationOwner): void {
    this.#owner = owner
    this.#lease = lease
    const { text, names, scanned } = this.statement
    this.#reference = lease.statements.known(text) ?? lease.statements.add({ sql: text, names, traits: statementTraits(scanned) })
    this.id = lease.channel.open(this)
    this.#demand = this.#wanted
    lease.channel.post(this, this.#transferred)
    this.#batch = lease.channel.batch
  }

  /** Bytes that leave this thread for good. What may be sent anew, because its worker gives it back, keeps them. */
  get #transferred(): readonly ArrayBuffer[] | undefined {
    const { transfer, scanned } = this.statement
    return transfer === undefined || (this.rerouter !== null && mayRead(scanned)) ? undefined : transfer
  }

  // Its own request, encoded when its batch leaves: until then the way in which its rows are wanted may change.

  get kind(): typeof RequestKind.execute {
    return RequestKind.execute
  }

  get statementId(): number {
    return (this.#reference as StatementReference).id
  }

  get flags(): number {
    // Rows that leave by themselves leave no cursor behind that would have to be kept in memory.
    if (this.#demand === 'all') return (this.#flags & ~RequestFlag.buffered) | RequestFlag.all
    return typeof this.#demand === 'number' ? this.#flags | RequestFlag.limited : this.#flags
  }

  get rowLimit(): number {
    return typeof this.#demand === 'number' ? this.#demand : this.#batchRows
  }

  get values(): readonly WireValue[] {
    return this.statement.values
  }

  partial(reply: Reply): void {
    this.#learn(reply)
    if (this.#complete) return
    const misfit = this.#takeRows(reply as RowsReply)
    if (misfit !== null) {
      this.abort(misfit)
      return
    }
    if ((reply.flags & ReplyFlag.detached) !== 0) this.#owner?.operationDetached(this)
    else if (!this.#arrived && this.readAtLeisure) this.#owner?.operationOpened(this)
    if (this.#demand === 'all') this.#grant(1)
    else this.#lease?.channel.setDormant(reply.id, this.#outstanding === 0)
    this.#arrive()
  }

  settle(reply: Reply): void {
    this.#learn(reply)
    const goesElsewhere = !this.#complete && (reply.kind === ReplyKind.refused || reply.kind === ReplyKind.tooLarge)
    if (goesElsewhere) this.id = 0
    else if (!this.#complete) this.#settleWith(reply)
    this.#owner?.operationEnded(this, (reply.flags & ReplyFlag.inTransaction) !== 0)
    if (goesElsewhere) this.#goElsewhere(reply.kind === ReplyKind.refused ? 'refused' : 'tooLarge')
  }

  #goElsewhere(reason: 'refused' | 'tooLarge'): void {
    if (this.rerouter === null) this.fail(new Error('the worker refused a statement that had nowhere else to go'))
    else this.rerouter.reroute(this, reason)
  }

  #settleWith(reply: Reply): void {
    switch (reply.kind) {
      case ReplyKind.error:
        this.#end(reply.error)
        return
      case ReplyKind.done:
        this.rowcount = reply.rowcount
        this.lastrowid = reply.lastrowid
        this.changedRows = reply.changedRows
        this.#end(null)
        return
      case ReplyKind.rows:
      case ReplyKind.chunk:
        this.#end(this.#takeRows(reply))
        return
      default:
        this.#end(new Error('the worker answered a statement with a value'))
    }
  }

  /** Also from rows that nobody wants any more: the worker tells the columns of a statement only once. */
  #learn(reply: Reply): void {
    if (reply.kind === ReplyKind.refused) return
    if (this.#reference !== null) this.#reference.quick = (reply.flags & (ReplyFlag.slow | ReplyFlag.last)) === ReplyFlag.last
    this.#reference?.learnColumns(reply)
  }

  /** Gives what is wrong with a value in them, if the statement knows better. */
  #takeRows(reply: RowsReply): Error | null {
    const { shape } = this.#reference as StatementReference
    this.columns = shape.columns
    this.rowcount = reply.rowcount
    this.lastrowid = reply.lastrowid
    this.#makeRoom()
    if (this.#outstanding > 0) this.#outstanding--
    this.#shape = shape
    const from = this.#rows.length
    const asArrays = this.asArrays || shape.firstNameRepeats
    shape.append(reply, this.#rows, asArrays)
    return this.typed === null ? null : this.#decode(this.typed, from, asArrays)
  }

  /** Leaves an array in `#rows` that takes more rows. */
  #makeRoom(): void {
    if (this.#rows === noRows) this.#rows = []
    else if (this.#head > 0) {
      this.#rows.splice(0, this.#head)
      this.#head = 0
    } else if (this.#rows.length >= maxRowsPerArray) {
      if (this.#full === noArrays) this.#full = []
      this.#full.push(this.#rows)
      this.#rows = []
    }
  }

  #decode(typed: TypedResult, from: number, asArrays: boolean): Error | null {
    const { names } = this.#shape as RowShape
    try {
      typed.take(this.#rows, { from, asArrays, names })
    } catch (error) {
      return error as Error
    }
    if (typed.hidesRows) {
      this.columns = null
      this.#rows = noRows
    }
    return null
  }

  /** No reply will come: the thread was lost, or the statement never left. */
  fail(error: Error): void {
    const owner = this.#owner
    if (!this.#complete) this.#end(error)
    owner?.operationEnded(this, null)
  }

  /** It stands in its worker's queue and may be sent to another one: nothing of it has come, and all that it was given is still here. */
  get movable(): boolean {
    return this.id !== 0 && !this.#arrived && !this.#complete && this.rerouter !== null && this.#transferred === undefined
  }

  /** Goes elsewhere without its worker's word, which may run it all the same: this is for reads. */
  moveOn(): void {
    const reference = this.#reference as StatementReference
    const learn = (reply: Reply): void => reference.learnColumns(reply)
    this.#lease?.channel.abandon(this.id, { partial: learn, settle: learn, fail() {} })
    this.#leaveToWorker()
    this.id = 0
    this.#owner?.operationLeft(this)
    this.rerouter?.reroute(this, 'moved')
  }

  /** Takes in what its worker has said and nobody has heard yet. */
  hear(): void {
    if (this.id !== 0) this.#lease?.channel.readRest()
  }

  /** Gives up at once. What has been sent stops where it can; until the worker says so, its connection is busy with it. */
  abort(error: Error): void {
    if (this.#complete) return
    const sent = this.id !== 0
    // Whoever gave up wants to hear of it at the next row, not behind those that have come already.
    this.#dropRows()
    this.#end(error)
    if (sent) {
      this.#lease?.channel.cancel(this.id)
      this.#leaveToWorker()
      this.#owner?.operationAbandoned(this)
    } else {
      this.#owner?.operationWithdrawn(this)
    }
  }

  /** Nobody reads on: the worker closes the cursor, and its last word keeps nobody waiting. */
  #leaveToWorker(): void {
    const { channel } = this.#lease as Lease
    const { id } = this
    channel.dismiss(id)
    channel.post({ kind: RequestKind.closeCursor, id })
    channel.setDormant(id, true)
  }

  #end(failure: Error | WireError | null): void {
    this.#complete = true
    this.#failure = failure
    this.#arrive()
    const listeners = this.#settledListeners
    this.#settledListeners = null
    if (listeners !== null) for (const listener of listeners) listener(failure !== null)
  }

  #arrive(): void {
    if (!this.#arrived) this.worked = !this.failed
    this.#arrived = true
    const waiter = this.#waiter
    const others = this.#otherWaiters
    this.#waiter = null
    this.#otherWaiters = null
    waiter?.arrived(this)
    if (others !== null) for (const other of others) other.arrived(this)
  }

  #nextReply(): Promise<void> {
    return new Promise((resolve) => this.#add({ arrived: () => resolve() }))
  }

  #add(waiter: Waiter): void {
    if (this.#waiter === null) this.#waiter = waiter
    else if (this.#otherWaiters === null) this.#otherWaiters = [waiter]
    else this.#otherWaiters.push(waiter)
  }

  /** Tells the waiter once, when the first reply has come or the execution has ended without one; at once if that is so. */
  whenArrived(waiter: Waiter): void {
    if (this.#arrived) waiter.arrived(this)
    else this.#add(waiter)
  }

  /** Resolves when the first reply has come or the execution has failed; it never rejects. */
  arrived(): Promise<void> | undefined {
    return this.#arrived ? undefined : this.#nextReply()
  }

  /** Asks for `chunks` of rows to be on their way; resolves when something has come. Only for a cursor that is not complete. */
  more(chunks: number): Promise<void> {
    if (this.#outstanding < chunks) this.#grant(chunks - this.#outstanding)
    return this.#nextReply()
  }

  /** Asks for the next chunks without waiting for them. */
  prefetch(): void {
    if (this.#outstanding < readAhead) this.#grant(readAhead - this.#outstanding)
  }

  #grant(chunks: number): void {
    const { channel } = this.#lease as Lease
    const { id } = this
    this.#outstanding += chunks
    channel.setDormant(id, false)
    channel.post({ kind: RequestKind.credit, id, chunks })
  }

  /** Waits for every row that is left, the credit window kept open. */
  async readAll(): Promise<void> {
    while (!this.#complete) {
      // Rows that come unasked are credited as they come.
      if (this.#demand === 'all') await this.#nextReply()
      else await this.more(creditWindow)
    }
    this.throwIfFailed()
  }

  /** Up to `count` of the rows that have come, as objects or arrays. */
  takeAvailable(count: number): unknown[] {
    const shape = this.#shape
    // Kept as arrays so that `takeScalars` finds the first column.
    const kept = shape?.firstNameRepeats === true && !this.asArrays
    return this.#take(count, kept ? (row) => shape.toObject(row as unknown[]) : null)
  }

  /** As `takeAvailable`, but only the first value of each row. */
  takeScalars(count: number): unknown[] {
    const shape = this.#shape
    if (shape === null) return []
    if (this.asArrays || shape.firstNameRepeats) return this.#take(count, (row) => (row as unknown[])[0])
    const name = shape.names[0] as string
    return this.#take(count, (row) => (row as Record<string, unknown>)[name])
  }

  #dropRows(): void {
    this.#rows = noRows
    this.#head = 0
    this.#full = noArrays
  }

  #take(count: number, read: ((row: unknown) => unknown) | null): unknown[] {
    if (this.#full.length > 0) {
      const arrays = [...this.#full, this.#rows]
      const all = count >= this.available
      this.#dropRows()
      if (all) return noRows.concat(...(read === null ? arrays : arrays.map((rows) => rows.map(read))))
      this.#rows = noRows.concat(...arrays)
    }
    const end = Math.min(this.#head + count, this.#rows.length)
    let rows = this.#rows
    if (this.#head === 0 && end === rows.length) {
      this.#rows = noRows
      if (rows === noRows) return []
    } else {
      rows = rows.slice(this.#head, end)
      this.#head = end
    }
    return read === null ? rows : rows.map(read)
  }

  /** Frees the cursor; rows that have not been read are gone. */
  close(): void {
    this.#dropRows()
    if (this.#complete) return
    this.#end(null)
    if (this.id !== 0) this.#leaveToWorker()
  }

  /** What it failed with, or null. */
  get error(): Error | null {
    if (this.#failure !== null && !(this.#failure instanceof Error)) {
      this.#failure = errorFromWire(this.#failure, this.statement)
    }
    return this.#failure
  }

  /** Throws the execution's error, with the stack of the first who waits for it. */
  throwIfFailed(): void {
    const { error } = this
    if (error === null) return
    if (!this.#thrown) {
      this.#thrown = true
      this.#failure = withCallersStack(error) as Error
    }
    throw this.#failure
  }
}
