import { DataError } from '../errors.ts'
import { maxHeld } from './limits.ts'
import type { TextSource } from './text-source.ts'

/** One record of a CSV file. */
export interface CsvRecord {
  /** That it begins in, counted from 1. */
  readonly line: number
  /** null where there is nothing between two commas, '' where there are quotes. */
  readonly fields: readonly (string | null)[]
}

/**
 * The records of a CSV source as RFC 4180 has them, the header among them, some at a time, in bounded memory.
 *
 * @throws {DataError} a quote is where none can be, or is not closed; the source is not UTF-8
 */
export async function* csvRecords(source: TextSource): AsyncGenerator<readonly CsvRecord[]> {
  const { parse } = await import('csv-parse')
  let found: CsvRecord[] = []
  let line = 1
  const parser = parse({
    cast: (text, { quoting }) => (text === '' && !quoting ? null : text),
    // As long as a quote is not closed.
    max_record_size: maxHeld,
    // They are taken from here: as objects of a stream they would take twice the time.
    on_record: (fields: (string | null)[], { lines }) => {
      found.push({ line, fields })
      line = lines + 1
      return null
    },
    record_delimiter: ['\r\n', '\n', '\r'],
    // Whoever reads the records knows how long they should be, and in which line they begin.
    relax_column_count: true,
  })
  // Whoever writes is told.
  parser.on('error', () => {})
  const failureOf = (write: (done: (error?: Error | null) => void) => void) =>
    new Promise<unknown>((resolve) => write((error) => resolve(error ? readable(error, line) : undefined)))
  const taken = (): readonly CsvRecord[] => {
    const records = found
    found = []
    return records
  }
  for await (const piece of source.pieces()) {
    const failure = await failureOf((done) => parser.write(piece, done))
    // The records before the damage come first: something may be wrong with one of them.
    yield taken()
    if (failure !== undefined) throw failure
  }
  const failure = await failureOf((done) => parser.end(done))
  yield taken()
  if (failure !== undefined) throw failure
}

const complaints: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'expected a comma or the end of the line behind a closing quote; a quote inside quotes is written twice',
  INVALID_OPENING_QUOTE: 'found a quote inside a field that does not begin with one: put the field in quotes, and the quote twice',
  CSV_QUOTE_NOT_CLOSED: 'found the end of the file inside of quotes that begin in this record',
  CSV_MAX_RECORD_SIZE: `expected records of at most ${maxHeld} bytes: is a quote not closed?`,
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
