import { ArgumentError } from '../errors.ts'
import type { Executor } from '../sql/executor.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { changesIn, isInTransaction } from '../sql/open-transaction.ts'
import { Sql } from '../sql/template.ts'
import { type Entity, type EntityClass, type ModelDefinition, type StoredField, targetOf } from './definition.ts'
import { Hydration } from './hydrated-values.ts'
import { allBut, allFields } from './hydration.ts'
import { insertRows } from './insert-rows.ts'
import { makeEntity, Stateful } from './model-state.ts'
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
 * Creates rows, several in one transaction, and gives them as instances. Where that is rolled back, they are what the class makes of the values.
 *
 * @throws {ValidationError} values do not fit; nothing has been sent
 */
export async function createEntities(creation: Creation, given: readonly object[]): Promise<Entity[]> {
  const { executor } = creation
  const changes = changesIn(executor)
  const entities = await insertEntities(creation, given)
  if (!isInTransaction(executor)) return entities
  for (const [index, entity] of entities.entries()) {
    // The caller may make the next row of the same object.
    const values = { ...given[index] }
    changes.onRollback(entity, () => uncreate(entity, values, creation))
  }
  return entities
}

/** There is no row of it: neither a key that the database has counted nor a default is left, and saving it makes them anew. */
function uncreate(instance: Entity, given: object, { definition, entity, bound }: Creation): void {
  Object.setPrototypeOf(instance, entity.prototype)
  for (const { name } of allFields(definition)) Reflect.deleteProperty(instance, name)
  assignValues(instance, given, { definition, bound })
  Object.assign(Stateful.of(instance), { stored: false, deleted: false, missing: null, prefetched: null })
}

/**
 * As `createEntities`, for instances that somebody else takes care of.
 *
 * @throws {ValidationError} values do not fit; nothing has been sent
 */
export async function insertEntities(creation: Creation, given: readonly object[]): Promise<Entity[]> {
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

/**
 * Gives an instance values by the names of its fields; what is no instance behind a relation is its key.
 *
 * @throws {ArgumentError} there is no such field
 */
export function assignValues(instance: Entity, values: object, { definition, bound }: Pick<Creation, 'definition' | 'bound'>): void {
  const fields = allFields(definition)
  for (const [name, value] of Object.entries(values)) {
    const field = name === 'pk' ? definition.keyField : fields.find((candidate) => candidate.name === name)
    if (field === undefined) {
      const known = fields.map((candidate) => candidate.name)
      throw new ArgumentError(`Model ${definition.name} has no field ${printableName(name)}.${didYouMean(name, known)}`)
    }
    const isKey = field.relation !== null && value !== null && value !== undefined && (typeof value !== 'object' || value instanceof Date)
    instance[field.name] = isKey ? relatedValue(field, value, undefined, bound) : value
  }
}

/** The instance behind a foreign key: the one that was given, or one that holds the key alone. */
export function relatedValue(field: StoredField, key: unknown, given: unknown, bound: Executor | null): Entity {
  const target = targetOf(field)
  const entity = target.models.classOf(target)
  if (given instanceof entity) return given as Entity
  const { keyField } = target
  const value = keyField.relation === null ? key : relatedValue(keyField, key, undefined, bound)
  return makeEntity(entity, Hydration.of({ [keyField.name]: value }, bound, allBut(target, [keyField.name])))
}
