import type { Column } from '../../schema/column.ts'
import { typesOf } from '../../schema/ddl/create-all.ts'
import { sqlText } from '../../schema/ddl/sql-node.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import { ReflectedType } from '../../schema/reflection/reflected-type.ts'
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
    const missing = values.filter((value) => found?.values.includes(value) !== true)
    const quoted = (list: readonly string[]) => list.map((value) => quoteText(value, dialect))
    if (found === undefined) statements.push(createType({ name, schema }, values, text))
    else if (quoted(missing).some((value) => tables.some((table) => table.schema === schema && uses(table, { name, schema }, value)))) {
      const kept = [...live.values()].filter((table) => wanted.has(table.key))
      statements.push(...remakeType({ name, schema }, [...found.values, ...missing], kept, text))
    } else statements.push(...quoted(missing).map((value) => `alter type ${text.name({ name, schema })} add value ${value}`))
  }
  return statements
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
  const base = stored instanceof ReflectedType ? stored.base : stored
  return base instanceof EnumerationType && base.name === name
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
