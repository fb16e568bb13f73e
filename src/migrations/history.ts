import { MigrationError } from './migration-error.ts'
import type { MigrationFile } from './migration-files.ts'
import type { MigrationRecord } from './record-table.ts'

/** The files of the folder and what the database says of them, once they agree. */
export interface History {
  /** In their order. */
  readonly applied: readonly MigrationFile[]
  readonly pending: readonly MigrationFile[]
}

/**
 * Holds the files against the records.
 *
 * @throws {MigrationError} a migration that was applied has been edited or is gone, one stopped half-way, or a new one stands before them
 */
export function historyOf(files: readonly MigrationFile[], records: ReadonlyMap<string, MigrationRecord>): History {
  const problem = problemOf(files, records)
  if (problem !== null) throw problem
  return { applied: files.filter(({ name }) => records.has(name)), pending: files.filter(({ name }) => !records.has(name)) }
}

/** What is wrong with one of the migrations, or null. */
export function problemOf(files: readonly MigrationFile[], records: ReadonlyMap<string, MigrationRecord>): MigrationError | null {
  const byName = new Map(files.map((file) => [file.name, file]))
  for (const record of records.values()) {
    const problem = problemOfRecord(record, byName.get(record.name))
    if (problem !== null) return problem
  }
  const last = files.findLast(({ name }) => records.has(name))
  const late = files.find(({ name }) => !records.has(name) && last !== undefined && name < last.name)
  if (late === undefined) return null
  return new MigrationError(
    `it is new and stands before ${last?.file}, which was applied already: give it a name that comes after it.`,
    late,
  )
}

function problemOfRecord({ name, state, checksum }: MigrationRecord, file: MigrationFile | undefined): MigrationError | null {
  if (file === undefined) {
    return new MigrationError('it was applied to this database and its file is missing: bring the file back.', { file: name })
  }
  if (state !== 'applied') {
    return new MigrationError(
      `it ${state === 'reverting' ? 'was being taken back' : 'was being applied'} and did not come to its end, and it ran in no transaction: ` +
        "see how much of it is there, mend that, and call resolve(name, 'applied') or resolve(name, 'pending').",
      file,
    )
  }
  if (checksum !== file.checksum) {
    return new MigrationError('it was edited after it had been applied: restore it, and write a new migration for the change.', file)
  }
  return null
}
