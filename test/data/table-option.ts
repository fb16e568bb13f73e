import type { FileFormat, ImportOptions } from 'offloop/data'

/** Names the table where the format does not. */
export function tableOption(format: FileFormat, table: string): Pick<ImportOptions, 'table'> {
  return format === 'csv' || format === 'jsonl' ? { table } : {}
}
