import { type BarColumn, drawBars, valuesOf } from './bars.ts'
import type { Metric } from './bench-case.ts'
import type { Machine } from './machine.ts'
import type { CaseResult } from './report.ts'

const drivers = ['pg', 'mysql2'] as const
/** The clients of each driver's cases, and what they are called in the chart. */
const clients = [
  { name: (driver: string) => driver, label: (driver: string) => driver, own: false },
  { name: () => 'offloop', label: (driver: string) => `offloop, ${driver}`, own: true },
  { name: () => 'offloop, main', label: () => "placement: 'main'", own: true },
]

type Column = Omit<BarColumn, 'values'> & { readonly caseName: string; readonly metric: Metric }

const columns: readonly Column[] = [
  {
    caseName: 'point-in-flight',
    metric: 'operationsPerSecond',
    lines: ['Point selects', '1,000/s'],
    better: 'more',
    divisor: 1_000,
  },
  { caseName: 'point-in-flight', metric: 'mainThreadMicros', lines: ['Main thread, a select', 'µs'], better: 'less', divisor: 1 },
  { caseName: 'fetch-all', metric: 'mainThreadMicros', lines: ['Main thread, a row', 'µs'], better: 'less', divisor: 1 },
  { caseName: 'fetch-all', metric: 'longestGapMs', lines: ['Longest stop', 'ms'], better: 'less', divisor: 1 },
]

/** Bars for each driver alone, and for offloop with it in a worker and on the main thread; null when a case of the chart was not run. */
export function drawServers(results: readonly CaseResult[], machine: Machine): string | null {
  const rows = drivers.flatMap((driver) =>
    clients.map(({ name, label, own }) => ({ driver, name: name(driver), label: label(driver), own })),
  )
  const measured = columns.map(({ caseName, metric }) =>
    rows.flatMap(({ driver, name }) => valuesOf(results, `${driver}-${caseName}`, metric).get(name) ?? []),
  )
  if (measured.some((values) => values.length < rows.length)) return null
  return drawBars({
    label: 'pg and mysql2 alone, and offloop with them',
    rows,
    columns: columns.map((column, index) => ({ ...column, values: measured[index] ?? [] })),
    machine,
    rounds: results.find(({ name }) => name === 'pg-point-in-flight')?.rounds,
  })
}
