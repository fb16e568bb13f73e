import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { AbortError, DataError } from '../errors.ts'
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

  /** @throws {TypeError} it is nothing that data comes from */
  constructor(source: DataSource, signal?: AbortSignal) {
    checkSource(source)
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

  /**
   * The text, piece by piece, without a byte order mark; no piece ends between the halves of a character.
   *
   * @throws {DataError} it is not UTF-8
   * @throws {AbortError} the signal has fired, even while the source keeps everybody waiting
   */
  async *pieces(): AsyncGenerator<string> {
    const decoder = new LineDecoder()
    for await (const chunk of abortable(this.#chunks(), this.#signal)) {
      for (const part of parts(chunk)) {
        const text = decoder.decode(part)
        this.#bytes += typeof part === 'string' ? Buffer.byteLength(part) : (part as Uint8Array).byteLength
        if (text !== '') yield text
      }
    }
    const rest = decoder.end()
    if (rest !== '') yield rest
  }

  #chunks(): AsyncIterable<unknown> | Iterable<unknown> {
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

/** What gives something whenever it likes, until the signal fires. */
async function* abortable(chunks: AsyncIterable<unknown> | Iterable<unknown>, signal: AbortSignal | undefined): AsyncGenerator<unknown> {
  if (signal === undefined) {
    yield* chunks
    return
  }
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => {})
  const abort = (): void => aborted.reject(new AbortError(undefined, { cause: signal.reason }))
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  let ended = false
  try {
    for (;;) {
      const next = await Promise.race([aborted.promise, iterator.next()])
      ended = next.done === true
      if (ended) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    // A generator that is waiting answers when it has what it waits for, which may be never.
    const left = ended ? undefined : iterator.return?.()
    if (signal.aborted) Promise.resolve(left).catch(() => {})
    else await left
  }
}

/** Of a chunk of any size. What is neither text nor bytes is handed on as it is. */
function* parts(chunk: unknown): Generator<unknown> {
  if (chunk instanceof Uint8Array) for (let from = 0; from < chunk.length; from += maxPiece) yield chunk.subarray(from, from + maxPiece)
  else if (typeof chunk === 'string') for (let from = 0; from < chunk.length; from += maxPiece) yield chunk.slice(from, from + maxPiece)
  else yield chunk
}

/** Knows where it is, for whoever is told that something is no text. */
class LineDecoder {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #line = 1
  #column = 1
  #begun = false
  /** The first half of a character that a text has ended with. */
  #half = ''

  decode(chunk: unknown): string {
    if (chunk instanceof Uint8Array) return this.#counted(this.#fromBytes(chunk))
    if (typeof chunk !== 'string') throw new TypeError(`A stream of data gives texts or bytes, found ${describeValue(chunk)}.`)
    const text = this.#half + (this.#begun || !chunk.startsWith('\uFEFF') ? chunk : chunk.slice(1))
    if (text !== '') this.#begun = true
    const whole = isHighSurrogate(text, text.length - 1) ? text.slice(0, -1) : text
    this.#half = text.slice(whole.length)
    if (!whole.isWellFormed()) throw this.#notText(whole.slice(0, lossAt(whole)))
    return this.#counted(whole)
  }

  end(): string {
    if (this.#half !== '') throw this.#notText('')
    return this.#fromBytes(undefined)
  }

  #fromBytes(chunk: Uint8Array | undefined): string {
    try {
      return chunk === undefined ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true })
    } catch {
      throw this.#notText(chunk === undefined ? '' : soundPart(chunk))
    }
  }

  #counted(text: string): string {
    const lines = countLines(text)
    this.#line += lines
    this.#column = lines === 0 ? this.#column + text.length : text.length - text.lastIndexOf('\n')
    return text
  }

  #notText(before: string): DataError {
    this.#counted(before)
    return new DataError(`Line ${this.#line}, column ${this.#column}: expected UTF-8, found what is no text in it.`)
  }
}

/** What stands before the first bytes that are no UTF-8. The first ones may belong to a character of the bytes before. */
function soundPart(bytes: Uint8Array): string {
  const own = bytes.subarray(continuationAt(bytes))
  const written = Buffer.from(new TextDecoder().decode(own))
  let length = 0
  while (length < own.length && own[length] === written[length]) length += 1
  return new TextDecoder().decode(own.subarray(0, length))
}

function continuationAt(bytes: Uint8Array): number {
  let count = 0
  while (count < 3 && ((bytes[count] ?? 0) & 0xc0) === 0x80) count += 1
  return count
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
