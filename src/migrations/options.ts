import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ArgumentError } from '../errors.ts'
import { migrationRecords } from '../sql/migration-records.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'

/** Where the migrations are, and where the database keeps what it has seen of them. */
export interface MigrationsOptions {
  /** The folder of the files. */
  readonly directory: string | URL
  /** The table of records, 'table' or 'schema.table'. Default: 'offloop_migrations'. */
  readonly table?: string | undefined
}

/**
 * The value of each option, those that were not given too.
 *
 * @throws {ArgumentError} an option is unknown, missing or of the wrong kind
 */
export function readOptions(options: MigrationsOptions): { readonly directory: string; readonly table: string } {
  if (typeof options !== 'object' || options === null) throw new ArgumentError('Migrations take { directory, table? }.')
  checkNames(options, ['directory', 'table'])
  const { directory, table = migrationRecords } = options
  return { directory: directoryFrom(directory), table }
}

/** @throws {ArgumentError} one of the options is none of the known */
export function checkNames(options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new ArgumentError('Options must be an object.')
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const message = `There is no option ${printableName(unknown)} here, but ${known.join(', ')}.${didYouMean(unknown, known)}`
  throw new ArgumentError(message)
}

/** @throws {ArgumentError} it is no whole number from 1 on */
export function checkSteps(steps: number): number {
  if (steps === Number.POSITIVE_INFINITY || (Number.isSafeInteger(steps) && steps >= 1)) return steps
  throw new ArgumentError('The number of migrations must be a whole number of at least 1, or Infinity.')
}

function directoryFrom(directory: unknown): string {
  if (directory instanceof URL) {
    if (directory.protocol !== 'file:') throw new ArgumentError('The option "directory" takes a path or a file: URL.')
    return fileURLToPath(directory)
  }
  if (typeof directory === 'string' && directory !== '') return resolve(directory)
  throw new ArgumentError('The option "directory" takes the path of a folder, or a file: URL.')
}
