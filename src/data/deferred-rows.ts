import type { Executor } from '../sql/executor.ts'
import type { LoadedRow } from './loaded-row.ts'
import { checkReferences } from './refused-row.ts'

/**
 * Inserts rows that refer to each other all around, in columns that cannot be NULL: where the database can, its foreign keys are looked at behind
 * the last of them. Elsewhere it refuses the first.
 */
export async function insertDeferred<R extends LoadedRow>(
  executor: Executor,
  rows: readonly R[],
  insert: (rows: readonly R[]) => Promise<void>,
): Promise<void> {
  switch (executor.dialect.name) {
    case 'sqlite':
      await executor.execute('pragma defer_foreign_keys = on')
      await insert(rows)
      // SQLite itself would look only at the end of the transaction, and then names no row.
      for (const row of rows) await checkReferences(row, executor)
      await executor.execute('pragma defer_foreign_keys = off')
      return
    case 'postgresql':
      // Those that are declared DEFERRABLE.
      await executor.execute('set constraints all deferred')
      await insert(rows)
      await executor.execute('set constraints all immediate')
      return
    default:
      await insert(rows)
  }
}
