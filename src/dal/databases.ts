import { ArgumentError } from '../errors.ts'
import type { DialectName } from '../sql/dialect.ts'
import { EngineURL } from '../sql/url.ts'
import { createMysqlDatabase, dropMysqlDatabase } from './databases/mysql.ts'
import { createPostgresqlDatabase, dropPostgresqlDatabase } from './databases/postgresql.ts'
import { createSqliteDatabase, dropSqliteDatabase } from './databases/sqlite.ts'

interface DatabaseMaker {
  create(url: EngineURL, database: string): Promise<void>
  drop(url: EngineURL, database: string): Promise<void>
}

const makers: Readonly<Record<DialectName, DatabaseMaker>> = {
  sqlite: { create: createSqliteDatabase, drop: dropSqliteDatabase },
  postgresql: { create: createPostgresqlDatabase, drop: dropPostgresqlDatabase },
  mysql: { create: createMysqlDatabase, drop: dropMysqlDatabase },
}

/**
 * Makes the empty database that a URL names, and marks it as made by this function: PostgreSQL and MariaDB by its comment, SQLite by its
 * `application_id`. MySQL has no place for a mark: there only the same process can drop it.
 *
 * @throws {InvalidRequestError} there is such a database
 * @throws {ArgumentError} the URL names none, or one in memory
 * @throws {OperationalError} the server cannot be reached
 */
export async function createDatabase(url: string | EngineURL): Promise<EngineURL> {
  const parsed = EngineURL.from(url)
  await makers[parsed.dialect].create(parsed, databaseOf(parsed))
  return parsed
}

/**
 * Drops a database that `createDatabase()` has made, in this process or in another one; a server ends its other sessions first.
 *
 * @throws {InvalidRequestError} there is no such database, or it was not made by `createDatabase()`: it stays as it is
 * @throws {ArgumentError} the URL names none, or one in memory
 */
export async function dropDatabase(url: string | EngineURL): Promise<void> {
  const parsed = EngineURL.from(url)
  await makers[parsed.dialect].drop(parsed, databaseOf(parsed))
}

function databaseOf({ dialect, database }: EngineURL): string {
  if (database === undefined || (dialect === 'sqlite' && database === ':memory:')) {
    throw new ArgumentError(
      dialect === 'sqlite'
        ? 'A database in memory is made when it is opened, and gone when it is closed: the URL must name a file.'
        : 'The URL must name the database: dialect://host/database.',
    )
  }
  return database
}
