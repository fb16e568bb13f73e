import type { Dialect } from '../../sql/dialect.ts'
import { Sql } from '../../sql/template.ts'
import type { ColumnType } from '../column-type.ts'

/**
 * A value that knows the type of the column it is for. It travels through Kysely's nodes as the value of one, plugins included, and is encoded
 * when the statement is compiled for its dialect.
 */
export class TypedValue {
  readonly value: unknown
  readonly type: ColumnType
  /** Names the column in errors. */
  readonly label: string

  constructor(value: unknown, type: ColumnType, label: string) {
    this.value = value
    this.type = type
    this.label = label
  }

  /**
   * @throws {TypeError} the value is of another kind than the column
   * @throws {RangeError} it does not fit
   */
  encode(dialect: Dialect): unknown {
    return this.value === null ? null : this.type.encode(this.value, dialect, this.label)
  }
}

/** The place of a value that each row brings its own for. */
export class RowSlot {
  readonly name: string

  /** @param name of the column */
  constructor(name: string) {
    this.name = name
  }
}

/** The place of a value in a statement that is compiled once and run with many. */
export class ValueSlot {
  /** In the list of the values that a run brings. */
  readonly index: number
  readonly #transform: ((value: unknown) => unknown) | null

  constructor(index: number, transform: ((value: unknown) => unknown) | null = null) {
    this.index = index
    this.#transform = transform
  }

  /** The same place, for what becomes of its value. */
  map(transform: (value: unknown) => unknown): ValueSlot {
    const before = this.#transform
    return new ValueSlot(this.index, before === null ? transform : (value) => transform(before(value)))
  }

  /** What is sent in a run with these values. */
  in(values: readonly unknown[]): unknown {
    const value = values[this.index]
    return this.#transform === null || value === null ? value : this.#transform(value)
  }
}

/** What may stand in a statement as it is: a part of SQL, or a value that has been looked at already. */
export function isSettled(value: unknown): boolean {
  return value instanceof TypedValue || value instanceof Sql || value instanceof RowSlot || value instanceof ValueSlot
}
