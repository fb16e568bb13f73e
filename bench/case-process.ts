/** Runs the one case that it is asked for, and answers with what came of it. */
import { once } from 'node:events'
import { loadBaselines, loadMappers, type OnMissing } from './baselines/load-baselines.ts'
import type { BenchCase } from './bench-case.ts'
import { DatabaseFiles } from './item.ts'
import type { BenchOptions } from './options.ts'
import { type CaseResult, summarise } from './report.ts'
import { runCase } from './runner.ts'

export type CaseRequest = Pick<BenchCase, 'module' | 'name'> &
  Pick<BenchOptions, 'quick' | 'variants' | 'rounds'> & {
    /** Where its databases are made. */
    readonly directory: string
  }

export type CaseAnswer =
  | { readonly kind: 'missing'; readonly name: string; readonly reason: string }
  | { readonly kind: 'result'; readonly result: CaseResult }

// Whoever asked has gone: nobody wants the rest.
const orphaned = (): never => process.exit(1)
process.once('disconnect', orphaned)
const [request] = (await once(process, 'message')) as [CaseRequest]
answer({ kind: 'result', result: await run(request) })
process.off('disconnect', orphaned)
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
