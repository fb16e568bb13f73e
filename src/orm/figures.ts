import { ArgumentError } from '../errors.ts'
import { describeValue } from '../sql/parameters.ts'

export type FigureKind = 'count' | 'sum' | 'avg' | 'min' | 'max'

/** Which values a figure is of. */
export interface FigureOptions {
  /** Each value counts once. Default: false. */
  readonly distinct?: boolean | undefined
}

/** A figure over rows, for `aggregate()`. Made by `count()`, `sum('length')`, `max('album__year')`. */
export class Figure<K extends FigureKind, P extends string> {
  readonly kind: K
  /** The field, over relations to one row too; '*' for the rows themselves. */
  readonly path: P
  readonly distinct: boolean

  /** @throws {TypeError} there is no path */
  constructor(kind: K, path: P, { distinct = false }: FigureOptions = {}) {
    if (typeof path !== 'string') throw new TypeError(`${kind}() takes the name of a field, found ${describeValue(path)}.`)
    this.kind = kind
    this.path = path
    this.distinct = distinct
  }
}

/** Figures by the names that they are given. */
export type Figures = { readonly [name: string]: Figure<FigureKind, string> }

/** How many rows there are, or of a field, how many have a value in it. */
export function count(): Figure<'count', '*'>
export function count<const P extends string>(path: P, options?: FigureOptions): Figure<'count', P>
export function count(path = '*', options?: FigureOptions): Figure<'count', string> {
  return new Figure('count', path, options)
}

/** The sum of a field of numbers: of decimals, a text. Over no values: null. */
export function sum<const P extends string>(path: P, options?: FigureOptions): Figure<'sum', P> {
  return new Figure('sum', path, options)
}

/** The average of a field of numbers: of decimals, a text. Over no values: null. */
export function avg<const P extends string>(path: P, options?: FigureOptions): Figure<'avg', P> {
  return new Figure('avg', path, options)
}

/** The least value of a field, as the field has it: not of booleans, JSON and UUIDs. Over no values: null. */
export function min<const P extends string>(path: P): Figure<'min', P> {
  return new Figure('min', path)
}

/** The greatest value of a field, as the field has it: not of booleans, JSON and UUIDs. Over no values: null. */
export function max<const P extends string>(path: P): Figure<'max', P> {
  return new Figure('max', path)
}

/**
 * Figures with their names.
 *
 * @throws {TypeError} something is no figure
 * @throws {ArgumentError} a name cannot be one
 */
export function namedFigures(figures: unknown): readonly (readonly [name: string, figure: Figure<FigureKind, string>])[] {
  if (typeof figures !== 'object' || figures === null || Array.isArray(figures))
    throw new TypeError(`aggregate() takes figures by name, found ${describeValue(figures)}.`)
  return Object.entries(figures).map(([name, figure]) => {
    if (!(figure instanceof Figure))
      throw new TypeError(`aggregate(): ${JSON.stringify(name)} is no figure: expected count(), sum(…), avg(…), min(…) or max(…).`)
    if (name === '' || name.startsWith('-') || name.includes('__')) {
      throw new ArgumentError(
        `aggregate(): ${JSON.stringify(name)} cannot be the name of a figure: "__" stands before an operator, and "-" begins an ordering.`,
      )
    }
    return [name, figure]
  })
}
