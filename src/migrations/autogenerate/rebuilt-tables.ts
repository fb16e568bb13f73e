import type { TriggerDescription } from '../../schema/inspection/descriptions.ts'
import { type AnyTable, countedColumn, type QualifiedName } from '../../schema/table-shape.ts'
import { quoteText } from '../../schema/types/texts.ts'
import type { Dialect } from '../../sql/dialect.ts'
import { DefinitionText, tableLike } from './definition-text.ts'
import { requiredColumns, requiredHint } from './required-columns.ts'
import type { ColumnChange, SchemaChanges, TableChange } from './schema-changes.ts'
import { converted, misfits } from './sqlite-conversions.ts'

/**
 * The statements for SQLite. Its ALTER TABLE adds columns, and little else: a table is made anew, with every row, and put in the place of the old
 * one, https://www.sqlite.org/lang_altertable.html#otheralter. Foreign keys are off meanwhile: a migration sees to it, and checks them at its end.
 *
 * @param triggers of all tables: those of one that is dropped go with it, and come with it again
 */
export function sqliteStatements(changes: SchemaChanges, triggers: readonly TriggerDescription[], dialect: Dialect): readonly string[] {
  const text = new DefinitionText(dialect)
  const { created, dropped, changed, before } = changes
  const rebuilt = changed.filter((change) => !isIndexesAlone(change) && !isColumnsAlone(change))
  const others = changed.filter((change) => !rebuilt.includes(change))
  const gone = [...rebuilt.flatMap(({ from }) => from.indexes.map((index) => ({ table: from, index }))), ...indexesOf(others, 'dropped')]
  const names = new Set([...before, ...created].map(({ name }) => name.toLowerCase()))
  return [
    ...gone.map(({ table, index }) => `drop index ${text.name({ name: index.name, schema: table.schema })}`),
    ...dropped.map((table) => `-- with all of its rows\ndrop table ${text.name(table)}`),
    ...created.map((table) => text.createTable(table, [])),
    ...others.flatMap(({ to, columns }) => columns.added.map((column) => text.addColumn(to, column))),
    // References to the old table, in other tables, views and triggers, are to be references to the new one.
    ...(rebuilt.length > 0 ? ['pragma legacy_alter_table = on'] : []),
    ...rebuilt.flatMap((change) => rebuild(change, freeName(change.to.name, names), text)),
    ...(rebuilt.length > 0 ? ['pragma legacy_alter_table = off'] : []),
    ...[...created, ...rebuilt.map(({ to }) => to)].flatMap((table) => table.indexes.map((index) => text.createIndex(table, index))),
    ...indexesOf(others, 'added').map(({ table, index }) => text.createIndex(table, index)),
    ...[...created, ...rebuilt.map(({ to }) => to)].flatMap(({ name }) =>
      triggers.filter(({ table }) => table === name).map(({ sql }) => sql),
    ),
  ]
}

function indexesOf(changes: readonly TableChange[], which: 'dropped' | 'added') {
  return changes.flatMap(({ to, indexes }) => indexes[which].map((index) => ({ table: to, index })))
}

function isIndexesAlone({ columns, ...change }: TableChange): boolean {
  return columns.dropped.length + columns.added.length === 0 && isRestSame(change)
}

/** Columns that are NULL in the rows that are there: SQLite adds them without touching one. */
function isColumnsAlone({ columns, ...change }: TableChange): boolean {
  if (columns.dropped.length > 0 || !isRestSame(change)) return false
  return columns.added.every(({ nullable, options }) => nullable && options.serverDefault === undefined && options.generated === undefined)
}

function isRestSame({ changed, primaryKey, uniques, checks, foreignKeys, options }: Omit<TableChange, 'columns'>): boolean {
  const exchanged = [uniques, checks, foreignKeys].some(({ dropped, added }) => dropped.length + added.length > 0)
  return changed.length === 0 && !primaryKey && !options && !exchanged
}

function rebuild(change: TableChange, name: string, text: DefinitionText): readonly string[] {
  const { from, to, columns } = change
  const quote = text.dialect.quoteIdentifier
  const [old, made] = [text.name(from), text.name({ name, schema: to.schema })]
  const kept = to.columns.filter(
    (column) => column.options.generated === undefined && from.columns.some((other) => other.name === column.name),
  )
  const list = kept.map((column) => quote(column.name)).join(', ')
  const retyped = change.changed.filter(({ to: column, was, is }) => kept.includes(column) && was.type !== is.type)
  const values = kept.map((column) => {
    const other = retyped.find((candidate) => candidate.to === column)?.from
    return other === undefined ? quote(column.name) : converted(quote(column.name), other.type, column.type)
  })
  const guard = guardOf(retyped, { name, schema: to.schema }, text)
  return [
    renameHint(columns) + requiredHint(requiredColumns(change)) + text.createTable(tableLike(to, { name }), []),
    // Without a column in common every row is one of defaults, and there may be no such row.
    ...(kept.length === 0
      ? []
      : [...guard.created, `insert into ${made} (${list}) select ${values.join(', ')} from ${old}`, ...guard.dropped]),
    ...countAsBefore(from, to, name, text),
    `drop table ${old}`,
    `alter table ${made} rename to ${quote(to.name)}`,
  ]
}

/** A trigger that refuses rows in which something is none of its new type: SQLite itself would store it, and nobody could read it. */
function guardOf(retyped: readonly ColumnChange[], { name, schema }: QualifiedName, text: DefinitionText) {
  const { dialect } = text
  const refusals = retyped.flatMap(({ from, to }) => {
    const condition = misfits(`new.${dialect.quoteIdentifier(to.name)}`, from.type, to.type)
    const message = `A value of the column ${to.name} is none of its new type, ${to.type.sqlType(dialect, false)}.`
    return condition === null ? [] : [`select raise(abort, ${quoteText(message, dialect)}) where ${condition};`]
  })
  if (refusals.length === 0) return { created: [], dropped: [] }
  const trigger = text.name({ name: `${name} fits`, schema })
  return {
    created: [`create trigger ${trigger} before insert on ${dialect.quoteIdentifier(name)} begin\n${refusals.join('\n')}\nend`],
    dropped: [`drop trigger ${trigger}`],
  }
}

/** AUTOINCREMENT never gives a number twice, and where it stands goes with the table. */
function countAsBefore(from: AnyTable, to: AnyTable, name: string, { dialect }: DefinitionText): readonly string[] {
  if (countedColumn(from)?.options.autoIncrement !== true || countedColumn(to)?.options.autoIncrement !== true) return []
  const sequence = to.schema === undefined ? 'sqlite_sequence' : `${dialect.quoteIdentifier(to.schema)}.sqlite_sequence`
  const [was, is] = [from.name, name].map((each) => `'${each.replaceAll("'", "''")}'`)
  return [
    `delete from ${sequence} where name = ${is}`,
    `insert into ${sequence} (name, seq) select ${is}, seq from ${sequence} where name = ${was}`,
  ]
}

function freeName(name: string, taken: Set<string>): string {
  let free = `new_${name}`
  while (taken.has(free.toLowerCase())) free = `new_${free}`
  taken.add(free.toLowerCase())
  return free
}

/** What the author of a schema may have meant is not guessed. */
export function renameHint({ dropped, added }: TableChange['columns']): string {
  if (dropped.length === 0) return ''
  const names = dropped.map(({ name }) => JSON.stringify(name)).join(', ')
  const hint = added.length === 0 ? '' : '; if one of them was renamed, say so here: this makes it an empty column'
  return `-- drops ${names.replaceAll(/[\r\n]/g, ' ')} with all values${hint}\n`
}
