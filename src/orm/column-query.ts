import { FromNode, type OperationNode, SelectionNode, type SelectQueryNode, type TableNode, WhereNode } from 'kysely'
import type { Column } from '../schema/column.ts'
import type { Executor } from '../sql/executor.ts'
import { Plan } from './plan.ts'
import { conjunction } from './statement-scope.ts'

/** The values of one column, in rows of which conditions hold. */
export async function readColumn(
  column: Column,
  conditions: readonly OperationNode[],
  limit: number | null,
  executor: Executor,
): Promise<unknown[]> {
  const { dialect } = executor
  const node: SelectQueryNode = {
    kind: 'SelectQueryNode',
    from: FromNode.create([column.reference.table as TableNode]),
    selections: [SelectionNode.create(column.reference)],
    ...(conditions.length > 0 ? { where: WhereNode.create(conjunction(conditions)) } : {}),
  }
  const values = await executor
    .execute(new Plan(node, dialect).with([]), [], column.type.bigints ? { integers: 'bigint' } : {})
    .scalars<unknown>()
  const decode = column.type.decoder(dialect, column.label)
  const wanted = limit === null ? values : values.slice(0, limit)
  return decode === null ? wanted : wanted.map((value) => (value === null ? null : decode(value)))
}
