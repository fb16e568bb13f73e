import { type AnyTable, countedColumn } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { quotedTable } from './quoted-table.ts'

/** Whoever may only insert sees neither which keys there are nor how far the sequence is: asking for either would be refused. */
const maySetSequence = `
  select has_column_privilege($1::text, $2::text, 'select')
    and has_sequence_privilege(sequence, 'update') and has_sequence_privilege(sequence, 'select, usage')
  from pg_get_serial_sequence($1, $2) as sequence where sequence is not null`

/**
 * PostgreSQL: the next key that the table counts up to is behind those that rows have brought along, if whoever brings them may say so; other
 * databases see to that themselves. What a sequence has counted is not rolled back.
 */
export async function countOn(executor: Executor, table: AnyTable, signal: AbortSignal | undefined): Promise<void> {
  const column = countedColumn(table)
  if (executor.dialect.name !== 'postgresql' || column === undefined) return
  const quoted = quotedTable(table, executor.dialect)
  const parameters = [quoted, column.name]
  if ((await executor.scalar<boolean>(maySetSequence, parameters, { signal })) !== true) return
  const sequence = 'select pg_get_serial_sequence($1, $2)::regclass as name'
  const keys = `select max(${executor.dialect.quoteIdentifier(column.name)}) as last from ${quoted}`
  await executor.execute(
    `select setval(sequence.name, keys.last)::text from (${sequence}) sequence, (${keys}) keys
      where keys.last > coalesce(pg_sequence_last_value(sequence.name), 0)`,
    parameters,
    { signal },
  )
}
