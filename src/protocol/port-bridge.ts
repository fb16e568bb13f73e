import { MessageChannel, MessagePort } from 'node:worker_threads'

/**
 * Carries message ports over a channel that knows none, such as that between two processes: what arrives at a port here comes out of the
 * port of the same number there. Port 0 is there from the beginning; a port inside one of its messages is given a number and carried too.
 */
export interface BridgeMessage {
  readonly port: number
  /** Absent when the port has been closed. */
  readonly data?: unknown
  /** The ports that belong into it. */
  readonly ports?: readonly CarriedPort[]
}

/** Beside the bridge: the request is not wanted any more. It is read before anything that waits behind a bridge. */
export interface CancelMessage {
  readonly cancel: number
}

/** A port inside a message, on its way: not in its place there, where a value of the user's own may stand. */
interface CarriedPort {
  readonly number: number
  /** Its place in the list that the message is. */
  readonly index: number
}

export class PortBridge {
  readonly #send: (message: BridgeMessage) => void
  readonly #deliver: (data: unknown, transfer: MessagePort[]) => void
  readonly #ports = new Map<number, MessagePort>()
  #lastNumber = 0

  /**
   * @param send passes a message to the bridge at the other end, which gives it to its `receive`
   * @param deliver takes what comes out of port 0
   */
  constructor(send: (message: BridgeMessage) => void, deliver: (data: unknown, transfer: MessagePort[]) => void) {
    this.#send = send
    this.#deliver = deliver
  }

  /** Puts a message into port 0. */
  post(data: unknown): void {
    if (Array.isArray(data) && data.some((item) => item instanceof MessagePort)) this.#send({ port: 0, ...this.#takeOut(data) })
    else this.#send({ port: 0, data })
  }

  receive({ port: number, data, ports = [] }: BridgeMessage): void {
    if (number === 0) {
      this.#deliver(data, this.#putBack(data, ports))
      return
    }
    const port = this.#ports.get(number)
    if (data !== undefined) {
      port?.postMessage(data)
      return
    }
    this.#ports.delete(number)
    port?.close()
  }

  /** Closes every carried port: the other end is gone. */
  close(): void {
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
  }

  #carry(number: number, port: MessagePort): void {
    this.#ports.set(number, port)
    port.on('message', (data: unknown) => this.#send({ port: number, data }))
    port.on('close', () => {
      if (this.#ports.delete(number)) this.#send({ port: number })
    })
    // What holds the event loop is for the two ends to say.
    port.unref()
  }

  #takeOut(data: readonly unknown[]): Pick<BridgeMessage, 'data' | 'ports'> {
    const ports: CarriedPort[] = []
    const rest = data.map((item, index) => {
      if (!(item instanceof MessagePort)) return item
      // Ports are only ever given away by the user's side, so that the numbers of both ends cannot meet.
      const number = ++this.#lastNumber
      this.#carry(number, item)
      ports.push({ number, index })
      return null
    })
    return { data: rest, ports }
  }

  /** Gives the ports that are to be transferred with the message. */
  #putBack(data: unknown, ports: readonly CarriedPort[]): MessagePort[] {
    return ports.map(({ number, index }) => {
      const { port1, port2 } = new MessageChannel()
      this.#carry(number, port1)
      // Only lists have been searched for ports.
      const list = data as unknown[]
      list[index] = port2
      return port2
    })
  }
}
