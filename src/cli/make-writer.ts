import type { Format, RowWriter, RowWriterOptions } from './row-writer.ts'

/** A writer for one result. */
export async function makeWriter(format: Format, options: RowWriterOptions): Promise<RowWriter> {
  switch (format) {
    case 'table':
      return new (await import('./table-writer.ts')).TableWriter(options.output)
    case 'vertical':
      return new (await import('./vertical-writer.ts')).VerticalWriter(options.output)
    case 'csv':
      return new (await import('./csv-writer.ts')).CsvWriter(options)
    default:
      return new (await import('./json-writer.ts')).JsonWriter(options.output, format === 'json')
  }
}
