import type { Execution } from './execution.ts'

/** Where a statement comes from when it could not even be compiled: the error waits for whoever looks. */
export type ExecutionSource = Execution | Error

/** Work inside a transaction, which does not commit over a failure that nobody has looked at. */
export interface Watched {
  /** Somebody has looked. */
  readonly observed: boolean
  /** Waits until it is known to work or to fail, without counting as somebody who looks. */
  failure(): Promise<Error | null>
}

/** Whether anybody will see how a statement ends. Apart from the promise itself, which nothing inside the engine may hold. */
export class Witness implements Watched {
  readonly #source: ExecutionSource
  #observed = false
  #raised: Promise<never> | null = null

  constructor(source: ExecutionSource) {
    this.#source = source
  }

  get observed(): boolean {
    return this.#observed
  }

  observe(): void {
    this.#observed = true
    // In time it is no unhandled rejection after all.
    this.#raised?.catch(() => {})
  }

  /** Nobody has looked until now, and nobody may ever: then the failure is raised as an unhandled rejection, like any promise's. */
  raise(): void {
    if (!this.#observed) this.#raised ??= this.#fail()
  }

  async #fail(): Promise<never> {
    if (this.#source instanceof Error) throw this.#source
    throw this.#source.error
  }

  async failure(): Promise<Error | null> {
    if (this.#source instanceof Error) return this.#source
    await this.#source.arrived()
    return this.#source.error
  }
}
