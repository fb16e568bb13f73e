import { AliasNode, FromNode, IdentifierNode, RawNode, SelectionNode, type SelectQueryNode } from 'kysely'
import type { Dialect } from '../sql/dialect.ts'
import type { ExecuteOptions, Executor } from '../sql/executor.ts'
import { stillOpen } from '../sql/open-transaction.ts'
import type { Compilable } from '../sql/statement.ts'
import { behind } from './clause-compiler.ts'
import { type Entity, type StoredField, typeOf } from './definition.ts'
import { assertOrderedByValues } from './distinct-order.ts'
import { parseFieldPath } from './lookup.ts'
import { Plan, PlanCache } from './plan.ts'
import { type QueryState, shapeOfQuery, valuesOfQuery } from './query-state.ts'
import { assertLockable, lockingEnd } from './row-lock.ts'
import { type SelectPlan, selectNode, selectPlan } from './select-plan.ts'

const selects = new PlanCache<SelectPlan>()
const counts = new PlanCache<Plan>()
const valueLists = new PlanCache<{ readonly plan: Plan; readonly fields: readonly StoredField[] }>()

/** Through what a query set reads. What was read through a transaction that has ended goes on through the one around it, or the engine. */
export function executorOf({ executor, definition }: Pick<QueryState, 'executor' | 'definition'>): Executor {
  const open = executor === null ? null : stillOpen(executor)
  return open ?? definition.models.executor
}

/** The shape of a statement of that dialect. */
export function keyed({ name }: Dialect, shape: string | null): string | null {
  return shape === null ? null : `${name} ${shape}`
}

/** The instances that a query set stands for. */
export async function readAll(state: QueryState): Promise<Entity[]> {
  const executor = executorOf(state)
  assertLockable(state, executor)
  const { plan, entity, bigints } = planOf(state, executor)
  const rows = await executor.execute<unknown[]>(plan.with(valuesOfQuery(state)), [], rowOptions(bigints)).fetchall()
  const bound = boundExecutor(state)
  const entities: Entity[] = []
  for (const row of rows) {
    const made = entity.make(row, bound)
    if (made !== null) entities.push(made)
  }
  return entities
}

/** The same one by one, in bounded memory. */
export async function* iterateAll(state: QueryState): AsyncGenerator<Entity> {
  const executor = executorOf(state)
  assertLockable(state, executor)
  const { plan, entity, bigints } = planOf(state, executor)
  const bound = boundExecutor(state)
  for await (const row of executor.stream<unknown[]>(plan.with(valuesOfQuery(state)), [], rowOptions(bigints))) {
    const made = entity.make(row, bound)
    if (made !== null) yield made
  }
}

function planOf(state: QueryState, executor: Executor): SelectPlan {
  const read = withPrefetched(state)
  return selects.get(state.entity, keyed(executor.dialect, shapeOfQuery(read)), () => selectPlan(read, executor.dialect))
}

/** What relations are read ahead by is read, too. */
function withPrefetched(state: QueryState): QueryState {
  const { only, prefetch } = state
  return only === null || prefetch.length === 0
    ? state
    : { ...state, only: [...only, ...prefetch.map((path) => path.split('__', 1)[0] ?? '')] }
}

/** What instances are written through: only what the user has named. */
function boundExecutor({ executor }: QueryState): Executor | null {
  return executor
}

/** How rows that become values are asked for. */
export function rowOptions(bigints: boolean): ExecuteOptions {
  return bigints ? { rowMode: 'array', integers: 'bigint' } : { rowMode: 'array' }
}

/** How many rows there are, within its limit. */
export async function countRows(state: QueryState): Promise<number> {
  const executor = executorOf(state)
  const plan = counts.get(state.entity, keyed(executor.dialect, shapeOfQuery(state)), () => {
    const { node, scope } = selectNode({ ...state, order: [] }, executor.dialect)
    const keys = state.definition.keyFields.map((field) => SelectionNode.create(scope.column(field)))
    return new Plan(countOver({ ...node, selections: keys, ...(scope.joins.length > 0 ? { joins: scope.joins } : {}) }), executor.dialect)
  })
  return Number(await executor.scalar(plan.with(valuesOfQuery(state))))
}

/** Of all rows without a condition it is plain; a limit counts in what is inside. */
function countOver(inner: SelectQueryNode): SelectQueryNode {
  const plain = inner.limit === undefined && inner.offset === undefined && inner.frontModifiers === undefined
  const count = SelectionNode.create(AliasNode.create(RawNode.createWithSql('count(*)'), IdentifierNode.create('count')))
  if (plain) return { ...inner, selections: [count] }
  return {
    kind: 'SelectQueryNode',
    from: FromNode.create([AliasNode.create(inner, IdentifierNode.create('counted'))]),
    selections: [count],
  }
}

/** Plain objects with the values under these paths. */
export async function readValues(state: QueryState, paths: readonly string[]): Promise<Record<string, unknown>[]> {
  const { executor, statement, options, valuesOf } = valueReading(state, paths)
  return (await executor.execute<unknown[]>(statement, [], options).fetchall()).map(valuesOf)
}

/** The same one by one, in bounded memory. */
export async function* iterateValues(state: QueryState, paths: readonly string[]): AsyncGenerator<Record<string, unknown>> {
  const { executor, statement, options, valuesOf } = valueReading(state, paths)
  for await (const row of executor.stream<unknown[]>(statement, [], options)) yield valuesOf(row)
}

interface ValueReading {
  readonly executor: Executor
  readonly statement: Compilable
  readonly options: ExecuteOptions
  readonly valuesOf: (row: readonly unknown[]) => Record<string, unknown>
}

function valueReading(state: QueryState, paths: readonly string[]): ValueReading {
  const executor = executorOf(state)
  assertLockable(state, executor)
  const { dialect } = executor
  const shape = shapeOfQuery(state)
  const { plan, fields } = valueLists.get(state.entity, shape === null ? null : `${paths.join()} ${keyed(dialect, shape)}`, () => {
    const { node, scope } = selectNode(state, dialect)
    const ends = paths.map((path) => parseFieldPath(state.definition, path, `values(${JSON.stringify(path)})`))
    assertOrderedByValues(state, ends)
    const selections = ends.map(({ steps, field }) => SelectionNode.create(behind(scope, steps).column(field)))
    const end = lockingEnd(state.lock, scope, dialect)
    const select: SelectQueryNode = { ...node, selections, ...(scope.joins.length > 0 ? { joins: scope.joins } : {}), ...end }
    return { plan: new Plan(select, dialect), fields: ends.map(({ field }) => field) }
  })
  const decoders = fields.map((field) => typeOf(field).decoder(dialect, `${field.definition.tableName}.${field.name}`))
  return {
    executor,
    statement: plan.with(valuesOfQuery(state)),
    options: rowOptions(fields.some((field) => typeOf(field).bigints)),
    valuesOf: (row) => Object.fromEntries(paths.map((path, index) => [path, decodedValue(row[index], decoders[index])])),
  }
}

function decodedValue(value: unknown, decode: ((value: unknown) => unknown) | null | undefined): unknown {
  return value === null || decode == null ? value : decode(value)
}
