import type { Executor } from '../sql/executor.ts'
import type { LoadedRow } from './loaded-row.ts'
import { quotedTable } from './quoted-table.ts'
import { checkReferences } from './refused-row.ts'

type Insert<R> = (rows: readonly R[]) => Promise<void>

/**
 * Inserts rows that refer to each other all around, in columns that cannot be NULL: where the database can, its foreign keys are looked at behind
 * the last of them. Elsewhere it refuses the first.
 */
export async function insertDeferred<R extends LoadedRow>(executor: Executor, rows: readonly R[], insert: Insert<R>): Promise<void> {
  switch (executor.dialect.name) {
    case 'sqlite':
      return await insertBehindPragma(executor, rows, insert)
    case 'postgresql':
      return await insertBehindConstraints(executor, rows, insert)
    default:
      return await insert(rows)
  }
}

async function insertBehindPragma<R extends LoadedRow>(executor: Executor, rows: readonly R[], insert: Insert<R>): Promise<void> {
  // To turn it off forgives whatever is open by then: where it is on already, that may be the caller's. https://www.sqlite.org/pragma.html
  const isOn = (await executor.scalar('pragma defer_foreign_keys')) !== 0
  if (!isOn) await executor.execute('pragma defer_foreign_keys = on')
  try {
    await insert(rows)
    // SQLite itself would look only at the end of the transaction, and then names no row.
    for (const row of rows) await checkReferences(row, executor)
  } catch (error) {
    // The connection may be what has failed.
    if (!isOn) await executor.execute('pragma defer_foreign_keys = off').catch(() => {})
    throw error
  }
  if (!isOn) await executor.execute('pragma defer_foreign_keys = off')
}

interface Deferrable {
  readonly schema: string
  readonly name: string
  /** INITIALLY DEFERRED. */
  readonly initially: boolean
}

/** PostgreSQL: those that are declared DEFERRABLE, of these tables alone: whoever has the transaction may have set others as he needs them. */
async function insertBehindConstraints<R extends LoadedRow>(executor: Executor, rows: readonly R[], insert: Insert<R>): Promise<void> {
  const tables = new Set(rows.map(({ statement }) => statement.table))
  const deferrable = await deferrableKeys(
    executor,
    [...tables].map((table) => quotedTable(table, executor.dialect)),
  )
  if (deferrable.length === 0) return await insert(rows)
  const set = async (constraints: readonly Deferrable[], to: string): Promise<void> => {
    const names = constraints.map((constraint) => quotedTable(constraint, executor.dialect))
    if (names.length > 0) await executor.execute(`set constraints ${names.join(', ')} ${to}`)
  }
  await set(deferrable, 'deferred')
  await insert(rows)
  const late = deferrable.filter(({ initially }) => initially)
  // What is declared to wait for the end of the transaction does so, and then names no row.
  if (late.length > 0) for (const row of rows) await checkReferences(row, executor)
  await set(
    deferrable.filter(({ initially }) => !initially),
    'immediate',
  )
}

async function deferrableKeys(executor: Executor, tables: readonly string[]): Promise<readonly Deferrable[]> {
  return await executor
    .execute<Deferrable>(
      `select distinct nspname as schema, conname as name, condeferred as initially
        from pg_catalog.pg_constraint join pg_catalog.pg_namespace on pg_namespace.oid = connamespace
        where contype = 'f' and condeferrable and conrelid = any (select to_regclass(name) from unnest($1::text[]) as name)`,
      [tables],
    )
    .fetchall()
}
