import { type BarColumn, drawBars, valuesOf } from './bars.ts'
import type { Metric } from './bench-case.ts'
import type { Machine } from './machine.ts'
import type { CaseResult } from './report.ts'
import { labelOf } from './svg.ts'

type Column = Omit<BarColumn, 'values'> & { readonly caseName: string; readonly metric: Metric }

const columns: readonly [Column, ...Column[]] = [
  {
    caseName: 'point-in-flight',
    metric: 'operationsPerSecond',
    lines: ['Point selects, 64 in flight', 'thousands a second'],
    better: 'more',
    divisor: 1_000,
  },
  {
    caseName: 'point-in-flight',
    metric: 'mainThreadMicros',
    lines: ['Main thread, per select', 'microseconds'],
    better: 'less',
    divisor: 1,
  },
  {
    caseName: 'fetch-all',
    metric: 'longestGapMs',
    lines: ['Longest stop of the loop', '100,000 rows, ms'],
    better: 'less',
    divisor: 1,
  },
]

/** Bars for every client that was measured in all three ways, offloop first; null when a case of the chart was not run. */
export function drawChart(results: readonly CaseResult[], machine: Machine): string | null {
  const measured = columns.map((column) => valuesOf(results, column.caseName, column.metric))
  const [speeds = new Map<string, number>()] = measured
  const names = [...speeds.keys()].filter((name) => measured.every((values) => values.has(name)))
  if (names.length === 0) return null
  const others = names.filter((name) => name !== 'offloop').sort((a, b) => (speeds.get(b) ?? 0) - (speeds.get(a) ?? 0))
  const rows = ['offloop', ...others]
  return drawBars({
    label: 'offloop and other SQLite clients compared',
    rows: rows.map((name) => ({ label: labelOf(name), own: name === 'offloop' })),
    columns: columns.map((column, index) => ({ ...column, values: rows.map((name) => measured[index]?.get(name) ?? 0) })),
    machine,
    rounds: results.find(({ name }) => name === columns[0].caseName)?.rounds,
  })
}
