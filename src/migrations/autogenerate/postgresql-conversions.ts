import type { ColumnKind, ColumnType } from '../../schema/column-type.ts'
import type { Dialect } from '../../sql/dialect.ts'

const numbers: readonly ColumnKind[] = ['integer', 'bigInteger', 'smallInteger', 'float', 'numeric']
const texts: readonly ColumnKind[] = ['string', 'text']
const days: readonly ColumnKind[] = ['date', 'dateTime']

/** The clause USING, with a blank before it, or nothing. A value that cannot become one of the new type is an error. */
export function usingClause(column: string, from: ColumnType, to: ColumnType, dialect: Dialect): string {
  const expression = conversion(column, from.kind, to.kind, to.sqlType(dialect, false))
  return expression === null ? '' : ` using ${expression}`
}

/** Null where PostgreSQL assigns the value as it does in an UPDATE: a cast that is written would cut off what does not fit. */
function conversion(column: string, from: ColumnKind, to: ColumnKind, type: string): string | null {
  // An enumeration without a type of its own is a text too.
  if (texts.includes(to) || type.startsWith('varchar')) return null
  if ((from === to && to !== 'enumeration') || [numbers, days].some((group) => group.includes(from) && group.includes(to))) return null
  return from === 'boolean' && numbers.includes(to) ? `${column}::integer::${type}` : `${column}::text::${type}`
}
