import { InvalidRequestError } from '../errors.ts'
import type { Waiter } from './execution.ts'
import { Roll } from './roll.ts'
import { TrackedPromise } from './tracked-promise.ts'
import { type Watched, Witness } from './witness.ts'

/** The work of the open transaction that has not succeeded, until somebody has looked at it: it does not commit over any of that. */
export class UnseenFailures {
  readonly #watched = new Roll<Watched>(({ observed, worked }) => observed || worked)

  add(watched: Watched): void {
    this.#watched.add(watched)
  }

  /** Work of the transaction that is not a statement by itself; the promise given back is the one to hand on. */
  readonly track = <T>(work: Promise<T>): Promise<T> => {
    const tracked = TrackedPromise.track(work)
    this.#watched.add(tracked)
    return tracked
  }

  /** The first failure that nobody has looked at; waits for what is on its way. */
  async first(): Promise<Error | null> {
    // Each is waited for until it has left, or is the one: others may come and go meanwhile.
    for (let watched = this.#watched.first(); watched !== undefined; watched = this.#watched.first()) {
      const error = await watched.failure()
      if (error !== null && !watched.observed) return error
    }
    return null
  }

  /** The first failure that nobody has looked at, if that is known by now. */
  get known(): Error | null {
    const first = this.#watched.first()
    return first instanceof Witness ? first.error : null
  }

  /** The transaction has ended. */
  clear(): void {
    this.#watched.clear()
  }
}

/** For statements that are part of no transaction: a failure that nobody looks at is an unhandled rejection. */
export const raiseUnseen: Waiter = {
  arrived: (execution) => {
    if (execution.failed) execution.raise()
  },
}

/** Why a transaction was rolled back that would have stored half of something. */
export function unseenError(cause: Error): InvalidRequestError {
  return new InvalidRequestError('The transaction was rolled back: one of its statements failed and nothing handles its promise.', {
    cause,
  })
}
