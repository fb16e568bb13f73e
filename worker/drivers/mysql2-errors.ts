import type { WireError } from '../../src/protocol/wire-error.ts'
import { kindOfError } from './mysql-error-codes.ts'
import { DriverFault, faultToWireError, userErrorToWire } from './sqlite-errors.ts'

/** An error packet as mysql2 makes an Error of it (lib/packets/packet.js, asError). */
export interface ServerError extends Error {
  readonly errno: number
  readonly sqlState: string
  /** MySQL's name for the number. */
  readonly code: string | undefined
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'sqlState' in error && 'errno' in error && typeof error.errno === 'number'
}

/** ER_QUERY_INTERRUPTED, and ER_FILSORT_ABORT where that hit a sort. */
export function isInterruption(error: unknown): boolean {
  return isServerError(error) && (error.errno === 1317 || error.errno === 1028)
}

/** ER_UNSUPPORTED_PS */
export function isUnpreparable(error: unknown): boolean {
  return isServerError(error) && error.errno === 1295
}

/** Codes of the network and of mysql2 with which a connection ends or does not begin, and whether another attempt may succeed. */
const CONNECTION_CODES: ReadonlyMap<string, boolean> = new Map([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].map((code) => [code, true] as const),
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENOENT', 'PROTOCOL_CONNECTION_LOST'].map((code) => [code, true] as const),
  ...['HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR', 'HANDSHAKE_UNKNOWN_ERROR', 'AUTH_SWITCH_PLUGIN_ERROR'].map(
    (code) => [code, false] as const,
  ),
  ...['PROTOCOL_ERROR', 'PROTOCOL_UNEXPECTED_PACKET', 'EACCES'].map((code) => [code, false] as const),
])

/** What the server, mysql2 or this driver threw, as plain data. What values the server puts into its messages are left out. */
export function mysqlToWireError(error: unknown, mariadb: boolean): WireError {
  if (error instanceof DriverFault) return faultToWireError(error)
  if (isServerError(error)) return serverToWireError(error, mariadb)
  return connectionToWireError(error) ?? userErrorToWire(error)
}

/** A server could not be reached, or has refused the connection: `cause` says why. */
export class ConnectFailure extends Error {
  readonly place: string

  /** @param place of the server: a host and port, or the path of a socket */
  constructor(place: string, cause: unknown) {
    super(`no connection to ${place}`, { cause })
    this.name = 'ConnectFailure'
    this.place = place
  }
}

/** As `mysqlToWireError`, for what kept a connection from being opened: operational, but for a missing driver or wrong options. */
export function openToWireError(error: unknown, mariadb: boolean): WireError {
  if (error instanceof ConnectFailure) {
    const wire = openToWireError(error.cause, mariadb)
    return wire.family === 'operational' ? { ...wire, message: `Could not connect to MySQL at ${error.place}: ${wire.message}` } : wire
  }
  const { connectionLost: _none, ...wire } = mysqlToWireError(error, mariadb)
  return wire.family === 'driverLoad' || wire.family === 'argument'
    ? wire
    : { ...wire, family: 'operational', retryable: wire.retryable ?? false }
}

function serverToWireError(error: ServerError, mariadb: boolean): WireError {
  const { name, family, retryable, endsConnection } = kindOfError(error.errno, error.sqlState, error.code, mariadb)
  const parts = family === 'integrity' ? readConstraint(error) : undefined
  const message = withoutValues(error)
  return {
    family,
    message,
    driverCode: name,
    ...parts,
    retryable,
    ...(endsConnection ? { connectionLost: true } : undefined),
    cause: {
      name: error.name,
      message,
      stack: error.stack?.replace(error.message, () => message),
      code: name,
      errno: error.errno,
      sqlState: error.sqlState,
    },
  }
}

/** An error of the socket, or of mysql2, which marks those as `fatal` behind which nothing works. */
function connectionToWireError(error: unknown): WireError | undefined {
  if (!(error instanceof Error)) return undefined
  const fatal = 'fatal' in error && error.fatal === true
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (!fatal && (code === undefined || !CONNECTION_CODES.has(code))) return undefined
  const driverCode = code ?? 'PROTOCOL_CONNECTION_LOST'
  // Node.js leaves the message of several attempts empty: a name that stands for ::1 and 127.0.0.1.
  const attempts = error instanceof AggregateError ? error.errors.map((attempt) => (attempt instanceof Error ? attempt.message : '')) : []
  const message = error.message || attempts.join('; ') || driverCode
  return {
    family: 'operational',
    message,
    driverCode,
    retryable: CONNECTION_CODES.get(driverCode) ?? false,
    ...(fatal ? { connectionLost: true } : undefined),
    cause: { name: error.name, message, stack: error.stack, code: driverCode },
  }
}

type ConstraintParts = Pick<WireError, 'constraint' | 'table' | 'columns'>

/** A quoted name; a backtick in it is doubled. */
const name = '`((?:[^`]|``)+)`'
const foreignKey = new RegExp(String.raw`\(${name}\.${name}, CONSTRAINT ${name} FOREIGN KEY \(([^)]*)\)`)
const check = new RegExp(String.raw`^CONSTRAINT ${name} failed for ${name}\.${name}$`)

/** The session speaks English, whatever the server's language is (see `sessionStatements`): these are the texts of both servers. */
function readConstraint({ errno, message }: ServerError): ConstraintParts {
  switch (errno) {
    case 1062:
    case 1586:
      return readKey(message)
    case 1048:
      return { columns: [/^Column '(.*)' cannot be null$/s.exec(message)?.[1]].filter((column) => column !== undefined) }
    case 1364:
      return { columns: [/^Field '(.*)' doesn't have a default value$/s.exec(message)?.[1]].filter((column) => column !== undefined) }
    case 1451:
    case 1452: {
      const [, , table, constraint, columns] = foreignKey.exec(message) ?? []
      return { constraint: unquote(constraint), table: unquote(table), columns: readNames(columns) }
    }
    case 3819:
      return { constraint: /^Check constraint '(.*)' is violated/s.exec(message)?.[1] }
    case 4025: {
      const [, constraint, , table] = check.exec(message) ?? []
      return { constraint: unquote(constraint), table: unquote(table) }
    }
    default:
      return {}
  }
}

/** MySQL names the key `table.key`, MariaDB and MySQL before 8.0.19 the key alone. */
function readKey(message: string): ConstraintParts {
  const key = /^Duplicate entry '.*' for key '(.*?)'$/s.exec(message)?.[1]
  if (key === undefined) return {}
  const dot = key.indexOf('.')
  return dot === -1 ? { constraint: key } : { constraint: key.slice(dot + 1), table: key.slice(0, dot) }
}

function readNames(list: string | undefined): readonly string[] | undefined {
  return list === undefined ? undefined : [...list.matchAll(new RegExp(name, 'g'))].map(([, column]) => unquote(column) as string)
}

function unquote(quoted: string | undefined): string | undefined {
  return quoted?.replaceAll('``', '`')
}

/** What messages have values in, and how they read without. */
const withValues: ReadonlyMap<number, readonly [pattern: RegExp, replacement: string]> = new Map<number, readonly [RegExp, string]>([
  // The name of a key is behind the last quotes but one, whatever is in the value.
  [1062, [/^Duplicate entry '.*' for key '/s, "Duplicate entry '…' for key '"]],
  [1586, [/^Duplicate entry '.*' for key '/s, "Duplicate entry '…' for key '"]],
  [1367, [/'.*' value/s, "'…' value"]],
  [1526, [/value .*$/s, 'value …']],
  [1557, [/entry '.*', key/s, "entry '…', key"]],
  [1690, [/ in '.*'$/s, " in '…'"]],
  [1761, [/record '.*' would/s, "record '…' would"]],
  [1762, [/record '.*' would/s, "record '…' would"]],
])
/** "Incorrect integer value: 'secret' for column …", "Truncated incorrect DOUBLE value: 'x'". */
const valueAtEnd = /(\bvalue:? ')(.*)('(?: for (?:column|function|parameter|variable) .*)?)$/s

function withoutValues({ errno, message }: ServerError): string {
  const [pattern, replacement] = withValues.get(errno) ?? [valueAtEnd, '$1…$3']
  // In words that nobody knows, the value might be anywhere.
  if (withValues.has(errno) && !pattern.test(message)) return 'The server refused a value, in words that may hold it.'
  return message.replace(pattern, replacement)
}
