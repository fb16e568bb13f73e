import type { ForeignKeyConstraint } from '../../schema/constraints.ts'
import type { AnyTable } from '../../schema/table-shape.ts'
import type { Dialect } from '../../sql/dialect.ts'
import { addKeys, begins, createStatements, dropTables, foreignKeysInTheWay, type OwnedKey } from './altered-tables.ts'
import { DefinitionText } from './definition-text.ts'
import type { LiveSchema } from './live-schema.ts'
import { renameHint } from './rebuilt-tables.ts'
import { requiredColumns, requiredHint } from './required-columns.ts'
import type { SchemaChanges, TableChange } from './schema-changes.ts'

/** Characters of a name. */
const maxNameLength = 64

/** Indexes that are there for a foreign key alone. */
type IndexesFor = (table: AnyTable, foreignKey: ForeignKeyConstraint) => readonly string[]

/**
 * The statements for MySQL and MariaDB: one ALTER TABLE for each table, between what goes first and what comes last.
 *
 * @param indexesFor by default those that are in the database
 */
export function mysqlStatements(
  changes: SchemaChanges,
  live: LiveSchema,
  dialect: Dialect,
  indexesFor: IndexesFor = (table, { columns }) => live.hiddenIndexes(table, columns),
): readonly string[] {
  const text = new DefinitionText(dialect)
  const { created, dropped, changed } = changes
  const foreignKeys = foreignKeysInTheWay(changes, dialect)
  return [
    ...changed.flatMap((change) => refuseRows(change, text)),
    ...foreignKeys.dropped.map(
      ({ table, foreignKey }) => `alter table ${text.name(table)} drop foreign key ${dialect.quoteIdentifier(foreignKey.name ?? '')}`,
    ),
    ...dropTables(dropped, text),
    ...createStatements(created, text),
    ...changed.flatMap((change) => alterTable(change, servingIndexes(change, foreignKeys.dropped, indexesFor), live, text)),
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
function servingIndexes({ from, foreignKeys }: TableChange, dropped: readonly OwnedKey[], indexesFor: IndexesFor): readonly string[] {
  const stays = from.foreignKeys.filter((foreignKey) => !dropped.some((owned) => owned.foreignKey === foreignKey))
  return foreignKeys.dropped
    .filter(({ columns }) => !stays.some((other) => other.columns.join('\0') === columns.join('\0')))
    .flatMap((foreignKey) => indexesFor(from, foreignKey))
}

/**
 * The index that there is when a foreign key was added: it has its name. MySQL makes none where a key of the table would serve, and where the columns
 * of another foreign key begin with the same ones, or are the same and came later, its index takes the place of this one.
 */
export function indexMadeFor({ primaryKey, constraints, indexes, foreignKeys }: AnyTable, made: ForeignKeyConstraint): readonly string[] {
  const own = [
    ...[primaryKey, ...constraints].filter((key) => key?.kind === 'unique' || key?.kind === 'primaryKey').map((key) => key.columns),
    ...indexes.map(({ members, lengths }) => members.map((member) => (lengths?.[String(member)] === undefined ? member : null))),
  ]
  const later = foreignKeys.slice(foreignKeys.indexOf(made) + 1)
  const others = foreignKeys.filter(({ columns }) => columns.length > made.columns.length)
  const isServed = [...own, ...[...later, ...others].map(({ columns }) => columns)].some((key) => begins(key, made.columns))
  return isServed || made.name === undefined ? [] : [made.name]
}
