import { availableParallelism } from 'node:os'

/** How long it is measured before anything is concluded. Behind a longer time in which nobody asked it begins anew. */
const windowMs = 10
const staleMs = 100
/** Of few in flight each is a message of its own, and what a further reader saves is spent on waking it. */
const few = 32
/** Of its time that this thread may be at work: where one more reader would be worth it, and where there is one more. */
const mostBefore = 0.3
const mostBeforeOfFew = 0.15
const mostWith = 0.55

const processors = availableParallelism()
/** Where the thread that asks has one for itself. */
const others = Math.max(1, processors - 1)

/**
 * How many readers share quick statements. Each takes a processor, and so does the thread that asks: where it is as busy as they are, one
 * more would only take turns with it. Where most of the time is theirs, its processor is for one more of them.
 */
export class ReaderLimit {
  #value = others
  #before = performance.eventLoopUtilization()
  #since = performance.now()
  /** The most that was in flight since then. */
  #inFlight = 0

  /** @param now by `performance.now()` */
  at(now: number): number {
    const elapsed = now - this.#since
    if (elapsed < windowMs) return this.#value
    const utilization = performance.eventLoopUtilization()
    if (elapsed < staleMs) this.#conclude(performance.eventLoopUtilization(utilization, this.#before).utilization)
    this.#before = utilization
    this.#since = now
    this.#inFlight = 0
    return this.#value
  }

  /** So many statements are in flight. */
  saw(inFlight: number): void {
    if (inFlight > this.#inFlight) this.#inFlight = inFlight
  }

  #conclude(busy: number): void {
    const shared = this.#value === processors
    const most = shared ? mostWith : this.#inFlight < few ? mostBeforeOfFew : mostBefore
    this.#value = busy <= most ? processors : others
  }
}
