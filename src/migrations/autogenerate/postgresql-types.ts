import type { Column } from '../../schema/column.ts'
import { typesOf } from '../../schema/ddl/create-all.ts'
import { sqlText } from '../../schema/ddl/sql-node.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import type { AnyTable, QualifiedName } from '../../schema/table-shape.ts'
import { EnumerationType, quoteText } from '../../schema/types/texts.ts'
import type { Executor } from '../../sql/executor.ts'
import { DefinitionText } from './definition-text.ts'
import type { Tables } from './schema-changes.ts'

/** Enumerations that are types of PostgreSQL's. A value that is not wanted any more stays: it cannot be taken away. */
export async function typeStatements(executor: Executor, wanted: Tables, live: Tables): Promise<readonly string[]> {
  const { dialect } = executor
  const text = new DefinitionText(dialect)
  const tables = [...wanted.values()]
  const statements: string[] = []
  for (const { name, schema, values } of typesOf(tables)) {
    const types = await inspect(executor).enums(schema)
    const found = types.find((type) => type.name === name)
    if (found === undefined) {
      statements.push(createType({ name, schema }, values, text))
      continue
    }
    const missing = newValues(found.values, values)
    const quoted = missing.map(({ value }) => quoteText(value, dialect))
    if (quoted.some((value) => tables.some((table) => table.schema === schema && uses(table, { name, schema }, value)))) {
      const kept = [...live.values()].filter((table) => wanted.has(table.key))
      statements.push(...remakeType({ name, schema }, withNew(found.values, missing), kept, text))
    } else statements.push(...missing.map((value) => addValue({ name, schema }, value, text)))
  }
  return statements
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

/** Makes a type anew, with more values, and has its columns be of it: those of a new type can be used at once. */
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
  return columns.flatMap(({ name, options: { serverDefault } }) => {
    const column = text.dialect.quoteIdentifier(name)
    const alter = `alter table ${text.name(table)} alter column ${column}`
    return [
      ...(serverDefault === undefined ? [] : [`${alter} drop default`]),
      `${alter} type ${text.name(type)} using ${column}::text::${text.name(type)}`,
      ...(serverDefault === undefined ? [] : [`${alter} set default ${sqlText(serverDefault)}`]),
    ]
  })
}
