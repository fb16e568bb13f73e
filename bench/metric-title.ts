import type { BenchCase, Metric } from './bench-case.ts'

/** What a metric is called in a table, of a case that counts operations or rows. */
export function metricTitle(metric: Metric, unit: BenchCase['unit']): string {
  return titles[metric].replace('{unit}', unit)
}

const titles: Readonly<Record<Metric, string>> = {
  operationsPerSecond: '{unit}s/s',
  microsPerOperation: 'µs/{unit}',
  microsPerResult: 'µs/result',
  mainThreadMicros: 'main thread µs/{unit}',
  longestGapMs: 'longest gap ms',
  elapsedMs: 'ms',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  liveHeapMb: 'live heap MB',
  connectMs: 'connect ms',
  importMs: 'import ms',
  kyselyModules: 'modules of Kysely',
}
