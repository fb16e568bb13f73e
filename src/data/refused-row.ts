import { type DatabaseError, IntegrityError } from '../errors.ts'
import type { ForeignKeyConstraint } from '../schema/constraints.ts'
import { referredKey, referredName } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { printableName } from '../sql/nearest-name.ts'
import { type LoadedRow, valuesOf } from './loaded-row.ts'
import { quotedTable } from './quoted-table.ts'

/** What the databases say of a row that refers to one that is not there. */
const codes: ReadonlySet<unknown> = new Set(['SQLITE_CONSTRAINT_FOREIGNKEY', '23503', 'ER_NO_REFERENCED_ROW', 'ER_NO_REFERENCED_ROW_2'])

export function isOfForeignKey({ driverCode }: DatabaseError): boolean {
  return codes.has(driverCode)
}

/** The same error, with the line in its message, and the columns as far as they are known. */
export async function inLine(error: DatabaseError, row: LoadedRow, executor: Executor): Promise<DatabaseError> {
  const { driverCode, sql, constraint, table, retryable } = error
  const maker = error.constructor as typeof DatabaseError
  const columns = error.columns ?? columnsOf(error, row) ?? (await missingReference(error, row, executor))?.columns
  return new maker(`${placeOf(row, columns)}: ${error.message}`, { cause: error, driverCode, sql, constraint, table, columns, retryable })
}

function placeOf({ line }: LoadedRow, columns: readonly string[] = []): string {
  return columns.length === 0 ? `Line ${line}` : `Line ${line}, column ${columns.map(printableName).join(', ')}`
}

/** Of the constraint that is named. */
function columnsOf({ constraint }: DatabaseError, { statement: { table } }: LoadedRow): readonly string[] | undefined {
  if (constraint === undefined) return undefined
  // MySQL's name of every primary key.
  if (constraint === 'PRIMARY') return table.primaryKey?.columns
  const named = table.constraints.find(({ name }) => name === constraint)
  if (named !== undefined) return 'columns' in named ? named.columns : undefined
  const members = table.indexes.find(({ name }) => name === constraint)?.members
  return members?.filter((member) => typeof member === 'string')
}

/** SQLite does not say which of its foreign keys a row breaks. */
async function missingReference(error: DatabaseError, row: LoadedRow, executor: Executor): Promise<ForeignKeyConstraint | undefined> {
  return isOfForeignKey(error) && executor.dialect.embedded ? await brokenReference(row, executor) : undefined
}

/** @throws {IntegrityError} the row refers to one that is not there */
export async function checkReferences(row: LoadedRow, executor: Executor): Promise<void> {
  const broken = await brokenReference(row, executor)
  if (broken === undefined) return
  const { table } = row.statement
  const target = referredKey(table, broken.referredTable)
  const message = `${placeOf(row, broken.columns)}: refers to a row of table "${target}" that is not there.`
  throw new IntegrityError(message, { table: table.name, columns: broken.columns })
}

async function brokenReference(row: LoadedRow, executor: Executor): Promise<ForeignKeyConstraint | undefined> {
  const { dialect } = executor
  const { table } = row.statement
  for (const foreignKey of table.foreignKeys) {
    const values = valuesOf(row, foreignKey.columns)
    if (values.some((value) => value === null || value === undefined)) continue
    const target = quotedTable(referredName(table, foreignKey.referredTable), dialect)
    const where = foreignKey.referredColumns.map((column) => `${dialect.quoteIdentifier(column)} = ?`).join(' and ')
    const found = await executor.scalar(`select 1 from ${target} where ${where} limit 1`, values as never)
    if (found === null) return foreignKey
  }
  return undefined
}
