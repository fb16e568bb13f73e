import type { MessagePort } from 'node:worker_threads'
import { DriverLoadError, WorkerTerminatedError } from '../errors.ts'
import { type Reply, ReplyKind, RequestKind } from '../protocol/frames.ts'
import type { ConnectionSettings, OpenedConnection } from '../protocol/lease-task.ts'
import type { ServerEvent } from '../protocol/server.ts'
import { version } from '../protocol/version.ts'
import type { WireError } from '../protocol/wire-error.ts'
import { ControlChannel } from './control-channel.ts'
import { errorFromWire } from './error-from-wire.ts'
import type { HostPool } from './process-pool.ts'
import { StatementChannel } from './statement-channel.ts'
import { StatementRegistry } from './statement-registry.ts'
import type { ThreadLease } from './thread-pool.ts'

/**
 * How long a process has to stop a cancelled request by itself, from when its turn has come. Counted in pieces, each a turn of the event loop:
 * a thread that was busy for all of the time has sent and heard nothing meanwhile.
 */
const killAfterTurns = 4
const killTurnMs = 25

export interface LeaseOptions {
  readonly settings: ConnectionSettings
  readonly statementCacheSize: number
  /** Stops a request that is inside a native call, on a connection that has a token for it. */
  readonly interrupt?: ((cells: Int32Array, requestId: number, token: number) => void) | undefined
  /** Told when the thread of an open connection ends by a fault of its own while nobody waits for an answer. */
  readonly onUnnoticedLoss?: ((error: Error) => void) | undefined
}

/**
 * One connection's hold on one thread, from the opening of the database to its closing. A lease is never revived: after the loss of its
 * thread every call fails, so that no statement of an old transaction can run on a replacement.
 */
export class Lease {
  readonly channel: StatementChannel
  readonly statements: StatementRegistry
  readonly #thread: ThreadLease
  readonly #options: LeaseOptions
  readonly #opening: Promise<OpenedConnection>
  #opened: OpenedConnection | null = null
  #interruptToken: number | null = null
  #control: ControlChannel | null = null
  /** What the connection's process has been told to stop. */
  readonly #stopping = new Set<number>()
  /** The one of them that the process is killed for if it is not done with it when the timer fires: it has been its turn all the while. */
  #overdue = 0
  #killTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | null = null
  /** Why it was given up; null while it was not. */
  #terminated: string | null = null
  /** Why a message of the worker could not be read. */
  #unreadable: Error | null = null
  /** As the worker said it. */
  #serverLost: WireError | null = null
  /** Told of what the server says unasked. */
  readonly #onEvent = new Set<(event: Exclude<ServerEvent, { kind: 'lost' }>) => void>()
  readonly #onLost = new Set<(error: Error) => void>()

  private constructor(threads: HostPool, options: LeaseOptions) {
    this.#options = options
    this.channel = new StatementChannel(threads.createPorts?.())
    this.statements = new StatementRegistry(this.channel, options.statementCacheSize)
    this.#opening = this.#awaitOpening()
    // Whoever opened may have given up by then.
    this.#opening.catch(() => {})
    this.channel.onEvent = (event) => this.#hear(event)
    this.channel.onCancel = (id) => this.#cancel(id)
    this.channel.onUnreadable = (error) => this.#giveUpUnreadable(error)
    const { remotePort: port, cancelSlots } = this.channel
    // Whoever makes the ports takes them back.
    this.#thread = threads.lease({ port: port as MessagePort, cancelSlots, version, connection: options.settings })
    void this.#thread.ended.then((reason) => this.#end(reason))
  }

  #cancel(requestId: number): void {
    const options = this.#options
    if (options.settings.server !== null) this.channel.post({ kind: RequestKind.cancel, id: requestId })
    if (this.#interruptToken !== null) options.interrupt?.(this.channel.cancelSlots, requestId, this.#interruptToken)
    if (this.#thread.cancel === undefined) return
    this.#thread.cancel(requestId)
    this.#stopping.add(requestId)
    if (this.#killTimer !== undefined && this.#overdue !== 0) return
    if (this.channel.isNext(requestId)) this.#giveTimeToStop(requestId)
    else if (this.#killTimer === undefined) this.#giveTimeToStop(0)
  }

  #giveTimeToStop(requestId: number, turns = killAfterTurns): void {
    this.#overdue = requestId
    clearTimeout(this.#killTimer)
    this.#killTimer = setTimeout(() => {
      if (turns > 1) this.#giveTimeToStop(requestId, turns - 1)
      else this.#killUnlessStopped()
    }, killTurnMs)
  }

  /** A process that is between rows says so at once; one that does not is inside a native call, perhaps of a statement that somebody waits for. */
  #killUnlessStopped(): void {
    this.#killTimer = undefined
    this.channel.readRest()
    let oldest = Number.POSITIVE_INFINITY
    for (const requestId of this.#stopping) {
      if (this.channel.isOpen(requestId)) oldest = Math.min(oldest, requestId)
      else this.#stopping.delete(requestId)
    }
    if (this.#stopping.size === 0) return
    const next = this.channel.isNext(oldest)
    if (next && oldest === this.#overdue) this.terminate()
    else this.#giveTimeToStop(next ? oldest : 0)
  }

  /** Starts or reuses a thread, which opens the database: `opened` tells how that ended. */
  static start(threads: HostPool, options: LeaseOptions): Lease {
    return new Lease(threads, options)
  }

  /**
   * Resolves when the database is open; the lease is over when it rejects.
   * @throws {OperationalError} the database could not be opened
   * @throws {DriverLoadError} the driver or the thread could not be started
   */
  async opened(signal?: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>()
    const abandon = (): void => {
      this.terminate()
      aborted.reject(signal?.reason)
    }
    signal?.addEventListener('abort', abandon, { once: true })
    try {
      const opened = await Promise.race([this.#opening, aborted.promise])
      // The end of a thread may overtake what it has said last.
      if (this.lost !== null) throw this.lost
      this.#opened = opened
      this.#interruptToken = this.#opened.interruptToken
    } finally {
      signal?.removeEventListener('abort', abandon)
    }
  }

  #awaitOpening(): Promise<OpenedConnection> {
    return new Promise((resolve, reject) => {
      this.channel.awaitOpening({
        // Its modules are loaded.
        partial: () => this.#thread.markStarted(),
        settle: (reply) => {
          this.#thread.markStarted()
          if (reply.kind === ReplyKind.value) resolve(reply.value as OpenedConnection)
          else if (reply.kind === ReplyKind.error) reject(errorFromWire(reply.error, {}))
          else reject(new Error('the worker opened with an unknown reply'))
        },
        fail: reject,
      })
    })
  }

  get threadId(): number {
    return this.#opened?.threadId ?? -1
  }

  /** Why every further call fails, or null while the thread lives. */
  get lost(): Error | null {
    return this.channel.lost
  }

  /** `listener` is told once when the thread is lost or the lease has been closed, unless the function that is given back is called. */
  onLost(listener: (error: Error) => void): () => void {
    if (this.channel.lost === null) this.#onLost.add(listener)
    else listener(this.channel.lost)
    return () => this.#onLost.delete(listener)
  }

  #hear(event: ServerEvent): void {
    if (event.kind === 'lost') this.#serverLost = event.error
    else for (const listener of this.#onEvent) listener(event)
  }

  /** `listener` is told of what the server says unasked, until the function that is given back is called. */
  onEvent(listener: (event: Exclude<ServerEvent, { kind: 'lost' }>) => void): () => void {
    this.#onEvent.add(listener)
    return () => this.#onEvent.delete(listener)
  }

  /** The driver's own handle, opened at first use. */
  get control(): ControlChannel {
    this.#control ??= new ControlChannel(this.channel)
    return this.#control
  }

  /** Resolves when all that the driver's handle was asked for, on a port of its own, has been answered; null when it has been. */
  get handleInUse(): Promise<void> | null {
    return this.#control?.drained ?? null
  }

  /** Sends a request that is answered by one reply. */
  request(post: (id: number) => void): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.channel.lost !== null) {
        reject(this.channel.lost)
        return
      }
      post(this.channel.open({ partial() {}, settle: resolve, fail: reject }))
    })
  }

  /** The worker has opened the connection anew: it is interrupted by another token. */
  set interruptToken(token: number | null) {
    this.#interruptToken = token
  }

  /** Closes the database behind everything sent before, then gives the thread back; resolves when it is free. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.channel.holdUntilLost()
    if (this.lost === null) {
      try {
        // Drain first: the task's end travels on another port and may overtake these replies.
        const { kind } = await this.request((id) => this.channel.post({ kind: RequestKind.close, id }))
        // A function of the user's has left something of the driver's in use, so that it does not close: it goes with its thread.
        if (kind === ReplyKind.error) this.terminate()
      } catch {
        // Lost meanwhile: closed all the same.
      }
    }
    // The end of one that was given up while it opened is for whoever ends all of them: here nothing would keep the program alive until then.
    if (this.#opened !== null || this.lost === null) await this.#thread.ended
  }

  /** Gives the thread up at once. SQLite rolls back what was open when the connection goes down with it. */
  terminate(why = 'it was given up'): void {
    this.#terminated ??= why
    // Nobody waits for a thread that is still starting, or that goes on for others. It sees that its port has been closed.
    if (this.#opened === null) this.channel.lose(this.#errorOf(new Error(this.#terminated)))
    else if (this.#thread.shared === true) this.#end(null)
    this.#thread.terminate()
  }

  /** Whoever waits for what was in the message would wait for ever. */
  #giveUpUnreadable(error: Error): void {
    if (this.#unreadable !== null) return
    this.#unreadable = error
    this.terminate()
  }

  /** Resolves when the thread no longer serves this lease, for whatever reason. */
  get ended(): Promise<Error | null> {
    return this.#thread.ended
  }

  #end(reason: Error | null): void {
    const { onUnnoticedLoss } = this.#options
    clearTimeout(this.#killTimer)
    this.channel.readRest()
    const error = this.#errorOf(reason)
    const ownFault = reason !== null && this.#terminated === null && this.#opened !== null
    if (ownFault && this.channel.pending === 0 && this.#control?.idle !== false) onUnnoticedLoss?.(error)
    this.channel.lose(error)
    this.#control?.lose(error)
    for (const listener of this.#onLost) listener(error)
    this.#onLost.clear()
  }

  #errorOf(reason: Error | null): Error {
    if (this.#serverLost !== null) return errorFromWire(this.#serverLost, {})
    const ended = 'The worker thread of this connection has ended'
    if (this.#unreadable !== null) {
      const { message } = this.#unreadable
      return new WorkerTerminatedError(`${ended}: an answer of it could not be read (${message})`, { cause: this.#unreadable })
    }
    if (this.#terminated !== null) return new WorkerTerminatedError(`${ended}: ${this.#terminated}`)
    if (this.#opened !== null) {
      return reason === null
        ? new WorkerTerminatedError(`${ended}: it was closed`)
        : new WorkerTerminatedError(`${ended}: ${reason.message}`, { cause: reason })
    }
    if (reason instanceof DriverLoadError) return reason
    const { message } = reason ?? new Error('it has nothing to serve a connection with')
    return new DriverLoadError(`The worker thread ended before it had opened the database: ${message}`, { cause: reason })
  }
}
