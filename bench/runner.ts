import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import type { BenchCase, CaseContext, Metrics, Prepared, Variant } from './bench-case.ts'
import { collectGarbage, collectYoungGarbage } from './cities/collect-garbage.ts'
import { measure } from './measure.ts'

// A collection before each run is many collections between two runs of a variant, and V8 throws away the code of what has not run for some:
// every round would begin as slowly as the first. A program that is busy with one client does not know that.
setFlagsFromString('--no-flush-bytecode')

/** V8 optimises what runs for long: each variant runs for that time before its first round. */
const warmUpMs = 1_000
/** And for that time before each: unlike V8's own collections, one that is asked for throws away code that relies on objects of which none is left. */
const settleMs = 250
/** For both with `--quick`. */
const quickWarmUpMs = 50
/** A run that takes longer is not done twice for the sake of its heap. */
const shortRunMs = 500

export interface VariantRounds {
  readonly name: string
  /** How many operations, or rows, each of its runs has. */
  readonly operations: number
  /** One entry a round, in the order of the rounds: the same index is the same round for every variant. */
  readonly rounds: readonly Metrics[]
}

interface Contestant {
  readonly name: string
  /** Empty when all variants do the same. */
  readonly work: string
  readonly operations: number
  readonly prepared: Prepared
  readonly rounds: Metrics[]
  observed: Metrics
  lastMs: number
}

/**
 * Runs every variant of a case in turn, A B C, B C A, …, so that whatever else the machine does falls on all of them alike. What warms up is
 * not counted. All variants are open from the beginning to the end: those that wait cost nothing.
 *
 * @throws {Error} two variants gave different answers to the same work
 */
export async function runCase(benchCase: BenchCase, context: CaseContext, rounds: number): Promise<readonly VariantRounds[]> {
  const contestants: Contestant[] = []
  const answers = new Answers(benchCase.name)
  const runOnce = async (contestant: Contestant): Promise<Metrics> => await runMeasured(contestant, answers)
  const warmUp = async (contestant: Contestant, forMs: number): Promise<void> => {
    for (let elapsedMs = 0; elapsedMs < forMs; elapsedMs += contestant.lastMs) {
      contestant.lastMs = (await runOnce(contestant)).elapsedMs ?? 0
    }
  }
  try {
    const variants = (await benchCase.variants(context)).filter(({ name }) => context.wants(name))
    for (const variant of variants) await prepare(variant, benchCase.operations(context.quick), contestants)
    for (const contestant of contestants) {
      contestant.observed = (await contestant.prepared.observe?.()) ?? {}
      await warmUp(contestant, context.quick ? quickWarmUpMs : warmUpMs)
    }
    for (let round = 0; round < rounds; round++) {
      for (const contestant of rotated(contestants, round)) {
        collectGarbage()
        // Whatever the collection has finalised is over with when the measurement begins.
        await setImmediate()
        // The collection leaves a heap that has to grow again, and code to be compiled again.
        if (contestant.lastMs < shortRunMs) await warmUp(contestant, context.quick ? quickWarmUpMs : settleMs)
        // Nobody pays for the rows and texts of the check of the answers.
        collectYoungGarbage()
        contestant.rounds.push(await runOnce(contestant))
      }
    }
  } finally {
    for (const { prepared } of contestants) await prepared.close()
  }
  return contestants
}

async function prepare({ name, work, prepare: open }: Variant, operations: number, contestants: Contestant[]): Promise<void> {
  const prepared = await open()
  if (prepared === null) return
  contestants.push({
    name,
    work: work?.name ?? '',
    operations: work?.operations ?? operations,
    prepared,
    rounds: [],
    observed: {},
    lastMs: 0,
  })
}

async function runMeasured(contestant: Contestant, answers: Answers): Promise<Metrics> {
  const { operations, prepared, observed } = contestant
  const { result, elapsedMs, mainThreadMs, longestGapMs } = await measure(() => prepared.run())
  answers.check(contestant, await result.answer())
  return {
    elapsedMs,
    longestGapMs,
    operationsPerSecond: (1_000 * operations) / elapsedMs,
    microsPerOperation: (1_000 * elapsedMs) / operations,
    mainThreadMicros: (1_000 * mainThreadMs) / operations,
    ...observed,
    ...result.metrics,
  }
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

/** The answers to a case: whoever is first with a work says what all answers to it must be, in every round. */
class Answers {
  readonly #caseName: string
  readonly #expected = new Map<string, { readonly name: string; readonly digest: string }>()

  constructor(caseName: string) {
    this.#caseName = caseName
  }

  /** @throws {Error} it is not what the others gave */
  check({ name, work }: Contestant, answer: unknown): void {
    const digest = digestOf(answer)
    const expected = this.#expected.get(work) ?? { name, digest }
    this.#expected.set(work, expected)
    if (digest !== expected.digest) throw new Error(`${this.#caseName}: ${name} and ${expected.name} gave different answers.`)
  }
}

/** Of the JSON text: clients give rows of their own classes, and it is the names and values that have to be the same. */
function digestOf(answer: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(answer) ?? '')
    .digest('hex')
}
