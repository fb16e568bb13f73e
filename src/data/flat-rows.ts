import { DataError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { type CsvRecord, csvRecords } from './csv-records.ts'
import { jsonLines, parseLine } from './json-lines.ts'
import type { SourceRow } from './row-shape.ts'
import type { TextSource } from './text-source.ts'

/**
 * The rows of a CSV file, whose first line names their columns; some at a time.
 *
 * @param checkHeader is told the names, and the line that they are in
 * @throws {DataError} it is damaged; the message names the line
 */
export async function* csvRows(source: TextSource, checkHeader: (header: CsvHeader) => void): AsyncGenerator<readonly SourceRow[]> {
  let names: readonly string[] | null = null
  for await (const records of csvRecords(source)) {
    const rows: SourceRow[] = []
    try {
      for (const record of records) {
        if (names === null) {
          names = headerOf(record)
          checkHeader({ names, line: record.line })
        } else if (!isBlank(record, names)) {
          checkFields(record, names)
          rows.push({ line: record.line, names, values: record.fields })
        }
      }
    } catch (error) {
      // Something may be wrong with a row before it.
      yield rows
      throw error
    }
    yield rows
  }
  if (names === null) throw noHeader()
}

export type CsvHeader = Pick<SourceRow, 'names' | 'line'>

export function noHeader(): DataError {
  return new DataError('Line 1: expected the names of columns, found nothing.')
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

/** A line with nothing in it, which is the row of a single column only. */
export function isBlank({ fields }: CsvRecord, columns: readonly string[]): boolean {
  return columns.length > 1 && fields.length === 1 && fields[0] === null
}

/** @throws {DataError} the record has another number of fields than there are columns */
export function checkFields({ line, fields }: CsvRecord, columns: readonly string[]): void {
  if (fields.length === columns.length) return
  const at =
    fields.length < columns.length ? `, column ${printableName(columns[fields.length] as string)}` : `, field ${columns.length + 1}`
  throw new DataError(`Line ${line}${at}: expected ${columns.length} fields, found ${fields.length}.`)
}

/**
 * The rows of a JSON Lines file, an object in each line; some at a time.
 *
 * @throws {DataError} it is damaged; the message names the line
 */
export async function* jsonRows(source: TextSource): AsyncGenerator<readonly SourceRow[]> {
  for await (const lines of jsonLines(source)) {
    const rows: SourceRow[] = []
    try {
      for (const json of lines) rows.push(rowOfObject(parseLine(json), { line: json.line, column: 1 }))
    } catch (error) {
      yield rows
      throw error
    }
    yield rows
  }
}

/** @throws {DataError} it is no object, or an empty one */
export function rowOfObject(value: unknown, { line, column }: { readonly line: number; readonly column: number }): SourceRow {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new DataError(`Line ${line}, column ${column}: expected an object with the values of a row by column.`)
  }
  return { line, names: Object.keys(value), values: Object.values(value) }
}
