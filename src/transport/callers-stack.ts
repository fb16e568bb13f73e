import { OffloopError } from '../errors.ts'

/** Errors of this library that somebody has been told. */
const told = new WeakSet<OffloopError>()

/**
 * The error as it is thrown at whoever waits for it: one that was made in the callback of a timer or a port knows only that callback. Call
 * it once, inside the async function that the caller awaits: the stack is taken here.
 */
export function withCallersStack(error: unknown): unknown {
  const own = error instanceof OffloopError ? ownError(error) : error
  if (own instanceof Error) captureLongStack(own)
  return own
}

/** The loss of a thread, or a connection that cannot be opened, fails many calls: each throws an error of its own. */
function ownError(error: OffloopError): OffloopError {
  const own = told.has(error) ? copyOf(error) : error
  told.add(own)
  return own
}

/** Another one of the same class, with the same properties. */
function copyOf(error: OffloopError): OffloopError {
  const { stack: _, ...properties } = Object.getOwnPropertyDescriptors(error)
  return Object.defineProperties(Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error)), properties)
}

/** V8 keeps ten frames, and as many may be ours before the caller's come. */
function captureLongStack(error: Error): void {
  const { stackTraceLimit } = Error
  // Not by assignment: the program may have frozen what is built in.
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit * 2)
  Error.captureStackTrace(error, withCallersStack)
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
}
