import { Kysely, type KyselyConfig } from 'kysely'
import type { AsyncEngine } from '../../engine/contract.ts'
import { OffloopDialect, type OffloopDialectConfig } from './dialect.ts'

/** What Kysely can be told beside its dialect, `log` and `plugins`, and what that can be told beside its engine. */
export type KyselyOptions = Omit<KyselyConfig, 'dialect'> & Omit<OffloopDialectConfig, 'engine' | 'url' | 'options'>

/**
 * A Kysely on an engine. Its `destroy()` leaves the engine open, for whoever made it.
 *
 * @example
 * const db = kysely<{ users: { id: Generated<number>; name: string } }>(engine)
 * const users = await db.selectFrom('users').selectAll().where('name', 'like', 'A%').execute()
 */
export function kysely<DB>(
  engine: AsyncEngine,
  { typeParsers, driverErrors, transactionalDdl, ...options }: KyselyOptions = {},
): Kysely<DB> {
  return new Kysely<DB>({ ...options, dialect: new OffloopDialect({ engine, typeParsers, driverErrors, transactionalDdl }) })
}
