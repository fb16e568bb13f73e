import { stringify } from 'csv-stringify/sync'
import { printableLines } from './printable.ts'
import type { RowWriter, RowWriterOptions } from './row-writer.ts'
import { csvText } from './shown-value.ts'

/** CSV as RFC 4180 has it, with the names of the columns as its first line; NULL is nothing, and '' is `""`. */
export class CsvWriter implements RowWriter {
  readonly #options: RowWriterOptions

  constructor(options: RowWriterOptions) {
    this.#options = options
  }

  async begin(columns: readonly string[]): Promise<void> {
    if (this.#options.header) await this.#write([columns])
  }

  async rows(rows: readonly (readonly unknown[])[]): Promise<void> {
    await this.#write(rows.map((row) => row.map(csvText)))
  }

  async end(): Promise<void> {}

  async #write(records: readonly (readonly (string | null)[])[]): Promise<void> {
    const text = stringify(records as (string | null)[][], {
      cast: {
        string: (field) =>
          field === '' ? { value: '', quoted_empty: true } : /[\r\n]/.test(field) ? { value: field, quoted: true } : field,
      },
    })
    const { output } = this.#options
    await output.write(output.stream.isTTY ? printableLines(text) : text)
  }
}
