import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'

export type Direction = 'up' | 'down'

/** A file of migrations that has been read and understood. */
export interface Migration {
  /** False where the file says so: then it may do what cannot be done in a transaction, and may stop half-way. */
  readonly inTransaction: boolean
  /** It has a way down. */
  readonly reversible: boolean
  /**
   * Runs it on the connection, and in the transaction, that it is given.
   *
   * @param onChange called as soon as something may have been changed
   * @throws {MigrationError} it has failed
   */
  run(direction: Direction, db: AnyKysely, onChange: () => void): Promise<void>
}
