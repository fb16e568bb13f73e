import { AsyncResource } from 'node:async_hooks'
import { channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import type { WireValue } from '../protocol/values.ts'
import type { Logger } from './options.ts'

/** What subscribers of `offloop:query` see of a statement; parameters are never among it. */
export interface QueryContext {
  readonly sql: string
  /** The engine's URL, its password masked. */
  readonly database: string
  /** 0 for a statement of the engine itself, which finds its connection later. */
  readonly connectionId: number
  error?: unknown
}

/** What subscribers of `offloop:connect` see of the opening of a connection. */
export interface ConnectContext {
  /** The engine's URL, its password masked. */
  readonly database: string
  readonly readonly: boolean
  error?: unknown
}

/** How a transaction ended; 'unknown' when the thread was lost while it committed. */
export type TransactionOutcome = 'committed' | 'rolled back' | 'unknown'

/** What subscribers of `offloop:transaction` see of one. */
export interface TransactionContext {
  /** The engine's URL, its password masked. */
  readonly database: string
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
const connectChannel = tracingChannel<ConnectContext>('offloop:connect')
const transactionChannel = tracingChannel<TransactionContext>('offloop:transaction')

/**
 * Publishes one unit of work: `start` and `end` around `work`, `asyncStart` and `asyncEnd` when its promise settles, `error` when it is
 * rejected. Without a subscriber it costs a look at a flag.
 * https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel
 */
export function traceConnect<T>(context: ConnectContext, work: () => Promise<T>): Promise<T> {
  return connectChannel.hasSubscribers ? connectChannel.tracePromise(work, context) : work()
}

export function publishNotice(notice: NoticeMessage): void {
  noticeChannel.publish(notice)
}

/** How somebody's work ends: with an outcome, or an error that kept it from even beginning. */
export type EndTrace = (end: { readonly outcome: TransactionOutcome } | { readonly error: unknown }) => void

/** Tells of a transaction from its BEGIN on, until the returned function is called. */
export function announceTransaction(beginning: Omit<TransactionContext, 'outcome' | 'error'>): EndTrace {
  if (!transactionChannel.hasSubscribers) return noop
  const context: TransactionContext = { ...beginning }
  const publishEnd = publishStart(transactionChannel, context)
  return (end) => {
    Object.assign(context, end)
    publishEnd()
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
  echo(services, sql, values)
  if (!queryChannel.hasSubscribers) return
  const context: QueryContext = { sql, database: services.database, connectionId }
  const publishEnd = publishStart(queryChannel, context)
  execution.onSettled(() => {
    if (execution.error !== null) context.error = execution.error
    publishEnd()
  })
}

/**
 * As `tracePromise`, for work that is no promise: the returned function publishes the end, in the async context of the start, and before
 * whoever waits for the work goes on.
 */
function publishStart<C extends { error?: unknown }>(tracing: TracingChannel<unknown, C>, context: C): () => void {
  tracing.start.runStores(context, () => tracing.end.publish(context))
  return AsyncResource.bind(() => {
    if ('error' in context) tracing.error.publish(context)
    tracing.asyncStart.publish(context)
    tracing.asyncEnd.publish(context)
  })
}

/** Tells subscribers of work with a promise of its own: a script, a statement for many rows. `work` is called at once. */
export function traceQuery<T>(services: QueryServices, query: Omit<QueryContext, 'database'>, work: () => Promise<T>): Promise<T> {
  return queryChannel.hasSubscribers ? queryChannel.tracePromise(work, { ...query, database: services.database }) : work()
}

interface EchoServices {
  readonly options: { readonly echo: boolean; readonly hideParameters: boolean }
  readonly logger: Logger
}

interface QueryServices extends EchoServices {
  readonly database: string
}

/** Prints a statement that is about to be sent, if the engine is asked to. */
export function echo({ options, logger }: EchoServices, sql: string, values: readonly WireValue[] = []): void {
  if (!options.echo) return
  logger.info(options.hideParameters || values.length === 0 ? echoLine(sql) : `${echoLine(sql)} ${echoValues(values)}`)
}

/** Writes to stderr, where it cannot mix with a program's output. */
export const stderrLogger: Logger = { debug: writeLine, info: writeLine, warn: writeLine, error: writeLine }

/** Lines on their way to stderr. */
let linesOnTheirWay = 0

/** A line that nobody can read is lost: that stderr has been closed at its other end is no reason to end a program. */
function writeLine(...data: unknown[]): void {
  const { stderr } = process
  if (linesOnTheirWay++ === 0) ignoreErrorsOf(stderr)
  // What failed is told here first, and to the stream's listeners behind that.
  const written = (): void => {
    setImmediate(() => {
      if (--linesOnTheirWay === 0) stderr.off('error', ignore)
    })
  }
  try {
    stderr.write(`${data.map(String).join(' ')}\n`, written)
  } catch {
    written()
  }
}

/** Every thread whose stderr is led there listens as well: that there are many listeners is no leak, and Node.js is not to warn of it. */
function ignoreErrorsOf(stderr: NodeJS.WriteStream): void {
  const most = stderr.getMaxListeners()
  stderr.setMaxListeners(0)
  stderr.on('error', ignore)
  stderr.setMaxListeners(most)
}

function ignore(): void {}

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

/** What a logger throws becomes a warning of the process: no statement and no connection goes down with it. */
export function guarded(logger: Logger): Logger {
  const guard =
    (method: keyof Logger) =>
    (...data: unknown[]): void => {
      try {
        logger[method](...data)
      } catch (error) {
        const { message, stack } = error instanceof Error ? error : new Error(String(error))
        process.emitWarning(`The logger of an engine has thrown an error: ${message}`, { detail: stack ?? '' })
      }
    }
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') }
}
