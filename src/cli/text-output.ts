import { printableLines } from './printable.ts'

/** Whoever read the output has gone, as `head` does: there is nothing to say, and nobody to say it to. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError'
  /** Something that was asked for has not been done, or is taken back. */
  readonly workLeft: boolean

  constructor({ workLeft = false }: { readonly workLeft?: boolean } = {}) {
    super()
    this.workLeft = workLeft
  }
}

/** Texts are put together to about this size: few writes, and none that grows with the rows. In characters. */
const pieceCharacters = 65_536

/** A stream of the process that is written to as fast as it is read. */
export class TextOutput {
  readonly stream: NodeJS.WriteStream
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error.code === 'EPIPE' ? new OutputClosedError() : error
      this.#wake?.()
    })
    stream.on('drain', () => this.#wake?.())
  }

  /**
   * Resolves when there is room for more.
   *
   * @throws {OutputClosedError} nobody reads it any more
   */
  async write(text: string): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (text === '' || this.stream.write(text)) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = null
    if (this.#failure !== null) throw this.#failure
  }

  /** As `write`, of many texts, each made when it is its turn: what is held of them at a time does not grow with their number. */
  async writeAll(texts: Iterable<string>): Promise<void> {
    let piece = ''
    for (const text of texts) {
      piece += text
      if (piece.length < pieceCharacters) continue
      await this.write(piece)
      piece = ''
    }
    await this.write(piece)
  }

  /**
   * Writes what comes out of a database or a file: nothing in it reaches a terminal as a command, and whoever reads a pipe gets it as it is.
   *
   * @param escaped how the text tells what a terminal must not get
   */
  async print(text: string | Iterable<string>, escaped: (text: string) => string = printableLines): Promise<void> {
    const texts = typeof text === 'string' ? [text] : text
    await this.writeAll(this.stream.isTTY === true ? lazily(texts, escaped) : texts)
  }

  /** Writes without waiting: what nobody reads any more is lost, and keeps nothing from going on. */
  say(text: string): void {
    this.stream.write(text)
  }
}

/** The process's own; each has one writer, as each has one listener for its errors. */
export const stdout = new TextOutput(process.stdout)
export const stderr = new TextOutput(process.stderr)

/** A text for each, made when it is asked for. */
export function* lazily<T>(items: Iterable<T>, text: (item: T) => string): Generator<string> {
  for (const item of items) yield text(item)
}
