import { isCancelled } from '../src/protocol/cancel-slots.ts'
import { type ExecuteRequest, ReplyFlag, ReplyKind, type Request, RequestFlag, RequestKind } from '../src/protocol/frames.ts'
import { CancelledError } from '../src/protocol/row-errors.ts'
import { tellServing } from '../src/protocol/serving-cell.ts'
import type { WireColumn } from '../src/protocol/values.ts'
import type { DriverConnection, DriverRow, DriverStatement, RunResult } from './drivers/driver.ts'
import { nameUnsafeColumn, toWireError } from './host-error.ts'
import type { ReplyOutbox } from './reply-outbox.ts'
import type { StatementCache, StatementEntry } from './statement-cache.ts'
import { maxInlineRows, slowMs, toLastrowid } from './statement-runner.ts'

export interface ShortRunContext {
  readonly statements: StatementCache
  readonly outbox: ReplyOutbox
  readonly cancelSlots: Int32Array
}

/** Thrown where a statement yields more rows than short work does: nothing of it has been answered. */
export class TooManyRows extends Error {}

/**
 * The short way of a statement that has run before and was quick, on a driver that is synchronous: no task, no cursor, nothing to wait for.
 * Everything else goes through the runner.
 */
export class ShortRun {
  readonly #connection: DriverConnection
  readonly #context: ShortRunContext
  /** Whether a transaction is open, as far as that is known: to ask the driver costs a tenth of a small statement. */
  #inTransaction: boolean | null = null
  /** The clock, as of the end of the run before: a look at it costs too. */
  #lookedAt: number | null = null

  constructor(connection: DriverConnection, context: ShortRunContext) {
    this.#connection = connection
    this.#context = context
  }

  /** Something else has been done with the connection, or may have been. */
  forgetState(): void {
    this.#inTransaction = null
    this.#lookedAt = null
  }

  /** Serves a request, if it is of this kind; only while no cursor is open. False when it has still to be served. */
  serve(request: Request): boolean {
    if (request.kind !== RequestKind.execute) return false
    const { outbox, statements, cancelSlots } = this.#context
    const entry = statements.get(request.statementId)
    const { statement } = entry
    if (statement === null || !isShort(entry, statement, request.flags) || isCancelled(cancelSlots, request.id)) return false
    this.#inTransaction ??= this.#connection.inTransaction
    if (!this.#inTransaction && (request.flags & RequestFlag.inTransaction) !== 0) return false
    this.#lookedAt ??= performance.now()
    const mark = outbox.mark()
    try {
      this.run(request, entry, statement, this.#inTransaction)
      if (!this.#inTransaction && !statement.readonly) this.#connection.assertInPlace?.()
    } catch (error) {
      if (error instanceof TooManyRows) return false
      outbox.dropSince(mark)
      outbox.error(request.id, 0, toWireError(error, this.#connection))
      // Only a statement that fails can end a transaction, and none of these can begin one.
      this.#inTransaction = this.#connection.inTransaction
    }
    const now = performance.now()
    entry.slow = now - this.#lookedAt > slowMs
    this.#lookedAt = now
    outbox.addFlags(mark, (this.#inTransaction ? ReplyFlag.inTransaction : 0) | (entry.slow ? ReplyFlag.slow : 0))
    return true
  }

  /**
   * Runs a statement that waits for nothing, and answers. What it throws has not been answered.
   *
   * @throws {TooManyRows} a statement of more rows than that; only its reading has taken place
   * @throws {CancelledError} its caller has given up
   */
  run(request: ExecuteRequest, entry: StatementEntry, statement: DriverStatement, inTransaction: boolean): void {
    const { id, flags, values } = request
    const { outbox, cancelSlots } = this.#context
    tellServing(cancelSlots, id)
    const inserted = (changes: number): boolean => entry.insert && changes > 0 && statement.setsLastRowid
    if (!statement.returnsRows) {
      const { changes, lastRowid } = statement.run(values) as RunResult
      const lastrowid = inserted(changes) ? toLastrowid(lastRowid, flags) : null
      outbox.reply({ kind: ReplyKind.done, id, flags: ReplyFlag.last, rowcount: changes, lastrowid, changedRows: null })
      return
    }
    const limit = (flags & RequestFlag.limited) !== 0 ? Math.min(request.rowLimit, maxInlineRows) : maxInlineRows + 1
    const { rows, columns } = (inTransaction ? this.#takeAtOnce(request, statement, limit) : null) ?? this.#take(request, statement, limit)
    if (rows.length > maxInlineRows) {
      entry.small = false
      throw new TooManyRows()
    }
    const rowcount = entry.changesRows ? rows.length : -1
    const lastrowid = inserted(rowcount) ? toLastrowid(this.#connection.lastRowid() as bigint, flags) : null
    const head = { id, flags: ReplyFlag.last, columns: entry.takeUnsentColumns(columns), rowcount, lastrowid }
    try {
      outbox.rows(head, columns.length, rows, (flags & RequestFlag.bigint) !== 0)
    } catch (error) {
      entry.forgetSentColumns()
      throw nameUnsafeColumn(error, columns)
    }
  }

  /** Inside a transaction the columns cannot change behind the rows. Null where it cannot be done: nothing has run. */
  #takeAtOnce({ id, values }: ExecuteRequest, statement: DriverStatement, limit: number): Taken | null {
    if (limit === 1 && statement.first !== undefined) return first(statement, values)
    const rows = statement.readonly ? statement.few?.(values, maxInlineRows + 1) : null
    if (rows == null) return null
    if (isCancelled(this.#context.cancelSlots, id)) throw new CancelledError()
    return { rows: rows.length > limit ? rows.slice(0, limit) : rows, columns: statement.columns() }
  }

  /** @throws {CancelledError} its caller has given up: this time it was not that quick */
  #take({ id, values }: ExecuteRequest, statement: DriverStatement, limit: number): Taken {
    const iterator = statement.iterate(values)
    const rows: DriverRow[] = []
    let columns: readonly WireColumn[] | undefined
    try {
      while (rows.length < limit) {
        const { done, value } = iterator.next() as { readonly done?: boolean; readonly value: DriverRow | undefined }
        if (done === true || value === undefined) break
        rows.push(value)
        // While the statement stands on a row its columns are surely those of these rows.
        columns ??= statement.columns()
        // What writes has written all of it by its first row.
        if (statement.readonly && isCancelled(this.#context.cancelSlots, id)) throw new CancelledError()
      }
    } finally {
      iterator.return()
    }
    return { rows, columns: columns ?? statement.columns() }
  }
}

/** Not a statement that writes and yields rows: it is for the runner to bring it to its end, however many they are. */
function isShort(entry: StatementEntry, statement: DriverStatement, flags: number): boolean {
  if (entry.slow || entry.connectionState || (flags & RequestFlag.freesCursors) !== 0) return false
  return statement.returnsRows ? statement.readonly && entry.small : entry.changesRows && (flags & RequestFlag.readOnly) === 0
}

interface Taken {
  readonly rows: readonly DriverRow[]
  readonly columns: readonly WireColumn[]
}

function first(statement: DriverStatement, values: ExecuteRequest['values']): Taken {
  const row = statement.first?.(values)
  return { rows: row === undefined ? [] : [row], columns: statement.columns() }
}
