import { join } from 'node:path'
import { deaths as waysInside } from '../faults/modules/deaths.ts'
import { Child } from './child.ts'
import type { DeathOutcome } from './deaths-child.ts'
import { Random } from './random.ts'
import { inScratch, isProgram, numberOption, report, type Setup, setups } from './scratch.ts'

// Threads that die in the middle of a transaction: every call is told, the lock goes, nothing of the transaction is stored, nothing that
// belongs to it runs elsewhere, and the pool has all of its places.

export interface DeathFigures {
  deaths: number
  /** Calls that were on their way. */
  calls: number
  pending: number
  processDeaths: number
  locksKept: number
  rowsStored: number
  ranLater: number
  /** Commits that were on their way: stored, and of unknown outcome. */
  committed: number
  unknown: number
  /** Deaths of which the last promise was told late. */
  late: number
  /** From a death to the last of its promises. */
  slowestMs: number
  slowestLockMs: number
  readonly violations: string[]
}

/** Eight from inside the thread, and one from outside. */
export const waysToDie: readonly string[] = [...waysInside, 'terminate']

/** Nobody should wait longer than this for the error of a death: told, but not judged by a clock, which a busy machine does not keep. */
const promptMs = 100

/** Lets threads die `times` times in each way on each of the setups. */
export async function dieInEveryWay(times: number, seed: number, on: readonly Setup[] = setups): Promise<DeathFigures> {
  const figures: DeathFigures = {
    deaths: 0,
    calls: 0,
    pending: 0,
    processDeaths: 0,
    locksKept: 0,
    rowsStored: 0,
    ranLater: 0,
    committed: 0,
    unknown: 0,
    late: 0,
    slowestMs: 0,
    slowestLockMs: 0,
    violations: [],
  }
  const random = new Random(seed)
  for (const setup of on) {
    const planned = Array.from({ length: times }, () => waysToDie).flat()
    while (planned.length > 0) {
      await inScratch((directory) => runChild(setup, join(directory, 'deaths.db'), { planned, random, figures }))
      if (figures.processDeaths > 5) return figures
    }
  }
  return figures
}

interface Plan {
  /** The deaths that are left; those that have been died are taken out. */
  readonly planned: string[]
  readonly random: Random
  readonly figures: DeathFigures
}

async function runChild({ driver, journal }: Setup, file: string, { planned, random, figures }: Plan): Promise<void> {
  const name = `${driver}, ${journal}`
  const child = new Child('./deaths-child.ts', [driver, file, journal, String(random.below(2 ** 31)), ...planned])
  const { status, signal, lines, errors } = await child.ended
  for (const line of lines) count(JSON.parse(line) as DeathOutcome, name, figures)
  const died = planned.splice(0, lines.length)
  if (status === 0 && errors === '') return
  figures.processDeaths++
  figures.violations.push(
    `${name}: the process ended with ${status ?? signal} behind ${died.length} deaths, at ${planned.shift()}: ${errors}`,
  )
}

function count(outcome: DeathOutcome, name: string, figures: DeathFigures): void {
  figures.deaths++
  figures.calls += outcome.sent
  figures.pending += outcome.pending
  figures.rowsStored += outcome.stored
  figures.ranLater += outcome.ranLater
  if (outcome.lockMs === null) figures.locksKept++
  if (outcome.commit === 'stored') figures.committed++
  if (outcome.commit === 'unknown') figures.unknown++
  if (outcome.slowestMs > promptMs) figures.late++
  figures.slowestMs = Math.max(figures.slowestMs, outcome.slowestMs)
  figures.slowestLockMs = Math.max(figures.slowestLockMs, outcome.lockMs ?? 0)
  const violations = [...outcome.violations]
  if (outcome.pending > 0) violations.push(`${outcome.pending} of ${outcome.sent} promises are pending`)
  if (outcome.stored > 0) violations.push(`${outcome.stored} rows of its transaction are stored`)
  if (outcome.ranLater > 0) violations.push(`${outcome.ranLater} calls behind it have run`)
  figures.violations.push(...violations.map((violation) => `${name}, ${outcome.death}: ${violation}`))
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const figures = await dieInEveryWay(numberOption('times', 50), seed)
  report(
    'deaths',
    {
      'deaths of threads': figures.deaths,
      'calls on their way': figures.calls,
      'promises pending afterwards': figures.pending,
      'process deaths': figures.processDeaths,
      'locks kept': figures.locksKept,
      'rows of a dead transaction stored': figures.rowsStored,
      'statements run on a replacement': figures.ranLater,
      'commits stored': figures.committed,
      'of unknown outcome': figures.unknown,
      [`told after more than ${promptMs} ms`]: figures.late,
      'ms the slowest': Math.round(figures.slowestMs),
      'ms the slowest to get its lock': Math.round(figures.slowestLockMs),
      'as seed': seed,
    },
    figures.violations,
  )
}
