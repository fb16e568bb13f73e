/**
 * Who may interrupt what: a cell of shared memory behind the cancel slots holds the id of the request that the worker is inside of, 0 when it
 * is inside none, and the negated id while somebody interrupts it. SQLite's own interrupt hits whatever runs at that moment; with the cell
 * it is called only while the right request runs, and the worker does not go on before the call has returned.
 */

/** Worker: the request is about to enter the database. Nobody can interrupt it before, or after `leaveDatabase`. */
export function enterDatabase(cells: Int32Array, requestId: number): void {
  Atomics.store(cells, cells.length - 1, requestId)
}

/** Worker: the request has left the database; waits for an interrupt that is being sent, a few microseconds at the most. */
export function leaveDatabase(cells: Int32Array, requestId: number): void {
  const cell = cells.length - 1
  if (Atomics.compareExchange(cells, cell, requestId, 0) === requestId) return
  while (Atomics.load(cells, cell) === -requestId) Atomics.wait(cells, cell, -requestId, 1_000)
}

/** Interrupting thread: calls `interrupt` if, and as long as, the request is inside the database. False when it is not. */
export function interruptRequest(cells: Int32Array, requestId: number, interrupt: () => void): boolean {
  const cell = cells.length - 1
  if (Atomics.compareExchange(cells, cell, requestId, -requestId) !== requestId) return false
  try {
    interrupt()
  } finally {
    Atomics.store(cells, cell, 0)
    Atomics.notify(cells, cell)
  }
  return true
}
