/** A connection that has not answered for this long is with something that takes long after all: nothing else is sent behind it. */
const heavyAfterMs = 2
/** The most statements that wait inside one connection: more in one message make it no cheaper. */
const maxInFlight = 64

/** What is known of the statements that a connection has been given: whether another one behind them is likely to be answered soon. */
export class Backlog {
  /** Everything it has to do is a text whose last run here was quick. */
  #allQuick = true
  /** When it last answered, or was given something to do after a rest. */
  #heardAt = performance.now()

  heard(): void {
    this.#heardAt = performance.now()
  }

  /** A statement is about to be added to `pending` others. */
  add(pending: number, quick: boolean): void {
    if (pending === 0) {
      this.heard()
      this.#allQuick = true
    }
    this.#allQuick &&= quick
  }

  /** Whether one more behind `pending` others would not stand behind something that takes long. */
  takesMore(pending: number, now: number): boolean {
    return pending === 0 || (this.#allQuick && pending < maxInFlight && now - this.#heardAt <= heavyAfterMs)
  }
}
