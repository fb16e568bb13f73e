import { isServerError, lostConnection } from './pg-errors.ts'
import { type EncodedValue, MessageWriter } from './pg-messages.ts'
import { maxParameters } from './pg-parameters.ts'
import type { CopyData, CopyResponse, FieldDescription, PgWire } from './pg-wire.ts'
import { DriverFault } from './sqlite-errors.ts'

/** Of the whole thread: a message is written and taken without a turn of the event loop in between. */
const writer = new MessageWriter()

/**
 * One question to the server and its answer, up to the ReadyForQuery behind it: a query to pg's client, which calls `submit` when it is
 * its turn and hands over the messages that come in until then.
 *
 * It ends when the server is ready again, after an error too, so that the state of the transaction is known by then.
 */
export abstract class Exchange {
  /** Never rejects: see `failure`. */
  readonly ended: Promise<void>
  /** Prepared statements that nobody needs any more; the server is told with the next thing it is asked. */
  closes: readonly string[] = []
  protected cancelled = false
  /** A Sync is on its way, or the simple protocol needs none. */
  protected synced = false
  #wire: PgWire | null = null
  #hasEnded = false
  #paused = false
  #failure: { readonly error: unknown } | null = null
  #resolveEnded!: () => void

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }

  get submitted(): boolean {
    return this.#wire !== null
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** Waits for the end. */
  async result(): Promise<void> {
    await this.ended
    if (this.#failure !== null) throw this.#failure.error
  }

  submit(connection: unknown): void {
    // pg calls it with its connection.
    this.#wire = connection as PgWire
    try {
      this.send((messages) => {
        this.#close(messages)
        this.write(messages)
      })
    } catch (error) {
      // It cannot be said to the server. An answer is needed all the same, for that is what ends an exchange.
      this.fail(error)
      this.send((messages) => {
        this.#close(messages)
        this.sync(messages)
      })
    }
  }

  #close(messages: MessageWriter): void {
    for (const name of this.closes) messages.closeStatement(name)
  }

  /** The server is ready for the next one. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.resumeReading()
    this.#resolveEnded()
    this.onEnd()
  }

  /** The connection has ended, and the answer with it. What the server said before that is the reason. */
  lose(error: unknown): void {
    if (this.#hasEnded) return
    this.#failure = { error: lostConnection(isServerError(this.#failure?.error) ? this.#failure.error : error) }
    this.end()
  }

  /** The server is being asked to stop it. */
  cancel(): void {
    this.cancelled = true
  }

  /** The first failure is the one that counts. */
  fail(error: unknown): void {
    if (this.#failure !== null) return
    const isCancellation = this.cancelled && isServerError(error) && error.code === '57014'
    this.#failure = { error: isCancellation ? cancellation(error) : error }
  }

  /** Its messages, the first ones if there are more to come. */
  protected abstract write(messages: MessageWriter): void

  protected onEnd(): void {}

  /** Sends messages in one packet, or none of them if one cannot be written; false when the socket's buffer is full. */
  protected send(compose: (messages: MessageWriter) => void): boolean {
    const { stream } = this.wire
    try {
      compose(writer)
    } catch (error) {
      writer.discard()
      throw error
    }
    const bytes = writer.take()
    // A socket that is going down says so by itself.
    return bytes.length === 0 || !stream.writable || stream.write(bytes)
  }

  protected sync(messages: MessageWriter): void {
    this.synced = true
    messages.sync()
  }

  protected get wire(): PgWire {
    if (this.#wire === null) throw new Error('the exchange has not begun')
    return this.#wire
  }

  protected get readingIsPaused(): boolean {
    return this.#paused
  }

  /** Lets what the server sends wait in the socket, and the server itself when that is full. */
  protected pauseReading(): void {
    if (this.#paused) return
    this.#paused = true
    this.wire.stream.pause()
  }

  protected resumeReading(): void {
    if (!this.#paused) return
    this.#paused = false
    this.wire.stream.resume()
  }

  // Called by pg's client, or by the session where that does not.

  handleRowDescription(_message: { readonly fields: readonly FieldDescription[] }): void {}
  handleParameterDescription(_message: { readonly dataTypeIDs: readonly number[] }): void {}
  handleDataRow(_message: unknown): void {}
  handlePortalSuspended(): void {}
  handleCommandComplete(_message: { readonly text: string }): void {}
  handleEmptyQuery(): void {}
  handleCopyData(_message: CopyData): void {}
  /** The session has seen it before pg has, after an error as well. */
  handleReadyForQuery(): void {}

  /** As pg calls it; the session calls the next one, with the message. */
  handleCopyInResponse(): void {}

  handleCopyIn(_message: CopyResponse): void {
    this.fail(copyRefusal('COPY … FROM STDIN takes its rows from executeMany(statement, rows).'))
    this.send((messages) => messages.copyFail('no rows are sent'))
    // While it waits for data the server ignores a Sync: the one that has been sent is lost.
    this.synced = false
  }

  handleCopyOut(_message: CopyResponse): void {
    this.fail(copyRefusal('COPY … TO STDOUT gives its lines to execute() or stream(), as a statement of its own.'))
  }

  handleError(error: unknown): void {
    if (!isServerError(error)) {
      // Not a word of the server but the end of the connection: nothing else will come.
      this.lose(error)
      return
    }
    this.fail(error)
    // After an error the server skips everything up to a Sync.
    if (!this.synced) this.send((messages) => this.sync(messages))
  }
}

export function cancellation(cause?: unknown): DriverFault {
  return new DriverFault('cancelled', 'The statement was cancelled.', { driverCode: '57014', cause })
}

export function copyRefusal(message: string): DriverFault {
  return new DriverFault('notSupported', message, { driverCode: '0A000' })
}

/** Nothing but a round trip. */
export class PingExchange extends Exchange {
  protected override write(messages: MessageWriter): void {
    this.sync(messages)
  }
}

/** Prepares a statement and learns what goes in and what comes out. */
export class DescribeExchange extends Exchange {
  readonly #name: string
  readonly #sql: string
  /** Null when the statement yields no rows. */
  fields: readonly FieldDescription[] | null = null
  parameterTypes: readonly number[] = []

  constructor(name: string, sql: string) {
    super()
    this.#name = name
    this.#sql = sql
  }

  protected override write(messages: MessageWriter): void {
    messages.parse(this.#name, this.#sql)
    const count = countBeyondInt16(this.#sql)
    // pg reads the count of the described parameters as a signed number, and throws where nobody catches it. A portal is described without
    // its parameters, and to bind one runs nothing.
    if (count === 0) messages.describeStatement(this.#name)
    else messages.bind(this.#name, new Array(count).fill(null)).describePortal().closePortal()
    this.sync(messages)
  }

  override handleRowDescription({ fields }: { readonly fields: readonly FieldDescription[] }): void {
    this.fields = fields
  }

  override handleParameterDescription({ dataTypeIDs }: { readonly dataTypeIDs: readonly number[] }): void {
    this.parameterTypes = dataTypeIDs
  }

  /** It only makes way for a statement, and that is not wanted any more: the cancellation would be over before it begins. */
  protected override onEnd(): void {
    if (this.cancelled) this.fail(cancellation())
  }
}

/** How many parameters a text has where they are more than 32,767: they are numbered without a gap. Else 0. */
function countBeyondInt16(sql: string): number {
  if (!sql.includes('$32768') || !sql.includes('$16384')) return 0
  let highest = 0
  for (const [, number] of sql.matchAll(/\$(\d{5})(?!\d)/g)) highest = Math.max(highest, Number(number))
  return highest > maxParameters ? 0 : highest
}

/** What is to be run: a statement by its name, or one without a name, which is parsed anew each time. */
export interface Plan {
  readonly name: string
  readonly sql: string
}

export function writeParse(messages: MessageWriter, { name, sql }: Plan): void {
  if (name === '') messages.parse(name, sql)
}

/** Runs a statement that yields no rows. */
export class RunExchange extends Exchange {
  readonly #plan: Plan
  readonly #values: readonly EncodedValue[]
  /** The command's tag: `UPDATE 3`. */
  tag = ''

  constructor(plan: Plan, values: readonly EncodedValue[]) {
    super()
    this.#plan = plan
    this.#values = values
  }

  protected override write(messages: MessageWriter): void {
    writeParse(messages, this.#plan)
    messages.bind(this.#plan.name, this.#values).execute(0)
    this.sync(messages)
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.tag = text
  }
}

/** Runs any number of statements by the simple protocol. */
export class ScriptExchange extends Exchange {
  readonly #sql: string
  protected override synced = true
  /** Of the first command. */
  tag = ''

  constructor(sql: string) {
    super()
    this.#sql = sql
  }

  protected override write(messages: MessageWriter): void {
    messages.query(this.#sql)
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    if (this.tag === '') this.tag = text
  }

  override handleCopyIn(message: CopyResponse): void {
    super.handleCopyIn(message)
    this.synced = true
  }
}

/** Rows inserted or copied, or matched by the others; 0 for what changes no rows. */
export function changesOf(tag: string): number {
  const count = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|SELECT|COPY) (\d+)$/.exec(tag)?.[1]
  return count === undefined ? 0 : Number(count)
}
