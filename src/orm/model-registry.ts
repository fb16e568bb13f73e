import { ArgumentError } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import { MetaData } from '../schema/metadata.ts'
import type { Table } from '../schema/table.ts'
import type { Executor, TransactionOptions } from '../sql/executor.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { abstractBase } from './abstract-base.ts'
import { type AnyFields, type Entity, type EntityClass, ModelDefinition, type Reverse } from './definition.ts'
import { allFields } from './hydration.ts'
import { stepNamed } from './lookup.ts'
import { type ManagedModel, Manager } from './manager.ts'
import { definitionOf, Model } from './model.ts'
import type { AbstractBase, DefineOptions, ManagerClass, ModelClass, ModelInstance, Resolved, WithManager } from './model-class.ts'
import { definitionKey, relatedRow } from './model-state.ts'
import { Definitions } from './registry.ts'
import { type ManyStep, RelatedSet } from './related-set.ts'
import type { TableParts } from './table-parts.ts'
import type { Fields } from './types.ts'

/** What a model is made with, beside its table and its fields. */
interface Made {
  readonly manager: ManagerClass
  readonly parent: ModelDefinition | null
  readonly base: EntityClass
  readonly parts: TableParts
}

/** Models that know each other, and the engine that holds their rows. */
export class ModelRegistry {
  readonly #definitions: Definitions

  /** @param engine or any other executor: a connection, a transaction */
  constructor(engine: Executor, options: { readonly metadata?: MetaData | undefined } = {}) {
    checkOptionNames(options, ['metadata'], 'A ModelRegistry')
    const { metadata = new MetaData() } = options
    if (typeof engine !== 'object' || engine === null || typeof engine.execute !== 'function')
      throw new TypeError('A ModelRegistry takes an engine.')
    this.#definitions = new Definitions(engine, metadata, (model) => this.#noted(model))
  }

  /**
   * The tables of all models, and those between them: for migrations and tests. It may be taken before they are defined, and has them when it is
   * asked for its tables.
   */
  get metadata(): MetaData {
    return this.#definitions.metadata
  }

  /**
   * Defines a model: the base of a class.
   *
   * @example
   * class Note extends models.define('notes', { id: integer({ primaryKey: true }), text: string({ maxLength: 100 }) }) {}
   * @throws {ArgumentError} a field cannot be as it was given, an option is unknown, or there is a model of that table
   */
  define<const N extends string, F extends Fields>(table: N, fields: F, options?: TableParts): ModelClass<Resolved<F, N>, N>
  define<const N extends string, F extends Fields, T extends ManagerClass>(
    table: N,
    fields: F,
    options: DefineOptions<T> & { readonly manager: T },
  ): WithManager<ModelClass<Resolved<F, N>, N>, T> & (new (values?: object) => ModelInstance<Resolved<F, N>>)
  define(table: string, fields: Fields, options: DefineOptions = {}): unknown {
    return this.#definedOn(Model as unknown as EntityClass, table, fields, options)
  }

  /**
   * Fields that several models share. A class that is derived from it adds methods, and `define()` of that class makes the models.
   *
   * @example
   * abstract class Timestamped extends models.abstract({ created: dateTime({ autoNowAdd: true }) }) {
   *   get year() { return this.created.getUTCFullYear() }
   * }
   * class Note extends Timestamped.define('notes', { id: integer({ primaryKey: true }) }) {}
   */
  abstract<F extends Fields>(fields: F): AbstractBase<F> {
    const define = this.#definedOn.bind(this)
    return abstractBase(Model as unknown as EntityClass, fields, define) as unknown as AbstractBase<F>
  }

  /** Creates the tables of all models. */
  async createAll(): Promise<void> {
    await this.metadata.createAll(this.#definitions.executor)
  }

  /** Drops the tables of all models. */
  async dropAll(): Promise<void> {
    await this.metadata.dropAll(this.#definitions.executor)
  }

  /** Runs a function in a transaction that all models use inside of it, also where nobody hands it on. */
  async transaction<T>(work: (tx: Executor) => Promise<T>, options?: TransactionOptions): Promise<T> {
    const definitions = this.#definitions
    return await definitions.executor.transaction(async (tx) => await definitions.runWith(tx, async () => await work(tx)), options)
  }

  #definedOn(base: EntityClass, table: string, fields: AnyFields, options: DefineOptions): EntityClass {
    checkOptionNames(options, ['manager', ...partNames], 'define()')
    return this.#defined(table, fields, { manager: (options.manager ?? Manager) as ManagerClass, parent: null, base, parts: options })
  }

  #noted(model: unknown): ModelDefinition | undefined {
    const definition = definitionOf(model)
    if (definition !== undefined) this.#note(definition, model as EntityClass)
    return definition
  }

  #note(definition: ModelDefinition, model: EntityClass): void {
    const base = bases.get(definition)
    if (base !== undefined) this.#definitions.noteClass(definition, base, model)
  }

  #defined(table: string, fields: AnyFields, made: Made): EntityClass {
    if (typeof table !== 'string' || table === '') throw new ArgumentError('define() takes the name of a table.')
    const definitions = this.#definitions
    const definition = new ModelDefinition(definitions, table, fields, made)
    const note = (model: EntityClass) => this.#note(definition, model)
    const defineJoined = (model: EntityClass, name: string, { more, parts }: { readonly more: AnyFields; readonly parts: TableParts }) => {
      const keys = Object.fromEntries(definition.keyFields.map((key) => [key.name, definition.declared[key.name]]))
      const manager = Manager as unknown as ManagerClass
      return this.#defined(name, { ...keys, ...more }, { manager, parent: definition, base: model, parts })
    }
    const managers = new WeakMap<EntityClass, object>()
    const Base = made.base as unknown as typeof Model
    const model = class extends Base {
      static readonly [definitionKey] = definition

      constructor(values?: object) {
        super(values)
        note(new.target as unknown as EntityClass)
        installReverses(definition)
      }

      static get objects(): object {
        const entity = this as unknown as EntityClass
        note(entity)
        let manager = managers.get(entity)
        if (manager === undefined) {
          manager = new made.manager(entity as never)
          managers.set(entity, manager)
        }
        return manager
      }

      static get table(): Table {
        note(this as unknown as EntityClass)
        return definition.table
      }

      static get c(): Readonly<Record<string, Column>> {
        note(this as unknown as EntityClass)
        return Object.fromEntries(allFields(definition).map((field) => [field.name, definition.column(field)]))
      }

      static get fields(): AnyFields {
        return Object.freeze({ ...definition.declared })
      }

      static get pkName(): string {
        return definition.keyField.name
      }

      static extend(name: string, more: AnyFields, parts: TableParts = {}): EntityClass {
        note(this as unknown as EntityClass)
        checkOptionNames(parts, partNames, 'extend()')
        return defineJoined(this as unknown as EntityClass, name, { more, parts })
      }
    }
    Object.defineProperty(model, 'name', { value: table, configurable: true })
    const entity = model as unknown as EntityClass
    bases.set(definition, entity)
    definitions.add(definition, entity)
    for (const name of definition.manyToMany.keys()) defineSet(model.prototype, name, definition)
    return entity
  }
}

Manager.useAccess({ definitionOf })

const partNames: readonly (keyof TableParts)[] = ['constraints', 'indexes']

/** The class that `define()` has made for a definition. */
const bases = new WeakMap<ModelDefinition, EntityClass>()
const installed = new WeakMap<ModelDefinition, ReadonlyMap<string, Reverse>>()

/** Relations of other models that lead here have their names on the instances as soon as there is one. */
function installReverses(definition: ModelDefinition): void {
  const reverses = definition.models.reverseOf(definition)
  if (installed.get(definition) === reverses) return
  installed.set(definition, reverses)
  const { prototype } = bases.get(definition) as EntityClass
  for (const [name, { kind }] of reverses) {
    if (name in prototype) continue
    if (kind === 'oneToOne') defineRow(prototype, name)
    else defineSet(prototype, name, definition)
  }
}

function defineRow(prototype: object, name: string): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: Model): Entity | null {
      return relatedRow(this, name)
    },
  })
}

function defineSet(prototype: object, name: string, definition: ModelDefinition): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: Model): RelatedSet<ManagedModel> {
      return new RelatedSet(this as unknown as Entity, stepNamed(definition, name) as ManyStep, this.pk)
    },
  })
}
