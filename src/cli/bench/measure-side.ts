import { performance } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'

/** Often enough for a gap to be told to the millisecond, and seldom enough to cost nothing. */
const tickMs = 2

/** One way to run the query again and again. */
export interface Side {
  readonly name: string
  /** How many runs wait at once. */
  readonly inFlight: number
  /** Runs it once and gives the number of its rows. */
  readonly run: () => Promise<number> | number
}

/** What one side did. */
export interface Measured {
  runs: number
  elapsedMs: number
  longestGapMs: number
  /** Of the time in which the event loop did not wait. */
  busyMs: number
}

/**
 * Runs a side for some time, at least once, and adds to what was measured of it. A timer ticks all the while: the longest time between two of its ticks
 * is what anything else in the program would have waited.
 */
export async function measureSide({ run, inFlight }: Side, forMs: number, measured: Measured): Promise<void> {
  let lastTick = performance.now()
  const tick = (): void => {
    const now = performance.now()
    measured.longestGapMs = Math.max(measured.longestGapMs, now - lastTick)
    lastTick = now
  }
  const timer = setInterval(tick, tickMs)
  const loop = performance.eventLoopUtilization()
  const begun = performance.now()
  const end = begun + forMs
  const again = async (): Promise<void> => {
    do {
      await run()
      measured.runs += 1
      // A server lets others have their turn between two queries; a driver that blocks would never let it tick.
      await turn()
    } while (performance.now() < end)
  }
  try {
    await Promise.all(Array.from({ length: inFlight }, again))
    tick()
  } finally {
    // A timer that ticks on keeps the process.
    clearInterval(timer)
  }
  measured.elapsedMs += performance.now() - begun
  measured.busyMs += performance.eventLoopUtilization(loop).active
}
