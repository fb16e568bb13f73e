/** A connection that has not answered for this long is with something that takes long after all: nothing else is sent behind it. */
export const heavyAfterMs = 2
/** The same for those that were sent behind it before: they go elsewhere. A group of quick statements may take half of this. */
export const stalledAfterMs = 8
/** The most statements that wait inside one connection: more in one message make it no cheaper. */
const maxInFlight = 128

/** What is known of the statements that a connection has been given: whether another one behind them is likely to be answered soon. */
export class Backlog {
  /** Everything it has to do is a text whose last run here was quick. */
  #allQuick = true
  /** When it last answered, or was given something to do after a rest. */
  #heardAt = performance.now()
  /** What stood behind the one that it is at has gone elsewhere. */
  #cleared = false

  /** It has answered, at this time. */
  heard(at: number): void {
    this.#heardAt = at
  }

  /** A statement is about to be added to `pending` others. */
  add(pending: number, quick: boolean, now: number): void {
    if (pending === 0) {
      this.heard(now)
      this.#allQuick = true
      this.#cleared = false
    }
    this.#allQuick &&= quick
  }

  /** Whether others stand behind a statement that seems to take long. */
  isStalled(pending: number, now: number): boolean {
    return pending > 1 && !this.#cleared && now - this.#heardAt > stalledAfterMs
  }

  /** What stands behind that statement goes elsewhere, and nothing is sent there until it has been answered. */
  clear(): void {
    this.#cleared = true
    this.#allQuick = false
  }

  /** It has not answered for so long that what it is at seems to take long. */
  isSilent(now: number): boolean {
    return now - this.#heardAt > heavyAfterMs
  }

  /** Whether it is at work, and with nothing that takes long. */
  isBrisk(pending: number, now: number): boolean {
    return pending > 0 && this.#allQuick && !this.isSilent(now)
  }

  /** Whether one more behind `pending` others would not stand behind something that takes long. */
  takesMore(pending: number, now: number): boolean {
    return pending === 0 || (pending < maxInFlight && this.isBrisk(pending, now))
  }
}
