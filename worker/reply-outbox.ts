import type { MessagePort, TransferListItem } from 'node:worker_threads'
import { type Frames, type Reply, ReplyFlag, ReplyKind, type RowsReply, writeReply, writeRowsHead } from '../src/protocol/frames.ts'
import type { CellValue, EncodedChunk } from '../src/protocol/row-codec.ts'
import type { WireError } from '../src/protocol/wire-error.ts'

/** Replies that have been waiting this long leave before the next statement that may be slow. */
const maxDelayMs = 0.5

type RowsHead = Omit<RowsReply, 'kind' | 'start' | 'frames' | 'rowCount' | 'width'>

/** Collects the replies of a batch, so that they leave in one message. */
export class ReplyOutbox {
  readonly #port: MessagePort
  #frames: Frames = []
  #transfer: TransferListItem[] = []
  #firstAt = 0

  constructor(port: MessagePort) {
    this.#port = port
  }

  reply(reply: Exclude<Reply, RowsReply>): void {
    this.#noteFirst()
    writeReply(this.#frames, reply)
  }

  error(id: number, flags: number, error: WireError): void {
    this.reply({ kind: ReplyKind.error, id, flags: flags | ReplyFlag.last, error })
  }

  /** A few rows, value after value inside the batch itself. */
  rows(head: RowsHead, width: number, cells: readonly CellValue[]): void {
    this.#noteFirst()
    const blobs = cells.some((cell) => cell instanceof Uint8Array) ? ReplyFlag.blobs : 0
    const rowCount = width === 0 ? 0 : cells.length / width
    writeRowsHead(this.#frames, { ...head, kind: ReplyKind.rows, flags: head.flags | blobs, rowCount, width })
    for (const cell of cells) this.#frames.push(cell)
  }

  chunk(head: RowsHead, chunk: EncodedChunk): void {
    this.#noteFirst()
    const flags = head.flags | (chunk.blobs ? ReplyFlag.blobs : 0)
    writeRowsHead(this.#frames, { ...head, kind: ReplyKind.chunk, flags, rowCount: chunk.rowCount, width: chunk.columns.length })
    for (const column of chunk.columns) this.#frames.push(column)
    this.#transfer.push(...chunk.transfer)
  }

  /** A value of the user's own making: in a message of its own, because one that cannot be cloned must not take others with it. */
  value(id: number, flags: number, value: unknown): void {
    this.flush()
    const frames: Frames = []
    writeReply(frames, { kind: ReplyKind.value, id, flags: flags | ReplyFlag.last, value })
    this.#port.postMessage(frames)
  }

  /** Lets finished replies go before a statement that may keep them waiting. */
  flushBeforeSlow(): void {
    if (this.#frames.length > 0 && performance.now() - this.#firstAt > maxDelayMs) this.flush()
  }

  flush(): void {
    if (this.#frames.length === 0) return
    const frames = this.#frames
    const transfer = this.#transfer
    this.#frames = []
    this.#transfer = []
    this.#port.postMessage(frames, transfer)
  }

  #noteFirst(): void {
    if (this.#frames.length === 0) this.#firstAt = performance.now()
  }
}
