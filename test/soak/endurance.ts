import { join } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { Bank, clients, works } from './endurance-bank.ts'
import { faults, isCollateral } from './endurance-faults.ts'
import { type MemorySample, type ProcessHoldings, processHoldings, sampleMemory, slopeOf } from './process-figures.ts'
import { driverNames, inScratch, isProgram, numberOption, report } from './scratch.ts'

// A mixed load on one engine, and something that goes wrong every 50 ms. In the end nothing is lost, left or pending, and no memory grew.

export interface EnduranceFigures {
  /** Pieces of work that ended well. */
  works: number
  /** Those that a fault took along. */
  struck: number
  faults: number
  /** Faults that came when others were still under way, and were left out. */
  skipped: number
  /** Null where samples were taken for less than a minute. */
  slopeMbPerMinute: number | null
  readonly violations: string[]
}

const faultEveryMs = 50
const sampleEveryMs = 3_000
/** In less, one full cache more or less looks like growth. */
const leastSampledMs = 60_000
const maxFaultsAtOnce = 8
const maxSlopeMbPerMinute = 1
/** Of the time, before memory is looked at: code is compiled, caches fill. */
const warmUpShare = 0.25
/** A native call that nobody waits for keeps its thread until it returns. */
const leaveWithinMs = 10_000

export interface Endurance {
  readonly seconds: number
  /** It goes on until so many pieces of work have ended well: for a busy machine. Default: 0. */
  readonly works?: number
  /** Likewise, until so many faults have struck. Default: 0. */
  readonly faults?: number
  readonly seed: number
  readonly driver: string
  /** Of memory. */
  readonly samples: boolean
}

export async function endure(plan: Endurance): Promise<EnduranceFigures> {
  const { seed, driver, samples } = plan
  const figures: EnduranceFigures = { works: 0, struck: 0, faults: 0, skipped: 0, slopeMbPerMinute: null, violations: [] }
  const note = (reason: unknown): void => void figures.violations.push(`an unhandled rejection: ${reason}`)
  process.on('unhandledRejection', note)
  try {
    await inScratch(async (directory) => {
      // What the process makes once and keeps is not to count: threads of its own, files of modules.
      await (await Bank.open(driver, join(directory, 'warm-up.db'), seed)).engine.close()
      const before = processHoldings()
      const bank = await Bank.open(driver, join(directory, 'bank.db'), seed)
      const clock = new Clock(plan, figures)
      const load = Array.from({ length: clients }, (_, client) => serve(bank, client, { clock, figures }))
      await Promise.all([...load, strike(bank, { clock, figures }), samples ? watchMemory({ clock, figures }) : undefined])
      await checkBooks(bank, figures)
      await bank.engine.close()
      await checkHoldings(before, figures)
      figures.violations.push(...bank.violations)
    })
    await new Promise(setImmediate)
  } finally {
    process.off('unhandledRejection', note)
  }
  return figures
}

class Clock {
  readonly #startedAt = performance.now()
  readonly #plan: Endurance
  readonly #figures: EnduranceFigures

  constructor(plan: Endurance, figures: EnduranceFigures) {
    this.#plan = plan
    this.#figures = figures
  }

  /** Of the time: from 0 to 1, and beyond. */
  get share(): number {
    return (performance.now() - this.#startedAt) / (this.#plan.seconds * 1_000)
  }

  get over(): boolean {
    const { works = 0, faults = 0 } = this.#plan
    return this.share >= 1 && this.#figures.works >= works && this.#figures.faults >= faults
  }
}

interface Shift {
  readonly clock: Clock
  readonly figures: EnduranceFigures
}

/** One client: one piece of work after another; one in three of them may be given up by somebody else. */
async function serve(bank: Bank, client: number, { clock, figures }: Shift): Promise<void> {
  const { random } = bank
  const kinds = Object.entries(works)
  while (!clock.over) {
    const [name, work] = random.pick(kinds)
    const abort = random.below(3) === 0 ? new AbortController() : null
    if (abort !== null) bank.aborts.add(abort)
    const giving = { ...(abort === null ? {} : { signal: abort.signal }), ...(random.below(20) === 0 ? { timeoutMs: 5 } : {}) }
    try {
      await bank.track(work(bank, giving, client))
      figures.works++
    } catch (error) {
      figures.struck++
      if (!isCollateral(error)) bank.violations.push(`${name}: ${error}`)
    } finally {
      if (abort !== null) bank.aborts.delete(abort)
    }
  }
}

/** A fault at each tick, in an order that gives each of them its turn. */
async function strike(bank: Bank, { clock, figures }: Shift): Promise<void> {
  const running = new Set<Promise<void>>()
  const order = bank.random.shuffle(faults)
  let next = 0
  for await (const _ of setInterval(faultEveryMs)) {
    if (clock.over) break
    const [name, fault] = order[next++ % order.length] as (typeof order)[0]
    if (running.size >= maxFaultsAtOnce) {
      figures.skipped++
      continue
    }
    figures.faults++
    const struck = bank
      .track(fault(bank))
      .catch((error) => {
        // Another fault, or a lock, came before.
        if (!isCollateral(error)) bank.violations.push(`${name}: ${error}`)
      })
      .finally(() => running.delete(struck))
    running.add(struck)
  }
  await Promise.all(running)
}

async function watchMemory({ clock, figures }: Shift): Promise<void> {
  const samples: MemorySample[] = []
  for await (const _ of setInterval(sampleEveryMs)) {
    if (clock.over) break
    if (clock.share > warmUpShare) samples.push(sampleMemory())
  }
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastSampledMs) return
  const slope = slopeOf(samples)
  figures.slopeMbPerMinute = slope
  if (slope > maxSlopeMbPerMinute) figures.violations.push(`memory grows by ${slope.toFixed(2)} MB a minute`)
}

/** The engine has nothing on its hands, and the file says what was acknowledged. */
async function checkBooks(bank: Bank, { violations }: EnduranceFigures): Promise<void> {
  const { engine } = bank
  if (bank.pending !== 0) violations.push(`${bank.pending} promises are pending`)
  if (bank.aborts.size !== 0) violations.push(`${bank.aborts.size} pieces of work have not ended`)
  const resting = await until(() => engine.status().quarantined === 0)
  const { inUse, waiting, quarantined } = engine.status()
  if (!resting || inUse !== 0 || waiting !== 0)
    violations.push(`${inUse} connections are in use, ${quarantined} stuck, ${waiting} waited for`)
  bank.expectTotal(await engine.scalar('select sum(balance) from account'), 'the end')
  const integrity = await engine.execute('pragma integrity_check').scalars<string>()
  if (integrity.join() !== 'ok') violations.push(`integrity_check says ${integrity.join()}`)
  const counters = await engine.execute('select n from counter order by client').scalars<number>()
  for (const [client, n] of counters.entries()) {
    const [least = 0, most = 0] = [bank.acknowledged[client], bank.tried[client]]
    if (n < least || n > most) violations.push(`client ${client} has counted to ${n}, which lies not between ${least} and ${most}`)
  }
}

async function checkHoldings(before: ProcessHoldings, { violations }: EnduranceFigures): Promise<void> {
  const isBack = (): boolean => {
    const { threads, files } = processHoldings()
    return threads <= before.threads && files <= before.files
  }
  if (await until(isBack)) return
  const { threads, files } = processHoldings()
  violations.push(`${threads} threads and ${files} files are left of ${before.threads} and ${before.files} before`)
}

/** Whether something comes to be in time; it has no event of its own. */
async function until(isSo: () => boolean): Promise<boolean> {
  for await (const startedAt of setInterval(10, performance.now())) {
    if (isSo()) return true
    if (performance.now() - startedAt > leaveWithinMs) return false
  }
  return false
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const seconds = numberOption('seconds', 300)
  const driver = process.argv.find((argument) => argument.startsWith('--driver='))?.slice(9) ?? driverNames[0] ?? ''
  const figures = await endure({ seconds, seed, driver, samples: true })
  const { slopeMbPerMinute, violations } = figures
  const counted = { seconds, works: figures.works, 'of them struck': figures.struck, faults: figures.faults, 'left out': figures.skipped }
  report('endurance', { ...counted, 'MB a minute': slopeMbPerMinute?.toFixed(3) ?? 'no', 'as seed': seed }, violations)
}
