import type { RowStream } from '../sql/executor.ts'

/** Rows as they are asked for. The statement takes its place in the queue when the first of them is; the stream can be read once. */
export class StatementRowStream<R> implements RowStream<R> {
  readonly #rows: AsyncGenerator<R, void, undefined>

  constructor(open: () => AsyncIterable<R>) {
    this.#rows = readRows(open)
  }

  [Symbol.asyncIterator](): AsyncIterator<R, void, undefined> {
    return this.#rows
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rows.return()
  }
}

async function* readRows<R>(open: () => AsyncIterable<R>): AsyncGenerator<R, void, undefined> {
  // Leaving the loop early ends this generator, and that ends the rows' own, which closes the cursor.
  yield* open()
}
