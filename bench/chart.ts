import type { Metric } from './bench-case.ts'
import type { Machine } from './machine.ts'
import { type CaseResult, formatNumber } from './report.ts'
import { captionOf, drawCard, labelOf, text } from './svg.ts'

interface Column {
  readonly caseName: string
  readonly metric: Metric
  readonly lines: readonly [string, string]
  readonly better: 'more' | 'less'
  /** What the value is shown in, as a part of what was measured. */
  readonly divisor: number
}

const columns: readonly Column[] = [
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

const layout = { width: 900, left: 190, top: 76, row: 26, bar: 16, gap: 18, valueWidth: 44, bottom: 34 } as const
const columnWidth = (layout.width - layout.left - layout.gap * columns.length) / columns.length

/** Bars for every client that was measured in all three ways, offloop first; null when a case of the chart was not run. */
export function drawChart(results: readonly CaseResult[], machine: Machine): string | null {
  const [first] = columns
  const names = [...valuesOf(first, results).keys()].filter((name) => columns.every((column) => valuesOf(column, results).has(name)))
  if (names.length === 0) return null
  const speeds = valuesOf(first, results)
  const others = names.filter((name) => name !== 'offloop').sort((a, b) => (speeds.get(b) ?? 0) - (speeds.get(a) ?? 0))
  const rows = ['offloop', ...others]
  const height = layout.top + rows.length * layout.row + layout.bottom
  const rounds = results.find(({ name }) => name === first?.caseName)?.rounds
  return drawCard(
    { width: layout.width, height, label: 'offloop and other SQLite clients compared', caption: captionOf(machine, rounds) },
    [
      ...rows.map((name, row) => text(layout.left - 12, middleOf(row), labelOf(name), `name${name === 'offloop' ? ' own' : ''}`)),
      ...columns.flatMap((column, index) => drawColumn(column, index, { rows, values: valuesOf(column, results) })),
    ],
  )
}

interface ColumnData {
  readonly rows: readonly string[]
  readonly values: ReadonlyMap<string, number>
}

function drawColumn({ lines, better, divisor }: Column, index: number, { rows, values }: ColumnData): readonly string[] {
  const x = layout.left + index * (columnWidth + layout.gap)
  const largest = Math.max(...rows.map((name) => values.get(name) ?? 0))
  const bars = rows.flatMap((name, row) => {
    const value = values.get(name) ?? 0
    // One pixel at least: what is small is there all the same.
    const width = Math.max(1, (value / largest) * (columnWidth - layout.valueWidth))
    const own = name === 'offloop' ? ' own' : ''
    return [
      `<rect x="${x}" y="${middleOf(row) - layout.bar / 2}" width="${width.toFixed(1)}" height="${layout.bar}" rx="2" class="bar${own}"/>`,
      text(x + width + 6, middleOf(row), formatNumber(value / divisor), `value${own}`),
    ]
  })
  const bottom = layout.top + rows.length * layout.row
  return [
    text(x, 30, lines[0], 'title'),
    text(x, 48, `${lines[1]} (${better} is better)`, 'unit'),
    `<line x1="${x}" y1="${layout.top - 6}" x2="${x}" y2="${bottom}" class="axis"/>`,
    ...bars,
  ]
}

function valuesOf(column: Column | undefined, results: readonly CaseResult[]): ReadonlyMap<string, number> {
  const result = results.find(({ name }) => name === column?.caseName)
  const entries = result?.variants.flatMap(({ name, medians }) => {
    const value = column === undefined ? undefined : medians[column.metric]
    return value === undefined ? [] : [[name, value] as const]
  })
  return new Map(entries)
}

function middleOf(row: number): number {
  return layout.top + row * layout.row + layout.row / 2
}
