import { lstat, open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createEngine } from '../../engine/engine.ts'
import { DatabaseError } from '../../errors.ts'
import type { EngineURL } from '../../sql/url.ts'
import { alreadyThere, notOurs, notThere } from './mark.ts'

/** 'OFFL', in the header of the file. https://www.sqlite.org/pragma.html#pragma_application_id */
const applicationId = 0x4f46464c
/** Files that this process has made: a program may give its file another application_id. */
const made = new Set<string>()

export async function createSqliteDatabase(url: EngineURL, database: string): Promise<void> {
  const path = resolve(database)
  await makeFile(path, database)
  try {
    await using engine = createEngine(url.with({ query: { mode: 'rw' } }))
    await engine.script(`pragma application_id = ${applicationId}`)
    made.add((await fileOf(path)) as string)
  } catch (error) {
    await removeFiles(path)
    throw error
  }
}

export async function dropSqliteDatabase(url: EngineURL, database: string): Promise<void> {
  const path = resolve(database)
  const file = await fileOf(path)
  if (file === null) throw notThere(database)
  if (!made.has(file) && !(await isMarked(url, database))) throw notOurs(database)
  await removeFiles(path)
  made.delete(file)
}

/** An empty file is an empty database. Of two that make it at once, one is told that it is there; nothing can have it open yet. */
async function makeFile(path: string, database: string): Promise<void> {
  try {
    await (await open(path, 'wx')).close()
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? alreadyThere(database, error) : error
  }
}

/** Which file is at a path; null: none. Its number alone is soon another file's. */
async function fileOf(path: string): Promise<string | null> {
  try {
    const { dev, ino, birthtimeNs } = await lstat(path, { bigint: true })
    return `${dev}:${ino}:${birthtimeNs}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Asked through SQLite, which keeps its locks, and by a query: any other statement may get a connection that sets the file's journal mode. */
async function isMarked(url: EngineURL, database: string): Promise<boolean> {
  try {
    await using engine = createEngine(url.with({ query: { mode: 'ro' } }), { readers: 1 })
    return Number(await engine.scalar('select application_id from pragma_application_id')) === applicationId
  } catch (error) {
    if (error instanceof DatabaseError) throw notOurs(database, error)
    throw error
  }
}

/** The database was made here to be thrown away, with all that belongs to it. */
async function removeFiles(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-journal']) await rm(`${path}${end}`, { force: true })
}
