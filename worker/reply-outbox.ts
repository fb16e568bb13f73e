import type { TransferListItem } from 'node:worker_threads'
import { ringBack } from '../src/protocol/doorbell.ts'
import {
  addReplyFlags,
  type Frames,
  type Reply,
  ReplyFlag,
  ReplyKind,
  type RowsHead,
  type RowsReply,
  writeReply,
  writeRowsHead,
} from '../src/protocol/frames.ts'
import type { HostPort } from '../src/protocol/lease-task.ts'
import { type CellValue, type EncodedChunk, holdsBytes, toCell } from '../src/protocol/row-codec.ts'
import type { WireError } from '../src/protocol/wire-error.ts'
import type { DriverRow } from './drivers/driver.ts'
import type { Task } from './task.ts'

/** Fewer are copied in as little time as it takes to hand their memory over. */
const minTransferredBytes = 16 * 1024

/** Collects the replies of a batch, so that they leave in one message. */
export class ReplyOutbox {
  /** What the driver says of its rows: see `DriverCapabilities`. */
  freshBytes = false
  readonly #port: HostPort
  readonly #cells: Int32Array
  #frames: Frames = []
  #transfer: TransferListItem[] = []
  #flushedAt = 0

  constructor(port: HostPort, cells: Int32Array) {
    this.#port = port
    this.#cells = cells
  }

  reply(reply: Exclude<Reply, RowsReply>): void {
    writeReply(this.#frames, reply)
  }

  error(id: number, flags: number, error: WireError): void {
    this.reply({ kind: ReplyKind.error, id, flags: flags | ReplyFlag.last, error })
  }

  /**
   * A few rows, value after value inside the batch itself.
   *
   * @throws {UnsafeIntegerError} the batch is as it was
   */
  rows(head: RowsHead, width: number, rows: readonly DriverRow[], bigints: boolean): void {
    const frames = this.#frames
    const start = frames.length
    writeRowsHead(frames, ReplyKind.rows, head)
    frames.push(rows.length, width)
    let blobs = 0
    try {
      for (const row of rows) {
        for (let column = 0; column < width; column++) {
          const cell = toCell(row[column] as CellValue, column, bigints)
          if (typeof cell === 'object' && cell !== null && holdsBytes(cell)) {
            blobs = ReplyFlag.blobs
            this.#handOver(cell)
          }
          frames.push(cell)
        }
      }
    } catch (error) {
      frames.length = start
      throw error
    }
    if (blobs !== 0) addReplyFlags(frames, start, blobs)
  }

  chunk(head: RowsHead, chunk: EncodedChunk): void {
    const flags = head.flags | (chunk.blobs ? ReplyFlag.blobs : 0)
    writeRowsHead(this.#frames, ReplyKind.chunk, { ...head, flags })
    this.#frames.push(chunk.rowCount, chunk.columns.length)
    for (const column of chunk.columns) {
      this.#frames.push(column)
      if (chunk.blobs && this.freshBytes && !(column instanceof Float64Array)) for (const cell of column) this.#handOver(cell)
    }
    this.#transfer.push(...chunk.transfer)
  }

  /** Lets the memory of large bytes leave with the batch; also that of a reply which is taken back, and which nobody will look at. */
  #handOver(cell: CellValue): void {
    if (!this.freshBytes || !(cell instanceof Uint8Array) || cell.byteLength < minTransferredBytes) return
    if (cell.byteLength === cell.buffer.byteLength) this.#transfer.push(cell.buffer as ArrayBuffer)
  }

  /** A value of the user's own making: in a message of its own, because one that cannot be cloned must not take others with it. */
  value(id: number, flags: number, value: unknown): void {
    this.flush()
    const frames: Frames = []
    const copy = this.#port.local === true ? structuredClone(value) : value
    writeReply(frames, { kind: ReplyKind.value, id, flags: flags | ReplyFlag.last, value: copy })
    this.#port.postMessage(frames)
    ringBack(this.#cells)
  }

  /** Where the replies of this batch stand, for `dropSince` and `addFlags`. */
  mark(): number {
    return this.#frames.length
  }

  /** Takes back what was replied since the mark, of a batch that has not been sent; not for chunks. */
  dropSince(mark: number): void {
    this.#frames.length = mark
  }

  /** To the first reply since the mark. */
  addFlags(mark: number, flags: number): void {
    if (flags !== 0) addReplyFlags(this.#frames, mark, flags)
  }

  /** What is ready waits no longer than this for replies that may leave with it. */
  flushIfOlderThan(ms: number): void {
    if (this.#frames.length > 0 && performance.now() - this.#flushedAt > ms) this.flush()
  }

  /** As `flush`, before what may keep the thread for long: it is over when everything has left. */
  *send(): Task<void> {
    this.flush()
    const leaving = this.#port.leaving ?? null
    if (leaving !== null) yield leaving
  }

  flush(): void {
    if (this.#frames.length === 0) return
    this.#flushedAt = performance.now()
    const frames = this.#frames
    const transfer = this.#transfer
    this.#frames = []
    this.#transfer = []
    this.#port.postMessage(frames, transfer)
    ringBack(this.#cells)
  }
}
