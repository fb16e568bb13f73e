import { ArgumentError, InvalidRequestError } from '../errors.ts'
import { describeValue } from '../sql/parameters.ts'
import type { AnyFields, EntityClass } from './definition.ts'
import type { Model } from './model.ts'
import type { DefineOptions } from './model-class.ts'
import { definitionKey } from './model-state.ts'

/** Defines a model on a base, with all of its fields. */
type DefineOn = (base: EntityClass, table: string, fields: AnyFields, options: DefineOptions) => EntityClass

/** A class with fields for models that are defined on it, or on a class that is derived from it. Whatever takes it for a model is refused. */
export function abstractBase(base: EntityClass, shared: AnyFields, define: DefineOn): EntityClass {
  if (typeof shared !== 'object' || shared === null) throw new TypeError(`abstract() takes fields by name, found ${describeValue(shared)}.`)
  const Base = base as unknown as typeof Model
  const made = class extends Base {
    constructor(values?: object) {
      // Of a model, this is its definition; here it throws.
      Reflect.get(new.target, definitionKey)
      super(values)
    }

    static get [definitionKey](): never {
      throw noModel(this)
    }

    static get objects(): never {
      throw noModel(this)
    }

    static get table(): never {
      throw noModel(this)
    }

    static get c(): never {
      throw noModel(this)
    }

    static get pkName(): never {
      throw noModel(this)
    }

    static get fields(): AnyFields {
      return Object.freeze({ ...shared })
    }

    static extend(): never {
      throw noModel(this)
    }

    static define(table: string, fields: AnyFields, options: DefineOptions = {}): EntityClass {
      assertAbstract(this)
      return define(this as unknown as EntityClass, table, withShared(shared, fields, this.name), options)
    }

    static abstract(fields: AnyFields): EntityClass {
      assertAbstract(this)
      return abstractBase(this as unknown as EntityClass, withShared(shared, fields, this.name), define)
    }
  }
  Object.defineProperty(made, 'name', { value: 'abstract base', configurable: true })
  return made as unknown as EntityClass
}

function noModel({ name }: { readonly name: string }): InvalidRequestError {
  return new InvalidRequestError(
    `${name} is abstract: it has no table, no objects and no instances. Define a model of it: class … extends ${name}.define('table', {…}).`,
  )
}

/** A model has inherited these methods, too. */
function assertAbstract(base: { readonly name: string }): void {
  for (let at: object | null = base; at !== null; at = Object.getPrototypeOf(at)) {
    const key = Object.getOwnPropertyDescriptor(at, definitionKey)
    if (key === undefined) continue
    if (key.get !== undefined) return
    throw new InvalidRequestError(
      `${base.name} is a model, and no abstract base: ${base.name}.extend() makes a model whose rows have more fields.`,
    )
  }
}

function withShared(shared: AnyFields, fields: AnyFields, base: string): AnyFields {
  for (const name of Object.keys(fields ?? {})) {
    if (Object.hasOwn(shared, name)) throw new ArgumentError(`${base} has a field "${name}" already: call the other one otherwise.`)
  }
  return { ...shared, ...fields }
}
