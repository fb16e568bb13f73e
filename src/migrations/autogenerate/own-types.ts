import { typesOf } from '../../schema/ddl/create-all.ts'
import type { AnyTable } from '../../schema/table-shape.ts'
import type { Dialect } from '../../sql/dialect.ts'

/** SQL as it is written inside of a table's schema: PostgreSQL adds that to the names of the types in it, for whoever reads it from outside. */
export type InsideSchema = (sql: string) => string

export function insideSchemaOf(table: AnyTable, dialect: Dialect): InsideSchema {
  const { schema } = table
  if (schema === undefined || dialect.name !== 'postgresql') return (sql) => sql
  const spellings = (name: string): readonly string[] => [name, dialect.quoteIdentifier(name)]
  const casts = typesOf([table]).flatMap(({ name }) =>
    spellings(name).flatMap((type) => spellings(schema).map((place) => ({ outside: `::${place}.${type}`, inside: `::${type}` }))),
  )
  return (sql) => casts.reduce((text, { outside, inside }) => text.replaceAll(outside, inside), sql)
}
