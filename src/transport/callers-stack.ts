/** Errors that somebody has been told. */
const told = new WeakSet<Error>()

/**
 * The error as it is thrown at whoever waits for it: one that was made in the callback of a timer or a port knows only that callback. Call
 * it once, inside the async function that the caller awaits: the stack is taken here.
 */
export function withCallersStack(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  // The loss of a thread, or a connection that cannot be opened, fails many calls: each throws an error of its own.
  const own = told.has(error) ? copyOf(error) : error
  told.add(own)
  captureLongStack(own)
  return own
}

/** Another one of the same class, with the same properties. */
function copyOf(error: Error): Error {
  const { stack: _, ...properties } = Object.getOwnPropertyDescriptors(error)
  const copy: Error = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error))
  return Object.defineProperties(copy, properties)
}

/** V8 keeps ten frames, and as many may be ours before the caller's come. */
function captureLongStack(error: Error): void {
  const { stackTraceLimit } = Error
  // Not by assignment: the program may have frozen what is built in.
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit * 2)
  Error.captureStackTrace(error, withCallersStack)
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
}
