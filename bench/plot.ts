import { text } from './svg.ts'

export interface Line {
  /** Drawn in the colour of the package, with its values written at the points. */
  readonly own: boolean
  /** One for each step of the x axis. */
  readonly values: readonly number[]
}

export interface YAxis {
  readonly ticks: readonly number[]
  readonly logarithmic: boolean
  format(value: number): string
}

export interface Plot {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  /** What stands under the steps of the x axis, which are all of one width: sizes that multiply make it logarithmic. */
  readonly steps: readonly string[]
  readonly stepsTitle: string
  readonly y: YAxis
  /** False for a plot that shares the numbers of the one to its left. */
  readonly showsTicks: boolean
  readonly lines: readonly Line[]
}

const radius = 3.5

/** Lines over a grid, the last of them on top. */
export function drawPlot(plot: Plot): readonly string[] {
  const { left, right, bottom, steps, stepsTitle, y, showsTicks, lines } = plot
  return [
    ...y.ticks.map((tick, index) => {
      const height = yOf(plot, tick).toFixed(1)
      return `<line x1="${left}" y1="${height}" x2="${right}" y2="${height}" class="${index === 0 ? 'axis' : 'grid'}"/>`
    }),
    ...(showsTicks ? y.ticks.map((tick) => text(left - 10, yOf(plot, tick), y.format(tick), 'tick name')) : []),
    ...steps.map((step, index) => text(xOf(plot, index), bottom + 16, step, 'tick middle')),
    text((left + right) / 2, bottom + 38, stepsTitle, 'unit middle'),
    ...lines.flatMap((line) => drawLine(plot, line)),
  ]
}

function drawLine(plot: Plot, { own, values }: Line): readonly string[] {
  const points = values.map((value, index) => ({ x: xOf(plot, index), y: yOf(plot, value), value }))
  const kind = own ? ' own' : ''
  return [
    `<polyline points="${points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}" class="line${kind}"/>`,
    ...points.map(({ x, y }) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" class="bar${kind}"/>`),
    // To the left of its middle, a value keeps clear of a line that rises to the right.
    ...(own ? points.map(({ x, y, value }) => text(x + 5, y - 14, plot.y.format(value), 'point own name')) : []),
  ]
}

/** The first and the last step keep half a step to the edges. */
function xOf({ left, right, steps }: Plot, index: number): number {
  return left + ((index + 0.5) * (right - left)) / steps.length
}

function yOf({ top, bottom, y }: Plot, value: number): number {
  const place = (n: number) => (y.logarithmic ? Math.log10(n) : n)
  const [lowest, highest] = [place(y.ticks[0] ?? 0), place(y.ticks.at(-1) ?? 0)]
  return bottom - ((place(value) - lowest) / (highest - lowest)) * (bottom - top)
}

/** Powers of ten that all values lie between. */
export function logarithmicTicks(values: readonly number[]): readonly number[] {
  const lowest = Math.floor(Math.log10(Math.min(...values)))
  const highest = Math.ceil(Math.log10(Math.max(...values)))
  return Array.from({ length: highest - lowest + 1 }, (_, index) => 10 ** (lowest + index))
}

/** Round numbers from 0 to above all values, six of them at most. */
export function linearTicks(values: readonly number[]): readonly number[] {
  const largest = Math.max(...values)
  const magnitude = 10 ** Math.floor(Math.log10(largest))
  const step = [0.2, 0.5, 1, 2].map((part) => part * magnitude).find((size) => size * 5 >= largest) ?? largest
  return Array.from({ length: Math.ceil(largest / step) + 1 }, (_, index) => index * step)
}
