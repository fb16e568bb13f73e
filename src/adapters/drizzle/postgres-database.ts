import { type ExtractTablesWithRelations, entityKind, type SQL, sql } from 'drizzle-orm'
import type { MigrationConfig, MigrationMeta } from 'drizzle-orm/migrator'
import {
  PgDatabase,
  type PgDialect,
  type PgPreparedQuery,
  PgSession,
  PgTransaction,
  type PgTransactionConfig,
  type PreparedQueryConfig,
} from 'drizzle-orm/pg-core'
import type { BeginOptions, Executor } from '../../sql/executor.ts'
import { internalsOfDatabase } from './drizzle-internals.ts'
import { type PostgresQueryArguments, type PostgresResult, type PostgresResultKind, preparePostgresQuery } from './postgres-query.ts'
import { runTransaction } from './run-transaction.ts'
import type { Schema, SessionSetup } from './session-setup.ts'

/** Held by whoever migrates a database: the letters of "drizzle". */
const migrationLock = BigInt(`0x${Buffer.from('drizzle').toString('hex')}`)

/** Drizzle's database object on an engine for PostgreSQL. */
export class OffloopPostgresDatabase<TSchema extends Schema = Record<string, never>> extends PgDatabase<PostgresResultKind, TSchema> {
  static override readonly [entityKind]: string = 'OffloopPostgresDatabase'
}

/** Inside a transaction. `transaction()` of it is a savepoint. */
export class OffloopPostgresTransaction<TSchema extends Schema = Record<string, never>> extends PgTransaction<
  PostgresResultKind,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = 'OffloopPostgresTransaction'

  override async transaction<T>(work: (tx: OffloopPostgresTransaction<TSchema>) => Promise<T>): Promise<T> {
    return await internalsOfDatabase<OffloopPostgresSession<TSchema>>(this).session.transaction(work)
  }
}

/** Sends Drizzle's queries to an executor: an engine, a connection or a transaction. */
export class OffloopPostgresSession<TSchema extends Schema> extends PgSession<
  PostgresResultKind,
  TSchema,
  ExtractTablesWithRelations<TSchema>
> {
  static override readonly [entityKind]: string = 'OffloopPostgresSession'
  readonly #executor: Executor
  readonly #setup: SessionSetup<PgDialect, TSchema>

  constructor(executor: Executor, setup: SessionSetup<PgDialect, TSchema>) {
    super(setup.dialect)
    this.#executor = executor
    this.#setup = setup
  }

  override prepareQuery<T extends PreparedQueryConfig = PreparedQueryConfig>(...args: PostgresQueryArguments): PgPreparedQuery<T> {
    // What it gives is what Drizzle's builders say that they make of it.
    return preparePostgresQuery(this.#executor, this.#setup, args) as PgPreparedQuery<T>
  }

  override async transaction<T>(
    work: (tx: OffloopPostgresTransaction<TSchema>) => Promise<T>,
    config: PgTransactionConfig = {},
  ): Promise<T> {
    const { dialect, schema } = this.#setup
    return await runTransaction(this.#executor, beginOptionsOf(config), async (executor) => {
      const tx = new OffloopPostgresTransaction<TSchema>(dialect, new OffloopPostgresSession(executor, this.#setup), schema)
      if (saysMoreThanBegin(config)) await tx.setTransaction(config)
      return await work(tx)
    })
  }

  /** Brings the database up to date: see `migrate()`. */
  async migrate(migrations: MigrationMeta[], config: MigrationConfig): Promise<void> {
    const { dialect } = this.#setup
    await runTransaction(this.#executor, {}, async (executor) => {
      const session = new OffloopPostgresSession(executor, this.#setup)
      // Drizzle looks for the last migration before it begins its transaction: with this lock nobody runs another meanwhile.
      await session.execute(sql`select pg_advisory_xact_lock(${migrationLock})`)
      // Declared for sessions without a schema, it takes any: it has no use for one.
      await dialect.migrate(migrations, session as unknown as PgSession, config)
    })
  }

  override async count(query: SQL): Promise<number> {
    const { rows } = await this.execute<PostgresResult<{ readonly count: string }>>(query)
    return Number(rows[0]?.count)
  }
}

function beginOptionsOf({ isolationLevel, accessMode }: PgTransactionConfig): BeginOptions {
  return { isolationLevel: isolationLevel === 'read uncommitted' ? undefined : isolationLevel, readonly: accessMode === 'read only' }
}

/** The engine's BEGIN does not know all of it: what is left is said by a statement of its own, Drizzle's. */
function saysMoreThanBegin({ isolationLevel, accessMode, deferrable }: PgTransactionConfig): boolean {
  return isolationLevel === 'read uncommitted' || accessMode === 'read write' || deferrable !== undefined
}
