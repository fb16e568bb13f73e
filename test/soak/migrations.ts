import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AsyncEngine, createEngine } from 'offloop'
import { Migrations } from 'offloop/migrations'
import { Child } from './child.ts'
import { Random } from './random.ts'
import { driverNames, inScratch, isProgram, numberOption, report, urlOf } from './scratch.ts'

// Processes that are killed while they migrate, and processes that migrate one database at the same time.

const migrationsPerSet = 20

/** Writes migrations of which each makes two tables and notes twice that it has run: done in part, it shows. */
export function writeSet(directory: string, count = migrationsPerSet): string {
  mkdirSync(directory, { recursive: true })
  const number = (index: number) => String(index).padStart(4, '0')
  const first = 'create table runs (migration integer not null);'
  for (let index = 1; index <= count; index += 1) {
    const note = `insert into runs (migration) values (${index});`
    const tables = ['a', 'b'].map((half) => `create table half_${half}_${index} (x integer);`)
    const text = [index === 1 ? first : '', tables[0], note, tables[1], note].join('\n')
    writeFileSync(join(directory, `${number(index)}_make.sql`), text)
  }
  return directory
}

/** What of the set is there in part, or more than once. */
export async function violationsOf(engine: AsyncEngine, directory: string): Promise<readonly string[]> {
  const tables = new Set(await engine.tableNames())
  const runs = tables.has('runs') ? (await engine.execute('select migration from runs').scalars<number>()).map(Number) : []
  const status = await new Migrations(engine, { directory }).status()
  return status.flatMap(({ name, state }) => {
    const index = Number(name.slice(0, 4))
    const halves = ['a', 'b'].filter((half) => tables.has(`half_${half}_${index}`)).length
    const notes = runs.filter((migration) => migration === index).length
    const wanted = state === 'applied' ? 2 : 0
    return halves === wanted && notes === wanted ? [] : [`${name} is ${state}: it has ${halves} of 2 tables and ${notes} of 2 rows`]
  })
}

export interface KillFigures {
  kills: number
  /** Databases that came to their end over all the kills. */
  completed: number
  readonly violations: string[]
}

/** Kills processes at random moments while they migrate; the next one goes on. */
export async function killMigrating(kills: number, seed: number): Promise<KillFigures> {
  const figures: KillFigures = { kills: 0, completed: 0, violations: [] }
  const random = new Random(seed)
  for (let round = 0; figures.kills < kills && figures.violations.length === 0; round += 1) {
    const driver = driverNames[round % driverNames.length] as string
    await inScratch((scratch) =>
      killOneDatabase(urlOf(driver, join(scratch, 'migrated.db')), writeSet(join(scratch, 'set')), { figures, random, kills }),
    )
  }
  return figures
}

interface Plan {
  readonly figures: KillFigures
  readonly random: Random
  readonly kills: number
}

async function killOneDatabase(url: string, directory: string, { figures, random, kills }: Plan): Promise<void> {
  for (let complete = false; !complete && figures.violations.length === 0; ) {
    const spared = figures.kills >= kills
    const { signal, status, errors } = await liveAndDie([url, directory], spared ? null : random)
    if (signal === 'SIGKILL') figures.kills += 1
    else if (status !== 0) figures.violations.push(`it failed: ${errors}`)
    complete = signal === null
    await using engine = createEngine(url)
    figures.violations.push(...(await violationsOf(engine, directory)))
  }
  figures.completed += 1
}

/** One process that migrates until it is killed, a few transactions after it has begun; without random numbers it is let be. */
async function liveAndDie(args: readonly string[], random: Random | null) {
  const dieAfter = random === null ? Number.POSITIVE_INFINITY : random.below(6)
  const extraMs = random === null ? 0 : random.next() * 4
  let transactions = 0
  // The timer is what makes the moment random: a kill right at the end of a transaction would always find the same one.
  const kill = () => setTimeout(() => child.process.kill('SIGKILL'), extraMs)
  const child = new Child('./migrations-child.ts', args, {
    onLine: () => {
      transactions += 1
      if (transactions === dieAfter) kill()
    },
  })
  if (dieAfter === 0) setTimeout(() => child.process.kill('SIGKILL'), 60 + extraMs * 20)
  return await child.ended
}

/** Lets processes migrate one database at the same time. */
export async function migrateTogether(url: string, directory: string, processes: number): Promise<readonly string[]> {
  let ready = 0
  const children: Child[] = []
  const onLine = (line: string) => {
    if (line === 'ready') ready += 1
    // All of them at once, when the last one stands at the line.
    if (line === 'ready' && ready === processes) for (const child of children) child.process.stdin?.write('\n')
  }
  for (let index = 0; index < processes; index += 1) children.push(new Child('./migrations-child.ts', [url, directory, 'wait'], { onLine }))
  const ends = await Promise.all(children.map((child) => child.ended))
  const failures = ends.flatMap(({ status, errors }) => (status === 0 ? [] : [`a process failed: ${errors}`]))
  const applied = ends.flatMap(({ lines, status }) => (status === 0 ? (JSON.parse(lines.at(-1) ?? '[]') as string[]) : []))
  const twice = applied.filter((name, index) => applied.indexOf(name) !== index)
  await using engine = createEngine(url)
  return [...failures, ...twice.map((name) => `${name} was applied twice`), ...(await violationsOf(engine, directory))]
}

async function raceTogether(rounds: number): Promise<readonly string[]> {
  const violations: string[] = []
  for (let round = 0; round < rounds && violations.length === 0; round += 1) {
    const driver = driverNames[round % driverNames.length] as string
    await inScratch(async (scratch) => {
      violations.push(...(await migrateTogether(urlOf(driver, join(scratch, 'migrated.db')), writeSet(join(scratch, 'set'), 5), 4)))
    })
  }
  return violations
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const { kills, completed, violations } = await killMigrating(numberOption('kills', 100), seed)
  const rounds = numberOption('rounds', 50)
  const raced = await raceTogether(rounds)
  report('migrations', { kills, 'databases completed': completed, 'races of 4 processes': rounds, 'as seed': seed }, [
    ...violations,
    ...raced,
  ])
}
