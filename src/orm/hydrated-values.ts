import type { Executor } from '../sql/executor.ts'
import type { Entity } from './definition.ts'

/** What a new instance is made of, instead of values that somebody gives: handed to the constructor of its class. */
export class Hydration {
  readonly values: Entity
  /** That it was read through: writes go the same way while that is open. */
  readonly executor: Executor | null
  /** Fields that have not been read. */
  readonly missing: ReadonlySet<string> | null

  constructor(values: Entity, executor: Executor | null, missing: ReadonlySet<string> | null) {
    this.values = values
    this.executor = executor
    this.missing = missing
  }
}
