/**
 * `npm start`: the cities of the world in a SQLite file, loaded and queried through offloop, and the same work called directly on
 * better-sqlite3 in the same process. A timer ticks all the while: the longest gap between two ticks is what a server's other users would wait.
 */
import { deepEqual } from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CityRow, takeCityRows } from './city-rows.ts'
import { collectGarbage } from './collect-garbage.ts'
import { DirectStore } from './direct-store.ts'
import { type Measurement, measureLoopGaps } from './loop-gaps.ts'
import { OffloopStore } from './offloop-store.ts'
import { Progress } from './progress.ts'
import type { Row, Store } from './store.ts'
import { citySteps } from './workload.ts'

interface Outcome extends Measurement {
  readonly title: string
  readonly answer: readonly Row[]
}

const progress = new Progress()
progress.step('decoding the data set')
const rows = takeCityRows()

const directory = await mkdtemp(join(tmpdir(), 'offloop-cities-'))
// However the program ends, an exception and Ctrl-C included.
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
process.once('SIGINT', () => process.exit(130))

const offloop = await runSteps(() => new OffloopStore(join(directory, 'offloop.db')), rows)
const direct = await runSteps(() => new DirectStore(join(directory, 'direct.db')), rows)
progress.end()
deepEqual(answersOf(offloop), answersOf(direct), 'both ways give the same answers')
printAnswers(offloop)
printComparison(offloop, direct)

async function runSteps(open: () => Store, cities: readonly CityRow[]): Promise<readonly Outcome[]> {
  collectGarbage()
  const { result: store, ...opening } = await measureLoopGaps(async () => open())
  const outcomes: Outcome[] = [{ title: 'open', answer: [], ...opening }]
  try {
    for (const step of citySteps(cities, (done) => progress.update(done, cities.length))) {
      progress.step(`${store.name}: ${step.title}`)
      const { result: answer, ...measurement } = await measureLoopGaps(() => step.run(store))
      outcomes.push({ title: step.title, answer, ...measurement })
    }
    return outcomes
  } finally {
    await store.close()
  }
}

function answersOf(outcomes: readonly Outcome[]): readonly (readonly Row[])[] {
  return outcomes.map(({ answer }) => answer)
}

function printAnswers(outcomes: readonly Outcome[]): void {
  for (const { title, answer } of outcomes) {
    if (answer.length === 0) continue
    console.log(`\n${title}`)
    console.table(answer)
  }
}

function printComparison(offloop: readonly Outcome[], direct: readonly Outcome[]): void {
  const lines = offloop.map(({ title, ...measured }, index) => [title, compared(measured, direct[index])] as const)
  console.log('\nMilliseconds each step took, and the longest time the event loop stood still meanwhile (5 is none at all)')
  console.table(Object.fromEntries(lines))
  const [ours, theirs] = [longestGap(offloop), longestGap(direct)]
  console.log(`Longest gap of the event loop: ${ours} ms through offloop, ${theirs} ms with better-sqlite3 called directly.`)
}

function compared(ours: Measurement, theirs: Measurement | undefined): Readonly<Record<string, number>> {
  return {
    'offloop, time': rounded(ours.elapsedMs),
    'offloop, gap': rounded(ours.longestGapMs),
    'direct, time': rounded(theirs?.elapsedMs ?? Number.NaN),
    'direct, gap': rounded(theirs?.longestGapMs ?? Number.NaN),
  }
}

function longestGap(outcomes: readonly Outcome[]): number {
  return rounded(Math.max(...outcomes.map(({ longestGapMs }) => longestGapMs)))
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
