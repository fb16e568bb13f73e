import { afterAll, afterEach, describe } from 'vitest'
import type { ServerSettings } from '../../src/protocol/server.ts'
import type { WireValue } from '../../src/protocol/values.ts'
import type { DriverConnection, OpenOptions, RunResult } from '../../worker/drivers/driver.ts'
import { mysql2Driver } from '../../worker/drivers/mysql2.ts'
import { firstRow, openOptions } from './open-driver.ts'

const url = new URL(process.env['OFFLOOP_TEST_MYSQL_URL'] ?? 'mysql://root:@127.0.0.1:3306/test')

/** The server that the tests run on. */
export const testServer: ServerSettings = {
  host: decodeURIComponent(url.hostname),
  port: url.port === '' ? undefined : Number(url.port),
  username: decodeURIComponent(url.username),
  password: decodeURIComponent(url.password),
  database: decodeURIComponent(url.pathname.slice(1)),
  options: Object.fromEntries(url.searchParams),
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 0,
}

/** A database of this process's own: test files run side by side. */
export const testDatabase: string = `offloop_test_${process.pid}`

const opened: DriverConnection[] = []

export interface MysqlOptions extends Partial<Pick<OpenOptions, 'readonly'>> {
  readonly server?: Partial<ServerSettings>
}

export function mysqlOpenOptions({ readonly = false, server = {} }: MysqlOptions = {}): OpenOptions {
  return openOptions('', { readonly, server: { ...testServer, database: testDatabase, ...server } })
}

/** A connection that is closed after the test. */
export async function openMysql(options: MysqlOptions = {}): Promise<DriverConnection> {
  const connection = await mysql2Driver.open(mysqlOpenOptions(options))
  opened.push(connection)
  return connection
}

export async function run(connection: DriverConnection, sql: string, params: readonly WireValue[] = []): Promise<RunResult> {
  const statement = await connection.prepare(sql, null)
  try {
    return await statement.run(params)
  } finally {
    statement.finalize()
  }
}

/** The server's number of the connection. */
export function threadIdOf(connection: DriverConnection): number {
  return (connection.handle as { readonly threadId: number }).threadId
}

interface Found {
  /** Why no test can run here; null when they can. */
  readonly obstacle: string | null
  readonly version: string
}

async function prepareDatabase(): Promise<Found> {
  try {
    const connection = await mysql2Driver.open(openOptions('', { server: testServer }))
    await connection.script(`create database \`${testDatabase}\` character set utf8mb4`)
    const version = await firstRow(await connection.prepare('select version()', null))
    await connection.close()
    return { obstacle: null, version: String(version?.[0]) }
  } catch (error) {
    const { message } = mysql2Driver.toWireError(error)
    if (process.env['OFFLOOP_TEST_REQUIRE']?.includes('mysql') === true) throw new Error(`MySQL is required here: ${message}`)
    return { obstacle: message, version: '' }
  }
}

const { obstacle, version } = await prepareDatabase()

export const isMariadb: boolean = version.includes('MariaDB')

/** As `describe`, for a server that is there; else the tests are skipped, and the reason is in their title. */
export function describeMysql(title: string, body: () => void): void {
  if (obstacle === null) describe(title, body)
  else describe.skip(`${title} (no MySQL: ${obstacle})`, body)
}

afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close()
})

afterAll(async () => {
  if (obstacle !== null) return
  const connection = await mysql2Driver.open(openOptions('', { server: testServer }))
  await connection.script(`drop database \`${testDatabase}\``)
  await connection.close()
})
