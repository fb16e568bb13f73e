import type { ConnectionOptions } from 'node:tls'
import type { ClientConfig } from 'pg'
import type { ServerSettings } from '../../src/protocol/server.ts'
import { keepAliveMs } from './keep-alive.ts'
import { requireBinding } from './pg-binding.ts'
import { isServerError, refusedConnection } from './pg-errors.ts'
import { PgSession } from './pg-session.ts'
import { readTlsSettings, type TlsSettings } from './pg-tls.ts'
import { type PgClient, wireOf } from './pg-wire.ts'
import { DriverFault } from './sqlite-errors.ts'

export type Pg = typeof import('pg').default

const defaultHost = '127.0.0.1'
const defaultPort = 5432
const OPTIONS: ReadonlySet<string> = new Set([
  ...['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding'],
  ...['application_name', 'options'],
])
const BINDINGS: readonly string[] = ['disable', 'prefer', 'require']
/** For a request to cancel, where connecting may take as long as it likes. */
const defaultTimeoutMs = 10_000
const STATEMENT_TIMEOUT = 'statement_timeout'
const READ_ONLY = 'default_transaction_read_only'
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
  const config = { ...toConfig(settings), host, port }
  const session = sessionSettings(settings, readonly)
  const bindsPassword = bindingOf(settings) === 'require'
  let found = await attemptWith(pg, { config, bindsPassword, session }, { tls, mayFallBack })
  if (isRefusedSetting(found, STATEMENT_TIMEOUT)) {
    // A pooler stands before the server. Whoever waits for a statement stops it by himself.
    const { [STATEMENT_TIMEOUT]: _, ...others } = session
    found = await attemptWith(pg, { config, bindsPassword, session: others }, { tls, mayFallBack })
  }
  if ('error' in found) throw explain(found, config)
  const place = { Connection: pg.Connection, host, port, tls: found.tls, timeoutMs: settings.connectTimeoutMs || defaultTimeoutMs }
  return new PgSession(found.client, place, settings.keepsStatements)
}

/** What a client is made of, and what the session is to be like. */
interface Opening {
  readonly config: ClientConfig
  /** The password is proved in a way that is bound to the server's certificate, or not at all. */
  readonly bindsPassword: boolean
  readonly session: Readonly<Record<string, string>>
}

type Attempt = { readonly client: PgClient; readonly tls: ConnectionOptions | null } | Failure

async function attemptWith(pg: Pg, opening: Opening, { tls, mayFallBack }: TlsSettings): Promise<Attempt> {
  const found = await attempt(pg, opening, tls)
  return 'error' in found && found.refusedTls && mayFallBack ? await attempt(pg, opening, null) : found
}

interface Failure {
  readonly error: unknown
  readonly refusedTls: boolean
  /** The server has closed the connection without a word. */
  readonly closed: boolean
  readonly passwordMissing: boolean
  readonly elapsedMs: number
}

async function attempt({ Client }: Pg, { config, bindsPassword, session }: Opening, tls: ConnectionOptions | null): Promise<Attempt> {
  const startedAt = performance.now()
  let client: PgClient | undefined
  let refusedTls = false
  let closed = false
  let passwordMissing = false
  let refusal = (): Error | null => null
  try {
    // A copy: pg hides the key in the object that it is given.
    const made = new Client({ ...config, ssl: tls === null ? false : { ...tls } }) as PgClient
    client = made
    const described = made.getStartupConf.bind(made)
    made.getStartupConf = () => ({ ...described(), ...session })
    if (bindsPassword) refusal = requireBinding(made)
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
    const refused = refusal()
    if (refused !== null) throw refused
    return { client, tls }
  } catch (error) {
    if (client !== undefined) wireOf(client).stream.destroy()
    const refused = refusal()
    const elapsedMs = performance.now() - startedAt
    return { error: refused ?? error, refusedTls, closed: closed && refused === null, passwordMissing, elapsedMs }
  }
}

function explain(failure: Failure, config: ClientConfig): Error {
  const { error, closed, passwordMissing, elapsedMs } = failure
  const { host, port, connectionTimeoutMillis = 0 } = config
  const place = host?.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`
  if (isRefusedSetting(failure, READ_ONLY)) {
    const reason =
      'what stands before the server has no read-only connections. Use begin({ readonly: true }), or connect to the server itself'
    return refusedConnection(Object.assign(new Error(reason, { cause: error }), { code: '08P01' }), place)
  }
  if (error instanceof Error && 'code' in error) return refusedConnection(error, place)
  if (connectionTimeoutMillis > 0 && elapsedMs >= connectionTimeoutMillis) {
    const timeout = new Error(`it did not accept the connection within ${connectionTimeoutMillis} ms`, { cause: error })
    return refusedConnection(Object.assign(timeout, { code: 'ETIMEDOUT' }), place)
  }
  if (passwordMissing) return refusedConnection(new Error('it asks for a password, and none was given', { cause: error }), place)
  return refusedConnection(closed ? Object.assign(new Error('the server has closed the connection'), { code: '08006' }) : error, place)
}

function toConfig(settings: ServerSettings): ClientConfig {
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
    options: settings.options['options'] ?? process.env['PGOPTIONS'],
    enableChannelBinding: bindingOf(settings) !== 'disable',
  }
}

/** @throws {DriverFault} `argument`: there is no such way */
function bindingOf({ options }: ServerSettings): string {
  // pg knows fewer kinds of certificates than libpq, and fails with the others: only who asks for it gets it.
  const binding = (options['channel_binding'] ?? process.env['PGCHANNELBINDING']) || 'disable'
  if (BINDINGS.includes(binding)) return binding
  throw new DriverFault('argument', `channel_binding must be one of ${BINDINGS.join(', ')}, found "${binding}".`)
}

/** Settings of the session as RESET ALL and DISCARD ALL restore them; they count for more than the user's `options`. */
function sessionSettings({ statementTimeoutMs }: ServerSettings, readonly: boolean): Readonly<Record<string, string>> {
  return {
    // In the server's own order of day and month; timestamps are read in no other style.
    DateStyle: 'ISO',
    ...(statementTimeoutMs > 0 ? { [STATEMENT_TIMEOUT]: String(Math.ceil(statementTimeoutMs)) } : {}),
    ...(readonly ? { [READ_ONLY]: 'on' } : {}),
  }
}

/** Poolers know some settings, and refuse a connection with any other: `unsupported startup parameter: statement_timeout`. */
function isRefusedSetting(found: Attempt, name: string): boolean {
  if (!('error' in found) || !isServerError(found.error)) return false
  const { code, message } = found.error
  return code === '08P01' && message.includes('startup parameter') && message.includes(name)
}

/** A misspelled `sslmode` would be an unencrypted connection. */
function checkOptions(options: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown === undefined) return
  throw new DriverFault('argument', `Unknown option "${unknown}" for PostgreSQL: there are ${[...OPTIONS].join(', ')}.`)
}
