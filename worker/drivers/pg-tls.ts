import { readFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { DriverFault } from './sqlite-errors.ts'

/** As in libpq: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type SslMode = (typeof SSL_MODES)[number]

export interface TlsSettings {
  /** Null for a connection that is not encrypted. */
  readonly tls: ConnectionOptions | null
  /** Without encryption where the server has none. */
  readonly mayFallBack: boolean
}

/** In place of a file: the authorities that are trusted anyway. */
const SYSTEM_ROOT = 'system'

/**
 * What `sslmode`, `sslrootcert`, `sslcert` and `sslkey` ask for. `require` encrypts and verifies nothing, unless `sslrootcert` says by what
 * to verify. Without `sslmode`, `sslrootcert` asks for `verify-ca`, and `system` for `verify-full`; else it is `prefer`, but `disable` on
 * this machine, where there is nothing between the two ends.
 *
 * @throws {DriverFault} `argument`: there is no such mode, it is too weak for `system`, or a file cannot be read
 */
export async function readTlsSettings(host: string, options: Readonly<Record<string, string>>): Promise<TlsSettings> {
  const mode = readMode(options['sslmode'] ?? process.env['PGSSLMODE']) ?? defaultMode(host, options)
  // Whoever wants to can have a certificate of one of those, for a name of his own.
  if (options['sslrootcert'] === SYSTEM_ROOT && mode !== 'verify-full') {
    throw new DriverFault('argument', `sslrootcert=system needs sslmode=verify-full, found "${mode}".`)
  }
  // As in libpq: a socket of this machine is never encrypted.
  if (mode === 'disable' || host.startsWith('/')) return { tls: null, mayFallBack: false }
  const root = options['sslrootcert']
  const verifies = mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && root !== undefined)
  const tls: ConnectionOptions = {
    rejectUnauthorized: verifies,
    ...(root === undefined || root === SYSTEM_ROOT ? undefined : { ca: await readPem('sslrootcert', root) }),
    ...(options['sslcert'] === undefined ? undefined : { cert: await readPem('sslcert', options['sslcert']) }),
    ...(options['sslkey'] === undefined ? undefined : { key: await readPem('sslkey', options['sslkey']) }),
    ...(mode === 'verify-full' ? undefined : { checkServerIdentity: () => undefined }),
  }
  return { tls, mayFallBack: mode === 'prefer' }
}

function readMode(text: string | undefined): SslMode | undefined {
  if (text === undefined || text === '') return undefined
  const mode = SSL_MODES.find((each) => each === text)
  if (mode !== undefined) return mode
  throw new DriverFault('argument', `sslmode must be one of ${SSL_MODES.join(', ')}, found "${text}".`)
}

/** A file that is named here is there to be used. */
function defaultMode(host: string, options: Readonly<Record<string, string>>): SslMode {
  const root = options['sslrootcert']
  if (root !== undefined) return root === SYSTEM_ROOT ? 'verify-full' : 'verify-ca'
  return isThisMachine(host) && options['sslcert'] === undefined ? 'disable' : 'prefer'
}

async function readPem(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new DriverFault('argument', `${option} "${path}" cannot be read: ${code ?? 'unknown reason'}.`, { cause: error })
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

function isThisMachine(host: string): boolean {
  if (host.startsWith('/') || host === 'localhost') return true
  const version = isIP(host)
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4')
}
