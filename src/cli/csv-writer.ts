import { stringify } from 'csv-stringify/sync'
import type { RowWriter, RowWriterOptions } from './row-writer.ts'
import { csvText } from './shown-value.ts'
import { lazily } from './text-output.ts'

/** Of the rows that are made into one text. */
const mostCharacters = 65_536

/** CSV as RFC 4180 has it, with the names of the columns as its first line; NULL is nothing, and '' is `""`. */
export class CsvWriter implements RowWriter {
  readonly #options: RowWriterOptions

  constructor(options: RowWriterOptions) {
    this.#options = options
  }

  async begin(columns: readonly string[]): Promise<void> {
    if (this.#options.header) await this.#options.output.print(textOf([[...columns]]))
  }

  async rows(rows: readonly (readonly unknown[])[]): Promise<void> {
    await this.#options.output.print(lazily(inParts(rows), textOf))
  }

  async end(): Promise<void> {}
}

type CsvRecord = (string | null)[]

/** Rows as fields, few enough of them at a time for one text, and not one by one, which takes several times as long. */
function* inParts(rows: readonly (readonly unknown[])[]): Generator<CsvRecord[]> {
  let part: CsvRecord[] = []
  let characters = 0
  for (const row of rows) {
    const fields = row.map(csvText)
    part.push(fields)
    characters += fields.reduce((sum, field) => sum + (field?.length ?? 0), 0)
    if (characters < mostCharacters) continue
    yield part
    part = []
    characters = 0
  }
  yield part
}

function textOf(records: CsvRecord[]): string {
  return stringify(records, {
    cast: {
      string: (field) => (field === '' ? { value: '', quoted_empty: true } : /[\r\n]/.test(field) ? { value: field, quoted: true } : field),
    },
  })
}
