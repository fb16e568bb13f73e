import type { TransferListItem } from 'node:worker_threads'
import { type Frames, type Reply, ReplyFlag, ReplyKind, type RowsReply, writeReply, writeRowsHead } from '../src/protocol/frames.ts'
import type { HostPort } from '../src/protocol/lease-task.ts'
import type { CellValue, EncodedChunk } from '../src/protocol/row-codec.ts'
import type { WireError } from '../src/protocol/wire-error.ts'

type RowsHead = Omit<RowsReply, 'kind' | 'start' | 'frames' | 'rowCount' | 'width'>

/** Collects the replies of a batch, so that they leave in one message. */
export class ReplyOutbox {
  readonly #port: HostPort
  #frames: Frames = []
  #transfer: TransferListItem[] = []

  constructor(port: HostPort) {
    this.#port = port
  }

  reply(reply: Exclude<Reply, RowsReply>): void {
    writeReply(this.#frames, reply)
  }

  error(id: number, flags: number, error: WireError): void {
    this.reply({ kind: ReplyKind.error, id, flags: flags | ReplyFlag.last, error })
  }

  /** A few rows, value after value inside the batch itself. */
  rows(head: RowsHead, width: number, cells: readonly CellValue[]): void {
    const blobs = cells.some((cell) => cell instanceof Uint8Array) ? ReplyFlag.blobs : 0
    const rowCount = width === 0 ? 0 : cells.length / width
    writeRowsHead(this.#frames, { ...head, kind: ReplyKind.rows, flags: head.flags | blobs, rowCount, width })
    for (const cell of cells) this.#frames.push(cell)
  }

  chunk(head: RowsHead, chunk: EncodedChunk): void {
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

  /** Where the replies of this batch stand, for `dropSince`. */
  mark(): { readonly frames: number; readonly transfer: number } {
    return { frames: this.#frames.length, transfer: this.#transfer.length }
  }

  /** Takes back what was replied since the mark, of a batch that has not been sent. */
  dropSince({ frames, transfer }: ReturnType<ReplyOutbox['mark']>): void {
    this.#frames.length = frames
    this.#transfer.length = transfer
  }

  flush(): void {
    if (this.#frames.length === 0) return
    const frames = this.#frames
    const transfer = this.#transfer
    this.#frames = []
    this.#transfer = []
    this.#port.postMessage(frames, transfer)
  }
}
