/**
 * What somebody else gives when it likes, taken item by item. Who leaves it before its end says so, as a loop would, also while it keeps everybody
 * waiting.
 */
export class ItemReader<T> implements AsyncIterableIterator<T> {
  readonly #source: AsyncIterable<T> | Iterable<T>
  #iterator: AsyncIterator<T> | Iterator<T> | null = null
  #isWaiting = false
  /** It has ended, has failed, or has been left. */
  #isOver = false

  constructor(source: AsyncIterable<T> | Iterable<T>) {
    this.#source = source
  }

  /** For an item, which may never come. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  async next(): Promise<IteratorResult<T>> {
    this.#isWaiting = true
    try {
      this.#iterator ??= iteratorOf(this.#source)
      const next = await this.#iterator.next()
      if (next.done === true) this.#isOver = true
      return next
    } catch (error) {
      this.#isOver = true
      throw error
    } finally {
      this.#isWaiting = false
    }
  }

  /** Nobody goes on. What keeps everybody waiting is told so, and not waited for. */
  async return(): Promise<IteratorResult<T>> {
    if (!this.#isOver) {
      this.#isOver = true
      const left = this.#tell()
      if (this.#isWaiting) this.#end(left)
      else await left
    }
    return { done: true, value: undefined }
  }

  async #tell(): Promise<void> {
    await this.#iterator?.return?.()
  }

  /** A generator hears of it when it has what it waits for itself, which may be never: the file or socket of a stream would stay open. */
  #end(left: Promise<void>): void {
    left.catch(() => {})
    const { destroy, on } = this.#source as { readonly destroy?: unknown; readonly on?: unknown }
    if (typeof destroy === 'function' && typeof on === 'function') destroy.call(this.#source)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}
