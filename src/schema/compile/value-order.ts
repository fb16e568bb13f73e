import { AndNode, type BinaryOperationNode, FunctionNode, type OperationNode, OperatorNode, ValueNode } from 'kysely'
import type { ColumnType } from '../column-type.ts'
import { dialectFunction } from './dialect-functions.ts'
import { TypedValue } from './typed-value.ts'

const ordering: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', 'between', 'between symmetric'])

/** Whether an operator asks which of two values comes first. */
export function comparesOrder(operator: OperationNode): boolean {
  return OperatorNode.is(operator) && ordering.has(operator.operator)
}

/** The comparison of a column of that type, in the order of its values: as `c.price.gt('9')` has it, by the words of the builder. */
export function inOrder(node: BinaryOperationNode, type: ColumnType): BinaryOperationNode {
  const { leftOperand, rightOperand } = node
  const exact = isTyped(leftOperand) || isTyped(rightOperand)
  const ordered = (operand: OperationNode): OperationNode => {
    if (AndNode.is(operand)) return AndNode.create(ordered(operand.left), ordered(operand.right))
    if (exact) return dialectFunction('ordered', operand, type)
    return ValueNode.is(operand) ? operand : dialectFunction('orderedBesideSql', operand, type)
  }
  return { ...node, leftOperand: ordered(leftOperand), rightOperand: exact ? ordered(rightOperand) : rightOperand }
}

/** A value of the column, or two of them. */
function isTyped(node: OperationNode): boolean {
  if (AndNode.is(node)) return isTyped(node.left) && isTyped(node.right)
  if (FunctionNode.is(node)) return node.arguments.some(isTyped)
  return ValueNode.is(node) && node.value instanceof TypedValue
}
