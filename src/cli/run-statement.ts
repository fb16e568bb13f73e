import type { Executor } from '../sql/executor.ts'
import { scanStatement } from '../sql/scan-statement.ts'
import type { Parameters } from '../sql/statement.ts'
import { makeWriter } from './make-writer.ts'
import { count } from './messages.ts'
import type { Format, RowWriterOptions } from './row-writer.ts'
import { jsonObject } from './shown-value.ts'

/** Rows that are printed at a time: as many as cross the thread border at a time. */
const batchRows = 1_000

export interface RunSettings extends RowWriterOptions {
  readonly format: Format
  readonly params?: Parameters | undefined
  readonly signal: AbortSignal
  readonly timeoutMs?: number | undefined
}

/** What a statement has done. */
export interface Outcome {
  readonly returnsRows: boolean
  /** Rows printed, or rows changed; null where a statement has to do with none, as one of DDL. */
  readonly rows: number | null
}

const changingVerbs: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete', 'merge'])

/** Runs one statement and prints its rows as they come, in bounded memory. */
export async function runStatement(executor: Executor, sql: string, settings: RunSettings): Promise<Outcome> {
  const { format, output, params, signal, timeoutMs } = settings
  const result = await executor.execute<readonly unknown[]>(sql, params, { rowMode: 'array', integers: 'bigint', signal, timeoutMs })
  try {
    if (!result.returnsRows) {
      const { rowcount, lastrowid } = result
      if (format === 'json' || format === 'jsonl')
        await output.write(`${jsonObject([...Object.entries({ rowcount, lastrowid: lastrowid ?? undefined })])}\n`)
      const changes = changingVerbs.has(scanStatement(sql, executor.dialect.name).verb)
      return { returnsRows: false, rows: changes ? rowcount : null }
    }
    const writer = await makeWriter(format, settings)
    await writer.begin(result.columns.map(({ name }) => name))
    let printed = 0
    for (;;) {
      const rows = await result.fetchmany(batchRows)
      if (rows.length === 0) break
      await writer.rows(rows)
      printed += rows.length
    }
    await writer.end()
    return { returnsRows: true, rows: printed }
  } finally {
    await result.close()
  }
}

/** `3 rows`, `1 row changed`, `done`. */
export function describeOutcome({ returnsRows, rows }: Outcome): string {
  if (rows === null) return 'done'
  return returnsRows ? count(rows, 'row') : `${count(rows, 'row')} changed`
}
