import { inspect } from 'node:util'
import { Q } from 'offloop/orm'
import { type Below, pick } from '../random-numbers.ts'

export type Row = Readonly<Record<string, unknown>>

/** A model as plain data. */
export interface Shape {
  /** The values that each field may have; texts that no collation takes for one another. */
  readonly fields: Readonly<Record<string, readonly unknown[]>>
  readonly relations: Readonly<Record<string, Relation>>
}

export interface Relation {
  readonly shape: () => Shape
  readonly toMany: boolean
  /** The rows that it leads to. */
  readonly rows: (from: Row) => readonly Row[]
}

/** What holds of a row, where there is one: true, false or, as in SQL, null. */
type Holds = (row: Row | null) => boolean | null

/** A condition as the mapper takes it, and the same in JavaScript. */
export interface Condition {
  readonly given: object
  /** For messages. */
  readonly text: string
  readonly holds: Holds
}

/** Lookups of some fields. */
type Lookups = Pick<Condition, 'given' | 'holds'>

const comparisons: Readonly<Record<string, (value: never, other: never) => boolean>> = {
  exact: (value, other) => isEqual(value, other),
  ne: (value, other) => !isEqual(value, other),
  gt: (value, other) => value > other,
  gte: (value, other) => value >= other,
  lt: (value, other) => value < other,
  lte: (value, other) => value <= other,
}

const textOperators: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  contains: (text, part) => text.includes(part),
  startswith: (text, part) => text.startsWith(part),
  endswith: (text, part) => text.endsWith(part),
  exact: (text, part) => text === part,
}

const parts = ['', 'a', 'A', '%', '_', '\\', '!', "'", 'b%', '%%', '*', '日']

function isEqual(one: unknown, other: unknown): boolean {
  return one instanceof Date && other instanceof Date ? one.getTime() === other.getTime() : one === other
}

/** Lookups, or several of them in Q.or(), Q.and() and Q.not(). */
export function randomCondition(below: Below, shape: Shape, depth = 2): Condition {
  if (depth === 0 || below(5) > 1) {
    const lookups = randomLookups(below, shape, 2)
    return { ...lookups, text: inspect(lookups.given) }
  }
  const inner = Array.from({ length: 1 + below(2) }, () => randomCondition(below, shape, depth - 1))
  const given = inner.map((condition) => condition.given)
  const text = inner.map((condition) => condition.text).join()
  const each = (row: Row | null) => inner.map(({ holds }) => holds(row))
  if (below(3) === 0) return { given: Q.not(given[0]), text: `not(${inner[0]?.text})`, holds: (row) => negated(each(row)[0] ?? null) }
  return below(2) === 0
    ? { given: Q.or(...given), text: `or(${text})`, holds: (row) => negated(all(each(row).map(negated))) }
    : { given: Q.and(...given), text: `and(${text})`, holds: (row) => all(each(row)) }
}

function negated(truth: boolean | null): boolean | null {
  return truth === null ? null : !truth
}

function all(truths: readonly (boolean | null)[]): boolean | null {
  if (truths.includes(false)) return false
  return truths.includes(null) ? null : true
}

/** Lookups of one call, each of another field or relation: those behind one relation to many are about one row. */
function randomLookups(below: Below, shape: Shape, depth: number): Lookups {
  const relations = depth === 0 ? [] : Object.keys(shape.relations)
  const names = [...Object.keys(shape.fields), ...relations, ...relations]
  const chosen = new Set(Array.from({ length: 1 + below(2) }, () => pick(below, names)))
  const conditions = [...chosen].map((name) => {
    const relation = shape.relations[name]
    return relation === undefined ? onField(below, name, shape.fields[name] ?? []) : onRelation(below, name, relation, depth)
  })
  return {
    given: Object.assign({}, ...conditions.map(({ given }) => given)),
    holds: (row) => all(conditions.map(({ holds }) => holds(row))),
  }
}

function onRelation(below: Below, name: string, { shape, toMany, rows }: Relation, depth: number): Lookups {
  const rowsFrom = (row: Row | null) => (row === null ? [] : rows(row))
  if (below(5) === 0) {
    const isNull = below(2) === 0
    return { given: { [`${name}__isnull`]: isNull }, holds: (row) => (rowsFrom(row).length === 0) === isNull }
  }
  const { given, holds } = randomLookups(below, shape(), depth - 1)
  return {
    given: Object.fromEntries(Object.entries(given).map(([lookup, value]) => [`${name}__${lookup}`, value])),
    holds: (row) => (toMany ? rowsFrom(row).some((found) => holds(found) === true) : holds(rowsFrom(row)[0] ?? null)),
  }
}

function onField(below: Below, name: string, values: readonly unknown[]): Lookups {
  const isText = values.some((value) => typeof value === 'string' && !/^\d/.test(value))
  const [operator, value, test] = isText && below(2) === 0 ? textTest(below) : valueTest(below, values, isText)
  return { given: { [`${name}__${operator}`]: value }, holds: (row) => test(row?.[name] ?? null) }
}

type Test = readonly [operator: string, value: unknown, test: (found: unknown) => boolean | null]

function textTest(below: Below): Test {
  const part = pick(below, parts)
  const operator = pick(below, Object.keys(textOperators))
  const test = textOperators[operator] as (text: string, part: string) => boolean
  if (below(2) === 0 && operator !== 'exact') return [operator, part, (found) => (found === null ? null : test(String(found), part))]
  return [`i${operator}`, part, (found) => (found === null ? null : test(String(found).toLowerCase(), part.toLowerCase()))]
}

function valueTest(below: Below, values: readonly unknown[], isText: boolean): Test {
  const known = values.filter((value) => value !== null)
  // A key that is NULL behind a relation to many asks for those that have none: onRelation() does.
  const nullable = values.includes(null)
  const operator = pick(below, [
    ...(nullable ? ['isnull'] : []),
    'in',
    'notin',
    ...(isText ? ['exact', 'ne'] : [...Object.keys(comparisons), 'range']),
  ])
  if (operator === 'isnull') {
    const isNull = below(2) === 0
    return [operator, isNull, (found) => (found === null) === isNull]
  }
  const some = Array.from({ length: operator === 'range' ? 2 : below(4) }, () => pick(below, known))
  // Of an empty list, NULL is no more than any other value.
  const unlessNull = (found: unknown, test: () => boolean) => (found === null && some.length > 0 ? null : test())
  const isAmong = (found: unknown) => some.some((value) => isEqual(value, found))
  if (operator === 'in') return [operator, some, (found) => unlessNull(found, () => isAmong(found))]
  if (operator === 'notin') return [operator, some, (found) => unlessNull(found, () => !isAmong(found))]
  const isBetween = (found: unknown) => (found as never) >= (some[0] as never) && (found as never) <= (some[1] as never)
  if (operator === 'range') return [operator, some, (found) => unlessNull(found, () => isBetween(found))]
  const value = nullable && below(8) === 0 && ['exact', 'ne'].includes(operator) ? null : pick(below, known)
  const compare = comparisons[operator] as (value: unknown, other: unknown) => boolean
  if (value === null) return [operator, null, (found) => (found === null) === (operator === 'exact')]
  return [operator, value, (found) => (found === null ? null : compare(found, value))]
}
