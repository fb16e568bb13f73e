import { ReplyFlag, ReplyKind, type RowsReply } from '../protocol/frames.ts'
import { maxDimensions, type WireColumnData } from '../protocol/row-codec.ts'
import type { WireColumn } from '../protocol/values.ts'
import { generateBuilders, loopBuilders, type RowBuilders } from './row-builders.ts'

/** Rows that the plain loops build before functions are generated: most statements of a program's start run once. */
const generateAfterRows = 32

/**
 * Builds a statement's rows out of replies. For a statement that yields many rows it generates functions with the column names in place:
 * 4 times as fast as setting properties in a loop. Where code generation is switched off, the loops stay.
 */
export class RowShape {
  readonly columns: readonly WireColumn[]
  readonly names: readonly string[]
  /** An object of such a row has lost its first column to a later one of the same name. */
  readonly firstNameRepeats: boolean
  #builtRows = 0
  #builders: RowBuilders

  constructor(columns: readonly WireColumn[]) {
    this.columns = Object.freeze(columns.map((column) => Object.freeze(column)))
    this.names = Object.freeze(columns.map((column) => column.name))
    this.firstNameRepeats = this.names.indexOf(this.names[0] as string, 1) > 0
    this.#builders = loopBuilders(this.names)
  }

  /** Appends the reply's rows to `out`: plain objects, or arrays that keep every column of a duplicate name. */
  append(reply: RowsReply, out: unknown[], asArrays: boolean): void {
    if ((reply.flags & ReplyFlag.blobs) !== 0) restoreBuffers(reply)
    if (asArrays) {
      appendArrays(reply, out)
      return
    }
    const before = this.#builtRows
    this.#builtRows += reply.rowCount
    if (before < generateAfterRows && this.#builtRows >= generateAfterRows) this.#generate()
    if (reply.kind === ReplyKind.rows) this.#builders.inline(out, reply.frames, reply.start, reply.rowCount)
    else this.#builders.chunk(out, chunkColumns(reply), reply.rowCount)
  }

  /** A row that was read as an array, as a plain object; the last of several columns of one name wins. */
  toObject(values: readonly unknown[]): unknown {
    const out: unknown[] = []
    this.#builders.inline(out, values, 0, 1)
    return out[0]
  }

  #generate(): void {
    try {
      this.#builders = generateBuilders(this.names)
    } catch {
      // --disallow-code-generation-from-strings: the loops give the same rows, more slowly.
    }
  }
}

function appendArrays(reply: RowsReply, out: unknown[]): void {
  if (reply.kind === ReplyKind.rows) {
    for (let row = 0, at = reply.start; row < reply.rowCount; row++, at += reply.width) out.push(reply.frames.slice(at, at + reply.width))
    return
  }
  const columns = chunkColumns(reply)
  for (let row = 0; row < reply.rowCount; row++) out.push(columns.map((column) => column[row]))
}

function chunkColumns(reply: RowsReply): readonly WireColumnData[] {
  return reply.frames.slice(reply.start, reply.start + reply.width) as WireColumnData[]
}

/** Structured cloning turns a Buffer into a Uint8Array: a BLOB, in an array too, is a Buffer again, over the same memory. */
function restoreBuffers(reply: RowsReply): void {
  const { frames, start } = reply
  if (reply.kind === ReplyKind.rows) {
    for (let at = start; at < start + reply.rowCount * reply.width; at++) frames[at] = restoreBuffer(frames[at], maxDimensions)
    return
  }
  for (let column = start; column < start + reply.width; column++) {
    const data = frames[column] as WireColumnData
    if (!(data instanceof Float64Array)) frames[column] = data.map((cell) => restoreBuffer(cell, maxDimensions))
  }
}

function restoreBuffer(value: unknown, dimensions: number): unknown {
  if (Array.isArray(value) && dimensions > 0) return value.map((inner) => restoreBuffer(inner, dimensions - 1))
  if (!(value instanceof Uint8Array)) return value
  // What comes from another process lies in the memory of its whole message: kept, or given away, it would take that along.
  const { buffer } = value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value)
  return Buffer.from(buffer as ArrayBuffer)
}
