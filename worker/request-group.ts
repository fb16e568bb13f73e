import { isCancelled } from '../src/protocol/cancel-slots.ts'
import type { FifoQueue } from '../src/protocol/fifo-queue.ts'
import { type ExecuteRequest, ReplyFlag, ReplyKind, type Request, RequestFlag, RequestKind } from '../src/protocol/frames.ts'
import { type CellValue, toCell } from '../src/protocol/row-codec.ts'
import { CancelledError } from '../src/protocol/row-errors.ts'
import type { DriverConnection, DriverRow, DriverStatement, GroupTransactions, RunResult } from './drivers/driver.ts'
import { nameUnsafeColumn, toWireError } from './host-error.ts'
import type { ReplyOutbox } from './reply-outbox.ts'
import type { StatementCache, StatementEntry } from './statement-cache.ts'
import { maxInlineRows, slowMs, toLastrowid } from './statement-runner.ts'

/** Statements of one group at the most, and for how long they may run: nobody's answer waits longer for those behind it. */
const maxGroup = 256
/**
 * Of reads that wait together, a part is a group: its callers are at their answers, and at their next requests, while the rest is read.
 * Writes wait for the disk, and the more of them wait together the better.
 */
const readGroup = { least: 16, part: 3 } as const
const maxGroupMs = 4

export interface GroupContext {
  readonly statements: StatementCache
  readonly outbox: ReplyOutbox
  readonly cancelSlots: Int32Array
}

/** Thrown where a statement cannot be part of a group after all, and what it has done has to be undone. */
class NotForGroups extends Error {}

/**
 * Autocommitting statements that wait for a connection together are run in one transaction: of many small reads each would take and give
 * back the lock by itself, and of many small writes each would wait for the disk. Nobody can tell: the answers leave when the transaction
 * has been committed, a statement that fails fails alone, and where one takes the transaction down, or the commit fails, all of them are
 * run again one by one, before anybody has been told anything.
 */
export class RequestGroup {
  readonly #connection: DriverConnection
  readonly #transactions: GroupTransactions
  readonly #context: GroupContext
  /** Requests at the head of the queue that are to be served one by one. */
  #alone = 0

  constructor(connection: DriverConnection, transactions: GroupTransactions, context: GroupContext) {
    this.#connection = connection
    this.#transactions = transactions
    this.#context = context
  }

  /** Serves what stands together at the head of the queue. False, with the queue as it was, when its first request is to be served alone. */
  serve(queue: FifoQueue<Request>): boolean {
    if (this.#alone > 0) {
      this.#alone--
      return false
    }
    if (queue.size < 2 || this.#connection.inTransaction) return false
    const members = this.#membersOf(queue)
    if (members.length < 2) return false
    const writes = members.some(({ statementId }) => this.#context.statements.get(statementId).changesRows)
    try {
      this.#transactions.begin(writes)
    } catch {
      // A lock: each waits for it by itself, and says so.
      this.#alone = members.length - 1
      return false
    }
    const mark = this.#context.outbox.mark()
    try {
      const served = this.#run(members)
      this.#transactions.commit()
      if (writes) this.#connection.assertInPlace?.()
      for (let count = 0; count < served; count++) queue.shift()
      return true
    } catch {
      this.#undo(members, mark)
      this.#alone = members.length - 1
      return false
    }
  }

  #membersOf(queue: FifoQueue<Request>): ExecuteRequest[] {
    const members: ExecuteRequest[] = []
    let most = Math.min(maxGroup, Math.max(readGroup.least, Math.ceil(queue.size / readGroup.part)))
    for (const request of queue) {
      if (members.length === most || request.kind !== RequestKind.execute || !this.#isMember(request)) break
      if (this.#context.statements.get(request.statementId).changesRows) most = maxGroup
      members.push(request)
    }
    return members
  }

  /** Short work that is known to be so: it has run before. */
  #isMember({ statementId, flags }: ExecuteRequest): boolean {
    if ((flags & (RequestFlag.inTransaction | RequestFlag.freesCursors)) !== 0) return false
    const entry = this.#context.statements.get(statementId)
    const { statement } = entry
    if (statement === null || statement.busy || entry.connectionState) return false
    if (entry.changesRows) return !entry.slowInGroup && (flags & RequestFlag.readOnly) === 0 && (!statement.returnsRows || entry.small)
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
        this.#serveOne(request, entry, entry.statement as DriverStatement)
      } catch (error) {
        if (error instanceof NotForGroups) throw error
        this.#context.outbox.error(request.id, 0, toWireError(error, this.#connection))
      }
      if (!this.#connection.inTransaction) throw new NotForGroups()
      const now = performance.now()
      if (now - before > slowMs) entry.slow = true
      if (now - before > maxGroupMs / 2) entry.slowInGroup = true
      before = now
      if (now > deadline) return index + 1
    }
    return members.length
  }

  #serveOne(request: ExecuteRequest, entry: StatementEntry, statement: DriverStatement): void {
    const { id, flags, values } = request
    const inserted = (changes: number): boolean => entry.insert && changes > 0 && statement.setsLastRowid
    if (!statement.returnsRows) {
      // Drivers with groups are synchronous.
      const { changes, lastRowid } = statement.run(values) as RunResult
      const lastrowid = inserted(changes) ? toLastrowid(lastRowid, flags) : null
      this.#context.outbox.reply({ kind: ReplyKind.done, id, flags: ReplyFlag.last, rowcount: changes, lastrowid })
      return
    }
    const limit = (flags & RequestFlag.limited) !== 0 ? Math.min(request.rowLimit, maxInlineRows) : Number.POSITIVE_INFINITY
    const rows = limit === 1 && statement.first !== undefined ? first(statement, values) : this.#take(entry, statement, request, limit)
    const columns = statement.columns()
    const bigints = (flags & RequestFlag.bigint) !== 0
    const cells: CellValue[] = []
    try {
      for (const row of rows)
        for (let column = 0; column < columns.length; column++) cells.push(toCell(row[column] as CellValue, column, bigints))
    } catch (error) {
      throw nameUnsafeColumn(error, columns)
    }
    const rowcount = entry.changesRows ? rows.length : -1
    const lastrowid = inserted(rowcount) ? toLastrowid(this.#connection.lastRowid() as bigint, flags) : null
    const head = { id, flags: ReplyFlag.last, columns: entry.takeUnsentColumns(columns), rowcount, lastrowid }
    this.#context.outbox.rows(head, columns.length, cells)
  }

  #take(entry: StatementEntry, statement: DriverStatement, { values }: ExecuteRequest, limit: number): readonly DriverRow[] {
    const iterator = statement.iterate(values)
    const rows: DriverRow[] = []
    try {
      while (rows.length < limit) {
        const { done, value } = iterator.next() as { readonly done?: boolean; readonly value: DriverRow | undefined }
        if (done === true || value === undefined) return rows
        if (rows.length === maxInlineRows) {
          entry.small = false
          throw new NotForGroups()
        }
        rows.push(value)
      }
      return rows
    } finally {
      iterator.return()
    }
  }

  #undo(members: readonly ExecuteRequest[], mark: ReturnType<ReplyOutbox['mark']>): void {
    if (this.#connection.inTransaction) this.#transactions.rollback()
    this.#context.outbox.dropSince(mark)
    // What told the user's side their columns has been dropped.
    for (const { statementId } of members) this.#context.statements.get(statementId).forgetSentColumns()
  }
}

function first(statement: DriverStatement, values: ExecuteRequest['values']): readonly DriverRow[] {
  const row = statement.first?.(values)
  return row === undefined ? [] : [row]
}
