import type { RowStream } from '../sql/executor.ts'
import { abortErrorOf } from './deadline.ts'

/** Rows, a chunk at a time. */
export interface ChunkSource<R> {
  /** The next rows, at least one; null when there are no more. */
  nextChunk(): Promise<R[] | null>
  readonly signal: AbortSignal | undefined
  /** Nobody will ask for more; called once. `exhausted` says that every row has been handed on. */
  release(exhausted: boolean): Promise<void>
}

/**
 * Walks over chunks row by row. Written out and not as an async generator: a row that has come already costs one resolved promise, where
 * generators around generators cost three turns of the microtask queue each.
 */
export class RowIterator<R> implements AsyncIterableIterator<R, undefined>, RowStream<R> {
  readonly #open: () => Promise<ChunkSource<R>>
  #source: ChunkSource<R> | null = null
  #rows: readonly R[] = []
  #next = 0
  #ended = false
  /** A chunk that is on its way: whoever asks meanwhile waits for it too. */
  #advancing: Promise<void> | null = null

  /** @param open called when the first row is asked for */
  constructor(open: () => Promise<ChunkSource<R>>) {
    this.#open = open
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#source?.signal?.aborted === true) return this.#abort(this.#source.signal)
    const row = this.#take()
    return row === null ? this.#nextFromChunk() : Promise.resolve(row)
  }

  async #nextFromChunk(): Promise<IteratorResult<R, undefined>> {
    for (;;) {
      const row = this.#take()
      if (row !== null) return row
      if (this.#ended) return { value: undefined, done: true }
      this.#advancing ??= this.#advance().finally(() => {
        this.#advancing = null
      })
      await this.#advancing
    }
  }

  /** Rows that have come already are not what somebody wants who has given up. */
  async #abort(signal: AbortSignal): Promise<never> {
    await this.#end()
    throw abortErrorOf(signal)
  }

  #take(): IteratorResult<R, undefined> | null {
    return this.#next < this.#rows.length ? { value: this.#rows[this.#next++] as R, done: false } : null
  }

  async #advance(): Promise<void> {
    try {
      this.#source ??= await this.#open()
      const endedMeanwhile = this.#ended
      const rows = endedMeanwhile ? null : await this.#source.nextChunk()
      this.#rows = rows ?? []
      this.#next = 0
      if (rows === null) await this.#end(!endedMeanwhile)
    } catch (error) {
      await this.#end()
      throw error
    }
  }

  async #end(exhausted = false): Promise<void> {
    this.#ended = true
    this.#rows = []
    const source = this.#source
    this.#source = null
    await source?.release(exhausted)
  }

  /** Called when the loop is left early. */
  async return(): Promise<IteratorResult<R, undefined>> {
    await this.#end()
    return { value: undefined, done: true }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
  }
}
