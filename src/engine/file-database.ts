import { existsSync } from 'node:fs'
import type { ConnectionSettings } from '../protocol/lease-task.ts'
import type { EngineURL } from '../sql/url.ts'
import type { LeaseOptions } from '../transport/lease.ts'
import type { HostPool } from '../transport/process-pool.ts'
import { AccessGate } from './access-gate.ts'
import { Database } from './database.ts'
import { type DatabaseLocation, resolveDatabasePath, workingDirectory } from './database-path.ts'
import { rejectionBy } from './deadline.ts'
import { enterEngine } from './engines-of-file.ts'
import { Interrupter } from './interrupter.ts'
import type { Logger, ResolvedEngineOptions } from './options.ts'
import type { PhysicalConnection } from './physical-connection.ts'

/** A database in a file of this machine, or in memory: each connection has a thread, or a process, of its own. */
export class FileDatabase extends Database {
  readonly gate: AccessGate
  readonly memory: boolean
  readonly pingsIdle = false
  readonly readonly: boolean
  #interrupter: Interrupter | null = null
  #location: Promise<DatabaseLocation> | null = null
  /** A connection that could write has been open: the file exists, in its journal mode. */
  #initialised: Promise<void> | null = null
  /** Takes this engine out of the ones that have its file open. */
  #leaveFile: Promise<() => void> | null = null
  /** A relative path means the same file, wherever the program has gone by the time the file is opened. */
  readonly #workingDirectory = workingDirectory()
  readonly #memoryName = `file:/offloop-${crypto.randomUUID()}?vfs=memdb`

  constructor(url: EngineURL, options: ResolvedEngineOptions, logger: Logger) {
    super(url, options, logger)
    this.gate = new AccessGate(options.busyTimeoutMs)
    this.memory = url.database === undefined || url.database === ':memory:'
    this.readonly = url.query['mode'] === 'ro'
  }

  /** Once; what could not be found may be there the next time. */
  #locate(): Promise<DatabaseLocation> {
    if (this.#location === null) {
      const { baseDirectory } = this.options
      const location = resolveDatabasePath(this.url, { baseDirectory, workingDirectory: this.#workingDirectory })
      location.catch(() => {
        this.#location = null
      })
      this.#location = location
    }
    return this.#location
  }

  protected override async connect(readonly: boolean, signal: AbortSignal): Promise<PhysicalConnection> {
    const location = await this.#locate()
    const wanted = readonly || this.readonly
    // The first connection makes the file and sets its journal mode: two at once would find each other's locks, and a reader no file.
    while (this.#initialised !== null) {
      const opened = this.#initialised.then(
        () => true,
        () => false,
      )
      if (await Promise.race([opened, rejectionBy(signal)])) return this.#open(location, wanted, signal)
    }
    const first = this.#open(location, this.readonly, signal)
    const initialised = first.then(() => {})
    // Whoever opens next looks at it; perhaps nobody does.
    initialised.catch(() => {})
    this.#initialised = initialised
    try {
      const connection = await first
      this.#leaveFile ??= enterEngine(location, this.options.driver ?? this.url.driver, this.logger)
      if (wanted !== connection.readonly) await this.#reopen(connection, wanted, signal)
      return connection
    } catch (error) {
      if (this.#initialised === initialised) this.#initialised = null
      throw error
    }
  }

  async #reopen(connection: PhysicalConnection, readonly: boolean, signal: AbortSignal): Promise<void> {
    try {
      await connection.reset(readonly, signal)
    } catch (error) {
      // Nobody has it, to close it.
      void connection.close()
      throw error
    }
  }

  async #open(location: DatabaseLocation, readonly: boolean, signal: AbortSignal): Promise<PhysicalConnection> {
    const connection = await this.lease(this.#settings(location, readonly), signal)
    connection.onFileGone(() => {
      this.#initialised = null
      this.outdateConnections()
    })
    return connection
  }

  protected override async openHosts(workerFile: URL): Promise<HostPool> {
    const { isolation, pool, resourceLimits } = this.options
    if (isolation === 'process') {
      const { ProcessPool } = await import('../transport/process-pool.ts')
      return new ProcessPool(workerFile, resourceLimits)
    }
    const { ThreadPool } = await import('../transport/thread-pool.ts')
    return new ThreadPool({ workerFile, idleTimeoutMs: pool.idleTimeoutMs, resourceLimits, threads: null })
  }

  protected override interrupt(hosts: HostPool): LeaseOptions['interrupt'] {
    const { interrupt: extension } = this.options
    if (extension === undefined) return undefined
    this.#interrupter ??= new Interrupter(hosts, extension)
    const interrupter = this.#interrupter
    return (cells, requestId, token) => void interrupter.interrupt(cells, requestId, token)
  }

  #settings(location: DatabaseLocation, readonly: boolean): ConnectionSettings {
    const { busyTimeoutMs, pragmas, setup, maxBufferedBytes, driver, interrupt } = this.options
    const file = location.kind === 'file'
    return {
      driver: driver ?? this.url.driver,
      database: file ? location.path : this.#memoryName,
      uri: !file,
      readonly,
      mustExist: file && location.mode !== 'rwc',
      busyTimeoutMs,
      pragmas,
      server: null,
      setup,
      interrupt,
      maxBufferedBytes,
    }
  }

  /**
   * The last one is able to write: only such a one takes the WAL file with it.
   * https://www.sqlite.org/wal.html#the_wal_file
   */
  protected override async closeConnections(connections: readonly PhysicalConnection[]): Promise<void> {
    const [last, ...others] = connections.toSorted((one, other) => Number(one.readonly) - Number(other.readonly))
    await Promise.all(others.map(({ lease }) => lease.close()))
    if (last?.readonly === true && (await this.#isThereToWrite())) await last.reset(false).catch(() => {})
  }

  /** A file that somebody has removed meanwhile is not to be made again. */
  async #isThereToWrite(): Promise<boolean> {
    const location = await this.#location
    return location?.kind === 'file' && !this.readonly && existsSync(location.path)
  }

  protected override async leave(): Promise<void> {
    const leaveFile = await this.#leaveFile
    leaveFile?.()
    await this.#interrupter?.close()
  }
}
