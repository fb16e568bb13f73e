import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { AbortError, DataError } from '../errors.ts'
import { holdEarlyFailure } from '../sql/early-failure.ts'
import { ItemReader } from '../sql/item-reader.ts'
import { describeValue } from '../sql/parameters.ts'

/** Where data comes from: the text itself, bytes, a file by its URL, or a stream of either. Always UTF-8. */
export type DataSource = string | Uint8Array | URL | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/** Most of a text that is handed on at once, in UTF-16 units: what reads it has no more in hand than that. */
const maxPiece = 8_192

/** A source that is read once, from its beginning to its end. */
export class TextSource {
  readonly #source: DataSource
  readonly #signal: AbortSignal | undefined
  #bytes = 0
  #stopped: { readonly by: unknown } | null = null
  /** Rejects what waits for the next chunk. */
  #reject: ((error: unknown) => void) | null = null

  /** @throws {TypeError} it is nothing that data comes from */
  constructor(source: DataSource, signal?: AbortSignal) {
    checkSource(source)
    holdEarlyFailure(source)
    this.#source = source
    this.#signal = signal
  }

  /** How much of it has been read, in bytes of UTF-8. */
  get bytes(): number {
    return this.#bytes
  }

  /** All of it in bytes; undefined of a stream. */
  async totalBytes(): Promise<number | undefined> {
    const source = this.#source
    if (typeof source === 'string') return Buffer.byteLength(source)
    if (source instanceof Uint8Array) return source.byteLength
    if (!(source instanceof URL)) return undefined
    const file = await stat(source)
    // A pipe has a path, and no size.
    return file.isFile() ? file.size : undefined
  }

  /** Ends `pieces()` with this error, even while the source keeps everybody waiting. */
  stop(error: unknown): void {
    this.#stopped ??= { by: error }
    this.#reject?.(error)
  }

  /**
   * The text, piece by piece, without a byte order mark; no piece ends between the halves of a character.
   *
   * @throws {DataError} it is not UTF-8
   * @throws {AbortError} the signal has fired, even while the source keeps everybody waiting
   */
  async *pieces(): AsyncGenerator<string> {
    const reader = new TextReader()
    for await (const chunk of this.#chunks()) {
      for (const part of parts(chunk)) {
        // A chunk may be all of it.
        if (this.#stopped !== null) throw this.#stopped.by
        const text = reader.read(part)
        this.#bytes += typeof part === 'string' ? Buffer.byteLength(part) : part.byteLength
        if (text !== '') yield text
        // Something may be wrong before it.
        if (reader.isBroken) throw reader.damage()
      }
    }
    if (!reader.isWhole) throw reader.damage()
  }

  async *#chunks(): AsyncGenerator<unknown> {
    const signal = this.#signal
    const abort = (): void => this.stop(new AbortError(undefined, { cause: signal?.reason }))
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    try {
      yield* this.#untilStopped()
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  async *#untilStopped(): AsyncGenerator<unknown> {
    if (this.#stopped !== null) throw this.#stopped.by
    const reader = new ItemReader(this.#items())
    try {
      for (let next = await this.#next(reader); next.done !== true; next = await this.#next(reader)) yield next.value
    } finally {
      const left = reader.return().catch(() => {})
      if (this.#stopped === null) await left
    }
  }

  /** A promise of its own for each chunk: one that all of them were raced with would keep them all. https://github.com/nodejs/node/issues/17469 */
  #next(reader: ItemReader<unknown>): Promise<IteratorResult<unknown>> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== null) return reject(this.#stopped.by)
      this.#reject = reject
      reader.next().then(resolve, reject)
    })
  }

  #items(): AsyncIterable<unknown> | Iterable<unknown> {
    const source = this.#source
    if (typeof source === 'string' || source instanceof Uint8Array) return [source]
    return source instanceof URL ? createReadStream(source) : source
  }
}

function checkSource(source: unknown): void {
  if (typeof source === 'string') return
  if (typeof source === 'object' && source !== null) {
    if (source instanceof URL || Symbol.asyncIterator in source || Symbol.iterator in source) return
  }
  throw new TypeError(`Expected the data as a text, bytes, a file URL or a stream, found ${describeValue(source)}.`)
}

/** Of a chunk of any size. */
function* parts(chunk: unknown): Generator<string | Uint8Array> {
  if (chunk instanceof Uint8Array) for (let from = 0; from < chunk.length; from += maxPiece) yield chunk.subarray(from, from + maxPiece)
  else if (typeof chunk === 'string') for (let from = 0; from < chunk.length; from += maxPiece) yield chunk.slice(from, from + maxPiece)
  else throw new TypeError(`A stream of data gives texts or bytes, found ${describeValue(chunk)}.`)
}

/** Makes whole characters of parts, and knows where it is. */
class TextReader {
  // Only at the beginning of a file is that a mark of its encoding.
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #line = 1
  #column = 1
  #begun = false
  /** The beginning of a character. */
  #half: string | Uint8Array = ''
  isBroken = false

  get isWhole(): boolean {
    return this.#half.length === 0
  }

  /** The text of the part, or what of it stands before the first that is none. */
  read(part: string | Uint8Array): string {
    const text = typeof part === 'string' ? this.#fromText(part) : this.#fromBytes(part)
    const own = this.#begun || !text.startsWith('\uFEFF') ? text : text.slice(1)
    if (text !== '') this.#begun = true
    const lines = countLines(own)
    this.#line += lines
    this.#column = lines === 0 ? this.#column + own.length : own.length - own.lastIndexOf('\n')
    return own
  }

  damage(): DataError {
    return new DataError(`Line ${this.#line}, column ${this.#column}: expected UTF-8, found what is no text in it.`)
  }

  #fromText(part: string): string {
    if (typeof this.#half !== 'string') return this.#broken('')
    const text = this.#half + part
    const whole = isHighSurrogate(text, text.length - 1) ? text.slice(0, -1) : text
    this.#half = text.slice(whole.length)
    return whole.isWellFormed() ? whole : this.#broken(whole.slice(0, lossAt(whole)))
  }

  #fromBytes(part: Uint8Array): string {
    if (typeof this.#half === 'string' && this.#half !== '') return this.#broken('')
    const bytes = this.#half.length === 0 ? part : Buffer.concat([this.#half as Uint8Array, part])
    const whole = bytes.subarray(0, wholeLength(bytes))
    this.#half = whole.length === bytes.length ? '' : Uint8Array.from(bytes.subarray(whole.length))
    try {
      return this.#decoder.decode(whole)
    } catch {
      return this.#broken(soundPart(whole))
    }
  }

  #broken(before: string): string {
    this.isBroken = true
    return before
  }
}

/** Without the beginning of a character that goes on behind them. https://www.rfc-editor.org/rfc/rfc3629#section-3 */
function wholeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** What stands before the first bytes that are no UTF-8. */
function soundPart(bytes: Uint8Array): string {
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
  const written = Buffer.from(lenient.decode(bytes))
  let length = 0
  while (length < bytes.length && bytes[length] === written[length]) length += 1
  return lenient.decode(bytes.subarray(0, wholeLength(bytes.subarray(0, length))))
}

function lossAt(text: string): number {
  const sound = text.toWellFormed()
  let index = 0
  while (index < text.length && text[index] === sound[index]) index += 1
  return index
}

export function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index)
  return unit >= 0xd800 && unit <= 0xdbff
}
