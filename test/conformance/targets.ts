import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { type AsyncConnection, type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { afterEach, describe, expect } from 'vitest'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** Older ones cut texts at a NUL character, and the driver refuses them. */
const nodeSqliteWorks = major > 24 || (major === 24 && minor >= 16)

export interface Target {
  readonly driver: 'better-sqlite3' | 'node'
  readonly storage: 'file' | 'memory'
}

const drivers: readonly Target['driver'][] = nodeSqliteWorks ? ['better-sqlite3', 'node'] : ['better-sqlite3']

export const targets: readonly Target[] = drivers.flatMap((driver) => [
  { driver, storage: 'file' },
  { driver, storage: 'memory' },
])

/** Every thread of this process that has not ended. */
const threads = new Set<Worker>()
process.on('worker', (worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})

/** Gives each test databases of one kind, and ends them after it. */
export class Fixture {
  readonly target: Target
  readonly #engines: AsyncEngine[] = []
  #folder: string | undefined
  #leavesConnectionsOpen = false

  constructor(target: Target) {
    this.target = target
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
    return join(this.folder, 'test.db')
  }

  get url(): string {
    return this.isFile ? `sqlite+${this.target.driver}:///${this.file}` : `sqlite+${this.target.driver}://`
  }

  /** An engine of the test's database. In one test, those of a file are engines of the same file, those of memory are not. */
  engine(options?: EngineOptions): AsyncEngine {
    const engine = createEngine(this.url, options)
    this.#engines.push(engine)
    return engine
  }

  /** An engine whose database has the table `notes (id integer primary key, text text not null unique)`. */
  async notes(options?: EngineOptions): Promise<AsyncEngine> {
    const engine = this.engine(options)
    await engine.execute('create table notes (id integer primary key, text text not null unique)')
    return engine
  }

  /** Writes a module for the worker and gives its URL. */
  module(name: string, source: string): URL {
    const file = join(this.folder, name)
    writeFileSync(file, source)
    return pathToFileURL(file)
  }

  /** For a test whose subject is a connection that nobody closes. */
  leavesConnectionsOpen(): void {
    this.#leavesConnectionsOpen = true
  }

  /** Closes the engines and checks that nothing is left of them; the next test begins with an empty folder. */
  async close(): Promise<void> {
    const engines = this.#engines.splice(0)
    const folder = this.#folder
    const inUse = engines.map((engine) => engine.status().inUse)
    const mayLeave = this.#leavesConnectionsOpen
    this.#leavesConnectionsOpen = false
    // One after another: of two connections that close a file at once, each may leave the WAL to the other.
    for (const engine of engines) await engine.close()
    const files = ['-wal', '-shm', '-journal'].filter((end) => folder !== undefined && existsSync(join(folder, `test.db${end}`)))
    if (folder !== undefined) rmSync(folder, { recursive: true })
    this.#folder = undefined
    expect(files, 'files that a clean close removes').toEqual([])
    if (!mayLeave) expect(inUse, 'connections that the test left open').toEqual(inUse.map(() => 0))
    expect(threads.size, 'threads that outlived their engine').toBe(0)
  }
}

/** Runs the same tests on every driver, in a file and in memory. */
export function describeTargets(tests: (fixture: Fixture) => void): void {
  describeEach(targets, tests)
}

/** Runs the same tests on every driver, for what only a database in a file can show. */
export function describeFiles(tests: (fixture: Fixture) => void): void {
  describeEach(
    targets.filter(({ storage }) => storage === 'file'),
    tests,
  )
}

function describeEach(chosen: readonly Target[], tests: (fixture: Fixture) => void): void {
  describe.each(chosen)('$driver, $storage', (target) => {
    const fixture = new Fixture(target)
    afterEach(() => fixture.close())
    tests(fixture)
  })
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

/** `count` rows of one column `n`, counted from 1. */
export function numbers(count: number): string {
  return `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${count}) select n from numbers`
}
