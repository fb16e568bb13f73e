import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { moduleFile, runChild } from './child.ts'
import { readGroups, type StoredGroups } from './groups.ts'
import type { Outcome } from './io-outcome.ts'
import { Random } from './random.ts'
import { inScratch, isProgram, numberOption, report, setups } from './scratch.ts'

// Writes, syncs and truncations that fail: a transaction is stored whole or not at all, what was acknowledged is stored, what failed is
// not, the error says so, and afterwards everything works again.

export interface IoFigures {
  runs: number
  /** Runs in which at least one call failed. */
  struck: number
  /** Calls that failed. */
  failures: number
  /** Commits that were refused. */
  refused: number
  readonly violations: string[]
}

/** Why the faults cannot be made here, or null. */
export function whyNoShim(): string | null {
  if (process.platform !== 'linux') return 'LD_PRELOAD needs Linux'
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'there is no C compiler'
  }
}

/** Runs children under the shim until the fault has struck in `struck` of them. */
export async function strike(struck: number, seed: number): Promise<IoFigures> {
  const figures: IoFigures = { runs: 0, struck: 0, failures: 0, refused: 0, violations: [] }
  const random = new Random(seed)
  await inScratch(async (directory) => {
    const shim = join(directory, 'shim.so')
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', shim, moduleFile('./shim.c'), '-ldl'])
    while (figures.struck < struck && figures.runs < struck * 4 && figures.violations.length < 20) {
      await runUnderFault(directory, shim, { figures, random })
    }
  })
  return figures
}

interface Fault {
  readonly call: string
  readonly n: number
  readonly sticky: boolean
  readonly errno: 'EIO' | 'ENOSPC'
}

function chooseFault(random: Random): Fault {
  const call = random.pick(['write', 'write', 'sync', 'truncate', 'any'])
  const last = { write: 150, sync: 40, truncate: 4, any: 180 }[call] ?? 1
  // No file system answers a sync of what it has taken with ENOSPC.
  return {
    call,
    n: 1 + random.below(last),
    sticky: random.below(2) === 0,
    errno: call === 'write' ? random.pick(['EIO', 'ENOSPC']) : 'EIO',
  }
}

async function runUnderFault(
  directory: string,
  shim: string,
  { figures, random }: { readonly figures: IoFigures; readonly random: Random },
): Promise<void> {
  const { driver, journal } = random.pick(setups)
  const durability = random.pick(['normal', 'full'])
  const fault = chooseFault(random)
  const file = join(directory, `${figures.runs}.db`)
  const path = (name: string) => join(directory, `${figures.runs}.${name}`)
  const env = {
    LD_PRELOAD: shim,
    SHIM_PATH: file,
    SHIM_CALL: fault.call,
    SHIM_N: String(fault.n),
    SHIM_STICKY: fault.sticky ? '1' : '0',
    SHIM_ERRNO: String(constants.errno[fault.errno]),
    SHIM_ARM: path('arm'),
    SHIM_CLEAR: path('clear'),
    SHIM_LOG: path('log'),
  }
  const { status, lines, errors } = await runChild('./io-child.ts', [driver, file, journal, durability], { env })
  const failures = existsSync(env.SHIM_LOG) ? readFileSync(env.SHIM_LOG, 'utf8').trim().split('\n').length : 0
  const outcomes = lines.map((line) => JSON.parse(line) as Outcome)
  const name = `${driver}, ${journal}, ${durability}, ${JSON.stringify(fault)}`
  if (status !== 0 || errors !== '') figures.violations.push(`${name}: the child ended with ${status}: ${errors}`)
  const found = [...violationsOf(outcomes, failures > 0), ...contradictions(outcomes, await readGroups(driver, file))]
  figures.violations.push(...found.map((violation) => `${name}: ${violation}`))
  figures.runs++
  figures.failures += failures
  if (failures > 0) figures.struck++
  figures.refused += outcomes.filter(({ failure }) => failure !== null).length
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
}

/** What the child was told that it should not have been told. */
function violationsOf(outcomes: readonly Outcome[], struck: boolean): string[] {
  return outcomes.flatMap(({ batch, way, phase, failure, connectionClosed }) => {
    if (failure === null) return []
    const what = `${way} ${batch} failed ${phase} the fault: ${failure.name} ${failure.driverCode} ${failure.message}`
    if (!struck || phase === 'before') return [what]
    if (phase === 'after') return way === 'begunAndCommitted' && connectionClosed ? [] : [what]
    return isClear(failure) ? [] : [`no clear error: ${what}`]
  })
}

function isClear({ name, driverCode }: { readonly name: string; readonly driverCode: string }): boolean {
  if (name === 'TransactionAbortedError') return true
  return name === 'OperationalError' && /^SQLITE_(IOERR|FULL)/.test(driverCode)
}

/** Where the file says something else than the promises did. */
function contradictions(outcomes: readonly Outcome[], { whole, torn, integrity }: StoredGroups): string[] {
  const found = integrity === 'ok' ? [] : [`integrity_check says ${integrity}`]
  found.push(...torn.map((batch) => `transaction ${batch} is torn`))
  for (const { batch, way, failure } of outcomes) {
    if (failure === null && !whole.has(batch)) found.push(`the acknowledged commit ${batch} (${way}) is lost`)
    if (failure !== null && whole.has(batch)) found.push(`${batch} (${way}) failed but is committed: ${failure.driverCode}`)
  }
  return found
}

if (isProgram(import.meta)) {
  const obstacle = whyNoShim()
  if (obstacle !== null) {
    console.log(`io-faults: skipped, ${obstacle}`)
  } else {
    const seed = numberOption('seed', Date.now() % 1_000_000)
    const { runs, struck, failures, refused, violations } = await strike(numberOption('struck', 200), seed)
    const figures = { runs, 'in which the fault struck': struck, 'calls failed': failures, 'commits refused': refused, 'as seed': seed }
    report('io-faults', figures, violations)
  }
}
