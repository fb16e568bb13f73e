import { existsSync, readdirSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// What the process itself has: threads, open files, memory.

export interface ProcessHoldings {
  readonly threads: number
  readonly files: number
}

/** Linux tells; elsewhere nothing is compared. */
export function processHoldings(): ProcessHoldings {
  if (!existsSync('/proc/self/task')) return { threads: 0, files: 0 }
  return { threads: readdirSync('/proc/self/task').length, files: readdirSync('/proc/self/fd').length }
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

export interface MemorySample {
  readonly atMs: number
  readonly bytes: number
}

/** The memory of this thread that is in use after everything that can go has gone. */
export function sampleMemory(): MemorySample {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return { atMs: performance.now(), bytes: heapUsed + external }
}

/** Megabytes a minute: the slope of the line through the samples with the least squares. */
export function slopeOf(samples: readonly MemorySample[]): number {
  const mean = (of: (sample: MemorySample) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const minutes = ({ atMs }: MemorySample): number => atMs / 60_000
  const megabytes = ({ bytes }: MemorySample): number => bytes / 1_048_576
  const [meanMinutes, meanMegabytes] = [mean(minutes), mean(megabytes)]
  let covariance = 0
  let variance = 0
  for (const sample of samples) {
    covariance += (minutes(sample) - meanMinutes) * (megabytes(sample) - meanMegabytes)
    variance += (minutes(sample) - meanMinutes) ** 2
  }
  return variance === 0 ? 0 : covariance / variance
}
