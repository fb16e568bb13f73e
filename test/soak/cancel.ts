import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { type AsyncConnection, type AsyncEngine, createEngine, type EngineOptions } from 'offloop'
import { Random } from './random.ts'
import { driverNames, inScratch, isProgram, numberOption, report, urlOf } from './scratch.ts'

// A statement that is inside one native call is given up: how soon its caller hears of it, how soon somebody can work on, and whether the
// statement behind it is ever hit. Three ways: with the interrupt extension, in a process of its own, and without either.

/** Seconds of one native call: many times as long as it is left alone. */
const heavy = 'with recursive c(i) as (select 1 union all select i + 1 from c where i < 12000000) select max(i) from c'
const counting = 'with recursive c(i) as (select 1 union all select i + 1 from c where i < ?) select max(i) from c'

export interface CancelFigures {
  cancels: number
  /** Statements that nobody had given up and that failed. */
  wrongHits: number
  /** Milliseconds from abort() to the rejection, of each statement that was surely inside its call. */
  readonly rejectedMs: Record<Way, number[]>
  /** Milliseconds from abort() to the answer to the next statement: of the same connection, or of the process that replaces it. */
  readonly usableMs: Record<Way, number[]>
  readonly violations: string[]
}

const ways = ['interrupt', 'process', 'neither'] as const
type Way = (typeof ways)[number]

/** @param extension the built interrupt extension; without one that way is left out */
export async function cancel(cancels: number, heavyRuns: number, seed: number, extension: string | null): Promise<CancelFigures> {
  const figures: CancelFigures = {
    cancels: 0,
    wrongHits: 0,
    rejectedMs: { interrupt: [], process: [], neither: [] },
    usableMs: { interrupt: [], process: [], neither: [] },
    violations: [],
  }
  const options: Record<Way, EngineOptions | null> = {
    interrupt: extension === null ? null : { interrupt: extension },
    process: { isolation: 'process' },
    neither: {},
  }
  const random = new Random(seed)
  await inScratch(async (directory) => {
    for (const driver of driverNames) {
      for (const way of ways) {
        if (options[way] === null) continue
        await using engine = createEngine(urlOf(driver, join(directory, `${driver}.db`)), { ...options[way], pool: { max: 1 } })
        for (let run = 0; run < heavyRuns; run++) await giveUpHeavy(engine, way, { figures, random })
      }
      if (options.interrupt === null) continue
      await using engine = createEngine(urlOf(driver, join(directory, `${driver}.db`)), options.interrupt)
      await giveUpMany(engine, Math.ceil(cancels / driverNames.length), { figures, random })
    }
  })
  return figures
}

interface Plan {
  readonly figures: CancelFigures
  readonly random: Random
}

async function giveUpHeavy(engine: AsyncEngine, way: Way, { figures, random }: Plan): Promise<void> {
  const connection = await engine.connect()
  const abort = new AbortController()
  const before = connection.scalar('select 1')
  const running = connection.scalar(heavy, [], { signal: abort.signal })
  // Its reply leaves when the next statement is about to run. Some time later, at a random moment, that is inside its call.
  await before
  await delay(20 + random.next() * 300)
  const startedAt = performance.now()
  abort.abort()
  const outcome = await running.catch((error: Error) => error.name)
  figures.rejectedMs[way].push(performance.now() - startedAt)
  if (outcome !== 'AbortError') figures.violations.push(`${way}: a statement that was given up ended with ${outcome}`)
  // Without a way to stop it there is nothing to wait for but its end.
  if (way !== 'neither') {
    await connectionAfter(way, engine, connection)
    figures.usableMs[way].push(performance.now() - startedAt)
  }
  await connection.close()
}

/** Resolves when somebody can work again. */
async function connectionAfter(way: Way, engine: AsyncEngine, connection: AsyncConnection): Promise<void> {
  if (way === 'interrupt') {
    await connection.scalar('select 1')
    return
  }
  await using fresh = await engine.connect()
  await fresh.scalar('select 1')
}

async function giveUpMany(engine: AsyncEngine, cancels: number, { figures, random }: Plan): Promise<void> {
  await using connection = await engine.connect()
  for (let run = 0; run < cancels; run++) {
    const abort = new AbortController()
    const given = connection.scalar(counting, [random.below(8) === 0 ? 100_000 : random.below(200)], { signal: abort.signal })
    const innocent = connection.scalar('select 42')
    for (let turn = random.below(4); turn > 0; turn--) await nextTurn()
    abort.abort()
    figures.cancels++
    const [ended, untouched] = await Promise.allSettled([given, innocent])
    if (ended.status === 'rejected' && ended.reason.name !== 'AbortError') figures.violations.push(`given up: ${ended.reason}`)
    if (untouched.status === 'rejected' || untouched.value !== 42) figures.wrongHits++
  }
}

/** Builds the extension, or says why it cannot be built. */
export function buildExtension(directory: string): string {
  const command = join(dirname(createRequire(import.meta.url).resolve('offloop/package.json')), 'dist', 'src', 'cli', 'main.js')
  const args = [command, 'build-interrupt', '--output', join(directory, 'offloop-interrupt.so')]
  return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()
}

function median(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((one, other) => one - other)
  return `${(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(1)} ms (slowest ${(sorted.at(-1) ?? Number.NaN).toFixed(1)})`
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  await inScratch(async (directory) => {
    const figures = await cancel(numberOption('cancels', 5_000), numberOption('runs', 20), seed, buildExtension(directory))
    const { rejectedMs, usableMs, wrongHits, violations } = figures
    for (const way of ways) {
      const usable = way === 'neither' ? '' : `, usable again after ${median(usableMs[way])}`
      console.log(
        `cancel, ${way}: ${rejectedMs[way].length} given up inside a native call, rejected after ${median(rejectedMs[way])}${usable}`,
      )
    }
    if (wrongHits > 0) violations.push(`${wrongHits} innocent statements were hit`)
    report('cancel', { cancels: figures.cancels, 'wrong hits': wrongHits, 'as seed': seed }, violations)
  })
}
