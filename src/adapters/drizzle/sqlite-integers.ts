import { is } from 'drizzle-orm'
import { SQLiteColumn, SQLiteNumeric, SQLiteNumericBigInt } from 'drizzle-orm/sqlite-core'
import { DataError } from '../../errors.ts'
import type { Fields } from './drizzle-internals.ts'

/**
 * How the integers of a query are read. Drizzle's columns hold numbers; only those of `numeric()` hold integers of any size, as bigints or as
 * texts. SQLite gives all of a row in one way: where there is such a column they come as bigints, and the others are made numbers here.
 */
export class IntegerReader {
  readonly setting: 'number' | 'bigint'
  readonly #fields: Fields
  readonly #exact: readonly boolean[]

  constructor(fields: Fields) {
    this.#fields = fields
    this.#exact = fields.map(({ field }) => is(field, SQLiteNumericBigInt) || is(field, SQLiteNumeric))
    this.setting = this.#exact.includes(true) ? 'bigint' : 'number'
  }

  /** @throws {DataError} an integer beyond 2^53 - 1 in a column that holds numbers; it names the column and not the value */
  read(rows: unknown[][]): unknown[][] {
    return this.setting === 'number' ? rows : rows.map((row) => row.map((value, column) => this.#narrow(value, column)))
  }

  #narrow(value: unknown, column: number): unknown {
    if (typeof value !== 'bigint' || this.#exact[column] === true) return value
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    const field = this.#fields[column]?.field
    const name = is(field, SQLiteColumn) ? ` ("${field.name}")` : ''
    throw new DataError(
      `Column ${column + 1}${name} holds an INTEGER beyond 2^53 - 1, which no number holds exactly: numeric() columns do.`,
    )
  }
}
