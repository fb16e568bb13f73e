import type { ArrivalListener, Execution } from './execution.ts'
import { TrackedPromise } from './tracked-promise.ts'
import type { Watched } from './witness.ts'

/** The work of the open transaction that has not succeeded, until somebody has looked at it: it does not commit over any of that. */
export class UnseenFailures implements ArrivalListener {
  readonly #watched = new Set<Watched>()

  add(watched: Watched): void {
    this.#watched.add(watched)
  }

  /** A statement of the transaction: what fails after its first reply fails for whoever reads on, and the statement has succeeded. */
  follow(execution: Execution): void {
    this.#watched.add(execution)
    execution.onArrived(this)
  }

  arrived(execution: Execution): void {
    if (!execution.failed || execution.observed) this.#watched.delete(execution)
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

/** For statements that are part of no transaction: a failure that nobody looks at is an unhandled rejection. */
export const raiseUnseen: ArrivalListener = {
  arrived(execution) {
    if (execution.failed) execution.raise()
  },
}
