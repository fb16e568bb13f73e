import { ColumnNode, FunctionNode, type OperationNode, OrderByItemNode, ReferenceNode } from 'kysely'
import { InvalidRequestError } from '../errors.ts'
import { type Lookup, parsePath } from './lookup.ts'
import type { OrderTerm, QueryState } from './query-state.ts'

/**
 * Rows that are alike are one, which has one place in an order only of what is in it: PostgreSQL refuses any other, and the others put it where
 * one of the rows was. What an expression orders by, other than a column, the database knows.
 *
 * @throws {InvalidRequestError} rows that are alike are left out, and they are ordered by what is not among these values
 */
export function assertOrderedByValues({ definition, distinct, order }: QueryState, values: readonly Lookup[]): void {
  if (!distinct) return
  for (const term of order) {
    const name = 'path' in term ? term.path : columnOf(term)
    if (name === null) continue
    const isAmong = 'path' in term ? isValue(parsePath(definition, term.path), values) : isColumn(name, values)
    if (isAmong) continue
    throw new InvalidRequestError(
      `values() of a query set without rows that are alike is ordered by ${JSON.stringify(name)}, which is not among the values: add it to values(), or take the order away by orderBy().`,
    )
  }
}

/** Whatever the path is called: `album` and `album__pk` are one. */
function isValue({ steps, field }: Lookup, values: readonly Lookup[]): boolean {
  const names = steps.map(({ name }) => name).join('__')
  return values.some((value) => value.field === field && value.steps.map(({ name }) => name).join('__') === names)
}

function isColumn(column: string, values: readonly Lookup[]): boolean {
  return values.some(({ steps, field }) => steps.length === 0 && field.column === column)
}

/** Of an expression that is a column of the model and nothing else: what `Model.c.title.desc()` orders by. */
export function columnOf(term: Exclude<OrderTerm, { readonly path: string }>): string | null {
  const expression = OrderByItemNode.is(term.node) ? term.node.orderBy : term.node
  // Decimals are ordered by a function of the column.
  const [ordered] = FunctionNode.is(expression) ? expression.arguments : []
  const node: OperationNode = ordered ?? expression
  return ReferenceNode.is(node) && ColumnNode.is(node.column) ? node.column.column.name : null
}
