import { InvalidRequestError } from '../errors.ts'
import type { Executor } from '../sql/executor.ts'
import type { Entity, EntityClass, ModelDefinition } from './definition.ts'
import type { Hydration } from './hydrated-values.ts'

/** What an instance knows of itself beside its values. */
export interface InstanceState {
  /** That it was read or made through. */
  executor: Executor | null
  /** There is a row of it. */
  stored: boolean
  deleted: boolean
  /** Fields that have not been read. */
  missing: ReadonlySet<string> | null
  /** Rows of its relations that have been read ahead, by the relation's name. */
  prefetched: Map<string, readonly Entity[]> | null
}

/** What all instances are at the bottom: values, and a state that is nobody's business. */
export class Stateful {
  readonly #state: InstanceState

  protected constructor(hydration: Hydration<unknown> | null) {
    this.#state = {
      executor: hydration?.executor ?? null,
      stored: hydration !== null,
      deleted: false,
      missing: hydration?.missing ?? null,
      prefetched: null,
    }
    hydration?.fill(this as unknown as Entity, hydration.source, hydration.executor)
  }

  /** The definition of an instance's model. */
  static definitionOf(instance: object): ModelDefinition {
    return Reflect.get(instance.constructor, definitionKey) as ModelDefinition
  }

  /** The state of an instance. */
  static of(instance: object): InstanceState {
    if (#state in instance) return instance.#state
    throw new TypeError('This is no instance of a model.')
  }
}

/** Rows that a relation leads to have been read with those of an instance. */
export function keepRelated(entity: Entity, relation: string, rows: readonly Entity[]): void {
  const state = Stateful.of(entity)
  state.prefetched ??= new Map()
  state.prefetched.set(relation, rows)
}

/** The row that a relation leads to, or null. */
export function relatedRow(instance: object, relation: string): Entity | null {
  const { prefetched, stored } = Stateful.of(instance)
  const rows = prefetched?.get(relation)
  if (rows !== undefined) return rows[0] ?? null
  const { name: model } = instance.constructor
  throw new InvalidRequestError(
    stored
      ? `${model}.${relation} has not been read: await load('${relation}'), or ask for it in the query.`
      : `${String(instance)} has not been created: it has no ${relation}.`,
  )
}

/** Where a class keeps its definition. */
export const definitionKey = Symbol('offloop.model')

const sparse = new WeakMap<EntityClass, Map<string, EntityClass>>()

/** A new instance out of a row. What was not read of it throws when it is looked at. */
export function makeEntity<Source>(entity: EntityClass, hydration: Hydration<Source>): Entity {
  return new (classWithout(entity, hydration.missing))(hydration)
}

/** The class, whose instances throw where one of the missing fields is looked at: for those a prototype stands between its own and them. */
export function classWithout(entity: EntityClass, missing: ReadonlySet<string> | null): EntityClass {
  if (missing === null || missing.size === 0) return entity
  let classes = sparse.get(entity)
  if (classes === undefined) {
    classes = new Map()
    sparse.set(entity, classes)
  }
  const key = [...missing].join('\0')
  let made = classes.get(key)
  if (made === undefined) {
    // Derived in earnest, and not a prototype put in between: V8 makes instances of such a one as fast as of the class itself.
    made = class extends entity {}
    Object.defineProperty(made.prototype, 'constructor', { value: entity, configurable: true, writable: true })
    for (const name of missing) Object.defineProperty(made.prototype, name, unreadField(name))
    classes.set(key, made)
  }
  return made
}

/** What an instance has in these fields is not what its row has: as in one of which they were not read, they throw when they are looked at. */
export function forgetFields(instance: object, names: Iterable<string>): void {
  const state = Stateful.of(instance)
  const missing = new Set([...(state.missing ?? []), ...names])
  if (missing.size === 0) return
  for (const name of names) Reflect.deleteProperty(instance, name)
  Object.setPrototypeOf(instance, classWithout(instance.constructor as unknown as EntityClass, missing).prototype)
  state.missing = missing
}

function unreadField(name: string): PropertyDescriptor {
  return {
    configurable: true,
    get(this: object): never {
      const { name: model } = this.constructor
      throw new InvalidRequestError(`${model}.${name} has not been read: await load(), or ask for it in the query.`)
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
    },
  }
}
