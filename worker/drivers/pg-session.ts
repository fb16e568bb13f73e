import { randomBytes } from 'node:crypto'
import { endsWithin, repeatCancelMs } from './ends-within.ts'
import { requestCancel, type ServerPlace } from './pg-cancel.ts'
import { lostConnection, unreadableAnswer } from './pg-errors.ts'
import { type Exchange, PingExchange } from './pg-exchange.ts'
import { SchemaWatch } from './pg-schema-watch.ts'
import { type PgClient, type PgWire, wireOf } from './pg-wire.ts'

/** After so long a server that does not end the connection is left alone. */
const closeTimeoutMs = 2_000

/**
 * One connection to a server and what is going on on it: one exchange at a time, in the order in which they were asked for. Whoever has
 * pg's client may send queries of his own in between.
 */
export class PgSession {
  readonly client: PgClient
  /** Statements have names, under which the server keeps them. */
  readonly keepsStatements: boolean
  readonly #wire: PgWire
  readonly #place: ServerPlace
  readonly #schema = new SchemaWatch()
  readonly #waiting: Exchange[] = []
  #current: Exchange | null = null
  /** Prepared statements to be closed when something is next sent. */
  #closes: string[] = []
  readonly #id = randomBytes(6).toString('hex')
  #statements = 0
  /** As of the last ReadyForQuery: I is idle, T in a transaction, E in one that has failed. */
  #status: string
  #lost: { readonly error: unknown } | null = null
  #onLost: ((error: unknown) => void) | null = null
  #cancelling: Promise<void> | null = null
  /** Ended by us, so that nobody is told. */
  #closing: Promise<void> | null = null

  /** Of a client that has just been connected. */
  constructor(client: PgClient, place: ServerPlace, keepsStatements: boolean) {
    this.client = client
    this.keepsStatements = keepsStatements
    this.#wire = wireOf(client)
    this.#place = place
    this.#status = 'I'
    // Before pg's own listener, which submits the next query; and another one behind it, when it takes queries again.
    this.#wire.prependListener('readyForQuery', ({ status }: { readonly status: string }) => this.#ready(status))
    this.#wire.on('readyForQuery', () => this.#startNext())
    this.#wire.on('commandComplete', ({ text }: { readonly text: string }) => this.#schema.commandCompleted(text))
    this.#wire.on('parameterDescription', (message) => this.#running?.handleParameterDescription(message))
    this.#wire.on('copyInResponse', (message) => this.#running?.handleCopyIn(message))
    this.#wire.on('copyOutResponse', (message) => this.#running?.handleCopyOut(message))
    this.#wire.on('end', () => this.#lose(new Error('Connection terminated unexpectedly')))
    client.on('error', (error) => this.#lose(error))
    this.#guardParser()
  }

  /** pg's parser stands in a listener of the socket: what it throws, of a text that is longer than a string can be, would end the thread. */
  #guardParser(): void {
    const { stream } = this.#wire
    const listeners = stream.listeners('data')
    stream.removeAllListeners('data')
    stream.on('data', (chunk) => {
      try {
        for (const listener of listeners) Reflect.apply(listener, stream, [chunk])
      } catch (error) {
        this.#lose(unreadableAnswer(error))
      }
    })
  }

  get inTransaction(): boolean {
    return this.#status !== 'I'
  }

  get inFailedTransaction(): boolean {
    return this.#status === 'E'
  }

  /** What was prepared at another version may have parameters of types that are no longer those of its columns. */
  get schemaVersion(): number {
    return this.#schema.version
  }

  /** Sends an exchange when everything before it has ended; it fails where the connection has. */
  start<E extends Exchange>(exchange: E): E {
    if (this.#lost !== null) {
      exchange.lose(this.#lost.error)
    } else {
      this.#waiting.push(exchange)
      this.#startNext()
    }
    return exchange
  }

  /** As `start`, and waits for the end. */
  async run<E extends Exchange>(exchange: E): Promise<E> {
    await this.start(exchange).result()
    return exchange
  }

  /**
   * For a prepared statement: never used again, so that a late close cannot hit another one; and by nobody else, so that behind a pooler, which
   * gives sessions away, it cannot be somebody else's statement.
   */
  newStatementName(): string {
    this.#statements++
    return `offloop_${this.#id}_${this.#statements}`
  }

  closeStatement(name: string): void {
    this.#closes.push(name)
  }

  /** The server has dropped them all. */
  forgetStatements(): void {
    this.#closes = []
  }

  /** What was running has ended, and no cancellation can hit what is sent later; meanwhile nothing is sent. */
  cancel(): Promise<void> {
    if (this.#cancelling !== null) return this.#cancelling
    // pg takes queries: nothing is running, not of others either.
    if (this.#lost !== null || (this.#current === null && this.client.readyForQuery)) return Promise.resolve()
    this.#cancelling = this.#cancelRunning()
      .catch(() => this.#giveUp())
      .finally(() => {
        this.#cancelling = null
        this.#startNext()
      })
    return this.#cancelling
  }

  onLost(listener: (error: unknown) => void): void {
    this.#onLost = listener
    if (this.#lost !== null && this.#closing === null) queueMicrotask(() => this.#tellLost())
  }

  /** The error that somebody who works with pg's client was given: perhaps that of a lost connection. */
  explain(error: unknown): unknown {
    return this.#lost !== null && error === this.#lost.error ? lostConnection(error) : error
  }

  /** Never takes longer than `closeTimeoutMs`. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  destroy(): void {
    this.#closing ??= Promise.resolve()
    this.#wire.stream.destroy()
    this.#lose(new Error('The connection was destroyed'))
  }

  /** The one that the server's messages are for. */
  get #running(): Exchange | null {
    return this.#current?.submitted === true ? this.#current : null
  }

  #ready(status: string): void {
    this.#status = status
    if (status === 'I') this.#schema.transactionEnded()
    const ended = this.#running
    if (ended === null) return
    this.#current = null
    ended.end()
  }

  #startNext(): void {
    if (this.#current !== null || this.#cancelling !== null || this.#lost !== null) return
    const next = this.#waiting.shift()
    if (next !== undefined) this.#send(next)
  }

  #send(exchange: Exchange): void {
    this.#current = exchange
    exchange.closes = this.#closes
    this.#closes = []
    this.client.query(exchange)
  }

  async #cancelRunning(): Promise<void> {
    const running = this.#current
    running?.cancel()
    const ended = running?.ended ?? Promise.resolve()
    let late: NodeJS.Timeout | undefined
    try {
      for (let asked = false; !asked || !(await endsWithin(ended, repeatCancelMs)); asked = true) {
        const outcome = await requestCancel(this.client, this.#place)
        if (outcome === 'unknown') return this.#giveUp()
        if (outcome === 'unsent' && !asked) return
        late ??= setTimeout(() => this.#giveUp(), this.#place.timeoutMs)
      }
      if (this.#lost !== null) return
      // The signal was on its way before the server closed the other connection. Once this round trip is answered it has arrived, and found
      // the statement, what was being done behind it, or nothing.
      const ping = new PingExchange()
      this.#send(ping)
      await ping.ended
    } finally {
      clearTimeout(late)
    }
  }

  /** A cancellation may hit at any time, or the server is out of reach: nothing can be sent on this connection any more. */
  #giveUp(): void {
    this.#wire.stream.destroy()
    this.#lose(new Error('The server did not stop a statement that it was asked to stop'))
  }

  async #end(): Promise<void> {
    if (this.#lost !== null) return
    // What lies unread would keep the end of the connection from being seen.
    this.#wire.stream.resume()
    const timer = setTimeout(() => this.#wire.stream.destroy(), closeTimeoutMs)
    await this.client.end()
    clearTimeout(timer)
  }

  #lose(error: unknown): void {
    if (this.#lost !== null) return
    const current = this.#current
    this.#current = null
    current?.lose(error)
    // The server may have said to whoever was running why it ends the connection.
    this.#lost = { error: current?.failure?.error ?? error }
    // The status stays: what is answered late must not look as if the server had ended the transaction by itself.
    // A failure that pg does not take back: the connection is of no more use.
    this.#wire.stream.destroy()
    for (const waiting of this.#waiting.splice(0)) waiting.lose(error)
    if (this.#closing === null) this.#tellLost()
  }

  #tellLost(): void {
    const listener = this.#onLost
    this.#onLost = null
    if (this.#lost !== null) listener?.(lostConnection(this.#lost.error))
  }
}
