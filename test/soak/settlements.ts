/** How each promise settles: how often, and with what error. */
export class Settlements {
  readonly errors: unknown[] = []
  resolved = 0
  #sent = 0
  #lastAt = 0
  readonly #all: Promise<void>[] = []

  add(promise: PromiseLike<unknown>): void {
    this.#sent++
    this.#all.push(
      Promise.resolve(
        promise.then(
          () => {
            this.resolved++
            this.#lastAt = performance.now()
          },
          (error: unknown) => {
            this.errors.push(error)
            this.#lastAt = performance.now()
          },
        ),
      ),
    )
  }

  get sent(): number {
    return this.#sent
  }

  get settled(): number {
    return this.resolved + this.errors.length
  }

  /** When the last one of those that have settled did, by `performance.now()`. */
  get lastAt(): number {
    return this.#lastAt
  }

  /** The names of the errors, each once. */
  get errorNames(): readonly string[] {
    return [...new Set(this.errors.map((error) => (error instanceof Error ? error.name : typeof error)))]
  }

  async all(): Promise<void> {
    await Promise.all(this.#all)
  }
}
