import type { ForeignKeyConstraint, Index, UniqueConstraint } from '../../schema/constraints.ts'
import { commentsOf } from '../../schema/ddl/create-all.ts'
import { indexesApart } from '../../schema/ddl/create-table.ts'
import { type AnyTable, referredKey } from '../../schema/table-shape.ts'
import { EnumerationType } from '../../schema/types/texts.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { DefinitionText } from './definition-text.ts'
import type { SchemaChanges, TableChange } from './schema-changes.ts'
import type { CheckFact, ColumnFacts } from './table-facts.ts'

/** A foreign key and its table. */
export interface OwnedKey {
  readonly table: AnyTable
  readonly foreignKey: ForeignKeyConstraint
}

/**
 * The foreign keys that have to go before anything else does: those that are gone, and those in whose way the changes stand. The latter come again at
 * the end.
 */
export function foreignKeysInTheWay(
  changes: SchemaChanges,
  dialect: Dialect,
): {
  readonly dropped: readonly OwnedKey[]
  readonly added: readonly OwnedKey[]
} {
  const { created, dropped, changed, before } = changes
  const touched = new Map(changed.map((change) => [change.to.key, touchedColumns(change)]))
  const lost = new Set(dropped.map(({ key }) => key))
  const touches = (table: string, columns: readonly string[]) => columns.some((column) => touched.get(table)?.has(column) === true)
  const gone: OwnedKey[] = []
  const again: OwnedKey[] = []
  for (const table of before) {
    const change = changed.find(({ to }) => to.key === table.key)
    for (const foreignKey of table.foreignKeys) {
      const referred = referredKey(table, foreignKey.referredTable)
      const isGone = change?.foreignKeys.dropped.includes(foreignKey) === true || (lost.has(table.key) && lost.has(referred))
      const isInTheWay =
        !lost.has(table.key) &&
        (touches(table.key, foreignKey.columns) ||
          touches(referred, foreignKey.referredColumns) ||
          lost.has(referred) ||
          (dialect.name === 'mysql' && change !== undefined && sharesIndex(foreignKey, change)))
      if (isGone || isInTheWay) gone.push({ table, foreignKey })
      if (!isGone && isInTheWay && !lost.has(referred)) again.push({ table: change?.to ?? table, foreignKey })
    }
  }
  const fresh = created.flatMap((table) => table.foreignKeys.map((foreignKey) => ({ table, foreignKey })))
  const added = changed.flatMap(({ to, foreignKeys }) => foreignKeys.added.map((foreignKey) => ({ table: to, foreignKey })))
  return { dropped: gone, added: [...again, ...added, ...fresh] }
}

/** MySQL: one index serves all foreign keys whose columns begin alike. It has the name of one of them, and goes with that. */
function sharesIndex({ columns }: ForeignKeyConstraint, { foreignKeys }: TableChange): boolean {
  return foreignKeys.dropped.some((gone) => begins(gone.columns, columns) || begins(columns, gone.columns))
}

/** Whether these are the first columns of the key. */
export function begins(key: readonly unknown[], columns: readonly string[]): boolean {
  return columns.every((column, at) => key[at] === column)
}

/** Columns that go or become others, and those of keys and indexes that do: a foreign key stands on them. */
function touchedColumns({ from, columns, changed, primaryKey, uniques, indexes }: TableChange): ReadonlySet<string> {
  return new Set([
    ...columns.dropped.map(({ name }) => name),
    ...changed.filter(({ was, is }) => shapeOf(was) !== shapeOf(is)).map(({ to }) => to.name),
    ...(primaryKey ? (from.primaryKey?.columns ?? []) : []),
    ...[...uniques.dropped, ...indexes.dropped].flatMap(columnsOfKey),
  ])
}

/** All but the default. */
function shapeOf({ type, nullable, generated, collation, counted }: ColumnFacts): string {
  return JSON.stringify([type, nullable, generated, collation, counted])
}

export function columnsOfKey(key: UniqueConstraint | Index): readonly string[] {
  return key.kind === 'index' ? key.members.filter((member) => typeof member === 'string') : key.columns
}

/** Tables that are new, without what refers to others. */
export function createStatements(tables: readonly AnyTable[], text: DefinitionText): readonly string[] {
  return tables.flatMap((table) => [
    text.createTable(table, table.foreignKeys),
    ...indexesApart(table, text.dialect).map((index) => text.createIndex(table, index)),
    ...commentsOf(table, text),
  ])
}

export function dropTables(tables: readonly AnyTable[], text: DefinitionText): readonly string[] {
  return tables.map((table) => `-- with all of its rows\ndrop table ${text.name(table)}`)
}

/** Unique keys, checks and indexes that come. */
export function addKeys({ to, columns, uniques, checks, indexes }: TableChange, text: DefinitionText): readonly string[] {
  // A new column of an enumeration has brought its own.
  const isThere = ({ column }: CheckFact) =>
    columns.added.some(({ name, type }) => name === column && type.stored instanceof EnumerationType)
  return [
    ...uniques.added.map((unique) => (unique.kind === 'index' ? text.createIndex(to, unique) : text.addConstraint(to, unique))),
    ...checks.added.filter((check) => !isThere(check)).map(({ constraint }) => text.addConstraint(to, constraint)),
    ...indexes.added.map((index) => text.createIndex(to, index)),
  ]
}
