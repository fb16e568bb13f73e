import { performance } from 'node:perf_hooks'
import { DriverLoadError, PoolTimeoutError, ResourceClosedError } from '../errors.ts'
import type { ConnectionSettings } from '../protocol/lease-task.ts'
import type { EngineURL } from '../sql/url.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { Lease, type LeaseOptions } from '../transport/lease.ts'
import type { HostPool } from '../transport/process-pool.ts'
import { findWorkerFile } from '../transport/worker-file.ts'
import type { AccessGate } from './access-gate.ts'
import { type WaitOptions, watchDeadline } from './deadline.ts'
import type { Logger, ResolvedEngineOptions } from './options.ts'
import { PhysicalConnection } from './physical-connection.ts'
import { echo, publishNotice, traceConnect } from './tracing.ts'

/** However little time a caller has left, opening gets this much: a cold thread on a busy machine is no hang. */
export const minOpeningMs = 1_000

/** The database behind an engine: opens connections to it, wherever they are served, and ends them. */
export abstract class Database {
  /** The queue of writers, where the database has none of its own. */
  abstract readonly gate: AccessGate
  /** It lives as long as somebody has it open, and has no snapshots. */
  abstract readonly memory: boolean
  /** What rests may have been cut off unnoticed. */
  abstract readonly pingsIdle: boolean
  /** No connection writes. */
  abstract readonly readonly: boolean
  protected readonly url: EngineURL
  protected readonly options: ResolvedEngineOptions
  protected readonly logger: Logger
  #hosts: Promise<HostPool> | null = null
  readonly #leases = new Set<Lease>()
  readonly #connections = new Set<PhysicalConnection>()
  #closed = false
  #destroyed: Promise<void> | null = null

  constructor(url: EngineURL, options: ResolvedEngineOptions, logger: Logger) {
    this.url = url
    this.options = options
    this.logger = logger
  }

  /** Whether the database ends with this connection, because no other one keeps it. */
  keptBy(connection: PhysicalConnection): boolean {
    if (!this.memory) return false
    // One that is opening does not hold it yet, and one that is closing not any more.
    for (const other of this.#connections) if (other !== connection && !other.closing && other.lost === null) return false
    return true
  }

  /**
   * Opens a connection, within `pool.acquireTimeoutMs` if nothing else is said: a driver or a `setup` module can hang.
   * @throws {OperationalError} the database could not be opened
   * @throws {PoolTimeoutError} it could not be opened in time
   */
  open(readonly: boolean, wait: WaitOptions = {}): Promise<PhysicalConnection> {
    return traceConnect({ database: this.url.toString(), readonly }, () => this.#openInTime(readonly, wait))
  }

  async #openInTime(
    readonly: boolean,
    { signal, timeoutMs = this.options.pool.acquireTimeoutMs }: WaitOptions,
  ): Promise<PhysicalConnection> {
    const limitMs = Math.max(timeoutMs, minOpeningMs)
    const expiry = new AbortController()
    const stop = watchDeadline({ signal, timeoutMs: limitMs }, (error) => {
      expiry.abort(signal?.aborted === true ? error : new PoolTimeoutError(`The database did not open within ${Math.round(limitMs)} ms.`))
    })
    try {
      return await this.connect(readonly, expiry.signal)
    } catch (error) {
      if (this.#closed) throw new ResourceClosedError('This Engine is closed.', { cause: error })
      throw withCallersStack(expiry.signal.aborted ? expiry.signal.reason : error)
    } finally {
      stop()
    }
  }

  /** Opens a connection by `lease`; rejects with the signal's reason when that aborts. */
  protected abstract connect(readonly: boolean, signal: AbortSignal): Promise<PhysicalConnection>

  /** What the connections run in; loaded with the first one. */
  protected abstract openHosts(workerFile: URL): Promise<HostPool>

  async #openHosts(): Promise<HostPool> {
    try {
      return await this.openHosts(findWorkerFile(this.options.worker))
    } catch (error) {
      // The next connection tries again.
      this.#hosts = null
      if (error instanceof DriverLoadError) throw error
      throw new DriverLoadError(`What runs the driver could not be loaded: ${(error as Error).message}`, { cause: error })
    }
  }

  protected async lease(settings: ConnectionSettings, signal: AbortSignal): Promise<PhysicalConnection> {
    this.#hosts ??= this.#openHosts()
    const hosts = await this.#hosts
    if (this.#closed) throw new Error('nothing is opened any more')
    // A lease hears of an abort that comes, and not of one that has come while the hosts were loaded.
    signal.throwIfAborted()
    const lease = Lease.start(hosts, {
      settings,
      statementCacheSize: this.options.statementCacheSize,
      interrupt: this.interrupt(hosts),
      onUnnoticedLoss: ({ message }) => this.logger.warn(`offloop: ${message.replace(/\.$/, '')}. It is replaced when it is next needed.`),
    })
    this.#leases.add(lease)
    void lease.ended.then(() => this.#leases.delete(lease))
    await lease.opened(signal)
    const { options, logger } = this
    const connection = new PhysicalConnection(lease, this.gate, {
      readonly: settings.readonly,
      resetTimeoutMs: options.pool.acquireTimeoutMs,
      echo: (sql) => echo({ options, logger }, sql),
    })
    lease.onEvent((event) => {
      if (event.kind !== 'notice') return
      const { severity, message, driverCode } = event
      publishNotice({ connectionId: connection.id, severity, message, driverCode })
    })
    this.#connections.add(connection)
    void lease.ended.then(() => this.#connections.delete(connection))
    return connection
  }

  /** By which a statement inside a native call is stopped. */
  protected interrupt(_hosts: HostPool): LeaseOptions['interrupt'] {
    return undefined
  }

  /** What one connection has found out holds for all that are open: whoever comes next is to have the database as it is now. */
  protected outdateConnections(): void {
    for (const connection of this.#connections) connection.outdate()
  }

  /** Nothing is opened any more; closes every connection behind what has been sent on it. */
  async close(): Promise<void> {
    this.#closed = true
    await this.closeConnections([...this.#connections])
    await Promise.all([...this.#leases].map((lease) => lease.close()))
  }

  /** Those that are to be closed before all others, in whatever order they need. */
  protected async closeConnections(_connections: readonly PhysicalConnection[]): Promise<void> {}

  /** Gives every connection up at once. A thread inside a native call ends when that returns. */
  terminate(): void {
    this.#closed = true
    for (const lease of this.#leases) lease.terminate('the engine was closed by force')
  }

  /** Frees what is left when the last connection has ended, before the threads end. */
  protected async leave(): Promise<void> {}

  async #destroy(): Promise<void> {
    await this.leave()
    const hosts = await this.#hosts?.catch(() => null)
    await hosts?.destroy()
  }

  /** Ends every thread; resolves when none is left, or at `deadline` (of `performance.now()`). */
  async destroy(deadline = Number.POSITIVE_INFINITY): Promise<void> {
    this.#destroyed ??= this.#destroy()
    const destroyed = this.#destroyed
    if (deadline === Number.POSITIVE_INFINITY) {
      await destroyed
      return
    }
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, deadline - performance.now()))
    })
    await Promise.race([destroyed, expired])
    clearTimeout(timer)
  }
}
