import { CompiledQuery } from 'kysely'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import type { Dialect } from '../sql/dialect.ts'

/** Where names without a schema are looked for. SQLite has nothing to choose. */
const CHOSEN = { postgresql: "pg_catalog.current_setting('search_path')", mysql: 'database()' } as const

/**
 * Runs `work`; what it has chosen for names without a schema is not chosen behind it, where the record and the next migrations have such names. Every
 * file of pg_dump begins by choosing none.
 */
export async function keepChosenSchema(db: AnyKysely, dialect: Dialect, work: () => Promise<void>): Promise<void> {
  const { name } = dialect
  if (name === 'sqlite') return await work()
  const before = await chosenSchema(db, name)
  try {
    await work()
  } catch (error) {
    // What has failed counts for more; in a transaction this is rolled back too.
    await restore(db, dialect, before).catch(() => {})
    throw error
  }
  await restore(db, dialect, before)
}

async function chosenSchema(db: AnyKysely, name: keyof typeof CHOSEN): Promise<string | null> {
  const { rows } = await db.executeQuery<{ readonly chosen: string | null }>(CompiledQuery.raw(`select ${CHOSEN[name]} as chosen`))
  return rows[0]?.chosen ?? null
}

async function restore(db: AnyKysely, { name, quoteIdentifier }: Dialect, before: string | null): Promise<void> {
  if (before === null) return
  // MySQL is not asked: a statement that was prepared runs where it was, and tells of that.
  if (name === 'mysql') await db.executeQuery(CompiledQuery.raw(`use ${quoteIdentifier(before)}`))
  else if (name === 'postgresql' && (await chosenSchema(db, name)) !== before)
    await db.executeQuery(CompiledQuery.raw("select pg_catalog.set_config('search_path', $1, false)", [before]))
}
