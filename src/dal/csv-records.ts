import { pipeline } from 'node:stream'
import { DataError, InvalidRequestError } from '../errors.ts'
import { type DataSource, textOf } from './text-source.ts'

/** One record of a CSV file. */
export interface CsvRecord {
  /** That it begins in, counted from 1. */
  readonly line: number
  /** null where there is nothing between two commas, '' where there are quotes. */
  readonly fields: readonly (string | null)[]
}

/** A quote that is never closed would otherwise take the rest of the file into memory. */
const maxRecordBytes = 64 * 1024 * 1024

/**
 * The records of a CSV source as RFC 4180 has them, the header among them, in bounded memory.
 *
 * @throws {DataError} a quote is where none can be, or is not closed; the source is not UTF-8
 * @throws {InvalidRequestError} the package csv-parse is not installed
 */
export async function* csvRecords(source: DataSource): AsyncGenerator<CsvRecord> {
  const { parse } = await loadParser()
  let begun = 1
  const parser = parse({
    cast: (text, { quoting }) => (text === '' && !quoting ? null : text),
    info: true,
    max_record_size: maxRecordBytes,
    // Called as each record is found: those that nobody has read yet go with an error.
    on_record: (record, { lines }) => {
      begun = lines + 1
      return record
    },
    record_delimiter: ['\r\n', '\n', '\r'],
    // Whoever reads the records knows how long they should be, and in which line they begin.
    relax_column_count: true,
  })
  // The parser is destroyed with what the source fails with, and that is what the loop below throws.
  pipeline(textOf(source), parser, () => {})
  let line = 1
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      yield { line, fields: record }
      line = info.lines + 1
    }
  } catch (error) {
    throw readable(error, begun)
  }
}

/** What the parser gives with the option `info`, which its types say nothing of. */
interface ParsedRecord {
  readonly record: (string | null)[]
  readonly info: { readonly lines: number }
}

async function loadParser(): Promise<typeof import('csv-parse')> {
  try {
    return await import('csv-parse')
  } catch (cause) {
    throw new InvalidRequestError('CSV is read by the package csv-parse: npm install csv-parse', { cause })
  }
}

const complaints: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'expected a comma or the end of the line behind a closing quote; a quote inside quotes is written twice',
  INVALID_OPENING_QUOTE: 'found a quote inside a field that does not begin with one: put the field in quotes, and the quote twice',
  CSV_QUOTE_NOT_CLOSED: 'found the end of the file inside of quotes that begin in this record',
  CSV_MAX_RECORD_SIZE: `expected records of at most ${maxRecordBytes} bytes: is a quote not closed?`,
}

/** The parser's own messages show the data. */
function readable(error: unknown, line: number): unknown {
  const code: unknown = (error as { readonly code?: unknown }).code
  const complaint = typeof code === 'string' && Object.hasOwn(complaints, code) ? complaints[code] : undefined
  if (complaint === undefined) return error
  const { lines, column } = error as { readonly lines?: number; readonly column?: number | string }
  const at = code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE' || lines === undefined ? line : lines
  const field = typeof column === 'number' ? `, field ${column + 1}` : ''
  return new DataError(`Line ${at}${field}: ${complaint}.`)
}
