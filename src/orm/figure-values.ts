import type { Dialect } from '../sql/dialect.ts'
import { describeValue } from '../sql/parameters.ts'
import type { Term } from './clause.ts'
import { type StoredField, typeOf } from './definition.ts'
import type { FigureKind } from './figures.ts'
import type { Lookup } from './lookup.ts'

/** A value of each group: one that its rows share, or a figure over them. */
export interface Output {
  readonly name: string
  readonly kind: FigureKind | 'group'
  readonly path: string
  readonly distinct: boolean
  /** Null: of the rows themselves. */
  readonly lookup: Lookup | null
}

/** What must hold of a figure. */
export interface FigureTerm {
  /** Which of the outputs. */
  readonly output: number
  readonly term: Term
}

const whole: ReadonlySet<string> = new Set(['integer', 'smallInteger', 'bigInteger'])

export function isOfWholeNumbers(field: StoredField): boolean {
  return whole.has(typeOf(field).kind)
}

/** Whether sums and averages of the field mean something. */
export function isOfNumbers(field: StoredField): boolean {
  const { kind } = typeOf(field)
  return isOfWholeNumbers(field) || kind === 'float' || kind === 'numeric'
}

/** PostgreSQL has no MIN and MAX of these, and the others each an order of its own. */
const withoutExtremes: ReadonlySet<string> = new Set(['boolean', 'json', 'uuid'])

/** Whether the least and the greatest of the field mean something. */
export function hasExtremes(field: StoredField): boolean {
  return !withoutExtremes.has(typeOf(field).kind)
}

/** Makes what the database gave, never null, the output's value: servers give sums and averages of numbers as decimal texts. */
export function readerOf({ kind, lookup }: Output, dialect: Dialect): (value: unknown) => unknown {
  if (kind === 'count' || lookup === null) return Number
  const type = typeOf(lookup.field)
  const decode = type.decoder(dialect, labelOf(lookup.field)) ?? ((value: unknown) => value)
  if (kind === 'avg') return type.kind === 'numeric' ? (value) => String(inDigits(value)) : Number
  if (kind === 'sum' && type.kind === 'numeric') return (value) => decode(inDigits(value))
  if (kind !== 'sum') return decode
  return whole.has(type.kind) ? (value) => decode(typeof value === 'string' ? BigInt(value) : value) : Number
}

/** A double is written with an exponent from there on. SQLite's sums of decimals are doubles, and may be greater than any of its columns holds. */
function inDigits(value: unknown): unknown {
  return typeof value === 'number' && Math.abs(value) >= 1e21 ? BigInt(value) : value
}

/** Makes a value that a figure is compared with one that can be sent. */
export function operandEncoder(output: Output, dialect: Dialect): (value: unknown) => unknown {
  const { kind, lookup, name } = output
  const type = lookup === null ? null : typeOf(lookup.field)
  if (type !== null && lookup !== null && (kind === 'min' || kind === 'max'))
    return (value) => type.encode(value, dialect, labelOf(lookup.field))
  const isDecimal = type?.kind === 'numeric' && kind !== 'count'
  const isWhole = kind === 'count' || (kind === 'sum' && type !== null && whole.has(type.kind))
  return (value) => {
    if (isDecimal && isDecimalNumber(value)) return dialect.name === 'sqlite' ? Number(value) : String(value)
    if (typeof value === 'bigint' || (typeof value === 'number' && (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value))))
      return value
    const expected = isDecimal ? 'a decimal number' : isWhole ? 'a whole number' : 'a number'
    throw new TypeError(`having(): the figure ${JSON.stringify(name)} is compared with ${expected}, found ${describeValue(value)}.`)
  }
}

function isDecimalNumber(value: unknown): boolean {
  if (typeof value === 'string') return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))
}

function labelOf(field: StoredField): string {
  return `${field.definition.tableName}.${field.name}`
}
