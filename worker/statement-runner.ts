import { isCancelled } from '../src/protocol/cancel-slots.ts'
import { creditWindow, type ExecuteManyRequest, type ExecuteRequest, ReplyFlag, ReplyKind, RequestFlag } from '../src/protocol/frames.ts'
import type { EncodedChunk } from '../src/protocol/row-codec.ts'
import { CancelledError } from '../src/protocol/row-errors.ts'
import type { WireColumn } from '../src/protocol/values.ts'
import { Cursor } from './cursors.ts'
import type { DriverCapabilities, DriverConnection, DriverRow, DriverStatement, RowIterator } from './drivers/driver.ts'
import { HostError, nameUnsafeColumn } from './host-error.ts'
import { PushedRows } from './pushed-rows.ts'
import type { ReplyOutbox } from './reply-outbox.ts'
import type { StatementCache, StatementEntry } from './statement-cache.ts'
import { settled, type Task } from './task.ts'

/** Up to this many rows travel inside the batch; more become column buffers. */
export const maxInlineRows = 64
/** A run longer than this makes the statement one that finished replies do not wait for, and that others are not sent behind. */
export const slowMs = 0.2
/** The same where a server is asked over a network, and others on the same thread meanwhile. */
const slowOnServerMs = 5

export interface RunnerContext {
  readonly statements: StatementCache
  readonly outbox: ReplyOutbox
  readonly cancelSlots: Int32Array
  readonly maxBufferedBytes: number
  readonly blockedByCursors: DriverCapabilities['blockedByCursors']
  /** Sleeps until the user's side has said something, and takes it in; null where that cannot be done inside a call of the driver. */
  readonly hear: (() => void) | null
}

/** One run of a statement that yields rows. */
interface Run {
  readonly request: ExecuteRequest
  readonly entry: StatementEntry
  readonly statement: DriverStatement
  readonly columns: readonly WireColumn[]
  readonly rowcount: number
  readonly lastrowid: bigint | number | null
}

/** Runs the statements of one connection and keeps its open cursors. */
export class StatementRunner {
  readonly #connection: DriverConnection
  readonly #context: RunnerContext
  readonly #cursors = new Map<number, Cursor>()
  /** When the run that is being served began. */
  #startedAt = 0
  /** The rows that the driver is handing over. */
  #pushed: { readonly id: number; readonly rows: PushedRows } | null = null

  constructor(connection: DriverConnection, context: RunnerContext) {
    this.#connection = connection
    this.#context = context
  }

  /** Cursors that still stand in the database: an interrupt would hit them too. */
  get hasOpenCursors(): boolean {
    if (this.#cursors.size === 0) return false
    for (const cursor of this.#cursors.values()) if (!cursor.exhausted) return true
    return false
  }

  /** Flags that tell the user's side the state of the connection after a reply. */
  stateFlags(): number {
    return this.#connection.inTransaction ? ReplyFlag.inTransaction : 0
  }

  /** @throws {CancelledError} it must not start. @throws {HostError} its transaction is over: it must not autocommit. */
  assertRunnable(id: number, flags: number): void {
    if (isCancelled(this.#context.cancelSlots, id)) throw new CancelledError()
    if ((flags & RequestFlag.inTransaction) === 0 || this.#connection.inTransaction) return
    throw new HostError({
      family: 'transactionAborted',
      message: 'Its transaction could not be begun, or the database has ended it by itself; nothing was executed.',
    })
  }

  *execute(request: ExecuteRequest): Task<void> {
    const entry = this.#context.statements.get(request.statementId)
    // What is finished does not wait for what may take long; one message for all of a batch is for statements that are known to be quick.
    if (entry.slow) yield* this.#context.outbox.send()
    this.assertRunnable(request.id, request.flags)
    this.#startedAt = performance.now()
    const blocked = this.#context.blockedByCursors
    if (blocked === 'everything') yield* this.bufferCursors((request.flags & RequestFlag.freesCursors) !== 0)
    const statement = yield* settled(this.#context.statements.prepare(entry, this.#connection))
    const reads = statement.readonly && statement.returnsRows
    if (!reads && (request.flags & RequestFlag.readOnly) !== 0) {
      this.#context.outbox.reply({ kind: ReplyKind.refused, id: request.id, flags: ReplyFlag.last | this.stateFlags() })
      return
    }
    if (!reads && blocked === 'writes') yield* this.bufferCursors((request.flags & RequestFlag.freesCursors) !== 0)
    if (reads && this.#push(request, entry, statement)) return
    if (statement.returnsRows) yield* this.#query(request, entry, statement)
    else yield* this.#run(request, entry, statement)
  }

  /** Flags of the reply that ends a run, which say whether it was slow. */
  #endFlags(entry: StatementEntry): number {
    entry.slow = performance.now() - this.#startedAt > (this.#context.blockedByCursors === 'everything' ? slowOnServerMs : slowMs)
    return ReplyFlag.last | this.stateFlags() | (entry.slow ? ReplyFlag.slow : 0)
  }

  *executeMany(request: ExecuteManyRequest): Task<void> {
    const entry = this.#context.statements.get(request.statementId)
    this.assertRunnable(request.id, request.flags)
    if (this.#context.blockedByCursors !== 'nothing') yield* this.bufferCursors()
    const statement = yield* settled(this.#context.statements.prepare(entry, this.#connection))
    const rowcount = yield* this.#runEach(request, statement)
    const flags = ReplyFlag.last | this.stateFlags()
    this.#context.outbox.reply({ kind: ReplyKind.done, id: request.id, flags, rowcount, lastrowid: null, changedRows: null })
  }

  *#runEach({ id, rowCount, values }: ExecuteManyRequest, statement: DriverStatement): Task<number> {
    const width = rowCount === 0 ? 0 : values.length / rowCount
    const check = (): void => {
      if (isCancelled(this.#context.cancelSlots, id)) throw new CancelledError()
    }
    if (!statement.returnsRows && statement.runEach !== undefined) {
      return yield* settled(statement.runEach({ values, width, rowCount }, check))
    }
    let rowcount = 0
    for (let row = 0; row < rowCount; row++) {
      check()
      const params = values.slice(row * width, (row + 1) * width)
      if (statement.returnsRows) rowcount += yield* drain(statement.iterate(params))
      else rowcount += (yield* settled(statement.run(params))).changes
    }
    return rowcount
  }

  /** After anything that may have committed: it is acknowledged only where the next connection will find it. */
  assertStored(): void {
    if (!this.#connection.inTransaction) this.#connection.assertInPlace?.()
  }

  *#run(request: ExecuteRequest, entry: StatementEntry, statement: DriverStatement): Task<void> {
    const result = yield* settled(statement.run(request.values))
    this.assertStored()
    const inserted = entry.insert && result.changes > 0 && statement.setsLastRowid
    this.#context.outbox.reply({
      kind: ReplyKind.done,
      id: request.id,
      flags: this.#endFlags(entry),
      rowcount: result.changes,
      lastrowid: inserted ? toLastrowid(result.lastRowid, request.flags) : null,
      changedRows: result.changedRows ?? null,
    })
  }

  *#query(request: ExecuteRequest, entry: StatementEntry, statement: DriverStatement): Task<void> {
    const limit = (request.flags & RequestFlag.limited) !== 0 ? request.rowLimit : Number.POSITIVE_INFINITY
    const has = (flag: number): boolean => (request.flags & flag) !== 0
    const iterator = statement.iterate(request.values, has(RequestFlag.serverTexts), has(RequestFlag.bigintArrays))
    const rows: DriverRow[] = []
    let exhausted: boolean
    let columns: readonly WireColumn[]
    try {
      exhausted = yield* this.#take(request.id, iterator, rows, 1)
      // The names are surely those of these rows while the statement stands on one of them: anybody may change the schema before and after.
      columns = statement.columns()
      // A writing statement runs to its end now, whoever reads its rows and when: its autocommit must not hang on a reader.
      // To end a result early costs a server's driver a message: most often the row behind the last one that is wanted is its end.
      const wanted = this.#context.blockedByCursors === 'everything' ? limit + 1 : limit
      const take = statement.readonly ? Math.min(wanted, maxInlineRows) : maxInlineRows
      if (!exhausted) exhausted = yield* this.#take(request.id, iterator, rows, take)
    } catch (error) {
      yield* settled(iterator.return())
      throw error
    }
    const bigints = has(RequestFlag.bigint)
    const maxRows = Number.isFinite(limit) ? 0 : request.rowLimit
    const source = { id: request.id, sql: entry.sql, statement, columns, iterator, bigints, slots: this.#context.cancelSlots, maxRows }
    const cursor = new Cursor(source, rows, exhausted)
    try {
      yield* this.#send({ request, entry, statement, columns, rowcount: -1, lastrowid: null }, cursor, rows, limit)
    } catch (error) {
      this.#cursors.delete(request.id)
      yield* cursor.close()
      throw nameUnsafeColumn(error, columns)
    }
  }

  /** Sends every row of a statement that had many of them the last time from within one call of the driver; false where it cannot be done so. */
  #push(request: ExecuteRequest, entry: StatementEntry, statement: DriverStatement): boolean {
    const { cancelSlots: slots, outbox, hear } = this.#context
    const { id, flags } = request
    if (!entry.large || (flags & RequestFlag.all) === 0 || hear === null || statement.push === undefined || this.hasOpenCursors)
      return false
    let columns: readonly WireColumn[] = []
    const send = (chunk: EncodedChunk, ends: number): void => {
      const head = { id, flags: ends | this.stateFlags(), columns: entry.takeUnsentColumns(columns), rowcount: -1, lastrowid: null }
      outbox.chunk(head, chunk)
      outbox.flush()
    }
    try {
      const pushed = statement.push(request.values, (names) => {
        columns = names
        const target = { id, width: names.length, bigints: (flags & RequestFlag.bigint) !== 0, maxRows: request.rowLimit, slots, hear }
        const rows = new PushedRows({ ...target, send: (chunk) => send(chunk, 0) })
        this.#pushed = { id, rows }
        return (row) => rows.push(row)
      })
      if (!pushed || this.#pushed === null) return false
      const { rows } = this.#pushed
      // With few rows the next run is one of many that share a message again.
      entry.large = rows.count > maxInlineRows
      const ends = entry.large ? ReplyFlag.last | ReplyFlag.slow : this.#endFlags(entry)
      send(rows.rest(), ends | ReplyFlag.detached)
      return true
    } catch (error) {
      throw nameUnsafeColumn(error, columns)
    } finally {
      this.#pushed = null
    }
  }

  /** Takes up to `count` rows; true when there are no more. */
  *#take(id: number, iterator: RowIterator, rows: DriverRow[], count: number): Task<boolean> {
    while (rows.length < count) {
      if (isCancelled(this.#context.cancelSlots, id)) throw new CancelledError()
      const step = iterator.next()
      const { done, value } = step instanceof Promise ? ((yield step) as Awaited<typeof step>) : step
      if (done === true || value === undefined) return true
      rows.push(value)
    }
    return false
  }

  *#send(run: Run, cursor: Cursor, rows: readonly DriverRow[], limit: number): Task<void> {
    if (!run.statement.readonly) {
      yield* this.#sendWritten(run, cursor, rows, limit)
    } else if (cursor.exhausted || rows.length >= limit) {
      if (!cursor.exhausted) yield* cursor.close()
      this.#sendInline(run, rows.length > limit ? rows.slice(0, limit) : rows)
    } else {
      yield* this.#sendCursor(run, cursor)
    }
  }

  /** The rows of a statement that writes: it is complete before its first row leaves. */
  *#sendWritten(run: Run, cursor: Cursor, rows: readonly DriverRow[], limit: number): Task<void> {
    const fits = cursor.exhausted
    if (!fits) yield* cursor.buffer(Number.POSITIVE_INFINITY)
    this.assertStored()
    const rowcount = run.entry.changesRows ? (fits ? rows.length : cursor.bufferedRows) : -1
    const lastrowid =
      run.entry.insert && rowcount > 0 && run.statement.setsLastRowid
        ? toLastrowid(yield* settled(this.#connection.lastRowid()), run.request.flags)
        : null
    const written = { ...run, rowcount, lastrowid }
    if (fits || limit <= rows.length) this.#sendInline(written, rows.slice(0, limit))
    else yield* this.#sendCursor(written, cursor)
  }

  #sendInline(run: Run, rows: readonly DriverRow[]): void {
    const { request, entry, columns, rowcount, lastrowid } = run
    const head = { id: request.id, flags: this.#endFlags(entry), columns: entry.takeUnsentColumns(columns), rowcount, lastrowid }
    try {
      this.#context.outbox.rows(head, columns.length, rows, (request.flags & RequestFlag.bigint) !== 0)
    } catch (error) {
      entry.forgetSentColumns()
      throw nameUnsafeColumn(error, columns)
    }
    entry.small = true
    entry.large = false
  }

  *#sendCursor(run: Run, cursor: Cursor): Task<void> {
    const { id, flags } = run.request
    const buffered = (flags & RequestFlag.buffered) !== 0
    const onServer = this.#context.blockedByCursors === 'everything'
    cursor.outlivesReset = buffered && onServer
    const fits = !buffered || (yield* cursor.buffer(this.#context.maxBufferedBytes))
    // What a server has done for a statement cannot be done again: the cursor keeps the connection until it has been read.
    if (!fits && !onServer) {
      yield* cursor.close()
      this.#context.outbox.reply({ kind: ReplyKind.tooLarge, id, flags: ReplyFlag.last | this.stateFlags() })
      return
    }
    this.#cursors.set(id, cursor)
    run.entry.slow = true
    run.entry.small = false
    if ((flags & RequestFlag.all) === 0) {
      yield* this.#sendChunk(run, cursor)
      if (!cursor.done) cursor.sendMore = () => this.#sendChunk(run, cursor)
      return
    }
    cursor.streaming = true
    cursor.grant(creditWindow)
    while (!cursor.done) {
      yield* cursor.spendCredit()
      yield* this.#sendChunk(run, cursor)
      yield* this.#context.outbox.send()
    }
    run.entry.large = true
  }

  *#sendChunk(run: Run, cursor: Cursor): Task<void> {
    const { request, entry, columns, rowcount, lastrowid } = run
    const chunk = yield* cursor.next()
    const last = cursor.done
    if (last) this.#cursors.delete(cursor.id)
    const ends = last ? ReplyFlag.last | ReplyFlag.slow : 0
    const flags = ends | (cursor.exhausted ? ReplyFlag.detached : 0) | this.stateFlags()
    this.#context.outbox.chunk({ id: request.id, flags, columns: entry.takeUnsentColumns(columns), rowcount, lastrowid }, chunk)
  }

  /** A reader who takes everything has room for more; false when the cursor sends only what it is asked for. */
  grant(id: number, chunks: number): boolean {
    if (this.#pushed?.id === id) {
      this.#pushed.rows.grant(chunks)
      return true
    }
    const cursor = this.#cursors.get(id)
    if (cursor?.streaming !== true) return false
    cursor.grant(chunks)
    return true
  }

  /** The next chunks of an open cursor; nothing if it has been closed meanwhile. */
  *fetch(id: number, chunks: number): Task<void> {
    for (let sent = 0; sent < chunks; sent++) {
      const cursor = this.#cursors.get(id)
      if (cursor?.sendMore === undefined) return
      try {
        yield* cursor.sendMore()
        // Its reader is at this one while the next one is built.
        yield* this.#context.outbox.send()
      } catch (error) {
        this.#cursors.delete(id)
        yield* cursor.close()
        throw nameUnsafeColumn(error, cursor.columns)
      }
    }
  }

  *closeCursor(id: number): Task<void> {
    const cursor = this.#cursors.get(id)
    if (cursor === undefined) return
    // A cursor that streams belongs to the request being served: it notices the cancelled id by itself.
    if (cursor.streaming) {
      cursor.grant(1)
      return
    }
    this.#cursors.delete(id)
    yield* cursor.close()
    const flags = ReplyFlag.last | this.stateFlags()
    this.#context.outbox.reply({ kind: ReplyKind.done, id, flags, rowcount: -1, lastrowid: null, changedRows: null })
  }

  /**
   * Before a statement that SQLite drivers refuse beside an open cursor, or that would end it: its remaining rows come into memory.
   * @throws {HostError} they weigh more than `maxBufferedBytes`; the cursor stays usable, the statement has not run
   */
  *bufferCursors(mayClose = false): Task<void> {
    for (const cursor of this.#cursors.values()) {
      if (cursor.exhausted) continue
      if (yield* cursor.makeWay(this.#context.maxBufferedBytes)) continue
      if (mayClose) {
        yield* this.#breakOff(cursor)
        continue
      }
      const sql = cursor.sql.length > 200 ? `${cursor.sql.slice(0, 200)}…` : cursor.sql
      throw new HostError({
        family: 'invalidRequest',
        message: `This statement cannot run while a cursor with more than ${this.#context.maxBufferedBytes} bytes of unread rows is open on the connection. Read or close the result of: ${sql}`,
      })
    }
  }

  /** The connection is about to close or to be reset: whoever still reads from it is told. Rows in memory that are no borrower's stay. */
  *closeAllCursors(closing: boolean): Task<void> {
    for (const cursor of this.#cursors.values()) {
      if (closing || !cursor.exhausted || !cursor.outlivesReset) yield* this.#breakOff(cursor)
    }
  }

  *#breakOff(cursor: Cursor): Task<void> {
    this.#cursors.delete(cursor.id)
    yield* cursor.close()
    this.#context.outbox.error(cursor.id, this.stateFlags(), { family: 'resourceClosed', message: 'This result object is closed.' })
  }
}

export function toLastrowid(rowid: bigint | number, flags: number): bigint | number {
  if ((flags & RequestFlag.bigint) !== 0) return BigInt(rowid)
  const number = Number(rowid)
  // It is reported beside the rows, not among them: beyond 2^53 it stays exact as a bigint and fails nobody's insert.
  return Number.isSafeInteger(number) ? number : rowid
}

function* drain(iterator: RowIterator): Task<number> {
  for (let rows = 0; ; rows++) {
    const { done, value } = yield* settled(iterator.next())
    if (done === true || value === undefined) return rows
  }
}
