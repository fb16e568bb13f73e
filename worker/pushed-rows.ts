import { isCancelled } from '../src/protocol/cancel-slots.ts'
import { creditWindow } from '../src/protocol/frames.ts'
import { ChunkEncoder, type EncodedChunk } from '../src/protocol/row-codec.ts'
import { CancelledError } from '../src/protocol/row-errors.ts'
import { maxBlockRows, maxChunkBytes, maxChunkMs, maxRowsPerChunk } from './cursors.ts'
import type { DriverRow } from './drivers/driver.ts'

export interface PushTarget {
  readonly id: number
  readonly width: number
  readonly bigints: boolean
  /** Rows of one chunk at the most; 0 for the worker's own measure. */
  readonly maxRows: number
  readonly slots: Int32Array
  /** Sends a chunk behind which others come. */
  send(chunk: EncodedChunk): void
  /** Sleeps until the user's side has said something, and takes it in. */
  hear(): void
}

/**
 * The rows of a statement whose reader takes all of them, as its driver hands them over from within one call: half the cost of an iterator's
 * steps. They leave a chunk at a time, and the call waits while its reader has enough to do.
 */
export class PushedRows {
  readonly #target: PushTarget
  readonly #maxRows: number
  #encoder: ChunkEncoder
  #block: DriverRow[] = []
  #credit = creditWindow
  #count = 0
  #chunkUntil: number

  constructor(target: PushTarget) {
    this.#target = target
    this.#maxRows = target.maxRows === 0 ? maxRowsPerChunk : target.maxRows
    this.#encoder = this.#newEncoder()
    this.#chunkUntil = performance.now() + maxChunkMs
  }

  /** Takes the next row. @throws {CancelledError} nobody wants it */
  push(row: DriverRow): void {
    const { id, slots } = this.#target
    if (isCancelled(slots, id)) throw new CancelledError()
    const encoder = this.#encoder
    this.#count++
    encoder.weigh(row)
    const count = this.#block.push(row)
    if (count === maxBlockRows || count === encoder.room || encoder.sizeBytes >= maxChunkBytes) this.#encode()
  }

  #encode(): void {
    const encoder = this.#encoder
    encoder.push(this.#block)
    this.#block = []
    if (encoder.room > 0 && encoder.sizeBytes < maxChunkBytes && performance.now() <= this.#chunkUntil) return
    this.#spendCredit()
    this.#target.send(encoder.finish())
    this.#encoder = this.#newEncoder()
    this.#chunkUntil = performance.now() + maxChunkMs
  }

  #spendCredit(): void {
    const { id, slots } = this.#target
    while (this.#credit === 0) {
      this.#target.hear()
      if (isCancelled(slots, id)) throw new CancelledError()
    }
    this.#credit--
  }

  /** How many there have been. */
  get count(): number {
    return this.#count
  }

  /** The user's side takes this many more chunks. */
  grant(chunks: number): void {
    this.#credit += chunks
  }

  /** The last chunk, perhaps without a row. */
  rest(): EncodedChunk {
    this.#encoder.push(this.#block)
    return this.#encoder.finish()
  }

  #newEncoder(): ChunkEncoder {
    return new ChunkEncoder(this.#target.width, this.#maxRows, this.#target.bigints)
  }
}
