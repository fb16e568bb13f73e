import {
  AndNode,
  BinaryOperationNode,
  type OperationNode,
  OperatorNode,
  OrNode,
  RawNode,
  UnaryOperationNode,
  ValueListNode,
  ValueNode,
} from 'kysely'
import type { ColumnType } from '../schema/column-type.ts'
import { dialectFunction, isOrderedOtherwise } from '../schema/compile/dialect-functions.ts'
import { ValueSlot } from '../schema/compile/typed-value.ts'
import { TextType } from '../schema/types/texts.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Clause, Term } from './clause.ts'
import { typeOf } from './definition.ts'
import { leadsToOne, type OneStep, type Operator, type Step, textOperators } from './lookup.ts'
import { conjunction, inBrackets, type StatementScope } from './statement-scope.ts'

/** Numbers the places of values, in the order in which `collectValues` finds the values. */
export class Slots {
  #count = 0
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  get count(): number {
    return this.#count
  }

  next(transform: ((value: unknown, dialect: Dialect) => unknown) | null = null): ValueSlot {
    const dialect = this.#dialect
    const slot = new ValueSlot(this.#count, transform === null ? null : (value) => transform(value, dialect))
    this.#count += 1
    return slot
  }
}

/** The condition of a clause. Its slots are numbered in the order of the terms, whatever the order in the text. */
export function conditionOf(clause: Clause, scope: StatementScope, slots: Slots): OperationNode {
  switch (clause.kind) {
    case 'terms':
      return termsCondition(
        clause.terms.map((term) => ({ term, steps: term.lookup.steps, slots: term.values.map(() => slots.next(encoderOf(term))) })),
        scope,
      )
    case 'not':
      return UnaryOperationNode.create(OperatorNode.create('not'), inBrackets(conditionOf(clause.clause, scope, slots)))
    case 'any':
      return inBrackets(disjunction(clause.clauses.map((inner) => inBrackets(conditionOf(inner, scope, slots)))))
    case 'all':
      return inBrackets(conjunction(clause.clauses.map((inner) => inBrackets(conditionOf(inner, scope, slots)))))
    case 'expression':
      joinParents(scope)
      return inBrackets(clause.node)
  }
}

/** An expression may name any column of the model, those of the tables too that it is joined to. */
export function joinParents(scope: StatementScope): void {
  for (let at = scope; at.definition.parent !== null; ) at = at.parent()
}

interface PlacedTerm {
  readonly term: Term
  /** From the scope on. */
  readonly steps: readonly Step[]
  readonly slots: readonly ValueSlot[]
}

/** Terms over the same relation to many rows are one EXISTS: they are about one row. */
function termsCondition(terms: readonly PlacedTerm[], scope: StatementScope): OperationNode {
  const conditions: OperationNode[] = []
  const groups = new Map<string, PlacedTerm[]>()
  for (const placed of terms) {
    const many = placed.steps.findIndex((step) => !leadsToOne(step))
    if (many < 0) {
      const at = behind(scope, placed.steps)
      conditions.push(termCondition(placed.term, placed.slots, at.column(placed.term.lookup.field)))
      continue
    }
    if (isNone(placed, many)) {
      const step = placed.steps[many] as Step & { readonly kind: 'reverse' | 'many' }
      const some = behind(scope, placed.steps.slice(0, many)).exists(step, () => conjunction([]))
      conditions.push(UnaryOperationNode.create(OperatorNode.create('not'), some))
      continue
    }
    const key = placed.steps
      .slice(0, many + 1)
      .map(({ name }) => name)
      .join('__')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [placed])
    else group.push(placed)
  }
  for (const [key, group] of groups) {
    const length = key.split('__').length
    const steps = (group[0] as PlacedTerm).steps
    const step = steps[length - 1] as Step & { readonly kind: 'reverse' | 'many' }
    const from = behind(scope, steps.slice(0, length - 1))
    conditions.push(
      from.exists(step, (inner) =>
        termsCondition(
          group.map((placed) => ({ ...placed, steps: placed.steps.slice(length) })),
          inner,
        ),
      ),
    )
  }
  return conjunction(conditions)
}

/** A key that is NULL behind a relation to many is that of no row at all: it asks for those that have none. */
function isNone({ term: { lookup, form }, steps }: PlacedTerm, many: number): boolean {
  return form === 'null' && many === steps.length - 1 && lookup.field.primaryKey
}

/** The scope behind some steps that lead to one row each. */
export function behind(scope: StatementScope, steps: readonly Step[]): StatementScope {
  return steps.reduce((at, step) => at.one(step as OneStep), scope)
}

/** What a term says of a column, or of whatever else stands in its place. */
export function termCondition({ lookup, form, asText }: Term, slots: readonly ValueSlot[], column: OperationNode): OperationNode {
  if (form === 'null') return compare(column, 'is', ValueNode.createImmediate(null))
  if (form === 'not null') return compare(column, 'is not', ValueNode.createImmediate(null))
  const type = typeOf(lookup.field)
  return asText === true
    ? OPERATORS[lookup.operator](dialectFunction('asText', column, type), slots, textType)
    : OPERATORS[lookup.operator](column, slots, type)
}

const textType = new TextType()

type Compile = (column: OperationNode, slots: readonly ValueSlot[], type: ColumnType) => OperationNode

const comparedBy =
  (operator: '=' | '!='): Compile =>
  (column, slots) =>
    compare(column, operator, ValueNode.create(slots[0]))

const orderedBy =
  (operator: '<' | '<=' | '>' | '>='): Compile =>
  (column, slots, type) =>
    compare(ordered(column, type), operator, end(slots[0], column, type))

type TextFunction =
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | 'containsIgnoringCase'
  | 'startsWithIgnoringCase'
  | 'endsWithIgnoringCase'
  | 'equalsIgnoringCase'

const textBy =
  (name: TextFunction): Compile =>
  (column, slots, type) =>
    dialectFunction(name, type.kind === 'enumeration' ? dialectFunction('asText', column, type) : column, slots[0] as ValueSlot)

const listBy =
  (operator: 'in' | 'not in'): Compile =>
  (column, slots, type) =>
    // SQL has no empty list.
    slots.length === 0
      ? RawNode.createWithSql(operator === 'in' ? '1 = 0' : '1 = 1')
      : compare(column, operator, ValueListNode.create(slots.map((slot) => member(slot, column, type))))

const OPERATORS: Readonly<Record<Operator, Compile>> = {
  exact: comparedBy('='),
  ne: comparedBy('!='),
  gt: orderedBy('>'),
  gte: orderedBy('>='),
  lt: orderedBy('<'),
  lte: orderedBy('<='),
  in: listBy('in'),
  notin: listBy('not in'),
  range: (column, [low, high], type) =>
    compare(ordered(column, type), 'between', AndNode.create(end(low, column, type), end(high, column, type))),
  isnull: (column) => column,
  contains: textBy('contains'),
  startswith: textBy('startsWith'),
  endswith: textBy('endsWith'),
  icontains: textBy('containsIgnoringCase'),
  istartswith: textBy('startsWithIgnoringCase'),
  iendswith: textBy('endsWithIgnoringCase'),
  iexact: textBy('equalsIgnoringCase'),
}

function compare(
  left: OperationNode,
  operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in' | 'is' | 'is not' | 'between',
  right: OperationNode,
) {
  return BinaryOperationNode.create(left, OperatorNode.create(operator), right)
}

function ordered(column: OperationNode, type: ColumnType): OperationNode {
  return isOrderedOtherwise(type) ? dialectFunction('ordered', column, type) : column
}

/** One of a list, or what an order is compared with. That of a sum or an average need not fit the field. */
function member(slot: ValueSlot | undefined, column: OperationNode, type: ColumnType): OperationNode {
  const value = ValueNode.create(slot)
  return type.kind === 'numeric' && !RawNode.is(column) ? dialectFunction('among', value, type) : value
}

/** What an order is compared with: it has that of the column. */
function end(slot: ValueSlot | undefined, column: OperationNode, type: ColumnType): OperationNode {
  const value = member(slot, column, type)
  return RawNode.is(column) ? value : ordered(value, type)
}

function disjunction(nodes: readonly OperationNode[]): OperationNode {
  return nodes.reduce((left, right) => OrNode.create(left, right))
}

/** How the values of a term are encoded: as those of the column, but for parts of texts, which may be longer than it. */
function encoderOf({ lookup }: Term): ((value: unknown, dialect: Dialect) => unknown) | null {
  const { field, operator } = lookup
  const type = typeOf(field)
  const label = `${field.definition.tableName}.${field.name}`
  if (textOperators.has(operator)) return null
  // A text that no row can hold is one that no row has.
  const isText = type.kind === 'string' || type.kind === 'text' || type.kind === 'enumeration'
  return (value, dialect) => (isText && typeof value === 'string' ? value : type.encode(value, dialect, label))
}
