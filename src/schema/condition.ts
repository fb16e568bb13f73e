import { AndNode, type Expression, type OperationNode, OperatorNode, OrNode, ParensNode, type SqlBool, UnaryOperationNode } from 'kysely'

/** What is true, false or NULL of a row. Kysely's `where`, `having` and `on` take it. */
export class Condition implements Expression<SqlBool> {
  readonly #node: OperationNode

  constructor(node: OperationNode) {
    this.#node = node
  }

  get expressionType(): SqlBool | undefined {
    return undefined
  }

  toOperationNode(): OperationNode {
    return this.#node
  }
}

/** Anything that Kysely takes for a condition. */
export type ConditionLike = Expression<SqlBool>

/**
 * All of them hold.
 *
 * @throws {TypeError} there is none
 */
export function and(...conditions: readonly ConditionLike[]): Condition {
  return combine('and', conditions, AndNode.create)
}

/**
 * At least one of them holds.
 *
 * @throws {TypeError} there is none
 */
export function or(...conditions: readonly ConditionLike[]): Condition {
  return combine('or', conditions, OrNode.create)
}

/** It does not hold. Where it is NULL, the negation is NULL too, and a WHERE leaves the row out. */
export function not(condition: ConditionLike): Condition {
  return new Condition(UnaryOperationNode.create(OperatorNode.create('not'), ParensNode.create(condition.toOperationNode())))
}

function combine(
  name: string,
  conditions: readonly ConditionLike[],
  join: (left: OperationNode, right: OperationNode) => OperationNode,
): Condition {
  const [first, ...others] = conditions.map((condition) => ParensNode.create(condition.toOperationNode()))
  if (first === undefined) throw new TypeError(`${name}() takes one condition or more.`)
  return new Condition(ParensNode.create(others.reduce<OperationNode>(join, first)))
}
