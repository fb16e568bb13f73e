import type { ConnectionSettings } from '../protocol/lease-task.ts'
import type { HostPool } from '../transport/process-pool.ts'
import { OpenGate } from './access-gate.ts'
import { Database, minOpeningMs } from './database.ts'
import type { PhysicalConnection } from './physical-connection.ts'

/** One thread keeps up with many connections: what a server's driver does there is to wait. */
const defaultThreads = 1

/** A database of a server: its connections share a few threads, or live on the user's own. */
export class ServerDatabase extends Database {
  readonly gate = new OpenGate()
  readonly memory = false
  readonly pingsIdle = true
  readonly readonly = false

  protected override connect(readonly: boolean, signal: AbortSignal): Promise<PhysicalConnection> {
    return this.lease(this.#settings(readonly), signal)
  }

  protected override async openHosts(workerFile: URL): Promise<HostPool> {
    const { placement, pool, resourceLimits, threads = defaultThreads } = this.options
    if (placement === 'main') {
      const { LocalHost } = await import('../transport/local-host.ts')
      return new LocalHost(workerFile)
    }
    const { ThreadPool } = await import('../transport/thread-pool.ts')
    return new ThreadPool({ workerFile, idleTimeoutMs: pool.idleTimeoutMs, resourceLimits, threads })
  }

  #settings(readonly: boolean): ConnectionSettings {
    const { setup, maxBufferedBytes, driver, pool, statementTimeoutMs = 0, statementCacheSize, busyTimeoutMs } = this.options
    const { host, port, username, password, database, query } = this.url
    // A socket of this machine is another place for the same server: for the driver, the host that begins with a slash.
    const { host: socketFolder, socket = socketFolder, connect_timeout: seconds = '0', ...options } = query
    return {
      driver: driver ?? this.url.driver,
      database: database ?? '',
      uri: false,
      readonly,
      mustExist: true,
      busyTimeoutMs,
      pragmas: [],
      server: {
        host: socket ?? host,
        port,
        username,
        password,
        database,
        options,
        connectTimeoutMs: Number(seconds) > 0 ? Number(seconds) * 1_000 : Math.max(pool.acquireTimeoutMs, minOpeningMs),
        statementTimeoutMs,
        keepsStatements: statementCacheSize > 0,
      },
      setup,
      interrupt: undefined,
      maxBufferedBytes,
    }
  }
}
