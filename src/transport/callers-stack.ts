import { WorkerTerminatedError } from '../errors.ts'

/**
 * The error as it is thrown at whoever waits for it: one that was made in the callback of a timer or a port knows only that callback. Call
 * it once, inside the async function that the caller awaits: the stack is taken here.
 */
export function withCallersStack(error: unknown): unknown {
  // The loss of one thread fails many calls: each throws an error of its own.
  if (error instanceof WorkerTerminatedError) return new WorkerTerminatedError(error.message, { cause: error.cause })
  if (error instanceof Error) Error.captureStackTrace(error, withCallersStack)
  return error
}
