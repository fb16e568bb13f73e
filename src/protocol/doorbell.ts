/**
 * A cell of shared memory behind the cancel slots counts the messages to the worker: one that is awake sees by it that there is another one,
 * without going to sleep in its event loop and being woken. The cell before it tells how much is in flight, on this connection and others. The
 * first of these cells counts the messages from the worker.
 */

/** User's side, before a message is posted: so many requests of its thread have not had their last answer. */
export function tellInFlight(cells: Int32Array, inFlight: number): void {
  Atomics.store(cells, cells.length - 3, inFlight)
}

/** User's side: a message has just been posted. */
export function ring(cells: Int32Array): void {
  Atomics.add(cells, cells.length - 2, 1)
  Atomics.notify(cells, cells.length - 2)
}

/** Worker: how many messages have been posted. */
export function rings(cells: Int32Array): number {
  return Atomics.load(cells, cells.length - 2)
}

/** Worker: requests of the user's thread that were in flight at the last message; 0 in a process of its own, where nobody knows. */
export function toldInFlight(cells: Int32Array): number {
  return Atomics.load(cells, cells.length - 3)
}

/** Worker: sleeps while no message has been posted behind the first `heard`, for at most so many milliseconds. */
export function waitForRing(cells: Int32Array, heard: number, ms: number): void {
  Atomics.wait(cells, cells.length - 2, heard, ms)
}

/** Worker: a message to the user's side has just been posted. */
export function ringBack(cells: Int32Array): void {
  Atomics.add(cells, cells.length - 5, 1)
}

/** User's side: how many messages the worker has posted. */
export function ringsBack(cells: Int32Array): number {
  return Atomics.load(cells, cells.length - 5)
}
