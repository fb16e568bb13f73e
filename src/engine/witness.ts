import type { Execution } from './execution.ts'

/** Where a statement comes from when it could not even be compiled: the error waits for whoever looks. */
export type ExecutionSource = Execution | Error

/**
 * Whether anybody will see how a statement ends: a transaction does not commit over a failed one that nobody has looked at. Apart from the
 * promise itself, which nothing inside the engine may hold.
 */
export class Witness {
  readonly #source: ExecutionSource
  #observed = false
  #raised: Promise<never> | null = null

  constructor(source: ExecutionSource) {
    this.#source = source
  }

  /** Somebody has looked. */
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

  /** Waits until it is known to work or to fail, without counting as somebody who looks. */
  async failure(): Promise<Error | null> {
    if (this.#source instanceof Error) return this.#source
    await this.#source.arrived()
    return this.#source.error
  }
}
