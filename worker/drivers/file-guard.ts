import { statSync } from 'node:fs'
import { DriverFault } from './sqlite-errors.ts'

/**
 * Watches that the file a connection writes to is the one at its path. In WAL mode SQLite goes on writing into a file that has been
 * replaced or deleted, and what it acknowledges is gone (https://www.sqlite.org/howtocorrupt.html#unlink). It looks by stat: opening and
 * closing the file would drop SQLite's locks on it.
 */
export class FileGuard {
  readonly #path: string
  readonly #device: number
  readonly #inode: number

  private constructor(path: string, device: number, inode: number) {
    this.#path = path
    this.#device = device
    this.#inode = inode
  }

  /** For a database that has just been opened; null for one that is no file. */
  static watch(path: string | undefined): FileGuard | null {
    const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
    return path === undefined || stats === undefined ? null : new FileGuard(path, stats.dev, stats.ino)
  }

  /** @throws {DriverFault} SQLITE_READONLY_DBMOVED: the file has been moved, replaced or deleted */
  assertInPlace(): void {
    const stats = statSync(this.#path, { throwIfNoEntry: false })
    if (stats?.dev === this.#device && stats.ino === this.#inode) return
    const message =
      'The database file is no longer at its path: it was moved, replaced or deleted while it was open, and this write with it.'
    throw new DriverFault('operational', message, { driverCode: 'SQLITE_READONLY_DBMOVED' })
  }
}
