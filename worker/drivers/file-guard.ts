import { type Stats, statSync } from 'node:fs'
import type { WireError } from '../../src/protocol/wire-error.ts'
import { primaryCode } from './sqlite-codes.ts'
import { DriverFault, faultToWireError } from './sqlite-errors.ts'

const LOOKS_GONE: ReadonlySet<string> = new Set(['SQLITE_IOERR', 'SQLITE_CANTOPEN'])

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
    const stats = path === undefined ? undefined : statOrNothing(path)
    return path === undefined || stats === undefined ? null : new FileGuard(path, stats.dev, stats.ino)
  }

  /** @throws {DriverFault} SQLITE_READONLY_DBMOVED: the file has been moved, replaced or deleted */
  assertInPlace(): void {
    if (!this.#inPlace) throw fileGone()
  }

  /** What SQLite makes of a file that is gone with its journal or its directory is an I/O error: this says why. */
  explain(error: WireError): WireError {
    if (error.driverCode === undefined || !LOOKS_GONE.has(primaryCode(error.driverCode)) || this.#inPlace) return error
    return { ...faultToWireError(fileGone()), cause: error.cause }
  }

  get #inPlace(): boolean {
    const stats = statOrNothing(this.#path)
    return stats?.dev === this.#device && stats.ino === this.#inode
  }
}

function fileGone(): DriverFault {
  const message = 'The database file is no longer at its path: it was moved, replaced or deleted while it was open, and this write with it.'
  return new DriverFault('operational', message, { driverCode: 'SQLITE_READONLY_DBMOVED' })
}

/** What is at a path; nothing also where it cannot be followed, for whatever reason. */
export function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
