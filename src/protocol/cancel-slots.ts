/**
 * Cancellation that overtakes the queue: a worker inside a statement reads no messages, but between two rows, and before it starts a
 * queued statement, it can look at shared memory. A slot holds the id of a cancelled request and not a mere flag, so a slot that nobody
 * cleared can never hit a later request.
 *
 * There are more slots than statements may wait, so that all of them can be cancelled at once; memory that nobody has written to is not there.
 */
const slotCount = 2 ** 17

export function createCancelSlots(): Int32Array {
  // Five cells more, three for `doorbell.ts`, one for `interrupt-cell.ts` and one for `serving-cell.ts`.
  return new Int32Array(new SharedArrayBuffer((slotCount + 5) * Int32Array.BYTES_PER_ELEMENT))
}

/**
 * User's side: the request with this id is to stop where it can.
 *
 * @param isOpen whether another request still waits for its last answer. A cursor may have been open for so long that it shares its slot
 * with a statement that has been cancelled in the queue, and must not start; the cursor is closed by a message as well.
 */
export function markCancelled(slots: Int32Array, requestId: number, isOpen?: (other: number) => boolean): void {
  const slot = requestId % slotCount
  const marked = Atomics.load(slots, slot)
  if (marked > requestId && isOpen?.(marked) === true) return
  Atomics.store(slots, slot, requestId)
}

/** Worker's side: whether the request with this id is to stop. */
export function isCancelled(slots: Int32Array, requestId: number): boolean {
  return Atomics.load(slots, requestId % slotCount) === requestId
}
