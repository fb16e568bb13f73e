import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import knex, { type Knex } from 'knex'
import { type AsyncConnection, type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { OffloopClient } from 'offloop/knex'
import { afterEach, expect } from 'vitest'
import { livingThreads } from '../../soak/threads.ts'

/** Where a test's database is: every test runs on both. */
export const places = ['file', 'memory'] as const
export type Place = (typeof places)[number]

const instances: Knex[] = []
const engines: AsyncEngine[] = []
const directories: string[] = []
const unhandled: unknown[] = []

// Knex's own client loads better-sqlite3 on this thread, perhaps before an engine does: see docs/sqlite.md.
process.env['SQLITE_USE_URI'] = '1'

process.on('unhandledRejection', (reason) => unhandled.push(reason))

afterEach(async () => {
  for (const db of instances.splice(0)) await db.destroy()
  for (const engine of engines.splice(0)) await engine.close()
  expect(livingThreads()).toEqual([])
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
  // Node.js tells of an unhandled rejection when the microtasks have run: one turn of the event loop later they are all known.
  await turn()
  expect(unhandled.splice(0)).toEqual([])
})

/** One turn of the event loop. */
export const turn = (): Promise<void> => new Promise(setImmediate)

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offloop-knex-'))
  directories.push(directory)
  return directory
}

/** The path of a new database. */
export function filenameOn(place: Place): string {
  return place === 'memory' ? ':memory:' : join(temporaryDirectory(), 'test.db')
}

/** Knex with this configuration, on the client under test unless it names another; destroyed after the test. */
export function openConfig(config: Knex.Config): Knex {
  const db = knex({ client: OffloopClient, useNullAsDefault: true, ...config })
  instances.push(db)
  return db
}

/** Knex on a new database. */
export function openKnex(place: Place, config: Knex.Config = {}): Knex {
  return openConfig({ connection: { filename: filenameOn(place) }, ...config })
}

/** Knex's own client for better-sqlite3, on a new database. */
export function openKnexsOwn(place: Place, config: Knex.Config = {}): Knex {
  return openKnex(place, { client: 'better-sqlite3', ...config })
}

/** An engine on a new database, which is closed after the test, when all of Knex is. */
export function openEngine(place: Place, options: EngineOptions = {}): AsyncEngine {
  const filename = filenameOn(place)
  const engine = createEngine(filename === ':memory:' ? 'sqlite://' : `sqlite:///${filename}`, options)
  engines.push(engine)
  return engine
}

/** The error that a promise is rejected with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    if (error instanceof Error) return error as Error & Record<string, unknown>
    throw new Error('rejected with something that is no Error', { cause: error })
  }
  throw new Error(`Expected a rejection, found ${JSON.stringify(value)}.`)
}

/** Takes a connection of Knex's pool, and gives it back when `fn` is done. */
export async function withConnection<T>(db: Knex, fn: (connection: AsyncConnection) => Promise<T>): Promise<T> {
  const connection: AsyncConnection = await db.client.acquireConnection()
  try {
    return await fn(connection)
  } finally {
    await db.client.releaseConnection(connection)
  }
}

/** Ends the thread of a connection, as a crash would; resolves when that is known. */
export async function killThread(connection: AsyncConnection): Promise<void> {
  const thread = livingThreads().find(({ threadId }) => threadId === connection.threadId)
  if (thread === undefined) throw new Error(`There is no thread ${connection.threadId}.`)
  await thread.terminate()
  while (!connection.closed) await turn()
}
