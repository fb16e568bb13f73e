import { type DialectAdapter, SqliteAdapter } from 'kysely'
import { OffloopConnection } from './offloop-connection.ts'

type KyselyOfConnection = Parameters<DialectAdapter['acquireMigrationLock']>[0]

/**
 * SQLite as this library runs it: several connections, DDL in transactions, and BEGIN IMMEDIATE as the lock of migrations. The file's write
 * lock holds between processes too, and is gone with the process that has it.
 */
export class LockingSqliteAdapter extends SqliteAdapter {
  readonly #transactionalDdl: boolean

  /** @param transactionalDdl migrations run in transactions: without them there is no lock either */
  constructor(transactionalDdl: boolean) {
    super()
    this.#transactionalDdl = transactionalDdl
  }

  override get supportsMultipleConnections(): boolean {
    return true
  }

  override get supportsTransactionalDdl(): boolean {
    return this.#transactionalDdl
  }

  /**
   * The transaction that comes next on the connection, in which the migrations run, waits for those of others as long as they take. Kysely
   * looks inside it which migrations are left to do. A transaction that the migrator was given has the lock already.
   */
  override async acquireMigrationLock(db: KyselyOfConnection): Promise<void> {
    if (this.#transactionalDdl) await setPatience(db, true)
  }

  override async releaseMigrationLock(db: KyselyOfConnection): Promise<void> {
    await setPatience(db, false)
  }
}

async function setPatience(db: KyselyOfConnection, waitsForLock: boolean): Promise<void> {
  await db.getExecutor().provideConnection(async (connection) => {
    if (connection instanceof OffloopConnection) connection.waitsForLock = waitsForLock
  })
}
