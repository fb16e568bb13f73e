import type { OperationNode } from 'kysely'
import type { Executor } from '../sql/executor.ts'
import { type Clause, collectValues, shapeOf } from './clause.ts'
import type { EntityClass, ModelDefinition } from './definition.ts'
import type { RowLock } from './row-lock.ts'

/** One thing that rows are ordered by. */
export type OrderTerm = { readonly path: string; readonly descending: boolean } | { readonly node: OperationNode }

/** All that a query set has been told. */
export interface QueryState {
  readonly definition: ModelDefinition
  /** What its rows become. */
  readonly entity: EntityClass
  /** Null: the engine, or the transaction of the task. */
  readonly executor: Executor | null
  readonly clauses: readonly Clause[]
  readonly order: readonly OrderTerm[]
  readonly limit: number | null
  readonly offset: number
  readonly distinct: boolean
  /** How its rows are locked when they are read; null for not at all. */
  readonly lock: RowLock | null
  /** Paths over relations whose rows come with these. */
  readonly related: readonly string[]
  /** Relations whose rows are read behind these. */
  readonly prefetch: readonly string[]
  /** The only fields that are read; null for all. */
  readonly only: readonly string[] | null
}

export function initialState(definition: ModelDefinition, entity: EntityClass, executor: Executor | null): QueryState {
  return {
    definition,
    entity,
    executor,
    clauses: [],
    order: [],
    limit: null,
    offset: 0,
    distinct: false,
    lock: null,
    related: [],
    prefetch: [],
    only: null,
  }
}

/** The shape of the conditions, or null where one of them is an expression. */
export function shapeOfConditions({ clauses }: QueryState): string | null {
  const shapes = clauses.map(shapeOf)
  return shapes.includes(null) ? null : shapes.join('&')
}

/** The shape of a SELECT: what is the same in all statements that differ in values only. */
export function shapeOfQuery(state: QueryState): string | null {
  const conditions = shapeOfConditions(state)
  const order = state.order.map((term) => ('path' in term ? `${term.descending ? '-' : ''}${term.path}` : null))
  if (conditions === null || order.includes(null)) return null
  const { limit, offset, distinct, lock, related, only } = state
  const figures = [limit === null ? '' : 'l', offset === 0 ? '' : 'o', distinct, lock ?? '']
  return [conditions, order.join(), ...figures, related.join(), only?.join() ?? '*'].join('|')
}

/** The values of the conditions, in the order of their slots. */
export function valuesOfConditions({ clauses }: QueryState): unknown[] {
  const values: unknown[] = []
  for (const clause of clauses) collectValues(clause, values)
  return values
}

/** Those of the whole SELECT: behind the conditions, its limit and offset. */
export function valuesOfQuery(state: QueryState): unknown[] {
  const values = valuesOfConditions(state)
  if (state.limit !== null) values.push(state.limit)
  if (state.offset !== 0) values.push(state.offset)
  return values
}

/** @throws {RangeError} it is not 0 or more */
export function wholeNumber(method: string, rows: number): number {
  if (Number.isSafeInteger(rows) && rows >= 0) return rows
  throw new RangeError(`${method}() takes a whole number of rows, 0 or more.`)
}
