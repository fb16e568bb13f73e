/** Work inside a transaction, which does not commit over a failure that nobody has looked at. */
export interface Watched {
  /** Somebody has looked. */
  readonly observed: boolean
  /** It is known to have worked. */
  readonly worked: boolean
  /** Waits until it is known to work or to fail, without counting as somebody who looks. */
  failure(): Promise<Error | null>
}

/**
 * A statement, as far as it is known whether anybody will see how it ends. Apart from the promise that its caller holds, which nothing
 * inside the engine may hold.
 */
export abstract class Witness implements Watched {
  #observed = false
  #raised: Promise<never> | null = null
  abstract readonly worked: boolean

  /** What it has failed with. */
  abstract readonly error: Error | null

  /** Resolves when it is known to work or to fail; undefined where that is known already. */
  abstract arrived(): Promise<void> | undefined

  get observed(): boolean {
    return this.#observed
  }

  observe(): void {
    this.#observed = true
    // In time it is no unhandled rejection after all.
    if (this.#raised !== null) this.#raised.catch(() => {})
  }

  /** Nobody has looked until now, and nobody may ever: then the failure is raised as an unhandled rejection, like any promise's. */
  raise(): void {
    if (!this.#observed) this.#raised ??= this.#fail()
  }

  async #fail(): Promise<never> {
    throw this.error
  }

  async failure(): Promise<Error | null> {
    await this.arrived()
    return this.error
  }
}

/** A statement that could not even be compiled: the error waits for whoever looks. */
export class Refusal extends Witness {
  readonly worked = false
  readonly error: Error

  constructor(error: Error) {
    super()
    this.error = error
  }

  arrived(): undefined {}
}
