import type { DatabaseIntrospector, Dialect, DialectAdapter, Driver, QueryCompiler } from 'kysely'
import type { AsyncEngine } from '../../engine/contract.ts'
import { createEngine } from '../../engine/engine.ts'
import type { EngineOptions } from '../../engine/options.ts'
import { ArgumentError } from '../../errors.ts'
import { EngineURL } from '../../sql/url.ts'
import { type AnyKysely, type KyselyParts, partsFor } from './kysely-parts.ts'
import { OffloopDriver } from './offloop-driver.ts'
import { RowParser, type TypeParsers } from './row-parser.ts'

/** An engine of the program's, or where the database is. */
export type OffloopDialectConfig = (GivenEngine | OwnEngine) & {
  /**
   * What is made of values by the type of their column, where it is to be something else than the engine's own.
   *
   * @example
   * { timestamptz: (text: string) => new Date(text), int8: String }
   */
  readonly typeParsers?: TypeParsers | undefined
  /**
   * What a database refuses rejects with the error of its own driver, as with Kysely's own dialects: better-sqlite3's `SqliteError`, pg's
   * `DatabaseError`, an `Error` as mysql2 makes them, with its `code`. The engine's error is its `cause`. Default: false.
   */
  readonly driverErrors?: boolean | undefined
  /**
   * SQLite: each migration is a transaction, and the write lock keeps two programs from migrating at once. False gives both up, for
   * migrations that were written for Kysely's own dialect and cannot run in a transaction. Default: true.
   */
  readonly transactionalDdl?: boolean | undefined
}

interface GivenEngine {
  /** It stays open when Kysely is destroyed. */
  readonly engine: AsyncEngine
  readonly url?: undefined
  readonly options?: undefined
}

interface OwnEngine {
  /** Each Kysely of the dialect makes an engine of its own for this database, and closes it when it is destroyed. */
  readonly url: string | EngineURL
  readonly options?: EngineOptions | undefined
  readonly engine?: undefined
}

/**
 * Kysely's dialect for SQLite, PostgreSQL and MySQL: which one it is says the engine.
 *
 * Single statements go to the engine's own connections, as `engine.execute` does; a transaction, `db.connection()`, a stream and a statement
 * with a `signal` have a connection to themselves.
 *
 * @example
 * const db = new Kysely<Database>({ dialect: new OffloopDialect({ engine }) })
 * const db = new Kysely<Database>({ dialect: new OffloopDialect({ url: 'sqlite:///app.db' }) })
 */
export class OffloopDialect implements Dialect {
  readonly #open: () => OffloopDriver
  readonly #parts: KyselyParts
  readonly #transactionalDdl: boolean

  /** @throws {ArgumentError} there is neither an engine nor a URL, the URL is none, or a parser of a type is no function */
  constructor(config: OffloopDialectConfig) {
    const { engine, url, options, typeParsers, driverErrors = false, transactionalDdl = true } = config ?? {}
    this.#transactionalDdl = transactionalDdl
    const parser = typeParsers === undefined ? null : new RowParser(typeParsers)
    if (engine !== undefined) {
      const parts = partsFor(engine.dialect.name)
      this.#parts = parts
      this.#open = () => new OffloopDriver({ engine, ownsEngine: false, parts, parser, driverErrors })
    } else if (url !== undefined) {
      const parsed = EngineURL.from(url)
      const parts = partsFor(parsed.dialect)
      this.#parts = parts
      this.#open = () => new OffloopDriver({ engine: createEngine(parsed, options), ownsEngine: true, parts, parser, driverErrors })
    } else {
      throw new ArgumentError('OffloopDialect takes { engine } or { url, options }.')
    }
  }

  createDriver(): Driver {
    return this.#open()
  }

  createQueryCompiler(): QueryCompiler {
    return this.#parts.queryCompiler()
  }

  createAdapter(): DialectAdapter {
    return this.#parts.adapter({ transactionalDdl: this.#transactionalDdl })
  }

  createIntrospector(db: AnyKysely): DatabaseIntrospector {
    return this.#parts.introspector(db)
  }
}
