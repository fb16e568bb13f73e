import { isCancelled } from '../src/protocol/cancel-slots.ts'
import { toldInFlight } from '../src/protocol/doorbell.ts'
import type { FifoQueue } from '../src/protocol/fifo-queue.ts'
import { type ExecuteRequest, type Request, RequestFlag, RequestKind } from '../src/protocol/frames.ts'
import { CancelledError } from '../src/protocol/row-errors.ts'
import type { DriverConnection, DriverStatement, GroupTransactions } from './drivers/driver.ts'
import { toWireError } from './host-error.ts'
import { type ShortRun, type ShortRunContext, TooManyRows } from './short-run.ts'
import { slowMs } from './statement-runner.ts'

/** Statements of one group at the most, and for how long they may run: nobody's answer waits longer for those behind it. */
export const maxGroup = 256
const maxGroupMs = 4
/** Writes that are not divided further. */
const leastWrites = 4
/** What callers take at the most for their next requests: where it was longer, they did something else. */
const maxTurnMs = 0.3
/** A write that has taken half of that is served alone so many times: it may be slow by itself, or the machine was. */
const aloneAfterSlow = 16

/**
 * Autocommitting statements that wait for a connection together are run in one transaction: of many small reads each would take and give
 * back the lock by itself, and of many small writes each would wait for the disk. Nobody can tell: the answers leave when the transaction
 * has been committed, a statement that fails fails alone, and where one takes the transaction down, or the commit fails, all of them are
 * run again one by one, before anybody has been told anything. Where a commit is what decides whether a statement fails, none share one.
 */
export class RequestGroup {
  readonly #connection: DriverConnection
  readonly #transactions: GroupTransactions
  readonly #context: ShortRunContext
  readonly #short: ShortRun
  /** Requests at the head of the queue that are to be served one by one. */
  #alone = 0
  /** Of one group at the most. */
  #mostReads = maxGroup
  #mostWrites = maxGroup
  /** What the last two commits of writes have taken. */
  #commitMs: readonly [number, number] = [0, 0]
  /** When the last group had been committed, by `performance.now()`. */
  #committedAt = 0

  constructor(connection: DriverConnection, transactions: GroupTransactions, short: ShortRun, context: ShortRunContext) {
    this.#connection = connection
    this.#transactions = transactions
    this.#context = context
    this.#short = short
  }

  /**
   * Tells how many requests wait now that more have come. Reads that the thread had to wait for are two groups: the callers of the first are
   * at their answers, and at their next requests, while the second is read. Those that were there when it had answered come from callers
   * who have fallen into step with it. Writes wait for the disk, and the more of them wait together the better, but where the thread has
   * waited longer for their callers than it does for the disk.
   */
  divide(waiting: number, awaited: boolean): void {
    const half = Math.ceil(waiting / 2)
    this.#mostReads = awaited ? Math.max(leastReads(toldInFlight(this.#context.cancelSlots)), half) : maxGroup
    const turnMs = performance.now() - this.#committedAt
    const dearer = awaited && Math.min(turnMs, maxTurnMs) > Math.min(...this.#commitMs)
    this.#mostWrites = dearer ? Math.max(leastWrites, half) : maxGroup
  }

  /**
   * Serves what stands together at the head of the queue, while no cursor is open. False, with the queue as it was, when its first request
   * is to be served alone.
   */
  serve(queue: FifoQueue<Request>): boolean {
    if (this.#alone > 0) {
      this.#alone--
      return false
    }
    const head = queue.peek()
    if (head?.kind !== RequestKind.execute || (head.flags & RequestFlag.inTransaction) !== 0 || queue.size < 2) return false
    const entry = this.#context.statements.get(head.statementId)
    if (entry.aloneFor > 0) entry.aloneFor--
    if (!this.#isMember(head) || this.#connection.inTransaction) return false
    const members = this.#membersOf(queue)
    if (members.length < 2) return false
    const writes = members.some(({ statementId }) => this.#context.statements.get(statementId).changesRows)
    if (!this.#begin(writes)) {
      this.#alone = members.length - 1
      return false
    }
    const mark = this.#context.outbox.mark()
    try {
      const served = this.#run(members)
      this.#commit(writes)
      for (let count = 0; count < served; count++) queue.shift()
      return true
    } catch {
      this.#undo(members, mark)
      this.#alone = members.length - 1
      return false
    }
  }

  /** False where each is to be run by itself. */
  #begin(writes: boolean): boolean {
    try {
      this.#transactions.begin(writes)
      if (!writes || this.#transactions.sharesCommits !== false) return true
    } catch {
      // A lock: each waits for it by itself, and says so.
    }
    if (this.#connection.inTransaction) this.#transactions.rollback()
    return false
  }

  #commit(writes: boolean): void {
    const before = performance.now()
    this.#transactions.commit()
    this.#committedAt = performance.now()
    if (!writes) return
    this.#commitMs = [this.#commitMs[1], this.#committedAt - before]
    this.#connection.assertInPlace?.()
  }

  #membersOf(queue: FifoQueue<Request>): ExecuteRequest[] {
    const members: ExecuteRequest[] = []
    let most = Math.min(this.#mostReads, maxGroup)
    for (const request of queue) {
      if (members.length >= most || request.kind !== RequestKind.execute || !this.#isMember(request)) break
      if (this.#context.statements.get(request.statementId).changesRows) most = this.#mostWrites
      members.push(request)
    }
    return members
  }

  /** Short work that is known to be so: it has run before. */
  #isMember({ statementId, flags }: ExecuteRequest): boolean {
    if ((flags & (RequestFlag.inTransaction | RequestFlag.freesCursors)) !== 0) return false
    const entry = this.#context.statements.get(statementId)
    const { statement } = entry
    if (statement === null || entry.connectionState) return false
    if (entry.changesRows) return entry.aloneFor === 0 && (flags & RequestFlag.readOnly) === 0 && (!statement.returnsRows || entry.small)
    return !entry.slow && entry.small && statement.returnsRows && statement.readonly
  }

  /** How many were run: fewer than all when time is up. Throws when the transaction is gone. */
  #run(members: readonly ExecuteRequest[]): number {
    let before = performance.now()
    const deadline = before + maxGroupMs
    for (const [index, request] of members.entries()) {
      const entry = this.#context.statements.get(request.statementId)
      try {
        if (isCancelled(this.#context.cancelSlots, request.id)) throw new CancelledError()
        this.#short.run(request, entry, entry.statement as DriverStatement, true)
      } catch (error) {
        // Only a statement that fails can end the transaction.
        if (error instanceof TooManyRows || !this.#connection.inTransaction) throw error
        this.#context.outbox.error(request.id, 0, toWireError(error, this.#connection))
      }
      const now = performance.now()
      if (now - before > slowMs) entry.slow = true
      if (now - before > maxGroupMs / 2) entry.aloneFor = aloneAfterSlow
      before = now
      if (now > deadline) return index + 1
    }
    return members.length
  }

  #undo(members: readonly ExecuteRequest[], mark: number): void {
    if (this.#connection.inTransaction) this.#transactions.rollback()
    this.#context.outbox.dropSince(mark)
    // What told the user's side their columns has been dropped.
    for (const { statementId } of members) this.#context.statements.get(statementId).forgetSentColumns()
  }
}

/**
 * Reads that are not divided further: a worker that is quicker than those who ask waits for each of their messages, and would divide all
 * that is in flight until every few of them were a message. Where other connections are at work too, the callers are never without an
 * answer to be at, and dividing only makes messages.
 */
function leastReads(inFlight: number): number {
  return inFlight === 0 ? 16 : Math.max(4, Math.ceil(inFlight / 4))
}
