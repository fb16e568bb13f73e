import { existsSync, rmSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import type { BackupProgress, DriverStatement, RowIterator } from './driver.ts'
import { statOrNothing } from './file-guard.ts'
import { cannotOpen } from './sqlite.ts'
import { DriverFault } from './sqlite-errors.ts'

/** Pages copied between two turns of the event loop: 400 kB of a usual database. */
export const BACKUP_PAGES_PER_STEP = 100

/** A copy may begin anew this often before it makes the writers wait for it. */
const MAX_RESTARTS = 10

/** Stands on a row, and so on its snapshot, until it is asked for the second one. */
const SNAPSHOT = 'SELECT count(*) FROM sqlite_schema UNION ALL SELECT 0'

/** @throws {DriverFault} the file is named in a way that the driver would take for something else, or it is the database itself */
export function checkBackupFile(file: string, database: string | undefined): void {
  if (file.includes('\0') || file !== file.trim() || !isAbsolute(file)) {
    throw new DriverFault('argument', 'The file of a backup must be an absolute path without NUL characters and white space at its end.')
  }
  if (statOrNothing(dirname(file))?.isDirectory() !== true) throw cannotOpen('the directory of the backup does not exist')
  const target = statOrNothing(file)
  const source = database === undefined ? undefined : statOrNothing(database)
  if (target !== undefined && source !== undefined && target.dev === source.dev && target.ino === source.ino) {
    throw new DriverFault('argument', 'The file of a backup is the database itself.')
  }
}

/** Makes a copy; a file that was not there before is there afterwards only when that has succeeded. */
export async function allOrNoFile(file: string, copy: () => Promise<void>): Promise<void> {
  const isNew = !existsSync(file)
  try {
    await copy()
  } catch (error) {
    if (isNew) rmSync(file, { force: true })
    throw error
  }
}

/** A connection that prepares without waiting. */
export interface Preparer {
  prepare(sql: string, names: null): DriverStatement
}

/**
 * Copies from one snapshot: SQLite begins a backup anew whenever somebody has committed between two of its steps, 202 times for 40 MB
 * beside one busy writer. A database with a WAL keeps a snapshot for nothing. Without one it locks the writers out while it lasts, so there
 * it comes only when the copy has begun anew too often to be left to chance.
 */
export async function copySnapshot<T>(connection: Preparer, watch: BackupWatch, copy: () => Promise<T>): Promise<T> {
  const snapshot = new Snapshot(connection)
  watch.onRestart = (restarts) => {
    if (restarts >= MAX_RESTARTS) snapshot.hold()
  }
  try {
    const mode = connection.prepare('PRAGMA journal_mode', null).iterate([])
    if ((await mode.next()).value?.[0] === 'wal') snapshot.hold()
    await mode.return()
    return await copy()
  } finally {
    snapshot.release()
  }
}

/** Held by an open query and not by a transaction, which would swallow what somebody writes meanwhile through `conn.driver`. */
class Snapshot {
  readonly #connection: Preparer
  #rows: RowIterator | null = null

  constructor(connection: Preparer) {
    this.#connection = connection
  }

  /** From now on, if nobody holds the file exclusively. */
  hold(): void {
    if (this.#rows !== null) return
    const rows = this.#connection.prepare(SNAPSHOT, null).iterate([])
    try {
      void rows.next()
      this.#rows = rows
    } catch {
      void rows.return()
    }
  }

  release(): void {
    void this.#rows?.return()
    this.#rows = null
  }
}

/**
 * Passes the progress of a backup on and ends one that stands still. SQLite answers BUSY while somebody else holds a lock; both drivers
 * then try again at once and for ever.
 */
export class BackupWatch {
  readonly #onProgress: (progress: BackupProgress) => boolean
  readonly #busyTimeoutMs: number
  #remainingPages = Number.POSITIVE_INFINITY
  #movedAt = performance.now()
  #restarts = 0
  /** Told how often the backup has begun anew, or stood still. */
  onRestart: (restarts: number) => void = () => {}

  constructor(onProgress: (progress: BackupProgress) => boolean, busyTimeoutMs: number) {
    this.#onProgress = onProgress
    this.#busyTimeoutMs = busyTimeoutMs
  }

  /** @throws {DriverFault} the user aborted the backup, or it made no progress for the busy timeout */
  step({ totalPages, remainingPages }: BackupProgress): void {
    this.#tell({ totalPages, remainingPages })
    const now = performance.now()
    const last = this.#remainingPages
    this.#remainingPages = remainingPages
    if (remainingPages !== last) this.#movedAt = now
    else if (now - this.#movedAt > this.#busyTimeoutMs) throw backupBusy()
    // As many as before are left when it has begun anew at its second step, or could not get its locks.
    if (remainingPages >= last) this.onRestart(++this.#restarts)
  }

  /** @throws {DriverFault} the user aborted the backup, and it was too late to stop it */
  end(totalPages: number): void {
    this.#tell({ totalPages, remainingPages: 0 })
  }

  #tell(progress: BackupProgress): void {
    if (!this.#onProgress(progress)) throw new DriverFault('cancelled', 'The backup was aborted.')
  }
}

export function backupBusy(): DriverFault {
  return new DriverFault(
    'operational',
    'database is locked: the backup could not get its locks, or this connection is in a transaction that writes',
    {
      driverCode: 'SQLITE_BUSY',
    },
  )
}
