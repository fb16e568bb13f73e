import type { ColumnKind, ColumnType } from '../../schema/column-type.ts'
import type { Dialect } from '../../sql/dialect.ts'

const numbers: readonly ColumnKind[] = ['integer', 'bigInteger', 'smallInteger', 'float', 'numeric']
const texts: readonly ColumnKind[] = ['string', 'text']
const days: readonly ColumnKind[] = ['date', 'dateTime']
const times: readonly ColumnKind[] = [...days, 'time']

/** What a column is to be of. */
export interface NewType {
  readonly kind: ColumnKind
  /** As the column says it. */
  readonly type: string
}

/** The clause USING, with a blank before it, or nothing. A value that cannot become one of the new type is an error. */
export function usingClause(column: string, from: ColumnType, to: NewType, dialect: Dialect): string {
  const { type } = to
  const movesZone = isZoned(from.sqlType(dialect, false)) !== isZoned(type)
  const expression = (movesZone ? inUtc(column, from.kind, to.kind) : null) ?? conversion(column, from.kind, to.kind, type)
  return expression === null ? '' : ` using ${expression}`
}

function isZoned(type: string): boolean {
  return type.endsWith(' with time zone')
}

/** What has no time zone is UTC's here; by itself PostgreSQL takes it for the session's, and every row would be another moment. */
function inUtc(column: string, from: ColumnKind, to: ColumnKind): string | null {
  if (!days.includes(from) || !times.includes(to)) return null
  return `${column}${from === 'date' ? '::timestamp' : ''} at time zone 'UTC'`
}

/** Null where PostgreSQL assigns the value as it does in an UPDATE: a cast that is written would cut off what does not fit. */
function conversion(column: string, from: ColumnKind, to: ColumnKind, type: string): string | null {
  if (from === to && to !== 'enumeration') return null
  if ([numbers, days].some((group) => group.includes(from) && group.includes(to))) return null
  if (from === 'boolean' && numbers.includes(to)) return `${column}::integer::${type}`
  // A cast would read and write a backslash and hexadecimal digits, which are nobody's text.
  const text = from === 'blob' ? `convert_from(${column}, 'UTF8')` : `${column}::text`
  if (to === 'blob') return `convert_to(${text}, 'UTF8')`
  // An enumeration without a type of its own is a text too.
  if (texts.includes(to) || type.startsWith('varchar')) return from === 'blob' ? text : null
  return `${text}::${type}`
}
