import { channel, tracingChannel } from 'node:diagnostics_channel'
import type { WireValue } from '../protocol/values.ts'
import type { Logger } from './options.ts'

/** What subscribers of `offloop:query` see of a statement; parameters are never among it. */
export interface QueryContext {
  readonly sql: string
  readonly connectionId: number
  error?: unknown
}

/** How a transaction ended; 'unknown' when the thread was lost while it committed. */
export type TransactionOutcome = 'committed' | 'rolled back' | 'unknown'

/** What subscribers of `offloop:transaction` see of one. */
export interface TransactionContext {
  readonly connectionId: number
  readonly readonly: boolean
  /** Set before `asyncStart`, unless the transaction could not even begin. */
  outcome?: TransactionOutcome
  error?: unknown
}

/** What subscribers of `offloop:notice` see: what a server says of a statement that has worked, such as a RAISE NOTICE. */
export interface NoticeMessage {
  readonly connectionId: number
  /** NOTICE, WARNING, INFO … */
  readonly severity: string
  readonly message: string
  readonly driverCode: string | undefined
}

const noticeChannel = channel('offloop:notice')
const queryChannel = tracingChannel<QueryContext>('offloop:query')
const connectChannel = tracingChannel<object>('offloop:connect')
const transactionChannel = tracingChannel<TransactionContext>('offloop:transaction')

/**
 * Publishes one unit of work: `start` and `end` around `work`, `asyncStart` and `asyncEnd` when its promise settles, `error` when it is
 * rejected. Without a subscriber it costs a look at a flag.
 * https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel
 */
export function traceConnect<T>(context: object, work: () => Promise<T>): Promise<T> {
  return connectChannel.hasSubscribers ? connectChannel.tracePromise(work, context) : work()
}

export function publishNotice(notice: NoticeMessage): void {
  noticeChannel.publish(notice)
}

/** How somebody's work ends: with an outcome, or an error that kept it from even beginning. */
export type EndTrace = (end: { readonly outcome: TransactionOutcome } | { readonly error: unknown }) => void

/** Tells of a transaction from its BEGIN on, until the returned function is called. */
export function announceTransaction(connectionId: number, readonly: boolean): EndTrace {
  if (!transactionChannel.hasSubscribers) return noop
  const context: TransactionContext = { connectionId, readonly }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  transactionChannel.tracePromise(() => promise, context).catch(noop)
  return (end) => {
    if ('error' in end) {
      reject(end.error)
      return
    }
    context.outcome = end.outcome
    resolve()
  }
}

function noop(): void {}

/** Something that ends once, and tells how. */
interface Settling {
  onSettled(listener: (failed: boolean) => void): void
  readonly error: Error | null
}

/** Tells of a statement that is about to be sent: `echo` prints it, subscribers follow it until it settles. */
export function announceQuery(
  services: QueryServices,
  { sql, values }: { readonly sql: string; readonly values: readonly WireValue[] },
  connectionId: number,
  execution: Settling,
): void {
  const { echo, hideParameters } = services.options
  if (echo) services.logger.info(hideParameters || values.length === 0 ? echoLine(sql) : `${echoLine(sql)} ${echoValues(values)}`)
  if (!queryChannel.hasSubscribers) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  execution.onSettled(() => {
    if (execution.error === null) resolve()
    else reject(execution.error)
  })
  queryChannel.tracePromise(() => promise, { sql, connectionId }).catch(() => {})
}

/** As `announceQuery`, for work with a promise of its own: a script, a statement for many rows. `work` is called at once. */
export function traceQuery<T>(services: QueryServices, context: QueryContext, work: () => Promise<T>): Promise<T> {
  if (services.options.echo) services.logger.info(echoLine(context.sql))
  return queryChannel.hasSubscribers ? queryChannel.tracePromise(work, context) : work()
}

interface QueryServices {
  readonly options: { readonly echo: boolean; readonly hideParameters: boolean }
  readonly logger: Logger
}

/** Writes to stderr, where it cannot mix with a program's output. */
export const stderrLogger: Logger = { debug: writeLine, info: writeLine, warn: writeLine, error: writeLine }

function writeLine(...data: unknown[]): void {
  process.stderr.write(`${data.map(String).join(' ')}\n`)
}

/** A statement on one line, and not for ever. */
function echoLine(sql: string): string {
  const text = sql.replaceAll(/\s+/g, ' ').trim()
  return `offloop: ${text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text}`
}

/** Parameters, for `hideParameters: false`: texts cut short, bytes counted. */
function echoValues(values: readonly WireValue[]): string {
  const shown = values.slice(0, 50).map((value) => {
    if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`
    if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
    return String(value)
  })
  return `[${shown.join(', ')}${values.length > shown.length ? ', …' : ''}]`
}
