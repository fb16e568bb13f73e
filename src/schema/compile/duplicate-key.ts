import {
  ColumnNode,
  ColumnUpdateNode,
  type InsertQueryNode,
  type OnConflictNode,
  OnDuplicateKeyNode,
  type OperationNode,
  RawNode,
  ReferenceNode,
  ValueNode,
} from 'kysely'
import { NotSupportedError } from '../../errors.ts'
import { Sql } from '../../sql/template.ts'
import type { AnyTable } from '../table-shape.ts'
import { raw, spell } from './dialect-functions.ts'

/** `excluded.note`, the value that was not inserted, in whatever quotes. */
const excluded = /\bexcluded\s*\.\s*(?:"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|([A-Za-z_]\w*))/gi

/** The insert as MySQL says it: ON DUPLICATE KEY UPDATE, which looks at every unique key and not at the named one only. */
export function withDuplicateKey(node: InsertQueryNode, table: AnyTable): InsertQueryNode {
  const { onConflict, defaultValues, ...others } = node
  const insert: InsertQueryNode = defaultValues === true ? { ...others, columns: [], values: raw('values ()') } : others
  if (onConflict === undefined) return insert
  const updates = onConflict.doNothing === true ? [unchanged(onConflict, table)] : (onConflict.updates ?? []).map(fromExcluded)
  if (onConflict.updateWhere !== undefined)
    throw new NotSupportedError('An upsert of mysql has no WHERE: update the row with a statement of its own.')
  return { ...insert, onDuplicateKey: OnDuplicateKeyNode.create(updates) }
}

/** Nothing to do is a column that keeps its value. IGNORE would pass over every other error too. */
function unchanged({ columns }: OnConflictNode, table: AnyTable): ColumnUpdateNode {
  const name = columns?.[0]?.column.name ?? table.primaryKey?.columns[0] ?? (table.columns[0]?.name as string)
  return ColumnUpdateNode.create(ColumnNode.create(name), ReferenceNode.create(ColumnNode.create(name)))
}

function fromExcluded(update: ColumnUpdateNode): ColumnUpdateNode {
  return { ...update, value: rewritten(update.value) }
}

function rewritten(node: OperationNode): OperationNode {
  if (ValueNode.is(node) && node.value instanceof Sql)
    return ValueNode.create(new Sql(node.value.strings.map(rewrittenText), node.value.values))
  if (RawNode.is(node)) return RawNode.create(node.sqlFragments.map(rewrittenText), node.parameters.map(rewritten))
  if (ReferenceNode.is(node) && node.table?.table.identifier.name.toLowerCase() === 'excluded') return spell`values(${node.column})`
  return node
}

function rewrittenText(text: string): string {
  return text.replace(excluded, (_, double?: string, back?: string, bare?: string) => {
    const name = double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? (bare as string)
    return `values(\`${name.replaceAll('`', '``')}\`)`
  })
}
