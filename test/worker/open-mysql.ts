import { afterAll, afterEach } from 'vitest'
import type { ServerSettings } from '../../src/protocol/server.ts'
import type { WireValue } from '../../src/protocol/values.ts'
import type { DriverConnection, OpenOptions, RunResult } from '../../worker/drivers/driver.ts'
import { mysql2Driver } from '../../worker/drivers/mysql2.ts'
import { describeOnServer, testServers } from '../test-servers.ts'
import { firstRow, openOptions } from './open-driver.ts'

const url = new URL(testServers.mysql.url)

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
  keepsStatements: true,
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

/** Makes the database of this process's own; gives the server's version. */
async function prepareDatabase(): Promise<string> {
  const connection = await mysql2Driver.open(openOptions('', { server: testServer }))
  await connection.script(`create database \`${testDatabase}\` character set utf8mb4`)
  const version = await firstRow(await connection.prepare('select version()', null))
  await connection.close()
  return String(version?.[0])
}

const { missing } = testServers.mysql
const version = missing === undefined ? await prepareDatabase() : ''

export const isMariadb: boolean = version.includes('MariaDB')

/** As `describe`, for a server that is there; else the tests are skipped, and the reason is in their title. */
export function describeMysql(title: string, body: () => void): void {
  describeOnServer(testServers.mysql, title, body)
}

afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close()
})

afterAll(async () => {
  if (missing !== undefined) return
  const connection = await mysql2Driver.open(openOptions('', { server: testServer }))
  await connection.script(`drop database \`${testDatabase}\``)
  await connection.close()
})
