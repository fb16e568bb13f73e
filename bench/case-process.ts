/** Runs the one case that it is asked for, and answers with what came of it. */
import { once } from 'node:events'
import { loadBaselines, loadMappers, type OnMissing } from './baselines/load-baselines.ts'
import type { BenchCase } from './bench-case.ts'
import { DatabaseFiles } from './item.ts'
import { type CaseResult, summarise } from './report.ts'
import { runCase } from './runner.ts'

export interface CaseRequest {
  /** What `BenchCase` has of these names. */
  readonly module: string
  readonly name: string
  readonly quick: boolean
  /** The names of the variants to run; empty for all. */
  readonly variants: readonly string[]
  readonly rounds: number
  /** Where its databases are made. */
  readonly directory: string
}

export type CaseAnswer =
  | { readonly kind: 'missing'; readonly name: string; readonly reason: string }
  | { readonly kind: 'result'; readonly result: CaseResult }

const [request] = (await once(process, 'message')) as [CaseRequest]
answer({ kind: 'result', result: await run(request) })
process.disconnect()

async function run({ module, name, quick, variants: wanted, rounds, directory }: CaseRequest): Promise<CaseResult> {
  const exported: Readonly<Record<string, BenchCase | readonly BenchCase[]>> = await import(module)
  const benchCase = Object.values(exported)
    .flat()
    .find((candidate) => candidate.name === name)
  if (benchCase === undefined) throw new Error(`${module} exports no case ${name}.`)
  const onMissing: OnMissing = (missing, reason) => answer({ kind: 'missing', name: missing, reason })
  const variants = await runCase(
    benchCase,
    {
      quick,
      wants: (variant) => wanted.length === 0 || wanted.includes(variant),
      files: new DatabaseFiles(directory),
      loadBaselines: (...names) => loadBaselines(names, onMissing),
      loadMappers: () => loadMappers(onMissing),
    },
    Math.min(rounds, benchCase.maxRounds ?? rounds),
  )
  return summarise(benchCase, benchCase.operations(quick), variants)
}

function answer(message: CaseAnswer): void {
  process.send?.(message)
}
