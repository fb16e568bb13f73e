import type { Column } from '../../schema/column.ts'
import { typesOf } from '../../schema/ddl/create-all.ts'
import { sqlText } from '../../schema/ddl/sql-node.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import type { AnyTable, QualifiedName } from '../../schema/table-shape.ts'
import { EnumerationType, quoteText } from '../../schema/types/texts.ts'
import type { Executor } from '../../sql/executor.ts'
import { Sql } from '../../sql/template.ts'
import { DefinitionText, tableLike } from './definition-text.ts'
import { mentions } from './remade-columns.ts'
import type { SchemaChanges } from './schema-changes.ts'

/** What becomes of types, beside the columns that are of them. */
export interface TypeStatements {
  /** Before any column is. */
  readonly first: readonly string[]
  /** When columns are what they will be, and new tables are not there yet. */
  readonly between: readonly string[]
  /** When nothing is of them any more. */
  readonly last: readonly string[]
}

/**
 * Enumerations that are types of PostgreSQL's. A value that is not wanted any more stays: the way up makes no type anew to be rid of it. The way down
 * does: that one could be added again.
 */
export async function typeStatements(
  executor: Executor,
  tables: readonly AnyTable[],
  changes: SchemaChanges,
): Promise<{ readonly up: TypeStatements; readonly down: TypeStatements }> {
  const { dialect } = executor
  const text = new DefinitionText(dialect)
  const kept = keptOf(changes)
  const first: string[] = []
  const between: string[] = []
  const last: string[] = []
  for (const { name, schema, values } of typesOf(tables)) {
    const types = await inspect(executor).enums(schema)
    const found = types.find((type) => type.name === name)
    if (found === undefined) {
      first.push(createType({ name, schema }, values, text))
      last.push(`drop type ${text.name({ name, schema })}`)
      continue
    }
    const missing = newValues(found.values, values)
    if (missing.length === 0) continue
    const quoted = missing.map(({ value }) => quoteText(value, dialect))
    const mustRemake = quoted.some((value) => tables.some((table) => table.schema === schema && uses(table, { name, schema }, value)))
    if (mustRemake) first.push(...remakeType({ name, schema }, withNew(found.values, missing), kept, text))
    else first.push(...missing.map((value) => addValue({ name, schema }, value, text)))
    between.push(...remakeType({ name, schema }, found.values, kept, text))
  }
  return { up: { first, between: [], last: [] }, down: { first: [], between, last } }
}

/** The tables that stay, with what of them stays as it is. */
function keptOf({ before, dropped, changed }: SchemaChanges): readonly AnyTable[] {
  return before
    .filter((table) => !dropped.includes(table))
    .map((table) => {
      const change = changed.find(({ from }) => from === table)
      if (change === undefined) return table
      return tableLike(table, {
        constraints: table.constraints.filter((constraint) => change.to.constraints.includes(constraint)),
        indexes: table.indexes.filter((index) => !change.indexes.dropped.includes(index)),
      })
    })
}

/** A value that a type is to have, and its neighbour there: by itself it would be the last one, and order is what the list is in PostgreSQL. */
interface NewValue {
  readonly value: string
  readonly next: { readonly to: string; readonly side: 'before' | 'after' } | null
}

/** What the type does not have, each behind or before a value that is there by then. */
function newValues(found: readonly string[], wanted: readonly string[]): readonly NewValue[] {
  const first = wanted.find((value) => found.includes(value))
  const nextTo = (at: number): NewValue['next'] => {
    const before = wanted[at - 1]
    if (before !== undefined) return at === wanted.length - 1 ? null : { to: before, side: 'after' }
    return first === undefined ? null : { to: first, side: 'before' }
  }
  return wanted.flatMap((value, at) => (found.includes(value) ? [] : [{ value, next: nextTo(at) }]))
}

function addValue(type: QualifiedName, { value, next }: NewValue, text: DefinitionText): string {
  const place = next === null ? '' : ` ${next.side} ${quoteText(next.to, text.dialect)}`
  return `alter type ${text.name(type)} add value ${quoteText(value, text.dialect)}${place}`
}

/** All that a type has with the new ones among them. */
function withNew(found: readonly string[], added: readonly NewValue[]): readonly string[] {
  const values = [...found]
  for (const { value, next } of added)
    values.splice(next === null ? values.length : values.indexOf(next.to) + (next.side === 'after' ? 1 : 0), 0, value)
  return values
}

function createType(type: QualifiedName, values: readonly string[], text: DefinitionText): string {
  return `create type ${text.name(type)} as enum (${values.map((value) => quoteText(value, text.dialect)).join(', ')})`
}

/** In a default or a check: PostgreSQL lets nobody use a value in the transaction that has added it. */
function uses({ columns, constraints }: AnyTable, type: QualifiedName, value: string): boolean {
  const ofType = columns.filter((column) => isOf(column, type))
  const checks = ofType.length === 0 ? [] : constraints.filter((constraint) => constraint.kind === 'check')
  const expressions = [...ofType.map(({ options }) => options.serverDefault), ...checks.map(({ expression }) => expression)]
  return expressions.some((expression) => expression !== undefined && sqlText(expression).includes(value))
}

function isOf({ type: { stored } }: Column, { name }: QualifiedName): boolean {
  return stored instanceof EnumerationType && stored.name === name
}

/** Makes a type anew, with other values, and has its columns be of it: those of a new type can be used at once. */
function remakeType(type: QualifiedName, values: readonly string[], tables: readonly AnyTable[], text: DefinitionText): readonly string[] {
  const old = { ...type, name: `${type.name}_old` }
  return [
    `alter type ${text.name(type)} rename to ${text.dialect.quoteIdentifier(old.name)}`,
    createType(type, values, text),
    ...tables.filter(({ schema }) => schema === type.schema).flatMap((table) => retypeColumns(table, type, text)),
    `drop type ${text.name(old)}`,
  ]
}

function retypeColumns(table: AnyTable, type: QualifiedName, text: DefinitionText): readonly string[] {
  const columns = table.columns.filter((column) => isOf(column, type))
  // They hold the old type, and would compare the column with it.
  const holds = (sql: string) => columns.some(({ name }) => mentions(sql, name))
  const checks = table.constraints
    .filter((constraint) => constraint.kind === 'check')
    .filter(({ expression }) => holds(sqlText(expression)))
  const indexes = table.indexes.filter(
    ({ where, members, sql = '' }) => holds(sql) || [where, ...members].some((part) => part instanceof Sql && holds(sqlText(part))),
  )
  return [
    ...indexes.map(({ name }) => `drop index ${text.name({ name, schema: table.schema })}`),
    ...checks.map(({ name }) => text.dropConstraint(table, name ?? '')),
    ...columns.flatMap((column) => retypeColumn(table, column, type, text)),
    ...checks.map((check) => text.addConstraint(table, check)),
    ...indexes.map((index) => text.createIndex(table, index)),
  ]
}

function retypeColumn(table: AnyTable, { name, options: { serverDefault } }: Column, type: QualifiedName, text: DefinitionText) {
  const column = text.dialect.quoteIdentifier(name)
  const alter = `alter table ${text.name(table)} alter column ${column}`
  return [
    ...(serverDefault === undefined ? [] : [`${alter} drop default`]),
    `${alter} type ${text.name(type)} using ${column}::text::${text.name(type)}`,
    ...(serverDefault === undefined ? [] : [`${alter} set default ${sqlText(serverDefault)}`]),
  ]
}
