import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { afterEach, expect } from 'vitest'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** Older ones have no node:sqlite that keeps every text. */
const nodeSqliteWorks = major > 24 || (major === 24 && minor >= 16)

/** The drivers of `sqlite+…:` that work on this Node.js. */
export const drivers: readonly string[] = nodeSqliteWorks ? ['better-sqlite3', 'node'] : ['better-sqlite3']

/** Functions for `call()`: see the file. */
export const functions = new URL('./worker-functions.mjs', import.meta.url)

const engines: AsyncEngine[] = []
const directories: string[] = []

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close({ force: true })))
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

export function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offloop-engine-'))
  directories.push(directory)
  return join(directory, 'test.db')
}

export interface Place {
  readonly driver?: string
  /** Default: a new one. */
  readonly file?: string
}

/** An engine on a file, which is closed after the test. */
export function openEngine(options: EngineOptions = {}, { driver = 'better-sqlite3', file = temporaryFile() }: Place = {}): AsyncEngine {
  return keep(createEngine(`sqlite+${driver}:///${file}`, options))
}

/** An engine on a database in memory, which is closed after the test. */
export function openMemoryEngine(options: EngineOptions = {}, driver = 'better-sqlite3'): AsyncEngine {
  return keep(createEngine(`sqlite+${driver}:///:memory:`, options))
}

function keep(engine: AsyncEngine): AsyncEngine {
  engines.push(engine)
  return engine
}

/** Threads and open files of this process. Linux tells; elsewhere nothing is compared. */
export function processResources(): { readonly threads: number; readonly files: number } {
  if (process.platform !== 'linux') return { threads: 0, files: 0 }
  return { threads: readdirSync('/proc/self/task').length, files: readdirSync('/proc/self/fd').length }
}

/** Proves that every one of `count` connections works, all of them at once. */
export async function expectUsable(engine: AsyncEngine, count: number): Promise<void> {
  const connections = await Promise.all(Array.from({ length: count }, () => engine.connect()))
  expect(await Promise.all(connections.map((connection) => connection.scalar('select 1')))).toEqual(connections.map(() => 1))
  await Promise.all(connections.map((connection) => connection.close()))
}

/** What `promise` rejects with. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('Expected a rejection, but the promise was fulfilled.')
}

/** What each of the promises rejects with; all of them are listened to at once. */
export function errorsOf(...promises: readonly PromiseLike<unknown>[]): Promise<Error[]> {
  return Promise.all(promises.map(errorOf))
}

/** Runs `count` tasks at once. */
export function tasks<T>(count: number, task: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => task(index)))
}
