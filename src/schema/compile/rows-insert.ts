import { ColumnNode, createQueryId, type InsertQueryNode, ValueListNode, ValueNode, ValuesNode } from 'kysely'
import { ArgumentError, InvalidRequestError } from '../../errors.ts'
import type { Dialect } from '../../sql/dialect.ts'
import { printableName } from '../../sql/nearest-name.ts'
import { describeValue } from '../../sql/parameters.ts'
import type { RowsStatement } from '../../sql/typed-statement.ts'
import type { Column } from '../column.ts'
import { type AnyTable, countedColumn } from '../table-shape.ts'
import { assertStored } from './counted-zero.ts'
import { compilerFor } from './dialect-compilers.ts'
import { StatementTyper } from './statement-typer.ts'
import { RowSlot } from './typed-value.ts'

/**
 * The insert of one row after another, for `executeMany`: its columns are those that the first row names, and those with a default.
 *
 * @throws {InvalidRequestError} the statement has values of its own
 */
export function insertOfRows(table: AnyTable, node: InsertQueryNode, dialect: Dialect, firstRow: unknown): RowsStatement {
  if (node.values !== undefined || node.defaultValues === true || node.returning !== undefined) {
    throw new InvalidRequestError('executeMany() takes an insert without values() and returning(): its values come from the rows.')
  }
  const named = new Set(keysOf(firstRow, table))
  for (const name of named) table.column(name)
  const columns = table.columns.filter(({ name, options }) => named.has(name) || options.default !== undefined)
  if (columns.length === 0) throw new ArgumentError(`The first row for table "${table.key}" names no column.`)
  const slots = ValueListNode.create(columns.map((column) => ValueNode.create(new RowSlot(column.name))))
  const insert = { ...node, columns: columns.map(({ name }) => ColumnNode.create(name)), values: ValuesNode.create([slots]) }
  const typed = new StatementTyper(table.metadata, dialect).transformNode(insert)
  const { sql, parameters } = compilerFor(dialect).compileQuery(typed, createQueryId())
  const byName = new Map(columns.map((column) => [column.name, column]))
  // Of each parameter, the column that it is for, or its value, which is the same for all rows.
  const places = parameters.map((parameter) =>
    parameter instanceof RowSlot ? (byName.get(parameter.name) as Column) : { constant: parameter },
  )
  return {
    sql,
    bind: (row) => {
      for (const name of keysOf(row, table)) if (!byName.has(name)) throw strayName(name, table)
      return places.map((place) => ('constant' in place ? place.constant : boundValue(row as object, place, dialect, table)))
    },
  }
}

function keysOf(row: unknown, { key }: AnyTable): readonly string[] {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new TypeError(`A row of table "${key}" is an object by column name, found ${describeValue(row)}.`)
  }
  return Object.keys(row).filter((name) => (row as { readonly [name: string]: unknown })[name] !== undefined)
}

function boundValue(row: object, column: Column, dialect: Dialect, table: AnyTable): unknown {
  const { name, type, label, options } = column
  const given = Object.hasOwn(row, name) ? (row as { readonly [name: string]: unknown })[name] : undefined
  const initial: unknown = options.default
  const value: unknown = given !== undefined ? given : typeof initial === 'function' ? initial() : initial
  if (countedColumn(table) === column) assertStored(value, dialect, label)
  if (value !== undefined) return value === null ? null : type.encode(value, dialect, label)
  if (options.serverDefault === undefined || countedColumn(table) === column) return null
  throw new ArgumentError(
    `A row for table "${table.key}" has no value of "${name}", which the first row has: the database would not use its default.`,
  )
}

function strayName(name: string, table: AnyTable): ArgumentError {
  table.column(name)
  return new ArgumentError(
    `A row for table "${table.key}" names column ${printableName(name)}, which the first row does not: give it in each row, null where it has none.`,
  )
}
