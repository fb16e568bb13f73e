import { checkOptionNames } from '../data/check-options.ts'
import { exportedText } from '../data/export-rows.ts'
import { fileWriter } from '../data/file-writers.ts'
import { checkOutput, type DataOutput, writeOutput } from '../data/write-output.ts'
import type { Executor, ManyResult } from '../sql/executor.ts'
import { onConnection } from '../sql/open-transaction.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import { checkFormat, type DataFormat } from './bulk-load.ts'

/** How `exportData()` writes. */
export interface ExportOptions {
  readonly format: DataFormat
  /** Of a query that is a text. */
  readonly params?: Parameters | undefined
  /** Ends it; a file is then as it was before. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes what a query gives, row by row in bounded memory: into a file, which is there when all of it is, or into a stream, which is ended. CSV
 * has a header, NULL as nothing and '' as `""`; what `exportData` writes, `bulkLoad` reads.
 *
 * @example
 * await exportData(tx, books.select(), new URL('./books.jsonl', import.meta.url), { format: 'jsonl' })
 * @throws {DataError} a value that JSON has no place for; two columns of one name in JSON Lines
 * @throws {ArgumentError} the stream has been ended
 */
export async function exportData(tx: Executor, query: Executable, output: DataOutput, options: ExportOptions): Promise<ManyResult> {
  checkOptionNames(options, { of: 'exportData', names: ['format', 'params', 'signal'] })
  const { format, params, signal } = options
  checkFormat(format)
  checkOutput(output)
  const writer = await fileWriter(format)
  return await onConnection(tx, async (executor) => {
    let rowcount = 0
    const onRows = (_: unknown, rows: number): void => {
      rowcount = rows
    }
    await writeOutput(output, exportedText([{ name: '', query, params }], { executor, writer, signal, onRows }), signal)
    return { rowcount }
  })
}
