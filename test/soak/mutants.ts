import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { Child } from './child.ts'
import type { MutantOutcome } from './mutants-child.ts'
import { Random } from './random.ts'
import { driverNames, inScratch, isProgram, journalModes, numberOption, report, urlOf } from './scratch.ts'

// Damaged database files: each is opened and used, or refused in a clear error; none ends the process, none hangs.

export interface MutantFigures {
  mutants: number
  /** Files that could not be opened. */
  refused: number
  /** Files that could be opened, and then something was refused. */
  damaged: number
  /** Files in which nobody noticed anything. */
  sound: number
  readonly codes: Map<string, number>
  readonly violations: string[]
}

/** Files of one process: few enough that the one which ends it is soon found. */
const filesPerProcess = 25
const deadlineMs = 120_000

export async function useMutants(mutants: number, seed: number): Promise<MutantFigures> {
  const figures: MutantFigures = { mutants: 0, refused: 0, damaged: 0, sound: 0, codes: new Map(), violations: [] }
  const random = new Random(seed)
  await inScratch(async (directory) => {
    const originals = await Promise.all(journalModes.map((journal) => makeOriginal(join(directory, `${journal}.db`), journal)))
    while (figures.mutants < mutants && figures.violations.length < 20) {
      const count = Math.min(filesPerProcess, mutants - figures.mutants)
      const files = Array.from({ length: count }, (_, index) => join(directory, `mutant-${figures.mutants + index}.db`))
      const damages = files.map((file) => damage(random.pick(originals), file, random))
      await useFiles(random.pick(driverNames), files, { figures, damages })
      for (const file of files) for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
    }
  })
  return figures
}

/** A file of some twenty pages with all that a schema may hold. */
async function makeOriginal(file: string, journal: string): Promise<Buffer> {
  const engine = createEngine(urlOf('better-sqlite3', file), { pragmas: { journal_mode: journal, page_size: 1024 } })
  await engine.script(`
    create table note (id integer primary key, text text not null, created text default current_timestamp);
    create table trail (note integer references note (id) on delete cascade, what text);
    create index note_text on note (text);
    create unique index trail_note on trail (note, what) where what is not null;
    create view recent as select n.text, t.what from note n left join trail t on t.note = n.id order by n.id desc limit 20;
    create trigger note_inserted after insert on note begin insert into trail values (new.id, 'inserted'); end;
    create virtual table search using fts5(text);
  `)
  const rows = Array.from({ length: 60 }, (_, index) => ['note number '.repeat(1 + (index % 9)) + index])
  await engine.executeMany('insert into note (text) values (?)', rows)
  await engine.executeMany('insert into search (text) values (?)', rows)
  await engine.execute('delete from note where id % 5 = 0')
  await engine.close()
  return readFileSync(file)
}

/** Writes a damaged copy; says what was done to it. */
function damage(original: Buffer, file: string, random: Random): string {
  const bytes = Buffer.from(original)
  const ways: Readonly<Record<string, () => Buffer>> = {
    'one byte of the header': () => setBytes(bytes, random, { from: 0, to: 100, count: 1 }),
    'several bytes of the header': () => setBytes(bytes, random, { from: 16, to: 100, count: 5 }),
    'bytes of the schema': () => setBytes(bytes, random, { from: 100, to: 1024, count: 1 + random.below(20) }),
    'bytes anywhere': () => setBytes(bytes, random, { from: 100, to: bytes.length, count: 1 + random.below(200) }),
    'a page of noise': () => {
      const start = 1024 * random.below(bytes.length / 1024)
      return setBytes(bytes, random, { from: start, to: start + 1024, count: 1024 })
    },
    'cut short': () => bytes.subarray(0, random.below(bytes.length)),
  }
  const way = random.pick(Object.keys(ways))
  writeFileSync(file, ways[way]?.() ?? bytes)
  return way
}

function setBytes(bytes: Buffer, random: Random, { from, to, count }: Readonly<Record<'from' | 'to' | 'count', number>>): Buffer {
  for (let byte = 0; byte < count; byte++) bytes[from + random.below(to - from)] = random.below(256)
  return bytes
}

interface Batch {
  readonly figures: MutantFigures
  readonly damages: readonly string[]
}

async function useFiles(driver: string, files: readonly string[], { figures, damages }: Batch): Promise<void> {
  const child = new Child('./mutants-child.ts', [driver, ...files])
  const deadline = setTimeout(() => child.process.kill('SIGKILL'), deadlineMs)
  const { status, signal, lines, errors } = await child.ended
  clearTimeout(deadline)
  for (const [index, line] of lines.entries()) judge(JSON.parse(line) as MutantOutcome, `${driver}, ${damages[index]}`, figures)
  figures.mutants += files.length
  if (status === 0 && errors === '') return
  const last = `${damages[lines.length]} (${files[lines.length]})`
  figures.violations.push(`${driver}: the process ended with ${status ?? signal} at ${last}: ${errors}`)
}

function judge({ connected, failures }: MutantOutcome, name: string, figures: MutantFigures): void {
  if (!connected) figures.refused++
  else if (failures.length > 0) figures.damaged++
  else figures.sound++
  for (const { sql, name: errorName, driverCode, message } of failures) {
    const code = `${errorName} ${driverCode}`
    figures.codes.set(code, (figures.codes.get(code) ?? 0) + 1)
    if (!isClear(errorName, driverCode, sql)) figures.violations.push(`${name}: ${sql}: ${code}: ${message}`)
  }
}

/** A damaged name is a missing table or column, and a damaged declaration a constraint; all else is for the database to say. */
function isClear(name: string, driverCode: string, sql: string): boolean {
  if (name === 'OperationalError') return driverCode.startsWith('SQLITE_')
  if (sql === 'connect') return false
  return name === 'ProgrammingError' || name === 'IntegrityError'
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const { mutants, refused, damaged, sound, codes, violations } = await useMutants(numberOption('files', 1_000), seed)
  for (const [code, count] of [...codes].sort()) console.error(`${code}: ${count}`)
  const figures = { 'damaged files': mutants, 'not opened': refused, 'opened and found damaged': damaged, 'not noticed': sound }
  report('mutants', { ...figures, 'as seed': seed }, violations)
}
