/**
 * Cancellation that overtakes the queue: a worker inside a statement reads no messages, but between two rows, and before it starts a
 * queued statement, it can look at shared memory. A slot holds the id of a cancelled request and not a mere flag, so a slot that nobody
 * cleared can never hit a later request.
 */
const slotCount = 1024

export function createCancelSlots(): Int32Array {
  // Two cells more, for `doorbell.ts` and `interrupt-cell.ts`.
  return new Int32Array(new SharedArrayBuffer((slotCount + 2) * Int32Array.BYTES_PER_ELEMENT))
}

/** User's side: the request with this id is to stop where it can. */
export function markCancelled(slots: Int32Array, requestId: number): void {
  Atomics.store(slots, requestId % slotCount, requestId)
}

/** Worker's side: whether the request with this id is to stop. */
export function isCancelled(slots: Int32Array, requestId: number): boolean {
  return Atomics.load(slots, requestId % slotCount) === requestId
}
