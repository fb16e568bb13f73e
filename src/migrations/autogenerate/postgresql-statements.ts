import type { Column } from '../../schema/column.ts'
import { typeOfColumnIn } from '../../schema/ddl/column-definition.ts'
import { commentsOfColumns } from '../../schema/ddl/create-all.ts'
import { sqlText } from '../../schema/ddl/sql-node.ts'
import { quoteText } from '../../schema/types/texts.ts'
import type { Dialect } from '../../sql/dialect.ts'
import { addKeys, createStatements, dropTables, foreignKeysInTheWay } from './altered-tables.ts'
import { DefinitionText } from './definition-text.ts'
import { usingClause } from './postgresql-conversions.ts'
import type { TypeStatements } from './postgresql-types.ts'
import { renameHint } from './rebuilt-tables.ts'
import { checksOf, isGenerated, isRetyped, keysOf, remadeColumns } from './remade-columns.ts'
import { requiredColumns, requiredHint } from './required-columns.ts'
import type { ColumnChange, SchemaChanges, TableChange } from './schema-changes.ts'

/** The statements for PostgreSQL: what stands in the way goes first, foreign keys come last. */
export function postgresqlStatements(changes: SchemaChanges, types: TypeStatements, dialect: Dialect): readonly string[] {
  const text = new DefinitionText(dialect)
  const { created, dropped, changed } = changes
  const foreignKeys = foreignKeysInTheWay(changes, dialect)
  return [
    ...foreignKeys.dropped.map(({ table, foreignKey }) => text.dropConstraint(table, foreignKey.name ?? '')),
    ...dropTables(dropped, text),
    ...changed.flatMap((change) => dropKeys(change, text)),
    ...types.first,
    ...changed.flatMap((change) => alterColumns(change, text)),
    ...types.between,
    ...createStatements(created, text),
    ...changed.flatMap((change) => [...addPrimaryKey(change, text), ...addKeys(change, text)]),
    ...foreignKeys.added.map(({ table, foreignKey }) => text.addConstraint(table, foreignKey)),
    ...types.last,
  ]
}

function dropKeys({ from, columns, primaryKey, uniques, checks, indexes }: TableChange, text: DefinitionText): readonly string[] {
  const key = primaryKey && from.primaryKey !== null ? [from.primaryKey] : []
  // The list of a column goes with it.
  const checksApart = checks.dropped.filter(({ column }) => !columns.dropped.some(({ name }) => name === column))
  return [
    ...indexes.dropped.map(({ name }) => `drop index ${text.name({ name, schema: from.schema })}`),
    ...[...checksApart.map(({ constraint }) => constraint), ...uniques.dropped, ...key].map(({ name }) =>
      text.dropConstraint(from, name ?? ''),
    ),
  ]
}

function addPrimaryKey({ to, primaryKey }: TableChange, text: DefinitionText): readonly string[] {
  return primaryKey && to.primaryKey !== null ? [text.addConstraint(to, to.primaryKey)] : []
}

function alterColumns(change: TableChange, text: DefinitionText): readonly string[] {
  const { to, columns, changed } = change
  const remade = remadeColumns(change)
  const checks = checksOf(change, remade)
  const [generated, plain] = [columns.added.filter(isGenerated), columns.added.filter((column) => !isGenerated(column))]
  const required = requiredColumns(change)
  const drop = ({ name }: Column) => `alter table ${text.name(to)} drop column ${text.dialect.quoteIdentifier(name)}`
  const [first, ...others] = columns.dropped.map(drop)
  return [
    ...checks.map(({ name }) => text.dropConstraint(to, name ?? '')),
    ...remade.map(drop),
    ...(first === undefined ? [] : [renameHint(columns) + first, ...others]),
    ...plain.map((column) => requiredHint(required.filter((other) => other === column)) + text.addColumn(to, column)),
    ...changed.filter((column) => !remade.includes(column.to)).flatMap((column) => alterColumn(change, column, text)),
    ...[...generated, ...remade].map((column) => text.addColumn(to, column)),
    ...commentsOfColumns(to, [...columns.added, ...remade], text.dialect),
    ...keysOf(change, remade, text),
    ...checks.map((check) => text.addConstraint(to, check)),
  ]
}

function alterColumn(change: TableChange, { from, to, was, is }: ColumnChange, text: DefinitionText): readonly string[] {
  const column = text.dialect.quoteIdentifier(to.name)
  const table = `alter table ${text.name(change.to)}`
  const retyped = isRetyped({ was, is })
  const redefined = retyped || was.default !== is.default
  const type = typeOfColumnIn(change.to, to, text.dialect)
  const collation = to.options.collation === undefined ? '' : ` collate ${text.dialect.quoteIdentifier(to.options.collation)}`
  const alterations = [
    ...(was.counted && !is.counted ? ['drop identity if exists', 'drop default'] : []),
    ...(was.default !== null && redefined ? ['drop default'] : []),
    ...(retyped ? [`type ${type}${collation}${usingClause(column, from.type, { kind: to.type.kind, type }, text.dialect)}`] : []),
    ...(was.nullable === is.nullable ? [] : [is.nullable ? 'drop not null' : 'set not null']),
    ...(to.options.serverDefault !== undefined && redefined ? [`set default ${sqlText(to.options.serverDefault)}`] : []),
    // A sequence of its own, as of a serial column, is a default too.
    ...(is.counted && !was.counted ? ['drop default', 'add generated by default as identity'] : []),
  ]
  const statements = alterations.map((alteration) => `${table} alter column ${column} ${alteration}`)
  return is.counted && !was.counted ? [...statements, countOn(change, to, text)] : statements
}

/** The numbers that are given go on behind those that are there. */
function countOn({ to }: TableChange, { name }: Column, text: DefinitionText): string {
  const [table, column] = [text.name(to), text.dialect.quoteIdentifier(name)]
  const sequence = `pg_get_serial_sequence(${quoteText(table, text.dialect)}, ${quoteText(name, text.dialect)})`
  return `select setval(${sequence}, coalesce(max(${column}), 0) + 1, false) from ${table}`
}
