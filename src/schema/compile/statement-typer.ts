import {
  type AggregateFunctionNode,
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  ColumnUpdateNode,
  DefaultInsertValueNode,
  type DeleteQueryNode,
  IdentifierNode,
  type InsertQueryNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  type OrderByItemNode,
  type OverNode,
  PrimitiveValueListNode,
  ReferenceNode,
  type SelectQueryNode,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely'
import { ArgumentError } from '../../errors.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { Column } from '../column.ts'
import { type AnyTable, type Catalogue, countedColumn } from '../table-shape.ts'
import { assertStored } from './counted-zero.ts'
import { dialectFunction, isOrderedOtherwise } from './dialect-functions.ts'
import { withDuplicateKey } from './duplicate-key.ts'
import { addSource, columnOf, scopeOf } from './outputs.ts'
import { fromItems, Scope, type TypedColumn, tableOf } from './scope.ts'
import { isSettled, TypedValue } from './typed-value.ts'
import { comparesOrder, inOrder } from './value-order.ts'

const [zero, one] = [ValueNode.createImmediate(0), ValueNode.createImmediate(1)]

const comparing: ReadonlySet<string> = new Set([
  ...['=', '==', '!=', '<>', '<', '<=', '>', '>=', 'in', 'not in', 'is', 'is not', 'is distinct from', 'is not distinct from'],
  ...['between', 'between symmetric', '<=>'],
])

/** Puts in the place of each value that is meant for a column one that knows its type, and adds what the columns' defaults ask for. */
export class StatementTyper extends OperationNodeTransformer {
  readonly #catalogue: Catalogue
  readonly #dialect: Dialect
  #scope: Scope | null = null
  /** What a query gives names of its own to, by which it may be ordered. */
  #selected: ReadonlyMap<string, OperationNode> = new Map()

  constructor(catalogue: Catalogue, dialect: Dialect) {
    super()
    this.#catalogue = catalogue
    this.#dialect = dialect
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    const select = this.#within(
      scopeOf(node, this.#catalogue, this.#scope),
      () => super.transformSelectQuery(node),
      namedSelections(node.selections),
    )
    // The order of a UNION is one of names alone.
    return node.setOperations === undefined || node.orderBy === undefined ? select : { ...select, orderBy: node.orderBy }
  }

  protected override transformDeleteQuery(node: DeleteQueryNode): DeleteQueryNode {
    return this.#within(this.#scopeOfItems(node.from.froms), () => super.transformDeleteQuery(node))
  }

  protected override transformUpdateQuery(node: UpdateQueryNode): UpdateQueryNode {
    const table = tableOf(node.table, this.#catalogue)
    const target = node.table === undefined ? [] : [node.table]
    return this.#within(this.#scopeOfItems([...target, ...fromItems(node)]), () => {
      const updated = super.transformUpdateQuery(node)
      if (table === undefined) return updated
      const updates = this.#typeUpdates(table, updated.updates ?? [], true)
      if (updates.length === 0)
        throw new ArgumentError(`The update of table "${table.name}" changes nothing: set() takes a column that is not undefined, or more.`)
      return { ...updated, updates }
    })
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    const table = tableOf(node.into, this.#catalogue)
    const inserted = super.transformInsertQuery(node)
    if (table === undefined) return inserted
    if (inserted.values === undefined && inserted.defaultValues !== true)
      throw new ArgumentError(
        `The insert into table "${table.name}" has no rows: give it values(), or hand it to executeMany() with its rows.`,
      )
    const typed = inserted.defaultValues === true ? this.#withDefaults(table, inserted) : this.#typeRows(table, inserted)
    const { onConflict, onDuplicateKey } = typed
    const whole: InsertQueryNode = {
      ...typed,
      ...(onConflict?.updates === undefined
        ? {}
        : { onConflict: { ...onConflict, updates: this.#typeUpdates(table, onConflict.updates, false) } }),
      ...(onDuplicateKey === undefined
        ? {}
        : { onDuplicateKey: { ...onDuplicateKey, updates: this.#typeUpdates(table, onDuplicateKey.updates, false) } }),
    }
    return this.#dialect.upsert === 'onDuplicateKey' ? withDuplicateKey(whole, table) : whole
  }

  protected override transformBinaryOperation(node: BinaryOperationNode): BinaryOperationNode {
    if (isEmptyList(node.rightOperand)) return this.#amongNone(node)
    const { leftOperand, operator, rightOperand } = super.transformBinaryOperation(node)
    const compares = OperatorNode.is(operator) && comparing.has(operator.operator)
    const left = compares ? this.#resolve(leftOperand) : null
    const right = compares ? this.#resolve(rightOperand) : null
    const type = (left ?? right)?.type
    const isOrder = type !== undefined && isOrderedOtherwise(type) && comparesOrder(operator)
    const typed = isOrder ? typedMember : typedNode
    const comparison: BinaryOperationNode = {
      kind: 'BinaryOperationNode',
      leftOperand: right === null ? leftOperand : typed(leftOperand, right),
      operator,
      rightOperand: left === null ? rightOperand : typed(rightOperand, left),
    }
    return isOrder ? inOrder(comparison, type) : comparison
  }

  /** SQL has no empty list: nothing is among none, and everything beside it, NULL too. */
  #amongNone(node: BinaryOperationNode): BinaryOperationNode {
    const { operator } = node
    if (!OperatorNode.is(operator) || (operator.operator !== 'in' && operator.operator !== 'not in'))
      return super.transformBinaryOperation(node)
    const equal = OperatorNode.create('=')
    return BinaryOperationNode.create(one, equal, operator.operator === 'in' ? zero : one)
  }

  /** Numbers that a database holds as texts have no MIN and MAX of theirs there. */
  protected override transformAggregateFunction(node: AggregateFunctionNode): AggregateFunctionNode {
    const figure = super.transformAggregateFunction(node)
    const column = this.#resolve(figure)
    // Kysely compiles a node by its kind, wherever it stands.
    return column !== null && isOrderedOtherwise(column.type)
      ? (dialectFunction('extreme', figure, column.type) as OperationNode as AggregateFunctionNode)
      : figure
  }

  protected override transformOrderByItem(node: OrderByItemNode): OrderByItemNode {
    const item = super.transformOrderByItem(node)
    const named = ReferenceNode.is(node.orderBy) && node.orderBy.table !== undefined ? undefined : columnName(node.orderBy)
    const selected = named === undefined ? undefined : this.#selected.get(named)
    const meant = selected === undefined ? item.orderBy : this.transformNode(selected)
    const type = this.#resolve(meant)?.type
    return type?.kind === 'numeric' ? { ...item, orderBy: dialectFunction('ordered', meant, type) } : item
  }

  protected override transformOver(node: OverNode): OverNode {
    return this.#within(this.#scope, () => super.transformOver(node))
  }

  #within<T>(scope: Scope | null, transform: () => T, selected: ReadonlyMap<string, OperationNode> = new Map()): T {
    const [outer, outerSelected] = [this.#scope, this.#selected]
    this.#scope = scope
    this.#selected = selected
    try {
      return transform()
    } finally {
      this.#scope = outer
      this.#selected = outerSelected
    }
  }

  #scopeOfItems(items: readonly OperationNode[]): Scope {
    const scope = new Scope(this.#scope)
    for (const item of items) addSource(scope, item, this.#catalogue)
    return scope
  }

  #resolve(node: OperationNode): TypedColumn | null {
    return this.#scope === null ? null : columnOf(node, this.#scope)
  }

  /** All columns have their default: those that the database does not know of are named. */
  #withDefaults(table: AnyTable, node: InsertQueryNode): InsertQueryNode {
    const added = this.#defaultsOutside(table, new Set())
    if (added.length === 0) return node
    const { defaultValues: _, ...others } = node
    return {
      ...others,
      columns: added.map(({ name }) => ColumnNode.create(name)),
      values: ValuesNode.create([ValueListNode.create(added.map(defaultNode))]),
    }
  }

  #typeRows(table: AnyTable, node: InsertQueryNode): InsertQueryNode {
    const { values, columns } = node
    if (values === undefined || !ValuesNode.is(values) || columns === undefined) return node
    const named = columns.map(({ column }) => table.column(column.name))
    const added = this.#defaultsOutside(table, new Set(named.map(({ name }) => name)))
    const rows = values.values.map((row) => {
      const nodes = PrimitiveValueListNode.is(row) ? row.values.map((value) => ValueNode.create(value)) : (row as ValueListNode).values
      const typed = nodes.map((value, index) => this.#typeInserted(table, value, named[index] as Column))
      return ValueListNode.create([...typed, ...added.map(defaultNode)])
    })
    return { ...node, columns: [...columns, ...added.map(({ name }) => ColumnNode.create(name))], values: ValuesNode.create(rows) }
  }

  #typeInserted(table: AnyTable, node: OperationNode, column: Column): OperationNode {
    if (!DefaultInsertValueNode.is(node)) {
      const typed = typedNode(node, column)
      if (ValueNode.is(typed) && typed.value instanceof TypedValue && countedColumn(table) === column)
        assertStored(typed.value.value, this.#dialect, column.label)
      return typed
    }
    if (column.options.default !== undefined) return defaultNode(column)
    // SQLite has no DEFAULT among the values: it is what the column says, and a key that counts takes NULL for it.
    const { serverDefault } = column.options
    if (this.#dialect.defaultInValues || countedColumn(table) === column) return node
    return serverDefault === undefined ? node : ValueNode.create(serverDefault)
  }

  /** Columns with a default of their own that the statement does not name. */
  #defaultsOutside({ columns }: AnyTable, named: ReadonlySet<string>): readonly Column[] {
    return columns.filter(({ name, options }) => options.default !== undefined && !named.has(name))
  }

  #typeUpdates(table: AnyTable, updates: readonly ColumnUpdateNode[], withOnUpdate: boolean): readonly ColumnUpdateNode[] {
    const named = new Set<string>()
    const typed = updates.map((update) => {
      const name = columnName(update.column)
      if (name === undefined) return update
      named.add(name)
      return { ...update, value: typedNode(update.value, table.column(name)) }
    })
    if (!withOnUpdate) return typed
    const added = table.columns.filter(({ name, options }) => options.onUpdate !== undefined && !named.has(name))
    return [
      ...typed,
      ...added.map((column) => ColumnUpdateNode.create(ColumnNode.create(column.name), valueNode(column.options.onUpdate, column))),
    ]
  }
}

function columnName(node: OperationNode): string | undefined {
  if (ColumnNode.is(node)) return node.column.name
  return ReferenceNode.is(node) && ColumnNode.is(node.column) ? node.column.column.name : undefined
}

function isEmptyList(node: OperationNode): boolean {
  return (PrimitiveValueListNode.is(node) || ValueListNode.is(node)) && node.values.length === 0
}

function namedSelections(selections: SelectQueryNode['selections']): ReadonlyMap<string, OperationNode> {
  const named = new Map<string, OperationNode>()
  for (const { selection } of selections ?? [])
    if (AliasNode.is(selection) && IdentifierNode.is(selection.alias)) named.set(selection.alias.name, selection.node)
  return named
}

function defaultNode(column: Column): ValueNode {
  return valueNode(column.options.default, column)
}

/** A default's value; a function is asked for it. */
function valueNode(given: unknown, column: Column): ValueNode {
  const value: unknown = typeof given === 'function' ? given() : given
  return ValueNode.create(isSettled(value) ? value : new TypedValue(value, column.type, column.label))
}

/** The node with its values typed: one value, a list of them, or two ends. */
function typedNode(node: OperationNode, column: TypedColumn): OperationNode {
  if (ValueNode.is(node)) return node.immediate === true || isSettled(node.value) ? node : typedValue(node.value, column)
  if (PrimitiveValueListNode.is(node)) return ValueListNode.create(node.values.map((value) => typedMember(ValueNode.create(value), column)))
  if (ValueListNode.is(node)) return ValueListNode.create(node.values.map((value) => typedMember(value, column)))
  return AndNode.is(node) ? AndNode.create(typedMember(node.left, column), typedMember(node.right, column)) : node
}

/** Of a list, or an end of BETWEEN. */
function typedMember(node: OperationNode, column: TypedColumn): OperationNode {
  const typed = typedNode(node, column)
  return column.type.kind === 'numeric' && ValueNode.is(typed) ? dialectFunction('among', typed, column.type) : typed
}

function typedValue(value: unknown, { type, label }: TypedColumn): ValueNode {
  return ValueNode.create(isSettled(value) ? value : new TypedValue(value, type, label))
}
