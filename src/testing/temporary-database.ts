import { randomBytes } from 'node:crypto'
import { mkdir, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDatabase, dropDatabase } from '../dal/databases.ts'
import type { AsyncEngine } from '../engine/contract.ts'
import { createEngine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/options.ts'
import { ArgumentError } from '../errors.ts'
import { MetaData } from '../schema/metadata.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { EngineURL } from '../sql/url.ts'
import { checkMigrations, type MigrationSource, migrate } from './migrate.ts'
import { type Reflection, reflectDatabase } from './reflection.ts'

/** How a database for tests is made; each step of it can be left out. */
export interface TemporaryDatabaseOptions {
  /**
   * Where it is to stand. The database that the URL names is never touched: the new one, `test_` and eight hexadecimal digits, is made beside
   * it, on the same server or in the same folder; `sqlite://` is one in memory. Default: an SQLite file.
   */
  readonly url?: string | EngineURL | undefined
  /** SQLite: the folder that the file is made in; it is made too if it is not there. Default: a new one that is removed with the file. */
  readonly directory?: string | URL | undefined
  /** False: the database of `url` itself is used, as it is; it is neither created nor dropped. Default: true. */
  readonly create?: boolean | undefined
  /** What makes its tables: a function of the engine, or something whose `up()` is one. */
  readonly migrations?: MigrationSource | undefined
  /** Tables that are created when the migrations have run, unless they are there by then. */
  readonly metadata?: MetaData | undefined
  /** Whether its tables are read back. Default: true. */
  readonly reflect?: boolean | undefined
  /** True: it is not dropped at the end, for somebody to look into it. Default: false. */
  readonly keep?: boolean | undefined
  /** Of its engine. */
  readonly options?: EngineOptions | undefined
}

/** A database that is there for tests, with an engine of its own. */
export interface TemporaryDatabase extends Partial<Reflection>, AsyncDisposable {
  readonly url: EngineURL
  readonly engine: AsyncEngine
  /** Closes the engine, then drops the database. Idempotent. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a database of a random name, migrates it, creates tables in it and reads them back. At the end of its block the engine is closed and
 * the database dropped. What fails on the way rejects, and what was made by then is dropped.
 *
 * @throws {ArgumentError} an option is unknown or of the wrong kind; nothing was made
 *
 * @example
 * await using database = await temporaryDatabase({ metadata })
 * await database.engine.execute(users.insert().values({ name: 'Ada' }))
 */
export async function temporaryDatabase(options: TemporaryDatabaseOptions = {}): Promise<TemporaryDatabase> {
  checkOptions(options)
  const place = placeFor(options)
  const database = new MadeDatabase(place, options)
  try {
    await database.make(options)
    return database
  } catch (error) {
    // Why there is no database is what the caller has to know; that what there is of it could not be dropped comes second.
    await database.remove().catch(() => {})
    throw error
  }
}

class MadeDatabase implements TemporaryDatabase {
  readonly url: EngineURL
  readonly engine: AsyncEngine
  readonly #place: Place
  readonly #keep: boolean
  #exists = false
  #ending: Promise<void> | null = null

  constructor(place: Place, { options, keep = false }: TemporaryDatabaseOptions) {
    this.url = place.url
    this.engine = createEngine(place.url, options)
    this.#place = place
    this.#keep = keep
  }

  async make({ migrations, metadata, reflect = true }: TemporaryDatabaseOptions): Promise<void> {
    if (this.#place.isMade) {
      await this.#place.enter()
      await createDatabase(this.url)
      this.#exists = true
    }
    await migrate(this.engine, migrations)
    await metadata?.createAll(this.engine)
    if (reflect) Object.assign(this, await reflectDatabase(this.engine))
  }

  async remove(): Promise<void> {
    try {
      await this.engine.close()
    } finally {
      if (this.#exists) await dropDatabase(this.url)
      await this.#place.leave()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#keep ? this.engine.close() : this.remove()
    await this.#ending
  }
}

/** Where a database is put. */
interface Place {
  readonly url: EngineURL
  /** The database is to be created, and dropped; not so the one of `create: false`, nor one in memory. */
  readonly isMade: boolean
  /** Before the database is made. */
  enter(): Promise<unknown>
  /** When it is gone. */
  leave(): Promise<unknown>
}

function placeFor({ url: given, directory, create }: TemporaryDatabaseOptions): Place {
  const url = given === undefined ? new EngineURL({ dialect: 'sqlite' }) : EngineURL.from(given)
  const inMemory = url.dialect === 'sqlite' && (url.database === undefined || url.database === ':memory:')
  const staysInMemory = inMemory && given !== undefined && directory === undefined
  if (create === false || staysInMemory) return { url, isMade: false, enter: nothing, leave: nothing }
  const name = `test_${randomBytes(4).toString('hex')}`
  if (url.dialect !== 'sqlite') return { url: url.with({ database: name }), isMade: true, enter: nothing, leave: nothing }
  const fileIn = (folder: string): EngineURL => url.with({ database: join(folder, `${name}.db`) })
  if (directory !== undefined) {
    const folder = directory instanceof URL ? fileURLToPath(directory) : resolve(directory)
    return { url: fileIn(folder), isMade: true, enter: () => mkdir(folder, { recursive: true }), leave: nothing }
  }
  if (!inMemory) return { url: fileIn(dirname(resolve(url.database ?? ''))), isMade: true, enter: nothing, leave: nothing }
  const folder = join(tmpdir(), `offloop_${name}`)
  return { url: fileIn(folder), isMade: true, enter: () => mkdir(folder), leave: () => removeEmpty(folder) }
}

async function nothing(): Promise<void> {}

/** What a test has left in it stays, and so does the folder; it may also never have been made. */
async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error
  })
}

const OPTION_NAMES = ['url', 'directory', 'create', 'migrations', 'metadata', 'reflect', 'keep', 'options'] as const

function checkOptions(options: unknown): asserts options is TemporaryDatabaseOptions {
  if (typeof options !== 'object' || options === null) throw new ArgumentError('The options of a temporaryDatabase() must be an object.')
  const known: readonly string[] = OPTION_NAMES
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new ArgumentError(`Unknown option ${printableName(name)} of a temporaryDatabase().${didYouMean(name, known)}`)
  }
  const { url, directory, create, migrations, metadata, reflect, keep }: TemporaryDatabaseOptions = options
  for (const [name, flag] of Object.entries({ create, reflect, keep })) {
    if (flag !== undefined && typeof flag !== 'boolean') throw new ArgumentError(`Option "${name}" must be true or false.`)
  }
  if (directory !== undefined && !(directory instanceof URL) && (typeof directory !== 'string' || directory === '')) {
    throw new ArgumentError('Option "directory" must be the path of a folder, or its file URL.')
  }
  if (metadata !== undefined && !(metadata instanceof MetaData))
    throw new ArgumentError('Option "metadata" must be a MetaData of offloop/schema.')
  checkMigrations(migrations)
  const dialect = url === undefined ? 'sqlite' : EngineURL.from(url).dialect
  if (directory !== undefined && dialect !== 'sqlite') throw new ArgumentError('Option "directory" is for SQLite: a server has its own.')
  if (directory !== undefined && create === false) throw new ArgumentError('Option "directory" is for a database that is created.')
  if (url === undefined && create === false)
    throw new ArgumentError('Option "create" is false: option "url" must say which database to use.')
}
