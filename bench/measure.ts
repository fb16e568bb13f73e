import { measureLoopGaps } from './cities/loop-gaps.ts'

export interface Run<T> {
  readonly result: T
  readonly elapsedMs: number
  /** What the work cost the thread that everything else of the program runs on. */
  readonly mainThreadMs: number
  readonly longestGapMs: number
}

const tickMs = 1

/** Runs `work` once. */
export async function measure<T>(work: () => Promise<T>): Promise<Run<T>> {
  pause()
  const cpuBefore = threadCpuMs()
  const loopBefore = performance.eventLoopUtilization()
  const { result, elapsedMs, longestGapMs } = await measureLoopGaps(work, tickMs)
  const { active } = performance.eventLoopUtilization(loopBefore)
  pause()
  const cpuMs = threadCpuMs() - cpuBefore
  return { result, elapsedMs, mainThreadMs: Math.min(active, cpuMs), longestGapMs }
}

/** Since Node.js 23.9; the types are those of the oldest version that the package runs on. */
interface ThreadCpuUsage {
  threadCpuUsage?(): { readonly user: number; readonly system: number }
}

function threadCpuMs(): number {
  const usage = (process as ThreadCpuUsage).threadCpuUsage?.()
  if (usage === undefined) throw new Error('The benchmark needs Node.js 23.9 or newer, for process.threadCpuUsage().')
  return (usage.user + usage.system) / 1_000
}

const nothing = new Int32Array(new SharedArrayBuffer(4))

/** Linux books a thread's time when the thread is switched away, or else every 4 ms: a moment's sleep before a reading makes it exact. */
function pause(): void {
  Atomics.wait(nothing, 0, 0, 0.05)
}
