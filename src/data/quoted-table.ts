import type { QualifiedName } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'

/** The name of a table as it stands in a statement. */
export function quotedTable({ schema, name }: QualifiedName, dialect: Dialect): string {
  const table = dialect.quoteIdentifier(name)
  return schema === undefined ? table : `${dialect.quoteIdentifier(schema)}.${table}`
}
