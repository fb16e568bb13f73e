/**
 * `npm run bench`: every case with every way to do it in turn, a process for each case. It prints a table for each case and what became of
 * its targets; a complete run writes results.json and the charts beside this file.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchCase } from './bench-case.ts'
import { allCases } from './cases/all-cases.ts'
import { installBaselines } from './install-baselines.ts'
import { describeMachine } from './machine.ts'
import { type BenchOptions, parseOptions, usage } from './options.ts'
import { type CaseResult, formatCase } from './report.ts'
import { runInProcess } from './run-in-process.ts'
import { writeCharts } from './write-charts.ts'

const ownDirectory = fileURLToPath(new URL('./', import.meta.url))
const options = optionsOrExit()
if (options.chart) {
  const directory = options.output ?? ownDirectory
  if (!existsSync(join(directory, 'results.json')))
    fail(`There is no results.json in ${directory}: a run with --output=${directory} writes it.`)
  for (const path of writeCharts(directory)) console.log(path)
  process.exit(0)
}
const cases = allCases.filter(({ name }) => options.cases.length === 0 || options.cases.some((part) => name.includes(part)))
if (cases.length === 0) fail(`No case has such a name. There are: ${allCases.map(({ name }) => name).join(', ')}`)

const directory = mkdtempSync(join(options.directory ?? tmpdir(), 'offloop-bench-'))
// However the program ends, an exception and Ctrl-C included.
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
process.once('SIGINT', () => process.exit(130))

installBaselines(console.log)
const leftOut = new Set<string>()
const machine = describeMachine(directory)
console.log(
  `${machine.processor}, ${machine.cores} cores, ${machine.system}, Node.js ${machine.node}, fsync ${machine.fsyncMs} ms\n` +
    Object.entries(machine.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
)

const results: CaseResult[] = []
for (const benchCase of cases) {
  const result = await run(benchCase, options)
  results.push(result)
  console.log(`\n${formatCase(result, benchCase)}`)
}
printSummary()
if (options.quick) console.log('With --quick the figures mean nothing: too little is done for that.')
writeResults()

async function run({ module, name }: BenchCase, { quick, variants, rounds }: BenchOptions): Promise<CaseResult> {
  const own = mkdtempSync(join(directory, `${name}-`))
  try {
    return await runInProcess({ module, name, quick, variants, rounds, directory: own }, (missing, reason) => {
      if (!leftOut.has(missing)) console.log(`${missing} is left out: ${reason}`)
      leftOut.add(missing)
    })
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

function printSummary(): void {
  const targets = results.flatMap((result) => result.targets.map((target) => ({ result, ...target })))
  const missed = targets.filter(({ verdict }) => verdict === 'missed')
  console.log(`\n${targets.filter(({ verdict }) => verdict === 'met').length} of ${targets.length} targets met`)
  for (const { result, text, found } of missed) console.log(`  missed ${result.name}: ${text} (found ${found})`)
}

function writeResults(): void {
  const complete = cases.length === allCases.length && options.variants.length === 0 && !options.quick
  const output = options.output ?? (complete ? ownDirectory : undefined)
  if (output === undefined) return
  mkdirSync(output, { recursive: true })
  writeFileSync(join(output, 'results.json'), `${JSON.stringify({ machine, cases: results }, null, 2)}\n`)
  writeCharts(output)
}

function optionsOrExit(): BenchOptions {
  try {
    const parsed = parseOptions(process.argv.slice(2))
    if (parsed !== null) return parsed
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  }
  console.log(usage)
  process.exit(0)
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
