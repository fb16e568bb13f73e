import { randomUUID } from 'node:crypto'
import { DatabaseError } from '../../errors.ts'
import type { Column } from '../../schema/column.ts'
import type { AnyTable } from '../../schema/table-shape.ts'
import type { Executor } from '../../sql/executor.ts'
import { onConnection } from '../../sql/open-transaction.ts'
import { raw } from '../../sql/template.ts'
import { DefinitionText, tableLike } from './definition-text.ts'
import { changesBetween, type TableChange, type Tables } from './schema-changes.ts'

/**
 * How MySQL would spell tables in which a default, a generated column or a check is none of those that are there by the words alone: it writes
 * `current_timestamp(3)` for `now()`, `0.00` for `0` and `lcase()` for `lower()`. What is in order already stays as it is.
 */
export async function mysqlSpelledTables(executor: Executor, tables: readonly AnyTable[], live: Tables): Promise<Tables> {
  const { dialect } = executor
  const suspects = changesBetween(live, new Map(tables.map((table) => [table.key, table])), dialect, new Map()).changed.filter(isSuspect)
  const spelled = new Map<string, AnyTable>()
  if (suspects.length === 0) return spelled
  await onConnection(executor, async (connection) => {
    for (const change of suspects) {
      const definition = await definitionOf(connection, change.to)
      if (definition !== null) spelled.set(change.to.key, respelled(change, definition))
    }
  })
  return spelled
}

function isSuspect({ changed, checks }: TableChange): boolean {
  return checks.added.length > 0 || changed.some(({ was, is }) => was.default !== is.default || was.generated !== is.generated)
}

/** The lines of SHOW CREATE TABLE, of a temporary table that is made like this one; null where the database refuses it. */
async function definitionOf(executor: Executor, table: AnyTable): Promise<readonly string[] | null> {
  const text = new DefinitionText(executor.dialect)
  const constraints = table.constraints.map((constraint, index) => ({ ...constraint, name: checkName(index) }))
  const copy = tableLike(table, {
    name: `offloop_scratch_${randomUUID().replaceAll('-', '')}`,
    schema: undefined,
    constraints,
    indexes: [],
  })
  try {
    await executor.execute(text.createTable(copy, copy.foreignKeys).replace('create table', 'create temporary table'))
  } catch (error) {
    // A user who may make no temporary tables; or nobody can make this one, and the migration will say why.
    if (error instanceof DatabaseError) return null
    throw error
  }
  const shown = await executor.execute(`show create table ${text.name(copy)}`, [], { rowMode: 'array' }).one()
  await executor.execute(`drop temporary table ${text.name(copy)}`)
  return String((shown as unknown as readonly unknown[])[1]).split('\n')
}

function checkName(index: number): string {
  return `c${index}`
}

function respelled({ to: table, changed, checks }: TableChange, definition: readonly string[]): AnyTable {
  const columns = new Map(changed.map(({ to }) => [to.name, respelledColumn(to, definition)]))
  const added = new Set<unknown>(checks.added.map(({ constraint }) => constraint))
  return tableLike(table, {
    columns: table.columns.map((column) => columns.get(column.name) ?? column),
    column: (name) => columns.get(name) ?? table.column(name),
    constraints: table.constraints.map((constraint, index) => {
      if (constraint.kind !== 'check' || !added.has(constraint)) return constraint
      const expression = found(definition, `  CONSTRAINT \`${checkName(index)}\` `, /^check \((.*)\),?$/is)
      return expression === undefined ? constraint : { ...constraint, expression: raw(expression) }
    }),
  })
}

function respelledColumn(column: Column, definition: readonly string[]): Column {
  const { serverDefault, generated } = column.options
  const line = `  \`${column.name.replaceAll('`', '``')}\` `
  const as = found(definition, line, / as \((.*)\) (?:stored|virtual|persistent)\b/is)
  const initial = found(definition, line, / default (.*?)(?= on update | comment | check \(| invisible\b|,?$)/is)
  const options = {
    ...column.options,
    ...(serverDefault === undefined || initial === undefined ? {} : { serverDefault: /^null$/i.test(initial) ? undefined : raw(initial) }),
    ...(generated === undefined || as === undefined ? {} : { generated: { ...generated, as: raw(as) } }),
  }
  return Object.create(column, { options: { value: options, enumerable: true } })
}

// What stands in quotes is none of the definition's words.
const quoted = /'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`/gs

/** What the pattern holds of the line that begins so. */
function found(definition: readonly string[], beginning: string, pattern: RegExp): string | undefined {
  const line = definition.find((candidate) => candidate.startsWith(beginning))?.slice(beginning.length)
  if (line === undefined) return undefined
  const words = line.replaceAll(quoted, (text) => '\0'.repeat(text.length))
  const [start, end] = new RegExp(pattern, `${pattern.flags}d`).exec(words)?.indices?.[1] ?? []
  return start === undefined ? undefined : line.slice(start, end)
}
