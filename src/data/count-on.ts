import { type AnyTable, countedColumn } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { quotedTable } from './row-shape.ts'

/**
 * PostgreSQL: the next key that the table counts up to is behind those that rows have brought along; other databases see to that themselves. What
 * a sequence has counted is not rolled back.
 */
export async function countOn(executor: Executor, table: AnyTable): Promise<void> {
  const column = countedColumn(table)
  if (executor.dialect.name !== 'postgresql' || column === undefined) return
  const quoted = quotedTable(table, executor.dialect)
  const sequence = 'select pg_get_serial_sequence($1, $2)::regclass as name'
  const keys = `select max(${executor.dialect.quoteIdentifier(column.name)}) as last from ${quoted}`
  await executor.execute(
    `select setval(sequence.name, keys.last)::text from (${sequence}) sequence, (${keys}) keys
      where keys.last > coalesce(pg_sequence_last_value(sequence.name), 0) and has_sequence_privilege(sequence.name, 'update')`,
    [quoted, column.name],
  )
}
