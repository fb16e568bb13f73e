import {
  AliasNode,
  createQueryId,
  createSelectQueryBuilder,
  DeleteQueryBuilder,
  DeleteQueryNode,
  type DeleteResult,
  IdentifierNode,
  QueryNode,
  SelectionNode,
  type SelectQueryBuilder,
  SelectQueryNode,
  UpdateQueryBuilder,
  UpdateQueryNode,
  type UpdateResult,
} from 'kysely'
import type { Column } from './column.ts'
import { executorOf } from './compile/neutral-query.ts'
import type { ConditionLike } from './condition.ts'
import type { ColumnSpecs, DatabaseOf, RowOf } from './infer.ts'
import { type AnyTable, tableNode } from './table-shape.ts'

// Kysely's builders are made of nodes, and not of names in texts: there a dot, or " as ", in a name would be taken for more than a part of it.

/** What is selected of a table. */
export interface Selection {
  readonly columns: readonly Column[]
  readonly where: ConditionLike | undefined
  readonly alias?: string | undefined
}

export function selectFrom<N extends string, C extends ColumnSpecs>(
  table: AnyTable,
  { columns, where, alias }: Selection,
): SelectQueryBuilder<DatabaseOf<N, C>, N, RowOf<C>> {
  const node = tableNode(table)
  const from = SelectQueryNode.createFrom([alias === undefined ? node : AliasNode.create(node, IdentifierNode.create(alias))])
  // Each column by its name: what a later ALTER TABLE adds does not turn up in the rows.
  const all = SelectQueryNode.cloneWithSelections(
    from,
    columns.map((column) => SelectionNode.create(column.reference)),
  )
  const queryNode = where === undefined ? all : QueryNode.cloneWithWhere(all, where.toOperationNode())
  return createSelectQueryBuilder<DatabaseOf<N, C>, N, RowOf<C>>({
    queryId: createQueryId(),
    queryNode,
    executor: executorOf(table.metadata),
  })
}

export function updateTable<N extends string, C extends ColumnSpecs>(
  table: AnyTable,
): UpdateQueryBuilder<DatabaseOf<N, C>, N, N, UpdateResult> {
  const queryNode = UpdateQueryNode.create([tableNode(table)])
  return new UpdateQueryBuilder({ queryId: createQueryId(), queryNode, executor: executorOf(table.metadata) })
}

export function deleteFrom<N extends string, C extends ColumnSpecs>(
  table: AnyTable,
): DeleteQueryBuilder<DatabaseOf<N, C>, N, DeleteResult> {
  const queryNode = DeleteQueryNode.create([tableNode(table)])
  return new DeleteQueryBuilder({ queryId: createQueryId(), queryNode, executor: executorOf(table.metadata) })
}
