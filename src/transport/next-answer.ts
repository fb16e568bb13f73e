import { availableParallelism } from 'node:os'
// Not the global one, which a test may have stopped.
import { setImmediate } from 'node:timers'
import { Chances } from '../protocol/chances.ts'
import { ringsBack } from '../protocol/doorbell.ts'

/** For how long this thread looks for an answer: a small statement and its way there and back take less. */
const lookMs = 0.03
/** The same where somebody has stopped the clock. */
const maxLooks = 1_000
/** So many answers of all channels are waited for in one turn of the event loop. */
const maxInTurn = 40

/** With a single processor nobody can answer while this thread looks. */
const looks = availableParallelism() > 1

let inTurn = 0

/**
 * The answer that follows a statement at once: somebody awaits small ones, one after another, and nothing else is in flight. To be put to
 * sleep and woken costs this thread as much of its time as such a statement takes, and its caller several times that; so it looks for a moment
 * whether the answer is there. Whenever that was in vain it sits out twice as many chances.
 */
export class NextAnswer {
  readonly #cells: Int32Array
  readonly #chances = new Chances()
  /** Messages that have been taken in, as `ringsBack` counts them. */
  #heard = 0

  constructor(cells: Int32Array) {
    this.#cells = cells
  }

  /** A message has been taken in, by whatever way it came. */
  heard(): void {
    this.#heard = (this.#heard + 1) | 0
  }

  /** A message has come and has not been taken in. Of a process, which shares no memory, nothing is ever heard this way. */
  get isThere(): boolean {
    const posted = ringsBack(this.#cells)
    return posted !== 0 && posted !== this.#heard
  }

  /** Whether it comes at once. */
  comes(): boolean {
    if (!looks || inTurn >= maxInTurn || ringsBack(this.#cells) === 0 || !this.#chances.take()) return false
    const found = this.#look()
    this.#chances.note(!found)
    // That a message has come as an event does not say that the loop has turned: of one port it hands over up to 1,000 at once.
    if (found && ++inTurn === maxInTurn) setImmediate(beginTurn)
    return found
  }

  #look(): boolean {
    const deadline = performance.now() + lookMs
    for (let look = 0; look < maxLooks; look++) {
      if (this.isThere) return true
      if (performance.now() >= deadline) return false
    }
    return false
  }
}

function beginTurn(): void {
  inTurn = 0
}
