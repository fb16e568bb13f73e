import type { Metric } from './bench-case.ts'
import type { Machine } from './machine.ts'
import { drawPlot, type Line, linearTicks, logarithmicTicks, type Plot, type YAxis } from './plot.ts'
import type { CaseResult } from './report.ts'
import { connectionSizes, inFlightPerConnection, inFlightSizes, rowSizes, type Sizes, sizedName } from './sizes.ts'
import { captionOf, drawCard, labelOf, text } from './svg.ts'

const width = 900
const height = 396
const vertical = { top: 106, bottom: 306 } as const
const rowsPlot = { left: 74, right: 436, ...vertical } as const
const inFlightPlot = { left: 504, right: 682, ...vertical } as const
const connectionsPlot = { left: 698, right: 876, ...vertical } as const

/** How cost grows with the rows of a result, and throughput with selects in flight and connections; null when a case of it was not run. */
export function drawProportions(results: readonly CaseResult[], machine: Machine): string | null {
  const rows = linesOf(results, rowSizes, { clients: ['direct', 'offloop'], metric: 'microsPerResult' })
  const inFlight = linesOf(results, inFlightSizes, { clients: ['border', 'offloop'], metric: 'operationsPerSecond' })
  const connections = linesOf(results, connectionSizes, { clients: ['offloop'], metric: 'operationsPerSecond' })
  if (rows === null || inFlight === null || connections === null) return null
  const times: YAxis = { ticks: logarithmicTicks(valuesOf(rows)), logarithmic: true, format: formatMicros }
  const speeds: YAxis = { ticks: linearTicks(valuesOf([...inFlight, ...connections])), logarithmic: false, format: formatThousands }
  const rounds = results.find(({ name }) => name === rowSizes.caseName)?.rounds
  const label = 'Time per result against its rows, and throughput against selects in flight and connections'
  const parts: readonly Plot[] = [
    { ...rowsPlot, steps: stepsOf(rowSizes), stepsTitle: 'rows of the result', y: times, showsTicks: true, lines: rows },
    {
      ...inFlightPlot,
      steps: stepsOf(inFlightSizes),
      stepsTitle: 'in flight, one connection',
      y: speeds,
      showsTicks: true,
      lines: inFlight,
    },
    {
      ...connectionsPlot,
      steps: stepsOf(connectionSizes),
      stepsTitle: `connections, ${inFlightPerConnection} in flight each`,
      y: speeds,
      showsTicks: false,
      lines: connections,
    },
  ]
  return drawCard({ width, height, label, caption: captionOf(machine, rounds) }, [
    ...drawHeader(24, { title: 'Time per result', unit: 'all rows as objects (less is better)', other: 'direct' }),
    ...drawHeader(460, { title: 'Point selects', unit: 'thousands a second (more is better)', other: 'border' }),
    ...parts.flatMap(drawPlot),
  ])
}

interface Header {
  readonly title: string
  readonly unit: string
  /** The client of the grey line. */
  readonly other: string
}

function drawHeader(left: number, { title, unit, other }: Header): readonly string[] {
  const legend = (x: number, client: string, kind: string) => [
    `<line x1="${x}" y1="70" x2="${x + 18}" y2="70" class="line${kind}"/>`,
    text(x + 26, 70, labelOf(client), `value${kind}`),
  ]
  return [text(left, 30, title, 'title'), text(left, 48, unit, 'unit'), ...legend(left, 'offloop', ' own'), ...legend(left + 96, other, '')]
}

function stepsOf({ values }: Sizes): readonly string[] {
  return values.map((size) => size.toLocaleString('en'))
}

interface Wanted {
  readonly clients: readonly string[]
  readonly metric: Metric
}

/** Null when a point is missing. */
function linesOf(results: readonly CaseResult[], sizes: Sizes, { clients, metric }: Wanted): readonly Line[] | null {
  const variants = results.find(({ name }) => name === sizes.caseName)?.variants
  const lines = clients.map((client) => ({
    own: client === 'offloop',
    values: sizes.values.flatMap((size) => variants?.find(({ name }) => name === sizedName(client, size, sizes))?.medians[metric] ?? []),
  }))
  return lines.every(({ values }) => values.length === sizes.values.length) ? lines : null
}

function valuesOf(lines: readonly Line[]): readonly number[] {
  return lines.flatMap(({ values }) => values)
}

function formatMicros(micros: number): string {
  return micros < 1_000 ? `${formatShortly(micros)} µs` : `${formatShortly(micros / 1_000)} ms`
}

function formatThousands(perSecond: number): string {
  return formatShortly(perSecond / 1_000)
}

/** Two digits tell enough beside a scale. */
function formatShortly(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en')
}
