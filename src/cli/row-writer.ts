import type { TextOutput } from './text-output.ts'

/** Prints one result: its columns, then its rows in batches, then what belongs at its end. */
export interface RowWriter {
  begin(columns: readonly string[]): Promise<void>
  rows(rows: readonly (readonly unknown[])[]): Promise<void>
  end(): Promise<void>
}

/** How rows can be printed. */
export const formats = ['table', 'vertical', 'json', 'jsonl', 'csv'] as const
export type Format = (typeof formats)[number]

export interface RowWriterOptions {
  readonly output: TextOutput
  /** CSV without the names of its columns. */
  readonly header: boolean
}
