import { ArgumentError, NotSupportedError } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import { and, type ConditionLike } from '../schema/condition.ts'
import { type AnyTable, countedColumn } from '../schema/table-shape.ts'
import { printableName } from '../sql/nearest-name.ts'
import { describeValue } from '../sql/parameters.ts'
import { Sql } from '../sql/template.ts'

/** The values of a primary key by column, of a value, a list of them or an object. */
export type KeyValues = ReadonlyMap<string, unknown>

/**
 * The key that a program names a row by: the value itself of a key of one column; of a composite one a list in its order, or an object.
 *
 * @throws {ArgumentError} the table has no primary key, or a part of it is missing or unknown
 */
export function keyValues(table: AnyTable, key: unknown): KeyValues {
  const names = table.primaryKey?.columns ?? []
  if (names.length === 0) throw new ArgumentError(`Table "${table.key}" has no primary key: its rows cannot be named.`)
  const values = isRecord(key) ? byName(table, names, key) : inOrder(table, names, key)
  for (const [name, value] of values) {
    if (value === null || value === undefined) {
      throw new ArgumentError(`Key of table "${table.key}": expected a value of "${name}", found ${describeValue(value)}.`)
    }
  }
  return values
}

/** The row of that key. */
export function hasKey(table: AnyTable, key: KeyValues): ConditionLike {
  return and(...[...key].map(([name, value]) => table.column(name).eq(value)))
}

/** After an insert the key of its row is known: it is given, or a number that the database has counted and tells. */
export function knowsKey(table: AnyTable, row: Named): boolean {
  const names = table.primaryKey?.columns ?? []
  const counted = countedColumn(table)
  return names.length > 0 && names.every((name) => isKnown(table.column(name), row[name], counted))
}

/**
 * Refuses a key by which a row cannot be read again.
 *
 * @throws {NotSupportedError} the database computes a part of it
 */
export function assertTellsRow(table: AnyTable, key: KeyValues): void {
  const [computed] = [...key].find(([, value]) => isComputed(value)) ?? []
  if (computed === undefined) return
  throw new NotSupportedError(
    `An entity gives the row that it has changed, and MySQL tells one by its key alone: expected a value for "${computed}" of table "${table.key}", found SQL; nothing has been stored. Give the value, or update by execute().`,
  )
}

function isKnown(column: Column, value: unknown, counted: Column | undefined): boolean {
  if (isComputed(value)) return false
  return (value !== undefined && value !== null) || column === counted || (value === undefined && column.options.default !== undefined)
}

/** SQL in place of a value is computed by the database. */
function isComputed(value: unknown): boolean {
  return value instanceof Sql || (typeof value === 'object' && value !== null && 'toOperationNode' in value)
}

type Named = { readonly [name: string]: unknown }

function inOrder(table: AnyTable, names: readonly string[], key: unknown): KeyValues {
  const list: readonly unknown[] = Array.isArray(key) ? key : [key]
  if (list.length !== names.length) {
    throw new ArgumentError(
      `Key of table "${table.key}": expected ${names.map((name) => `"${name}"`).join(', ')}, found ${list.length} of them.`,
    )
  }
  return new Map(names.map((name, index) => [name, list[index]]))
}

function byName(table: AnyTable, names: readonly string[], key: Named): KeyValues {
  const stray = Object.keys(key).find((name) => !names.includes(name))
  if (stray !== undefined) throw new ArgumentError(`Column ${printableName(stray)} is no part of the key of table "${table.key}".`)
  return new Map(names.map((name) => [name, Object.hasOwn(key, name) ? key[name] : undefined]))
}

/** Bytes, dates and the like are values of one column. */
function isRecord(key: unknown): key is Named {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return false
  const prototype: unknown = Object.getPrototypeOf(key)
  return prototype === Object.prototype || prototype === null
}
