import { ArgumentError } from '../errors.ts'
import { and, type Condition } from '../schema/condition.ts'
import type { ColumnSpecs } from '../schema/infer.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { describeValue } from '../sql/parameters.ts'
import { FilterError } from './filter-error.ts'
import { isStandardSchema, pathOf, type StandardSchema } from './standard-schema.ts'

const operators = [
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'notIn', 'between', 'is', 'isNot'] as const),
  ...(['like', 'ilike', 'contains', 'startsWith', 'endsWith', 'hasKey'] as const),
]

/** A method of a column that compares it. */
export type FilterOperator = (typeof operators)[number]

/** Which column each parameter is about, and how the two are compared. */
export interface FilterSpecs {
  readonly [parameter: string]: readonly [column: string, operator: FilterOperator]
}

type InOf<S> = S extends { readonly $in: infer In } ? In : unknown

type FilterValue<In, O> = O extends 'in' | 'notIn'
  ? readonly In[]
  : O extends 'between'
    ? readonly [In, In]
    : O extends 'like' | 'ilike' | 'startsWith' | 'endsWith' | 'hasKey'
      ? string
      : O extends 'contains'
        ? In extends string
          ? string
          : unknown
        : In

/** Values for the parameters of a filter set on a table of these columns. */
export type FilterValues<S, C = ColumnSpecs> = {
  readonly [K in keyof S]?: S[K] extends readonly [infer N, infer O]
    ? FilterValue<N extends keyof C ? InOf<C[N]> : unknown, O> | null | undefined
    : never
}

/** What checks the values of a filter set. */
export interface FilterSetOptions {
  /** Of any library that follows Standard Schema: it is given the values first, and what it makes of them is used. */
  readonly schema?: StandardSchema | undefined
}

/** Conditions that a program declares once, and a request gives the values of. */
export class FilterSet<const S extends FilterSpecs = FilterSpecs> {
  readonly specs: S
  readonly #schema: StandardSchema | undefined

  /** @throws {ArgumentError} an operator is unknown, or the schema is none */
  constructor(specs: S, { schema }: FilterSetOptions = {}) {
    for (const [parameter, spec] of Object.entries(specs)) checkSpec(parameter, spec)
    if (schema !== undefined && !isStandardSchema(schema)) {
      throw new ArgumentError(`The schema of a filter set follows Standard Schema, found ${describeValue(schema)}.`)
    }
    this.specs = Object.freeze({ ...specs })
    this.#schema = schema
  }

  /**
   * Checks that a table has the columns.
   *
   * @throws {ArgumentError} it has not
   */
  checkColumns(table: AnyTable): void {
    for (const [column] of Object.values(this.specs)) table.column(column)
  }

  /**
   * What all the values ask of the rows of a table together, or undefined where they ask nothing. 0, '' and false are values; null and undefined
   * are left out.
   *
   * @throws {FilterError} the schema refuses the values, or a parameter is unknown
   * @throws {ArgumentError} the table has no such column
   */
  async where(table: AnyTable, values: unknown): Promise<Condition | undefined> {
    const conditions = this.conditions(table, await this.#validated(values))
    return conditions.length === 0 ? undefined : and(...conditions)
  }

  /**
   * The conditions one by one, of values that have been validated.
   *
   * @throws {FilterError} a parameter is unknown
   */
  conditions(table: AnyTable, values: unknown): readonly Condition[] {
    if (values === undefined || values === null) return []
    if (typeof values !== 'object' || Array.isArray(values)) {
      throw new TypeError(`The values of a filter set are an object by parameter, found ${describeValue(values)}.`)
    }
    // Own properties alone, whatever their names.
    return Object.entries(values).flatMap(([parameter, value]: [string, unknown]) => {
      if (!Object.hasOwn(this.specs, parameter)) throw this.#unknown(parameter)
      if (value === undefined || value === null) return []
      const [name, operator] = this.specs[parameter] as FilterSpecs[string]
      return [compare(table.column(name), operator, value)]
    })
  }

  async #validated(values: unknown): Promise<unknown> {
    if (this.#schema === undefined) return values
    const result = await this.#schema['~standard'].validate(values ?? {})
    if (result.issues === undefined) return result.value
    const issues = result.issues.map((issue) => ({ parameter: pathOf(issue), message: issue.message }))
    const names = [...new Set(issues.map(({ parameter }) => printableName(parameter)))].join(', ')
    throw new FilterError(`The schema of the filters refuses ${names}: see "issues".`, issues)
  }

  #unknown(parameter: string): FilterError {
    const known = Object.keys(this.specs)
    const message = `There is no filter ${printableName(parameter)}.${didYouMean(parameter, known)}`
    return new FilterError(message, [{ parameter, message: 'Unknown filter.' }])
  }
}

/**
 * Declares filters: for each parameter a column and the method of it that compares.
 *
 * @example
 * const filters = filterSet({ from: ['id', 'ge'], text: ['name', 'contains'] })
 * await engine.execute(books.select(await filters.where(books, { from: 0, text: 'sea' })))
 */
export function filterSet<const S extends FilterSpecs>(specs: S, options?: FilterSetOptions): FilterSet<S> {
  return new FilterSet(specs, options)
}

function checkSpec(parameter: string, spec: unknown): void {
  if (!Array.isArray(spec) || spec.length !== 2 || typeof spec[0] !== 'string') {
    throw new ArgumentError(`Filter ${printableName(parameter)}: expected [column, operator].`)
  }
  const operator = String(spec[1])
  if ((operators as readonly string[]).includes(operator)) return
  throw new ArgumentError(
    `Filter ${printableName(parameter)}: a column has no operator ${printableName(operator)}.${didYouMean(operator, operators)}`,
  )
}

type Comparable = { readonly [O in Exclude<FilterOperator, 'between'>]: (value: unknown) => Condition } & {
  between(low: unknown, high: unknown): Condition
  readonly label: string
}

function compare(column: unknown, operator: FilterOperator, value: unknown): Condition {
  // Its operators check what they are given, each in its own way.
  const comparable = column as Comparable
  if (operator !== 'between') return comparable[operator](value)
  if (!Array.isArray(value) || value.length !== 2) {
    throw new TypeError(`Column ${comparable.label}: between takes a list of two values, found ${describeValue(value)}.`)
  }
  return comparable.between(value[0], value[1])
}
