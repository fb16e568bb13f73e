const heard = new WeakSet<object>()

/**
 * A stream of Node's may fail before anybody reads or writes it: while a connection is waited for, a file turns out not to be there. That nobody
 * listens then would end the process. Whoever reads or writes the stream later is given the failure; anything else is left as it is.
 */
export function holdEarlyFailure(given: unknown): void {
  if (typeof given !== 'object' || given === null || heard.has(given)) return
  if (!('on' in given && typeof given.on === 'function' && 'destroy' in given)) return
  heard.add(given)
  given.on('error', () => {})
}
