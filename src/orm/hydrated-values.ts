import type { Executor } from '../sql/executor.ts'
import type { Entity } from './definition.ts'

/** Gives an instance its values out of a source. */
export type Fill<Source> = (target: Entity, source: Source, executor: Executor | null) => void

/** What a new instance is made of, instead of values that somebody gives: handed to the constructor of its class. */
export class Hydration<Source = never> {
  readonly fill: Fill<Source>
  readonly source: Source
  /** That it was read through: writes go the same way while that is open. */
  readonly executor: Executor | null
  /** Fields that have not been read. */
  readonly missing: ReadonlySet<string> | null

  // One more than is good to read: an object for them would be one for each row.
  constructor(fill: Fill<Source>, source: Source, executor: Executor | null, missing: ReadonlySet<string> | null) {
    this.fill = fill
    this.source = source
    this.executor = executor
    this.missing = missing
  }

  /** Of values that are there already. */
  static of(values: Entity, executor: Executor | null, missing: ReadonlySet<string> | null): Hydration<Entity> {
    return new Hydration(Object.assign, values, executor, missing)
  }
}
