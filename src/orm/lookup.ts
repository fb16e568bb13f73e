import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { type ModelDefinition, type Reverse, type StoredField, type Through, targetOf, typeOf, unknownField } from './definition.ts'

/** A step from one model to another. */
export type Step =
  | { readonly kind: 'forward'; readonly name: string; readonly field: StoredField; readonly target: ModelDefinition }
  | {
      readonly kind: 'reverse'
      readonly name: string
      readonly field: StoredField
      readonly target: ModelDefinition
      readonly one: boolean
    }
  | { readonly kind: 'many'; readonly name: string; readonly through: Through; readonly target: ModelDefinition }

/** A step to one row, or none. */
export type OneStep = Step & ({ readonly kind: 'forward' } | { readonly kind: 'reverse'; readonly one: true })

export function leadsToOne(step: Step): step is OneStep {
  return step.kind === 'forward' || (step.kind === 'reverse' && step.one)
}

export const operators = [
  ...['exact', 'iexact', 'contains', 'icontains', 'startswith', 'istartswith', 'endswith', 'iendswith'],
  ...['in', 'notin', 'gt', 'gte', 'lt', 'lte', 'isnull', 'range', 'ne'],
] as const

export type Operator =
  | 'exact'
  | 'iexact'
  | 'contains'
  | 'icontains'
  | 'startswith'
  | 'istartswith'
  | 'endswith'
  | 'iendswith'
  | 'in'
  | 'notin'
  | 'gt'
  | 'gte'
  | 'lt'
  | 'lte'
  | 'isnull'
  | 'range'
  | 'ne'

/** Those that compare texts, or parts of them. */
export const textOperators: ReadonlySet<Operator> = new Set<Operator>([
  'iexact',
  'contains',
  'icontains',
  'startswith',
  'istartswith',
  'endswith',
  'iendswith',
])

const textTypes: ReadonlySet<string> = new Set(['string', 'text', 'enumeration'])

/** `album__artist__name__iexact`: the steps, the field that is looked at, and how. */
export interface Lookup {
  readonly text: string
  readonly steps: readonly Step[]
  readonly field: StoredField
  readonly operator: Operator
}

type Known = WeakMap<ModelDefinition, Map<string, Lookup>>

const knownLookups: Known = new WeakMap()
const knownPaths: Known = new WeakMap()
/** A program has that many; what comes from requests does not fill the memory. */
const maxKnown = 1_000

/**
 * What a lookup means in a model.
 *
 * @throws {ArgumentError} a part of it is no field, relation or operator, or the operator is of no use to the field
 */
export function parseLookup(definition: ModelDefinition, text: string): Lookup {
  return remembered(knownLookups, definition, text, parse)
}

/**
 * What a path means that no operator is behind: a field that is called like one is meant.
 *
 * @throws {ArgumentError} a part of it is no field or relation
 */
export function parsePath(definition: ModelDefinition, path: string): Lookup {
  return remembered(knownPaths, definition, path, pathTo)
}

function remembered(
  known: Known,
  definition: ModelDefinition,
  text: string,
  make: (definition: ModelDefinition, text: string) => Lookup,
): Lookup {
  let lookups = known.get(definition)
  if (lookups === undefined) {
    lookups = new Map()
    known.set(definition, lookups)
  }
  const found = lookups.get(text)
  if (found !== undefined) return found
  const lookup = make(definition, text)
  if (lookups.size < maxKnown) lookups.set(text, lookup)
  return lookup
}

function parse(definition: ModelDefinition, text: string): Lookup {
  const parts = text.split('__')
  const { steps, last, rest } = walk(definition, parts)
  const model = last?.target ?? definition
  const [first, second, ...others] = rest
  const operator = (operators as readonly string[]).includes(first ?? 'exact') ? ((first ?? 'exact') as Operator) : null
  // A path that ends at a relation looks at the key behind it.
  if (operator !== null && last !== null && second === undefined) return ofUse({ text, ...endingAt(steps, model), operator })
  const field = first === undefined ? undefined : fieldNamed(model, first)
  if (field === undefined) throw unknownPart(model, first ?? '', text)
  if (others.length > 0)
    throw new ArgumentError(
      `Lookup ${printableName(text)}: ${model.name}.${field.name} is no relation, and nothing can be behind its operator.`,
    )
  const named = operatorNamed(second, field, text)
  return ofUse({ text, ...endingWith(field, steps, model), operator: named })
}

function pathTo(definition: ModelDefinition, path: string): Lookup {
  const { steps, last, rest } = walk(definition, path.split('__'))
  const model = last?.target ?? definition
  const [first] = rest
  if (first === undefined) return { text: path, ...endingAt(steps, model), operator: 'exact' }
  const field = rest.length === 1 ? fieldNamed(model, first) : undefined
  return field === undefined ? parse(definition, path) : { text: path, ...endingWith(field, steps, model), operator: 'exact' }
}

/** PostgreSQL compares only texts so; what the others make of a number is a matter of their own. */
function ofUse(lookup: Lookup): Lookup {
  const { text, field, operator } = lookup
  if (!textOperators.has(operator) || textTypes.has(typeOf(field).kind)) return lookup
  throw new ArgumentError(
    `Lookup ${printableName(text)}: ${operator} compares texts, and ${describeKind(field)}: use exact, in or range, or an expression.`,
  )
}

/** What a field holds, in errors. */
export function describeKind(field: StoredField): string {
  const label = `${field.definition.name}.${field.name}`
  if (field.field !== null) return `${label} is of the kind ${field.field.kind}`
  return `${label} leads to keys of the kind ${kindOf(targetOf(field).keyField)}`
}

function kindOf(field: StoredField): string {
  return field.field?.kind ?? kindOf(targetOf(field).keyField)
}

/**
 * A path to a field, over relations that lead to one row each: no operator is behind it.
 *
 * @param use what it is for, in errors
 * @throws {ArgumentError} it is no such path
 */
export function parseFieldPath(definition: ModelDefinition, path: string, use: string): Lookup {
  const lookup = parsePath(definition, path)
  const endsInField = lookup.operator === 'exact' && (!path.endsWith('__exact') || lookup.field.name === 'exact')
  if (endsInField && lookup.steps.every(leadsToOne)) return lookup
  throw new ArgumentError(`${use}: expected a field, over relations that lead to one row each.`)
}

/** The steps as far as they lead over relations, and what is left behind them. */
function walk(
  definition: ModelDefinition,
  parts: readonly string[],
): { readonly steps: readonly Step[]; readonly last: Step | null; readonly rest: readonly string[] } {
  const steps: Step[] = []
  let model = definition
  for (const [index, part] of parts.entries()) {
    const step = stepNamed(model, part)
    if (step === null) return { steps, last: steps.at(-1) ?? null, rest: parts.slice(index) }
    steps.push(step)
    model = step.target
  }
  return { steps, last: steps.at(-1) ?? null, rest: [] }
}

function endingWith(field: StoredField, steps: readonly Step[], model: ModelDefinition): Pick<Lookup, 'steps' | 'field'> {
  const isKeyBehind = steps.at(-1)?.kind === 'forward' && field.primaryKey && model.keyFields.length === 1
  return isKeyBehind ? endingAt(steps, model) : { steps, field }
}

/** The key behind a foreign key is in the foreign key itself. */
function endingAt(steps: readonly Step[], model: ModelDefinition): Pick<Lookup, 'steps' | 'field'> {
  const last = steps.at(-1) as Step
  if (last.kind === 'forward') return { steps: steps.slice(0, -1), field: last.field }
  return { steps, field: model.keyField }
}

function fieldNamed(model: ModelDefinition, name: string): StoredField | undefined {
  return name === 'pk' ? model.keyField : model.findField(name)
}

function operatorNamed(name: string | undefined, field: StoredField, text: string): Operator {
  if (name === undefined) return 'exact'
  if ((operators as readonly string[]).includes(name)) return name as Operator
  const nearest = didYouMean(name, operators)
  throw new ArgumentError(
    `Lookup ${printableName(text)}: ${printableName(name)} is neither an operator nor behind a relation: ${field.definition.name}.${field.name} is none.${nearest}`,
  )
}

function unknownPart(model: ModelDefinition, part: string, text: string): ArgumentError {
  const error = unknownField(model, part)
  return part === text ? error : new ArgumentError(`Lookup ${printableName(text)}: ${error.message}`)
}

/** The relation of that name, forward, many-to-many or back; null for a field or an unknown name. */
export function stepNamed(model: ModelDefinition, name: string): Step | null {
  const field = model.findField(name)
  if (field !== undefined) return field.relation === null ? null : { kind: 'forward', name, field, target: targetOf(field) }
  if (model.manyToMany.has(name)) return many(name, model.models.throughOf(model, name))
  const reverse = model.models.reverseOf(model).get(name)
  if (reverse !== undefined) return back(name, reverse)
  // The key of a joined table is that of its parent's row: what leads from there leads from here.
  return model.parent === null ? null : stepNamed(model.parent, name)
}

function many(name: string, through: Through): Step {
  return { kind: 'many', name, through, target: through.definition }
}

function back(name: string, reverse: Reverse): Step {
  if (reverse.kind === 'manyToMany') return many(name, reverse.through)
  return { kind: 'reverse', name, field: reverse.field, target: reverse.definition, one: reverse.kind === 'oneToOne' }
}

/**
 * A path over relations that lead to one row each, for `selectRelated`.
 *
 * @throws {ArgumentError} a part of it is no such relation
 */
export function parseOnePath(definition: ModelDefinition, path: string): readonly OneStep[] {
  const steps: OneStep[] = []
  let model = definition
  for (const part of path.split('__')) {
    const step = stepNamed(model, part)
    if (step === null || !leadsToOne(step)) {
      if (step === null && model.findField(part) === undefined) throw unknownPart(model, part, path)
      throw new ArgumentError(
        `selectRelated(${printableName(path)}): ${model.name}.${part} does not lead to one row: use prefetchRelated().`,
      )
    }
    steps.push(step)
    model = step.target
  }
  return steps
}

/**
 * A path over relations to any rows, for `prefetchRelated`.
 *
 * @throws {ArgumentError} a part of it is no relation
 */
export function parseRelationPath(definition: ModelDefinition, path: string): readonly Step[] {
  const steps: Step[] = []
  let model = definition
  for (const part of path.split('__')) {
    const step = stepNamed(model, part)
    if (step === null) throw noRelation(model, part)
    steps.push(step)
    model = step.target
  }
  return steps
}

function noRelation(model: ModelDefinition, name: string): ArgumentError {
  const names = [
    ...[...model.fields.values()].filter(({ relation }) => relation !== null).map((field) => field.name),
    ...model.manyToMany.keys(),
    ...model.models.reverseOf(model).keys(),
  ]
  return new ArgumentError(`Model ${model.name} has no relation ${printableName(name)}.${didYouMean(name, names)}`)
}
