/** What a piece of work cost: how long it took, and for how long at a stretch nothing else in the program could run. */
export interface Measurement {
  readonly elapsedMs: number
  readonly longestGapMs: number
}

/** Runs `work` while a timer ticks every 5 ms, or `tickMs`; a gap is the time between two ticks, so that is as good as it gets. */
export async function measureLoopGaps<T>(work: () => Promise<T>, tickMs = 5): Promise<Measurement & { readonly result: T }> {
  const start = performance.now()
  let lastTick = start
  let longestGapMs = 0
  const tick = (): void => {
    const now = performance.now()
    longestGapMs = Math.max(longestGapMs, now - lastTick)
    lastTick = now
  }
  const timer = setInterval(tick, tickMs)
  try {
    const result = await work()
    // Work that never let the timer run ends here: the time since its last tick is a gap too.
    tick()
    return { result, elapsedMs: performance.now() - start, longestGapMs }
  } finally {
    clearInterval(timer)
  }
}
