import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ArgumentError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { MigrationError, messageOf } from './migration-error.ts'

/** One file of the folder. */
export interface MigrationFile {
  /** Its place in the order, and its name in the table of records: the file without what stands behind the point. */
  readonly name: string
  /** Without the folder. */
  readonly file: string
  readonly path: string
  readonly kind: 'sql' | 'module'
  readonly text: string
  /** SHA-256 of the text, in hexadecimal digits. The ends of its lines do not count: Git changes them. */
  readonly checksum: string
}

const migrationName = /^(.+)\.(sql|[cm]?js|m?ts)$/

/**
 * The migrations of a folder in the order of their names, character by character. Other files, and those whose name begins with a point, are none.
 *
 * @throws {ArgumentError} the folder cannot be read
 * @throws {MigrationError} two files have one name, or a file is not UTF-8
 */
export async function readMigrationFiles(directory: string): Promise<readonly MigrationFile[]> {
  const names = await listFiles(directory)
  checkDuplicates(names)
  const files = await Promise.all(names.map((file) => readMigrationFile(directory, file)))
  return files.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** The same, where no folder is one without files. */
export async function readMigrationFilesIfAny(directory: string): Promise<readonly MigrationFile[]> {
  return existsSync(directory) ? await readMigrationFiles(directory) : []
}

async function listFiles(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries
      .filter(
        (entry) => !entry.isDirectory() && !entry.name.startsWith('.') && !/\.d\.m?ts$/.test(entry.name) && migrationName.test(entry.name),
      )
      .map(({ name }) => name)
      .sort()
  } catch (cause) {
    throw new ArgumentError(`The folder of migrations ${printableName(directory)} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

/** Capitals make no other name: they do not on every file system, nor in MySQL. */
function checkDuplicates(files: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const file of files) {
    const name = nameOf(file).toLowerCase()
    const other = seen.get(name)
    if (other !== undefined) throw new MigrationError(`${other} has the same name: a migration has one file.`, { file })
    seen.set(name, file)
  }
}

/** The longest name that the table of records holds. */
const maxNameLength = 200

async function readMigrationFile(directory: string, file: string): Promise<MigrationFile> {
  const path = join(directory, file)
  const name = nameOf(file)
  if (name.length > maxNameLength) throw new MigrationError(`its name is longer than ${maxNameLength} characters.`, { file })
  const text = decode(await readBytes(path, file), file)
  const checksum = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
  return { name, file, path, kind: file.endsWith('.sql') ? 'sql' : 'module', text, checksum }
}

async function readBytes(path: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new MigrationError(`it cannot be read: ${messageOf(cause)}`, { file, cause })
  }
}

function nameOf(file: string): string {
  return file.replace(migrationName, '$1')
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new MigrationError('it is not UTF-8: save it in that encoding.', { file, cause })
  }
}
