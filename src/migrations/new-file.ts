import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ArgumentError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { messageOf } from './migration-error.ts'
import { type MigrationFile, readMigrationFiles } from './migration-files.ts'

export interface NewMigration {
  /** What stands behind the number: words with blanks, points or dashes between them. */
  readonly name: string
  readonly kind: 'sql' | 'ts'
  readonly text: string
}

/**
 * Writes a file that comes after all that are there: its number is one higher than the last one's.
 *
 * @returns its path
 * @throws {ArgumentError} the name is none, the last file's name does not begin with a number, or the file cannot be written
 */
export async function writeMigration(directory: string, { name, kind, text }: NewMigration): Promise<string> {
  const checked = checkName(name)
  await attempt(mkdir(directory, { recursive: true }), directory)
  const files = await readMigrationFiles(directory)
  const path = join(directory, `${nextNumber(files.at(-1))}_${checked}.${kind}`)
  // Two programs that write at once do not overwrite each other.
  await attempt(writeFile(path, text, { flag: 'wx' }), path)
  return path
}

async function attempt(work: Promise<unknown>, path: string): Promise<void> {
  try {
    await work
  } catch (cause) {
    throw new ArgumentError(`${printableName(path)} cannot be written: ${messageOf(cause)}`, { cause })
  }
}

function checkName(name: string): string {
  if (typeof name !== 'string' || !/^[a-z0-9]+(?:[ _.-][a-z0-9]+)*$/i.test(name) || name.length > 100) {
    throw new ArgumentError(`The name of a migration is made of letters, digits, "_" and "-": found ${printableName(String(name))}.`)
  }
  return name.replaceAll(/[ .]/g, '_')
}

/** As wide as the one before it, so that the order of the names is that of the numbers. */
function nextNumber(last: MigrationFile | undefined): string {
  if (last === undefined) return '0001'
  const digits = /^\d+/.exec(last.name)?.[0]
  if (digits === undefined)
    throw new ArgumentError(`A new migration takes the number after that of the last one, and ${last.file} has none.`)
  const next = String(BigInt(digits) + 1n).padStart(digits.length, '0')
  if (next.length > digits.length) throw new ArgumentError(`There is no number of ${digits.length} digits after that of ${last.file}.`)
  return next
}

/** What stands in a file until somebody writes it. */
export const TEMPLATES: Readonly<Record<'sql' | 'ts', string>> = {
  sql: '-- up\n\n-- down\n\n',
  ts: `import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  throw new Error('This migration has not been written yet.')
}

export async function down(db: Kysely<unknown>): Promise<void> {
  throw new Error('This migration has not been written yet.')
}
`,
}
