import { IntegrityError } from '../errors.ts'
import { keyOf, referredName } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { printableName } from '../sql/nearest-name.ts'
import { quotedTable, type TableRow } from './row-shape.ts'

/**
 * Inserts rows that refer to each other all around, in columns that cannot be NULL: where the database can, its foreign keys are looked at behind
 * the last of them. Elsewhere it refuses the first.
 */
export async function insertDeferred(
  executor: Executor,
  rows: readonly TableRow[],
  insert: (rows: readonly TableRow[]) => Promise<void>,
): Promise<void> {
  switch (executor.dialect.name) {
    case 'sqlite':
      await executor.execute('pragma defer_foreign_keys = on')
      await insert(rows)
      // SQLite itself would look only at the end of the transaction, and then names no row.
      for (const row of rows) await checkReferences(executor, row)
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

async function checkReferences(executor: Executor, { line, statement, parameters }: TableRow): Promise<void> {
  const { dialect } = executor
  for (const { columns, referredTable, referredColumns } of statement.table.foreignKeys) {
    const values = columns.map((column) => parameters[statement.names.indexOf(column)] ?? null)
    if (values.includes(null)) continue
    const target = referredName(statement.table, referredTable)
    const conditions = referredColumns.map((column) => `${dialect.quoteIdentifier(column)} = ?`).join(' and ')
    const found = await executor.scalar(`select 1 from ${quotedTable(target, dialect)} where ${conditions} limit 1`, values as never)
    if (found !== null) continue
    const names = columns.map(printableName).join(', ')
    throw new IntegrityError(`Line ${line}, column ${names}: refers to a row of table "${keyOf(target)}" that is not there.`, {
      table: statement.table.name,
      columns,
    })
  }
}
