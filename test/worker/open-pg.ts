import { afterAll, afterEach, beforeAll, type TestContext } from 'vitest'
import type { ServerSettings } from '../../src/protocol/server.ts'
import type { WireValue } from '../../src/protocol/values.ts'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { pgDriver } from '../../worker/drivers/pg.ts'
import { testServers } from '../test-servers.ts'
import { firstRow, openOptions, query } from './open-driver.ts'

const { url: text, missing, required } = testServers.postgresql
const url = new URL(text)

/** Where the tests' server is; `options` of the URL are the driver's. */
export function serverSettings(settings: Partial<ServerSettings> = {}): ServerSettings {
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    database: decodeURIComponent(url.pathname.slice(1)) || undefined,
    options: Object.fromEntries(url.searchParams),
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 0,
    keepsStatements: true,
    ...settings,
  }
}

const schema = `offloop_driver_${process.pid}`
const opened: DriverConnection[] = []

/** Gives the tests of a file a schema of their own, or skips them where there is no server. */
export function usePostgres(): void {
  beforeAll(async () => {
    if (missing !== undefined) {
      if (required) throw new Error(`OFFLOOP_TEST_REQUIRE wants PostgreSQL: ${missing}.`)
      return
    }
    await withAdmin((admin) => admin.script(`drop schema if exists ${schema} cascade; create schema ${schema}`))
  })
  afterAll(async () => {
    if (missing === undefined) await withAdmin((admin) => admin.script(`drop schema if exists ${schema} cascade`))
  })
  afterEach(async () => {
    for (const connection of opened.splice(0)) await connection.close()
    if (missing === undefined) await withAdmin((admin) => admin.script(`drop schema ${schema} cascade; create schema ${schema}`))
  })
}

/** First in a suite's `beforeEach`. */
export function skipWithoutPostgres({ skip }: Pick<TestContext, 'skip'>): void {
  if (missing !== undefined) skip(missing)
}

/** A connection that is closed after the test, in a schema of this file. */
export async function openPg(settings: Partial<ServerSettings> = {}, readonly = false): Promise<DriverConnection> {
  const server = serverSettings(settings)
  const options = { ...server.options, options: `-c search_path=${schema} ${server.options['options'] ?? ''}` }
  const connection = await pgDriver.open(openOptions('', { readonly, server: { ...server, options } }))
  opened.push(connection)
  return connection
}

async function withAdmin(work: (admin: DriverConnection) => unknown): Promise<void> {
  const admin = await pgDriver.open(openOptions('', { server: serverSettings() }))
  try {
    await work(admin)
  } finally {
    await admin.close()
  }
}

/** The first value of the first row. */
export async function firstValue(connection: DriverConnection, sql: string, params: readonly WireValue[] = []): Promise<unknown> {
  return (await query(connection, sql, params))[0]?.[0]
}

export async function changesOf(connection: DriverConnection, sql: string, params: readonly WireValue[] = []): Promise<number> {
  return (await (await connection.prepare(sql, null)).run(params)).changes
}

/** The number of the server's process that serves the connection. */
export async function processId(connection: DriverConnection): Promise<number> {
  return Number(await firstValue(connection, 'select pg_backend_pid()'))
}

/** Resolves when another connection sees that the process is running something. */
export async function untilActive(watcher: DriverConnection, pid: number): Promise<void> {
  const statement = await watcher.prepare("select state = 'active' and wait_event is not null from pg_stat_activity where pid = $1", null)
  for (;;) {
    const row = await firstRow(statement, [pid])
    if (row?.[0] === true) return
  }
}
