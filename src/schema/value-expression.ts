import {
  AndNode,
  BinaryOperationNode,
  type Expression,
  type OperationNode,
  OperatorNode,
  OrderByItemNode,
  RawNode,
  ValueListNode,
  ValueNode,
} from 'kysely'
import { describeValue } from '../sql/parameters.ts'
import { Sql } from '../sql/template.ts'
import type { ColumnType } from './column-type.ts'
import { dialectFunction, isOrderedOtherwise } from './compile/dialect-functions.ts'
import { TypedValue } from './compile/typed-value.ts'
import { Condition } from './condition.ts'

/** What may stand on the other side of a comparison: a value, another expression, or SQL. */
export type Operand<V> = V | Expression<unknown> | Sql

const nullNode = ValueNode.createImmediate(null)

/** How rows are ordered by an expression. Kysely's `orderBy` takes it. */
export class Ordering implements Expression<unknown> {
  readonly #node: OperationNode

  constructor(node: OperationNode) {
    this.#node = node
  }

  get expressionType(): unknown {
    return undefined
  }

  toOperationNode(): OperationNode {
    return this.#node
  }
}

/**
 * An expression whose values have a column's type: what they are compared with is checked and encoded as if it were stored. `Out` is the type of
 * its values, `In` of what it is compared with.
 */
export class ValueExpression<Out, In = Out> implements Expression<Out> {
  readonly type: ColumnType
  /** Names it in errors. */
  readonly label: string
  readonly #node: OperationNode

  constructor(node: OperationNode, type: ColumnType, label: string) {
    this.#node = node
    this.type = type
    this.label = label
  }

  get expressionType(): Out | undefined {
    return undefined
  }

  toOperationNode(): OperationNode {
    return this.#node
  }

  /** Equal; `null` is IS NULL. */
  eq(value: Operand<In> | null): Condition {
    return value === null ? this.#equate('is', nullNode) : this.#equate('=', this.#operand(value))
  }

  /** Not equal; `null` is IS NOT NULL. */
  ne(value: Operand<In> | null): Condition {
    return value === null ? this.#equate('is not', nullNode) : this.#equate('!=', this.#operand(value))
  }

  lt(value: Operand<In>): Condition {
    return this.#compare('<', value)
  }

  le(value: Operand<In>): Condition {
    return this.#compare('<=', value)
  }

  gt(value: Operand<In>): Condition {
    return this.#compare('>', value)
  }

  ge(value: Operand<In>): Condition {
    return this.#compare('>=', value)
  }

  /** One of these; of none, it is false of every row. */
  in(values: readonly Operand<In>[] | Expression<unknown>): Condition {
    return this.#among('in', values)
  }

  /** None of these; of none, it is true of every row. */
  notIn(values: readonly Operand<In>[] | Expression<unknown>): Condition {
    return this.#among('not in', values)
  }

  between(low: Operand<In>, high: Operand<In>): Condition {
    return this.#compare('between', low, high)
  }

  /** Equal, NULL to NULL too: never NULL itself. */
  is(value: Operand<In> | null): Condition {
    return this.#either('is', value)
  }

  /** Not equal, NULL to NULL neither: never NULL itself. */
  isNot(value: Operand<In> | null): Condition {
    return this.#either('isNot', value)
  }

  /** Matches SQL's pattern with `%` and `_` as it is. Whether capitals count is the database's affair. */
  like(pattern: string): Condition {
    const right = ValueNode.create(checkedText(pattern, this.label))
    return new Condition(BinaryOperationNode.create(this.#asText(), OperatorNode.create('like'), right))
  }

  /** As `like`, whatever the capitals. */
  ilike(pattern: string): Condition {
    return this.#matches('ilike', pattern)
  }

  /** Holds this text. Wildcards in it are letters, and capitals count, on every database. */
  contains(part: string): Condition {
    return this.#matches('contains', part)
  }

  /** As `contains`: begins with this text. */
  startsWith(part: string): Condition {
    return this.#matches('startsWith', part)
  }

  /** As `contains`: ends with this text. */
  endsWith(part: string): Condition {
    return this.#matches('endsWith', part)
  }

  asc(): Ordering {
    return new Ordering(OrderByItemNode.create(this.#inOrder(this.#node), RawNode.createWithSql('asc')))
  }

  desc(): Ordering {
    return new Ordering(OrderByItemNode.create(this.#inOrder(this.#node), RawNode.createWithSql('desc')))
  }

  #among(operator: 'in' | 'not in', values: readonly Operand<In>[] | Expression<unknown>): Condition {
    if (!Array.isArray(values)) {
      if (isExpression(values)) return this.#equate(operator, values.toOperationNode())
      throw new TypeError(`Column ${this.label}: expected a list of values or a query, found ${describeValue(values)}.`)
    }
    // SQL has no empty list.
    if (values.length === 0) return new Condition(RawNode.createWithSql(operator === 'in' ? '1 = 0' : '1 = 1'))
    return this.#equate(operator, ValueListNode.create(values.map((value: Operand<In>) => this.#member(value))))
  }

  #either(name: 'is' | 'isNot', value: Operand<In> | null): Condition {
    return new Condition(dialectFunction(name, this.#node, value === null ? nullNode : this.#operand(value)))
  }

  #matches(name: 'contains' | 'startsWith' | 'endsWith' | 'ilike', text: string): Condition {
    return new Condition(dialectFunction(name, this.#asText(), checkedText(text, this.label)))
  }

  /** The values of an enumeration that a database knows by name are no texts to it. */
  #asText(): OperationNode {
    return this.type.kind === 'enumeration' ? dialectFunction('asText', this.#node, this.type) : this.#node
  }

  #compare(operator: '<' | '<=' | '>' | '>=' | 'between', ...values: readonly Operand<In>[]): Condition {
    const operands = values.map((value) => this.#member(value))
    const ofSql = values.some((value) => value instanceof Sql || isExpression(value))
    const inOrder = (node: OperationNode, name: 'ordered' | 'orderedBesideSql') =>
      isOrderedOtherwise(this.type) ? dialectFunction(name, node, this.type) : node
    const right = (ofSql ? operands : operands.map((operand) => inOrder(operand, 'ordered'))).reduce((low, high) =>
      AndNode.create(low, high),
    )
    const left = inOrder(this.#node, ofSql ? 'orderedBesideSql' : 'ordered')
    return new Condition(BinaryOperationNode.create(left, OperatorNode.create(operator), right))
  }

  #equate(operator: '=' | '!=' | 'is' | 'is not' | 'in' | 'not in', right: OperationNode): Condition {
    return new Condition(BinaryOperationNode.create(this.#node, OperatorNode.create(operator), right))
  }

  /** A number that a database holds as a text is ordered as a number. */
  #inOrder(node: OperationNode): OperationNode {
    return this.type.kind === 'numeric' ? dialectFunction('ordered', node, this.type) : node
  }

  /** One of a list, or what an order is compared with. */
  #member(value: Operand<In>): OperationNode {
    const operand = this.#operand(value)
    return this.type.kind === 'numeric' && ValueNode.is(operand) ? dialectFunction('among', operand, this.type) : operand
  }

  #operand(value: Operand<In>): OperationNode {
    if (value === null || value === undefined) {
      throw new TypeError(
        `Column ${this.label}: expected a value to compare with, found ${describeValue(value)}; eq(null) and ne(null) look for NULL.`,
      )
    }
    if (isExpression(value)) return value.toOperationNode()
    return ValueNode.create(value instanceof Sql ? value : new TypedValue(value, this.type, this.label))
  }
}

function isExpression(value: unknown): value is Expression<unknown> {
  return typeof value === 'object' && value !== null && 'toOperationNode' in value && typeof value.toOperationNode === 'function'
}

function checkedText(text: unknown, label: string): string {
  if (typeof text === 'string') return text
  throw new TypeError(`Column ${label}: expected a text to look for, found ${describeValue(text)}.`)
}
