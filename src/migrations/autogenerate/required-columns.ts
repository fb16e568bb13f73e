import type { Column } from '../../schema/column.ts'
import { type AnyTable, countedColumn } from '../../schema/table-shape.ts'
import type { TableChange } from './schema-changes.ts'

/** New columns that rows which are there have no value for: PostgreSQL and SQLite refuse them then. */
export function requiredColumns({ to, columns }: Pick<TableChange, 'to' | 'columns'>): readonly Column[] {
  return columns.added.filter((column) => isRequired(to, column))
}

function isRequired(table: AnyTable, column: Column): boolean {
  const { nullable, options } = column
  const hasValue = options.serverDefault !== undefined || options.generated !== undefined || countedColumn(table) === column
  return !nullable && !hasValue
}

/** What becomes of them is for the author to say. */
export function requiredHint(columns: readonly Column[]): string {
  if (columns.length === 0) return ''
  const names = columns.map(({ name }) => JSON.stringify(name)).join(', ')
  const need = 'with rows in the table it needs a server default, or to be added without NOT NULL and filled first'
  return `-- ${names.replaceAll(/[\r\n]/g, ' ')} can hold no NULL and has no default: ${need}\n`
}
