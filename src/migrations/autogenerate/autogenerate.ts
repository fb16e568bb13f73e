import type { Catalogue, QualifiedName } from '../../schema/table-shape.ts'
import type { Executor } from '../../sql/executor.ts'
import { readLiveSchema } from './live-schema.ts'
import { indexMadeFor, mysqlStatements } from './mysql-statements.ts'
import { namedChanges } from './named-changes.ts'
import { postgresqlStatements } from './postgresql-statements.ts'
import { typeStatements } from './postgresql-types.ts'
import { sqliteStatements } from './rebuilt-tables.ts'
import { changesBetween, reversed, type SchemaChanges } from './schema-changes.ts'
import { spelledTables } from './spelled-tables.ts'

/** What leads to a schema, and what leads back. */
export interface BothWays {
  readonly up: readonly string[]
  readonly down: readonly string[]
}

/**
 * The statements that make the database what a MetaData says: tables, columns, their types, defaults and whether they can be NULL, keys, checks and
 * indexes. What has another name is another thing, and what the MetaData does not have is dropped. Views, comments and triggers are let be. The way
 * down makes the database what it is now, without the rows and values that have gone.
 *
 * @param records the table of migrations, which is no part of the schema
 */
export async function statementsTowards(executor: Executor, metadata: Catalogue, records: QualifiedName): Promise<BothWays> {
  const { dialect } = executor
  const tables = [...metadata.tables.values()].filter(({ options }) => options.view === undefined)
  const wanted = new Map(tables.map((table) => [table.key, table]))
  const schemas = new Set([metadata.schema, ...tables.map(({ schema }) => schema)])
  const live = await readLiveSchema(executor, wanted, schemas, records)
  const found = changesBetween(live.tables, wanted, dialect, await spelledTables(executor, tables, live.tables))
  const changes = dialect.name === 'sqlite' ? found : namedChanges(found, live)
  const back = reversed(changes)
  switch (dialect.name) {
    case 'sqlite':
      return bothWays(sqliteStatements(changes, live.triggers, dialect), sqliteStatements(back, live.triggers, dialect), changes)
    case 'mysql':
      return bothWays(mysqlStatements(changes, live, dialect), mysqlStatements(back, live, dialect, indexMadeFor), changes)
    case 'postgresql': {
      const types = await typeStatements(executor, tables, changes)
      return bothWays(postgresqlStatements(changes, types.up, dialect), postgresqlStatements(back, types.down, dialect), changes)
    }
  }
}

function bothWays(up: readonly string[], [first = '', ...others]: readonly string[], { dropped, changed }: SchemaChanges): BothWays {
  const isLost = dropped.length > 0 || changed.some(({ columns }) => columns.dropped.length > 0)
  const hint = isLost ? '-- What was dropped comes back empty, and with no more than a Table has a place for.\n\n' : ''
  return { up, down: up.length === 0 ? [] : [hint + first, ...others] }
}
