import { isCancelled } from '../src/protocol/cancel-slots.ts'
import { ChunkEncoder, type EncodedChunk } from '../src/protocol/row-codec.ts'
import { CancelledError } from '../src/protocol/row-errors.ts'
import type { WireColumn } from '../src/protocol/values.ts'
import type { DriverRow, DriverStatement, RowIterator } from './drivers/driver.ts'
import type { Task } from './task.ts'

/** Rows and bytes of one chunk: large enough that its message is cheap a row, small enough that building its objects stalls nobody. */
export const maxRowsPerChunk = 1_000
export const maxChunkBytes = 256 * 1024
/** A slow statement sends what it has rather than let its reader wait for a full chunk. */
export const maxChunkMs = 20
/** Rows between two looks at the clock. */
export const maxBlockRows = 16

/** The rows of a running statement, read as the user's side asks for them, or kept in memory where something must run before that. */
export class Cursor {
  readonly id: number
  readonly sql: string
  readonly statement: DriverStatement
  readonly columns: readonly WireColumn[]
  readonly #iterator: RowIterator
  readonly #bigints: boolean
  readonly #slots: Int32Array
  readonly #maxRows: number
  readonly #buffered: EncodedChunk[] = []
  #bufferedBytes = 0
  /** Rows already taken from the iterator that no chunk holds yet. */
  #pending: readonly DriverRow[]
  #exhausted = false
  /** What its rows failed with behind those in memory. */
  #failure: { readonly error: unknown } | null = null
  /** Its rows, once they are in memory, belong to nobody who borrows the connection. */
  outlivesReset = false
  /** Set while every row goes out unasked, as far as credit goes. */
  streaming = false
  #credit = 0
  #creditGranted: (() => void) | null = null

  /** Set once the first chunk has left: sends the next one. */
  sendMore: (() => Task<void>) | undefined
  #bufferedRows = 0

  /** `pending` are the rows already taken from the iterator; `exhausted` says that there are no others. */
  constructor(source: CursorSource, pending: readonly DriverRow[], exhausted: boolean) {
    this.id = source.id
    this.sql = source.sql
    this.statement = source.statement
    this.columns = source.columns
    this.#iterator = source.iterator
    this.#bigints = source.bigints
    this.#slots = source.slots
    this.#maxRows = source.maxRows === 0 ? maxRowsPerChunk : source.maxRows
    this.#pending = pending
    this.#exhausted = exhausted
  }

  /** True when every row has left the driver: nothing on the connection stands in anybody's way. */
  get exhausted(): boolean {
    return this.#exhausted
  }

  /** True when there is nothing left to send. */
  get done(): boolean {
    return this.#exhausted && this.#buffered.length === 0 && this.#failure === null
  }

  /** Rows brought into memory so far. */
  get bufferedRows(): number {
    return this.#bufferedRows
  }

  /** The next chunk, from memory first. */
  *next(): Task<EncodedChunk> {
    const chunk = this.#buffered.shift()
    if (chunk !== undefined) {
      this.#bufferedBytes -= chunk.sizeBytes
      return chunk
    }
    if (this.#failure !== null) throw this.#failure.error
    return yield* this.#read(maxChunkMs)
  }

  /** Brings the remaining rows into memory. False when they weigh more than `maxBytes`: the cursor then stands where it was, losing nothing. */
  *buffer(maxBytes: number): Task<boolean> {
    while (!this.#exhausted) {
      if (this.#bufferedBytes >= maxBytes) return false
      const chunk = yield* this.#read(Number.POSITIVE_INFINITY)
      this.#buffered.push(chunk)
      this.#bufferedBytes += chunk.sizeBytes
      this.#bufferedRows += chunk.rowCount
    }
    return true
  }

  /** As `buffer`, for another statement's sake: what goes wrong, or that nobody reads on, is this cursor's affair and not that one's. */
  *makeWay(maxBytes: number): Task<boolean> {
    try {
      return yield* this.buffer(maxBytes)
    } catch (error) {
      this.#failure = { error }
      yield* this.#free()
      return true
    }
  }

  *#read(maxMs: number): Task<EncodedChunk> {
    const encoder = new ChunkEncoder(this.columns.length, Math.max(this.#maxRows, this.#pending.length), this.#bigints)
    for (const row of this.#pending) encoder.weigh(row)
    encoder.push(this.#pending)
    this.#pending = []
    const deadline = performance.now() + maxMs
    while (!this.#exhausted && encoder.room > 0 && encoder.sizeBytes < maxChunkBytes) {
      const rows: DriverRow[] = []
      for (let step = this.#take(rows, encoder); step !== null; step = this.#take(rows, encoder)) this.#note(yield step, rows, encoder)
      encoder.push(rows)
      if (performance.now() > deadline) break
    }
    return encoder.finish()
  }

  /** Takes a block of rows, as far as there are rows and the chunk has room; gives the step that has to be waited for, if there is one. */
  #take(rows: DriverRow[], encoder: ChunkEncoder): Promise<unknown> | null {
    const most = Math.min(encoder.room, maxBlockRows)
    while (!this.#exhausted && rows.length < most && encoder.sizeBytes < maxChunkBytes) {
      if (isCancelled(this.#slots, this.id)) throw new CancelledError()
      const step = this.#iterator.next()
      if (step instanceof Promise) return step
      this.#note(step, rows, encoder)
    }
    return null
  }

  #note(step: unknown, rows: DriverRow[], encoder: ChunkEncoder): void {
    const { done, value } = step as Awaited<ReturnType<RowIterator['next']>>
    if (done === true || value === undefined) {
      this.#exhausted = true
      return
    }
    encoder.weigh(value)
    rows.push(value)
  }

  /** The user's side takes this many more chunks. */
  grant(chunks: number): void {
    this.#credit += chunks
    this.#creditGranted?.()
  }

  /** Uses one credit, or waits for one. */
  *spendCredit(): Task<void> {
    while (this.#credit === 0) {
      yield new Promise<void>((resolve) => {
        this.#creditGranted = resolve
      })
      this.#creditGranted = null
      if (isCancelled(this.#slots, this.id)) throw new CancelledError()
    }
    this.#credit--
  }

  /** Frees the statement, whatever is left of its rows; the buffered ones too. */
  *close(): Task<void> {
    this.#buffered.length = 0
    this.#bufferedBytes = 0
    this.#failure = null
    yield* this.#free()
  }

  *#free(): Task<void> {
    this.#pending = []
    if (this.#exhausted) return
    this.#exhausted = true
    const returned = this.#iterator.return()
    if (returned instanceof Promise) yield returned
  }
}

export interface CursorSource {
  readonly id: number
  readonly sql: string
  readonly statement: DriverStatement
  readonly columns: readonly WireColumn[]
  readonly iterator: RowIterator
  readonly bigints: boolean
  readonly slots: Int32Array
  /** Rows of one chunk at the most; 0 for this file's own measure. */
  readonly maxRows: number
}
