import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type AsyncEngine, type AsyncTransaction, type BeginOptions, createEngine, OperationalError } from 'offloop'
import {
  initialRows,
  isRead,
  onlyReads,
  type Rows,
  type Scenario,
  type ScenarioOutcome,
  scenarios,
  stepsOf,
  transactionsOf,
} from './hermitage-scenarios.ts'
import { inScratch, isProgram, report, type Setup, setups, urlOf } from './scratch.ts'

// Transactions that would do one another harm, step by step: whatever waits, is refused or is let through, what comes of it is what comes
// of the same transactions one after another.

/** One way to play a scenario. */
export interface Variant {
  readonly setup: Setup
  /** 1: the writers of an engine queue in JavaScript. 2: only SQLite's locks are between them. */
  readonly engines: 1 | 2
  /** How those that write begin: all at once with the lock, all without it, or only the first one without it. */
  readonly writers: 'immediate' | 'deferred' | 'mixed'
  readonly readers: 'readonly' | 'deferred'
  /** Whoever meets a lock waits for it, or gives up. */
  readonly patient: boolean
}

export interface HermitageFigures {
  runs: number
  /** Runs whose outcome is that of no serial order. */
  anomalies: number
  /** Transactions that were refused, and then run again alone. */
  refused: number
  /** Runs in which nobody was refused. */
  smooth: number
  readonly violations: string[]
}

/** Plays each scenario in each way that `wanted` lets through. */
export async function playScenarios(wanted: (variant: Variant) => boolean = () => true): Promise<HermitageFigures> {
  const figures: HermitageFigures = { runs: 0, anomalies: 0, refused: 0, smooth: 0, violations: [] }
  const serial = await serialOutcomes()
  for (const setup of setups) {
    for (const engines of [1, 2] as const) {
      for (const patient of [true, false]) {
        const variants = variantsOf({ setup, engines, patient }).filter(wanted)
        if (variants.length > 0) await inScratch((directory) => playAll(join(directory, 'test.db'), variants, { serial, figures }))
      }
    }
  }
  return figures
}

function variantsOf(fixed: Pick<Variant, 'setup' | 'engines' | 'patient'>): Variant[] {
  return (['immediate', 'deferred', 'mixed'] as const).flatMap((writers) =>
    (['readonly', 'deferred'] as const).map((readers) => ({ ...fixed, writers, readers })),
  )
}

interface Plan {
  readonly serial: ReadonlyMap<Scenario, readonly ScenarioOutcome[]>
  readonly figures: HermitageFigures
}

/** Variants of one setup, number of engines and patience. */
async function playAll(file: string, variants: readonly Variant[], { serial, figures }: Plan): Promise<void> {
  const [{ setup, engines: count, patient }] = variants as [Variant]
  const options = { pragmas: { journal_mode: setup.journal }, busyTimeoutMs: patient ? deadlineMs : 15, pool: { max: 4 } }
  const engines = Array.from({ length: count }, () => createEngine(urlOf(setup.driver, file), options))
  const [first] = engines as [AsyncEngine]
  await first.execute('create table test (id integer primary key, value integer not null)')
  for (const variant of variants) {
    for (const scenario of scenarios) {
      const hasReaders = transactionsOf(scenario).some((transaction) => onlyReads(scenario, transaction))
      // Without readers, how they begin makes no difference.
      if (!hasReaders && variant.readers === 'deferred') continue
      const play = new Play(scenario, variant, engines)
      const name = `${scenario.anomaly} (${scenario.name}), ${JSON.stringify(variant)}`
      figures.runs++
      try {
        const outcome = await play.run()
        figures.refused += play.refused
        if (play.refused === 0) figures.smooth++
        if (isSerial(outcome, serial.get(scenario) ?? [])) continue
        figures.anomalies++
        figures.violations.push(`${name}: ${JSON.stringify(outcome)}`)
      } catch (error) {
        figures.violations.push(`${name}: ${error}`)
      }
    }
  }
  await Promise.all(engines.map((engine) => engine.close()))
}

/** Whether it comes to the same as one of the orders in which the transactions would not have met. */
export function isSerial(outcome: ScenarioOutcome, serial: readonly ScenarioOutcome[]): boolean {
  return serial.some((possible) => isDeepStrictEqual(possible, outcome))
}

/** What every order of a scenario's transactions comes to, one after another. */
export async function serialOutcomes(): Promise<ReadonlyMap<Scenario, readonly ScenarioOutcome[]>> {
  const engine = createEngine('sqlite://')
  await engine.execute('create table test (id integer primary key, value integer not null)')
  const serial = new Map<Scenario, readonly ScenarioOutcome[]>()
  for (const scenario of scenarios) {
    const outcomes: ScenarioOutcome[] = []
    for (const order of permutations(transactionsOf(scenario))) {
      await fill(engine)
      const reads: Reads = new Map()
      for (const transaction of order) await runAlone(engine, scenario, transaction, reads)
      outcomes.push(await outcomeOf(engine, scenario, reads))
    }
    serial.set(scenario, outcomes)
  }
  await engine.close()
  return serial
}

function permutations<T>(items: readonly T[]): (readonly T[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}

/** The rows that a transaction's SELECTs have found, by their place among its steps. */
type Reads = Map<string, Rows>

async function runAlone(engine: AsyncEngine, scenario: Scenario, transaction: number, reads: Reads): Promise<void> {
  const tx = await engine.begin()
  for (const [index, action] of stepsOf(scenario, transaction).entries()) {
    if (action !== 'begin') await take(tx, action, (rows) => reads.set(`${transaction}:${index}`, rows))
  }
}

async function take(tx: AsyncTransaction, action: string, onRows: (rows: Rows) => void): Promise<void> {
  if (action === 'commit') await tx.commit()
  else if (action === 'rollback') await tx.rollback()
  else if (isRead(action)) onRows((await tx.execute(action, [], { rowMode: 'array' }).fetchall()) as unknown as Rows)
  else await tx.execute(action)
}

async function outcomeOf(engine: AsyncEngine, scenario: Scenario, reads: Reads): Promise<ScenarioOutcome> {
  const places = new Map<number, number>()
  const found: Rows[] = []
  for (const [transaction, action] of scenario.steps) {
    const place = places.get(transaction) ?? 0
    places.set(transaction, place + 1)
    if (isRead(action)) found.push(reads.get(`${transaction}:${place}`) ?? [])
  }
  const stored = await engine.execute('select id, value from test order by id', [], { rowMode: 'array' }).fetchall()
  return { reads: found, stored: stored as unknown as Rows }
}

async function fill(engine: AsyncEngine): Promise<void> {
  await engine.execute('delete from test')
  await engine.executeMany('insert into test values (?, ?)', initialRows)
}

/** A run that takes longer than this hangs. */
const deadlineMs = 10_000
/** A step that is not done by then may be waiting for a lock, and the others go on. Should it only be slow, that is another schedule. */
const blockedAfterMs = 10

/** One transaction of a run: its steps one after another, whatever the others do. */
interface Actor {
  readonly transaction: number
  readonly engine: AsyncEngine
  readonly options: BeginOptions
  tx: AsyncTransaction | null
  steps: number
  refused: boolean
  last: Promise<void>
}

class Play {
  readonly #scenario: Scenario
  readonly #patient: boolean
  readonly #engines: readonly AsyncEngine[]
  readonly #actors: readonly Actor[]
  readonly #reads: Reads = new Map()

  constructor(scenario: Scenario, variant: Variant, engines: readonly AsyncEngine[]) {
    this.#scenario = scenario
    this.#patient = variant.patient
    this.#engines = engines
    this.#actors = transactionsOf(scenario).map((transaction) => ({
      transaction,
      engine: engines[transaction % engines.length] as AsyncEngine,
      options: beginOptions(scenario, transaction, variant),
      tx: null,
      steps: 0,
      refused: false,
      last: Promise.resolve(),
    }))
  }

  get refused(): number {
    return this.#actors.filter(({ refused }) => refused).length
  }

  async run(): Promise<ScenarioOutcome> {
    const [engine] = this.#engines as [AsyncEngine]
    await fill(engine)
    for (const [transaction, action] of this.#scenario.steps) {
      const actor = this.#actors.find((one) => one.transaction === transaction) as Actor
      const step = actor.last.then(() => this.#take(actor, action))
      // Whether it went wrong is looked at in the end.
      step.catch(() => {})
      actor.last = step
      await (this.#patient ? Promise.race([step, timer(blockedAfterMs)]) : step)
    }
    await this.#inTime()
    // A refusal says that it is worth trying again.
    for (const { transaction, refused } of this.#actors) if (refused) await runAlone(engine, this.#scenario, transaction, this.#reads)
    return outcomeOf(engine, this.#scenario, this.#reads)
  }

  async #take(actor: Actor, action: string): Promise<void> {
    const place = actor.steps++
    if (actor.refused) return
    try {
      if (action === 'begin') actor.tx = await actor.engine.begin(actor.options)
      else await take(actor.tx as AsyncTransaction, action, (rows) => this.#reads.set(`${actor.transaction}:${place}`, rows))
    } catch (error) {
      if (!isRefusal(error)) throw error
      actor.refused = true
      await actor.tx?.rollback()
    }
  }

  async #inTime(): Promise<void> {
    const abort = new AbortController()
    const ended = Promise.all(this.#actors.map(({ last }) => last))
    const expired = timer(deadlineMs, abort.signal).then(() => {
      throw new Error('somebody still waits')
    })
    expired.catch(() => {})
    await Promise.race([ended, expired]).finally(() => abort.abort())
  }
}

function beginOptions(scenario: Scenario, transaction: number, { writers, readers }: Variant): BeginOptions {
  if (onlyReads(scenario, transaction)) return readers === 'readonly' ? { readonly: true } : { mode: 'deferred' }
  return writers === 'immediate' || (writers === 'mixed' && transaction !== 1) ? {} : { mode: 'deferred' }
}

/** The error of a lock: the transaction is to be tried again. */
function isRefusal(error: unknown): boolean {
  return error instanceof OperationalError && error.retryable && error.driverCode?.startsWith('SQLITE_BUSY') === true
}

function timer(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timeout)
      reject(signal.reason)
    })
  })
}

if (isProgram(import.meta)) {
  const { runs, anomalies, refused, smooth, violations } = await playScenarios()
  report(
    'hermitage',
    { scenarios: runs, anomalies, 'transactions refused and run again': refused, 'scenarios without a refusal': smooth },
    violations,
  )
}
