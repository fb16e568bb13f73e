/** Whoever read the output has gone, as `head` does: there is nothing to say, and nobody to say it to. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError'
}

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
}

/** The process's own; each has one writer, as each has one listener for its errors. */
export const stdout = new TextOutput(process.stdout)
