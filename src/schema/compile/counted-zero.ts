import type { Dialect } from '../../sql/dialect.ts'

/**
 * A value for a column that counts. MySQL would store its next number in the place of 0, and nobody would hear of it:
 * https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html#sqlmode_no_auto_value_on_zero
 *
 * @throws {RangeError} the database does not store the value
 */
export function assertStored(value: unknown, { countsZero }: Dialect, label: string): void {
  if (countsZero && (value === 0 || value === 0n))
    throw new RangeError(`Column ${label}: MySQL counts a key of 0 itself, expected another number, or none; importData() stores 0.`)
}
