/**
 * A cell of shared memory behind the cancel slots holds the id of the request that the worker has begun last: inside a native call it cannot
 * say what it is at.
 */

/** Worker: the request begins. */
export function tellServing(cells: Int32Array, requestId: number): void {
  Atomics.store(cells, cells.length - 4, requestId)
}

/** User's side: what the worker has begun last; 0 before the first, and where nobody knows: the worker is in a process of its own. */
export function servedLast(cells: Int32Array): number {
  return Atomics.load(cells, cells.length - 4)
}
