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

  protected constructor(hydration: Hydration | null) {
    this.#state = {
      executor: hydration?.executor ?? null,
      stored: hydration !== null,
      deleted: false,
      missing: hydration?.missing ?? null,
      prefetched: null,
    }
    if (hydration !== null) Object.assign(this, hydration.values)
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

/** Where a class keeps its definition. */
export const definitionKey = Symbol('offloop.model')

const sparse = new WeakMap<EntityClass, Map<string, { readonly prototype: object }>>()

/** A new instance out of a row. What was not read of it throws when it is looked at. */
export function makeEntity(entity: EntityClass, hydration: Hydration): Entity {
  const { missing } = hydration
  return missing === null || missing.size === 0
    ? new entity(hydration)
    : Reflect.construct(entity, [hydration], sparseTarget(entity, missing))
}

/** Stands for the class in `new`: instances have a prototype between theirs and its own. */
function sparseTarget(entity: EntityClass, missing: ReadonlySet<string>): new () => object {
  const key = [...missing].join('\0')
  let targets = sparse.get(entity)
  if (targets === undefined) {
    targets = new Map()
    sparse.set(entity, targets)
  }
  let target = targets.get(key)
  if (target === undefined) {
    target = class {}
    Object.setPrototypeOf(target.prototype, entity.prototype)
    Object.defineProperty(target.prototype, 'constructor', { value: entity, configurable: true, writable: true })
    for (const name of missing) Object.defineProperty(target.prototype, name, unreadField(name))
    targets.set(key, target)
  }
  return target as new () => object
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
