import { WorkerTerminatedError } from '../errors.ts'

/**
 * The error as it is thrown at whoever waits for it: one that was made in the callback of a timer or a port knows only that callback. Call
 * it once, inside the async function that the caller awaits: the stack is taken here.
 */
export function withCallersStack(error: unknown): unknown {
  // The loss of one thread fails many calls: each throws an error of its own.
  if (error instanceof WorkerTerminatedError) return new WorkerTerminatedError(error.message, { cause: error.cause })
  if (error instanceof Error) captureLongStack(error)
  return error
}

/** V8 keeps ten frames, and as many may be ours before the caller's come. */
function captureLongStack(error: Error): void {
  const { stackTraceLimit } = Error
  // Not by assignment: the program may have frozen what is built in.
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit * 2)
  Error.captureStackTrace(error, withCallersStack)
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
}
