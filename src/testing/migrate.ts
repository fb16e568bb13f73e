import type { AsyncEngine } from '../engine/contract.ts'
import { ArgumentError, NotSupportedError } from '../errors.ts'

/** What makes the tables of a database for tests: a function of its engine, or something whose `up()` is one. */
export type MigrationSource = ((engine: AsyncEngine) => Promise<unknown>) | { up(engine: AsyncEngine): Promise<unknown> } | string | URL

/**
 * @throws {ArgumentError} nothing of the kind
 * @throws {NotSupportedError} the name of a folder
 */
export function checkMigrations(source: unknown): void {
  if (source === undefined || typeof source === 'function') return
  if (typeof source === 'string' || source instanceof URL) {
    throw new NotSupportedError(
      'Option "migrations" names a folder, and there is nothing yet that runs one: give a function (engine) => Promise, or an object with up().',
    )
  }
  if (typeof source === 'object' && source !== null && 'up' in source && typeof source.up === 'function') return
  throw new ArgumentError('Option "migrations" must be a function (engine) => Promise, or an object with up().')
}

/** Runs what `checkMigrations` has let pass. */
export async function migrate(engine: AsyncEngine, source: MigrationSource | undefined): Promise<void> {
  if (typeof source === 'function') await source(engine)
  // It is told the engine: one that has a database of its own must not migrate that.
  else if (typeof source === 'object' && 'up' in source) await source.up(engine)
}
