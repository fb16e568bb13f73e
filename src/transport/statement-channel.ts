import { MessageChannel, MessagePort, receiveMessageOnPort, type TransferListItem } from 'node:worker_threads'
import { createCancelSlots, markCancelled } from '../protocol/cancel-slots.ts'
import { ring, tellInFlight } from '../protocol/doorbell.ts'
import {
  type CallRequest,
  FrameReader,
  type Frames,
  type Reply,
  ReplyFlag,
  ReplyKind,
  type Request,
  RequestKind,
  readReply,
  writeRequest,
} from '../protocol/frames.ts'
import type { ServerEvent } from '../protocol/server.ts'
import { InFlight } from './in-flight.ts'
import type { LocalPort } from './local-port.ts'
import { LoopHold } from './loop-hold.ts'
import { NextAnswer } from './next-answer.ts'

/** Requests of one message at the most: while the worker is at them, the next ones are made. */
const maxBatch = 128

/** Requests of all channels of this thread that wait for their last reply. */
let inFlightOfAll = 0

/** Who waits for the replies to one request. Exactly one of `settle` (with the last reply) and `fail` is called, once. */
export interface ReplyHandler {
  /** A reply that is not the last one: a chunk of rows. */
  partial(reply: Reply): void
  /** The last reply. */
  settle(reply: Reply): void
  /** The channel is lost: no reply will come. */
  fail(error: Error): void
}

/**
 * The statements of one connection on their way to its worker and back. All requests of one tick leave in ONE message; a batch of replies
 * comes back in one. While a reply is awaited the channel keeps the event loop alive, and not a moment longer.
 */
export class StatementChannel {
  readonly #port: ChannelPort
  readonly #loop: LoopHold
  /** The worker's end, given away with the task. */
  readonly remotePort: ChannelPort
  readonly cancelSlots = createCancelSlots()
  /** Told of each request that is to stop. */
  onCancel: ((id: number) => void) | null = null
  /** Told of what the server says unasked. */
  onEvent: ((event: ServerEvent) => void) | null = null
  /** Told of a message that could not be read: whose replies are lost with it is not known. */
  onUnreadable: ((error: Error) => void) | null = null
  readonly #inFlight = new InFlight<ReplyHandler>()
  readonly #nextAnswer = new NextAnswer(this.cancelSlots)
  /** Requests whose reader decides when more comes: they do not hold the event loop. */
  readonly #dormant = new Set<number>()
  /** Requests of this tick. They are encoded when they leave: until then a request may still learn how its rows are wanted. */
  #requests: Request[] = []
  #transfer: TransferListItem[] = []
  #flushScheduled = false
  #batch = 0
  #heardAt = 0
  readonly #listeners = new Set<object>()
  #lost: Error | null = null
  #closing = false
  /** How many of `inFlightOfAll` are this channel's. */
  #counted = 0

  constructor([port1, port2]: readonly [ChannelPort, ChannelPort] = messagePorts()) {
    this.#port = port1
    this.remotePort = port2
    this.#port.on('message', (frames) => this.#receive(frames as Frames))
    this.#port.on('messageerror', (error) => this.onUnreadable?.(error as Error))
    this.#loop = new LoopHold(port1)
  }

  /** Requests that wait for their last reply. */
  get pending(): number {
    return this.#inFlight.size - this.#dormant.size
  }

  get lost(): Error | null {
    return this.#lost
  }

  /** The number of the batch that is being gathered: a request posted in an earlier one has left. */
  get batch(): number {
    return this.#batch
  }

  /** When the worker last said something, by `performance.now()`. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** The worker has said something that has not been looked at. */
  get hasUnread(): boolean {
    return this.#nextAnswer.isThere
  }

  /** A fresh request id, with `handler` waiting for its replies. The request is to be posted in the same tick. */
  open(handler: ReplyHandler): number {
    const id = this.#inFlight.add(handler)
    this.#hold()
    return id
  }

  /** The request has not had its last reply. */
  isOpen(id: number): boolean {
    return this.#inFlight.get(id) !== undefined
  }

  /** Replies come in order, and nobody waits for one to a request that was sent before it. */
  isNext(id: number): boolean {
    return this.#inFlight.isFirst(id, this.#dormant)
  }

  /** Registers the worker's first word, which has no request: id 0. */
  awaitOpening(handler: ReplyHandler): void {
    this.#inFlight.set(0, handler)
    this.#hold()
  }

  /** Puts a request into this tick's batch. After the loss of the channel it goes nowhere: its handler has been failed. */
  post(request: Request, transfer?: readonly TransferListItem[]): void {
    if (this.#lost !== null) return
    if (request.kind === RequestKind.call) {
      this.#sendCall(request)
      return
    }
    // One more may still learn how its rows are wanted: those before it need not wait for the rest of the tick.
    if (this.#requests.length >= maxBatch) this.#send()
    this.#requests.push(request)
    if (transfer !== undefined) this.#transfer.push(...transfer)
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    // Not a microtask: the tasks woken by one batch of replies are to leave together again, and nextTick runs when all of them have run.
    process.nextTick(() => {
      const isLone = inFlightOfAll === 1 && this.#requests.length === 1 && this.#requests[0]?.kind === RequestKind.execute
      this.flush()
      if (isLone && this.#port instanceof MessagePort && this.#nextAnswer.comes()) this.readRest()
    })
  }

  /** Sends what this tick has gathered so far. */
  flush(): void {
    this.#flushScheduled = false
    this.#send()
  }

  #send(): void {
    this.#batch++
    if (this.#requests.length === 0 || this.#lost !== null) return
    const frames: Frames = []
    for (const request of this.#requests) writeRequest(frames, request)
    const transfer = this.#transfer
    this.#requests = []
    this.#transfer = []
    tellInFlight(this.cancelSlots, inFlightOfAll)
    this.#port.postMessage(frames, transfer)
    ring(this.cancelSlots)
  }

  /** Values of the caller's own making go in a message of their own: what cannot be handed over must not take others with it. */
  #sendCall(request: CallRequest): void {
    this.#send()
    this.#requests.push(request)
    try {
      this.#send()
    } catch (error) {
      const handler = this.#inFlight.get(request.id)
      this.#forget(request.id)
      this.#hold()
      handler?.fail(new RangeError('The arguments are nested too deep to be handed over to another thread.', { cause: error }))
    }
  }

  /** Nobody wants more of the request: it stops where it can. */
  dismiss(id: number): void {
    markCancelled(this.cancelSlots, id, (other) => this.isOpen(other))
  }

  /** The request is to stop, by force where there is one. */
  cancel(id: number): void {
    this.dismiss(id)
    this.onCancel?.(id)
  }

  /** The reader of this open cursor has what it wants for now, or (`false`) waits again. */
  setDormant(id: number, dormant: boolean): void {
    if (!this.isOpen(id)) return
    if (dormant) this.#dormant.add(id)
    else this.#dormant.delete(id)
    this.#hold()
  }

  /** Nobody will ask for this request's replies any more: those that still come are for its heir, or dropped. */
  abandon(id: number, heir = nobody): void {
    this.#inFlight.replace(id, heir)
  }

  /** Somebody waits for what the server says unasked, or (`false`) does not any more. */
  holdFor(listener: object, waits: boolean): void {
    if (waits) this.#listeners.add(listener)
    else this.#listeners.delete(listener)
    this.#hold()
  }

  /** The connection is closing: the event loop waits for the end of its task, which comes on a port that does not hold it. */
  holdUntilLost(): void {
    this.#closing = true
    this.#hold()
  }

  /** Takes in what has come and not been looked at, which timers and the end of the worker's task on its own port may overtake. */
  readRest(): void {
    if (this.#lost !== null) return
    for (let frames = this.#take(); frames !== undefined; frames = this.#take()) this.#receive(frames as Frames)
  }

  /** A message that has come and has not been handed over as an event. */
  #take(): unknown {
    const port = this.#port
    if (!(port instanceof MessagePort)) return port.take()
    try {
      return receiveMessageOnPort(port)?.message
    } catch (error) {
      this.onUnreadable?.(error as Error)
      return this.#take()
    }
  }

  /** The worker is gone. What it said before it died counts. */
  lose(error: Error): void {
    if (this.#lost !== null) return
    this.readRest()
    this.#lost = error
    this.#loop.end()
    this.#port.close()
    const waiting = this.#inFlight.drain()
    this.#dormant.clear()
    this.#hold()
    for (const handler of waiting) handler.fail(error)
  }

  #receive(frames: Frames): void {
    this.#heardAt = performance.now()
    this.#nextAnswer.heard()
    const reader = new FrameReader(frames)
    while (!reader.done) {
      const reply = readReply(reader)
      if (reply.kind === ReplyKind.event) {
        this.onEvent?.(reply.value as ServerEvent)
        continue
      }
      const handler = this.#inFlight.get(reply.id)
      if (handler === undefined) continue
      const last = (reply.flags & ReplyFlag.last) !== 0
      if (last) this.#forget(reply.id)
      try {
        if (last) handler.settle(reply)
        else handler.partial(reply)
      } catch (error) {
        // One reply that cannot be read must not take the rest of the batch with it.
        this.#forget(reply.id)
        handler.fail(error as Error)
      }
    }
    this.#hold()
  }

  #forget(id: number): void {
    this.#inFlight.delete(id)
    // A look-up costs, and most often it is empty.
    if (this.#dormant.size > 0) this.#dormant.delete(id)
  }

  #hold(): void {
    const { pending } = this
    inFlightOfAll += pending - this.#counted
    this.#counted = pending
    this.#loop.wanted = pending > 0 || this.#closing || this.#listeners.size > 0
  }
}

/** A `MessagePort`, or what stands for one inside a thread. */
export type ChannelPort = MessagePort | LocalPort

function messagePorts(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel()
  return [port1, port2]
}

const nobody: ReplyHandler = { partial() {}, settle() {}, fail() {} }
