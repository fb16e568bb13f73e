import {
  AliasNode,
  BinaryOperationNode,
  ColumnNode,
  ColumnUpdateNode,
  DeleteQueryNode,
  FromNode,
  IdentifierNode,
  type OperationNode,
  OperatorNode,
  ReferenceNode,
  SelectAllNode,
  SelectionNode,
  type SelectQueryNode,
  TupleNode,
  UpdateQueryNode,
  ValueNode,
  WhereNode,
} from 'kysely'
import { ValueSlot } from '../schema/compile/typed-value.ts'
import { tableNode } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { Sql } from '../sql/template.ts'
import { conditionOf, Slots } from './clause-compiler.ts'
import { type Entity, type ModelDefinition, type StoredField, typeOf } from './definition.ts'
import { Plan, PlanCache } from './plan.ts'
import { type QueryState, shapeOfQuery, valuesOfQuery } from './query-state.ts'
import { selectNode } from './select-plan.ts'
import { conjunction, StatementScope } from './statement-scope.ts'

const updates = new PlanCache<Plan>()
const deletes = new PlanCache<Plan>()

/** Updates the rows that a query set would give, and gives their number. */
export async function updateRows(state: QueryState, changes: Entity, executor: Executor): Promise<number> {
  const { dialect } = executor
  const { definition, entity } = state
  const fields = Object.keys(changes).map((name) => definition.field(name))
  const values = fields.map(({ name }) => changes[name])
  const shape = values.some((value) => value instanceof Sql) ? null : shapeOfQuery(state)
  const key = shape === null ? null : `${dialect.name} ${fields.map(({ name }) => name).join()} ${shape}`
  const plan = updates.get(entity, key, () => {
    const conditions = valuesOfQuery(state).length
    const assignments = fields.map((field, index) => assignment(field, values[index], { index: conditions + index, dialect }))
    const node = UpdateQueryNode.create([tableNode(definition.table)])
    return new Plan({ ...node, updates: assignments, ...whereOf(state, dialect) }, dialect)
  })
  return (await executor.execute(plan.with([...valuesOfQuery(state), ...values]))).rowcount
}

/** Deletes the rows that a query set would give, and gives their number. */
export async function deleteRows(state: QueryState, executor: Executor): Promise<number> {
  const { dialect } = executor
  const { definition, entity } = state
  const shape = shapeOfQuery(state)
  const plan = deletes.get(entity, shape === null ? null : `${dialect.name} ${shape}`, () => {
    const node = DeleteQueryNode.create([tableNode(definition.table)])
    return new Plan({ ...node, ...whereOf(state, dialect) }, dialect)
  })
  return (await executor.execute(plan.with(valuesOfQuery(state)))).rowcount
}

function assignment(
  field: StoredField,
  value: unknown,
  { index, dialect }: { readonly index: number; readonly dialect: Dialect },
): ColumnUpdateNode {
  const label = `${field.definition.tableName}.${field.name}`
  const slot = value instanceof Sql ? value : new ValueSlot(index, (given) => typeOf(field).encode(given, dialect, label))
  return ColumnUpdateNode.create(ColumnNode.create(field.column), ValueNode.create(slot))
}

/** The rows of the table itself, or, where others are needed to find them, those whose key is among the found ones. */
function whereOf(state: QueryState, dialect: Dialect): { readonly where?: WhereNode } {
  const { definition, clauses } = state
  if (state.limit === null && state.offset === 0) {
    const scope = StatementScope.outermost(definition)
    const slots = new Slots(dialect)
    const conditions = clauses.map((clause) => conditionOf(clause, scope, slots))
    // A statement of MySQL cannot look into the table that it changes; those inside may.
    const looksInside = dialect.upsert === 'onDuplicateKey' && clauses.length > 0 && scope.names.count > 1
    if (scope.joins.length === 0 && !looksInside) return conditions.length === 0 ? {} : { where: WhereNode.create(conjunction(conditions)) }
  }
  return { where: WhereNode.create(keyAmong(definition, foundKeys(state, dialect))) }
}

/** A SELECT of the keys, inside another one: so MySQL takes a LIMIT there, and the table that is being changed. */
function foundKeys(state: QueryState, dialect: Dialect): SelectQueryNode {
  // No two rows have the same key.
  const { node, scope } = selectNode({ ...state, distinct: false }, dialect)
  const keys = state.definition.keyFields.map((field) => SelectionNode.create(scope.column(field)))
  const inner: SelectQueryNode = { ...node, selections: keys, ...(scope.joins.length > 0 ? { joins: scope.joins } : {}) }
  return {
    kind: 'SelectQueryNode',
    from: FromNode.create([AliasNode.create(inner, IdentifierNode.create(scope.names.take('found')))]),
    selections: [SelectionNode.create(SelectAllNode.create())],
  }
}

function keyAmong({ keyFields, table }: ModelDefinition, keys: SelectQueryNode): OperationNode {
  const columns = keyFields.map(({ column }) => ReferenceNode.create(ColumnNode.create(column), tableNode(table)))
  const left = columns.length === 1 ? (columns[0] as OperationNode) : TupleNode.create(columns)
  return BinaryOperationNode.create(left, OperatorNode.create('in'), keys)
}
