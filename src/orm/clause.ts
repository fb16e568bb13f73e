import type { Expression, OperationNode } from 'kysely'
import { EnumerationType } from '../schema/types/texts.ts'
import { printableName } from '../sql/nearest-name.ts'
import { describeValue } from '../sql/parameters.ts'
import { type Entity, keyOf, type ModelDefinition, type StoredField, targetOf, typeOf } from './definition.ts'
import { type Lookup, parseLookup, textOperators } from './lookup.ts'

/** One lookup with what it compares with. */
export interface Term {
  readonly lookup: Lookup
  /** What of the values is part of the statement's text: that there is none, that it is NULL, how many there are. */
  readonly form: string
  /** Sent as parameters. */
  readonly values: readonly unknown[]
  /** One of the values is none that the field can have, and is compared as a text: PostgreSQL takes no other for a type of a program's own. */
  readonly asText?: boolean
}

/** A condition on rows. Those of one lookup object belong together: over a relation to many rows they are about the same row. */
export type Clause =
  | { readonly kind: 'terms'; readonly terms: readonly Term[] }
  | { readonly kind: 'any' | 'all'; readonly clauses: readonly Clause[] }
  | { readonly kind: 'not'; readonly clause: Clause }
  | { readonly kind: 'expression'; readonly node: OperationNode }

/** Conditions that are combined before they are given to a query set: `Q.or({ a: 1 }, { b: 2 })`, `Q.not({ c: 3 })`. */
export class Q {
  readonly #combine: (clauseOf: (condition: unknown) => Clause) => Clause

  private constructor(combine: (clauseOf: (condition: unknown) => Clause) => Clause) {
    this.#combine = combine
  }

  /** At least one holds: lookups, other Qs, or expressions. */
  static or(...conditions: readonly unknown[]): Q {
    if (conditions.length === 0) throw new TypeError('Q.or() takes one condition or more.')
    return new Q((clauseOf) => ({ kind: 'any', clauses: conditions.map(clauseOf) }))
  }

  /** All of them hold. */
  static and(...conditions: readonly unknown[]): Q {
    if (conditions.length === 0) throw new TypeError('Q.and() takes one condition or more.')
    return new Q((clauseOf) => ({ kind: 'all', clauses: conditions.map(clauseOf) }))
  }

  /** It does not hold. Where it is NULL, so is the negation, and the row is left out: as NOT in SQL. */
  static not(condition: unknown): Q {
    return new Q((clauseOf) => ({ kind: 'not', clause: clauseOf(condition) }))
  }

  /** What it means in a model. */
  static clause(q: Q, clauseOf: (condition: unknown) => Clause): Clause {
    return q.#combine(clauseOf)
  }
}

/**
 * What a condition means in a model: lookups, a Q, or an expression.
 *
 * @throws {ArgumentError} a lookup leads nowhere, or its operator is of no use to its field
 * @throws {TypeError} it is none of them, or a value is of no use to its operator
 */
export function clauseOf(definition: ModelDefinition, condition: unknown): Clause {
  if (condition instanceof Q) return Q.clause(condition, (inner) => clauseOf(definition, inner))
  if (isExpression(condition)) return { kind: 'expression', node: condition.toOperationNode() }
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) {
    throw new TypeError(`Model ${definition.name}: expected lookups by name, a Q or an expression, found ${describeValue(condition)}.`)
  }
  return { kind: 'terms', terms: Object.entries(condition).map(([text, value]) => termOf(parseLookup(definition, text), value)) }
}

/** Made by this library or Kysely: nothing that was parsed from JSON has functions. */
function isExpression(condition: unknown): condition is Expression<unknown> {
  return (
    typeof condition === 'object' && condition !== null && 'toOperationNode' in condition && typeof condition.toOperationNode === 'function'
  )
}

export function termOf(lookup: Lookup, value: unknown): Term {
  const { operator } = lookup
  if (value === undefined) throw misfit(lookup, 'a value', value)
  if (operator === 'isnull') {
    if (typeof value !== 'boolean') throw misfit(lookup, 'true or false', value)
    return { lookup, form: value ? 'null' : 'not null', values: [] }
  }
  if (value === null) {
    if (operator !== 'exact' && operator !== 'ne' && operator !== 'iexact') throw misfit(lookup, 'a value', value)
    return { lookup, form: operator === 'ne' ? 'not null' : 'null', values: [] }
  }
  if (operator === 'in' || operator === 'notin') {
    const values = listed(lookup, value)
    return valueTerm(lookup, String(values.length), values)
  }
  if (operator === 'range') {
    if (!Array.isArray(value) || value.length !== 2) throw misfit(lookup, 'a list of two values', value)
    return valueTerm(lookup, 'range', value)
  }
  if (textOperators.has(operator) && typeof value !== 'string') throw misfit(lookup, 'a text', value)
  return valueTerm(lookup, 'value', [value])
}

function listed(lookup: Lookup, value: unknown): readonly unknown[] {
  if (typeof value === 'string' || typeof value !== 'object' || value === null || !(Symbol.iterator in value))
    throw misfit(lookup, 'a list of values', value)
  return [...(value as Iterable<unknown>)]
}

function valueTerm(lookup: Lookup, form: string, given: readonly unknown[]): Term {
  const values = given.map((value) => plainValue(lookup, value))
  const type = textOperators.has(lookup.operator) ? null : typeOf(lookup.field)
  const hasForeign = type instanceof EnumerationType && values.some((value) => typeof value === 'string' && !type.values.includes(value))
  return hasForeign ? { lookup, form: `${form} as text`, values, asText: true } : { lookup, form, values }
}

/** An instance stands for its key. */
function plainValue(lookup: Lookup, value: unknown): unknown {
  if (value === null || value === undefined) throw misfit(lookup, 'values; { …__isnull: true } looks for NULL', value)
  if (typeof value !== 'object') return value
  const model = modelsOf(lookup.field).find((candidate) => value instanceof candidate.models.classOf(candidate))
  if (model === undefined) return value
  const key = keyOf(value as Entity, model)
  if (key === undefined || key === null) throw misfit(lookup, `a ${model.name} that has been created`, value)
  return key
}

/** Those whose instances have what the field holds for their key. */
function modelsOf(field: StoredField): readonly ModelDefinition[] {
  const models = field.relation === null || field.primaryKey ? [field.definition] : []
  for (let at = field; at.relation !== null; at = (models.at(-1) as ModelDefinition).keyField) models.push(targetOf(at))
  return models
}

function misfit({ text, field }: Lookup, expected: string, value: unknown): TypeError {
  return new TypeError(
    `Model ${field.definition.name}, lookup ${printableName(text)}: expected ${expected}, found ${describeValue(value)}.`,
  )
}

/** Two clauses of one shape are the same statement with other parameters; null where that cannot be told. */
export function shapeOf(clause: Clause): string | null {
  switch (clause.kind) {
    case 'terms':
      return `(${clause.terms.map(({ lookup, form }) => `${lookup.text}:${form}`).join(' ')})`
    case 'not': {
      const inner = shapeOf(clause.clause)
      return inner === null ? null : `!${inner}`
    }
    case 'any':
    case 'all': {
      const shapes = clause.clauses.map(shapeOf)
      return shapes.includes(null) ? null : `${clause.kind}[${shapes.join(' ')}]`
    }
    case 'expression':
      return null
  }
}

/** The values of a clause, in the order in which its statement has them. */
export function collectValues(clause: Clause, values: unknown[]): void {
  if (clause.kind === 'terms') {
    for (const term of clause.terms) for (const value of term.values) values.push(value)
  } else if (clause.kind === 'not') collectValues(clause.clause, values)
  else if (clause.kind !== 'expression') for (const inner of clause.clauses) collectValues(inner, values)
}
