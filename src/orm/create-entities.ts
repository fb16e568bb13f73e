import type { Executor } from '../sql/executor.ts'
import { Sql } from '../sql/template.ts'
import { type Entity, type EntityClass, type ModelDefinition, type StoredField, targetOf } from './definition.ts'
import { Hydration } from './hydrated-values.ts'
import { allBut, allFields } from './hydration.ts'
import { insertRows } from './insert-rows.ts'
import { makeEntity } from './model-state.ts'
import { validateNew } from './validation.ts'

/** What is created, and how. */
export interface Creation {
  readonly definition: ModelDefinition
  readonly entity: EntityClass
  readonly executor: Executor
  /** What the instances are written through later. */
  readonly bound: Executor | null
}

/**
 * Creates rows, several in one transaction, and gives them as instances.
 *
 * @throws {ValidationError} values do not fit; nothing has been sent
 */
export async function createEntities(creation: Creation, given: readonly object[]): Promise<Entity[]> {
  const { definition, executor } = creation
  const rows = given.map((values) => validateNew(definition, values))
  if (rows.length === 0) return []
  if (rows.length === 1 && definition.parent === null) await insertRows(definition, rows, executor)
  else await executor.transaction(async (tx) => await insertJoined(definition, rows, tx))
  return rows.map((row, index) => entityOfRow(creation, row, given[index] as object))
}

/** Of joined tables, the parent's row comes first: its key is that of the child's. */
async function insertJoined(definition: ModelDefinition, rows: readonly Entity[], executor: Executor): Promise<void> {
  if (definition.parent !== null) await insertJoined(definition.parent, rows, executor)
  await insertRows(definition, rows, executor)
}

/** An instance of what has been stored; a related instance that was given is the one that it has. */
export function entityOfRow(
  { definition, entity, bound }: Pick<Creation, 'definition' | 'entity' | 'bound'>,
  row: Entity,
  given: object,
): Entity {
  const values: Entity = {}
  const missing: string[] = []
  for (const field of allFields(definition)) {
    const value = row[field.name]
    // What SQL has made of it is known to the database only.
    if (value === undefined || value instanceof Sql) missing.push(field.name)
    else
      values[field.name] =
        field.relation === null || value === null ? value : relatedValue(field, value, Reflect.get(given, field.name), bound)
  }
  return makeEntity(entity, Hydration.of(values, bound, missing.length === 0 ? null : new Set(missing)))
}

/** The instance behind a foreign key: the one that was given, or one that holds the key alone. */
export function relatedValue(field: StoredField, key: unknown, given: unknown, bound: Executor | null): Entity {
  const target = targetOf(field)
  const entity = target.models.classOf(target)
  if (given instanceof entity) return given as Entity
  const { name } = target.keyField
  return makeEntity(entity, Hydration.of({ [name]: key }, bound, allBut(target, [name])))
}
