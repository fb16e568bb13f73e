import { open, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AsyncEngine } from '../engine/contract.ts'
import { createEngine } from '../engine/engine.ts'
import { ArgumentError, DatabaseError, InvalidRequestError, OperationalError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { EngineURL } from '../sql/url.ts'

/** How another process knows a database of a server that `createDatabase` has made: by its comment. */
const COMMENT = 'made by createDatabase() of offloop'
/** How another process knows a file that it has made. https://www.sqlite.org/pragma.html#pragma_application_id */
const APPLICATION_ID = 0x4f_46_46_4c

/** What this process has made and not dropped yet. */
const made = new Set<string>()
/** Files that are being dropped. */
const dropping = new Set<string>()

/**
 * Makes a database, empty and with a mark by which `dropDatabase` knows it, in another process too: a comment on it on a PostgreSQL or
 * MariaDB server, the application id of an SQLite file. MySQL has no place for one: there only the process that has made a database drops it.
 *
 * @param url of the database that is to be; the server's own `postgres`, or `template1`, is what it logs in to
 * @returns the same URL
 * @throws {InvalidRequestError} there is something of that name already; it is left as it is
 * @throws {ArgumentError} the URL names no database, or one in memory, which lives and ends with its engine
 * @throws {OperationalError} the server cannot be reached, or the file cannot be made
 */
export async function createDatabase(url: string | EngineURL): Promise<EngineURL> {
  const parsed = EngineURL.from(url)
  const { create } = KINDS[parsed.dialect]
  await create(parsed, nameOf(parsed))
  return parsed
}

/**
 * Drops a database that `createDatabase` has made, and nothing else. On a server the sessions of others on it are ended first; a file is
 * removed with its `-wal` and `-shm`, and has to be closed before.
 *
 * @throws {InvalidRequestError} there is none of that name, or it was not made by `createDatabase`; it is left as it is
 * @throws {ArgumentError} the URL names no database, or one in memory
 * @throws {OperationalError} the server cannot be reached, or the file is open elsewhere
 */
export async function dropDatabase(url: string | EngineURL): Promise<void> {
  const parsed = EngineURL.from(url)
  const { drop } = KINDS[parsed.dialect]
  await drop(parsed, nameOf(parsed))
}

interface Kind {
  create(url: EngineURL, name: string): Promise<void>
  drop(url: EngineURL, name: string): Promise<void>
}

const KINDS: Readonly<Record<EngineURL['dialect'], Kind>> = {
  postgresql: { create: createOnPostgresql, drop: dropOnPostgresql },
  mysql: { create: createOnMysql, drop: dropOnMysql },
  sqlite: { create: createFile, drop: dropFile },
}

function nameOf({ dialect, database }: EngineURL): string {
  if (dialect === 'sqlite' && (database === undefined || database === ':memory:')) {
    throw new ArgumentError('A memory database is neither created nor dropped: it lives and ends with the engine of createEngine().')
  }
  if (database === undefined)
    throw new ArgumentError(`The URL of a ${dialect} database to create or drop must name it: ${dialect}://host/name.`)
  return database
}

function existsError(name: string, cause: unknown): InvalidRequestError {
  return new InvalidRequestError(`There is a database ${printableName(name)} already, which is left as it is: choose another name.`, {
    cause,
  })
}

function missingError(name: string, cause?: unknown): InvalidRequestError {
  return new InvalidRequestError(`There is no database ${printableName(name)} to drop.`, { cause })
}

function foreignError(name: string, cause?: unknown): InvalidRequestError {
  return new InvalidRequestError(
    `The database ${printableName(name)} was not made by createDatabase() and is left as it is: whoever made it has to drop it.`,
    { cause },
  )
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof DatabaseError && error.driverCode === code
}

/** Runs `work` on a server, in a database of its own or in none. */
async function onServer<T>(url: EngineURL, database: string | undefined, work: (admin: AsyncEngine) => Promise<T>): Promise<T> {
  // One connection, without a thread for it: all that it does is to wait.
  const admin = createEngine(url.with({ database }), { placement: 'main', pool: { max: 1 } })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

// PostgreSQL

/** As its own `createdb` and `dropdb` do: in `postgres`, and where there is none in `template1`. */
async function onPostgresql<T>(url: EngineURL, work: (admin: AsyncEngine) => Promise<T>): Promise<T> {
  try {
    return await onServer(url, 'postgres', work)
  } catch (error) {
    if (!hasCode(error, '3D000')) throw error
    return await onServer(url, 'template1', work)
  }
}

async function createOnPostgresql(url: EngineURL, name: string): Promise<void> {
  await onPostgresql(url, async (admin) => {
    const quoted = admin.dialect.quoteIdentifier(name)
    await admin.execute(`create database ${quoted}`).catch((error: unknown) => {
      // Of two at once, one is told so by the catalogue's own index.
      throw hasCode(error, '42P04') || hasCode(error, '23505') ? existsError(name, error) : error
    })
    try {
      await admin.execute(`comment on database ${quoted} is '${COMMENT}'`)
    } catch (error) {
      await admin.execute(`drop database ${quoted}`)
      throw error
    }
    const oid = await admin.scalar('select oid::text from pg_database where datname = $1', [name])
    made.add(keyOf(url, `oid ${oid}`))
  })
}

async function dropOnPostgresql(url: EngineURL, name: string): Promise<void> {
  await onPostgresql(url, async (admin) => {
    const quoted = admin.dialect.quoteIdentifier(name)
    const found = await admin
      .execute<{ oid: string; comment: string | null; version: number }>(
        `select oid::text as oid, shobj_description(oid, 'pg_database') as comment, current_setting('server_version_num')::int as version
        from pg_database where datname = $1`,
        [name],
      )
      .first()
    if (found === null) throw missingError(name)
    const key = keyOf(url, `oid ${found.oid}`)
    if (found.comment !== COMMENT && !made.has(key)) throw foreignError(name)
    const force = found.version >= 130_000
    if (!force) await admin.execute('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    await admin.execute(`drop database ${quoted}${force ? ' with (force)' : ''}`)
    made.delete(key)
  })
}

// MySQL and MariaDB

async function createOnMysql(url: EngineURL, name: string): Promise<void> {
  await onServer(url, undefined, async (admin) => {
    const comment = (await isMariadb(admin)) ? ` comment '${COMMENT}'` : ''
    await admin
      .execute(`create database ${admin.dialect.quoteIdentifier(name)} character set utf8mb4${comment}`)
      .catch((error: unknown) => {
        throw hasCode(error, 'ER_DB_CREATE_EXISTS') ? existsError(name, error) : error
      })
    made.add(keyOf(url, name))
  })
}

async function dropOnMysql(url: EngineURL, name: string): Promise<void> {
  await onServer(url, undefined, async (admin) => {
    const quoted = admin.dialect.quoteIdentifier(name)
    const mariadb = await isMariadb(admin)
    // The server compares its names without regard to capitals, and there may be two that differ in these.
    const isNamed = (column: string) => `binary ${column} = binary if(@@lower_case_table_names = 1, lower(?), ?)`
    const found = await admin
      .execute<{ comment: string }>(
        `select ${mariadb ? 'schema_comment' : `''`} as comment from information_schema.schemata where ${isNamed('schema_name')}`,
        [name, name],
      )
      .first()
    if (found === null) throw missingError(name)
    const key = keyOf(url, name)
    if (mariadb ? found.comment !== COMMENT : !made.has(key)) throw foreignError(name)
    const sessions = await admin
      .execute(`select id from information_schema.processlist where ${isNamed('db')} and id <> connection_id()`, [name, name])
      .scalars<number>()
    // One that has a transaction open on a table would keep the server waiting for a day.
    for (const id of sessions) {
      await admin.execute(`kill connection ${Number(id)}`).catch((error: unknown) => {
        if (!hasCode(error, 'ER_NO_SUCH_THREAD')) throw error
      })
    }
    await admin.execute(`drop database ${quoted}`)
    made.delete(key)
  })
}

async function isMariadb(admin: AsyncEngine): Promise<boolean> {
  return String(await admin.scalar('select version()')).includes('MariaDB')
}

/** What is told of a server's database in the list of those that were made. */
function keyOf({ dialect, host, port, query }: EngineURL, name: string): string {
  return JSON.stringify([dialect, host ?? query['host'] ?? query['socket'], port, name])
}

// SQLite

async function createFile(url: EngineURL, name: string): Promise<void> {
  const path = resolve(name)
  try {
    await (await open(path, 'wx')).close()
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw existsError(name, cause)
    throw new OperationalError(`The file of database ${printableName(name)} could not be made: does its directory exist?`, { cause })
  }
  try {
    await openAndClose(url, { application_id: APPLICATION_ID })
  } catch (error) {
    await removeFile(path)
    throw error
  }
  made.add(await identityOf(path, name))
}

async function dropFile(url: EngineURL, name: string): Promise<void> {
  const path = resolve(name)
  const identity = await identityOf(path, name)
  if (dropping.has(identity)) throw missingError(name)
  dropping.add(identity)
  try {
    if (!made.has(identity) && !(await isMarked(url, name))) throw foreignError(name)
    // SQLite gives the WAL up only to whoever is alone with the file: anybody else would go on writing into what is no longer there, and his
    // last connection would remove the WAL of a new file of that name.
    await openAndClose(url, { journal_mode: 'delete' })
    await removeFile(path)
    made.delete(identity)
  } finally {
    dropping.delete(identity)
  }
}

/** Applies pragmas to a file that is there. */
async function openAndClose(url: EngineURL, pragmas: Readonly<Record<string, string | number>>): Promise<void> {
  const engine = createEngine(url.with({ query: { mode: 'rw' } }), { pragmas, readers: 0, busyTimeoutMs: 1_000 })
  try {
    await (await engine.connect()).close()
  } finally {
    await engine.close()
  }
}

async function isMarked(url: EngineURL, name: string): Promise<boolean> {
  // Read-only, so that a file of somebody else's stays in its journal mode.
  const engine = createEngine(url.with({ query: { mode: 'ro' } }))
  try {
    const conn = await engine.connect({ readonly: true })
    return (await conn.scalar('pragma application_id')) === APPLICATION_ID
  } catch (error) {
    if (hasCode(error, 'SQLITE_NOTADB')) throw foreignError(name, error)
    throw error
  } finally {
    await engine.close()
  }
}

/** Known by what it is and not by its name, under which there may be another file by now. */
async function identityOf(path: string, name: string): Promise<string> {
  try {
    const { dev, ino, birthtimeNs } = await stat(path, { bigint: true })
    return `${dev} ${ino} ${birthtimeNs}`
  } catch (error) {
    throw codeOf(error) === 'ENOENT' ? missingError(name, error) : error
  }
}

/** The WAL first: one that was left alone would be taken for that of a new file of the same name. */
async function removeFile(path: string): Promise<void> {
  for (const end of ['-wal', '-shm', '-journal', '']) await rm(path + end, { force: true })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
