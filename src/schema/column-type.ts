import { DataError } from '../errors.ts'
import type { Dialect, DialectName } from '../sql/dialect.ts'
import { describeValue } from '../sql/parameters.ts'

/** Names of the makers: what a column holds, whatever the database calls it. */
export type ColumnKind =
  | 'integer'
  | 'bigInteger'
  | 'smallInteger'
  | 'float'
  | 'numeric'
  | 'boolean'
  | 'string'
  | 'text'
  | 'date'
  | 'time'
  | 'dateTime'
  | 'json'
  | 'enumeration'
  | 'uuid'
  | 'blob'
  | 'other'

/** Turns what the database gave, never null, into the column's JavaScript value. */
export type Decode = (value: unknown) => unknown

/** What a column holds: how its type is written, and how its values go in and come out. */
export abstract class ColumnType {
  abstract readonly kind: ColumnKind
  /** Its values are bigints: integers of the whole result are asked for without loss. */
  readonly bigints: boolean = false
  /** The database may count it up by itself. */
  readonly countable: boolean = false

  /** The type as the database knows it: another one where the values are a program's own. */
  get stored(): ColumnType {
    return this
  }

  /** The type as CREATE TABLE has it. A STRICT table of SQLite knows five types only. */
  abstract sqlType(dialect: Dialect, strict: boolean): string

  /**
   * Checks a value and makes it one that the engine can send. Never called with null.
   *
   * @param label names the column in errors, which show nothing of the value
   * @throws {TypeError} the value is of another kind
   * @throws {RangeError} the value is of the right kind and does not fit
   */
  abstract encode(value: unknown, dialect: Dialect, label: string): unknown

  /** How values of that database become JavaScript's; null where they come as they are. */
  abstract decoder(dialect: Dialect, label: string): Decode | null
}

/** Types of one spelling for each database, and the one for a STRICT table. */
export type TypeNames = Readonly<Record<DialectName | 'strict', string>>

export function typeName(names: TypeNames, { name }: Dialect, strict: boolean): string {
  return strict ? names.strict : names[name]
}

export function misfit(label: string, expected: string, value: unknown): TypeError {
  return new TypeError(`Column ${label}: expected ${expected}, found ${describeValue(value)}.`)
}

export function outOfRange(label: string, expected: string): RangeError {
  return new RangeError(`Column ${label}: expected ${expected}; the value given does not fit.`)
}

export function unreadable(label: string, expected: string, value: unknown): DataError {
  return new DataError(
    `Column ${label} holds what is not ${expected}: found ${describeValue(value)}. Read it with rowMode and plain SQL, or mend it.`,
  )
}
