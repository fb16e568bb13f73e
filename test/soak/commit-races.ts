import { join } from 'node:path'
import { type AsyncEngine, type AsyncTransaction, CommitOutcomeUnknownError, createEngine } from 'offloop'
import { poolViolations } from './pool-state.ts'
import { Random } from './random.ts'
import { inScratch, type Setup, setups, silent, urlOf } from './scratch.ts'
import { livingThreads } from './threads.ts'

// A signal, a timeout, a close() and the death of a thread around the moment of a commit: what is stored is what the caller was told.

export interface CommitFigures {
  races: number
  committed: number
  refused: number
  /** Told that nobody knows. */
  unknown: number
  /** Told one thing, and the database says another. */
  contradictions: number
  leaked: number
  readonly violations: string[]
}

type Told = 'committed' | 'refused' | 'unknown'

/** What one caller was told. */
interface Outcome {
  readonly race: number
  readonly way: string
  readonly told: Told
  /** The statement that was given up before the commit: rejected, or null where there was none. */
  readonly extra: 'done' | 'rejected' | null
}

const poolSize = 4
/** Every moment of this time is as likely as any other to be the one in which the caller gives up. */
const withinMs = 5
const insert = 'insert into item (race, part) values (?, ?)'
const parts = 3
const fewMs = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000) select count(*) from n'

export async function raceCommits(races: number, seed: number): Promise<CommitFigures> {
  const figures: CommitFigures = { races: 0, committed: 0, refused: 0, unknown: 0, contradictions: 0, leaked: 0, violations: [] }
  const random = new Random(seed)
  const each = Math.ceil(races / setups.length)
  for (const setup of setups) {
    const count = Math.min(each, races - figures.races)
    await inScratch((directory) => raceOnFile(setup, join(directory, 'commits.db'), { count, random, figures }))
  }
  return figures
}

interface Plan {
  readonly count: number
  readonly random: Random
  readonly figures: CommitFigures
}

async function raceOnFile({ driver, journal }: Setup, file: string, { count, random, figures }: Plan): Promise<void> {
  const name = `${driver}, ${journal}`
  const violate = (violation: string): void => void figures.violations.push(`${name}: ${violation}`)
  const engine = createEngine(urlOf(driver, file), { logger: silent, pragmas: { journal_mode: journal }, pool: { max: poolSize } })
  await engine.execute('create table item (race integer, part integer)')
  const outcomes: Outcome[] = []
  let started = 0
  const run = async (): Promise<void> => {
    while (started < count) outcomes.push(await new Race(engine, random, started++).run(violate))
  }
  // As many at once as the pool has connections: most of them wait for the lock of another one.
  await Promise.all(Array.from({ length: poolSize }, run))
  const stored = await engine.execute<{ race: number; part: number }>('select race, part from item').fetchall()
  for (const outcome of outcomes) {
    figures.races++
    figures[outcome.told]++
    const found = stored.filter(({ race }) => race === outcome.race).map(({ part }) => part)
    if (agrees(outcome, found)) continue
    figures.contradictions++
    violate(
      `${outcome.way}: told ${outcome.told}${outcome.extra === null ? '' : ` (${outcome.extra})`}, stored ${found.join() || 'nothing'}`,
    )
  }
  const leaks = await poolViolations(engine, poolSize)
  figures.leaked += leaks.length
  leaks.forEach(violate)
  await engine.close()
  if (livingThreads().length > 0) violate(`${livingThreads().length} threads live on after close()`)
}

/** A transaction is stored whole or not at all; of a statement that was given up nobody knows whether it ran before. */
function agrees({ told, extra }: Outcome, stored: readonly number[]): boolean {
  const own = stored.filter((part) => part < parts).length
  const others = stored.length - own
  if (own === 0) return others === 0 && told !== 'committed'
  if (own !== parts || told === 'refused') return false
  return extra === 'rejected' ? others <= 1 : others === (extra === null ? 0 : 1)
}

/** One caller, and what makes him give up. */
class Race {
  readonly #engine: AsyncEngine
  readonly #random: Random
  readonly #race: number
  #extra: Outcome['extra'] = null

  constructor(engine: AsyncEngine, random: Random, race: number) {
    this.#engine = engine
    this.#random = random
    this.#race = race
  }

  async run(violate: (violation: string) => void): Promise<Outcome> {
    const ways: Readonly<Record<string, { run(): Promise<void>; errors: readonly string[] }>> = {
      signal: { run: () => this.#bySignal(), errors: ['AbortError'] },
      timeout: { run: () => this.#byTimeout(), errors: ['StatementTimeoutError', 'PoolTimeoutError'] },
      'statement given up': { run: () => this.#behindStatement(true), errors: [] },
      'statement given up and not looked at': { run: () => this.#behindStatement(false), errors: ['InvalidRequestError'] },
      close: { run: () => this.#byClose(), errors: ['ResourceClosedError', 'InvalidRequestError'] },
      death: { run: () => this.#byDeath(), errors: ['WorkerTerminatedError', 'CommitOutcomeUnknownError'] },
    }
    const way = this.#random.pick(Object.keys(ways))
    const { run, errors } = ways[way] as NonNullable<(typeof ways)[string]>
    let told: Told = 'committed'
    try {
      await run()
    } catch (error) {
      told = error instanceof CommitOutcomeUnknownError ? 'unknown' : 'refused'
      if (!(error instanceof Error && errors.includes(error.name))) violate(`${way}: told ${error}`)
    }
    return { race: this.#race, way, told, extra: this.#extra }
  }

  async #bySignal(): Promise<void> {
    const abort = new AbortController()
    const early = this.#random.below(4) === 0
    const start = (): NodeJS.Timeout => setTimeout(() => abort.abort(), this.#moment())
    let timer = early ? start() : undefined
    const work = async (tx: AsyncTransaction): Promise<void> => {
      timer ??= start()
      await this.#write(tx)
    }
    await this.#engine.transaction(work, { signal: abort.signal }).finally(() => clearTimeout(timer))
  }

  async #byTimeout(): Promise<void> {
    await this.#engine.transaction((tx) => this.#write(tx), { timeoutMs: this.#moment() })
  }

  /** The commit comes behind a statement that its caller gives up, whether that waits, runs or has ended. */
  async #behindStatement(looked: boolean): Promise<void> {
    const tx = await this.#engine.begin()
    try {
      await this.#write(tx)
      const abort = new AbortController()
      setTimeout(() => abort.abort(), this.#moment())
      const options = this.#random.below(2) === 0 ? { signal: abort.signal } : { timeoutMs: this.#moment() }
      if (this.#random.below(2) === 0) void tx.scalar(fewMs).catch(() => {})
      const extra = tx.execute(insert, [this.#race, parts], options)
      if (looked) {
        const settled = extra.then(
          () => 'done' as const,
          () => 'rejected' as const,
        )
        if (this.#random.below(2) === 0) await settled
        await tx.commit()
        this.#extra = await settled
      } else {
        this.#extra = 'done'
        await tx.commit()
      }
    } finally {
      await tx.rollback()
    }
  }

  async #byClose(): Promise<void> {
    const connection = await this.#engine.connect()
    const tx = await connection.begin()
    await this.#write(tx)
    const closing = pass(this.#moment()).then(() => connection.close())
    await pass(this.#moment())
    try {
      await tx.commit()
    } finally {
      await closing
    }
  }

  async #byDeath(): Promise<void> {
    const connection = await this.#engine.connect()
    const thread = livingThreads().find(({ threadId }) => threadId === connection.threadId)
    const tx = await connection.begin()
    const dead = pass(this.#moment()).then(() => thread?.terminate())
    try {
      await this.#write(tx)
      await tx.commit()
    } finally {
      // Not closed before its death is known: the next borrower is to get another one.
      await dead
      await connection.scalar('select 1').catch(() => {})
      await connection.close()
    }
  }

  async #write(tx: AsyncTransaction): Promise<void> {
    for (let part = 0; part < parts; part++) await tx.execute(insert, [this.#race, part])
    if (this.#random.below(2) === 0) await pass(this.#moment())
  }

  #moment(): number {
    return this.#random.next() * withinMs
  }
}

/** Time that passes at random: nothing is waited for. */
function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
