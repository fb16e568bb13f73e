import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type AsyncEngine, createEngine } from 'offloop'
import { createGroups, insertItem, readGroups, rowsOfGroup } from './groups.ts'
import { Random } from './random.ts'
import { inScratch, isProgram, numberOption, report, type Setup, setups, urlOf } from './scratch.ts'

// Copies of a database that somebody writes to all the time: each is sound, and holds the commits up to one moment and none behind it.

export interface BackupFigures {
  copies: number
  /** Copies that were given up half-way. */
  aborted: number
  /** Commits while there was something to copy. */
  commits: number
  slowestMs: number
  readonly violations: string[]
}

/** A copy that takes longer than this has been overtaken by the writer again and again. */
const deadlineMs = 30_000
const parts = 4

export async function backUpUnderLoad(copies: number, options: { readonly seed: number; readonly pages: number }): Promise<BackupFigures> {
  const figures: BackupFigures = { copies: 0, aborted: 0, commits: 0, slowestMs: 0, violations: [] }
  const random = new Random(options.seed)
  const each = Math.ceil(copies / setups.length)
  for (const setup of setups) {
    const count = Math.min(each, copies - figures.copies)
    await inScratch((directory) => copyBesideWriter(setup, directory, { figures, random, count, pages: options.pages }))
  }
  return figures
}

interface Plan {
  readonly figures: BackupFigures
  readonly random: Random
  readonly count: number
  readonly pages: number
}

async function copyBesideWriter({ driver, journal }: Setup, directory: string, plan: Plan): Promise<void> {
  const { figures, random, count } = plan
  const engine = createEngine(urlOf(driver, join(directory, 'source.db')), { pragmas: { journal_mode: journal } })
  const writer = new Writer(engine)
  try {
    await engine.script(`${createGroups}; create table filler (page blob)`)
    await engine.executeMany(
      'insert into filler values (zeroblob(?))',
      Array.from({ length: plan.pages }, () => [3_900]),
    )
    writer.start()
    for (let copy = 0; copy < count; copy++) {
      const file = join(directory, 'copy.db')
      const details = { engine, writer, driver, file, name: `${driver}, ${journal}, copy ${copy}`, figures }
      if (random.below(4) === 0) await abortOne(details, random)
      else await copyOne(details)
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
      figures.copies++
    }
  } finally {
    figures.commits += await writer.stop()
    await engine.close()
  }
}

/** Commits one group after another: what is stored at any moment is a prefix of them. */
class Writer {
  readonly #engine: AsyncEngine
  #stopped = false
  #running: Promise<void> = Promise.resolve()
  /** The last group that was acknowledged. */
  acknowledged = 0
  /** The last group that was begun. */
  begun = 0

  constructor(engine: AsyncEngine) {
    this.#engine = engine
  }

  start(): void {
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const batch = ++this.begun
      if (batch % 2 === 0) await this.#engine.executeMany(insertItem, rowsOfGroup(batch, parts))
      else await this.#engine.execute(insertItem, rowsOfGroup(batch, 1)[0])
      this.acknowledged = batch
    }
  }

  /** How many commits it made. */
  async stop(): Promise<number> {
    this.#stopped = true
    await this.#running
    return this.acknowledged
  }
}

interface Copy {
  readonly engine: AsyncEngine
  readonly writer: Writer
  readonly driver: string
  readonly file: string
  readonly name: string
  readonly figures: BackupFigures
}

async function copyOne(copy: Copy): Promise<void> {
  const { engine, writer, name, figures, file } = copy
  const least = writer.acknowledged
  const startedAt = performance.now()
  try {
    await engine.backup(file, { signal: AbortSignal.timeout(deadlineMs) })
    figures.slowestMs = Math.max(figures.slowestMs, Math.round(performance.now() - startedAt))
    await check(copy, least, writer.begun)
  } catch (error) {
    figures.violations.push(`${name}: ${error}`)
  }
}

async function check({ driver, file, name, figures }: Copy, least: number, most: number): Promise<void> {
  const { whole, torn, integrity } = await readGroups(driver, file)
  if (integrity !== 'ok') figures.violations.push(`${name}: integrity_check says ${integrity}`)
  if (torn.length > 0) figures.violations.push(`${name}: torn transactions: ${torn.join()}`)
  const last = Math.max(0, ...whole)
  if (whole.size !== last) figures.violations.push(`${name}: ${whole.size} commits up to ${last} are no prefix`)
  if (last < least || last > most) figures.violations.push(`${name}: it ends at ${last}, which lies not between ${least} and ${most}`)
}

async function abortOne(copy: Copy, random: Random): Promise<void> {
  const { engine, writer, name, figures, file } = copy
  const abort = new AbortController()
  let steps = random.below(4)
  const onProgress = (): void => {
    if (steps-- === 0) abort.abort()
  }
  const least = writer.acknowledged
  try {
    await engine.backup(file, { signal: abort.signal, onProgress })
    if (abort.signal.aborted) figures.violations.push(`${name}: aborted, and it resolved`)
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) figures.violations.push(`${name}: aborted: ${error}`)
    figures.aborted++
    await released(engine)
    // An abort that comes when the last page has been copied finds a copy like any other.
    if (existsSync(file)) await check(copy, least, writer.begun)
    else if (readdirSync(dirname(file)).some((left) => left.startsWith(basename(file))))
      figures.violations.push(`${name}: it left a journal`)
  }
}

/** The call is given up at once; its thread takes one more step to notice. The next user of the connection comes behind that. */
async function released(engine: AsyncEngine): Promise<void> {
  while (engine.status().quarantined > 0) await new Promise(setImmediate)
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const { copies, aborted, commits, slowestMs, violations } = await backUpUnderLoad(numberOption('copies', 50), { seed, pages: 3_000 })
  report(
    'backup',
    { copies, 'of them aborted': aborted, 'commits meanwhile': commits, 'ms the slowest': slowestMs, 'as seed': seed },
    violations,
  )
}
