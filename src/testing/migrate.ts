import type { AsyncEngine } from '../engine/contract.ts'
import { ArgumentError } from '../errors.ts'
import { Migrations } from '../migrations/migrations.ts'

/** What makes the tables of a database for tests: the folder of its migrations, a function of its engine, or something whose `up()` is one. */
export type MigrationSource = ((engine: AsyncEngine) => Promise<unknown>) | { up(engine: AsyncEngine): Promise<unknown> } | string | URL

/** @throws {ArgumentError} nothing of the kind */
export function checkMigrations(source: unknown): void {
  if (source === undefined || typeof source === 'function' || source instanceof URL) return
  if (typeof source === 'string' && source !== '') return
  if (source instanceof Migrations) throw new ArgumentError('Migrations are of the engine that they were made for: give their folder.')
  if (typeof source === 'object' && source !== null && 'up' in source && typeof source.up === 'function') return
  throw new ArgumentError('Option "migrations" must be a folder, a function (engine) => Promise, or an object with up().')
}

/** Runs what `checkMigrations` has let pass. */
export async function migrate(engine: AsyncEngine, source: MigrationSource | undefined): Promise<void> {
  if (typeof source === 'function') await source(engine)
  else if (typeof source === 'string' || source instanceof URL) await new Migrations(engine, { directory: source }).up()
  // It is told the engine: one that has a database of its own must not migrate that.
  else if (source !== undefined) await source.up(engine)
}
