/** A `MessagePort`, or what stands for one. */
interface HeldPort {
  ref(): void
  unref(): void
  once(event: 'close', listener: () => void): unknown
}

/** The longest period of a timer of Node's. */
const maxTimerMs = 2 ** 31 - 1

/**
 * Keeps the event loop alive while something is awaited on a port, and not a moment longer.
 *
 * The port does that itself as long as the far side has it open. A thread that dies closes it before its death is known: in between nothing
 * else would hold the loop, and a program that only waits for that thread would end without a word. There a timer takes over.
 */
export class LoopHold {
  readonly #port: HeldPort
  #timer: NodeJS.Timeout | undefined
  #wanted = false
  #ended = false

  constructor(port: HeldPort) {
    this.#port = port
    port.unref()
    port.once('close', () => this.#takeOver())
  }

  set wanted(wanted: boolean) {
    if (wanted === this.#wanted || this.#ended) return
    this.#wanted = wanted
    const holder = this.#timer ?? this.#port
    if (wanted) holder.ref()
    else holder.unref()
  }

  #takeOver(): void {
    if (this.#ended) return
    this.#timer = setInterval(() => {}, maxTimerMs)
    if (!this.#wanted) this.#timer.unref()
  }

  /** The death is known: nothing is awaited any more. */
  end(): void {
    this.#ended = true
    clearInterval(this.#timer)
  }
}
