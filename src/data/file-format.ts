import { ArgumentError } from '../errors.ts'

/** YAML and JSON are lists of `{ model: table, data: [rows] }`. CSV, with a header, and JSON Lines are rows of one table. */
export type FileFormat = 'yaml' | 'json' | 'csv' | 'jsonl'

/** Those that hold the rows of one table, which they do not name. */
export type RowFormat = 'csv' | 'jsonl'

const formats: ReadonlySet<unknown> = new Set<FileFormat>(['yaml', 'json', 'csv', 'jsonl'])

/** @throws {ArgumentError} the format is unknown */
export function checkFileFormat(format: unknown): void {
  if (!formats.has(format)) throw new ArgumentError(`"format" must be 'yaml', 'json', 'csv' or 'jsonl'.`)
}

export function isRowFormat(format: unknown): format is RowFormat {
  return format === 'csv' || format === 'jsonl'
}
