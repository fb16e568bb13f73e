import { FifoQueue } from '../../src/protocol/fifo-queue.ts'
import type { DriverRow, MaybePromise, RowIterator } from './driver.ts'
import { PacketReader } from './mysql-packet.ts'
import { cancelledFault, type Mysql2Channel, type OpenRows } from './mysql2-channel.ts'
import type { ResultSink } from './mysql2-exchange.ts'

/** Beyond so much unread the socket rests; below a quarter of it, it is read on. */
const maxUnreadRows = 1_000
const maxUnreadBytes = 1024 * 1024
/** What is left of rows that nobody wants is read up to here, and then the server is asked to stop. That takes a connection: some milliseconds. */
const maxDroppedBytes = 1024 * 1024
const maxDropMs = 20
/** After so long it is asked once more, if it could not be asked before. */
const retryMs = 1_000

/** A row as it came, decoded when it is taken: what is dropped costs nothing. */
interface RawRow {
  readonly buffer: Buffer
  readonly offset: number
  readonly end: number
}

export interface RowSource {
  /** Takes in the columns, and gives how a row is read. */
  readonly onFields: (definitions: readonly Buffer[]) => (packet: PacketReader) => DriverRow
  readonly onFirstRow: (row: DriverRow) => void
  /** False where the statement must come to its end even if nobody wants its rows: it writes. */
  readonly mayBeStopped: boolean
}

/** The rows of a running statement. */
export class RowStream implements RowIterator, ResultSink, OpenRows {
  readonly #channel: Mysql2Channel
  readonly #source: RowSource
  readonly #packet = new PacketReader()
  #readRow: (packet: PacketReader) => DriverRow = () => []
  #rows = new FifoQueue<RawRow>()
  #unreadBytes = 0
  #paused = false
  #unlimited = false
  #first = true
  #ended = false
  #error: unknown
  /** Rows are no longer kept. */
  #dropping = false
  #droppedBytes = 0
  #lostRows = false
  #returned: Promise<void> | null = null
  #waiting: (() => void)[] = []

  constructor(channel: Mysql2Channel, source: RowSource) {
    this.#channel = channel
    this.#source = source
  }

  /** Every row has come, or none will: nothing of it is left on the connection. */
  get ended(): boolean {
    return this.#ended
  }

  next(): MaybePromise<{ readonly done?: boolean; readonly value: DriverRow | undefined }> {
    // To read on may bring rows at once: those that were split off the socket's last bytes already.
    if (this.#paused && this.#isLow) this.#readOn()
    const row = this.#take()
    if (row !== undefined) return { value: row }
    if (!this.#ended) return this.#news().then(() => this.next())
    const error = this.#error ?? (this.#lostRows ? cancelledFault() : undefined)
    this.#error = undefined
    this.#lostRows = false
    if (error !== undefined) throw error
    return END
  }

  return(): MaybePromise<unknown> {
    this.#drop()
    this.#lostRows = false
    this.#error = undefined
    if (this.#ended) return undefined
    this.#returned ??= this.#untilEnd()
    return this.#returned
  }

  abandon(): void {
    if (this.#source.mayBeStopped) {
      this.#drop()
      return
    }
    // What writes may be done before it can be stopped, and then its rows are wanted; all are taken in, so that its end is seen.
    this.#unlimited = true
    if (this.#paused) this.#readOn()
  }

  fields(definitions: readonly Buffer[]): void {
    this.#readRow = this.#source.onFields(definitions)
  }

  row(buffer: Buffer, offset: number, end: number): void {
    if (this.#dropping) {
      this.#lostRows = true
      const before = this.#droppedBytes
      this.#droppedBytes += end - offset
      if (before <= maxDroppedBytes && this.#droppedBytes > maxDroppedBytes) this.#wake()
      return
    }
    this.#rows.push({ buffer, offset, end })
    this.#unreadBytes += end - offset
    if (!this.#paused && !this.#unlimited && (this.#rows.size >= maxUnreadRows || this.#unreadBytes >= maxUnreadBytes)) {
      this.#paused = true
      this.#channel.native.pause()
    }
    this.#wake()
  }

  /** The answer is complete, or has failed. */
  end(error: unknown): void {
    this.#ended = true
    this.#error = this.#returned === null ? error : undefined
    this.#wake()
  }

  get #isLow(): boolean {
    return this.#rows.size <= maxUnreadRows / 4 && this.#unreadBytes <= maxUnreadBytes / 4
  }

  #readOn(): void {
    this.#paused = false
    this.#channel.native.resume()
  }

  #take(): DriverRow | undefined {
    const raw = this.#rows.shift()
    if (raw === undefined) return undefined
    this.#unreadBytes -= raw.end - raw.offset
    const row = this.#readRow(this.#packet.read(raw.buffer, raw.offset, raw.end))
    if (this.#first) {
      this.#first = false
      this.#source.onFirstRow(row)
    }
    return row
  }

  #drop(): void {
    this.#dropping = true
    if (this.#rows.size > 0) this.#lostRows = true
    this.#rows = new FifoQueue()
    this.#unreadBytes = 0
    if (this.#paused) this.#readOn()
  }

  async #untilEnd(): Promise<void> {
    if (!this.#source.mayBeStopped) {
      while (!this.#ended) await this.#news()
      return
    }
    let patienceMs = maxDropMs
    while (!this.#ended) {
      const late = setTimeout(() => this.#wake(), patienceMs)
      await this.#news()
      clearTimeout(late)
      if (!this.#ended) await this.#channel.cancel()
      // The server took no connection for that, and is asked again.
      patienceMs = retryMs
    }
  }

  /** A row has come, or the end, or enough has been dropped. */
  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

const END = { done: true, value: undefined } as const
