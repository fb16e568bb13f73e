import { createQueryId, type RootOperationNode } from 'kysely'
import { compilerFor } from '../schema/compile/dialect-compilers.ts'
import { ValueSlot } from '../schema/compile/typed-value.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Compilable } from '../sql/statement.ts'
import type { EntityClass } from './definition.ts'

/** A statement that is compiled once for all queries of its shape; each run brings its values. */
export class Plan {
  readonly sql: string
  readonly #parameters: readonly unknown[]

  constructor(node: RootOperationNode, dialect: Dialect) {
    const { sql, parameters } = compilerFor(dialect).compileQuery(node, createQueryId())
    this.sql = sql
    this.#parameters = parameters
  }

  /**
   * The statement with values in the places of its slots.
   *
   * @throws {TypeError} a value is of another kind than its column
   * @throws {RangeError} it does not fit
   */
  with(values: readonly unknown[]): Compilable {
    const parameters = this.#parameters.map((parameter) => (parameter instanceof ValueSlot ? parameter.in(values) : parameter))
    const compiled = { sql: this.sql, parameters }
    return { compile: () => compiled }
  }
}

/** The most shapes of one kind that a class keeps; those of a program are fewer, those that requests make up are not kept for ever. */
const maxPlans = 500

/** What has been made for the shapes of a class's queries. */
export class PlanCache<T> {
  readonly #byClass = new WeakMap<EntityClass, Map<string, T>>()

  /** What was made for that shape, or what `make` makes now. A shape that is null is made each time. */
  get(entity: EntityClass, shape: string | null, make: () => T): T {
    if (shape === null) return make()
    let plans = this.#byClass.get(entity)
    if (plans === undefined) {
      plans = new Map()
      this.#byClass.set(entity, plans)
    }
    const known = plans.get(shape)
    if (known !== undefined) return known
    const made = make()
    if (plans.size >= maxPlans) plans.clear()
    plans.set(shape, made)
    return made
  }
}
