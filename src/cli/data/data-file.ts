import { basename, extname, resolve } from 'node:path'
import type { FileFormat } from '../../data/import-data.ts'
import { databaseAndFile } from '../database-argument.ts'
import { UsageError } from '../failure.ts'

/** The formats of files, by what their names end in. */
export const fileFormats = ['yaml', 'json', 'jsonl', 'csv'] as const satisfies readonly FileFormat[]

const formatsByExtension: Readonly<Record<string, FileFormat>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
}

/** A file of rows as it was named on the command line. */
export interface DataFile {
  readonly database: string | undefined
  /** As it was named, for messages; '-' is stdin or stdout. */
  readonly name: string
  /** Absolute; null for stdin and stdout. */
  readonly path: string | null
  readonly format: FileFormat
  /** CSV and JSON Lines name no table: it is that of the file's name, where nothing else is said. */
  readonly table: string | undefined
}

/**
 * Which argument is which, and what the file's name tells.
 *
 * @throws {UsageError} there is no file, or its format is not known
 */
export function readDataFile(first: string | undefined, second: string | undefined, format: FileFormat | undefined): DataFile {
  const [database, name] = databaseAndFile(first, second, 'Which file? Name it behind the database; - is stdin, or stdout.')
  const extension = extname(name).toLowerCase()
  const found = format ?? formatsByExtension[extension]
  if (found === undefined) throw new UsageError(`What ${name} holds its name does not tell: expected --format ${fileFormats.join(', ')}.`)
  const namesTables = found === 'yaml' || found === 'json'
  const ofName = name === '-' || namesTables ? undefined : basename(name, extname(name))
  return { database, name, path: name === '-' ? null : resolve(name), format: found, table: ofName }
}
