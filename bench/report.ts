import type { BenchCase, Metric } from './bench-case.ts'
import { metricTitle } from './metric-title.ts'
import type { VariantRounds } from './runner.ts'
import { checkTarget, medianOf, ratioOf, type TargetResult } from './targets.ts'

export interface VariantResult {
  readonly name: string
  readonly operations: number
  readonly medians: Readonly<Partial<Record<Metric, number>>>
  /** Of the case's first metric. */
  readonly ratioToDirect: number | null
  readonly ratioToBorder: number | null
}

export interface CaseResult {
  readonly name: string
  readonly title: string
  readonly operations: number
  readonly rounds: number
  readonly variants: readonly VariantResult[]
  readonly targets: readonly TargetResult[]
}

export function summarise(benchCase: BenchCase, operations: number, variants: readonly VariantRounds[]): CaseResult {
  const [headline] = benchCase.metrics
  const ratioTo = (of: VariantRounds, name: string): number | null => {
    const to = variants.find((variant) => variant.name === name)
    return to === undefined ? null : ratioOf(of, to, headline)
  }
  return {
    name: benchCase.name,
    title: benchCase.title,
    operations,
    rounds: variants[0]?.rounds.length ?? 0,
    variants: variants.map((variant) => ({
      name: variant.name,
      operations: variant.operations,
      medians: Object.fromEntries(
        benchCase.metrics.flatMap((metric) => {
          const value = medianOf(variant, metric)
          return value === null ? [] : [[metric, rounded(value)]]
        }),
      ),
      ratioToDirect: roundedOrNull(ratioTo(variant, 'direct')),
      ratioToBorder: roundedOrNull(ratioTo(variant, 'border')),
    })),
    targets: benchCase.targets.map((target) => {
      const result = checkTarget(target, benchCase, variants)
      return { ...result, found: roundedOrNull(result.found) }
    }),
  }
}

/** The table of one case, and what became of its targets. */
export function formatCase(result: CaseResult, { metrics, unit }: BenchCase): string {
  const compares = (['ratioToDirect', 'ratioToBorder'] as const).filter((ratio) =>
    result.variants.some((variant) => variant[ratio] !== null),
  )
  const titles = { ratioToDirect: 'x direct', ratioToBorder: 'x border' }
  const header = ['', ...metrics.map((metric) => metricTitle(metric, unit)), ...compares.map((ratio) => titles[ratio])]
  const lines = result.variants.map((variant) => [
    variant.name,
    ...metrics.map((metric) => formatNumber(variant.medians[metric])),
    ...compares.map((ratio) => formatNumber(variant[ratio])),
  ])
  const operations = result.operations.toLocaleString('en')
  const upTo = result.variants.every((variant) => variant.operations === result.operations) ? '' : 'up to '
  const title = `${result.title} [${result.name}: ${upTo}${operations} ${unit}s a run, median of ${result.rounds}]`
  return [title, ...alignColumns([header, ...lines]), ...result.targets.map(formatTarget)].join('\n')
}

function formatTarget({ text, found, verdict }: TargetResult): string {
  return `  ${verdict.padEnd(7)} ${text}${found === null ? '' : ` (found ${formatNumber(found)})`}`
}

function alignColumns(table: readonly (readonly string[])[]): readonly string[] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  return table.map((line) =>
    `  ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`.trimEnd(),
  )
}

export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : value >= 0.1 || value === 0 ? 2 : 3)
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

function roundedOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value)
}
