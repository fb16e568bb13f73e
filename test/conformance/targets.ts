import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { type AsyncConnection, type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { whole } from '../soak/extent.ts'
import { describeOnServer } from '../test-servers.ts'
import { type Capabilities, type Capability, capabilitiesOf } from './capabilities.ts'
import { KeptEngine, removeFolder, sqliteUrl } from './kept-engine.ts'
import { ServerDatabases } from './server-databases.ts'
import { databaseTargets, isServer, type Target, targets } from './target.ts'

/** Every thread of this process that has not ended. */
const threads = new Set<Worker>()
process.on('worker', (worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})

/** Gives each test databases of one kind, and ends them after it. */
export class Fixture {
  readonly target: Target
  readonly can: Capabilities
  /** Writes one of the `notes`; its only parameter stands where the driver's own placeholders do: `?` or `$1`. */
  readonly insert: string
  readonly #servers: ServerDatabases | undefined
  readonly #keeps: boolean
  /** What the tests before this one have left as they found it. */
  #kept: KeptEngine | undefined
  /** This test's engine is the kept one; null: it has none yet. */
  #usesKept: boolean | null = null
  /** Those that ran when the test before this one had ended. */
  #keptThreads: ReadonlySet<Worker> = new Set()
  /** Whoever else knows the kept engine's database may have it open. */
  #sharesKept = false
  readonly #engines: AsyncEngine[] = []
  #folder: string | undefined
  #leavesConnectionsOpen = false

  constructor(target: Target, wholeDatabases = false) {
    this.target = target
    this.can = capabilitiesOf(target)
    this.insert = `insert into notes (text) values (${this.mark(1)})`
    this.#servers = isServer(target) ? new ServerDatabases(target, wholeDatabases) : undefined
    this.#keeps = !wholeDatabases && !whole
  }

  /** The driver's own placeholder for a list's value at that position, counted from 1. */
  mark(position: number): string {
    return this.can.numberedPlaceholders ? `$${position}` : '?'
  }

  get isFile(): boolean {
    return this.target.storage === 'file'
  }

  /** A folder that is removed after the test. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'offloop-conformance-'))
    return this.#folder
  }

  /** The file of a test's engines, where they have one. */
  get file(): string {
    this.#usesKept ??= false
    this.#sharesKept = true
    return (this.#usesKept ? this.#kept?.file : undefined) ?? join(this.folder, 'test.db')
  }

  get url(): string {
    return this.#servers?.url ?? sqliteUrl(this.target, this.isFile ? this.file : undefined)
  }

  /** The schema that the test's tables are in, and one in which there are none of them. */
  get schemas(): { readonly own: string; readonly other: string } {
    if (this.#servers === undefined) return { own: 'main', other: 'temp' }
    return { own: this.#servers.schema, other: 'information_schema' }
  }

  /** What is set up before the first test: on a server, a database. */
  async begin(): Promise<void> {
    await this.#servers?.create()
  }

  /**
   * An engine of the test's database. In one test, those of a file or a server are engines of the same database, those of memory are not.
   * The first one without options has served the tests before: with `{}` it is a new one.
   */
  engine(options?: EngineOptions): AsyncEngine {
    if (this.#keeps && options === undefined && this.#usesKept === null) {
      this.#usesKept = true
      this.#kept ??= new KeptEngine(this.target, this.#servers?.url)
      return this.#kept.engine
    }
    const engine = createEngine(this.url, options)
    this.#usesKept ??= false
    this.#engines.push(engine)
    return engine
  }

  /** An engine whose database has the table `notes`: `id`, a key that counts up, and `text`, which is not null and unique. */
  async notes(options?: EngineOptions): Promise<AsyncEngine> {
    const engine = this.engine(options)
    await engine.execute(NOTES[engine.dialect.name])
    return engine
  }

  /** A query for `count` rows of one column `n`, counted from 1. */
  numbers(count: number): string {
    return this.can.deepRecursion
      ? `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${count}) select n from numbers`
      : `with recursive digits(n) as (select 0 union all select n + 1 from digits where n < 99)
        select 1 + a.n + 100 * b.n + 10000 * c.n as n from digits as a, digits as b, digits as c
        where c.n <= ${Math.floor(count / 10_000)} and 1 + a.n + 100 * b.n + 10000 * c.n <= ${count} order by n`
  }

  /** Writes a module for the worker and gives its URL. */
  module(name: string, source: string): URL {
    const file = join(this.folder, name)
    writeFileSync(file, source)
    return pathToFileURL(file)
  }

  /** Writes a module whose function `run` runs a statement on the driver's own object, and gives its URL. */
  moduleRunning(sql: string): URL {
    const text = JSON.stringify(sql)
    const bodies = {
      'better-sqlite3': `db.exec(${text})`,
      node: `db.exec(${text})`,
      pg: `await db.query(${text})`,
      mysql2: `await new Promise((resolve, reject) => db.query(${text}, (error) => (error ? reject(error) : resolve())))`,
    }
    const sync = isServer(this.target) ? 'async ' : ''
    return this.module('run.mjs', `export const run = ${sync}(db) => { ${bodies[this.target.driver]} }`)
  }

  /** For a test whose subject is a connection that nobody closes. */
  leavesConnectionsOpen(): void {
    this.#leavesConnectionsOpen = true
  }

  /** Closes the test's engines and checks that nothing is left of them; the next test finds an empty database and an empty folder. */
  async close(): Promise<void> {
    const engines = this.#engines.splice(0)
    const kept = this.#usesKept === true ? this.#kept : undefined
    const inUse = [...engines, ...(kept === undefined ? [] : [kept.engine])].map((engine) => engine.status().inUse)
    const mayLeave = this.#leavesConnectionsOpen
    const isKept = kept?.isAtRest === true && !this.#sharesKept && !mayLeave
    this.#leavesConnectionsOpen = false
    this.#usesKept = null
    this.#sharesKept = false
    // One after another: of two connections that close a file at once, each may leave the WAL to the other.
    for (const engine of engines) await engine.close()
    const files = this.#folder === undefined ? [] : removeFolder(this.#folder)
    this.#folder = undefined
    if (kept !== undefined && !(isKept && (await kept.empty()))) await this.#giveUp()
    await this.#servers?.empty()
    expect(files, undeleted).toEqual([])
    if (!mayLeave) expect(inUse, 'connections that the test left open').toEqual(inUse.map(() => 0))
    if (kept === undefined)
      expect(
        [...threads].filter((thread) => !this.#keptThreads.has(thread)),
        outlived,
      ).toEqual([])
    this.#keptThreads = new Set(threads)
  }

  /** When no test of the file is left. */
  async end(): Promise<void> {
    await this.#giveUp()
    await this.#servers?.end()
  }

  async #giveUp(): Promise<void> {
    const kept = this.#kept
    this.#kept = undefined
    expect((await kept?.close()) ?? [], undeleted).toEqual([])
    expect(threads.size, outlived).toBe(0)
  }
}

const undeleted = 'files that a clean close removes'
const outlived = 'threads that outlived their engine'

const NOTES = {
  sqlite: 'create table notes (id integer primary key, text text not null unique)',
  postgresql: 'create table notes (id integer generated by default as identity primary key, text text not null unique)',
  mysql: 'create table notes (id integer auto_increment primary key, text varchar(500) not null unique)',
} as const

/** Runs the same tests on every driver: those of SQLite in a file and in memory, those of servers where there is one. */
export function describeTargets(tests: (fixture: Fixture) => void): void {
  describeEach(targets, tests)
}

/**
 * Runs the same tests on every database, and on SQLite with each driver once, in a file and in memory: for what stands on the engine and
 * does not know which driver it has.
 */
export function describeDatabases(tests: (fixture: Fixture) => void): void {
  describeEach(databaseTargets, tests)
}

/** Runs the same tests on each database, of SQLite in a file: for what opens the database once more. */
export function describeDialects(tests: (fixture: Fixture) => void): void {
  describeEach(
    targets.filter(({ driver, storage }) => storage === 'server' || (driver === 'better-sqlite3' && storage === 'file')),
    tests,
  )
}

/** As `describeTargets`, on databases that nobody else has: for tests that look at all that there is. */
export function describeWholeDatabases(tests: (fixture: Fixture) => void): void {
  describeEach(targets, tests, true)
}

/** Runs the same tests on every driver of SQLite, for what only a database in a file can show. */
export function describeFiles(tests: (fixture: Fixture) => void): void {
  describeEach(
    targets.filter(({ storage }) => storage === 'file'),
    tests,
  )
}

/** Runs the same tests on each of these. */
export function describeEach(chosen: readonly Target[], tests: (fixture: Fixture) => void, wholeDatabases = false): void {
  for (const target of chosen) {
    const describeAll = (): void => {
      const fixture = new Fixture(target, wholeDatabases)
      beforeAll(() => fixture.begin())
      afterEach(() => fixture.close())
      afterAll(() => fixture.end())
      tests(fixture)
    }
    const title = `${target.driver}, ${target.storage}`
    if (isServer(target)) describeOnServer(target.server, title, describeAll)
    else describe(title, describeAll)
  }
}

/** Tests that need a capability: where the target lacks it they are skipped, under a title that says so. */
export function describeNeeding({ can }: Fixture, capability: Capability, tests: () => void): void {
  const has = can[capability]
  describe.skipIf(!has)(has ? `with ${capability}` : `without ${capability}, which this needs`, tests)
}

/** Tests of what comes of not having a capability: where the target has it they are skipped, under a title that says so. */
export function describeLacking({ can }: Fixture, capability: Capability, tests: () => void): void {
  const has = can[capability]
  describe.skipIf(has)(has ? `with ${capability}, which this is without` : `without ${capability}`, tests)
}

/** What a promise rejects with, or a synchronous refusal: both are one to whoever awaits. */
export async function rejectionOf(work: PromiseLike<unknown> | (() => unknown)): Promise<Error> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    if (error instanceof Error) return error
    throw new TypeError(`Expected an Error, but ${typeof error} was thrown.`)
  }
  throw new Error('Expected a rejection, but the promise was fulfilled.')
}

/** A connection's `notes`, in order. */
export function textsOf(executor: Pick<AsyncConnection, 'execute'>): Promise<string[]> {
  return executor.execute('select text from notes order by id').scalars<string>()
}
