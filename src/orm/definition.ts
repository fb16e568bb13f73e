import { ArgumentError } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import type { ColumnType } from '../schema/column-type.ts'
import type { Table } from '../schema/table.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { type Check, fault } from './fields/checks.ts'
import { type AnyField, Field } from './fields/field.ts'
import { ManyToMany, Relation, type RelationOptions } from './fields/relations.ts'
import { type ColumnParts, partsByColumn, type TableParts } from './table-parts.ts'

/** An instance, as the parts of the mapper see it. */
export interface Entity {
  [field: string]: unknown
}

/** What makes instances of a model: a class, whose constructor also takes what a row has brought. */
export interface EntityClass {
  readonly name: string
  readonly prototype: object
  new (values?: object): Entity
}

/** A field of a model that a column holds. */
export interface StoredField {
  readonly name: string
  readonly column: string
  readonly definition: ModelDefinition
  /** Null where it is a value of its own. */
  readonly relation: Relation<unknown, RelationOptions> | null
  readonly field: AnyField | null
  readonly primaryKey: boolean
  readonly nullable: boolean
}

/** What the rest of the mapper asks of the registry. */
export interface Models {
  readonly executor: Executor
  readonly dialect: Dialect
  /** The definition that a relation leads to. */
  target(to: unknown, from: string): ModelDefinition
  /** Relations of other models that lead to this one, by the name that they give the way back. */
  reverseOf(definition: ModelDefinition): ReadonlyMap<string, Reverse>
  tableOf(definition: ModelDefinition): Table
  /** The table between two models. */
  throughOf(definition: ModelDefinition, name: string): Through
  /** The class whose instances its rows become. */
  classOf(definition: ModelDefinition): EntityClass
}

/** The way back of a relation. */
export type Reverse =
  | { readonly kind: 'foreignKey' | 'oneToOne'; readonly definition: ModelDefinition; readonly field: StoredField }
  | { readonly kind: 'manyToMany'; readonly definition: ModelDefinition; readonly through: Through }

/** A table between two models, seen from one of them. */
export interface Through {
  readonly table: Table
  /** The column with the key of this side, and the one with that of the other side. */
  readonly own: string
  readonly other: string
  readonly definition: ModelDefinition
}

export type AnyFields = { readonly [name: string]: unknown }

interface DefinitionOptions {
  readonly parent: ModelDefinition | null
  readonly parts: TableParts
}

/** A model: its fields in their order, its key, and what it is related to. */
export class ModelDefinition {
  readonly models: Models
  readonly tableName: string
  /** As they were given. */
  readonly declared: AnyFields
  readonly fields: ReadonlyMap<string, StoredField>
  readonly manyToMany: ReadonlyMap<string, ManyToMany<unknown>>
  readonly keyFields: readonly StoredField[]
  /** Of joined tables: the model that has the other fields of its rows. */
  readonly parent: ModelDefinition | null
  readonly parts: ColumnParts

  /** @throws {ArgumentError} a name cannot be a field's, something is no field, there is no key, or a constraint names no field */
  constructor(models: Models, tableName: string, declared: AnyFields, made: DefinitionOptions) {
    this.models = models
    this.tableName = tableName
    this.declared = declared
    this.parent = made.parent
    const fields = new Map<string, StoredField>()
    const manyToMany = new Map<string, ManyToMany<unknown>>()
    for (const [name, field] of Object.entries(declared)) {
      checkFieldName(name, tableName)
      if (field instanceof ManyToMany) manyToMany.set(name, field)
      else fields.set(name, storedField(this, name, field))
    }
    this.fields = fields
    this.manyToMany = manyToMany
    this.keyFields = Object.freeze([...fields.values()].filter(({ primaryKey }) => primaryKey))
    if (this.keyFields.length === 0) throw new ArgumentError(`Model "${tableName}" has no key: give one of its fields primaryKey: true.`)
    this.parts = partsByColumn(this, made.parts)
  }

  get table(): Table {
    return this.models.tableOf(this)
  }

  /** In errors and inspect texts. */
  get name(): string {
    return this.models.classOf(this).name
  }

  /** @throws {ArgumentError} there is no such field */
  field(name: string): StoredField {
    const field = name === 'pk' ? this.keyField : this.findField(name)
    if (field !== undefined) return field
    throw unknownField(this, name)
  }

  /** A field of this model, or of one that it extends. */
  findField(name: string): StoredField | undefined {
    return this.fields.get(name) ?? this.parent?.findField(name)
  }

  /** The only field of the key. */
  get keyField(): StoredField {
    const [only, second] = this.keyFields
    if (only === undefined || second !== undefined) {
      throw new ArgumentError(
        `Model ${this.name} has a key of several fields (${this.keyFields.map(({ name }) => name).join(', ')}): name each of them.`,
      )
    }
    return only
  }

  column(field: StoredField): Column {
    return field.definition.table.column(field.column)
  }

  /** Whether the database counts up the key. */
  get countsKey(): boolean {
    const [only, second] = this.keyFields
    return only !== undefined && second === undefined && only.relation === null && typeOf(only).countable
  }
}

/** @throws {ArgumentError} always: there is no such field */
export function unknownField(definition: ModelDefinition, name: string): ArgumentError {
  const known = [...definition.fields.keys(), ...definition.manyToMany.keys(), ...definition.models.reverseOf(definition).keys()]
  return new ArgumentError(`Model ${definition.name} has no field ${printableName(name)}.${didYouMean(name, known)}`)
}

/** The type of what its column holds: of a relation, that of the key it leads to. */
export function typeOf(field: StoredField): ColumnType {
  if (field.field !== null) return field.field.type
  return typeOf(targetOf(field).keyField)
}

/** The model that a relation leads to. */
export function targetOf({ relation, definition, name }: StoredField): ModelDefinition {
  return definition.models.target(relation?.to, `${definition.tableName}.${name}`)
}

/** The key of an instance. Where it is a relation, it is the key of the row that this leads to. */
export function keyOf(instance: Entity, { keyField }: ModelDefinition): unknown {
  const value = instance[keyField.name]
  const isInstance = keyField.relation !== null && typeof value === 'object' && value !== null && !(value instanceof Date)
  return isInstance ? keyOf(value as Entity, targetOf(keyField)) : value
}

/** How a value of the field is checked: of a relation, a key or an instance. */
export function checkOf(field: StoredField): Check {
  if (field.field !== null) return field.field.check
  return (value) => {
    const target = targetOf(field)
    const isObject = typeof value === 'object' && value !== null && !(value instanceof Date)
    if (isObject && !(value instanceof target.models.classOf(target))) return fault('type', `Must be a ${target.name} or its key.`)
    const key = isObject ? (value as Entity)[target.keyField.name] : value
    if (key === undefined || key === null) return fault('type', `Must be a ${target.name} that has been created.`)
    return checkOf(target.keyField)(key)
  }
}

function storedField(definition: ModelDefinition, name: string, field: unknown): StoredField {
  if (!(field instanceof Field) && !(field instanceof Relation)) {
    throw new ArgumentError(
      `Model "${definition.tableName}": ${printableName(name)} is no field: expected integer(), string(), foreignKey(…), …`,
    )
  }
  const { options } = field
  const primaryKey = options.primaryKey === true
  return Object.freeze({
    name,
    column: options.column ?? name,
    definition,
    relation: field instanceof Relation ? field : null,
    field: field instanceof Field ? (field as AnyField) : null,
    primaryKey,
    nullable: options.allowNull === true && !primaryKey,
  })
}

/** What instances have by themselves. */
const taken: ReadonlySet<string> = new Set([
  'pk',
  'update',
  'delete',
  'load',
  'save',
  'refresh',
  'equals',
  'toObject',
  'toJSON',
  'constructor',
  '__proto__',
  'then',
])

function checkFieldName(name: string, table: string): void {
  if (taken.has(name))
    throw new ArgumentError(
      `Model "${table}": no field can be called "${name}". Call it otherwise, and its column so: { column: '${name}' }.`,
    )
  if (name.includes('__') || name === '' || name.startsWith('-')) {
    throw new ArgumentError(
      `Model "${table}": ${printableName(name)} cannot be the name of a field: "__" joins names in lookups, and "-" begins an ordering.`,
    )
  }
}
