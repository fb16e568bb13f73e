import type { WireError, WireErrorFamily } from '../../src/protocol/wire-error.ts'
import { DriverFault, faultToWireError, userErrorToWire } from './sqlite-errors.ts'

/** An error that pg made of an ErrorResponse of the server. */
export interface ServerError extends Error {
  /** The SQLSTATE. */
  readonly code: string
  readonly detail?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly constraint?: string | undefined
  /** The server's own function that raised it. */
  readonly routine?: string | undefined
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && typeof (error as Partial<ServerError>).code === 'string'
}

/** An error that has been put into the form in which it crosses. */
export class WiredError extends Error {
  readonly wire: WireError

  constructor(wire: WireError, cause: unknown) {
    super(wire.message, { cause })
    this.name = 'WiredError'
    this.wire = wire
  }
}

/** A lock or a server that may be free the next time. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const RETRYABLE: ReadonlySet<string> = new Set([
  ...['40001', '40P01', '55P03'],
  ...['53300', '57P01', '57P02', '57P03', '57P05', '25P03', '25P04'],
])

/** Failures of the network, which may be over the next time. */
const NETWORK: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENOENT'],
])

/** PEP 249's families: by SQLSTATE where one of a class differs, else by class. What is not here is a surprise: `internal`. */
const FAMILIES: Readonly<Record<string, WireErrorFamily>> = {
  '08': 'operational',
  // The protocol was violated: the wrong number of parameters, say.
  '08P01': 'programming',
  '0A': 'notSupported',
  '20': 'programming',
  '21': 'programming',
  '22': 'data',
  '23': 'integrity',
  '25': 'internal',
  '25006': 'operational',
  '25P02': 'transactionAborted',
  '25P03': 'operational',
  '25P04': 'operational',
  '26': 'programming',
  '28': 'operational',
  '34': 'programming',
  '3D': 'programming',
  '3F': 'programming',
  '40': 'operational',
  '42': 'programming',
  '42501': 'operational',
  // A row that the view's own condition refuses.
  '44': 'integrity',
  '53': 'operational',
  '54': 'data',
  '55': 'operational',
  '57': 'operational',
  '58': 'operational',
}

/** One of ours that is gone. */
const LOST_STATEMENT = '"offloop_'
const POOLED = 'Behind a pooler that gives each transaction another session, create the engine with statementCacheSize: 0.'

export function toWireError(error: unknown): WireError {
  if (error instanceof WiredError) return error.wire
  if (error instanceof DriverFault) return faultToWireError(error)
  return isServerError(error) ? serverErrorToWire(error) : userErrorToWire(error)
}

function serverErrorToWire(error: ServerError): WireError {
  const { code } = error
  const message = code === '26000' && error.message.includes(LOST_STATEMENT) ? `${error.message}. ${POOLED}` : error.message
  const wire = { message, driverCode: code, cause: userErrorToWire(error).cause }
  // In a transaction the statement cannot be prepared anew; in the next one it is.
  if (isStalePlan(error) && code !== '26000') return { ...wire, family: 'operational', retryable: true }
  return {
    ...wire,
    family: FAMILIES[code] ?? FAMILIES[code.slice(0, 2)] ?? 'internal',
    ...(code.startsWith('23') ? readConstraint(error) : undefined),
    retryable: isRetryable(code),
  }
}

/**
 * The server has forgotten the prepared statement, its plan no longer gives the columns that it was prepared with, or the type of one of its
 * parameters is gone. Nothing has run.
 */
export function isStalePlan(error: unknown): boolean {
  if (!isServerError(error)) return false
  const { code, routine } = error
  return (
    code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery') || (code === 'XX000' && routine === 'getTypeInputInfo')
  )
}

function isRetryable(code: string): boolean {
  return RETRYABLE.has(code) || (code.startsWith('08') && code !== '08P01') || NETWORK.has(code)
}

/** The error of a statement, or of the connection itself, that went down with the connection. */
export function lostConnection(error: unknown): WiredError {
  if (error instanceof WiredError) return error
  if (isServerError(error)) return new WiredError({ ...serverErrorToWire(error), connectionLost: true }, error)
  const { message, cause } = userErrorToWire(error)
  // 08006 is connection_failure: pg has no code where the server has closed the connection without a word.
  const driverCode = codeOf(error) ?? '08006'
  return new WiredError(
    { family: 'operational', message, driverCode, retryable: isRetryable(driverCode), connectionLost: true, cause },
    error,
  )
}

/** The error of a connection whose server has said what cannot be read; what follows cannot be read either. */
export function unreadableAnswer(error: unknown): WiredError {
  const { message, cause } = userErrorToWire(error)
  return new WiredError(
    {
      family: 'data',
      message: `The answer of the server could not be read: ${message}. The connection has been given up.`,
      driverCode: codeOf(error) ?? '08P01',
      retryable: false,
      connectionLost: true,
      cause,
    },
    error,
  )
}

/**
 * Why a connection could not be opened. Always `operational`, whatever the server calls it, except that the driver could not be loaded or
 * was called wrongly.
 */
export function refusedConnection(error: unknown, place: string): WiredError | DriverFault {
  if (error instanceof DriverFault) return error
  const { message, cause } = userErrorToWire(error)
  const code = codeOf(error)
  const wire: WireError = {
    family: 'operational',
    message: `Could not connect to PostgreSQL at ${place}: ${reasonOf(error, message)}`,
    // 08001 is sqlclient_unable_to_establish_sqlconnection. Without a code of its own it is pg's refusal: the server has no TLS, say.
    driverCode: code ?? '08001',
    retryable: code !== undefined && isRetryable(code),
    cause,
  }
  return new WiredError(wire, error)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** A host with several addresses fails with an error for each of them, and none of its own. */
function reasonOf(error: unknown, message: string): string {
  if (message !== '') return message
  if (error instanceof AggregateError) return error.errors.map((each) => (each instanceof Error ? each.message : 'unknown')).join('; ')
  return codeOf(error) ?? 'unknown reason'
}

function readConstraint(error: ServerError): Pick<WireError, 'constraint' | 'table' | 'columns'> {
  const { code, constraint, table, column, detail } = error
  if (column !== undefined) return { constraint, table, columns: [column] }
  return { constraint, table, columns: isStillReferred(error) ? undefined : keyColumns(code, detail) }
}

/**
 * A row that others refer to: `table` is theirs, and the key in the detail is that of the row itself. In every language of the server its message
 * has three names, each between two marks, where that of a reference to nothing has two.
 */
function isStillReferred({ code, message }: ServerError): boolean {
  return code === '23503' && (message.match(/["«»„“”「」]/g) ?? []).length > 4
}

/** Errors whose detail begins with the key's columns, in every language of the server: `Key (a, "b c")=(1, 2) already exists.` */
const KEYED: ReadonlySet<string> = new Set(['23503', '23505', '23P01'])

/** The names alone: the values behind them are nobody's business. Of an index over expressions there are no columns to name. */
function keyColumns(code: string, detail: string | undefined): readonly string[] | undefined {
  if (!KEYED.has(code) || detail === undefined) return undefined
  const start = detail.indexOf('(') + 1
  const end = detail.indexOf(')=(')
  if (start === 0 || end < start) return undefined
  const columns: string[] = []
  for (const part of detail.slice(start, end).matchAll(/(?:^|, )(?:"((?:[^"]|"")*)"|([^\s"(),]+))(?=, |$)|./gs)) {
    const name = part[1]?.replaceAll('""', '"') ?? part[2]
    if (name === undefined) return undefined
    columns.push(name)
  }
  return columns
}
