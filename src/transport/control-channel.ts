import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { ControlHandle } from '../protocol/control.ts'
import { RequestKind } from '../protocol/frames.ts'
import { withCallersStack } from './callers-stack.ts'
import { errorFromWire } from './error-from-wire.ts'
import { LoopHold } from './loop-hold.ts'
import type { StatementChannel } from './statement-channel.ts'

/**
 * The driver's own handle as a remote object. A Comlink call never settles when its worker dies, so every call in flight is kept here and
 * rejected by `lose`.
 */
export class ControlChannel {
  readonly #port: MessagePort
  readonly #loop: LoopHold
  readonly #invoke: Promise<ControlHandle['invoke']>
  readonly #inFlight = new Set<(error: Error) => void>()
  #drained: PromiseWithResolvers<void> | null = null
  #lost: Error | null = null

  constructor(channel: StatementChannel) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('messageerror', (error) => channel.onUnreadable?.(error))
    // Loaded here, and not with the package: few programs ask for the handle.
    this.#invoke = import('comlink').then(({ wrap }) => {
      const remote = wrap<ControlHandle>(port1)
      // A function of its own: what Comlink makes of a member is thenable, and this promise would ask for its value.
      return (member, args) => remote.invoke(member, args)
    })
    this.#loop = new LoopHold(port1)
    channel.post({ kind: RequestKind.control, port: port2 }, [port2])
    channel.flush()
  }

  /** Nobody waits for an answer. */
  get idle(): boolean {
    return this.#inFlight.size === 0
  }

  /** Resolves when nobody waits for an answer any more; null when nobody does. */
  get drained(): Promise<void> | null {
    if (this.idle) return null
    this.#drained ??= Promise.withResolvers()
    return this.#drained.promise
  }

  /** Reads or calls a member of the driver's handle. */
  async invoke(member: string, args: readonly unknown[] | null): Promise<unknown> {
    if (this.#lost !== null) throw withCallersStack(this.#lost)
    const lost = Promise.withResolvers<never>()
    // Whoever rejects it, this call is what listens.
    lost.promise.catch(() => {})
    this.#inFlight.add(lost.reject)
    this.#loop.wanted = true
    try {
      const reply = await Promise.race([this.#invoke.then((invokeRemote) => invokeRemote(member, args)), lost.promise])
      // Cloning has made a Uint8Array of the Buffer that a driver gives, as `serialize` does.
      if (reply.ok) return reply.value instanceof Uint8Array ? bufferOver(reply.value) : reply.value
      throw errorFromWire(reply.error, {})
    } catch (error) {
      throw error === this.#lost ? withCallersStack(error) : error
    } finally {
      this.#inFlight.delete(lost.reject)
      this.#loop.wanted = !this.idle
      if (this.idle) this.#endDrain()
    }
  }

  #endDrain(): void {
    this.#drained?.resolve()
    this.#drained = null
  }

  lose(error: Error): void {
    this.#lost ??= error
    this.#loop.end()
    this.#port.close()
    for (const reject of this.#inFlight) reject(error)
    this.#inFlight.clear()
  }
}

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}
