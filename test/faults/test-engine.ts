import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { afterEach, expect } from 'vitest'
import { urlOf } from '../soak/scratch.ts'

export { driverNames } from '../soak/scratch.ts'

const engines: AsyncEngine[] = []
const directories: string[] = []
const threads = new Set<Worker>()
const unhandled: unknown[] = []

process.on('worker', (worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})
process.on('unhandledRejection', (reason) => unhandled.push(reason))

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  expect(threads.size).toBe(0)
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

/** Threads of this process that have been started and have not exited. */
export function livingThreads(): readonly Worker[] {
  return [...threads]
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

/** How each promise settles: how often, and with what error. */
export class Settlements {
  readonly errors: unknown[] = []
  resolved = 0
  #sent = 0
  readonly #all: Promise<void>[] = []

  add(promise: PromiseLike<unknown>): void {
    this.#sent++
    this.#all.push(
      Promise.resolve(
        promise.then(
          () => {
            this.resolved++
          },
          (error: unknown) => {
            this.errors.push(error)
          },
        ),
      ),
    )
  }

  get sent(): number {
    return this.#sent
  }

  get settled(): number {
    return this.resolved + this.errors.length
  }

  /** The names of the errors, each once. */
  get errorNames(): readonly string[] {
    return [...new Set(this.errors.map((error) => (error instanceof Error ? error.name : typeof error)))]
  }

  async all(): Promise<void> {
    await Promise.all(this.#all)
  }
}

/** Resolves when no thread is inside a call that nobody waits for any more. */
export async function untilNothingIsQuarantined(engine: AsyncEngine): Promise<void> {
  while (engine.status().quarantined > 0) await turn()
}

/** Every place of the pool is free, and every connection in it works and is in no transaction. */
export async function expectPristine(engine: AsyncEngine, size = 1): Promise<void> {
  expect(engine.status()).toMatchObject({ inUse: 0, waiting: 0 })
  const conns = await Promise.all(Array.from({ length: size }, () => engine.connect()))
  for (const conn of conns) {
    expect(conn.inTransaction()).toBe(false)
    await conn.execute('begin immediate')
    await conn.execute('rollback')
  }
  await Promise.all(conns.map((conn) => conn.close()))
  expect(engine.status()).toMatchObject({ inUse: 0, waiting: 0, quarantined: 0 })
}

/** One turn of the event loop: what has been called is on its way. */
export const turn = (): Promise<void> => new Promise(setImmediate)
