import { UnsafeIntegerError } from './row-errors.ts'

/**
 * Rows on their way to the user's thread. Few of them travel row-major inside the batch (`ReplyKind.rows`); many travel as column buffers
 * (`ReplyKind.chunk`): a column of numbers is a Float64Array that is transferred, any other an array that is cloned.
 */

/**
 * A value of a row as it crosses: INTEGER is a number already, or a bigint when the statement asked for bigints. Server databases have
 * booleans, and JSON and arrays, which are plain objects and arrays.
 */
export type CellValue = null | number | bigint | string | boolean | Uint8Array | object

export type WireColumnData = readonly CellValue[] | Float64Array

/** The driver's value as it crosses. `bigints` says whether INTEGER stays a bigint. */
export function toCell(value: CellValue, columnIndex: number, bigints: boolean): CellValue {
  return typeof value !== 'bigint' || bigints ? value : toSafeNumber(value, columnIndex)
}

function toSafeNumber(value: bigint, columnIndex: number): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new UnsafeIntegerError(columnIndex)
  return number
}

/** Arrays of PostgreSQL have no more: what is nested deeper is JSON, which has no bytes in it. */
export const maxDimensions = 6

/** Whether it is bytes, or an array of them. */
export function holdsBytes(cell: object, dimensions = maxDimensions): boolean {
  if (!Array.isArray(cell)) return cell instanceof Uint8Array
  return dimensions > 0 && cell.some((inner: unknown) => typeof inner === 'object' && inner !== null && holdsBytes(inner, dimensions - 1))
}

const objectBytes = 56

/** Collects rows into columns. A block of rows at a time, and a column of it at once: that is a short loop over values of one type. */
export class ChunkEncoder {
  readonly #capacity: number
  readonly #bigints: boolean
  readonly #columns: (CellValue[] | Float64Array)[] = []
  #rowCount = 0
  #sizeBytes = 0
  #blobs = false

  constructor(width: number, capacity: number, bigints: boolean) {
    this.#capacity = capacity
    this.#bigints = bigints
    for (let column = 0; column < width; column++) this.#columns.push(new Float64Array(capacity))
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** How many rows it still takes. */
  get room(): number {
    return this.#capacity - this.#rowCount
  }

  /** Roughly what the rows weigh: 8 bytes a number, a byte a character, JSON and arrays with all that is in them. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Counts a row that is about to be pushed: how heavy it is has to be known before the next one is taken. */
  weigh(row: readonly CellValue[]): void {
    let bytes = 8 * row.length
    for (const cell of row) {
      if (typeof cell === 'string') bytes += 8 + cell.length
      else if (typeof cell === 'object' && cell !== null) {
        bytes += cell instanceof Uint8Array ? this.#weighBytes(cell) : this.#weighObject(cell)
      }
    }
    this.#sizeBytes += bytes
  }

  #weighBytes({ byteLength }: Uint8Array): number {
    this.#blobs = true
    return objectBytes + byteLength
  }

  /** JSON or an array. Without recursion: it may be nested deeper than calls. */
  #weighObject(object: object): number {
    let bytes = 0
    const open: unknown[] = [object]
    while (open.length > 0) {
      const value = open.pop()
      if (typeof value === 'string') bytes += 8 + value.length
      else if (typeof value !== 'object' || value === null) bytes += 8
      else if (value instanceof Uint8Array) bytes += this.#weighBytes(value)
      else {
        bytes += objectBytes
        if (!Array.isArray(value)) for (const name of Object.keys(value)) bytes += name.length
        for (const inner of Array.isArray(value) ? value : Object.values(value)) open.push(inner)
      }
    }
    return bytes
  }

  /**
   * Takes in rows that have been weighed, no more than there is `room` for.
   *
   * @throws {UnsafeIntegerError} the chunk is not to be used further
   */
  push(rows: readonly (readonly CellValue[])[]): void {
    for (let column = 0; column < this.#columns.length; column++) {
      const data = this.#columns[column] as CellValue[] | Float64Array
      const numbers = data instanceof Float64Array ? this.#pushNumbers(data, rows, column) : 0
      if (numbers < rows.length) this.#pushCells(rows, column, numbers)
    }
    this.#rowCount += rows.length
  }

  /** Gives how many of the rows have a number in this column before the first that has not. */
  #pushNumbers(data: Float64Array, rows: readonly (readonly CellValue[])[], column: number): number {
    const at = this.#rowCount
    const bigints = this.#bigints
    let index = 0
    for (; index < rows.length; index++) {
      const value = (rows[index] as readonly CellValue[])[column]
      if (typeof value === 'number') data[at + index] = value
      else if (typeof value === 'bigint' && !bigints) data[at + index] = toSafeNumber(value, column)
      else break
    }
    return index
  }

  #pushCells(rows: readonly (readonly CellValue[])[], column: number, from: number): void {
    const at = this.#rowCount
    let data = this.#columns[column] as CellValue[] | Float64Array
    if (data instanceof Float64Array) {
      data = Array.from(data.subarray(0, at + from))
      this.#columns[column] = data
    }
    // By `push` alone: an array that V8 takes for one with holes is cloned element by element with its index.
    const cells = data
    for (let index = from; index < rows.length; index++) {
      cells.push(toCell((rows[index] as readonly CellValue[])[column] as CellValue, column, this.#bigints))
    }
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
