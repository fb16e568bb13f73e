/**
 * Tables in and out of files: YAML, JSON, CSV and JSON Lines, as text, stream or file.
 *
 * @module offloop/data
 */

import '../node-version.ts'

export type { DataPlace, DataResult } from './data-place.ts'
export { type ExportOptions, type ExportProgress, exportData, exportText } from './export-data.ts'
export type { FileFormat } from './file-format.ts'
export { type ImportOptions, type ImportProgress, importData } from './import-data.ts'
export type { KnownTables } from './table-finder.ts'
export type { DataSource } from './text-source.ts'
export type { DataOutput } from './write-output.ts'
