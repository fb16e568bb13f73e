import { existsSync, statSync } from 'node:fs'
import { EngineURL } from '../sql/url.ts'
import { Failure, UsageError } from './failure.ts'

/** How every command explains its first argument. */
export const databaseHelp = 'an SQLite file, or a URL; default: $OFFLOOP_URL'

const urlForm = /^[a-z][a-z0-9+.-]*:\/\//i

export interface DatabaseWish {
  /** What becomes of an SQLite file that is not there: it is made, or an empty database in memory stands in for it. Default: 'refused'. */
  readonly missing?: 'refused' | 'made' | 'empty' | undefined
}

/**
 * The URL of the database that was named on the command line, or by OFFLOOP_URL. An SQLite file has to be there.
 *
 * @throws {UsageError} none was named
 * @throws {ArgumentError} it is no URL; the message does not repeat it
 * @throws {Failure} there is no such file
 */
export function databaseUrl(text: string | undefined, { missing = 'refused' }: DatabaseWish = {}): EngineURL {
  const given = text ?? urlOfEnvironment()
  if (given === undefined) {
    throw new UsageError(
      'Which database? Name it as an argument, or in the environment variable OFFLOOP_URL: app.db, postgresql://user@host/database, …',
    )
  }
  const url = urlForm.test(given) ? EngineURL.parse(given) : new EngineURL({ dialect: 'sqlite', database: given })
  return url.dialect === 'sqlite' ? fileUrl(url, missing) : url
}

/** Undefined where it is not set, or empty. */
export function urlOfEnvironment(): string | undefined {
  return process.env['OFFLOOP_URL'] || undefined
}

/** Arguments with the database as the first of them: undefined where the environment names one, and the first argument is something else. */
export function databaseFirst(first: string | undefined, ...rest: readonly string[]): readonly [database: string | undefined, ...string[]] {
  const isLeftOut = first !== undefined && urlOfEnvironment() !== undefined && !namesDatabase(first)
  return isLeftOut ? [undefined, first, ...rest] : [first, ...rest]
}

/**
 * The same of a database and a file, which is never left out.
 *
 * @throws {UsageError} with that message: there is no file
 */
export function databaseAndFile(
  first: string | undefined,
  second: string | undefined,
  message: string,
): readonly [database: string | undefined, file: string] {
  if (first !== undefined && second !== undefined) return [first, second]
  if (first === undefined || urlOfEnvironment() === undefined) throw new UsageError(message)
  return [undefined, first]
}

/** Whether an argument names a database, where it might be something else as well: a URL, a file that is there, or what looks like the path of one. */
function namesDatabase(text: string): boolean {
  if (urlForm.test(text) || text === ':memory:') return true
  return !/\s/.test(text) && (/[\\/]|\.[a-z0-9]+$/i.test(text) || existsSync(text))
}

/** A database as messages name it. */
export function databaseName({ dialect, database, username, host, port }: EngineURL): string {
  if (dialect === 'sqlite') return database ?? ':memory:'
  return new EngineURL({ dialect, database, username, host, port }).toString()
}

function fileUrl(url: EngineURL, missing: DatabaseWish['missing']): EngineURL {
  const { database, query } = url
  if (database === undefined || database === ':memory:') return url
  const stats = statSync(database, { throwIfNoEntry: false })
  if (stats?.isDirectory() === true) throw new Failure(`${database} is a directory: expected an SQLite file.`)
  if (missing === 'made') return url
  if (stats === undefined && missing === 'empty') return new EngineURL({ dialect: 'sqlite' })
  if (stats === undefined) throw new Failure(`There is no file ${database}.`)
  // Not made by SQLite either, should it go in this very moment.
  return query['mode'] === undefined ? url.with({ query: { ...query, mode: 'rw' } }) : url
}
