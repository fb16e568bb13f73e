import { EventEmitter } from 'node:events'
import type { HostPort } from '../protocol/lease-task.ts'

/** The longest period of a timer of Node's. */
const maxTimerMs = 2 ** 31 - 1

/**
 * One end of a channel inside a thread, in the place of a `MessagePort`: what is posted at one end comes out at the other in the same turn of
 * the event loop, and is not cloned.
 */
export class LocalPort extends EventEmitter implements HostPort {
  /** What it gives away is not cloned on its way. */
  readonly local = true
  #peer: LocalPort | null = null
  #inbox: unknown[] = []
  #scheduled = false
  #closed = false
  #hold: NodeJS.Timeout | undefined

  static pair(): readonly [LocalPort, LocalPort] {
    const ports = [new LocalPort(), new LocalPort()] as const
    ports[0].#peer = ports[1]
    ports[1].#peer = ports[0]
    return ports
  }

  postMessage(message: unknown): void {
    if (!this.#closed && this.#peer !== null) this.#peer.#receive(message)
  }

  #receive(message: unknown): void {
    this.#inbox.push(message)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => this.#deliver())
  }

  #deliver(): void {
    this.#scheduled = false
    for (let message = this.take(); message !== undefined; message = this.take()) this.emit('message', message)
    if (!this.#closed) return
    clearInterval(this.#hold)
    this.emit('close')
  }

  /** A message that has come and not been handed over. */
  take(): unknown {
    return this.#inbox.shift()
  }

  /** Keeps the program alive, as a port that is listened to does. */
  ref(): void {
    if (this.#closed) return
    this.#hold ??= setInterval(() => {}, maxTimerMs)
    this.#hold.ref()
  }

  unref(): void {
    this.#hold?.unref()
  }

  close(): void {
    for (const port of [this, this.#peer]) {
      if (port === null || port.#closed) continue
      port.#closed = true
      port.#schedule()
    }
  }
}
