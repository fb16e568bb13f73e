import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { afterEach, expect } from 'vitest'
import { poolViolations } from '../soak/pool-state.ts'
import { urlOf } from '../soak/scratch.ts'
import { livingThreads } from '../soak/threads.ts'

const engines: AsyncEngine[] = []
const directories: string[] = []
const unhandled: unknown[] = []

process.on('unhandledRejection', (reason) => unhandled.push(reason))

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  expect(livingThreads()).toEqual([])
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
  // Node.js tells of an unhandled rejection when the microtasks have run: one turn of the event loop later they are all known.
  await new Promise(setImmediate)
  expect(unhandled.splice(0)).toEqual([])
})

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offloop-faults-'))
  directories.push(directory)
  return directory
}

export function temporaryFile(): string {
  return join(temporaryDirectory(), 'test.db')
}

export interface TestEngineOptions extends EngineOptions {
  readonly driverName?: string | undefined
  /** The database file. Default: a new one. */
  readonly file?: string | undefined
}

/** An engine on a file of its own; after the test it is closed, and no thread may be left. */
export function openEngine({ driverName = 'better-sqlite3', file = temporaryFile(), ...options }: TestEngineOptions = {}): AsyncEngine {
  return openFile(driverName, file, options)
}

/** As `openEngine`, for a file that the test names, with options in the URL. */
export function openFile(driver: string, file: string, { query = '', ...options }: EngineOptions & { query?: string } = {}): AsyncEngine {
  const engine = createEngine(urlOf(driver, file, query), options)
  engines.push(engine)
  return engine
}

/** Resolves when the next thread has been started. */
export async function threadStarted(): Promise<void> {
  await once(process, 'worker')
}

/** Resolves when every thread that lives now has exited. */
export async function threadsExited(): Promise<void> {
  await Promise.all(livingThreads().map((thread) => new Promise<void>((resolve) => thread.once('exit', () => resolve()))))
}

/** The error that a promise is rejected with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<Error> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error('rejected with something that is no Error', { cause: error })
  }
  throw new Error(`Expected a rejection, found ${JSON.stringify(value)}.`)
}

/** Resolves when no thread is inside a call that nobody waits for any more. */
export async function untilNothingIsQuarantined(engine: AsyncEngine): Promise<void> {
  while (engine.status().quarantined > 0) await turn()
}

/** Every place of the pool is free, and every connection in it works and is in no transaction. */
export async function expectPristine(engine: AsyncEngine, size = 1): Promise<void> {
  expect(await poolViolations(engine, size)).toEqual([])
}

/** One turn of the event loop: what has been called is on its way. */
export const turn = (): Promise<void> => new Promise(setImmediate)
