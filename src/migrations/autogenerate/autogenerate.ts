import { typesOf } from '../../schema/ddl/create-all.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import type { AnyTable, Catalogue, QualifiedName } from '../../schema/table-shape.ts'
import { quoteText } from '../../schema/types/texts.ts'
import type { Executor } from '../../sql/executor.ts'
import { DefinitionText } from './definition-text.ts'
import { readLiveSchema } from './live-schema.ts'
import { mysqlStatements } from './mysql-statements.ts'
import { postgresqlStatements } from './postgresql-statements.ts'
import { sqliteStatements } from './rebuilt-tables.ts'
import { changesBetween } from './schema-changes.ts'
import { spelledTables } from './spelled-tables.ts'

/**
 * The statements that make the database what a MetaData says: tables, columns, their types, defaults and whether they can be NULL, keys, checks and
 * indexes. What has another name is another thing, and what the MetaData does not have is dropped. Views, comments and triggers are let be.
 *
 * @param records the table of migrations, which is no part of the schema
 */
export async function statementsTowards(executor: Executor, metadata: Catalogue, records: QualifiedName): Promise<readonly string[]> {
  const { dialect } = executor
  const tables = [...metadata.tables.values()].filter(({ options }) => options.view === undefined)
  const wanted = new Map(tables.map((table) => [table.key, table]))
  const schemas = new Set([metadata.schema, ...tables.map(({ schema }) => schema)])
  const live = await readLiveSchema(executor, wanted, schemas, records)
  const changes = changesBetween(live.tables, wanted, dialect, await spelledTables(executor, tables))
  switch (dialect.name) {
    case 'sqlite':
      return sqliteStatements(changes, live.triggers, dialect)
    case 'mysql':
      return mysqlStatements(changes, live, dialect)
    case 'postgresql':
      return postgresqlStatements(changes, live, await typeStatements(executor, tables), dialect)
  }
}

/** Enumerations that are types of PostgreSQL's. A value that is not wanted any more stays: it cannot be taken away. */
async function typeStatements(executor: Executor, tables: readonly AnyTable[]): Promise<readonly string[]> {
  const { dialect } = executor
  const text = new DefinitionText(dialect)
  const statements: string[] = []
  for (const { name, schema, values } of typesOf(tables)) {
    const found = (await inspect(executor).enums(schema)).find((type) => type.name === name)
    const quoted = values.map((value) => quoteText(value, dialect))
    if (found === undefined) statements.push(`create type ${text.name({ name, schema })} as enum (${quoted.join(', ')})`)
    else {
      const missing = values.filter((value) => !found.values.includes(value))
      statements.push(...missing.map((value) => `alter type ${text.name({ name, schema })} add value ${quoteText(value, dialect)}`))
    }
  }
  return statements
}
