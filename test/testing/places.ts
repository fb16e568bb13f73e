import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AsyncEngine, createEngine, EngineURL } from 'offloop'
import { afterEach, describe } from 'vitest'
import { describeOnServer, type ServerName, testServers } from '../test-servers.ts'

/** Where databases can be made: a folder, or a server. */
export class Place {
  readonly name: 'sqlite' | ServerName
  #folder: string | undefined
  readonly #foreign: string[] = []

  constructor(name: 'sqlite' | ServerName) {
    this.name = name
  }

  /** A folder that is removed after the test. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'offloop-testing-'))
    return this.#folder
  }

  /** The URL of a database that is not there. */
  url(name = `offloop_${randomBytes(6).toString('hex')}`): string {
    return this.urlOf(this.name === 'sqlite' ? join(this.folder, `${name}.db`) : name).render({ hidePassword: false })
  }

  /** The URL of the database of that name: for SQLite, the path of its file. */
  urlOf(name: string): EngineURL {
    if (this.name === 'sqlite') return new EngineURL({ dialect: 'sqlite', database: name })
    return EngineURL.parse(testServers[this.name].url).with({ database: name })
  }

  /** Whether there is a database behind a URL. */
  async has(url: string | EngineURL): Promise<boolean> {
    const { database = '' } = EngineURL.from(url)
    if (this.name === 'sqlite') return existsSync(database)
    await using admin = this.#admin()
    const query = {
      postgresql: 'select 1 from pg_database where datname = $1',
      mysql: 'select 1 from information_schema.schemata where schema_name = ?',
    }
    return (await admin.scalar(query[this.name], [database])) !== null
  }

  /** The URL of a database that nobody here has made, with a table of one row; it ends with the test. */
  async sentinel(): Promise<string> {
    const url = this.url()
    if (this.name !== 'sqlite') {
      await using admin = this.#admin()
      const { database = '' } = EngineURL.parse(url)
      await admin.execute(`create database ${database}`)
      this.#foreign.push(database)
    }
    await using engine = createEngine(url, this.name === 'sqlite' ? { pragmas: { journal_mode: 'delete' } } : {})
    await engine.execute('create table sentinel (n integer)')
    await engine.execute('insert into sentinel values (7)')
    return url
  }

  /** What is in the table of a sentinel. */
  async sentinelRows(url: string): Promise<readonly number[]> {
    await using engine = createEngine(url, this.name === 'sqlite' ? { pragmas: { journal_mode: 'delete' } } : {})
    return await engine.execute('select n from sentinel').scalars<number>()
  }

  /** SQLite: the names of the files that are there. */
  files(): readonly string[] {
    return readdirSync(this.folder)
  }

  async cleanUp(): Promise<void> {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true })
    this.#folder = undefined
    if (this.#foreign.length === 0) return
    await using admin = this.#admin()
    for (const database of this.#foreign.splice(0)) await admin.execute(`drop database ${database}`)
  }

  #admin(): AsyncEngine {
    return createEngine(testServers[this.name as ServerName].url, { placement: 'main', pool: { max: 1 } })
  }
}

/** Runs the tests where SQLite files can be made, and on each server that is there. */
export function describePlaces(tests: (place: Place) => void): void {
  describe('sqlite', () => describeIn('sqlite', tests))
  describeServerPlaces(tests)
}

export function describeServerPlaces(tests: (place: Place) => void): void {
  for (const name of ['postgresql', 'mysql'] as const) describeOnServer(testServers[name], name, () => describeIn(name, tests))
}

export function describeFolder(tests: (place: Place) => void): void {
  describe('sqlite', () => describeIn('sqlite', tests))
}

function describeIn(name: 'sqlite' | ServerName, tests: (place: Place) => void): void {
  const place = new Place(name)
  afterEach(() => place.cleanUp())
  tests(place)
}
