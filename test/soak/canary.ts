import { join } from 'node:path'
import type { PathOutcome } from './canary-child.ts'
import { CanaryFinder, canaryOf } from './canary-secret.ts'
import { type ChildEnd, runChild } from './child.ts'
import { driverNames, inScratch, isProgram, numberOption, report } from './scratch.ts'

// A password and parameters that nothing else looks like, through every way in which a call can fail: they are to be found nowhere.

export interface CanaryFigures {
  /** Paths that were gone down, all rounds together. */
  paths: number
  /** Texts that were searched: messages, stacks, properties, printed objects, log lines, events, what processes printed. */
  places: number
  hits: number
  readonly violations: string[]
}

const crashes: readonly string[] = [
  'a statement that nobody awaits',
  'a statement that is refused and that nobody awaits',
  'a message that repeats a value',
  'executeMany that nobody catches',
  'a transaction that nobody catches',
  'a URL that nobody catches',
  'a thrown cause',
]

export interface CanaryOptions {
  /** Only every so many-th path, and the first way to end a process: for a short look. Default: 1. */
  readonly stride?: number
  /** A process that says nothing for longer than that stands still. Default: none does. */
  readonly speaksWithinMs?: number
}

/** Goes down every path with another canary in each round, on one driver after the other. */
export async function lookForCanary(rounds: number, seed: number, options: CanaryOptions = {}): Promise<CanaryFigures> {
  const figures: CanaryFigures = { paths: 0, places: 0, hits: 0, violations: [] }
  const { stride = 1, speaksWithinMs } = options
  const run: Run = (module, args) => runChild(module, args, speaksWithinMs === undefined ? {} : { speaksWithinMs })
  for (let round = 0; round < rounds; round++) {
    const driver = driverNames[round % driverNames.length] ?? ''
    await inScratch(async (directory) => {
      await followPaths([driver, String(seed + round), directory, String(stride)], figures, run)
      for (const way of crashes.filter((_, index) => index % stride === 0)) {
        await crash([driver, String(seed + round), join(directory, 'crash.db'), way], figures, run)
      }
    })
  }
  return figures
}

type Run = (module: string, args: readonly string[]) => Promise<ChildEnd>

async function followPaths(
  args: readonly [driver: string, seed: string, ...rest: string[]],
  figures: CanaryFigures,
  run: Run,
): Promise<void> {
  const [driver, seed] = args
  const { status, signal, lines, errors } = await run('./canary-child.ts', args)
  let paths = 0
  for (const line of lines.filter((each) => each.startsWith('{"path"'))) {
    const { path, places, hits, broken } = JSON.parse(line) as PathOutcome
    paths++
    figures.places += places
    if (broken !== null) figures.violations.push(`${driver}: ${path}: ${broken}`)
    for (const hit of hits) noteHit(`${driver}: ${path}: ${hit}`, figures)
  }
  figures.paths += paths
  if (status !== 0)
    figures.violations.push(`${driver}: the process ended with ${status ?? signal} behind path ${paths}: ${errors.slice(-2_000)}`)
  searchOutput(`${driver}: all paths`, { seed, lines, errors }, figures)
}

async function crash(
  args: readonly [driver: string, seed: string, file: string, way: string],
  figures: CanaryFigures,
  run: Run,
): Promise<void> {
  const [driver, seed, , way] = args
  const { status, lines, errors } = await run('./canary-crash-child.ts', args)
  figures.paths++
  if (status !== 1 || !errors.includes('Error')) figures.violations.push(`${driver}: ${way}: it ended with ${status}: ${errors}`)
  searchOutput(`${driver}: ${way}`, { seed, lines, errors }, figures)
}

interface Output {
  readonly seed: string
  readonly lines: readonly string[]
  readonly errors: string
}

function searchOutput(name: string, { seed, lines, errors }: Output, figures: CanaryFigures): void {
  const finder = new CanaryFinder(canaryOf(Number(seed)))
  for (const line of [...lines, ...errors.split('\n')]) {
    figures.places++
    for (const disguise of finder.find(line)) noteHit(`${name} printed ${disguise}: ${line.slice(0, 200)}`, figures)
  }
}

function noteHit(hit: string, figures: CanaryFigures): void {
  figures.hits++
  figures.violations.push(hit)
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const { paths, places, hits, violations } = await lookForCanary(numberOption('rounds', 8), seed)
  report('canary', { paths, 'places searched': places, hits, 'as seed': seed }, violations)
}
