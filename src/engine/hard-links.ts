import { stat } from 'node:fs/promises'
import type { DatabaseLocation } from './database-path.ts'
import type { Logger } from './options.ts'

/**
 * Warns when the database's file has a second name. SQLite names the journal after the path: whoever opens the other name sees neither
 * what is in it nor that somebody writes. https://www.sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file
 */
export async function warnOfHardLinks(location: DatabaseLocation, logger: Logger): Promise<void> {
  if (location.kind !== 'file') return
  const stats = await stat(location.path).catch(() => null)
  if (stats === null || stats.nlink < 2) return
  logger.warn(
    `offloop: the database file has ${stats.nlink} names (hard links). Opened by two of them at once it would be damaged: use one name, or a symbolic link.`,
  )
}
