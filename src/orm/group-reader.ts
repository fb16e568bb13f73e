import {
  AggregateFunctionNode,
  AliasNode,
  ColumnNode,
  FromNode,
  GroupByItemNode,
  GroupByNode,
  HavingNode,
  IdentifierNode,
  type OperationNode,
  OrderByItemNode,
  OrderByNode,
  RawNode,
  ReferenceNode,
  SelectionNode,
  type SelectQueryNode,
} from 'kysely'
import { ArgumentError } from '../errors.ts'
import { dialectFunction, isOrderedOtherwise, raw, spell } from '../schema/compile/dialect-functions.ts'
import type { Dialect } from '../sql/dialect.ts'
import { behind, type Slots, termCondition } from './clause-compiler.ts'
import { type ModelDefinition, typeOf } from './definition.ts'
import { type FigureTerm, hasExtremes, isOfNumbers, isOfWholeNumbers, type Output, operandEncoder, readerOf } from './figure-values.ts'
import type { Figure, FigureKind } from './figures.ts'
import { describeKind, parseFieldPath } from './lookup.ts'
import { Plan, PlanCache } from './plan.ts'
import { executorOf, keyed, rowOptions } from './query-runner.ts'
import { type QueryState, shapeOfQuery, valuesOfQuery } from './query-state.ts'
import { limits, selectNode } from './select-plan.ts'
import { conjunction } from './statement-scope.ts'

/** All that has been told of groups of rows, or of all rows together. */
export interface GroupState {
  readonly rows: QueryState
  /** First what the rows are grouped by, then the figures. */
  readonly outputs: readonly Output[]
  readonly having: readonly FigureTerm[]
  readonly order: readonly { readonly output: number; readonly descending: boolean }[]
  readonly limit: number | null
  readonly offset: number
}

/** @throws {ArgumentError} a path leads nowhere or to many rows, a name is used twice, or a figure means nothing of its field */
export function groupState(
  rows: QueryState,
  groups: readonly string[],
  figures: readonly (readonly [name: string, figure: Figure<FigureKind, string>])[],
): GroupState {
  const { definition } = rows
  const outputs = [
    ...groups.map((path): Output => {
      const lookup = parseFieldPath(definition, path, `groupBy(${JSON.stringify(path)})`)
      return { name: path, kind: 'group', path, distinct: false, lookup }
    }),
    ...figures.map(([name, figure]) => figureOutput(definition, name, figure)),
  ]
  for (const [index, { name }] of outputs.entries()) {
    if (outputs.findIndex((output) => output.name === name) !== index)
      throw new ArgumentError(`aggregate(): ${JSON.stringify(name)} would be in each row twice: call the figure otherwise.`)
  }
  // The order of rows says nothing of groups, but which rows there are under a limit.
  const order = rows.limit === null && rows.offset === 0 ? [] : rows.order
  return { rows: { ...rows, order, related: [], only: null }, outputs, having: [], order: [], limit: null, offset: 0 }
}

function figureOutput(definition: ModelDefinition, name: string, { kind, path, distinct }: Figure<FigureKind, string>): Output {
  if (kind === 'count' && path === '*') return { name, kind, path, distinct, lookup: null }
  const lookup = parseFieldPath(definition, path, `${kind}(${JSON.stringify(path)})`)
  if ((kind === 'sum' || kind === 'avg') && !isOfNumbers(lookup.field)) {
    const { field } = lookup
    throw new ArgumentError(`${kind}(${JSON.stringify(path)}): ${field.definition.name}.${field.name} does not hold numbers.`)
  }
  if ((kind === 'min' || kind === 'max') && !hasExtremes(lookup.field)) {
    throw new ArgumentError(
      `${kind}(${JSON.stringify(path)}): ${describeKind(lookup.field)}, which has no least or greatest in every database: order by it, and take the first.`,
    )
  }
  return { name, kind, path, distinct, lookup }
}

interface GroupPlan {
  readonly plan: Plan
  readonly readers: readonly ((value: unknown) => unknown)[]
  readonly bigints: boolean
}

const plans = new PlanCache<GroupPlan>()

/** A plain object for each group; without groups, one. */
export async function readGroups(state: GroupState): Promise<Record<string, unknown>[]> {
  if (state.outputs.length === 0) return [{}]
  const executor = executorOf(state.rows)
  const { plan, readers, bigints } = groupPlan(state, executor.dialect)
  const rows = await executor.execute<unknown[]>(plan.with(valuesOfGroups(state)), [], rowOptions(bigints)).fetchall()
  return rows.map((row) => groupRow(state, readers, row))
}

/** The same one by one, in bounded memory. */
export async function* iterateGroups(state: GroupState): AsyncGenerator<Record<string, unknown>> {
  const executor = executorOf(state.rows)
  const { plan, readers, bigints } = groupPlan(state, executor.dialect)
  for await (const row of executor.stream<unknown[]>(plan.with(valuesOfGroups(state)), [], rowOptions(bigints)))
    yield groupRow(state, readers, row)
}

function groupRow({ outputs }: GroupState, readers: GroupPlan['readers'], row: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(
    outputs.map(({ name }, index) => {
      const value = row[index]
      return [name, value === null ? null : readers[index]?.(value)]
    }),
  )
}

function groupPlan(state: GroupState, dialect: Dialect): GroupPlan {
  const { outputs } = state
  return plans.get(state.rows.entity, keyed(dialect, shapeOfGroups(state)), () => ({
    plan: new Plan(groupNode(state, dialect), dialect),
    readers: outputs.map((output) => readerOf(output, dialect)),
    bigints: outputs.some(({ kind, lookup }) => kind !== 'count' && lookup !== null && typeOf(lookup.field).bigints),
  }))
}

function shapeOfGroups({ rows, outputs, having, order, limit, offset }: GroupState): string | null {
  const shape = shapeOfQuery(rows)
  if (shape === null) return null
  return JSON.stringify([
    shape,
    outputs.map(({ kind, path, distinct }) => [kind, path, distinct]),
    having.map(({ output, term }) => [output, term.lookup.operator, term.form]),
    order.map(({ output, descending }) => [output, descending]),
    limit === null,
    offset === 0,
  ])
}

/** In the order of the slots. */
function valuesOfGroups({ rows, having, limit, offset }: GroupState): unknown[] {
  const values = [...valuesOfQuery(rows), ...having.flatMap(({ term }) => term.values)]
  if (limit !== null) values.push(limit)
  if (offset !== 0) values.push(offset)
  return values
}

/** Groups and figures stand outside of a SELECT of the rows, so that its limit is about rows. The databases see through it where it has none. */
function groupNode(state: GroupState, dialect: Dialect): SelectQueryNode {
  const { outputs, having, order, limit, offset } = state
  const { node, scope, slots } = selectNode(state.rows, dialect)
  const selections = outputs.flatMap(({ lookup }, index) => {
    if (lookup === null) return []
    const column = behind(scope, lookup.steps).column(lookup.field)
    return [SelectionNode.create(AliasNode.create(column, IdentifierNode.create(`c${index}`)))]
  })
  const inner: SelectQueryNode = {
    ...node,
    selections:
      selections.length > 0 ? selections : [SelectionNode.create(AliasNode.create(RawNode.createWithSql('1'), IdentifierNode.create('c')))],
    ...(scope.joins.length > 0 ? { joins: scope.joins } : {}),
  }
  const expressions = outputs.map(expressionOf)
  const groups = expressions.filter((_, index) => outputs[index]?.kind === 'group')
  const conditions = having.map((term) => havingCondition(term, state, { expressions, slots, dialect }))
  const items = order.map(({ output, descending }) =>
    orderItem(outputs[output] as Output, expressions[output] as OperationNode, descending),
  )
  return {
    kind: 'SelectQueryNode',
    from: FromNode.create([AliasNode.create(inner, IdentifierNode.create('grouped'))]),
    selections: expressions.map((expression, index) =>
      SelectionNode.create(AliasNode.create(expression, IdentifierNode.create(`v${index}`))),
    ),
    ...(groups.length > 0 ? { groupBy: GroupByNode.create(groups.map((group) => GroupByItemNode.create(group))) } : {}),
    ...(conditions.length > 0 ? { having: HavingNode.create(conjunction(conditions)) } : {}),
    ...(items.length > 0 ? { orderBy: OrderByNode.create(items) } : {}),
    ...limits({ limit, offset }, slots, dialect),
  }
}

function expressionOf({ kind, lookup, distinct }: Output, index: number): OperationNode {
  if (lookup === null) return raw('count(*)')
  const column = ReferenceNode.create(ColumnNode.create(`c${index}`))
  const type = typeOf(lookup.field)
  if (isOrderedOtherwise(type) && (kind === 'min' || kind === 'max'))
    return dialectFunction('extreme', AggregateFunctionNode.create(kind, [column]), type)
  if (kind === 'avg' && isOfWholeNumbers(lookup.field)) return dialectFunction('average', column, distinct)
  return kind === 'group' ? column : spell`${raw(distinct ? `${kind}(distinct ` : `${kind}(`)}${column})`
}

function orderItem(output: Output, expression: OperationNode, descending: boolean): OrderByItemNode {
  const type = output.lookup === null || output.kind === 'count' ? null : typeOf(output.lookup.field)
  const item = type !== null && isOrderedOtherwise(type) ? dialectFunction('ordered', expression, type) : expression
  return OrderByItemNode.create(item, raw(descending ? 'desc' : 'asc') as RawNode)
}

function havingCondition(
  { output, term }: FigureTerm,
  { outputs }: GroupState,
  { expressions, slots, dialect }: { readonly expressions: readonly OperationNode[]; readonly slots: Slots; readonly dialect: Dialect },
): OperationNode {
  const encode = operandEncoder(outputs[output] as Output, dialect)
  return termCondition(
    term,
    term.values.map(() => slots.next(encode)),
    expressions[output] as OperationNode,
  )
}
