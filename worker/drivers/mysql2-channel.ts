import { endsWithin, repeatCancelMs } from './ends-within.ts'
import { ServerStatus } from './mysql-packet.ts'
import type { NativeCommand, NativeConnection } from './mysql2-client.ts'
import { isInterruption, isServerError } from './mysql2-errors.ts'
import { Exchange, ResultExchange } from './mysql2-exchange.ts'
import { DriverFault } from './sqlite-errors.ts'

/** What became of a request to kill: nothing was asked, the server has answered, or nobody knows. */
export type KillOutcome = 'unsent' | 'answered' | 'unknown'

/** Asks the server over another connection to stop what runs on this one, if `isNeeded` is still true when that is open; never rejects. */
export type KillQuery = (threadId: number, isNeeded: () => boolean) => Promise<KillOutcome>

/** Rows that are being read: while they are, nothing else has a place on the connection. */
export interface OpenRows {
  /** The statement is being cancelled: what is left of the rows is to be read, so that its end is seen. */
  abandon(): void
}

/** An exchange, or what stands for a command of mysql2's own. */
interface Running {
  cancelled: boolean
}

/** How often a status is asked for that a late KILL may hit. */
const maxAsks = 5

/** The conversation with the server on one connection: it knows the state of the transaction, and stops what runs. */
export class Mysql2Channel {
  readonly native: NativeConnection
  /** Statements belong to the session that they were prepared in: a reset begins another one. */
  session = 0
  /** The auto-increment value of the last INSERT. */
  lastInsertId = 0n
  readonly #killQuery: KillQuery
  readonly #cancelTimeoutMs: number
  #status: number = ServerStatus.autocommit
  /** What has not ended, and what is to be called when it has. */
  readonly #running = new Map<Running, (() => void) | null>()
  #rows: OpenRows | null = null
  #cancelling: Promise<void> | null = null
  #closing = false
  #lost: { readonly error: unknown } | null = null
  #reason: unknown
  #onLost: ((error: unknown) => void) | null = null
  #watched = false

  /** @param cancelTimeoutMs a connection on which nothing ends that is to be stopped is given up after so long */
  constructor(native: NativeConnection, killQuery: KillQuery, cancelTimeoutMs: number) {
    this.native = native
    this.#killQuery = killQuery
    this.#cancelTimeoutMs = cancelTimeoutMs
    // Always listened to: without a listener an error of an idle connection would end the process.
    native.on('error', (error) => {
      this.#reason ??= error
    })
    native.stream.once('close', () => this.#ended())
  }

  get inTransaction(): boolean {
    return (this.#status & ServerStatus.inTransaction) !== 0
  }

  /** False once it is closed, or lost. */
  get isOpen(): boolean {
    return !this.#closing && this.#lost === null
  }

  onLost(listener: (error: unknown) => void): void {
    this.#onLost = listener
    if (this.#lost !== null) listener(this.#lost.error)
  }

  /**
   * Sends the exchange when a cancellation is over that is under way, and not before: it would be hit. `onEnd` is called once, when the answer
   * is complete or has failed and the state of the transaction is known.
   *
   * @param keepsTransaction nothing in the statement begins or ends a transaction
   * @param rows what it gives; until it has ended nothing else can be started
   * @throws {DriverFault} `invalidRequest`: rows are being read
   */
  start(exchange: Exchange, keepsTransaction: boolean, onEnd: (error: unknown) => void, rows: OpenRows | null = null): void {
    this.assertFree()
    this.#rows = rows
    const end = (error: unknown): void => {
      if (rows !== null) this.#rows = null
      onEnd(error)
    }
    if (this.#cancelling !== null) void this.#cancelling.then(() => this.#send(exchange, keepsTransaction, end))
    else this.#send(exchange, keepsTransaction, end)
  }

  /** @throws {DriverFault} `invalidRequest`: rows are being read, and what is sent now would wait for somebody to read them all */
  assertFree(): void {
    if (this.#rows === null) return
    throw new DriverFault('invalidRequest', 'The rows of another statement are still being read on this connection.')
  }

  /** As `start`; resolves with the exchange when it has ended. */
  perform<E extends Exchange>(exchange: E, keepsTransaction = true): Promise<E> {
    return new Promise((resolve, reject) => {
      this.start(exchange, keepsTransaction, (error) => (error === undefined ? resolve(exchange) : reject(error)))
    })
  }

  /**
   * As `perform`, for what only makes way for a statement: it fails if that is not wanted any more. Else a cancellation that came too late for
   * this would be over before the statement begins.
   */
  async performBefore<E extends Exchange>(exchange: E): Promise<E> {
    await this.perform(exchange)
    if (exchange.cancelled) throw cancelledFault()
    return exchange
  }

  /** Stops what runs. Resolves when no KILL can hit a statement that is sent later; never rejects. Several at once are one. */
  cancel(): Promise<void> {
    if (this.#cancelling === null && this.#running.size > 0 && this.isOpen) {
      this.#cancelling = this.#cancel().finally(() => {
        this.#cancelling = null
      })
    }
    return this.#cancelling ?? Promise.resolve()
  }

  /** The connection is about to be closed: that it ends is no loss. */
  closing(): void {
    this.#closing = true
  }

  destroy(): void {
    this.#closing = true
    this.native.stream.destroy()
  }

  /** The connection is in other hands as well: what is sent past this channel changes the state of the transaction, too. */
  watchForeignCommands(): void {
    if (this.#watched) return
    this.#watched = true
    const { native } = this
    const addCommand = native.addCommand
    native.addCommand = (command) => {
      if (!(command instanceof Exchange)) this.#watch(command as ForeignCommand)
      return addCommand.call(native, command)
    }
  }

  #watch(command: ForeignCommand): void {
    const running: Running = { cancelled: false }
    let known = false
    this.#running.set(running, null)
    command.on('result', (result) => {
      // Of a statement without rows, the end of the answer; else a row.
      if (typeof result !== 'object' || result === null || !('serverStatus' in result)) return
      this.#status = Number(result.serverStatus)
      known = true
    })
    command.on('end', () => {
      if (!known) void this.#ask()
      this.#forget(running)
    })
  }

  #send(exchange: Exchange, keepsTransaction: boolean, onEnd: (error: unknown) => void): void {
    this.#running.set(exchange, null)
    const end = (error: unknown): void => {
      onEnd(exchange.cancelled && isInterruption(error) ? cancelledFault(error) : error)
      this.#forget(exchange)
    }
    exchange.onEnd = (error) => {
      const { status } = exchange
      if (status !== null) this.#status = status
      // An error has no status. Some of them end the transaction: a deadlock, and a timeout of a lock where the server is told so.
      if (error !== undefined && isServerError(error) && !(keepsTransaction && this.#isPlain)) void this.#ask().then(() => end(error))
      else end(error)
    }
    this.native.addCommand(exchange)
  }

  #forget(running: Running): void {
    const whenEnded = this.#running.get(running)
    this.#running.delete(running)
    whenEnded?.()
  }

  /** No transaction is open, and none begins by itself. */
  get #isPlain(): boolean {
    return !this.inTransaction && (this.#status & ServerStatus.autocommit) !== 0
  }

  /** Learns the state of the transaction by the cheapest statement there is. */
  async #ask(): Promise<void> {
    for (let asked = 0; asked < maxAsks; asked++) {
      const error = await new Promise<unknown>((resolve) => {
        const exchange = ResultExchange.query('DO 0')
        exchange.onEnd = (refusal) => {
          if (exchange.status !== null) this.#status = exchange.status
          resolve(refusal)
        }
        this.native.addCommand(exchange)
      })
      if (error === undefined || !isInterruption(error)) return
    }
  }

  async #cancel(): Promise<void> {
    const running = [...this.#running.keys()]
    for (const one of running) one.cancelled = true
    const ended = Promise.all(running.map((one) => new Promise<void>((resolve) => this.#running.set(one, resolve))))
    this.#rows?.abandon()
    let late: NodeJS.Timeout | undefined
    try {
      for (let asked = false; !asked || !(await endsWithin(ended, repeatCancelMs)); asked = true) {
        const outcome = await this.#killQuery(this.native.threadId, () => running.some((one) => this.#running.has(one)))
        // Nothing was asked, so nothing is to be waited for: the server may be one that is out of reach.
        if (outcome === 'unsent' && !asked) return
        // Nobody knows whom it may still hit, so nothing more is sent here.
        if (outcome === 'unknown') this.#giveUp()
        late ??= setTimeout(() => this.#giveUp(), this.#cancelTimeoutMs)
      }
      // The server forgets a KILL at the end of a statement, whether it was stopped or not: the one behind it is this.
      await this.#ask()
    } finally {
      clearTimeout(late)
    }
  }

  /** The server is out of reach, or may stop whatever is sent. */
  #giveUp(): void {
    this.#reason ??= connectionLost('The server did not stop a statement that it was asked to stop.')
    this.native.stream.destroy()
  }

  #ended(): void {
    // mysql2's own commands do not say that they have ended when the connection has.
    for (const running of this.#running.keys()) this.#forget(running)
    if (this.#closing || this.#lost !== null) return
    this.#lost = { error: this.#reason ?? connectionLost('The server closed the connection.') }
    this.#onLost?.(this.#lost.error)
  }
}

/** A command of mysql2's own: all of them are emitters. */
interface ForeignCommand extends NativeCommand {
  on(event: 'result' | 'end', listener: (result: unknown) => void): unknown
}

export function cancelledFault(cause?: unknown): DriverFault {
  return new DriverFault('cancelled', 'The statement was cancelled.', { driverCode: 'ER_QUERY_INTERRUPTED', cause })
}

function connectionLost(message: string): Error {
  return Object.assign(new Error(message), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true })
}
