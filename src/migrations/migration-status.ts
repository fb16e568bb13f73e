import type { MigrationFile } from './migration-files.ts'
import type { MigrationRecord } from './record-table.ts'

/**
 * `edited` and `missing` were applied, and their file is another one or none; `outOfOrder` is new and stands before those that were applied;
 * `unfinished` runs in no transaction, and runs now or has stopped half-way.
 */
export type MigrationState = 'applied' | 'pending' | 'edited' | 'missing' | 'outOfOrder' | 'unfinished'

/** One migration, and how it stands in this database. */
export interface MigrationStatus {
  readonly name: string
  /** Null where it is missing. */
  readonly file: string | null
  readonly state: MigrationState
  /** When it was applied, or when it began. */
  readonly changedAt: Date | null
}

/** Each migration that the folder or the database knows, in the order of their names. */
export function statusOf(files: readonly MigrationFile[], records: ReadonlyMap<string, MigrationRecord>): readonly MigrationStatus[] {
  const byName = new Map(files.map((file) => [file.name, file]))
  const last = files.findLast(({ name }) => records.has(name))
  return [...new Set([...byName.keys(), ...records.keys()])].sort().map((name) => {
    const file = byName.get(name)
    const record = records.get(name)
    const changedAt = record === undefined ? null : new Date(record.changedAt)
    if (record === undefined) {
      return { name, file: file?.file ?? null, state: last !== undefined && name < last.name ? 'outOfOrder' : 'pending', changedAt }
    }
    return { name, file: file?.file ?? null, state: stateOf(record, file), changedAt }
  })
}

function stateOf({ state, checksum }: MigrationRecord, file: MigrationFile | undefined): MigrationState {
  if (state !== 'applied') return 'unfinished'
  if (file === undefined) return 'missing'
  return file.checksum === checksum ? 'applied' : 'edited'
}
