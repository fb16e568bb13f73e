import { createHash } from 'node:crypto'
import type { BenchCase, CaseContext, Metrics, Prepared, Variant } from './bench-case.ts'
import { measure } from './measure.ts'

export interface VariantRounds {
  readonly name: string
  /** One entry a round, in the order of the rounds: the same index is the same round for every variant. */
  readonly rounds: readonly Metrics[]
}

interface Contestant {
  readonly name: string
  readonly prepared: Prepared
  readonly rounds: Metrics[]
  observed: Metrics
}

/**
 * Runs every variant of a case in turn, A B C, B C A, …, so that whatever else the machine does falls on all of them alike. A first round
 * warms up and is not counted. All variants are open from the beginning to the end: those that wait cost nothing.
 *
 * @throws {Error} two variants gave different answers
 */
export async function runCase(benchCase: BenchCase, context: CaseContext, rounds: number): Promise<readonly VariantRounds[]> {
  const operations = benchCase.operations(context.quick)
  const contestants = await prepareAll(benchCase.variants(context))
  let expected: { readonly name: string; readonly digest: string } | undefined
  try {
    for (let round = 0; round <= rounds; round++) {
      for (let turn = 0; turn < contestants.length; turn++) {
        const contestant = contestants[(turn + round) % contestants.length]
        if (contestant === undefined) continue
        if (round === 0) contestant.observed = (await contestant.prepared.observe?.()) ?? {}
        const { metrics, answer } = await runOnce(contestant, operations)
        const digest = digestOf(await answer())
        expected ??= { name: contestant.name, digest }
        if (digest !== expected.digest) {
          throw new Error(`${benchCase.name}: ${contestant.name} and ${expected.name} gave different answers.`)
        }
        if (round > 0) contestant.rounds.push(metrics)
      }
    }
  } finally {
    for (const { prepared } of contestants) await prepared.close()
  }
  return contestants
}

async function prepareAll(variants: readonly Variant[]): Promise<readonly Contestant[]> {
  const contestants: Contestant[] = []
  for (const variant of variants) {
    const prepared = await variant.prepare()
    if (prepared !== null) contestants.push({ name: variant.name, prepared, rounds: [], observed: {} })
  }
  return contestants
}

async function runOnce({ prepared, observed }: Contestant, operations: number): Promise<{ metrics: Metrics; answer: () => unknown }> {
  const { result, elapsedMs, mainThreadMs, longestGapMs } = await measure(() => prepared.run())
  const metrics = {
    elapsedMs,
    longestGapMs,
    operationsPerSecond: (1_000 * operations) / elapsedMs,
    microsPerOperation: (1_000 * elapsedMs) / operations,
    mainThreadMicros: (1_000 * mainThreadMs) / operations,
    ...observed,
    ...result.metrics,
  }
  return { metrics, answer: result.answer }
}

/** Of the JSON text: clients give rows of their own classes, and it is the names and values that have to be the same. */
function digestOf(answer: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(answer) ?? '')
    .digest('hex')
}
