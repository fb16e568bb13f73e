import type { Dialect } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { type Entity, type EntityClass, type ModelDefinition, type StoredField, targetOf, typeOf } from './definition.ts'
import { type Fill, Hydration } from './hydrated-values.ts'
import { classWithout } from './model-state.ts'
import { type FilledField, RowFiller } from './row-filler.ts'

interface PlannedRelation {
  readonly entity: EntityClass
  readonly keyName: string
  /** Where its key is a relation itself. */
  readonly keyRelation: PlannedRelation | null
  readonly missing: ReadonlySet<string>
  /** Its own row, joined to this one. */
  readonly joined: EntityPlan | null
}

/** How one instance is made of a row's values. */
export class EntityPlan {
  readonly #entity: EntityClass
  readonly #filler: RowFiller
  /** Where the key is: NULL, there is no row behind an outer join. */
  readonly #keyIndex: number
  readonly #missing: ReadonlySet<string> | null

  constructor(definition: ModelDefinition, entity: EntityClass, fields: readonly FilledField[], missing: ReadonlySet<string> | null) {
    this.#entity = classWithout(entity, missing)
    this.#filler = new RowFiller(fields)
    this.#keyIndex = fields.find(({ name }) => name === definition.keyFields[0]?.name)?.index ?? 0
    this.#missing = missing
  }

  /** Null where the row has none. */
  make(row: readonly unknown[], executor: Executor | null): Entity | null {
    if (row[this.#keyIndex] === null) return null
    return new this.#entity(new Hydration(this.#filler.next(), row, executor, this.#missing))
  }
}

function relate({ entity, keyName, keyRelation, missing, joined }: PlannedRelation): NonNullable<FilledField['relate']> {
  const sparse = classWithout(entity, missing)
  const relateKey = keyRelation === null ? null : relate(keyRelation)
  const fillKey: Fill<unknown> = (target, key, executor) => {
    target[keyName] = relateKey === null ? key : relateKey(key, [], executor)
  }
  return (key, row, executor) => {
    const whole = joined?.make(row, executor) ?? null
    return whole ?? new sparse(new Hydration(fillKey, key, executor, missing))
  }
}

/** Fields with the place of their column in the row. */
export interface PlacedFields {
  readonly definition: ModelDefinition
  readonly fields: readonly (readonly [field: StoredField, index: number])[]
  readonly missing: ReadonlySet<string> | null
  readonly joined: ReadonlyMap<string, PlacedFields>
}

/** @param entity what the rows become; by default, instances of the model's own class */
export function entityPlan({ definition, fields, missing, joined }: PlacedFields, dialect: Dialect, entity?: EntityClass): EntityPlan {
  const planned = fields.map(([field, index]): FilledField => {
    const decode = typeOf(field).decoder(dialect, `${field.definition.tableName}.${field.name}`)
    return {
      name: field.name,
      index,
      decode,
      relate: field.relation === null ? null : relate(plannedRelation(field, joined.get(field.name), dialect)),
    }
  })
  return new EntityPlan(definition, entity ?? definition.models.classOf(definition), planned, missing)
}

function plannedRelation(field: StoredField, joined: PlacedFields | undefined, dialect: Dialect): PlannedRelation {
  const target = targetOf(field)
  const { keyField } = target
  const keyName = keyField.name
  return {
    entity: target.models.classOf(target),
    keyName,
    keyRelation: keyField.relation === null ? null : plannedRelation(keyField, undefined, dialect),
    missing: allBut(target, [keyName]),
    joined: joined === undefined ? null : entityPlan(joined, dialect),
  }
}

/** The names of all fields but these. */
export function allBut(definition: ModelDefinition, names: readonly string[]): ReadonlySet<string> {
  return new Set([...allFields(definition)].map(({ name }) => name).filter((name) => !names.includes(name)))
}

/** The fields of a model with those of its parents, which come first. A key that both have is the child's. */
export function allFields(definition: ModelDefinition): readonly StoredField[] {
  if (definition.parent === null) return [...definition.fields.values()]
  const own = [...definition.fields.values()]
  const inherited = allFields(definition.parent).filter(({ name }) => !definition.fields.has(name))
  const keys = own.filter(({ primaryKey }) => primaryKey)
  return [...keys, ...inherited, ...own.filter(({ primaryKey }) => !primaryKey)]
}
