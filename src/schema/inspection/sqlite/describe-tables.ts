import type { TableDescription, TableOptions } from '../descriptions.ts'
import { describeColumns } from './columns.ts'
import { describeForeignKeys } from './foreign-keys.ts'
import { describeIndexes, describePrimaryKey, describeUniqueConstraints } from './keys.ts'
import { queryOfView } from './object-texts.ts'
import { keyOf, type RowsOfTable, rowsByTable } from './rows-of-table.ts'
import type { Owner, SchemaRows } from './schema-query.ts'

/** A table whose columns SQLite cannot tell, and why. */
export interface UnreadableTable extends Owner {
  readonly reason: string
}

/** What is known beside the rows. */
export interface Circumstances {
  readonly unreadable: readonly UnreadableTable[]
  /** The schema was asked for by its name. */
  readonly named: boolean
}

/**
 * Puts together what SQLite's pragmas tell and what only the text of the schema does. Where the two do not agree nothing is described.
 *
 * @throws {NotSupportedError} a text was not understood, or says something else than SQLite
 */
export function describeTables(rows: SchemaRows, circumstances: Circumstances): TableDescription[] {
  return rowsByTable(rows).map((of) => describeTable(of, circumstances))
}

function describeTable(of: RowsOfTable, { unreadable, named }: Circumstances): TableDescription {
  const { table, text, triggers } = of
  return {
    schema: table.schema,
    name: table.owner,
    options: optionsOf(of),
    columns: describeColumns(of),
    primaryKey: describePrimaryKey(of),
    foreignKeys: describeForeignKeys(of, named),
    uniqueConstraints: describeUniqueConstraints(of),
    indexes: describeIndexes(of),
    checks: text.checks.map((check) => ({ ...check, validated: true, enforced: true, noInherit: false })),
    exclusionConstraints: [],
    triggers: triggers.map(({ name, sql }) => ({ name, table: table.owner, sql })),
    view: table.type === 'view' ? { definition: queryOfView(table.sql), checkOption: null } : null,
    unreadable: unreadable.find((one) => keyOf(one) === keyOf(table))?.reason ?? null,
  }
}

function optionsOf({ table, text }: RowsOfTable): TableOptions {
  return {
    kind: table.type,
    temporary: table.schema === 'temp',
    sql: table.sql,
    strict: table.strict === 1,
    withoutRowid: table.wr === 1,
    autoIncrement: text.autoIncrement,
    ...{ comment: null, engine: null, charset: null, collation: null },
    ...{ unlogged: false, partitionBy: null, partitionOf: null, inherits: [] },
  }
}
