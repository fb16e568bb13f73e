import { CompiledQuery } from 'kysely'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import type { Dialect } from '../sql/dialect.ts'
import { MigrationError } from './migration-error.ts'
import type { MigrationFile } from './migration-files.ts'

/**
 * Runs `work`, which begins a transaction on the connection, without SQLite enforcing foreign keys in it: a table that is dropped to be made anew
 * would take along the rows that refer to it, and inside a transaction they cannot be switched off. Afterwards the setting is what it was.
 *
 * @param work told whether it has to check the foreign keys before it commits
 */
export async function withoutForeignKeys<T>(db: AnyKysely, dialect: Dialect, work: (mustCheck: boolean) => Promise<T>): Promise<T> {
  return await keepForeignKeys(db, dialect, async (enforced) => {
    if (enforced) await switchTo(db, false)
    return await work(enforced)
  })
}

/** SQLite: whatever `work` does to the setting, afterwards it is what it was. */
export async function keepForeignKeys<T>(db: AnyKysely, { name }: Dialect, work: (enforced: boolean) => Promise<T>): Promise<T> {
  if (name !== 'sqlite') return await work(false)
  const enforced = await areEnforced(db)
  let result: T
  try {
    result = await work(enforced)
  } catch (error) {
    // What has failed counts for more; on a connection that is gone nothing has to be restored.
    await switchTo(db, enforced).catch(() => {})
    throw error
  }
  await switchTo(db, enforced)
  return result
}

async function areEnforced(db: AnyKysely): Promise<boolean> {
  const { rows } = await db.executeQuery<{ readonly foreign_keys: unknown }>(CompiledQuery.raw('pragma foreign_keys'))
  return Number(rows[0]?.foreign_keys) === 1
}

async function switchTo(db: AnyKysely, enforced: boolean): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(`pragma foreign_keys = ${enforced ? 'on' : 'off'}`))
}

interface Orphan {
  readonly table: string
  /** Null in a table without rowids. */
  readonly rowid: unknown
  readonly parent: string
}

/** So many rows are named. */
const maxNamed = 5

/** @throws {MigrationError} rows refer to others that are not there */
export async function checkForeignKeys(db: AnyKysely, { file }: MigrationFile): Promise<void> {
  const query = 'select "table", "rowid", "parent" from pragma_foreign_key_check'
  const { rows } = await db.executeQuery<Orphan>(CompiledQuery.raw(`${query} limit ${maxNamed + 1}`))
  if (rows.length === 0) return
  const named = rows
    .slice(0, maxNamed)
    .map(({ table, rowid, parent }) => `"${table}"${rowid === null ? '' : ` rowid ${rowid}`} to "${parent}"`)
  const others = rows.length > maxNamed ? ', and others' : ''
  throw new MigrationError(`rows refer to others that are not there: ${named.join(', ')}${others}. It was rolled back.`, { file })
}
