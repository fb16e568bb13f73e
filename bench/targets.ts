import type { BenchCase, Metric, Target } from './bench-case.ts'
import { metricTitle } from './metric-title.ts'
import type { VariantRounds } from './runner.ts'
import { median } from './statistics.ts'

/** What became of a target; `unknown` when a variant that it speaks of is not installed. */
export type Verdict = 'met' | 'missed' | 'unknown'

export interface TargetResult {
  readonly text: string
  readonly found: number | null
  readonly limit: number
  readonly verdict: Verdict
}

export function medianOf({ rounds }: VariantRounds, metric: Metric): number | null {
  const values = rounds.flatMap((round) => round[metric] ?? [])
  return values.length === 0 ? null : median(values)
}

/**
 * How a variant compares with another: the median of the ratios of each round, not the ratio of the medians. What the machine does beside
 * falls on neighbours in a round alike, and on different rounds not at all alike.
 */
export function ratioOf(of: VariantRounds, to: VariantRounds, metric: Metric): number | null {
  const ratios = of.rounds.flatMap((round, index) => {
    const [mine, theirs] = [round[metric], to.rounds[index]?.[metric]]
    return mine === undefined || theirs === undefined || theirs === 0 ? [] : mine / theirs
  })
  return ratios.length === 0 ? null : median(ratios)
}

export function checkTarget(target: Target, { unit }: BenchCase, variants: readonly VariantRounds[]): TargetResult {
  const find = (name: string) => variants.find((variant) => variant.name === name)
  const [of, to] = [find(target.of), target.relativeTo === undefined ? undefined : find(target.relativeTo)]
  let found: number | null = null
  if (of !== undefined && target.relativeTo === undefined) found = medianOf(of, target.metric)
  if (of !== undefined && to !== undefined) found = ratioOf(of, to, target.metric)
  const atLeast = 'atLeast' in target
  const limit = 'atLeast' in target ? target.atLeast : target.atMost
  const met = found !== null && (atLeast ? found >= limit : found <= limit)
  const times = target.relativeTo === undefined ? '' : ` x ${target.relativeTo}`
  return {
    text: `${target.of}, ${metricTitle(target.metric, unit)}: ${atLeast ? 'at least' : 'at most'} ${limit}${times}`,
    found,
    limit,
    verdict: found === null ? 'unknown' : met ? 'met' : 'missed',
  }
}
