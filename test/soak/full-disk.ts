import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Child, type ChildOptions } from './child.ts'
import { readGroups, type StoredGroups } from './groups.ts'
import type { Outcome } from './io-outcome.ts'
import { mount } from './mount.ts'
import { inScratch, isProgram, numberOption, report, type Setup, setups } from './scratch.ts'

// A process commits until the disk is full, or the file as large as it may be, and again when there is room: what it was told is what is
// stored, whole.

export interface Filled {
  /** The errors of the commits that were refused. */
  readonly refused: readonly string[]
  readonly acknowledged: number
  /** What the file and the promises say differently. */
  readonly contradictions: readonly string[]
}

/** Fills a file system of 600 kB; null where none can be mounted. */
export async function fillDisk(setup: Setup, directory: string): Promise<Filled | null> {
  const mounted = join(directory, 'disk')
  mkdirSync(mounted)
  if (!mount(['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', mounted])) return null
  try {
    return await fill(setup, join(mounted, 'full.db'), {}, () => {
      mount(['-o', 'remount,size=8m', mounted])
    })
  } finally {
    execFileSync('umount', [mounted])
  }
}

/** Fills a file up to the limit of its size; null where there is no such limit. */
export async function fillFile(setup: Setup, directory: string): Promise<Filled | null> {
  if (process.platform !== 'linux') return null
  const options = { prefix: ['prlimit', '--fsize=300000:unlimited', '--'] }
  return await fill(setup, join(directory, 'limited.db'), options, (child) => {
    execFileSync('prlimit', [`--pid=${child.process.pid}`, '--fsize=unlimited:unlimited'])
  })
}

/** Fills the file by a process of its own, makes room when that is full, and compares what it was told with what is stored. */
async function fill({ driver, journal }: Setup, file: string, options: ChildOptions, makeRoom: (child: Child) => void): Promise<Filled> {
  const outcomes: Outcome[] = []
  const child = new Child('./fill-child.ts', [driver, file, journal], {
    ...options,
    onLine: (line) => {
      if (line !== 'full') {
        outcomes.push(JSON.parse(line) as Outcome)
        return
      }
      makeRoom(child)
      child.process.stdin?.end('go on\n')
    },
  })
  const { status, errors } = await child.ended
  const refused = outcomes.flatMap(({ failure }) => (failure === null ? [] : [`${failure.name} ${failure.driverCode}`]))
  const contradictions = contradictionsOf(outcomes, await readGroups(driver, file))
  if (status !== 0 || errors !== '') contradictions.push(`it ended with ${status}: ${errors}`)
  return { refused, acknowledged: outcomes.length - refused.length, contradictions }
}

function contradictionsOf(outcomes: readonly Outcome[], { whole, torn, integrity }: StoredGroups): string[] {
  const found = integrity === 'ok' && torn.length === 0 ? [] : [`integrity: ${integrity}, torn: ${torn.join()}`]
  for (const { batch, phase, failure } of outcomes) {
    if (whole.has(batch) === (failure !== null))
      found.push(`${batch}: ${failure?.driverCode ?? 'acknowledged'}, stored: ${whole.has(batch)}`)
    if (phase === 'after' && failure !== null) found.push(`it does not work again: ${failure.driverCode}`)
  }
  return found
}

if (isProgram(import.meta)) {
  const figures = { disks: 0, files: 0, acknowledged: 0, refused: 0 }
  const violations: string[] = []
  for (let round = 0; round < numberOption('rounds', 5); round++) {
    for (const setup of setups) {
      for (const [what, fillOne] of [['disks', fillDisk] as const, ['files', fillFile] as const]) {
        const filled = await inScratch((directory) => fillOne(setup, directory))
        if (filled === null) continue
        figures[what]++
        figures.acknowledged += filled.acknowledged
        figures.refused += filled.refused.length
        violations.push(...filled.contradictions)
      }
    }
  }
  const { disks, files, acknowledged, refused } = figures
  report(
    'full-disk',
    { 'full disks': disks, 'full files': files, 'commits acknowledged': acknowledged, 'commits refused': refused },
    violations,
  )
}
