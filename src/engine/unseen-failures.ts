import type { Execution } from './execution.ts'
import { TrackedPromise } from './tracked-promise.ts'
import type { Watched, Witness } from './witness.ts'

/** The work of the open transaction that has not succeeded, until somebody has looked at it: it does not commit over any of that. */
export class UnseenFailures {
  readonly #watched = new Set<Watched>()

  add(watched: Watched): void {
    this.#watched.add(watched)
  }

  /** A statement of the transaction: what fails after its first reply fails for whoever reads on, and the statement has succeeded. */
  follow(execution: Execution, witness: Witness): void {
    this.#watched.add(witness)
    execution.onArrived(() => {
      if (!execution.failed || witness.observed) this.#watched.delete(witness)
    })
  }

  /** Other work of the transaction; the promise given back is the one to hand on. */
  readonly track = <T>(work: Promise<T>): Promise<T> => {
    const tracked = TrackedPromise.track(work)
    this.#watched.add(tracked)
    void tracked.failure().then((error) => {
      if (error === null || tracked.observed) this.#watched.delete(tracked)
    })
    return tracked
  }

  /** The first failure that nobody has looked at; waits for what is on its way. */
  async first(): Promise<Error | null> {
    for (const watched of this.#watched) {
      if (watched.observed) continue
      const error = await watched.failure()
      if (error !== null && !watched.observed) return error
    }
    return null
  }

  /** The transaction has ended. */
  clear(): void {
    this.#watched.clear()
  }
}
