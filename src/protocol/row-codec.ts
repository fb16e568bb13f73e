import { UnsafeIntegerError } from './row-errors.ts'

/**
 * Rows on their way to the user's thread. Few of them travel row-major inside the batch (`ReplyKind.rows`); many travel as column buffers
 * (`ReplyKind.chunk`): a column of numbers is a Float64Array that is transferred, any other an array that is cloned.
 */

/** A value of a row as it crosses: INTEGER is a number already, or a bigint when the statement asked for bigints. */
export type CellValue = null | number | bigint | string | Uint8Array

export type WireColumnData = readonly CellValue[] | Float64Array

/** The driver's value as it crosses. `bigints` says whether INTEGER stays a bigint. */
export function toCell(value: CellValue, columnIndex: number, bigints: boolean): CellValue {
  if (typeof value !== 'bigint' || bigints) return value
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new UnsafeIntegerError(columnIndex)
  return number
}

/** Collects rows into columns until the chunk is full, by count or by bytes. */
export class ChunkEncoder {
  readonly #width: number
  readonly #capacity: number
  readonly #bigints: boolean
  readonly #columns: (CellValue[] | Float64Array)[] = []
  #rowCount = 0
  #sizeBytes = 0
  #blobs = false

  constructor(width: number, capacity: number, bigints: boolean) {
    this.#width = width
    this.#capacity = capacity
    this.#bigints = bigints
    for (let column = 0; column < width; column++) this.#columns.push(new Float64Array(capacity))
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Roughly what the rows weigh: 8 bytes a number, a byte a character. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get full(): boolean {
    return this.#rowCount === this.#capacity
  }

  /** @throws {UnsafeIntegerError} the chunk is not to be used further */
  push(row: readonly CellValue[]): void {
    const at = this.#rowCount
    for (let column = 0; column < this.#width; column++) {
      const cell = toCell(row[column] as CellValue, column, this.#bigints)
      const data = this.#columns[column] as CellValue[] | Float64Array
      if (typeof cell === 'number') {
        data[at] = cell
        this.#sizeBytes += 8
      } else {
        this.#pushOther(column, at, cell)
      }
    }
    this.#rowCount = at + 1
  }

  #pushOther(column: number, at: number, cell: Exclude<CellValue, number>): void {
    let data = this.#columns[column] as CellValue[] | Float64Array
    if (data instanceof Float64Array) {
      data = Array.from(data.subarray(0, at))
      this.#columns[column] = data
    }
    data[at] = cell
    if (typeof cell === 'string') this.#sizeBytes += 16 + cell.length
    else if (cell instanceof Uint8Array) {
      this.#blobs = true
      this.#sizeBytes += 64 + cell.byteLength
    } else this.#sizeBytes += 8
  }

  /** The columns so far, cut to the number of rows; the encoder is not used again. */
  finish(): EncodedChunk {
    const transfer: ArrayBuffer[] = []
    const columns = this.#columns.map((data) => {
      if (!(data instanceof Float64Array)) return data
      const exact = this.#rowCount === this.#capacity ? data : data.slice(0, this.#rowCount)
      transfer.push(exact.buffer as ArrayBuffer)
      return exact
    })
    return { columns, rowCount: this.#rowCount, sizeBytes: this.#sizeBytes, blobs: this.#blobs, transfer }
  }
}

export interface EncodedChunk {
  readonly columns: readonly WireColumnData[]
  readonly rowCount: number
  readonly sizeBytes: number
  /** At least one value is a Uint8Array. */
  readonly blobs: boolean
  readonly transfer: readonly ArrayBuffer[]
}
