import { inspect } from 'node:util'
import { InvalidRequestError } from '../errors.ts'
import type { Executor } from '../sql/executor.ts'
import { changesIn, type ObjectChanges } from '../sql/open-transaction.ts'
import { Sql } from '../sql/template.ts'
import { clauseOf } from './clause.ts'
import { assignValues, insertEntities, relatedValue } from './create-entities.ts'
import type { Entity, EntityClass, ModelDefinition, StoredField } from './definition.ts'
import { Hydration } from './hydrated-values.ts'
import { allFields } from './hydration.ts'
import { deleteEntities, updateEntities } from './joined-changes.ts'
import { NoMatch } from './match-errors.ts'
import { definitionKey, forgetFields, Stateful } from './model-state.ts'
import { prefetchInto } from './prefetch.ts'
import { countRows, executorOf, readAll } from './query-runner.ts'
import { initialState, type QueryState } from './query-state.ts'
import { isFilledIn, isSetByUpdates, validateChanges } from './validation.ts'

/** Of a class that `define()` has made, or one that is derived from it. */
export function definitionOf(model: unknown): ModelDefinition | undefined {
  if (typeof model !== 'function') return undefined
  const definition: unknown = Reflect.get(model, definitionKey)
  return definition instanceof Object ? (definition as ModelDefinition) : undefined
}

const { definitionOf: definitionFor } = Stateful

/** What the instances of all models can do. */
export class Model extends Stateful {
  constructor(values?: object) {
    super(values instanceof Hydration ? values : null)
    if (values instanceof Hydration || values === undefined) return
    assignValues(this as unknown as Entity, values, { definition: definitionFor(this), bound: null })
  }

  /** The key: of several fields, a list in their order. */
  get pk(): unknown {
    const { keyFields } = definitionFor(this)
    const key = keyFields.map((field) => keyValue(this as unknown as Entity, field))
    return key.length === 1 ? key[0] : key
  }

  set pk(value: unknown) {
    Reflect.set(this, definitionFor(this).keyField.name, value)
  }

  /**
   * Stores these values, and has them from then on.
   *
   * @throws {ValidationError} a value does not fit; nothing was sent
   * @throws {NoMatch} there is no row of it; its values are as they were
   * @throws {InvalidRequestError} it has been deleted
   */
  async update(values: object): Promise<this> {
    await updateInstance(this, values, writerOf(this))
    return this
  }

  /**
   * Deletes its row.
   *
   * @returns how many rows there were: 1
   * @throws {NoMatch} there is none
   * @throws {InvalidRequestError} it has been deleted
   */
  async delete(): Promise<number> {
    return await deleteInstance(this, writerOf(this))
  }

  /**
   * Reads all of its fields; or with names, the rows that these relations lead to, as `prefetchRelated` does: `load('profile')`.
   *
   * @throws {NoMatch} there is no row of it
   * @throws {ArgumentError} there is no such relation
   */
  async load(...relations: readonly string[]): Promise<this> {
    if (relations.length > 0) {
      await prefetchInto({ ...ownRow(this), prefetch: relations }, [this as unknown as Entity])
      return this
    }
    const [fresh] = await readAll(ownRow(this))
    if (fresh === undefined) throw noRow(this)
    Object.assign(this, fresh)
    const state = Stateful.of(this)
    state.missing = null
    state.prefetched = null
    state.stored = true
    return this
  }

  /** Reads its fields once more: what has not been stored is lost. */
  async refresh(): Promise<this> {
    return await this.load()
  }

  /**
   * Stores its values as they are: creates its row, or updates it.
   *
   * @throws {ValidationError} a value does not fit; nothing was sent
   * @throws {NoMatch} its row is gone
   * @throws {InvalidRequestError} it has been deleted
   */
  async save(): Promise<this> {
    assertNotDeleted(this, 'saved')
    if (Stateful.of(this).stored) await updateWhole(this, writerOf(this))
    else await storeNew(this, writerOf(this))
    return this
  }

  /** The same class, and the same values in all fields; one that it does not have is as good as null. */
  equals(other: unknown): boolean {
    if (!(other instanceof Model) || other.constructor !== this.constructor) return false
    const [mine, theirs] = [loadedValues(this), loadedValues(other)]
    return allFields(definitionFor(this)).every(({ name }) => sameValue(mine[name] ?? null, theirs[name] ?? null))
  }

  /** Its values as a plain object; of relations that have been read, theirs, of others the key. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(loadedValues(this)).map(([name, value]) => [name, value instanceof Model ? plainRelation(value) : value]),
    )
  }

  /** As `toObject`, with what JSON can hold: bigints are their digits. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this.toObject()).map(([name, value]) => [name, typeof value === 'bigint' ? value.toString() : value]),
    )
  }

  [inspect.custom](): string {
    const { keyFields } = definitionFor(this)
    const key = keyFields.map((field) => `${field.name}=${inspect(keyValue(this as unknown as Entity, field))}`).join(', ')
    return `${this.constructor.name}(${key})${Stateful.of(this).missing === null ? '' : ' [sparse]'}`
  }

  override toString(): string {
    return this[inspect.custom]()
  }
}

/** As `Model.update`, through an executor. */
export async function updateInstance(instance: Model, values: object, executor: Executor): Promise<void> {
  assertNotDeleted(instance, 'updated')
  const changed = validateChanges(definitionFor(instance), values)
  if (Object.keys(changed).length > 0) await storeChanges(instance, { values, changed }, executor)
}

/** Stores an instance as it is; where it has nothing but its key to store, its row has to be there all the same. */
export async function updateWhole(instance: Model, executor: Executor): Promise<void> {
  assertNotDeleted(instance, 'updated')
  const values = valuesOutsideKey(instance)
  const changed = validateChanges(definitionFor(instance), values)
  if (Object.keys(changed).length > 0) await storeChanges(instance, { values, changed }, executor)
  else if ((await countRows({ ...ownRow(instance), executor })) === 0) throw noRow(instance)
}

interface InstanceChanges {
  /** As they were given. */
  readonly values: object
  /** As they are stored. */
  readonly changed: Entity
}

async function storeChanges(instance: Model, { values, changed }: InstanceChanges, executor: Executor): Promise<void> {
  const changes = changesIn(executor)
  const matched = await updateEntities(ownRow(instance), changed, executor)
  if (matched === 0) throw noRow(instance)
  takeChanges(instance, changed, { given: values, changes })
}

/** Gives an instance what an update has stored of it; a related instance that was given is the one that it has. */
export function takeChanges(
  instance: Model,
  changed: Entity,
  { given, changes }: { readonly given: object; readonly changes: ObjectChanges },
): void {
  const definition = definitionFor(instance)
  const undo = rememberInstance(instance)
  for (const [name, value] of Object.entries(changed)) {
    // What SQL has made of it is known to the database only.
    if (value instanceof Sql) forgetFields(instance, [name])
    else takeStored(instance, definition.field(name), value, given)
  }
  changes.onRollback(instance, undo)
}

/** As `Model.delete`, through an executor. */
export async function deleteInstance(instance: Model, executor: Executor): Promise<number> {
  assertNotDeleted(instance, 'deleted again')
  const changes = changesIn(executor)
  const matched = await deleteEntities(ownRow(instance), executor)
  if (matched === 0) throw noRow(instance)
  const undo = rememberInstance(instance)
  Stateful.of(instance).deleted = true
  changes.onRollback(instance, undo)
  return matched
}

/** What an update of the whole instance stores: not its key, nor what each update sets by itself. */
function valuesOutsideKey(instance: Model): Entity {
  const definition = definitionFor(instance)
  const isLeft = ([name]: readonly [string, unknown]) => {
    const field = definition.field(name)
    return !field.primaryKey && !isSetByUpdates(field)
  }
  return Object.fromEntries(Object.entries(loadedValues(instance)).filter(isLeft))
}

/** What a session adds of an instance: where a field has a default, null is nothing that was given, as in SQLAlchemy. */
export function valuesToAdd(instance: Model): Entity {
  const definition = definitionFor(instance)
  return Object.fromEntries(
    Object.entries(loadedValues(instance)).filter(([name, value]) => value !== null || !isFilledIn(definition.field(name))),
  )
}

/** Remembers an instance as it is, and gives what makes it so again. */
export function rememberInstance(instance: Model): () => void {
  const values = { ...instance }
  const { prefetched, ...state } = Stateful.of(instance)
  const rows = prefetched === null ? null : new Map(prefetched)
  const prototype: object = Object.getPrototypeOf(instance)
  return () => {
    Object.setPrototypeOf(instance, prototype)
    for (const name of Object.keys(instance)) if (!Object.hasOwn(values, name)) Reflect.deleteProperty(instance, name)
    Object.assign(instance, values)
    Object.assign(Stateful.of(instance), state, { prefetched: rows })
  }
}

/** Inserts what an instance has, and gives it what the database has filled in. */
export async function storeNew(instance: Model, executor: Executor, values = loadedValues(instance)): Promise<void> {
  const definition = definitionFor(instance)
  const entity = instance.constructor as unknown as EntityClass
  const bound = Stateful.of(instance).executor
  const changes = changesIn(executor)
  const [created] = await insertEntities({ definition, entity, executor, bound }, [values])
  const undo = rememberInstance(instance)
  Object.assign(instance, created)
  const state = Stateful.of(instance)
  state.stored = true
  state.deleted = false
  state.missing = null
  if (created !== undefined) forgetFields(instance, Stateful.of(created).missing ?? [])
  changes.onRollback(instance, undo)
}

/** The values of fields that it has. */
export function loadedValues(instance: Model): Entity {
  const values: Entity = {}
  const { missing } = Stateful.of(instance)
  for (const { name } of allFields(definitionFor(instance))) {
    if (missing?.has(name) === true && !Object.hasOwn(instance, name)) continue
    const value: unknown = Reflect.get(instance, name)
    if (value !== undefined) values[name] = value
  }
  return values
}

/** A part of the key of an instance: of a relation, the key that this leads to. */
export function keyValue(instance: Entity, field: StoredField): unknown {
  const value = instance[field.name]
  return value instanceof Model ? value.pk : value
}

/** The rows of its key: one, or none. */
export function ownRow(instance: Model): QueryState {
  const definition = definitionFor(instance)
  const { executor } = Stateful.of(instance)
  const state = initialState(definition, instance.constructor as unknown as EntityClass, executor)
  const lookups = definition.keyFields.map((field) => [field.name, keyValue(instance as unknown as Entity, field)] as const)
  if (lookups.some(([, value]) => value === undefined || value === null)) {
    throw new InvalidRequestError(`${definition.name} has no key: it has not been created.`)
  }
  return { ...state, clauses: [clauseOf(definition, Object.fromEntries(lookups))] }
}

/** What an instance is written through: what it was read through, while that is open. */
export function writerOf(instance: Model): Executor {
  const { executor } = Stateful.of(instance)
  return executorOf({ executor, definition: definitionFor(instance) })
}

function takeStored(instance: Model, field: StoredField, value: unknown, given: object): void {
  const { executor, missing } = Stateful.of(instance)
  if (missing?.has(field.name) === true) {
    const rest = new Set([...missing].filter((name) => name !== field.name))
    Stateful.of(instance).missing = rest.size === 0 ? null : rest
  }
  const isKey = field.relation !== null && value !== null
  Reflect.set(instance, field.name, isKey ? relatedValue(field, value, Reflect.get(given, field.name), executor) : value)
}

function assertNotDeleted(instance: Model, action: string): void {
  if (Stateful.of(instance).deleted) throw new InvalidRequestError(`${instance} has been deleted, and cannot be ${action}.`)
}

function noRow(instance: Model): NoMatch {
  return new NoMatch(`There is no row of ${instance} in table "${definitionFor(instance).tableName}".`)
}

function plainRelation(related: Model): unknown {
  return Stateful.of(related).missing === null ? related.toObject() : related.pk
}

function sameValue(left: unknown, right: unknown): boolean {
  if (left instanceof Model && right instanceof Model) return left.constructor === right.constructor && sameValue(left.pk, right.pk)
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime()
  return left === right || inspect(left, { depth: null }) === inspect(right, { depth: null })
}
