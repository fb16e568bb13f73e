import type { ConnectionOptions } from 'node:tls'
import type { Client, ClientConfig } from 'pg'
import type { ServerSettings } from '../../src/protocol/server.ts'
import { keepAliveMs } from './keep-alive.ts'
import { refusedConnection } from './pg-errors.ts'
import { PgSession } from './pg-session.ts'
import { readTlsSettings } from './pg-tls.ts'
import { type PgClient, wireOf } from './pg-wire.ts'
import { DriverFault } from './sqlite-errors.ts'

export type Pg = typeof import('pg').default

const defaultHost = '127.0.0.1'
const defaultPort = 5432
const OPTIONS: ReadonlySet<string> = new Set(['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'application_name', 'options'])
/** For a request to cancel, where connecting may take as long as it likes. */
const defaultTimeoutMs = 10_000
/** The byte with which a server says that it has no TLS. */
const NO_TLS = 0x4e

/**
 * Connects to the server. What is left open, the environment says (`PGHOST`, `PGUSER`, `PGPASSWORD`, …), as in libpq and pg.
 *
 * @throws {WiredError} `operational`: it could not be reached, or refused the connection. The password is in no message.
 * @throws {DriverFault} `argument`: an option that is not known or not right
 */
export async function connect(pg: Pg, settings: ServerSettings, readonly: boolean): Promise<PgSession> {
  checkOptions(settings.options)
  const host = settings.host ?? (process.env['PGHOST'] || defaultHost)
  const port = settings.port ?? (Number(process.env['PGPORT']) || defaultPort)
  const { tls, mayFallBack } = await readTlsSettings(host, settings.options)
  const config = { ...toConfig(settings, readonly), host, port }
  const place = { Connection: pg.Connection, host, port, timeoutMs: settings.connectTimeoutMs || defaultTimeoutMs }
  const first = await attempt(pg, config, tls)
  if ('client' in first) return new PgSession(first.client, { ...place, tls })
  if (!first.refusedTls || !mayFallBack) throw explain(first, config)
  const second = await attempt(pg, config, null)
  if ('client' in second) return new PgSession(second.client, { ...place, tls: null })
  throw explain(second, config)
}

type Attempt = { readonly client: PgClient } | Failure

interface Failure {
  readonly error: unknown
  readonly refusedTls: boolean
  /** The server has closed the connection without a word. */
  readonly closed: boolean
  readonly passwordMissing: boolean
  readonly elapsedMs: number
}

async function attempt({ Client }: Pg, config: ClientConfig, tls: ConnectionOptions | null): Promise<Attempt> {
  const startedAt = performance.now()
  let client: Client | undefined
  let refusedTls = false
  let closed = false
  let passwordMissing = false
  try {
    // A copy: pg hides the key in the object that it is given.
    client = new Client({ ...config, ssl: tls === null ? false : { ...tls } })
    // Some failures are reported twice; without a listener the second one would end the thread.
    client.on('error', () => undefined)
    wireOf(client).once('end', () => {
      closed = true
    })
    wireOf(client).once('authenticationSASL', () => {
      passwordMissing = client?.password == null
    })
    if (tls !== null) {
      wireOf(client).stream.once('data', (answer: Buffer) => {
        refusedTls = answer[0] === NO_TLS
      })
    }
    await client.connect()
    // It has all that pg's types leave out.
    return { client: client as PgClient }
  } catch (error) {
    if (client !== undefined) wireOf(client).stream.destroy()
    return { error, refusedTls, closed, passwordMissing, elapsedMs: performance.now() - startedAt }
  }
}

function explain({ error, closed, passwordMissing, elapsedMs }: Failure, config: ClientConfig): Error {
  const { host, port, connectionTimeoutMillis = 0 } = config
  const place = host?.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`
  if (error instanceof Error && 'code' in error) return refusedConnection(error, place)
  if (connectionTimeoutMillis > 0 && elapsedMs >= connectionTimeoutMillis) {
    const timeout = new Error(`it did not accept the connection within ${connectionTimeoutMillis} ms`, { cause: error })
    return refusedConnection(Object.assign(timeout, { code: 'ETIMEDOUT' }), place)
  }
  if (passwordMissing) return refusedConnection(new Error('it asks for a password, and none was given', { cause: error }), place)
  return refusedConnection(closed ? Object.assign(new Error('the server has closed the connection'), { code: '08006' }) : error, place)
}

function toConfig(settings: ServerSettings, readonly: boolean): ClientConfig {
  return {
    user: settings.username,
    password: settings.password,
    database: settings.database,
    sslnegotiation: 'postgres',
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    application_name: settings.options['application_name'],
    fallback_application_name: 'offloop',
    options: startupOptions(settings, readonly),
  }
}

/** Settings of the session as RESET ALL and DISCARD ALL restore them. The last one of a name counts: ours come behind the user's. */
function startupOptions({ options, statementTimeoutMs }: ServerSettings, readonly: boolean): string {
  const own = [
    // In the server's own order of day and month; timestamps are read in no other style.
    '-c datestyle=ISO',
    ...(statementTimeoutMs > 0 ? [`-c statement_timeout=${Math.ceil(statementTimeoutMs)}`] : []),
    ...(readonly ? ['-c default_transaction_read_only=on'] : []),
  ]
  return [options['options'] ?? process.env['PGOPTIONS'] ?? '', ...own].join(' ').trim()
}

/** A misspelled `sslmode` would be an unencrypted connection. */
function checkOptions(options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown === undefined) return
  throw new DriverFault('argument', `Unknown option "${unknown}" for PostgreSQL: there are ${[...OPTIONS].join(', ')}.`)
}
