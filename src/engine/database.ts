import { existsSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { AbortError, DriverLoadError, PoolTimeoutError, ResourceClosedError } from '../errors.ts'
import type { ConnectionSettings } from '../protocol/lease-task.ts'
import type { EngineURL } from '../sql/url.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { Lease, type LeaseOptions } from '../transport/lease.ts'
import type { HostPool } from '../transport/process-pool.ts'
import { AccessGate } from './access-gate.ts'
import { type DatabaseLocation, resolveDatabasePath } from './database-path.ts'
import { rejectionBy, type WaitOptions, watchDeadline } from './deadline.ts'
import { enterEngine } from './engines-of-file.ts'
import { Interrupter } from './interrupter.ts'
import type { Logger, ResolvedEngineOptions } from './options.ts'
import { PhysicalConnection } from './physical-connection.ts'
import { traceConnect } from './tracing.ts'

/** However little time a caller has left, opening gets this much: a cold thread on a busy machine is no hang. */
const minOpeningMs = 1_000

/** The database behind an engine: opens connections to it, each on a thread of its own. */
export class Database {
  readonly gate: AccessGate
  readonly memory: boolean
  /** By its URL: no connection writes. */
  readonly readonly: boolean
  readonly #url: EngineURL
  readonly #options: ResolvedEngineOptions
  readonly #logger: Logger
  #hosts: Promise<HostPool> | null = null
  #interrupter: Interrupter | null = null
  readonly #leases = new Set<Lease>()
  readonly #connections = new Set<PhysicalConnection>()
  #location: Promise<DatabaseLocation> | null = null
  /** A connection that could write has been open: the file exists, in its journal mode. */
  #initialised: Promise<void> | null = null
  /** Takes this engine out of the ones that have its file open. */
  #leaveFile: Promise<() => void> | null = null
  #closed = false
  #destroyed: Promise<void> | null = null
  readonly #memoryName = `file:/offloop-${crypto.randomUUID()}?vfs=memdb`

  constructor(url: EngineURL, options: ResolvedEngineOptions, logger: Logger) {
    this.#url = url
    this.#options = options
    this.#logger = logger
    this.memory = url.database === undefined || url.database === ':memory:'
    this.readonly = url.query['mode'] === 'ro'
    this.gate = new AccessGate(options.busyTimeoutMs)
  }

  /** Whether this is a memory database, and no other connection keeps it alive. */
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
    return traceConnect({ database: this.#url.toString(), readonly }, () => this.#openInTime(readonly, wait))
  }

  async #openInTime(
    readonly: boolean,
    { signal, timeoutMs = this.#options.pool.acquireTimeoutMs }: WaitOptions,
  ): Promise<PhysicalConnection> {
    const limitMs = Math.max(timeoutMs, minOpeningMs)
    const expiry = new AbortController()
    const stop = watchDeadline({ signal, timeoutMs: limitMs }, (error) => {
      expiry.abort(error instanceof AbortError ? error : new PoolTimeoutError(`The database did not open within ${limitMs} ms.`))
    })
    try {
      return await this.#open(readonly, expiry.signal)
    } catch (error) {
      if (this.#closed) throw new ResourceClosedError('This Engine is closed.', { cause: error })
      throw withCallersStack(expiry.signal.aborted ? expiry.signal.reason : error)
    } finally {
      stop()
    }
  }

  async #open(readonly: boolean, signal: AbortSignal): Promise<PhysicalConnection> {
    this.#location ??= resolveDatabasePath(this.#url, this.#options)
    const location = await this.#location
    const wanted = readonly || this.readonly
    // The first connection makes the file and sets its journal mode: two at once would find each other's locks, and a reader no file.
    while (this.#initialised !== null) {
      const opened = this.#initialised.then(
        () => true,
        () => false,
      )
      if (await Promise.race([opened, rejectionBy(signal)])) return this.#lease(location, wanted, signal)
    }
    const first = this.#lease(location, this.readonly, signal)
    const initialised = first.then(() => {})
    // Whoever opens next looks at it; perhaps nobody does.
    initialised.catch(() => {})
    this.#initialised = initialised
    try {
      const connection = await first
      this.#leaveFile ??= enterEngine(location, this.#options.driver ?? this.#url.driver, this.#logger)
      if (wanted !== connection.readonly) await connection.reset(wanted, signal)
      return connection
    } catch (error) {
      if (this.#initialised === initialised) this.#initialised = null
      throw error
    }
  }

  async #lease(location: DatabaseLocation, readonly: boolean, signal: AbortSignal): Promise<PhysicalConnection> {
    this.#hosts ??= this.#openHosts().catch((error: Error) => {
      // The next connection tries again.
      this.#hosts = null
      throw new DriverLoadError(`What runs the driver could not be loaded: ${error.message}`, { cause: error })
    })
    const hosts = await this.#hosts
    if (this.#closed) throw new Error('nothing is opened any more')
    const lease = Lease.start(hosts, {
      settings: this.#settings(location, readonly),
      statementCacheSize: this.#options.statementCacheSize,
      interrupt: this.#startInterrupter(hosts),
      onUnnoticedLoss: ({ message }) => this.#logger.warn(`offloop: ${message}. It is replaced when it is next needed.`),
    })
    this.#leases.add(lease)
    void lease.ended.then(() => this.#leases.delete(lease))
    await lease.opened(signal)
    const connection = new PhysicalConnection(lease, this.gate, { readonly, resetTimeoutMs: this.#options.pool.acquireTimeoutMs })
    this.#connections.add(connection)
    void lease.ended.then(() => this.#connections.delete(connection))
    connection.onFileGone(() => this.#outdateConnections())
    return connection
  }

  /** Loaded with the first connection: what only imports this package, or opens nothing, does not wait for it. */
  async #openHosts(): Promise<HostPool> {
    const { isolation, pool, resourceLimits } = this.#options
    if (isolation === 'process') {
      const { ProcessPool } = await import('../transport/process-pool.ts')
      return new ProcessPool()
    }
    const { ThreadPool } = await import('../transport/thread-pool.ts')
    return new ThreadPool({ idleTimeoutMs: pool.idleTimeoutMs, resourceLimits })
  }

  /** What one connection has found out holds for all that are open: whoever comes next is to have the file that is at the path now. */
  #outdateConnections(): void {
    this.#initialised = null
    for (const connection of this.#connections) connection.outdate()
  }

  #startInterrupter(threads: HostPool): LeaseOptions['interrupt'] {
    const { interrupt: extension } = this.#options
    if (extension === undefined) return undefined
    this.#interrupter ??= new Interrupter(threads, extension)
    const interrupter = this.#interrupter
    return (cells, requestId, token) => void interrupter.interrupt(cells, requestId, token)
  }

  #settings(location: DatabaseLocation, readonly: boolean): ConnectionSettings {
    const { busyTimeoutMs, pragmas, setup, maxBufferedBytes, driver } = this.#options
    const file = location.kind === 'file'
    return {
      driver: driver ?? this.#url.driver,
      database: file ? location.path : this.#memoryName,
      uri: !file,
      readonly,
      mustExist: file && location.mode !== 'rwc',
      busyTimeoutMs,
      pragmas,
      setup,
      interrupt: this.#options.interrupt,
      maxBufferedBytes,
    }
  }

  /**
   * Nothing is opened any more; closes every connection behind what has been sent on it. The last one is able to write: only such a one takes the WAL file with it.
   * https://www.sqlite.org/wal.html#the_wal_file
   */
  async close(): Promise<void> {
    this.#closed = true
    const connections = [...this.#connections].sort((one, other) => Number(one.readonly) - Number(other.readonly))
    const [last] = connections
    await Promise.all(connections.slice(1).map(({ lease }) => lease.close()))
    if (last?.readonly === true && (await this.#isThereToWrite())) await last.reset(false).catch(() => {})
    await Promise.all([...this.#leases].map((lease) => lease.close()))
  }

  /** A file that somebody has removed meanwhile is not to be made again. */
  async #isThereToWrite(): Promise<boolean> {
    const location = await this.#location
    return location?.kind === 'file' && !this.readonly && existsSync(location.path)
  }

  /** Gives every connection up at once. A thread inside a native call ends when that returns. */
  terminate(): void {
    this.#closed = true
    for (const lease of this.#leases) lease.terminate()
  }

  async #destroy(): Promise<void> {
    const leaveFile = await this.#leaveFile
    leaveFile?.()
    await this.#interrupter?.close()
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
