import { availableParallelism } from 'node:os'
import { MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { rings, waitForRing } from '../src/protocol/doorbell.ts'
import type { HostPort } from '../src/protocol/lease-task.ts'

/** For how long a thread that has just answered looks for the next message before it goes to sleep. */
const lookMs = 0.05
/** A thread that sleeps inside a call of the driver looks up every so often, in case a bell was not heard. */
const maxWaitMs = 1_000
/** After so many looks in vain only every 256th chance is taken. */
const maxDoublings = 8

/**
 * The message that follows an answer at once: somebody awaits one statement after another. To be put to sleep and woken costs a thread
 * 20 to 100 µs, more than a small statement itself, so it looks for a moment whether there is more. Whenever that was in vain it sits out
 * twice as many chances: a connection that is used now and then does not keep a processor busy.
 */
export class NextMessage {
  readonly #port: HostPort
  readonly #cells: Int32Array
  readonly #looks: boolean
  /** Messages that have been taken in, as `rings` counts them. */
  #received = 0
  #inVain = 0
  #sitOut = 0

  constructor(port: HostPort, cells: Int32Array) {
    this.#port = port
    this.#cells = cells
    // With a single processor nobody can post while this thread looks.
    this.#looks = port instanceof MessagePort && availableParallelism() > 1
  }

  /** A message has been taken in, by whatever way it came. */
  received(): void {
    this.#received = (this.#received + 1) | 0
  }

  /**
   * The next message if it is there already, or `soon`; else undefined: then it will come as an event.
   *
   * @param soon whether to look for it for a moment
   */
  take(soon: boolean): unknown {
    if (!this.#looks) return undefined
    if (rings(this.#cells) === this.#received && !(soon && this.#comes())) return undefined
    return receiveMessageOnPort(this.#port as MessagePort)?.message
  }

  /** A function that sleeps until there is a message and has it received, for use inside a call of the driver; null where that cannot be done. */
  hearer(receive: (message: unknown) => void): (() => void) | null {
    const port = this.#port
    if (!(port instanceof MessagePort)) return null
    return () => {
      waitForRing(this.#cells, this.#received, maxWaitMs)
      const next = receiveMessageOnPort(port)
      if (next === undefined) return
      this.received()
      receive(next.message)
    }
  }

  #comes(): boolean {
    if (this.#sitOut > 0) {
      this.#sitOut--
      return false
    }
    const deadline = performance.now() + lookMs
    while (rings(this.#cells) === this.#received) {
      if (performance.now() < deadline) continue
      this.#inVain = Math.min(this.#inVain + 1, maxDoublings)
      this.#sitOut = 2 ** this.#inVain - 1
      return false
    }
    this.#inVain = 0
    return true
  }
}
