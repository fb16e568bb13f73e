import { setImmediate } from 'node:timers/promises'

/** So long the rest of the program may have to wait. */
const maxTurnMs = 2

/** Lets the rest of the program run between two pieces of work that do not wait for anything. */
export class LoopTurns {
  #begunAt = performance.now()

  get isOver(): boolean {
    return performance.now() - this.#begunAt > maxTurnMs
  }

  async next(): Promise<void> {
    await setImmediate()
    this.#begunAt = performance.now()
  }
}
