import type { AsyncEngine } from '../../engine/contract.ts'
import type {
  CheckDescription,
  ColumnDescription,
  ForeignKeyDescription,
  IndexDescription,
  KeyMember,
  TableDescription,
} from '../../schema/inspection/descriptions.ts'
import { padTo, widthOf } from '../columns-layout.ts'
import { databaseName } from '../database-argument.ts'
import { count } from '../messages.ts'
import { printable } from '../printable.ts'
import { type Screen, screenOf } from '../terminal.ts'

/** What the tables are, for people: each with its columns, and under them its keys, constraints, indexes and triggers. */
export function reportOf({ url }: AsyncEngine, tables: readonly TableDescription[]): string {
  const screen = screenOf(process.stdout)
  const views = tables.filter(({ view }) => view !== null).length
  const head = `${printable(databaseName(url))}: ${count(tables.length - views, 'table')}, ${count(views, 'view')}\n`
  return [head, ...tables.map((table) => tableText(table, screen))].join('\n')
}

function tableText(table: TableDescription, screen: Screen): string {
  const { options, unreadable, view } = table
  const kind = `${options.temporary ? 'temporary ' : ''}${options.kind === 'virtual' ? 'virtual table' : options.kind}`
  const lines = [
    ...(options.comment === null || options.comment === '' ? [] : [`-- ${options.comment}`]),
    ...columnLines(table.columns),
    ...constraintLines(table),
    ...table.indexes.map((index) => `${index.unique ? 'unique index' : 'index'} ${index.name} ${indexText(index)}`),
    ...table.triggers.map(({ name }) => `trigger ${name}`),
    ...(view === null ? [] : [`as ${view.definition.replace(/\s+/g, ' ').trim()}`]),
    ...(unreadable === null ? [] : [`cannot be read: ${unreadable}`]),
  ]
  return `${screen.paint('bold', `${kind} ${printable(table.name)}`)}\n${lines.map((line) => `  ${printable(line)}\n`).join('')}`
}

function columnLines(columns: readonly ColumnDescription[]): readonly string[] {
  const names = columns.map(({ name }) => printable(name))
  const types = columns.map(({ type }) => printable(type))
  const widest = (texts: readonly string[]): number => texts.reduce((most, text) => Math.max(most, widthOf(text)), 0)
  const nameWidth = widest(names)
  const typeWidth = widest(types)
  return columns.map((column, at) => {
    const cells = [padTo(names[at] ?? '', nameWidth, 'right'), padTo(types[at] ?? '', typeWidth, 'right'), columnText(column)]
    return cells.join('  ').trimEnd()
  })
}

function columnText(column: ColumnDescription): string {
  const { nullable, generated, identity, autoIncrement, collation, comment } = column
  return [
    ...(nullable ? [] : ['not null']),
    ...(generated === false ? [] : [`generated as (${generated.expression}) ${generated.stored ? 'stored' : 'virtual'}`]),
    ...(identity === null ? (autoIncrement ? ['counts by itself'] : []) : [`generated ${identity} as identity`]),
    ...(column.default === null ? [] : [`default ${column.default}`]),
    ...(column.onUpdate === null ? [] : [`on update ${column.onUpdate}`]),
    ...(collation === null ? [] : [`collate ${collation}`]),
    ...(comment === null || comment === '' ? [] : [`-- ${comment}`]),
  ].join(' ')
}

function constraintLines({
  primaryKey,
  foreignKeys,
  uniqueConstraints,
  checks,
  exclusionConstraints,
}: TableDescription): readonly string[] {
  return [
    ...(primaryKey.columns.length === 0 ? [] : [`primary key ${list(primaryKey.columns)}`]),
    ...uniqueConstraints.map(({ name, columns }) => `unique ${named(name)}${list(columns)}`),
    ...foreignKeys.map(foreignKeyText),
    ...checks.map(checkText),
    ...exclusionConstraints.map(({ name, definition }) => `constraint ${name} ${definition}`),
  ]
}

function foreignKeyText({
  name,
  columns,
  referredTable,
  referredSchema,
  referredColumns,
  onDelete,
  onUpdate,
}: ForeignKeyDescription): string {
  const table = referredSchema === undefined ? referredTable : `${referredSchema}.${referredTable}`
  const actions = Object.entries({ 'on delete': onDelete, 'on update': onUpdate }).filter(([, action]) => action !== 'no action')
  const ends = actions.map(([when, action]) => ` ${when} ${action}`).join('')
  return `foreign key ${named(name)}${list(columns)} references ${table} ${list(referredColumns)}${ends}`
}

function checkText({ name, expression }: CheckDescription): string {
  return `check ${named(name)}(${expression})`
}

function indexText({ members, where, method }: IndexDescription): string {
  const kind = method === null || method === 'btree' ? '' : `using ${method} `
  return `${kind}${list(members.map(memberText))}${where === null ? '' : ` where ${where}`}`
}

function memberText({ column, expression, descending, length }: KeyMember): string {
  return `${column ?? `(${expression})`}${length === null ? '' : `(${length})`}${descending ? ' desc' : ''}`
}

function named(name: string | null): string {
  return name === null ? '' : `${name} `
}

function list(names: readonly string[]): string {
  return `(${names.join(', ')})`
}
