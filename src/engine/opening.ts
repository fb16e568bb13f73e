import { ownSignalOf } from './deadline.ts'
import type { PhysicalConnection } from './physical-connection.ts'

/** A connection that is being opened for somebody, who takes another one instead if that is there sooner. */
export class Opening {
  readonly #opened: Promise<PhysicalConnection>
  /** It has opened, or has failed. */
  #over = false
  #taken = false
  #taker: PromiseWithResolvers<PhysicalConnection> | null = null
  readonly #forgetSignal: () => void

  /** @param signal ends the opening as long as it is wanted */
  constructor(open: (signal: AbortSignal | undefined) => Promise<PhysicalConnection>, signal: AbortSignal | undefined) {
    const own = ownSignalOf(signal)
    this.#forgetSignal = own.forget
    this.#opened = open(own.signal)
    const finish = (): void => this.#finish()
    this.#opened.then(finish, finish)
  }

  /** Whoever it is for has been told how it ended. */
  get taken(): boolean {
    return this.#taken
  }

  /** Gives what comes first: the connection that is being opened, or one that others have given. */
  next(): Promise<PhysicalConnection> {
    this.#taken = this.#over
    if (this.#over) return this.#opened
    this.#taker = Promise.withResolvers()
    return this.#taker.promise
  }

  /** Gives him another one; false when he does not wait. */
  give(connection: PhysicalConnection): boolean {
    const taker = this.#taker
    this.#taker = null
    taker?.resolve(connection)
    return taker !== null
  }

  #finish(): void {
    this.#over = true
    this.#forgetSignal()
    this.#taken = this.#taker !== null
    this.#taker?.resolve(this.#opened)
    this.#taker = null
  }

  /** He does not want it any more: what comes of it is for others. Null when he has had it. */
  leave(): Promise<PhysicalConnection> | null {
    this.#forgetSignal()
    return this.#taken ? null : this.#opened
  }
}
