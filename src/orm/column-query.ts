import {
  AliasNode,
  FromNode,
  IdentifierNode,
  LimitNode,
  OffsetNode,
  type OperationNode,
  OrderByItemNode,
  OrderByNode,
  RawNode,
  SelectionNode,
  type SelectQueryNode,
  type TableNode,
  ValueNode,
  WhereNode,
} from 'kysely'
import type { Column } from '../schema/column.ts'
import type { ExecuteOptions, Executor } from '../sql/executor.ts'
import { Plan } from './plan.ts'
import { unlimited } from './select-plan.ts'
import { conjunction } from './statement-scope.ts'

/** What a query of one column has been told. */
export interface ColumnState {
  readonly column: Column
  readonly conditions: readonly OperationNode[]
  readonly order: readonly OperationNode[]
  readonly limit: number | null
  readonly offset: number
}

/** The values of one column, in rows of which conditions hold. */
export async function readColumn(state: ColumnState, executor: Executor): Promise<unknown[]> {
  const values = await executor
    .execute(new Plan(selectOf(state, executor), executor.dialect).with([]), [], optionsFor(state))
    .scalars<unknown>()
  const decode = decoderOf(state, executor)
  return decode === null ? values : values.map(decode)
}

/** The same one by one, in bounded memory. */
export async function* iterateColumn(state: ColumnState, executor: Executor): AsyncGenerator<unknown> {
  const decode = decoderOf(state, executor)
  const statement = new Plan(selectOf(state, executor), executor.dialect).with([])
  for await (const [value] of executor.stream<unknown[]>(statement, [], { ...optionsFor(state), rowMode: 'array' }))
    yield decode === null ? value : decode(value)
}

/** How many rows there are, within its limit. */
export async function countColumn(state: ColumnState, executor: Executor): Promise<number> {
  const node: SelectQueryNode = {
    kind: 'SelectQueryNode',
    from: FromNode.create([AliasNode.create(selectOf(state, executor), IdentifierNode.create('counted'))]),
    selections: [SelectionNode.create(AliasNode.create(RawNode.createWithSql('count(*)'), IdentifierNode.create('count')))],
  }
  return Number(await executor.scalar(new Plan(node, executor.dialect).with([])))
}

function selectOf({ column, conditions, order, limit, offset }: ColumnState, { dialect }: Executor): SelectQueryNode {
  return {
    kind: 'SelectQueryNode',
    from: FromNode.create([column.reference.table as TableNode]),
    selections: [SelectionNode.create(column.reference)],
    ...(conditions.length > 0 ? { where: WhereNode.create(conjunction(conditions)) } : {}),
    ...(order.length > 0
      ? { orderBy: OrderByNode.create(order.map((node) => (OrderByItemNode.is(node) ? node : OrderByItemNode.create(node)))) }
      : {}),
    ...(limit !== null ? { limit: LimitNode.create(ValueNode.create(limit)) } : offset === 0 ? {} : unlimited(dialect)),
    ...(offset !== 0 ? { offset: OffsetNode.create(ValueNode.create(offset)) } : {}),
  }
}

function optionsFor({ column }: ColumnState): ExecuteOptions {
  return column.type.bigints ? { integers: 'bigint' } : {}
}

function decoderOf({ column }: ColumnState, { dialect }: Executor): ((value: unknown) => unknown) | null {
  const decode = column.type.decoder(dialect, column.label)
  return decode === null ? null : (value) => (value === null ? null : decode(value))
}
