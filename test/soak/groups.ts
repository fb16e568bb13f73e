import { type AsyncEngine, createEngine } from 'offloop'
import { urlOf } from './scratch.ts'

/**
 * What the crash tests write: groups of rows that are stored together or not at all. Each row says how many its group has.
 */
export const createGroups =
  'create table if not exists item (batch integer, part integer, parts integer, filler blob, primary key (batch, part)) without rowid'
export const insertItem = 'insert into item (batch, part, parts, filler) values (?, ?, ?, ?)'

/** The rows of one group; the filler makes them span pages. */
export function rowsOfGroup(batch: number, parts: number): (number | Uint8Array)[][] {
  return Array.from({ length: parts }, (_, part) => [batch, part, parts, new Uint8Array(100 + ((batch * 37 + part * 11) % 900))])
}

export interface StoredGroups {
  /** Groups with all of their rows. */
  readonly whole: ReadonlySet<number>
  /** Groups with only some. */
  readonly torn: readonly number[]
  /** What integrity_check says: `ok`. */
  readonly integrity: string
}

/** Opens the database as after a crash, checks it and reads which groups are there. */
export async function readGroups(driver: string, file: string): Promise<StoredGroups> {
  const engine = createEngine(urlOf(driver, file), { readers: 0, pragmas: { journal_mode: undefined } })
  try {
    return await readGroupsOf(engine)
  } finally {
    await engine.close()
  }
}

export async function readGroupsOf(engine: AsyncEngine): Promise<StoredGroups> {
  const integrity = (await engine.execute('pragma integrity_check').scalars<string>()).join('; ')
  const whole = new Set<number>()
  const torn: number[] = []
  if (!(await engine.hasTable('item'))) return { whole, torn, integrity }
  const query = 'select batch, count(*) as found, max(parts) as parts from item group by batch'
  for (const { batch, found, parts } of await engine.execute<Record<string, number>>(query).fetchall()) {
    if (found === parts) whole.add(Number(batch))
    else torn.push(Number(batch))
  }
  return { whole, torn, integrity }
}
