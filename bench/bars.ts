import type { Metric } from './bench-case.ts'
import type { Machine } from './machine.ts'
import { type CaseResult, formatNumber } from './report.ts'
import { captionOf, drawCard, text } from './svg.ts'

/** One client of a chart of bars. */
export interface BarRow {
  readonly label: string
  /** It is offloop. */
  readonly own: boolean
}

/** What is compared, and what was measured of each row, in their order. */
export interface BarColumn {
  readonly lines: readonly [string, string]
  readonly better: 'more' | 'less'
  readonly values: readonly number[]
  /** What the values are shown in, as a part of what was measured. */
  readonly divisor: number
}

export interface BarChart {
  /** For those who cannot see it. */
  readonly label: string
  readonly rows: readonly BarRow[]
  readonly columns: readonly BarColumn[]
  readonly machine: Machine
  readonly rounds: number | undefined
}

const layout = { width: 900, left: 190, top: 76, row: 26, bar: 16, gap: 18, valueWidth: 44, bottom: 34 } as const

/** A bar for each row in each column; a column has a scale of its own. */
export function drawBars({ label, rows, columns, machine, rounds }: BarChart): string {
  const height = layout.top + rows.length * layout.row + layout.bottom
  const width = (layout.width - layout.left - layout.gap * columns.length) / columns.length
  return drawCard({ width: layout.width, height, label, caption: captionOf(machine, rounds) }, [
    ...rows.map((row, index) => text(layout.left - 12, middleOf(index), row.label, `name${row.own ? ' own' : ''}`)),
    ...columns.flatMap((column, index) => drawColumn(column, rows, { x: layout.left + index * (width + layout.gap), width })),
  ])
}

function drawColumn(
  { lines, better, divisor, values }: BarColumn,
  rows: readonly BarRow[],
  place: { readonly x: number; readonly width: number },
): readonly string[] {
  const { x } = place
  const largest = Math.max(...values)
  const bars = rows.flatMap(({ own }, row) => {
    const value = values[row] ?? 0
    // One pixel at least: what is small is there all the same.
    const width = Math.max(1, (value / largest) * (place.width - layout.valueWidth))
    const kind = own ? ' own' : ''
    return [
      `<rect x="${x}" y="${middleOf(row) - layout.bar / 2}" width="${width.toFixed(1)}" height="${layout.bar}" rx="2" class="bar${kind}"/>`,
      text(x + width + 6, middleOf(row), formatNumber(value / divisor), `value${kind}`),
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

function middleOf(row: number): number {
  return layout.top + row * layout.row + layout.row / 2
}

/** What a case has measured of each client, by its name. */
export function valuesOf(results: readonly CaseResult[], caseName: string, metric: Metric): ReadonlyMap<string, number> {
  const result = results.find(({ name }) => name === caseName)
  const entries = result?.variants.flatMap(({ name, medians }) => {
    const value = medians[metric]
    return value === undefined ? [] : [[name, value] as const]
  })
  return new Map(entries)
}
