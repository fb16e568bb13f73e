import { stat } from 'node:fs/promises'
import type { DatabaseLocation } from './database-path.ts'
import type { Logger } from './options.ts'

/** More engines than this for one file are rather forgotten ones than wanted ones: one for each request, or for each reload of a module. */
const manyEngines = 8

/** How many engines have a file open, by driver; files are known by device and inode, whatever they are called. */
type EnginesByDriver = Map<string, number>

/** One for the process, even if it has several copies of this package: that is when it is needed most. */
const registry: Map<string, EnginesByDriver> = sharedRegistry()

function sharedRegistry(): Map<string, EnginesByDriver> {
  const key = Symbol.for('offloop.enginesOfFile')
  const known: unknown = Reflect.get(globalThis, key)
  // Whoever set it is another copy of this file.
  if (known instanceof Map) return known as Map<string, EnginesByDriver>
  const created = new Map<string, EnginesByDriver>()
  Object.defineProperty(globalThis, key, { value: created })
  return created
}

/**
 * Counts an engine among those of its file, once that is there, and warns of what would damage the file or the program: a second copy of
 * SQLite, engines that nobody closes, a second name. The returned function takes the engine out again.
 */
export async function enterEngine(location: DatabaseLocation, driver: string, logger: Logger): Promise<() => void> {
  const stats = location.kind === 'file' ? await stat(location.path).catch(() => null) : null
  if (stats === null) return () => {}
  warnOfHardLinks(stats.nlink, logger)
  const file = `${stats.dev}:${stats.ino}`
  const engines = registry.get(file) ?? new Map<string, number>()
  registry.set(file, engines)
  const count = (engines.get(driver) ?? 0) + 1
  engines.set(driver, count)
  const other = [...engines].find(([name, open]) => name !== driver && open > 0)?.[0]
  if (other !== undefined) warnOfSecondSqlite(driver, other, logger)
  if (count === manyEngines + 1) warnOfManyEngines(count, logger)
  return () => leaveEngine(file, engines, driver)
}

function leaveEngine(file: string, engines: EnginesByDriver, driver: string): void {
  const left = (engines.get(driver) ?? 1) - 1
  if (left > 0) engines.set(driver, left)
  else engines.delete(driver)
  if (engines.size === 0) registry.delete(file)
}

/**
 * SQLite names the journal after the path: whoever opens the other name sees neither what is in it nor that somebody writes.
 * https://www.sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file
 */
function warnOfHardLinks(names: number, logger: Logger): void {
  if (names < 2) return
  logger.warn(
    `offloop: the database file has ${names} names (hard links). Opened by two of them at once it would be damaged: use one name, or a symbolic link.`,
  )
}

/** https://www.sqlite.org/howtocorrupt.html#multiple_copies_of_sqlite_linked_into_the_same_application */
function warnOfSecondSqlite(driver: string, other: string, logger: Logger): void {
  logger.warn(
    `offloop: the drivers "${driver}" and "${other}" have the same database file open. Each brings a SQLite of its own, and in one process ` +
      'neither sees the locks of the other: use one driver for one file.',
  )
}

function warnOfManyEngines(count: number, logger: Logger): void {
  logger.warn(
    `offloop: ${count} engines have the same database file open. An engine is made once for a program, and closed before a module that made ` +
      'one is loaded again: each has threads of its own.',
  )
}
