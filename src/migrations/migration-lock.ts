import { setTimeout as pause } from 'node:timers/promises'
import { CompiledQuery } from 'kysely'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import { OperationalError } from '../errors.ts'
import type { DialectName } from '../sql/dialect.ts'

/** As long as Kysely's own locks of migrations wait. */
const lockTimeoutMs = 60 * 60 * 1_000
const lockRetryMs = 50

/**
 * Runs `work` while no other program migrates the same database. On a server the connection holds a lock of the server's, which is gone with it.
 * In SQLite it is the write lock of each transaction that is begun on the connection: such a transaction waits for those of others as long as they
 * take, and looks inside it what is left to do.
 *
 * @throws {OperationalError} others have held the lock for an hour
 */
export async function withMigrationLock<T>(db: AnyKysely, dialect: DialectName, work: () => Promise<T>): Promise<T> {
  const lock = LOCKS[dialect]
  await lock.acquire(db)
  try {
    return await work()
  } finally {
    // With a connection that is gone its lock is too.
    await lock.release(db).catch(() => {})
  }
}

/** Waits until `attempt` gives something else than null. */
export async function poll<T>(attempt: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + lockTimeoutMs
  for (;;) {
    const found = await attempt()
    if (found !== null) return found
    if (performance.now() > deadline) throw new OperationalError('Another program has been migrating this database for an hour.')
    await pause(lockRetryMs)
  }
}

interface Lock {
  acquire(db: AnyKysely): Promise<unknown>
  release(db: AnyKysely): Promise<unknown>
}

// Asked for again and again: a session that waits inside the server has a snapshot open, for which CREATE INDEX CONCURRENTLY would wait in turn.
function serverLock(acquire: string, release: string): Lock {
  return {
    acquire: (db) =>
      poll(async () => {
        const { rows } = await db.executeQuery<{ readonly locked: unknown }>(CompiledQuery.raw(acquire))
        const locked = rows[0]?.locked
        return locked === true || Number(locked) === 1 ? true : null
      }),
    release: (db) => db.executeQuery(CompiledQuery.raw(release)),
  }
}

/** For Kysely's adapter, which has no use for it: neither lock is in a table. */
const lockOptions = { lockTable: '', lockRowId: '' }
const mysqlName = "concat('offloop:', sha1(coalesce(database(), '')))"

const LOCKS: Readonly<Record<DialectName, Lock>> = {
  sqlite: {
    acquire: (db) => db.getExecutor().adapter.acquireMigrationLock(db, lockOptions),
    release: (db) => db.getExecutor().adapter.releaseMigrationLock(db, lockOptions),
  },
  // Any number, as long as it is always the same. Locks are those of one database.
  postgresql: serverLock('select pg_try_advisory_lock(6823950118) as locked', 'select pg_advisory_unlock(6823950118)'),
  // Locks are those of the whole server.
  mysql: serverLock(`select get_lock(${mysqlName}, 0) as locked`, `select release_lock(${mysqlName})`),
}
