import type { Column } from '../../schema/column.ts'
import type { CheckConstraint, Index, UniqueConstraint } from '../../schema/constraints.ts'
import { sqlText } from '../../schema/ddl/sql-node.ts'
import { columnsOfKey } from './altered-tables.ts'
import type { DefinitionText } from './definition-text.ts'
import type { ColumnChange, TableChange } from './schema-changes.ts'

/**
 * Columns that PostgreSQL drops and makes anew: those that become generated ones or cease to be, generated ones of another type, and those that are
 * generated from a column whose type changes, which must not be while something is.
 */
export function remadeColumns({ from, to, changed }: TableChange): readonly Column[] {
  const retyped = changed.filter(isRetyped).map((column) => column.to.name)
  return to.columns.filter((column) => {
    const change = changed.find((candidate) => candidate.to === column)
    if (change !== undefined && change.was.generated !== change.is.generated) return true
    if (!isGenerated(column)) return false
    const generated = from.columns.find(({ name }) => name === column.name)?.options.generated
    return retyped.some((name) => name === column.name || (generated !== undefined && mentions(sqlText(generated.as), name)))
  })
}

export function isGenerated({ options }: Column): boolean {
  return options.generated !== undefined
}

export function isRetyped({ was, is }: Pick<ColumnChange, 'was' | 'is'>): boolean {
  return was.type !== is.type || was.collation !== is.collation
}

/** Checks that stay as they are and would go with these columns, as they stand in the database. */
export function checksOf({ from, checks }: TableChange, remade: readonly Column[]): readonly CheckConstraint[] {
  const dropped = checks.dropped.map(({ constraint }) => constraint)
  return from.constraints
    .filter((constraint) => constraint.kind === 'check')
    .filter((check) => !dropped.includes(check) && remade.some(({ name }) => mentions(sqlText(check.expression), name)))
}

/** What stays as it is and went with columns that were dropped to be made anew. */
export function keysOf(
  { to, primaryKey, uniques, indexes }: TableChange,
  remade: readonly Column[],
  text: DefinitionText,
): readonly string[] {
  const went = (columns: readonly string[]) => remade.some(({ name }) => columns.includes(name))
  const isKept = (key: UniqueConstraint | Index, added: readonly (UniqueConstraint | Index)[]) =>
    !added.includes(key) && went(columnsOfKey(key))
  const key = !primaryKey && to.primaryKey !== null && went(to.primaryKey.columns) ? [to.primaryKey] : []
  const kept = to.constraints.filter((constraint) => constraint.kind === 'unique').filter((unique) => isKept(unique, uniques.added))
  return [
    ...[...key, ...kept].map((constraint) => text.addConstraint(to, constraint)),
    ...to.indexes.filter((index) => isKept(index, indexes.added)).map((index) => text.createIndex(to, index)),
  ]
}

/** Whether a name stands in an expression that PostgreSQL has written: in quotes where it is no plain word. */
export function mentions(expression: string, name: string): boolean {
  const quoted = `"${name.replaceAll('"', '""')}"`
  return expression.includes(quoted) || expression.split(/[^\w$]+/).includes(name)
}
