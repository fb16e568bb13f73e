import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ArgumentError } from '../errors.ts'
import type { EngineURL } from '../sql/url.ts'

/** Where an SQLite database is. */
export type DatabaseLocation =
  | { readonly kind: 'memory' }
  /** `path` is absolute; `mode` is the URL's: read only, read and write, and create as well. */
  | { readonly kind: 'file'; readonly path: string; readonly mode: 'ro' | 'rw' | 'rwc' }

/**
 * Finds the file an SQLite URL means. With `baseDirectory` the answer is a real path that lies inside it: symbolic links are followed
 * first, and one that leads nowhere is refused, because SQLite would create the file it points to.
 *
 * Looks at the file system, and opens nothing: reading a database's file would drop SQLite's locks on it.
 *
 * @throws {ArgumentError} `baseDirectory` does not exist, or the file would lie outside; or `workingDirectory`, which a relative path is
 *   relative to, is null: it does not exist
 */
export async function resolveDatabasePath(
  url: EngineURL,
  options: { readonly baseDirectory?: string | undefined; readonly workingDirectory?: string | null },
): Promise<DatabaseLocation> {
  const { database } = url
  if (database === undefined || database === ':memory:') return { kind: 'memory' }
  const { mode: given } = url.query
  const mode = given === 'ro' || given === 'rw' ? given : 'rwc'
  if (options.baseDirectory === undefined) return { kind: 'file', path: absolutePath(database, options.workingDirectory), mode }
  const base = await realBase(options.baseDirectory)
  const path = await realPathOfFuture(resolve(base, database))
  if (!liesInside(base, path)) throw new ArgumentError('The database lies outside the engine option "baseDirectory".')
  return { kind: 'file', path, mode }
}

/** Null when it has been deleted. */
export function workingDirectory(): string | null {
  try {
    return process.cwd()
  } catch {
    return null
  }
}

function absolutePath(path: string, directory: string | null = workingDirectory()): string {
  if (isAbsolute(path)) return path
  if (directory === null) throw new ArgumentError('The path of the database is relative to a working directory that has been deleted.')
  return resolve(directory, path)
}

async function realBase(directory: string): Promise<string> {
  try {
    return await realpath(directory)
  } catch (cause) {
    throw new ArgumentError('Engine option "baseDirectory" is no directory that can be entered.', { cause })
  }
}

/** The real path of a file that may not exist yet: that of its nearest existing ancestor, and the rest as it is written. */
async function realPathOfFuture(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (cause) {
    if (!isMissing(cause) || (await existsAsLink(path))) {
      throw new ArgumentError('The path of the database cannot be followed to its end.', { cause })
    }
  }
  const parent = dirname(path)
  return parent === path ? path : join(await realPathOfFuture(parent), basename(path))
}

async function existsAsLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink()
  } catch {
    return false
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function liesInside(base: string, path: string): boolean {
  const way = relative(base, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
