/** An INTEGER that no JavaScript number can hold exactly: refused, never rounded. */
export class UnsafeIntegerError extends Error {
  readonly columnIndex: number

  constructor(columnIndex: number) {
    super('an INTEGER beyond 2^53 - 1')
    this.columnIndex = columnIndex
  }
}

/** Thrown between two rows, or before a queued request starts, when the user's side has cancelled it. */
export class CancelledError extends Error {}
