import { oneMoment } from '../schema/present.ts'
import { toJson } from '../schema/types/json.ts'
import { describeValue } from '../sql/parameters.ts'
import { Sql } from '../sql/template.ts'
import { checkOf, type Entity, type ModelDefinition, type StoredField, typeOf } from './definition.ts'
import { allFields } from './hydration.ts'
import { type FieldError, ValidationError } from './validation-error.ts'

/** Options of the kinds of field that have a say in what a value is by default. */
interface InitialOptions {
  readonly default?: unknown
  readonly onUpdate?: unknown
  readonly serverDefault?: unknown
  readonly allowBlank?: boolean | undefined
  readonly autoNow?: boolean | undefined
  readonly autoNowAdd?: boolean | undefined
}

/**
 * The values that a new row is stored with: those given, checked, and defaults for the others. What the database fills in is left out.
 *
 * @throws {ValidationError} with what is wrong with each of the fields
 */
export function validateNew(definition: ModelDefinition, given: object): Entity {
  const values: Entity = {}
  const errors = unknownNames(definition, given)
  const now = oneMoment()
  for (const field of allFields(definition)) {
    const value = givenValue(definition, given, field)
    const error = value === undefined ? fillIn(values, field, now) : takeValue(values, field, value)
    if (error !== null) errors.push(error)
  }
  if (errors.length > 0) throw new ValidationError(definition.name, errors)
  return values
}

/**
 * The values that an update stores: those given, checked, and those of fields that each update sets.
 *
 * @throws {ValidationError} with what is wrong with each of the fields
 */
export function validateChanges(definition: ModelDefinition, given: object): Entity {
  const values: Entity = {}
  const errors = unknownNames(definition, given)
  const now = oneMoment()
  for (const field of allFields(definition)) {
    const value = givenValue(definition, given, field)
    if (value === undefined) setOnUpdate(values, field, now)
    else {
      const error = takeValue(values, field, value)
      if (error !== null) errors.push(error)
    }
  }
  if (errors.length > 0) throw new ValidationError(definition.name, errors)
  return values
}

/**
 * These values, checked, and no others.
 *
 * @throws {ValidationError} with what is wrong with each of the fields
 */
export function validateValues(definition: ModelDefinition, given: Entity): Entity {
  const values: Entity = {}
  const errors = Object.entries(given).flatMap(([name, value]) => takeValue(values, definition.field(name), value ?? null) ?? [])
  if (errors.length > 0) throw new ValidationError(definition.name, errors)
  return values
}

/**
 * Lookups with their values as they are stored: what create() trims or reads as a number is looked for like that. Those that are no fields are
 * as they were.
 *
 * @throws {ValidationError} with what is wrong with each of the fields
 */
export function validateLookups(definition: ModelDefinition, given: object): object {
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : []
  const isPlain = ([name, value]: readonly [string, unknown]) =>
    value !== undefined && (definition.findField(name) !== undefined || (name === 'pk' && definition.keyFields.length === 1))
  const plain = entries.filter(isPlain)
  if (plain.length === 0) return given
  const others = entries.filter((entry) => !isPlain(entry))
  return { ...Object.fromEntries(others), ...validateValues(definition, Object.fromEntries(plain)) }
}

/** The value given for a field, under its name or as `pk`. Only an object's own properties count. */
function givenValue({ keyFields }: ModelDefinition, given: object, { name, primaryKey }: StoredField): unknown {
  if (Object.hasOwn(given, name)) return Reflect.get(given, name)
  return primaryKey && keyFields.length === 1 && Object.hasOwn(given, 'pk') ? Reflect.get(given, 'pk') : undefined
}

function unknownNames(definition: ModelDefinition, given: object): FieldError[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`Model ${definition.name}: expected values by field, found ${describeValue(given)}.`)
  }
  const names = new Set(allFields(definition).map(({ name }) => name))
  if (definition.keyFields.length === 1) names.add('pk')
  return Object.keys(given)
    .filter((name) => !names.has(name))
    .map((field) => ({ field, code: 'unknown', message: 'Unknown field.' }))
}

function takeValue(values: Entity, field: StoredField, value: unknown): FieldError | null {
  const { name, nullable } = field
  if (value instanceof Sql) values[name] = value
  else if (value === null) {
    if (!nullable) return { field: name, code: 'null', message: 'May not be null.' }
    values[name] = null
  } else {
    const checked = checkOf(field)(value)
    if (checked.fault !== undefined) return { field: name, ...checked.fault }
    values[name] = checked.value
  }
  return null
}

/** What a new row has where nothing was given. */
function fillIn(values: Entity, field: StoredField, now: () => Date): FieldError | null {
  const { name, nullable, primaryKey, definition } = field
  const options: InitialOptions = optionsOf(field)
  if (options.default !== undefined) return takeOwn(values, field, options.default)
  if (options.autoNow === true || options.autoNowAdd === true) return takeValue(values, field, now())
  if (options.serverDefault !== undefined) return null
  if (options.allowBlank === true) values[name] = ''
  else if (nullable) values[name] = null
  else if (!(primaryKey && countsKey(definition))) return { field: name, code: 'required', message: 'This field is required.' }
  return null
}

/** Of joined tables, it is the topmost that counts. */
function countsKey(definition: ModelDefinition): boolean {
  return definition.parent === null ? definition.countsKey : countsKey(definition.parent)
}

/** Whether each update sets the field, also where nobody names it. */
export function isSetByUpdates(field: StoredField): boolean {
  const { onUpdate, autoNow }: InitialOptions = optionsOf(field)
  return onUpdate !== undefined || autoNow === true
}

/** The values that an update sets beside those of these fields. */
export function setByUpdates(definition: ModelDefinition, given: readonly StoredField[]): Entity {
  const values: Entity = {}
  const now = oneMoment()
  for (const field of allFields(definition)) if (!given.includes(field)) setOnUpdate(values, field, now)
  return values
}

/** Whether a new row has something in the field where nothing is given for it: a default, or a key that is counted. */
export function isFilledIn(field: StoredField): boolean {
  const { default: initial, serverDefault, autoNow, autoNowAdd }: InitialOptions = optionsOf(field)
  const isCounted = field.primaryKey && countsKey(field.definition)
  return initial !== undefined || serverDefault !== undefined || autoNow === true || autoNowAdd === true || isCounted
}

function setOnUpdate(values: Entity, field: StoredField, now: () => Date): void {
  const { onUpdate, autoNow }: InitialOptions = optionsOf(field)
  if (onUpdate !== undefined) takeOwn(values, field, onUpdate)
  else if (autoNow === true) takeValue(values, field, now())
}

export function optionsOf({ field, relation }: StoredField): InitialOptions {
  return (field ?? relation)?.options ?? {}
}

/** What an option says of all rows, or a function of each. A document of JSON is a row's own: what one changes in it is in no other. */
function takeOwn(values: Entity, field: StoredField, told: unknown): FieldError | null {
  if (typeof told === 'function') return takeValue(values, field, told())
  const error = takeValue(values, field, told)
  const value = values[field.name]
  if (error === null && typeOf(field).kind === 'json' && !(value instanceof Sql)) values[field.name] = JSON.parse(toJson(value, field.name))
  return error
}
