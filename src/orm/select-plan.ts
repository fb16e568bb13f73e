import {
  FromNode,
  LimitNode,
  OffsetNode,
  type OperationNode,
  OrderByItemNode,
  OrderByNode,
  RawNode,
  type ReferenceNode,
  SelectionNode,
  type SelectQueryNode,
  ValueNode,
  WhereNode,
} from 'kysely'
import { dialectFunction } from '../schema/compile/dialect-functions.ts'
import { tableNode } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { behind, conditionOf, joinParents, Slots } from './clause-compiler.ts'
import { type Entity, type ModelDefinition, type StoredField, typeOf } from './definition.ts'
import { columnOf } from './distinct-order.ts'
import { allFields, entityPlan, type PlacedFields } from './hydration.ts'
import { type OneStep, parseOnePath, parsePath } from './lookup.ts'
import { keepRelated } from './model-state.ts'
import { Plan } from './plan.ts'
import type { QueryState } from './query-state.ts'
import { lockingEnd } from './row-lock.ts'
import { conjunction, StatementScope } from './statement-scope.ts'

/** Makes an instance of a row; null where the row has none. */
export interface EntityMaker {
  make(row: readonly unknown[], executor: Executor | null): Entity | null
}

/** A SELECT of instances: its statement, and how they are made. */
export interface SelectPlan {
  readonly plan: Plan
  readonly entity: EntityMaker
  readonly bigints: boolean
}

export function selectPlan(state: QueryState, dialect: Dialect): SelectPlan {
  const { node, scope } = selectNode(state, dialect)
  const columns: ReferenceNode[] = []
  const fields: StoredField[] = []
  const place = (field: StoredField, at: StatementScope): readonly [StoredField, number] => {
    columns.push(at.column(field))
    fields.push(field)
    return [field, columns.length - 1]
  }
  const attached: Attached[] = []
  const placed = placedFields(state.definition, scope, { place, only: state.only, tree: pathTree(state), path: [], attached })
  // What rows that are alike are ordered by has to be in them: beside the key it makes none of them different.
  if (state.distinct) placeOrdering(state, scope, place)
  const end = lockingEnd(state.lock, scope, dialect)
  const plan = new Plan(
    {
      ...node,
      selections: columns.map((column) => SelectionNode.create(column)),
      ...(scope.joins.length > 0 ? { joins: scope.joins } : {}),
      ...end,
    },
    dialect,
  )
  const plain = entityPlan(placed, dialect, state.entity)
  const entity = attached.length === 0 ? plain : withAttached(plain, attached, dialect)
  return { plan, entity, bigints: fields.some((field) => typeOf(field).bigints) }
}

/** Rows that lead to these ones hang on instances that are there already: the shorter paths come first. */
function withAttached(owner: EntityMaker, attached: readonly Attached[], dialect: Dialect): EntityMaker {
  const makers = attached
    .toSorted((left, right) => left.path.length - right.path.length)
    .map(({ path, name, placed }) => ({ path, name, plan: entityPlan(placed, dialect) }))
  return {
    make(row, executor) {
      const entity = owner.make(row, executor)
      if (entity === null) return null
      for (const { path, name, plan } of makers) {
        const holder = path.reduce<Entity | null>((at, relation) => (at === null ? null : (at[relation] as Entity | null)), entity)
        if (holder === null) continue
        const made = plan.make(row, executor)
        keepRelated(holder, name, made === null ? [] : [made])
      }
      return entity
    },
  }
}

/** A SELECT without its columns and joins: whoever adds columns may add joins. */
export function selectNode(
  state: QueryState,
  dialect: Dialect,
): { readonly node: SelectQueryNode; readonly scope: StatementScope; readonly slots: Slots } {
  const { definition, clauses, order, limit, offset, distinct } = state
  const { table } = definition
  const scope = StatementScope.outermost(definition)
  const slots = new Slots(dialect)
  const conditions = clauses.map((clause) => conditionOf(clause, scope, slots))
  const items = order.map((term) => orderItem(term, definition, scope))
  const node: SelectQueryNode = {
    kind: 'SelectQueryNode',
    from: FromNode.create([tableNode(table)]),
    ...(distinct ? { frontModifiers: [RawNode.createWithSql('distinct') as never] } : {}),
    ...(conditions.length > 0 ? { where: WhereNode.create(conjunction(conditions)) } : {}),
    ...(items.length > 0 ? { orderBy: OrderByNode.create(items) } : {}),
    ...limits({ limit, offset }, slots, dialect),
  }
  return { node, scope, slots }
}

/** Of a SELECT: their slots are the next ones. */
export function limits(
  { limit, offset }: Pick<QueryState, 'limit' | 'offset'>,
  slots: Slots,
  dialect: Dialect,
): { readonly limit?: LimitNode; readonly offset?: OffsetNode } {
  return {
    ...(limit !== null ? { limit: LimitNode.create(ValueNode.create(slots.next())) } : offset === 0 ? {} : unlimited(dialect)),
    ...(offset !== 0 ? { offset: OffsetNode.create(ValueNode.create(slots.next())) } : {}),
  }
}

/** SQLite and MySQL have no OFFSET without a LIMIT. */
export function unlimited({ name }: Dialect): { readonly limit?: LimitNode } {
  if (name === 'postgresql') return {}
  return { limit: LimitNode.create(RawNode.createWithSql(name === 'sqlite' ? '-1' : '18446744073709551615') as unknown as ValueNode) }
}

function orderItem(term: QueryState['order'][number], definition: ModelDefinition, scope: StatementScope): OrderByItemNode {
  if ('node' in term) {
    joinParents(scope)
    return OrderByItemNode.is(term.node) ? term.node : OrderByItemNode.create(term.node)
  }
  const { steps, field } = parsePath(definition, term.path)
  const column = behind(scope, steps).column(field)
  const type = typeOf(field)
  const item: OperationNode = type.kind === 'numeric' ? dialectFunction('ordered', column, type) : column
  return OrderByItemNode.create(item, RawNode.createWithSql(term.descending ? 'desc' : 'asc'))
}

/** The columns that a query set is ordered by, and that are not its own or not read. */
function placeOrdering({ definition, order, only }: QueryState, scope: StatementScope, place: Placing['place']): void {
  for (const term of order) {
    if ('path' in term) {
      const { steps, field } = parsePath(definition, term.path)
      if (steps.length > 0 || only !== null) place(field, behind(scope, steps))
    } else if (only !== null) {
      const column = columnOf(term)
      const field = allFields(definition).find((candidate) => candidate.column === column)
      if (field !== undefined) place(field, scope)
    }
  }
}

/** Paths as a tree: `album`, `album__artist` → album → artist. */
export interface PathTree extends ReadonlyMap<string, { readonly step: OneStep; readonly tree: PathTree }> {}

function pathTree({ definition, related }: QueryState): PathTree {
  const root = new Map<string, { step: OneStep; tree: Map<string, never> }>()
  for (const path of related) {
    let level: Map<string, unknown> = root
    for (const step of parseOnePath(definition, path)) {
      const known = level.get(step.name) as { readonly tree: Map<string, unknown> } | undefined
      const entry = known ?? { step, tree: new Map<string, unknown>() }
      level.set(step.name, entry)
      level = entry.tree
    }
  }
  return root as PathTree
}

interface Placing {
  readonly place: (field: StoredField, at: StatementScope) => readonly [StoredField, number]
  readonly only: readonly string[] | null
  readonly tree: PathTree
  /** The relations that have led here. */
  readonly path: readonly string[]
  readonly attached: Attached[]
}

/** The row that a way back leads to, and where the instance is that it leads from. */
interface Attached {
  readonly path: readonly string[]
  readonly name: string
  readonly placed: PlacedFields
}

function placedFields(definition: ModelDefinition, scope: StatementScope, placing: Placing): PlacedFields {
  const { place, only, tree, path, attached } = placing
  const all = allFields(definition)
  const read = only === null ? all : all.filter(({ name, primaryKey }) => primaryKey || only.includes(name) || tree.has(name))
  const fields = read.map((field) => place(field, scope))
  const joined = new Map<string, PlacedFields>()
  for (const [name, { step, tree: inner }] of tree) {
    const placed = placedFields(step.target, scope.one(step), { ...placing, only: null, tree: inner, path: [...path, name] })
    if (step.kind === 'forward') joined.set(name, placed)
    else attached.push({ path, name, placed })
  }
  const missing = read.length === all.length ? null : new Set(all.filter((field) => !read.includes(field)).map(({ name }) => name))
  return { definition, fields, missing, joined }
}
