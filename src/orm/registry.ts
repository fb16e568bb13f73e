import { AsyncLocalStorage } from 'node:async_hooks'
import { ArgumentError, InvalidRequestError } from '../errors.ts'
import type { ColumnOptions, Reference, ReferentialAction } from '../schema/column-options.ts'
import { ColumnSpec } from '../schema/column-spec.ts'
import { type ForeignKeyConstraint, foreignKeyConstraint } from '../schema/constraints.ts'
import type { ColumnSpecs } from '../schema/infer.ts'
import { addMaker } from '../schema/late-tables.ts'
import type { MetaData } from '../schema/metadata.ts'
import { Table } from '../schema/table.ts'
import { keyOf } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import {
  type EntityClass,
  type ModelDefinition,
  type Models,
  type Reverse,
  type StoredField,
  type Through,
  targetOf,
  typeOf,
} from './definition.ts'

/** What a registry keeps of its models: their definitions, tables and classes. The public face of it is `ModelRegistry`. */
export class Definitions implements Models {
  readonly metadata: MetaData
  readonly #engine: Executor
  readonly #local = new AsyncLocalStorage<Executor>()
  readonly #byTable = new Map<string, ModelDefinition>()
  readonly #tables = new Map<ModelDefinition, Table>()
  readonly #throughs = new Map<string, Table>()
  readonly #classes = new Map<ModelDefinition, EntityClass>()
  readonly #reverses = new Map<ModelDefinition, ReadonlyMap<string, Reverse>>()
  readonly #definitionOf: (model: unknown) => ModelDefinition | undefined

  /** Models that have been defined since all tables were made. */
  #late: ModelDefinition[] = []

  constructor(engine: Executor, metadata: MetaData, definitionOf: (model: unknown) => ModelDefinition | undefined) {
    this.#engine = engine
    this.metadata = metadata
    this.#definitionOf = definitionOf
    addMaker(metadata, { make: (key) => this.#make(key), makeAll: () => this.#makeAll() })
  }

  get definitions(): readonly ModelDefinition[] {
    return [...this.#byTable.values()]
  }

  /** The transaction of the task, if it runs in one, or the engine. */
  get executor(): Executor {
    return this.#local.getStore() ?? this.#engine
  }

  get dialect(): Dialect {
    return this.#engine.dialect
  }

  /** Runs a function whose models use an executor, wherever it calls them. */
  runWith<T>(executor: Executor, work: () => Promise<T>): Promise<T> {
    return this.#local.run(executor, work)
  }

  /** @throws {ArgumentError} there is a model of that table */
  add(definition: ModelDefinition, base: EntityClass): void {
    const { tableName } = definition
    if (this.#byTable.has(tableName)) throw new ArgumentError(`There is a model of table "${tableName}" already.`)
    this.#byTable.set(tableName, definition)
    this.#late.push(definition)
    this.#classes.set(definition, base)
    this.#reverses.clear()
  }

  classOf(definition: ModelDefinition): EntityClass {
    return this.#classes.get(definition) as EntityClass
  }

  /** The class that a program derives from the defined one is what rows become, wherever they come from. The first one is it. */
  noteClass(definition: ModelDefinition, base: EntityClass, derived: EntityClass): void {
    if (derived !== base && this.#classes.get(definition) === base && Object.getPrototypeOf(derived) === base)
      this.#classes.set(definition, derived)
  }

  target(to: unknown, from: string): ModelDefinition {
    if (typeof to === 'string') {
      const named = this.#byTable.get(to)
      if (named !== undefined) return named
      const tables = [...this.#byTable.keys()]
      throw new InvalidRequestError(`${from} refers to table ${printableName(to)}, of which there is no model.${didYouMean(to, tables)}`)
    }
    const model: unknown = typeof to === 'function' ? to() : undefined
    const definition = this.#definitionOf(model)
    if (definition === undefined)
      throw new InvalidRequestError(`${from} refers to something that is no model: expected a function that gives one.`)
    return definition
  }

  reverseOf(definition: ModelDefinition): ReadonlyMap<string, Reverse> {
    const known = this.#reverses.get(definition)
    if (known !== undefined) return known
    const found = new Map<string, Reverse>()
    for (const other of this.#byTable.values()) {
      for (const field of other.fields.values()) addReverse(found, definition, field)
      for (const [name, { options }] of other.manyToMany) {
        const back = relatedNameOf(options, other)
        if (back === undefined) continue
        const through = this.throughOf(other, name)
        if (through.definition === definition) {
          const { table, own, other: far } = through
          note(found, back, {
            kind: 'manyToMany',
            definition: other,
            through: { table, own: far, other: own, definition: other },
          })
        }
      }
    }
    this.#reverses.set(definition, found)
    return found
  }

  tableOf(definition: ModelDefinition): Table {
    const known = this.#tables.get(definition)
    if (known !== undefined) return known
    const columns: Record<string, ColumnSpecs[string]> = Object.create(null)
    for (const field of definition.fields.values()) columns[field.column] = columnOf(field)
    const table = new Table<string, ColumnSpecs>(definition.tableName, this.metadata, columns, {
      constraints: [...parentConstraints(definition), ...definition.parts.constraints],
      indexes: definition.parts.indexes,
    })
    this.#tables.set(definition, table)
    return table
  }

  throughOf(definition: ModelDefinition, name: string): Through {
    const relation = definition.manyToMany.get(name)
    const target = this.target(relation?.to, `${definition.tableName}.${name}`)
    const own = `${definition.tableName}_${definition.keyField.name}`
    const usual = `${target.tableName}_${target.keyField.name}`
    const other = usual === own ? `other_${usual}` : usual
    const tableName = throughName(definition, name)
    let table = this.#throughs.get(tableName)
    if (table === undefined) {
      const columns: ColumnSpecs = { [own]: linkColumn(definition), [other]: linkColumn(target) }
      table = new Table<string, ColumnSpecs>(tableName, this.metadata, columns)
      this.#throughs.set(tableName, table)
    }
    return { table, own, other, definition: target }
  }

  #makeAll(): void {
    // What asks for tables while they are made is answered by those that are there.
    const late = this.#late
    this.#late = []
    try {
      for (const definition of late) {
        this.tableOf(definition)
        for (const name of definition.manyToMany.keys()) this.throughOf(definition, name)
      }
    } catch (error) {
      this.#late = [...late, ...this.#late]
      throw error
    }
  }

  #make(key: string): void {
    for (const definition of this.#late) {
      if (this.#keyOf(definition.tableName) === key) this.tableOf(definition)
      for (const name of definition.manyToMany.keys())
        if (this.#keyOf(throughName(definition, name)) === key) this.throughOf(definition, name)
    }
  }

  #keyOf(name: string): string {
    return keyOf({ name, schema: this.metadata.schema })
  }
}

function throughName({ tableName, manyToMany }: ModelDefinition, name: string): string {
  return manyToMany.get(name)?.options.through ?? `${tableName}_${name}`
}

function addReverse(found: Map<string, Reverse>, definition: ModelDefinition, field: StoredField): void {
  const { relation } = field
  const name = relatedNameOf(relation?.options ?? {}, field.definition)
  if (relation === null || name === undefined || targetOf(field) !== definition) return
  note(found, name, { kind: relation.kind, definition: field.definition, field })
}

/** What the other model calls the way back: `{table}` in it stands for the table of the relation, which models of one abstract base tell apart. */
function relatedNameOf({ relatedName }: { readonly relatedName?: string | undefined }, { tableName }: ModelDefinition): string | undefined {
  return relatedName?.replaceAll('{table}', tableName)
}

function note(found: Map<string, Reverse>, name: string, reverse: Reverse): void {
  const other = found.get(name)
  if (other !== undefined) {
    throw new ArgumentError(
      `Two relations have the way back "${name}", in tables "${other.definition.tableName}" and "${reverse.definition.tableName}": give one another relatedName, or both '{table}_…'.`,
    )
  }
  found.set(name, reverse)
}

function columnOf(field: StoredField): ColumnSpec<unknown, unknown, ColumnOptions> {
  const { relation } = field
  const parentKey = parentReference(field)
  if (field.field !== null) return field.field.columnSpec(parentKey)
  const { primaryKey, unique, index, serverDefault, onDelete } = relation?.options ?? {}
  return new ColumnSpec<unknown, unknown, ColumnOptions>(typeOf(field), {
    ...(primaryKey === true ? { primaryKey: true } : { nullable: field.nullable }),
    ...(unique === true || relation?.kind === 'oneToOne' ? { unique: true } : {}),
    ...(index === true ? { index: true } : {}),
    ...(serverDefault === undefined ? {} : { serverDefault }),
    references: parentKey ?? referenceTo(targetOf(field), onDelete),
  })
}

function referenceTo(target: ModelDefinition, onDelete: ReferentialAction | undefined): Reference {
  return { column: `${target.tableName}.${target.keyField.column}`, onDelete }
}

/** The key of a joined table is that of its parent's row. */
function parentReference({ definition, primaryKey, name }: StoredField): Reference | undefined {
  const { parent, keyFields } = definition
  if (parent === null || !primaryKey || keyFields.length > 1) return undefined
  return { column: `${parent.tableName}.${parent.field(name).column}`, onDelete: 'cascade' }
}

/** The same of a key of several columns. */
function parentConstraints({ parent, keyFields }: ModelDefinition): readonly ForeignKeyConstraint[] {
  if (parent === null || keyFields.length === 1) return []
  const columns = keyFields.map(({ column }) => column)
  const referred = keyFields.map(({ name }) => parent.field(name).column)
  return [foreignKeyConstraint(columns, parent.tableName, referred, { onDelete: 'cascade' })]
}

function linkColumn(definition: ModelDefinition): ColumnSpec<unknown, unknown, ColumnOptions> {
  return new ColumnSpec<unknown, unknown, ColumnOptions>(typeOf(definition.keyField), {
    primaryKey: true,
    references: { column: `${definition.tableName}.${definition.keyField.column}`, onDelete: 'cascade' },
  })
}
