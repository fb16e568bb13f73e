import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { WireValue } from '../../src/protocol/values.ts'
import type { WireError } from '../../src/protocol/wire-error.ts'
import type { Driver, DriverConnection, DriverRow, DriverStatement, OpenOptions } from '../../worker/drivers/driver.ts'
import { loadDriver } from '../../worker/drivers/load-driver.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** Older ones cut texts at a NUL character. */
export const nodeSqliteWorks: boolean = major > 24 || (major === 24 && minor >= 16)

export const driverNames: readonly string[] = nodeSqliteWorks ? ['better-sqlite3', 'node'] : ['better-sqlite3']

const opened: DriverConnection[] = []
const directories: string[] = []

afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'offloop-driver-'))
  directories.push(directory)
  return directory
}

export function temporaryFile(): string {
  return join(temporaryDirectory(), 'test.db')
}

export function openOptions(database: string, options: Partial<OpenOptions> = {}): OpenOptions {
  return { database, uri: false, readonly: false, mustExist: false, busyTimeoutMs: 1_000, pragmas: [], server: null, ...options }
}

/** A connection that is closed after the test. */
export async function openDriver(
  name: string,
  database: string = temporaryFile(),
  options: Partial<OpenOptions> = {},
): Promise<DriverConnection> {
  const driver = await loadDriver(name)
  const connection = await driver.open(openOptions(database, options))
  opened.push(connection)
  return connection
}

/** The first row; the statement is reset behind it. */
export async function firstRow(statement: DriverStatement, params: readonly WireValue[] = []): Promise<DriverRow | undefined> {
  const iterator = statement.iterate(params)
  const { value } = await iterator.next()
  await iterator.return()
  return value
}

export async function rowsOf(statement: DriverStatement, params: readonly WireValue[] = []): Promise<DriverRow[]> {
  const rows: DriverRow[] = []
  const iterator = statement.iterate(params)
  for (;;) {
    const { done, value } = await iterator.next()
    if (done === true || value === undefined) return rows
    rows.push(value)
  }
}

export async function query(connection: DriverConnection, sql: string, params: readonly WireValue[] = []): Promise<DriverRow[]> {
  return rowsOf(await connection.prepare(sql, null), params)
}

/** What `work` throws, as it would cross to the user's thread. */
export async function wireErrorOf(of: Driver | DriverConnection, work: () => unknown): Promise<WireError> {
  try {
    await work()
  } catch (error) {
    return of.toWireError(error)
  }
  throw new Error('Expected an error, but none was thrown.')
}
