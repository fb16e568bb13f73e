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

/** What may stand in a statement as it is: a part of SQL, or a value that has been looked at already. */
export function isSettled(value: unknown): boolean {
  return value instanceof TypedValue || value instanceof Sql || value instanceof RowSlot
}
