import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  MysqlAdapter,
  MysqlDriver,
  MysqlIntrospector,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  type QueryCompiler,
  SqliteDriver,
  SqliteIntrospector,
} from 'kysely'
import { kyselyCompilerFor } from '../../schema/compile/dialect-compilers.ts'
import { type DialectName, dialectFor } from '../../sql/dialect.ts'
import { LockingSqliteAdapter } from './locking-sqlite-adapter.ts'

/** A Kysely of whatever tables. */
export type AnyKysely = Parameters<Dialect['createIntrospector']>[0]

/** What a driver of Kysely's says to begin a transaction and to set savepoints. */
export type TransactionWords = Pick<Required<Driver>, 'beginTransaction' | 'savepoint' | 'rollbackToSavepoint' | 'releaseSavepoint'>

/** What Kysely has for one kind of database. */
export interface KyselyParts {
  /** An INSERT that makes no row tells the key of the row before. */
  readonly keepsInsertId: boolean
  /** Kysely's own, which knows the expressions of a `Table` too. */
  queryCompiler(): QueryCompiler
  adapter(options: { readonly transactionalDdl: boolean }): DialectAdapter
  introspector(db: AnyKysely): DatabaseIntrospector
  /** Kysely's own driver, which never gets a database: it is asked for its words, and nothing else. */
  transactionWords(): TransactionWords
}

export function partsFor(dialect: DialectName): KyselyParts {
  return PARTS[dialect]
}

const PARTS: Readonly<Record<DialectName, KyselyParts>> = {
  sqlite: {
    keepsInsertId: true,
    queryCompiler: () => kyselyCompilerFor(dialectFor('sqlite')),
    adapter: ({ transactionalDdl }) => new LockingSqliteAdapter(transactionalDdl),
    introspector: (db) => new SqliteIntrospector(db),
    transactionWords: () => new SqliteDriver({ database: noDatabase }),
  },
  postgresql: {
    keepsInsertId: false,
    queryCompiler: () => kyselyCompilerFor(dialectFor('postgresql')),
    adapter: () => new PostgresAdapter(),
    introspector: (db) => new PostgresIntrospector(db),
    transactionWords: () => new PostgresDriver({ pool: noDatabase }),
  },
  mysql: {
    keepsInsertId: false,
    queryCompiler: () => kyselyCompilerFor(dialectFor('mysql')),
    adapter: () => new MysqlAdapter(),
    introspector: (db) => new MysqlIntrospector(db),
    transactionWords: () => new MysqlDriver({ pool: noDatabase }),
  },
}

async function noDatabase(): Promise<never> {
  throw new Error('this driver of Kysely is asked for its words alone')
}
