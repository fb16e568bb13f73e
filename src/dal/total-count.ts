import { type AliasedExpression, AliasNode, type Expression, IdentifierNode, type OperationNode, RawNode } from 'kysely'

/** A number that is counted, under a name among the selections of a query. */
class Count<A extends string> implements AliasedExpression<number, A> {
  readonly alias: A
  readonly #node: OperationNode

  constructor(node: OperationNode, alias: A) {
    this.#node = node
    this.alias = alias
  }

  get expression(): Expression<number> {
    return { expressionType: undefined, toOperationNode: () => this.#node }
  }

  toOperationNode(): AliasNode {
    return AliasNode.create(this.#node, IdentifierNode.create(this.alias))
  }
}

/**
 * `count(column) over () as total_count`: how many rows there are without the limit, in each of them. Rows in which the column is NULL are not
 * counted.
 *
 * @example
 * const books = dal.getTable('book')
 * await engine.execute(books.select().select(totalCount(books.column('id'))).limit(10)).fetchall()
 */
export function totalCount(column: Expression<unknown>): AliasedExpression<number, 'total_count'> {
  return new Count(RawNode.create(['count(', ') over ()'], [column.toOperationNode()]), 'total_count')
}

/** `count(*) as total_count`. */
export function countOfRows(): AliasedExpression<number, 'total_count'> {
  return new Count(RawNode.createWithSql('count(*)'), 'total_count')
}

/** `count(*) over () as total_count`. */
export function totalOfRows(): AliasedExpression<number, 'total_count'> {
  return new Count(RawNode.createWithSql('count(*) over ()'), 'total_count')
}
