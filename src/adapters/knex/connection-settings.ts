import type { Knex } from 'knex'
import type { AsyncEngine } from '../../engine/contract.ts'
import type { EngineOptions } from '../../engine/options.ts'
import { ArgumentError } from '../../errors.ts'
import { EngineURL } from '../../sql/url.ts'

/** Options of a client's connection: the engine's, and those of Knex's own client for better-sqlite3. */
export interface OffloopConnectionOptions extends EngineOptions {
  /** Connections that refuse to write. Default: false. */
  readonly readonly?: boolean | undefined
  /**
   * INTEGER columns as bigints, or, when it is false, as numbers that are rounded beyond 2^53. Default: as numbers, and a `DataError`
   * where one would be rounded. A query can say the same for itself with `.options({ safeIntegers })`.
   */
  readonly safeIntegers?: boolean | undefined
}

/** Where the database is: one of `engine`, `url` and `filename`. */
export interface OffloopConnectionConfig {
  /** An engine that stays its owner's: `knex.destroy()` does not close it. */
  readonly engine?: AsyncEngine | undefined
  /** As `createEngine()` takes it. The client makes an engine of its own, which `knex.destroy()` closes. */
  readonly url?: string | EngineURL | undefined
  /** The path of the database, or `:memory:`, which is one database for all connections of the client. */
  readonly filename?: string | undefined
  readonly options?: OffloopConnectionOptions | undefined
}

declare module 'knex' {
  namespace Knex {
    // `connection` is a union of interfaces: whoever extends one of them extends all of it. In this one everything is optional.
    interface MariaSqlConnectionConfig extends OffloopConnectionConfig {}
    interface Config<SV extends {}> {
      /**
       * `OffloopClient`: for programs that count on the errors and integers of Knex's own client. What the database refuses rejects with a
       * `SqliteError` and its `code`, with the engine's error as `cause`, and an INTEGER beyond 2^53 is rounded where neither the query nor
       * the connection has a word on `safeIntegers`. Default: false.
       */
      asBetterSqlite3?: boolean | undefined
    }
  }
}

/** What an engine is made from, or the engine itself. */
export interface EngineSettings {
  /** Undefined: the client makes one. */
  readonly engine: AsyncEngine | undefined
  readonly url: EngineURL
  readonly options: EngineOptions
  readonly readonly: boolean
}

/** `connection` as Knex hands it on: an object, or what it has made of a text. */
type GivenConnection = OffloopConnectionConfig & Readonly<Record<string, unknown>>

/**
 * The configuration with `connection` in the words of `OffloopConnectionConfig` alone, and with a `filename` in any case: Knex warns of an
 * SQLite client without one.
 */
export function withSettings(config: Knex.Config): Knex.Config {
  const { connection } = config
  if (connection === undefined || connection === null || typeof connection === 'function') return config
  if (typeof connection === 'string') {
    return withSettings({ ...config, connection: connection.includes('://') ? { url: connection } : { filename: connection } })
  }
  const given = connection as GivenConnection
  const { engine, url } = engineSettings(given)
  // As a text, because configurations are cloned. There is no password in it.
  const place = engine === undefined ? { url: url.render() } : { engine }
  return { ...config, connection: { ...place, filename: url.database ?? ':memory:', options: given.options ?? {} } }
}

/**
 * What the connections of a client come from.
 *
 * @throws {ArgumentError} there is nothing to connect to, or it is no SQLite database
 */
export function engineSettings(connection: OffloopConnectionConfig): EngineSettings {
  const { readonly = false, safeIntegers, ...options } = connection.options ?? {}
  const { engine } = connection
  if (engine !== undefined) checkEngine(engine, options)
  const url = engine?.url ?? urlOf(connection as GivenConnection)
  if (url.dialect !== 'sqlite') throw new ArgumentError(`OffloopClient speaks SQLite to Knex: found a database of ${url.dialect}.`)
  return { engine, url, options, readonly }
}

function checkEngine(engine: AsyncEngine, options: EngineOptions): void {
  if (!EngineURL.isEngineURL(engine?.url)) throw new ArgumentError("The engine of Knex's connection must be one of createEngine().")
  const [extra] = Object.keys(options)
  if (extra !== undefined) throw new ArgumentError(`An engine has its options already: "${extra}" belongs into createEngine().`)
}

function urlOf({ url, filename, database, flags, options, expirationChecker, ...rest }: GivenConnection): EngineURL {
  if (url !== undefined) return EngineURL.from(url)
  if (flags !== undefined) throw new ArgumentError('There are no flags: write options: { readonly: true }, or a url with ?mode=rw.')
  if (filename !== undefined) return new EngineURL({ dialect: 'sqlite', database: filename === '' ? undefined : filename })
  if (typeof database !== 'string') throw new ArgumentError("Knex's connection must have an engine, a url or a filename.")
  // What Knex has made of `sqlite:///app.db?mode=ro`: the path as it was written, and the options beside it.
  const query = new URLSearchParams(Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]))
  return EngineURL.parse(`sqlite:///${database}${query.size === 0 ? '' : `?${query}`}`)
}
