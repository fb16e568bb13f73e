import type { AsyncEngine } from '../engine/contract.ts'
import { createEngine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/options.ts'
import type { EngineURL } from '../sql/url.ts'
import { DataAccessLayer, type LayerOptions, reflected } from './data-access-layer.ts'

/** What to reflect, and the options of the engine. */
export interface ConnectOptions extends LayerOptions, EngineOptions {}

/** As those of `connect()`, and what becomes of an error. */
export interface OrFailOptions extends ConnectOptions {
  /** Prints the error and ends the process with status 1; else the promise rejects. Default: true. */
  readonly withExit?: boolean | undefined
}

/**
 * A layer on an engine of its own, which is closed with the layer, or at once where reflecting fails.
 *
 * @example
 * await using dal = await connect('postgresql://user@host/database')
 * @throws {ArgumentError} the URL or an option is unknown, of the wrong type or out of range
 * @throws {OperationalError} the database cannot be reached
 */
export async function connect(url: string | EngineURL, options: ConnectOptions = {}): Promise<DataAccessLayer<AsyncEngine>> {
  const { schema, views, only, metadata, ...engineOptions } = options
  const engine = createEngine(url, engineOptions)
  try {
    const tables = await reflected(engine, { schema, views, only, metadata })
    return new DataAccessLayer({ engine, metadata: tables, close: () => engine.close() })
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** As `connect`, for programs that are nothing without their database: prints `Class: message` to stderr and ends the process with status 1. */
export async function orFail(url: string | EngineURL, options: OrFailOptions = {}): Promise<DataAccessLayer<AsyncEngine>> {
  const { withExit = true, ...others } = options
  try {
    return await connect(url, others)
  } catch (error) {
    if (!withExit) throw error
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    // Before the text has been written, exit() would cut it off where stderr is a pipe.
    await new Promise<void>((resolve) => process.stderr.write(`${text}\n`, () => resolve()))
    process.exit(1)
  }
}
