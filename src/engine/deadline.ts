import { performance } from 'node:perf_hooks'
import { AbortError, ArgumentError, StatementTimeoutError } from '../errors.ts'
import { whenAborted, whenTimedOut } from './expiry-groups.ts'

/** How a caller may end a wait before its time. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** In milliseconds. */
  readonly timeoutMs?: number | undefined
  /** When the time began, by `performance.now()`: for a call that waits several times. Default: with the wait. */
  readonly since?: number | undefined
}

/** The time of a call of several steps, each of which waits by itself, runs from now. */
export function fromNow<T extends WaitOptions>(wait: T): T & WaitOptions {
  return wait.timeoutMs === undefined ? wait : { ...wait, since: wait.since ?? performance.now() }
}

/** @throws {ArgumentError} a signal that is none, a time that is negative or no number */
export function checkWaitOptions({ signal, timeoutMs }: WaitOptions): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new ArgumentError('signal must be an AbortSignal.')
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw new ArgumentError('timeoutMs must be a number of milliseconds, 0 or more.')
  }
}

/** Signals whose reason is what the call rejects with. */
const ownSignals = new WeakSet<AbortSignal>()

/** Of a signal that has aborted: what a call rejects with. */
export function abortErrorOf(signal: AbortSignal): AbortError | StatementTimeoutError {
  if (ownSignals.has(signal)) return signal.reason as AbortError | StatementTimeoutError
  return new AbortError('The operation was aborted.', { cause: signal.reason })
}

/** For a call of several steps, each of which waits by itself: what ends it becomes one signal, and its time runs from the beginning. */
export async function withOneSignal<T>(options: WaitOptions | undefined, work: (wait: WaitOptions) => Promise<T>): Promise<T> {
  if (options === undefined || (options.signal !== undefined && ownSignals.has(options.signal))) return await work(options ?? {})
  const { signal, forget } = signalOf(options)
  try {
    return await work({ signal })
  } finally {
    forget()
  }
}

/** A signal that aborts with this one until `forget` is called, for what may outlive the wish of whoever began it. */
export function ownSignalOf(signal: AbortSignal | undefined): { readonly signal: AbortSignal | undefined; readonly forget: () => void } {
  return signal === undefined ? { signal, forget: noop } : signalOf({ signal })
}

function signalOf(wait: WaitOptions): { readonly signal: AbortSignal; readonly forget: () => void } {
  const controller = new AbortController()
  ownSignals.add(controller.signal)
  return { signal: controller.signal, forget: watchDeadline(wait, (error) => controller.abort(error)) }
}

/** The longest time a timer takes: anything longer fires at once. https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const maxTimerMs = 2 ** 31 - 1

/**
 * Calls `expire` once when the signal aborts or the time is over, unless the returned function is called before. A signal that has
 * aborted already expires at once.
 */
export function watchDeadline(
  { signal, timeoutMs, since }: WaitOptions,
  expire: (error: AbortError | StatementTimeoutError) => void,
): () => void {
  if (signal === undefined && timeoutMs === undefined) return noop
  if (signal?.aborted === true) {
    expire(abortErrorOf(signal))
    return noop
  }
  const stop = (): void => {
    forgetSignal()
    forgetTime()
  }
  const finish = (error: AbortError | StatementTimeoutError): void => {
    stop()
    expire(error)
  }
  const timed = timeoutMs !== undefined && timeoutMs <= maxTimerMs
  const overdue = (): void => finish(new StatementTimeoutError(`The operation took longer than ${timeoutMs} ms.`))
  const forgetSignal = signal === undefined ? noop : whenAborted(signal, () => finish(abortErrorOf(signal)))
  const forgetTime = timed ? whenTimedOut(leftOf(timeoutMs, since), overdue) : noop
  return stop
}

function leftOf(timeoutMs: number, since: number | undefined): number {
  return since === undefined ? timeoutMs : Math.max(0, timeoutMs - (performance.now() - since))
}

/** What the promise gives, unless the wait is over before; it is then left alone. */
export function inTime<T>(wait: WaitOptions, promise: Promise<T>): Promise<T> {
  if (wait.signal === undefined && wait.timeoutMs === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = watchDeadline(wait, reject)
    promise.then(resolve, reject).finally(stop)
  })
}

/** Rejects with the signal's reason when it aborts; never settles otherwise. For a signal that is forgotten soon. */
export function rejectionBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function noop(): void {}
