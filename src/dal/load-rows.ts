import { DatabaseError, DataError, IntegrityError } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import type { Table } from '../schema/table.ts'
import type { Executor } from '../sql/executor.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { type CsvRecord, csvRecords } from './csv-records.ts'
import { jsonLines, parseRecord } from './json-lines.ts'
import type { DataSource } from './text-source.ts'
import { valueFromJson, valueFromText } from './text-values.ts'

/** A row for a table, and where it stood. */
interface LoadedRow {
  readonly line: number
  readonly values: { readonly [column: string]: unknown }
  /** The names of its values: rows of the same ones are inserted together. */
  readonly shape: string
}

/** Rows that are inserted together: so many are in memory at a time. */
const maxRows = 1_000

/** Puts rows into a table, in their order. */
export async function insertLoaded(tx: Executor, table: Table, rows: AsyncIterable<LoadedRow>): Promise<number> {
  let rowcount = 0
  let waiting: LoadedRow[] = []
  for await (const row of rows) {
    if (waiting.length === maxRows || (waiting.length > 0 && waiting[0]?.shape !== row.shape)) {
      rowcount += await insertTogether(tx, table, waiting)
      waiting = []
    }
    waiting.push(row)
  }
  return waiting.length === 0 ? rowcount : rowcount + (await insertTogether(tx, table, waiting))
}

async function insertTogether(tx: Executor, table: Table, rows: readonly LoadedRow[]): Promise<number> {
  try {
    const { rowcount } = await tx.executeMany(
      table.insert(),
      rows.map(({ values }) => values),
    )
    return rowcount
  } catch (error) {
    if (!(error instanceof IntegrityError || error instanceof DataError)) throw error
    throw await refusedRow(tx, table, rows, error)
  }
}

/** None of them is stored by now: one after another, the database says which one it refuses. */
async function refusedRow(tx: Executor, table: Table, rows: readonly LoadedRow[], refusal: DatabaseError): Promise<unknown> {
  for (const { line, values } of rows) {
    try {
      await tx.executeMany(table.insert(), [values])
    } catch (error) {
      return error instanceof DatabaseError ? inLine(error, line) : error
    }
  }
  return refusal
}

/** The same error, with the line in its message. */
function inLine(error: DatabaseError, line: number): DatabaseError {
  const { driverCode, sql, constraint, table, columns, retryable } = error
  const maker = error.constructor as typeof DatabaseError
  return new maker(`Line ${line}: ${error.message}`, { cause: error, driverCode, sql, constraint, table, columns, retryable })
}

/** The names of a CSV file's columns: those of its first record. */
export function headerOf({ line, fields }: CsvRecord): readonly string[] {
  return fields.map((name, index) => {
    if (name === null || name.trim() === '')
      throw new DataError(`Line ${line}, field ${index + 1}: expected the name of a column, found none.`)
    if (fields.indexOf(name) !== index)
      throw new DataError(`Line ${line}, field ${index + 1}: column ${printableName(name)} is there already.`)
    return name
  })
}

/** @throws {DataError} the record has another number of fields than there are columns */
export function checkFields({ line, fields }: CsvRecord, columns: readonly string[]): void {
  if (fields.length === columns.length) return
  const at =
    fields.length < columns.length ? `, column ${printableName(columns[fields.length] as string)}` : `, field ${columns.length + 1}`
  throw new DataError(`Line ${line}${at}: expected ${columns.length} fields, found ${fields.length}.`)
}

/** The rows of a CSV file, whose first line names columns of the table. */
export async function* csvRows(source: DataSource, table: Table, { dialect }: Executor): AsyncGenerator<LoadedRow> {
  let columns: readonly Column[] | null = null
  for await (const record of csvRecords(source)) {
    if (columns === null) {
      columns = headerOf(record).map((name) => columnOf(table, name, record.line))
      continue
    }
    const { line, fields } = record
    checkFields(
      record,
      columns.map(({ name }) => name),
    )
    const values = columns.map(
      (column, index) => [column.name, at(line, () => valueFromText(column, fields[index] ?? null, dialect))] as const,
    )
    yield { line, values: Object.fromEntries(values), shape: '' }
  }
  if (columns === null) throw new DataError('Line 1: expected the names of columns, found nothing.')
}

/** The rows of a JSON Lines file: an object in each line. */
export async function* jsonRows(source: DataSource, table: Table, { dialect }: Executor): AsyncGenerator<LoadedRow> {
  for await (const json of jsonLines(source)) {
    const values = parseRecord(json).map(([name, value]) => {
      const column = columnOf(table, name, json.line)
      return [name, at(json.line, () => valueFromJson(column, value, dialect))] as const
    })
    if (values.length === 0) throw new DataError(`Line ${json.line}: expected the values of a row, found none.`)
    const shape = values.map(([name]) => name).sort()
    yield { line: json.line, values: Object.fromEntries(values), shape: shape.join('\0') }
  }
}

function columnOf(table: Table, name: string, line: number): Column {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (column !== undefined) return column
  const names = table.columns.map((candidate) => candidate.name)
  throw new DataError(`Line ${line}, column ${printableName(name)}: table "${table.key}" has no such column.${didYouMean(name, names)}`)
}

/** Says in which line something does not fit. */
function at<T>(line: number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new DataError(`Line ${line}: ${error.message}`, { cause: error })
    throw error
  }
}
