import { type AggregateFunctionNode, FunctionNode, type OperationNode, RawNode, ValueNode } from 'kysely'
import type { ColumnType } from '../column-type.ts'
import type { JsonStep } from './json-steps.ts'
import { ValueSlot } from './typed-value.ts'

/** A text, or the place of one that comes later. */
export type Text = string | ValueSlot

/**
 * What the databases spell differently. In a statement that is for any of them it is a function of this name with its operands, and the compiler
 * of each puts its own spelling in place.
 */
export interface Spellings {
  /** `text` holds `part`, begins or ends with it: capitals count, and no character in it is a wildcard. */
  contains(text: OperationNode, part: Text): OperationNode
  startsWith(text: OperationNode, part: Text): OperationNode
  endsWith(text: OperationNode, part: Text): OperationNode
  /** The same, whatever the capitals. */
  containsIgnoringCase(text: OperationNode, part: Text): OperationNode
  startsWithIgnoringCase(text: OperationNode, part: Text): OperationNode
  endsWithIgnoringCase(text: OperationNode, part: Text): OperationNode
  equalsIgnoringCase(text: OperationNode, other: Text): OperationNode
  /** LIKE, whatever the capitals. */
  ilike(text: OperationNode, pattern: Text): OperationNode
  /** IS [NOT] DISTINCT FROM. */
  is(left: OperationNode, right: OperationNode): OperationNode
  isNot(left: OperationNode, right: OperationNode): OperationNode
  /** A column of that type, as the text that its values are. */
  asText(column: OperationNode, type: ColumnType): OperationNode
  /** A value of that type in a list, or as an end of BETWEEN. */
  among(value: OperationNode, type: ColumnType): OperationNode
  /** A column of that type, or a value of it, as it is ordered. */
  ordered(column: OperationNode, type: ColumnType): OperationNode
  /** A column of that type, as it is ordered beside what SQL says, whatever that is. */
  orderedBesideSql(column: OperationNode, type: ColumnType): OperationNode
  /** MIN or MAX of a column of that type. */
  extreme(figure: AggregateFunctionNode, type: ColumnType): OperationNode
  /** The average of a column of whole numbers, to as many digits as a double has. */
  average(column: OperationNode, distinct: boolean): OperationNode
  /** What is at a place of a document: as JSON, as a text, and compared with a value. */
  jsonPath(document: OperationNode, steps: readonly JsonStep[]): OperationNode
  jsonText(document: OperationNode, steps: readonly JsonStep[]): OperationNode
  jsonEquals(document: OperationNode, steps: readonly JsonStep[], value: unknown): OperationNode
  jsonHasKey(document: OperationNode, key: string): OperationNode
  jsonContains(document: OperationNode, part: unknown): OperationNode
}

const prefix = 'offloop:'

/** The node of such a function. */
export function dialectFunction<F extends keyof Spellings>(name: F, ...operands: Parameters<Spellings[F]>): FunctionNode {
  const nodes = operands.map((operand, index) =>
    index < nodesOf(name) ? (operand as OperationNode) : ValueNode.create(new Operand(operand)),
  )
  return FunctionNode.create(prefix + name, nodes)
}

/** How many of its operands are nodes. What a user has given is never taken for one, whatever it looks like. */
function nodesOf(name: keyof Spellings): number {
  return name === 'is' || name === 'isNot' ? 2 : 1
}

/** How a dialect spells the function of a node, or null for one of SQL's own. */
export function spelled({ func, arguments: nodes }: FunctionNode, spellings: Spellings): OperationNode | null {
  if (!func.startsWith(prefix)) return null
  const spelling: (...operands: never[]) => OperationNode = spellings[func.slice(prefix.length) as keyof Spellings]
  return spelling(...(nodes.map(operandOf) as never[]))
}

/** The MIN or MAX that such a function spells, if it is one. */
export function extremeIn({ func, arguments: [figure] }: FunctionNode): OperationNode | null {
  return func === `${prefix}extreme` ? (figure as OperationNode) : null
}

/** What is no node travels as the value of one, through Kysely's plugins too. */
class Operand {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

function operandOf(node: OperationNode): unknown {
  return ValueNode.is(node) && node.value instanceof Operand ? node.value.value : node
}

/** Whether a database compares values of the type otherwise than they are ordered: as the texts that it holds, or takes them for. */
export function isOrderedOtherwise({ kind }: ColumnType): boolean {
  return kind === 'numeric' || kind === 'enumeration'
}

/** SQL with nodes in it. */
export function spell(strings: TemplateStringsArray, ...nodes: readonly OperationNode[]): OperationNode {
  return RawNode.create(strings, nodes)
}

/** SQL as it is. */
export function raw(sql: string): OperationNode {
  return RawNode.createWithSql(sql)
}

export function value(of: unknown): ValueNode {
  return ValueNode.create(of)
}

/** What becomes of a text, as a value. */
export function mapped(text: Text, transform: (text: string) => string): ValueNode {
  return value(text instanceof ValueSlot ? text.map((later) => transform(String(later))) : transform(text))
}

/** LIKE's wildcards in a text, marked as letters. The mark is none of those that are special inside a literal. */
export function escapeLike(text: string): string {
  return text.replace(/[%_!]/g, '!$&')
}
