import type { WireColumn } from '../../src/protocol/values.ts'
import type { DriverRow, MaybePromise, RowIterator } from './driver.ts'
import { cancellation, Exchange, type Plan, writeParse } from './pg-exchange.ts'
import type { EncodedValue, MessageWriter } from './pg-messages.ts'
import type { ValueForm } from './pg-types.ts'
import type { DataRow } from './pg-wire.ts'

/** Rows of the first batch: most results end within it, and a reader that wants a few of many leaves few behind. */
const firstBatchRows = 100
const maxBatchRows = 1_000
const maxBatchBytes = 1024 * 1024
/** The next batch after the first is asked for when so many rows are left: a reader of 64 rows does not want it. */
const firstRowsLeft = 25
/** With so much unread, what else comes waits in the socket. */
const maxUnreadBytes = 256 * 1024
/** To read and drop more than this takes longer than to have the statement stopped. */
const maxDroppedBytes = 1024 * 1024

type Step = Awaited<ReturnType<RowIterator['next']>>

const END: Step = { done: true, value: undefined }

/** Makes the rows of a result of what the server sends. */
export interface RowMaker {
  readonly columns: readonly WireColumn[]
  read(row: DataRow, form: ValueForm): DriverRow
}

export interface RowsPlan extends Plan {
  readonly values: readonly EncodedValue[]
  readonly reader: RowMaker
  /** How its values are wanted: see `RowReader.read`. */
  readonly form: ValueForm
  /**
   * In batches, as they are asked for: memory is bounded, and to stop costs one message. Else everything is asked for with one message:
   * one round trip in place of two.
   */
  readonly batches: boolean
  /** It changes nothing: whether it came to its end makes no difference when nobody wants its rows any more. */
  readonly readonly: boolean
  /** Has the statement stopped, where that harms nothing. */
  readonly stop: (() => void) | null
}

/** Runs a statement and hands out its rows, at once as far as they are in memory. */
export class RowsExchange extends Exchange implements RowIterator {
  readonly #plan: RowsPlan
  /** Rows that have come in, in two steps: so that none of the arrays grows without end and none is shifted. */
  #reading: DataRow[] = []
  #readingAt = 0
  #arrived: DataRow[] = []
  #unreadBytes = 0
  #receivedRows = 0
  #receivedBytes = 0
  #batchRows: number
  /** The server waits to be asked for the next batch. */
  #suspended = false
  #dropping = false
  #droppedBytes = 0
  #told = false
  #waiter: { readonly resolve: (step: Step) => void; readonly reject: (error: unknown) => void } | null = null

  constructor(plan: RowsPlan) {
    super()
    this.#plan = plan
    this.#batchRows = plan.batches ? firstBatchRows : 0
  }

  /** How many rows the statement has given; all of them once it has ended and was not returned early. */
  get receivedRows(): number {
    return this.#receivedRows
  }

  get wasRead(): boolean {
    return this.hasEnded && !this.#dropping && this.failure === null
  }

  next(): MaybePromise<Step> {
    if (this.#hasUnread()) return { value: this.#take() }
    if (this.hasEnded) return this.#endStep()
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
      if (this.#suspended) this.#askForMore()
    })
  }

  return(): MaybePromise<unknown> {
    this.#told = true
    this.#drop()
    return this.hasEnded ? undefined : this.ended
  }

  /** What only reads is over; of what writes the server has the last word, so its rows are kept, however many, until that is known. */
  override cancel(): void {
    super.cancel()
    if (this.#plan.readonly) this.#drop()
    else this.resumeReading()
  }

  protected override write(messages: MessageWriter): void {
    if (this.#dropping) {
      // Given up before it was its turn: it has not run at all.
      this.sync(messages)
      return
    }
    writeParse(messages, this.#plan)
    messages.bind(this.#plan.name, this.#plan.values).execute(this.#batchRows)
    if (this.#plan.batches) messages.flush()
    else this.sync(messages)
  }

  /** Nobody wants its rows any more. */
  protected get isDropping(): boolean {
    return this.#dropping
  }

  /** Fails with this, and reads no more. */
  protected giveUp(error: unknown): void {
    this.fail(error)
    this.#drop()
  }

  override handleDataRow(row: DataRow): void {
    if (this.#dropping) {
      this.#countDropped(row.length)
      return
    }
    this.#receivedRows++
    this.#receivedBytes += row.length
    this.#unreadBytes += row.length
    this.#arrived.push(row)
    const waiter = this.#waiter
    if (waiter !== null) {
      this.#waiter = null
      this.#hasUnread()
      settleWith(waiter, () => ({ value: this.#take() }))
    }
    if (this.#unreadBytes > maxUnreadBytes && !this.cancelled) this.pauseReading()
  }

  override handlePortalSuspended(): void {
    // The message that closes the portal is on its way already.
    if (this.synced) return
    this.#suspended = true
    if (this.#waiter !== null) this.#askForMore()
  }

  override handleCommandComplete(): void {
    if (!this.synced) this.send((messages) => this.sync(messages))
  }

  override handleEmptyQuery(): void {
    this.handleCommandComplete()
  }

  protected override onEnd(): void {
    const waiter = this.#waiter
    this.#waiter = null
    if (waiter !== null) settleWith(waiter, () => this.#endStep())
  }

  /** True when a row lies in `#reading`. */
  #hasUnread(): boolean {
    if (this.#readingAt < this.#reading.length) return true
    if (this.#arrived.length === 0) return false
    this.#reading = this.#arrived
    this.#readingAt = 0
    this.#arrived = []
    return true
  }

  #take(): DriverRow {
    const row = this.#reading[this.#readingAt++] as DataRow
    this.#unreadBytes -= row.length
    if (this.readingIsPaused && this.#unreadBytes < maxUnreadBytes / 2) this.resumeReading()
    if (this.#suspended && this.#rowsLeft() <= (this.#batchRows === firstBatchRows ? firstRowsLeft : this.#batchRows - 1))
      this.#askForMore()
    return this.#plan.reader.read(row, this.#plan.form)
  }

  #rowsLeft(): number {
    return this.#reading.length - this.#readingAt + this.#arrived.length
  }

  #askForMore(): void {
    this.#suspended = false
    const bytesPerRow = this.#receivedBytes / Math.max(this.#receivedRows, 1)
    this.#batchRows = Math.max(1, Math.min(maxBatchRows, Math.floor(maxBatchBytes / Math.max(bytesPerRow, 1))))
    this.send((messages) => messages.execute(this.#batchRows).flush())
  }

  /** What follows the last row: the error once, then nothing more. */
  #endStep(): Step {
    if (this.#told) return END
    this.#told = true
    if (this.failure !== null) throw this.failure.error
    // Its rows have been dropped, even where it came to its end.
    if (this.cancelled && this.#plan.readonly) throw cancellation()
    return END
  }

  #drop(): void {
    const muchIsLeft = this.readingIsPaused
    this.#forgetRows()
    this.resumeReading()
    if (this.#dropping || this.hasEnded) return
    this.#dropping = true
    if (!this.submitted) return
    if (!this.synced) this.send((messages) => this.sync(messages.closePortal()))
    else if (muchIsLeft && !this.cancelled) this.#plan.stop?.()
  }

  #forgetRows(): void {
    this.#reading = []
    this.#readingAt = 0
    this.#arrived = []
    this.#unreadBytes = 0
  }

  #countDropped(bytes: number): void {
    const before = this.#droppedBytes
    this.#droppedBytes += bytes
    const isTooMuch = before <= maxDroppedBytes && this.#droppedBytes > maxDroppedBytes
    if (isTooMuch && !this.cancelled && !this.#plan.batches) this.#plan.stop?.()
  }
}

function settleWith<T>(waiter: { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void }, make: () => T): void {
  try {
    waiter.resolve(make())
  } catch (error) {
    waiter.reject(error)
  }
}
