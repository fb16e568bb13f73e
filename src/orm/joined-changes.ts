import type { Executor } from '../sql/executor.ts'
import { deleteRows, updateRows } from './change-rows.ts'
import { clauseOf } from './clause.ts'
import type { Entity, ModelDefinition } from './definition.ts'
import { keyConditions } from './key-chunks.ts'
import { readValues } from './query-runner.ts'
import { initialState, type QueryState } from './query-state.ts'

// Rows of a model that extends another one are in both tables: what changes them finds their keys first, and then changes each table by these.

/** As `updateRows`, for models of joined tables too. */
export async function updateEntities(state: QueryState, changes: Entity, executor: Executor): Promise<number> {
  if (state.definition.parent === null) return await updateRows(state, changes, executor)
  return await executor.transaction(async (tx) => {
    const keys = await keysOf(state, tx)
    for (let level: ModelDefinition | null = state.definition; keys.length > 0 && level !== null; level = level.parent) {
      const own = Object.fromEntries(Object.entries(changes).filter(([name]) => isOwn(level as ModelDefinition, name)))
      if (Object.keys(own).length > 0) for (const rows of rowsOf(level, keys, tx)) await updateRows(rows, own, tx)
    }
    return keys.length
  })
}

/** As `deleteRows`, for models of joined tables too: the child's row goes first. */
export async function deleteEntities(state: QueryState, executor: Executor): Promise<number> {
  if (state.definition.parent === null) return await deleteRows(state, executor)
  return await executor.transaction(async (tx) => {
    const keys = await keysOf(state, tx)
    for (let level: ModelDefinition | null = state.definition; keys.length > 0 && level !== null; level = level.parent) {
      for (const rows of rowsOf(level, keys, tx)) await deleteRows(rows, tx)
    }
    return keys.length
  })
}

/** A key that parent and child share is never changed in one of them alone. */
function isOwn(definition: ModelDefinition, name: string): boolean {
  const field = definition.fields.get(name)
  return field !== undefined && !(field.primaryKey && definition.parent !== null)
}

async function keysOf(state: QueryState, tx: Executor): Promise<readonly Record<string, unknown>[]> {
  return await readValues({ ...state, distinct: false, executor: tx }, keyNames(state.definition))
}

/** As many sets as there have to be statements. */
function rowsOf(definition: ModelDefinition, keys: readonly Record<string, unknown>[], tx: Executor): readonly QueryState[] {
  const state = initialState(definition, definition.models.classOf(definition), tx)
  return keyConditions(keyNames(definition), keys).map((condition) => ({ ...state, clauses: [clauseOf(definition, condition)] }))
}

function keyNames({ keyFields }: ModelDefinition): readonly string[] {
  return keyFields.map(({ name }) => name)
}
