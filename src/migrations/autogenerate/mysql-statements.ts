import type { Dialect } from '../../sql/dialect.ts'
import { addKeys, createStatements, dropTables, foreignKeysInTheWay, type OwnedKey } from './altered-tables.ts'
import { DefinitionText } from './definition-text.ts'
import type { LiveSchema } from './live-schema.ts'
import { renameHint } from './rebuilt-tables.ts'
import { requiredColumns, requiredHint } from './required-columns.ts'
import type { SchemaChanges, TableChange } from './schema-changes.ts'

/** Characters of a name. */
const maxNameLength = 64

/** The statements for MySQL and MariaDB: one ALTER TABLE for each table, between what goes first and what comes last. */
export function mysqlStatements(changes: SchemaChanges, live: LiveSchema, dialect: Dialect): readonly string[] {
  const text = new DefinitionText(dialect)
  const { created, dropped, changed } = changes
  const foreignKeys = foreignKeysInTheWay(changes)
  return [
    ...changed.flatMap((change) => refuseRows(change, text)),
    ...foreignKeys.dropped.map(
      ({ table, foreignKey }) => `alter table ${text.name(table)} drop foreign key ${dialect.quoteIdentifier(foreignKey.name ?? '')}`,
    ),
    ...dropTables(dropped, text),
    ...createStatements(created, text),
    ...changed.flatMap((change) => alterTable(change, servingIndexes(change, foreignKeys.dropped, live), live, text)),
    ...changed.flatMap((change) => addKeys(change, text)),
    ...foreignKeys.added.map(({ table, foreignKey }) => text.addConstraint(table, foreignKey)),
  ]
}

/** One statement for a key that counts may be part of what changes: in between it would be no key. */
function alterTable(
  { from, to, columns, changed, ...change }: TableChange,
  serving: readonly string[],
  live: LiveSchema,
  text: DefinitionText,
): readonly string[] {
  const quote = text.dialect.quoteIdentifier
  const indexes = [...change.uniques.dropped, ...change.indexes.dropped].map(({ name }) => name ?? '')
  const key = change.primaryKey ? to.primaryKey : null
  const clauses = [
    ...change.checks.dropped.map(({ constraint }) => `drop constraint ${quote(constraint.name ?? '')}`),
    ...[...new Set([...indexes, ...serving])].map((name) => `drop index ${quote(name)}`),
    ...(change.primaryKey && from.primaryKey !== null ? ['drop primary key'] : []),
    ...columns.dropped.map(({ name }) => `drop column ${quote(name)}`),
    ...columns.added.map((column) => `add column ${text.column(to, column)}`),
    ...changed.map((column) => `modify column ${text.column(to, column.to)}${live.untold(from, column.to)}`),
    ...(key === null ? [] : [text.addConstraint(to, key).slice(`alter table ${text.name(to)} `.length)]),
  ]
  return clauses.length === 0 ? [] : [`${renameHint(columns)}alter table ${text.name(to)} ${clauses.join(', ')}`]
}

/**
 * A check that no row passes, before anything is changed. MySQL would give the rows that are there 0 or an empty text in a column that can hold
 * no NULL and has no default, where other databases refuse the column; the error says the check's name.
 */
function refuseRows(change: TableChange, text: DefinitionText): readonly string[] {
  const required = requiredColumns(change)
  const [first] = required
  if (first === undefined) return []
  const need = ' needs a default for old rows'
  const guard = text.dialect.quoteIdentifier([...first.name].slice(0, maxNameLength - need.length).join('') + need)
  const table = `alter table ${text.name(change.to)}`
  return [`${requiredHint(required)}${table} add constraint ${guard} check (false)`, `${table} drop constraint ${guard}`]
}

/** MySQL makes an index for a foreign key, and leaves it behind when that goes. */
function servingIndexes({ from, foreignKeys }: TableChange, dropped: readonly OwnedKey[], live: LiveSchema): readonly string[] {
  const gone = dropped.filter(({ table, foreignKey }) => table.key === from.key && foreignKeys.dropped.includes(foreignKey))
  const stays = new Set(
    from.foreignKeys
      .filter((foreignKey) => !gone.some((owned) => owned.foreignKey === foreignKey))
      .map(({ columns }) => columns.join('\0')),
  )
  const lists = gone.map(({ foreignKey }) => foreignKey.columns.join('\0')).filter((columns) => !stays.has(columns))
  return lists.flatMap((columns) => live.hiddenIndexes(from, columns.split('\0')))
}
