import { InvalidRequestError, NotSupportedError } from '../errors.ts'
import type { Dialect } from '../sql/dialect.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import type { Lease } from '../transport/lease.ts'
import type { Notification, NotificationStream } from './contract.ts'

/** Notifications that wait for a reader; one who is this far behind is told so, and has to look at the tables again. */
const maxWaiting = 100_000

interface Reader {
  readonly resolve: (result: IteratorResult<Notification, undefined>) => void
  readonly reject: (error: Error) => void
}

/** The channels that one borrower of a connection listens to. */
export class Listeners {
  readonly #lease: Lease
  readonly #dialect: Dialect
  readonly #run: (sql: string) => PromiseLike<unknown>
  readonly #streams = new Set<Notifications>()
  #closed = false

  /** @param run runs a statement on the connection */
  constructor(lease: Lease, dialect: Dialect, run: (sql: string) => PromiseLike<unknown>) {
    this.#lease = lease
    this.#dialect = dialect
    this.#run = run
  }

  /** Resolves when the server listens: whatever is sent from then on comes out of the stream. */
  async listen(channel: string): Promise<NotificationStream> {
    if (!this.#dialect.notifications) throw new NotSupportedError(`${this.#dialect.name} has no LISTEN and NOTIFY.`)
    const name = this.#dialect.quoteIdentifier(channel)
    const stream = new Notifications(channel, this.#lease, async () => {
      this.#streams.delete(stream)
      const others = [...this.#streams].some((other) => other.channel === channel)
      // With its connection it has ended on the server, too.
      if (!others && !this.#closed && this.#lease.lost === null) await this.#run(`unlisten ${name}`)
    })
    this.#streams.add(stream)
    try {
      await this.#run(`listen ${name}`)
    } catch (error) {
      this.#streams.delete(stream)
      await stream.close().catch(() => {})
      throw error
    }
    return stream
  }

  /** The connection goes back: nobody reads on. */
  close(): void {
    this.#closed = true
    for (const stream of this.#streams) void stream.close()
  }
}

/** What `listen` gives: the notifications of one channel, in the order in which the server has sent them. */
export class Notifications implements NotificationStream {
  readonly channel: string
  readonly #lease: Lease
  readonly #onEnd: () => Promise<void>
  readonly #waiting: Notification[] = []
  readonly #readers: Reader[] = []
  readonly #forgetEvents: () => void
  readonly #forgetLoss: () => void
  #failure: Error | null = null
  #ending: Promise<void> | null = null

  /** @param onEnd called once, when nobody reads on */
  constructor(channel: string, lease: Lease, onEnd: () => Promise<void>) {
    this.channel = channel
    this.#lease = lease
    this.#onEnd = onEnd
    this.#forgetEvents = lease.onEvent((event) => {
      if (event.kind === 'notification' && event.channel === channel) this.#take(event)
    })
    this.#forgetLoss = lease.onLost((error) => this.#fail(error))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take({ payload, processId }: Notification): void {
    const notification: Notification = { channel: this.channel, payload, processId }
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      this.#holdLoop()
      reader.resolve({ value: notification, done: false })
    } else if (this.#waiting.length < maxWaiting) {
      this.#waiting.push(notification)
    } else {
      this.#fail(new InvalidRequestError(`${maxWaiting} notifications of "${this.channel}" wait for their reader: later ones are lost.`))
    }
  }

  #fail(error: Error): void {
    if (this.#failure !== null || this.#ending !== null) return
    this.#failure = error
    for (const { reject } of this.#readers.splice(0)) reject(error)
    this.#holdLoop()
  }

  /** Whoever waits for a notification keeps the program alive. */
  #holdLoop(): void {
    this.#lease.channel.holdFor(this, this.#readers.length > 0)
  }

  async next(): Promise<IteratorResult<Notification, undefined>> {
    const notification = this.#waiting.shift()
    if (notification !== undefined) return { value: notification, done: false }
    if (this.#failure !== null) throw withCallersStack(this.#failure)
    if (this.#ending !== null) return { value: undefined, done: true }
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Notification, undefined>>()
    this.#readers.push({ resolve, reject })
    this.#holdLoop()
    try {
      return await promise
    } catch (error) {
      throw withCallersStack(error)
    }
  }

  async return(): Promise<IteratorResult<Notification, undefined>> {
    await this.close()
    return { value: undefined, done: true }
  }

  close(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    this.#forgetEvents()
    this.#forgetLoss()
    this.#waiting.length = 0
    for (const { resolve } of this.#readers.splice(0)) resolve({ value: undefined, done: true })
    this.#holdLoop()
    await this.#onEnd()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
