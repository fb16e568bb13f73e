import { availableParallelism } from 'node:os'
import { MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { Chances } from '../src/protocol/chances.ts'
import { rings, waitForRing } from '../src/protocol/doorbell.ts'
import type { HostPort } from '../src/protocol/lease-task.ts'

/** For how long a thread that has just answered looks for the next message before it goes to sleep. */
const lookMs = 0.05
/** For how long a process works without hearing what it is told. */
const maxDeafMs = 1
/** A thread that sleeps inside a call of the driver looks up every so often, in case a bell was not heard. */
const maxWaitMs = 1_000

/**
 * The message that follows an answer at once: somebody awaits one statement after another, or many do by turns. To be put to sleep and woken
 * costs a thread 20 to 100 µs, more than a small statement itself, and as much the one that wakes it, so it looks for a moment whether there is
 * more. Whenever that was in vain it sits out twice as many chances: a connection that is used now and then does not keep a processor busy.
 */
export class NextMessage {
  readonly #port: HostPort
  readonly #cells: Int32Array
  readonly #looks: boolean
  /** In a process of its own there is no shared memory, and messages come by its event loop alone. */
  readonly #hearsByLoop: boolean
  #heardAt = 0
  /** Messages that have been taken in, as `rings` counts them. */
  #received = 0
  readonly #chances = new Chances()

  constructor(port: HostPort, cells: Int32Array) {
    this.#port = port
    this.#cells = cells
    // With a single processor nobody can post while this thread looks.
    this.#looks = port instanceof MessagePort && availableParallelism() > 1
    this.#hearsByLoop = !(port instanceof MessagePort) && port.local !== true
  }

  /** A message has been taken in, by whatever way it came. */
  received(): void {
    this.#received = (this.#received + 1) | 0
    if (this.#hearsByLoop) this.#heardAt = performance.now()
  }

  /** It may have been told meanwhile that what is next has been given up. */
  get deaf(): boolean {
    return this.#hearsByLoop && performance.now() - this.#heardAt > maxDeafMs
  }

  /** Calls back when it has heard all that it has been told. */
  hear(done: () => void): void {
    // The first turn of the event loop may be the one that it is in, behind its look for messages.
    setImmediate(() =>
      setImmediate(() => {
        this.#heardAt = performance.now()
        done()
      }),
    )
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
    if (!this.#chances.take()) return false
    const deadline = performance.now() + lookMs
    while (rings(this.#cells) === this.#received) {
      if (performance.now() < deadline) continue
      this.#chances.note(true)
      return false
    }
    this.#chances.note(false)
    return true
  }
}
