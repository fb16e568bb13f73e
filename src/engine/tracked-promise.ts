import type { Watched } from './witness.ts'

/**
 * The promise of work inside a transaction, which knows whether anybody has attached a handler to it. One that nobody looks at is no
 * unhandled rejection: the transaction tells of it, by refusing to commit.
 */
export class TrackedPromise<T> extends Promise<T> implements Watched {
  #observed = false
  #worked = false

  /** Promises derived from this one are plain. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  static track<T>(work: Promise<T>): TrackedPromise<T> {
    const tracked = new TrackedPromise<T>((resolve, reject) => {
      work.then(resolve, reject)
    })
    void tracked.failure()
    return tracked
  }

  get observed(): boolean {
    return this.#observed
  }

  get worked(): boolean {
    return this.#worked
  }

  failure(): Promise<Error | null> {
    return super.then(
      () => {
        this.#worked = true
        return null
      },
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    )
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise
  override then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#observed = true
    return super.then(onfulfilled, onrejected)
  }
}
