import type { Catalogue, QualifiedName } from '../../schema/table-shape.ts'
import type { Executor } from '../../sql/executor.ts'
import { readLiveSchema } from './live-schema.ts'
import { mysqlStatements } from './mysql-statements.ts'
import { postgresqlStatements } from './postgresql-statements.ts'
import { typeStatements } from './postgresql-types.ts'
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
  const changes = changesBetween(live.tables, wanted, dialect, await spelledTables(executor, tables, live.tables))
  switch (dialect.name) {
    case 'sqlite':
      return sqliteStatements(changes, live.triggers, dialect)
    case 'mysql':
      return mysqlStatements(changes, live, dialect)
    case 'postgresql':
      return postgresqlStatements(changes, live, await typeStatements(executor, wanted, live.tables), dialect)
  }
}
