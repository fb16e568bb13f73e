import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ServerSettings } from '../../src/protocol/server.ts'
import { keepAliveMs } from './keep-alive.ts'
import type { NativeOptions, NativeTls } from './mysql2-client.ts'
import { DriverFault } from './sqlite-errors.ts'

/** How to connect: with TLS, without, or with if the server has it. */
export interface ConnectPlan {
  readonly options: NativeOptions
  readonly tls: NativeTls | null
  /** True where a server without TLS is spoken to all the same. */
  readonly tlsIsOptional: boolean
}

const modes = ['disabled', 'preferred', 'required', 'verify_ca', 'verify_identity'] as const
type TlsMode = (typeof modes)[number]

const known: ReadonlySet<string> = new Set(['sslmode', 'ssl-mode', 'ssl-ca', 'ssl-cert', 'ssl-key', 'charset', 'application_name'])

/**
 * What mysql2 is told. Off, of what it would do by itself: files of this machine for LOAD DATA LOCAL; blanks between a function and its
 * parenthesis, which make reserved words of all functions' names; attributes of queries, which change the form of the messages.
 */
const flags = ['-LOCAL_FILES', '-IGNORE_SPACE', '-CLIENT_QUERY_ATTRIBUTES', 'PS_MULTI_RESULTS']

/** @throws {DriverFault} `argument`: an option that does not exist, or a value that it cannot have */
export function toConnectPlan(settings: ServerSettings): ConnectPlan {
  for (const name of Object.keys(settings.options)) {
    if (!known.has(name)) throw wrongOption(`There is no option "${name}"; there are: ${[...known].join(', ')}.`)
  }
  const charset = settings.options['charset'] ?? 'utf8mb4'
  if (charset.toLowerCase() !== 'utf8mb4') throw wrongOption(`The charset is always utf8mb4, not "${charset}".`)
  const host = settings.host ?? 'localhost'
  const mode = modeOf(settings, host)
  const { application_name: programName } = settings.options
  const options = {
    ...(host.startsWith('/') ? { socketPath: host } : { host, port: settings.port ?? 3306 }),
    ...(settings.username === undefined ? undefined : { user: settings.username }),
    ...(settings.password === undefined ? undefined : { password: settings.password }),
    ...(settings.database === undefined ? undefined : { database: settings.database }),
    connectTimeout: settings.connectTimeoutMs,
    keepAliveInitialDelay: keepAliveMs,
    charset: 'utf8mb4',
    flags,
    ...(programName === undefined ? undefined : { connectAttributes: { program_name: programName } }),
  }
  return { options, tls: mode === 'disabled' ? null : tlsOf(settings, mode, host), tlsIsOptional: mode === 'preferred' }
}

function modeOf({ options }: ServerSettings, host: string): TlsMode {
  const asked = (options['ssl-mode'] ?? options['sslmode'])?.toLowerCase().replace('-', '_')
  if (asked === undefined) return defaultMode(host, options)
  const mode = modes.find((one) => one === asked)
  if (mode === undefined) throw wrongOption(`ssl-mode is one of ${modes.join(', ')}, not "${asked}".`)
  if (mode === 'verify_identity' && (isIP(host) !== 0 || host.startsWith('/'))) {
    // mysql2 would compare the certificate with the name localhost.
    throw wrongOption('ssl-mode=verify_identity needs a host name: a certificate cannot be compared with an IP address or a socket.')
  }
  return mode
}

/** A file that is named here is there to be used: as with MySQL's own clients, an authority is there to verify by. */
function defaultMode(host: string, options: ServerSettings['options']): TlsMode {
  if (options['ssl-ca'] !== undefined) return 'verify_ca'
  return isLocal(host) && options['ssl-cert'] === undefined ? 'disabled' : 'preferred'
}

/** What never leaves the machine. */
function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function tlsOf({ options }: ServerSettings, mode: TlsMode, host: string): NativeTls {
  const ca = readOption(options, 'ssl-ca')
  const cert = readOption(options, 'ssl-cert')
  const key = readOption(options, 'ssl-key')
  const verifyIdentity = mode === 'verify_identity'
  return {
    rejectUnauthorized: mode === 'verify_ca' || verifyIdentity,
    ...(verifyIdentity && host !== '' ? { verifyIdentity } : undefined),
    ...(ca === undefined ? undefined : { ca }),
    ...(cert === undefined ? undefined : { cert }),
    ...(key === undefined ? undefined : { key }),
  }
}

function readOption(options: ServerSettings['options'], name: string): Buffer | undefined {
  const path = options[name]
  if (path === undefined) return undefined
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new DriverFault('argument', `The file "${path}" of ${name} cannot be read.`, { cause })
  }
}

function wrongOption(message: string): DriverFault {
  return new DriverFault('argument', message)
}
