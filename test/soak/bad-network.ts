import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Random } from './random.ts'

/** What becomes of a connection: broken off by either end with or without a word, or open and without anything that comes out of it. */
const faults = ['reset', 'end', 'destroy', 'swallow'] as const

interface Plan {
  readonly fault: (typeof faults)[number]
  /** After so many bytes, in this direction. */
  readonly afterBytes: number
  /** Longest piece that is carried at once. */
  readonly pieceBytes: number
}

/** A network that divides what it carries wherever it likes, is slow at times, and breaks connections off at any byte. */
export class BadNetwork implements AsyncDisposable {
  /** Connections that it has broken off. */
  broken = 0
  readonly #server = createServer((near) => this.#join(near))
  readonly #target: { readonly host: string; readonly port: number }
  readonly #random: Random
  readonly #sockets = new Set<Socket>()
  #isBad = true

  constructor(target: { readonly host: string; readonly port: number }, random: Random) {
    this.#target = target
    this.#random = random
  }

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** Breaks off what is open; what is opened later is carried as it comes. */
  recover(): void {
    this.#isBad = false
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.recover()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(near: Socket): void {
    const far = connect(this.#target.port, this.#target.host)
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
      socket.setNoDelay()
    }
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    if (!this.#isBad) {
      near.pipe(far).pipe(near)
      return
    }
    const random = this.#random
    const isBroken = random.next() < 0.6
    const breaks = [near, far][random.below(2)]
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      // Small numbers hit the first messages, and what one message is cut into.
      const afterBytes = isBroken && from === breaks ? random.below(random.next() < 0.3 ? 200 : 60_000) : Number.POSITIVE_INFINITY
      const pieceBytes = random.next() < 0.3 ? 1 + random.below(50) : 4_000
      void this.#carry(from, to, { fault: random.pick(faults), afterBytes, pieceBytes })
    }
  }

  async #carry(from: Socket, to: Socket, { fault, afterBytes, pieceBytes }: Plan): Promise<void> {
    let carried = 0
    try {
      for await (const data of from as AsyncIterable<Buffer>) {
        for (let at = 0; at < data.length; ) {
          const piece = data.subarray(at, at + 1 + this.#random.below(pieceBytes))
          at += piece.length
          carried += piece.length
          if (carried > afterBytes) {
            this.broken++
            return breakOff([from, to], fault)
          }
          await this.#wait()
          to.write(piece)
        }
      }
      to.end()
    } catch {
      // It has been broken off from the other side.
    }
  }

  #wait(): Promise<void> {
    const chance = this.#random.next()
    if (chance < 0.7) return new Promise((resolve) => setImmediate(resolve))
    return new Promise((resolve) => setTimeout(resolve, this.#random.below(chance < 0.98 ? 4 : 60)))
  }
}

function breakOff(sockets: readonly Socket[], fault: Plan['fault']): void {
  for (const socket of sockets) {
    if (fault === 'reset') socket.resetAndDestroy()
    else if (fault === 'end') socket.end()
    else if (fault === 'destroy') socket.destroy()
  }
}
