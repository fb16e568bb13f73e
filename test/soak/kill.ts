import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from './child.ts'
import { readGroups } from './groups.ts'
import { Random } from './random.ts'
import { inScratch, isProgram, numberOption, report, type Setup, setups } from './scratch.ts'

// kill -9 at random moments: whatever was acknowledged is there, every transaction is whole, the file is sound.

export interface KillFigures {
  kills: number
  acknowledged: number
  /** Kills that left a WAL with content or a hot journal behind. */
  hot: number
  readonly violations: string[]
}

/** A process gets this many commits between two kills at the most. */
const maxCommitsPerLife = 160
/** Lives of one file: it is to be found in every state, and not to grow without end. */
const livesPerFile = 25

export async function killAtRandom(kills: number, seed: number): Promise<KillFigures> {
  const figures: KillFigures = { kills: 0, acknowledged: 0, hot: 0, violations: [] }
  const random = new Random(seed)
  for (let index = 0; figures.kills < kills && figures.violations.length === 0; index++) {
    const setup = setups[index % setups.length] as Setup
    const lives = Math.min(livesPerFile, Math.ceil(kills / setups.length), kills - figures.kills)
    await inScratch((directory) => killOneFile(setup, join(directory, 'killed.db'), { figures, random, lives }))
  }
  return figures
}

interface Plan {
  readonly figures: KillFigures
  readonly random: Random
  readonly lives: number
}

async function killOneFile({ driver, journal }: Setup, file: string, { figures, random, lives }: Plan): Promise<void> {
  const acknowledged = new Set<number>()
  for (let life = 0; life < lives; life++) {
    const name = `${driver}, ${journal}, life ${life}`
    await liveAndDie([driver, file, journal, String(life * 100_000)], { acknowledged, figures, random, name })
    if (isHot(file)) figures.hot++
    const { whole, torn, integrity } = await readGroups(driver, file)
    if (integrity !== 'ok') figures.violations.push(`${name}: integrity_check says ${integrity}`)
    for (const batch of torn) figures.violations.push(`${name}: transaction ${batch} is torn`)
    for (const batch of acknowledged) if (!whole.has(batch)) figures.violations.push(`${name}: acknowledged commit ${batch} is lost`)
  }
  figures.acknowledged += acknowledged.size
}

interface Life {
  readonly acknowledged: Set<number>
  readonly figures: KillFigures
  readonly random: Random
  readonly name: string
}

/** One process from its start to its kill; one in ten does not get as far as a commit. */
async function liveAndDie(args: readonly string[], { acknowledged, figures, random, name }: Life): Promise<void> {
  const early = random.below(10) === 0
  const dieAfter = 1 + random.below(maxCommitsPerLife)
  const extraMs = random.next() * 8
  let commits = 0
  const child = new Child('./kill-child.ts', args, {
    onLine: (line) => {
      acknowledged.add(Number(line))
      // The timer is what makes the moment random: a kill right at an acknowledgement would always find the same one.
      if (++commits === dieAfter) setTimeout(() => child.process.kill('SIGKILL'), extraMs)
    },
  })
  if (early) setTimeout(() => child.process.kill('SIGKILL'), 50 + random.below(100))
  const { signal, errors } = await child.ended
  if (signal === 'SIGKILL') figures.kills++
  else figures.violations.push(`${name}: it ended before it was killed: ${errors}`)
  if (errors !== '') figures.violations.push(`${name}: it wrote to stderr: ${errors}`)
}

function isHot(file: string): boolean {
  return [`${file}-wal`, `${file}-journal`].some((journal) => existsSync(journal) && statSync(journal).size > 0)
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const { kills, acknowledged, hot, violations } = await killAtRandom(numberOption('kills', 300), seed)
  report('kill', { kills, 'acknowledged commits': acknowledged, 'with a hot journal or WAL': hot, 'as seed': seed }, violations)
}
