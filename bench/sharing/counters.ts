/** Where each counter stands: on a cache line of its own. */
export const Counter = { asked: 0, taken: 32, ended: 64 } as const

export const memoryBytes = 512

export interface ReaderData {
  readonly memory: SharedArrayBuffer
  /** How many a reader takes at once. */
  readonly group: number
  /** What each one costs it. */
  readonly steps: number
}
