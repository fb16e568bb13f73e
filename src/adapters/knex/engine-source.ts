import { isDeepStrictEqual } from 'node:util'
import type { AsyncConnection, AsyncEngine } from '../../engine/contract.ts'
import { createEngine } from '../../engine/engine.ts'
import type { EngineSettings } from './connection-settings.ts'

interface EngineInUse {
  readonly settings: EngineSettings
  readonly engine: AsyncEngine
  /** Of Knex's pool: those that are open, and those that are being opened. */
  connections: number
}

/** The most connections that an engine takes. */
const maxConnections = 1_024

/**
 * Where the connections of a client's pool come from: an engine that was handed in, or engines of its own, which it closes. There is more
 * than one only when `connection` is a function that gives other settings later on.
 */
export class EngineSource {
  readonly #poolMax: number
  #current: EngineInUse | null = null
  readonly #inUse = new Map<AsyncConnection, EngineInUse>()

  /** @param poolMax the most connections that Knex's pool has at once */
  constructor(poolMax: number) {
    this.#poolMax = poolMax
  }

  /**
   * Makes the engine for these settings, if it is not there. No I/O.
   *
   * @throws {ArgumentError} the settings are unknown, of the wrong type or out of range
   */
  use(settings: EngineSettings): EngineInUse {
    const current = this.#current
    if (current !== null && !isClosedOwn(current) && isSame(current.settings, settings)) return current
    const engine = settings.engine ?? this.#create(settings)
    this.#current = { settings, engine, connections: 0 }
    if (current !== null) void closeUnused(current)
    return this.#current
  }

  #create({ url, options }: EngineSettings): AsyncEngine {
    // As many again as the pool has: a connection that the pool has given up may still be at its last statement.
    const pool = { max: Math.min(Math.max(1, 2 * this.#poolMax), maxConnections), ...options.pool }
    return createEngine(url, { ...options, pool })
  }

  async connect(settings: EngineSettings): Promise<AsyncConnection> {
    const inUse = this.use(settings)
    inUse.connections++
    try {
      const connection = await inUse.engine.connect({ readonly: settings.readonly })
      this.#inUse.set(connection, inUse)
      return connection
    } catch (error) {
      await this.#leave(inUse)
      throw error
    }
  }

  async disconnect(connection: AsyncConnection): Promise<void> {
    await connection.close()
    const inUse = this.#inUse.get(connection)
    if (inUse === undefined) return
    this.#inUse.delete(connection)
    await this.#leave(inUse)
  }

  async #leave(inUse: EngineInUse): Promise<void> {
    inUse.connections--
    if (inUse !== this.#current) await closeUnused(inUse)
  }

  /** Closes the engine that is its own; those before it have gone with their last connections. */
  async close(): Promise<void> {
    if (this.#current !== null && isOwn(this.#current)) await this.#current.engine.close()
  }
}

function isOwn({ settings }: EngineInUse): boolean {
  return settings.engine === undefined
}

/** Closed by `knex.destroy()`: `knex.initialize()` begins anew. */
function isClosedOwn(inUse: EngineInUse): boolean {
  return isOwn(inUse) && inUse.engine.closed
}

function isSame(a: EngineSettings, b: EngineSettings): boolean {
  if (a.readonly !== b.readonly || a.engine !== b.engine) return false
  return a.url.render() === b.url.render() && isDeepStrictEqual(a.options, b.options)
}

async function closeUnused(inUse: EngineInUse): Promise<void> {
  if (isOwn(inUse) && inUse.connections === 0) await inUse.engine.close()
}
