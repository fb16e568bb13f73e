import {
  ColumnNode,
  ColumnUpdateNode,
  InsertQueryNode,
  OnDuplicateKeyNode,
  type OperationNode,
  ReferenceNode,
  ReturningNode,
  type RootOperationNode,
  SelectionNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely'
import type { Dialect } from '../../sql/dialect.ts'
import type { InsertedKey, KeyPart } from '../../sql/typed-statement.ts'
import type { Column } from '../column.ts'
import { type Catalogue, countedColumn } from '../table-shape.ts'
import { spell } from './dialect-functions.ts'
import { tableOf } from './scope.ts'
import { TypedValue } from './typed-value.ts'

/** An insert that can tell the key of its row, and how. */
export interface KeyedInsert {
  readonly node: RootOperationNode
  readonly insertedKey: (InsertedKey & { readonly bigints: boolean }) | null
}

/**
 * How the key of an inserted row is found: as it was given; as the database has counted it; or by a RETURNING that is added here, where the
 * database has that and computes the key, or may have updated another row instead.
 */
export function insertedKeyOf(node: RootOperationNode, catalogue: Catalogue, dialect: Dialect): KeyedInsert {
  const none: KeyedInsert = { node, insertedKey: null }
  if (!InsertQueryNode.is(node) || node.returning !== undefined) return none
  const table = tableOf(node.into, catalogue)
  const row = insertedRow(node)
  if (table?.primaryKey == null || row === null) return none
  const columns = table.primaryKey.columns.map((name) => table.column(name))
  const counted = countedColumn(table)
  const parts = columns.map((column) => partOf(column, row, { counted: counted === column, upserts: upserts(node), dialect }))
  const returned = parts.flatMap((part) => (part.from === 'returning' ? [part.name] : []))
  const bigints = returned.length > 0 && columns.some(({ type }) => type.bigints)
  const insertedKey = { parts, returning: returned.length > 0, bigints }
  if (returned.length > 0) {
    const selections = returned.map((name) => SelectionNode.create(ReferenceNode.create(ColumnNode.create(name))))
    return { node: { ...node, returning: ReturningNode.create(selections) }, insertedKey }
  }
  return { node: withLastInsertId(node, counted), insertedKey }
}

/** The values of the only row that is inserted, by column; null where there are several, or a query. */
function insertedRow({ values, columns, defaultValues }: InsertQueryNode): ReadonlyMap<string, OperationNode> | null {
  if (defaultValues === true || columns?.length === 0) return new Map()
  if (values === undefined || !ValuesNode.is(values) || values.values.length !== 1) return null
  const [row] = values.values
  if (row === undefined || !ValueListNode.is(row)) return null
  return new Map((columns ?? []).map(({ column }, index) => [column.name, row.values[index] as OperationNode]))
}

function upserts({ onConflict, onDuplicateKey, orAction, replace }: InsertQueryNode): boolean {
  return onConflict !== undefined || onDuplicateKey !== undefined || orAction !== undefined || replace === true
}

interface Insertion {
  readonly counted: boolean
  readonly upserts: boolean
  readonly dialect: Dialect
}

function partOf(column: Column, row: ReadonlyMap<string, OperationNode>, { counted, upserts: mayUpdate, dialect }: Insertion): KeyPart {
  const given = row.get(column.name)
  const decode = column.type.decoder(dialect, column.label)
  if (given !== undefined && ValueNode.is(given) && given.value instanceof TypedValue && given.value.value !== null) {
    const value = given.value.encode(dialect)
    return { from: 'value', value: decode === null || value instanceof Date ? given.value.value : decode(value) }
  }
  const byNumber = counted && dialect.lastInsertId && !(mayUpdate && dialect.returning)
  if (byNumber) return { from: 'lastrowid', decode }
  return dialect.returning ? { from: 'returning', name: column.name, decode } : { from: 'value', value: null }
}

/** MySQL: where the row is there already, the number that is told is that of the updated one. */
function withLastInsertId(node: InsertQueryNode, counted: Column | undefined): InsertQueryNode {
  const { onDuplicateKey } = node
  if (onDuplicateKey === undefined || counted === undefined) return node
  const named = onDuplicateKey.updates.some(({ column }) => ColumnNode.is(column) && column.column.name === counted.name)
  if (named) return node
  const column = ColumnNode.create(counted.name)
  const key = ReferenceNode.create(column)
  // What last_insert_id() gives has no sign, and is no key that is below 0.
  const update = ColumnUpdateNode.create(column, spell`if(${key} < 0, ${key}, last_insert_id(${key}))`)
  return { ...node, onDuplicateKey: OnDuplicateKeyNode.create([...onDuplicateKey.updates, update]) }
}
