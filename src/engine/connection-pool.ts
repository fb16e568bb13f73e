import { PoolQueueFullError, PoolTimeoutError, ResourceClosedError } from '../errors.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import type { ConnectOptions } from './contract.ts'
import type { Database } from './database.ts'
import { abortErrorOf, type WaitOptions, watchDeadline } from './deadline.ts'
import { Opening } from './opening.ts'
import type { Logger, ResolvedEngineOptions } from './options.ts'
import type { PhysicalConnection } from './physical-connection.ts'

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface IdleConnection {
  readonly connection: PhysicalConnection
  readonly since: number
}

/** What ends the wait of one who takes a connection. */
type TakeOptions = WaitOptions & { readonly timeoutMs: number }

/** A server may have gone while a connection rested, without a word where a network lies between: one that has rested for longer is asked. */
const pingAfterMs = 500
const maxPingMs = 5_000

/** When and, if leaks are looked for, where a connection was checked out. */
interface Checkout {
  readonly at: number
  readonly stack: Error | null
  readonly timer: NodeJS.Timeout | undefined
}

/**
 * The connections that users check out: up to `max` of them, handed out first come, first served, reset before anybody else gets them.
 * A connection whose thread is stuck in a call that nobody waits for any more counts as quarantined, and not against `max`.
 */
export class ConnectionPool {
  readonly #database: Database
  readonly #options: ResolvedEngineOptions
  readonly #logger: Logger
  readonly #connections = new Set<PhysicalConnection>()
  readonly #idle: IdleConnection[] = []
  readonly #checkouts = new Map<PhysicalConnection, Checkout>()
  readonly #waiters: Waiter[] = []
  /** For those who have a place, in the order in which they came. */
  readonly #openings = new Set<Opening>()
  /** Called when somebody finds no place: whoever has a connection only in case it is wanted gives it back at once. */
  onShortage: (() => void) | null = null
  /** Places promised to callers that are opening, or that have been told that there is one. */
  #reserved = 0
  #closed = false

  constructor(database: Database, options: ResolvedEngineOptions, logger: Logger) {
    this.#database = database
    this.#options = options
    this.#logger = logger
  }

  get connections(): ReadonlySet<PhysicalConnection> {
    return this.#connections
  }

  get inUse(): number {
    return this.#checkouts.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get waiting(): number {
    return this.#waiters.length
  }

  /**
   * @throws {PoolTimeoutError} no connection became free in time
   * @throws {PoolQueueFullError} `maxQueue` callers wait already
   */
  async acquire({
    readonly = false,
    signal,
    timeoutMs = this.#options.pool.acquireTimeoutMs,
  }: ConnectOptions): Promise<PhysicalConnection> {
    if (signal?.aborted === true) throw abortErrorOf(signal)
    this.#assertOpen()
    const startedAt = performance.now()
    if (!this.#hasPlace()) this.onShortage?.()
    if (this.#waiters.length > 0 || !this.#hasPlace()) {
      await this.#wait(signal, timeoutMs).catch((error: unknown) => {
        throw withCallersStack(error)
      })
    } else {
      this.#reserved++
    }
    // From here on a place is reserved: it becomes a checkout, or is given up.
    try {
      const connection = await this.#take(readonly || this.#database.readonly, {
        signal,
        timeoutMs: Math.max(0, timeoutMs - (performance.now() - startedAt)),
      })
      this.#checkOut(connection)
      return connection
    } finally {
      this.#reserved--
      this.#serve()
    }
  }

  async #take(readonly: boolean, wait: TakeOptions): Promise<PhysicalConnection> {
    for (let idle = this.#takeIdle(readonly); idle !== undefined; idle = this.#takeIdle(readonly)) {
      const { connection } = idle
      const rested = this.#database.pingsIdle && performance.now() - idle.since > pingAfterMs
      if (connection.readonly === readonly && !rested) return connection
      if (await this.#makeReady(connection, readonly, { ...wait, rested })) return connection
    }
    return await this.#open(readonly, wait)
  }

  /** False when the connection is gone. */
  async #makeReady(connection: PhysicalConnection, readonly: boolean, wait: TakeOptions & { readonly rested: boolean }): Promise<boolean> {
    const { signal, timeoutMs, rested } = wait
    try {
      // A network that has fallen silent refuses nothing: there has to be time left to open another one.
      if (rested) await connection.ping({ signal, timeoutMs: Math.min(timeoutMs / 2, maxPingMs) })
      // A memory database may end with a connection that is given up: this one is put back when it is ready.
      if (connection.readonly !== readonly) await connection.reset(readonly, this.#database.memory ? undefined : signal)
    } catch {
      void this.#retire(connection)
      return false
    }
    this.#assertWanted(connection, signal)
    return connection.lost === null
  }

  /** Opens a connection, and takes one that comes back before that is open. */
  async #open(readonly: boolean, wait: TakeOptions): Promise<PhysicalConnection> {
    const { signal, timeoutMs } = wait
    const opening = new Opening(async (own) => {
      const opened = await this.#database.open(readonly, { signal: own, timeoutMs })
      this.#add(opened)
      return opened
    }, signal)
    this.#openings.add(opening)
    try {
      for (;;) {
        const connection = await opening.next()
        this.#assertWanted(connection, signal)
        if (opening.taken) return connection
        if (connection.outdated) void this.#retire(connection)
        else if (await this.#makeReady(connection, readonly, { ...wait, rested: false })) return connection
      }
    } catch (error) {
      throw withCallersStack(error)
    } finally {
      this.#openings.delete(opening)
      this.#keep(opening.leave())
    }
  }

  /** Those who wait for one to open came before those who wait for a place. */
  #giveToOpening(connection: PhysicalConnection): boolean {
    for (const opening of this.#openings) if (opening.give(connection)) return true
    return false
  }

  /** What was opened for somebody who does not need it any more is there for others. It has had its place all the while. */
  #keep(opened: Promise<PhysicalConnection> | null): void {
    if (opened === null) return
    this.#reserved++
    const free = (): void => {
      this.#reserved--
      this.#serve()
    }
    // A failure is nobody's: whoever has waited for its place opens by himself.
    opened.then((connection) => this.#becomeIdle(connection), noop).finally(free)
  }

  /** A connection that is ready when its caller has given up may have been given up with him: it goes. */
  #assertWanted(connection: PhysicalConnection, signal: AbortSignal | undefined): void {
    if (signal?.aborted !== true && !this.#closed) return
    void this.#retire(connection)
    throw signal?.aborted === true ? abortErrorOf(signal) : this.#closedError()
  }

  /** The one used last, for its warm caches; one that is open the same way before one that has to be reopened. */
  #takeIdle(readonly: boolean): IdleConnection | undefined {
    const same = this.#idle.findLastIndex(({ connection }) => connection.readonly === readonly)
    const index = same < 0 ? this.#idle.length - 1 : same
    return index < 0 ? undefined : this.#idle.splice(index, 1)[0]
  }

  #hasPlace(): boolean {
    return this.#occupied() < this.#options.pool.max
  }

  /** Places that a new caller cannot have: idle connections are not among them. */
  #occupied(): number {
    const quarantined = this.#quarantined()
    const busy = this.#connections.size - this.#idle.length - quarantined + this.#reserved
    // Stuck threads do not count against the limit, but they cannot pile up without end either.
    return busy + Math.max(0, quarantined - this.#options.pool.max)
  }

  #quarantined(): number {
    let quarantined = 0
    for (const connection of this.#connections) if (connection.quarantined) quarantined++
    return quarantined
  }

  #wait(signal: AbortSignal | undefined, timeoutMs: number): Promise<void> {
    const { maxQueue, max } = this.#options.pool
    if (this.#waiters.length >= maxQueue) {
      return Promise.reject(
        new PoolQueueFullError(`All ${max} connections are in use and ${this.#waiters.length} callers wait already (pool.maxQueue).`, {
          pool: this.#state(),
        }),
      )
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        stop()
        const index = this.#waiters.indexOf(waiter)
        if (index >= 0) this.#waiters.splice(index, 1)
      }
      const waiter: Waiter = {
        resolve: () => {
          leave()
          resolve()
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      const stop = watchDeadline({ signal, timeoutMs }, (error) =>
        waiter.reject(signal?.aborted === true ? error : this.#timeoutError(timeoutMs)),
      )
      this.#waiters.push(waiter)
    })
  }

  /** Gives free places to those who have waited longest. */
  #serve(): void {
    while (this.#hasPlace()) {
      const waiter = this.#waiters[0]
      if (waiter === undefined) return
      this.#reserved++
      waiter.resolve()
    }
  }

  #checkOut(connection: PhysicalConnection): void {
    const { leakDetectionMs } = this.#options
    let stack: Error | null = null
    let timer: NodeJS.Timeout | undefined
    if (leakDetectionMs !== undefined) {
      stack = new Error('checked out')
      timer = setTimeout(() => this.#reportLeak(connection, leakDetectionMs), leakDetectionMs).unref()
    }
    this.#checkouts.set(connection, { at: performance.now(), stack, timer })
  }

  #reportLeak(connection: PhysicalConnection, afterMs: number): void {
    const where = this.checkoutStack(connection)
    this.#logger.warn(`offloop: connection ${connection.id} has been checked out for more than ${afterMs} ms.${where}`)
  }

  /** Where a connection was checked out, as the end of a message; empty without leak detection. */
  checkoutStack(connection: PhysicalConnection): string {
    return whereCheckedOut(this.#checkouts.get(connection))
  }

  /** Takes a connection back; resolves when it is as good as new, or gone. */
  async release(connection: PhysicalConnection, discard: boolean): Promise<void> {
    const checkout = this.#checkouts.get(connection)
    if (checkout === undefined) return
    clearTimeout(checkout.timer)
    this.#checkouts.delete(connection)
    const goes = discard || connection.outdated
    if (!goes && !connection.needsReset) {
      this.#becomeIdle(connection)
      return
    }
    const done = goes ? this.#retire(connection) : this.#resetAndKeep(connection)
    // A stuck thread is waited for by the pool, not by the borrower.
    if (!connection.quarantined) await done
  }

  async #resetAndKeep(connection: PhysicalConnection): Promise<void> {
    try {
      await connection.reset(connection.readonly)
    } catch {
      await this.#retire(connection)
      return
    }
    if (connection.outdated) await this.#retire(connection)
    else this.#becomeIdle(connection)
  }

  #becomeIdle(connection: PhysicalConnection): void {
    if (connection.lost !== null) return
    // It has been stuck, and meanwhile another one was opened in its place.
    if (this.#connections.size - this.#quarantined() > this.#options.pool.max) {
      void this.#retire(connection)
      return
    }
    if (this.#openings.size > 0 && this.#giveToOpening(connection)) return
    this.#idle.push({ connection, since: performance.now() })
    this.#serve()
  }

  #connectionChanged(connection: PhysicalConnection): void {
    if (connection.lost !== null) this.#drop(connection)
    else if (connection.outdated && this.#isIdle(connection)) void this.#retire(connection)
    else this.#serve()
  }

  #isIdle(connection: PhysicalConnection): boolean {
    return this.#idle.some((entry) => entry.connection === connection)
  }

  /** Forgets a connection: its place is free at once. */
  #drop(connection: PhysicalConnection): void {
    this.#connections.delete(connection)
    const index = this.#idle.findIndex((entry) => entry.connection === connection)
    if (index >= 0) this.#idle.splice(index, 1)
    clearTimeout(this.#checkouts.get(connection)?.timer)
    this.#checkouts.delete(connection)
    this.#serve()
  }

  async #retire(connection: PhysicalConnection): Promise<void> {
    this.#drop(connection)
    if (!this.#closed && this.#database.keptBy(connection)) await this.#openHeir()
    await connection.close()
  }

  /** A memory database ends with its last connection: another one takes it over first. */
  async #openHeir(): Promise<void> {
    try {
      const heir = await this.#database.open(false)
      this.#add(heir)
      this.#becomeIdle(heir)
    } catch (error) {
      this.#logger.error('offloop: a memory database is lost, since no other connection to it could be opened:', error)
    }
  }

  #add(connection: PhysicalConnection): void {
    this.#connections.add(connection)
    connection.onChange(() => this.#connectionChanged(connection))
  }

  /** Closes connections that have been idle for too long. */
  sweep(now: number): void {
    const { idleTimeoutMs, min } = this.#options.pool
    for (const { connection, since } of [...this.#idle]) {
      const spare = this.#connections.size > min && !this.#database.keptBy(connection)
      if (spare && now - since >= idleTimeoutMs) void this.#retire(connection)
    }
  }

  /** Nobody gets a connection any more; those that come back wait for the database to close them. */
  close(): void {
    this.#closed = true
    for (const waiter of [...this.#waiters]) waiter.reject(this.#closedError())
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#closedError()
  }

  #closedError(): ResourceClosedError {
    return new ResourceClosedError('This Engine is closed.')
  }

  #state(): { readonly size: number; readonly inUse: number; readonly waiting: number } {
    return { size: this.#connections.size, inUse: this.inUse, waiting: this.waiting }
  }

  #timeoutError(timeoutMs: number): PoolTimeoutError {
    const { size, inUse, waiting } = this.#state()
    let longest: Checkout | undefined
    for (const checkout of this.#checkouts.values()) if (longest === undefined || checkout.at < longest.at) longest = checkout
    const held = longest === undefined ? '' : ` The longest has been held for ${Math.round(performance.now() - longest.at)} ms.`
    const where = whereCheckedOut(longest)
    return new PoolTimeoutError(
      `No connection became free within ${timeoutMs} ms: ${inUse} of ${this.#options.pool.max} are checked out, ${waiting} callers wait.${held}${where}`,
      { pool: { size, inUse, waiting } },
    )
  }
}

function whereCheckedOut(checkout: Checkout | undefined): string {
  const stack = checkout?.stack?.stack
  return stack === undefined ? '' : ` It was checked out here:\n${stack.split('\n').slice(1).join('\n')}`
}

function noop(): void {}
