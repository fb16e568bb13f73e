import type { DialectName } from '../sql/dialect.ts'
import type { AsyncResult, Executor } from '../sql/executor.ts'
import { scanStatement } from '../sql/scan-statement.ts'
import type { Parameters } from '../sql/statement.ts'
import { makeWriter } from './make-writer.ts'
import { count } from './messages.ts'
import type { Format, RowWriterOptions } from './row-writer.ts'
import { jsonText } from './shown-value.ts'

/** Rows that are printed at a time: as many as cross the thread border at a time, and of heavy ones as many as have about this size. */
const batchRows = 1_000
const batchSize = 4_194_304
/** Of a batch, before it is known how heavy its rows are. */
const firstRows = 16

export interface RunSettings extends RowWriterOptions {
  readonly format: Format
  readonly params?: Parameters | undefined
  readonly signal: AbortSignal
  readonly timeoutMs?: number | undefined
  /** JSON: tells what a statement without rows has changed, in an object of its own. */
  readonly tellsChanges: boolean
  /** Called before the columns and rows of a result are printed, and may refuse them. */
  readonly onRows?: () => void
}

/** What a statement has done. */
export interface Outcome {
  readonly returnsRows: boolean
  /** Rows printed, or rows changed; null where a statement has to do with none, as one of DDL. */
  readonly rows: number | null
}

const changingVerbs: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete', 'merge'])
const readingVerbs: ReadonlySet<string> = new Set(['select', 'values', 'table', 'show', 'explain', 'describe', 'desc'])
const literals = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$/g

/** Whether a statement gives rows, as far as its text tells: of a PRAGMA or a CALL the database knows. */
export function surelyReturnsRows(sql: string, dialect: DialectName): boolean {
  const { verb, writes } = scanStatement(sql, dialect)
  if (changingVerbs.has(verb)) return /\breturning\b/i.test(sql.replace(literals, ' '))
  return readingVerbs.has(verb) && !writes
}

/** Runs one statement and prints its rows as they come, in bounded memory. */
export async function runStatement(executor: Executor, sql: string, settings: RunSettings): Promise<Outcome> {
  const { format, output, params, signal, timeoutMs } = settings
  const result = await executor.execute<readonly unknown[]>(sql, params, { rowMode: 'array', integers: 'bigint', signal, timeoutMs })
  try {
    if (!result.returnsRows) {
      const { rowcount, lastrowid } = result
      if (settings.tellsChanges && (format === 'json' || format === 'jsonl'))
        await output.write(`${jsonText({ rowcount, lastrowid: lastrowid ?? undefined })}\n`)
      const changes = changingVerbs.has(scanStatement(sql, executor.dialect.name).verb)
      return { returnsRows: false, rows: changes ? rowcount : null }
    }
    settings.onRows?.()
    const writer = await makeWriter(format, settings)
    await writer.begin(result.columns.map(({ name }) => name))
    let printed = 0
    for (;;) {
      const rows = await nextBatch(result)
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

/** An empty list when there is none left. */
async function nextBatch(result: AsyncResult<readonly unknown[]>): Promise<readonly (readonly unknown[])[]> {
  const rows: (readonly unknown[])[] = []
  let size = 0
  let wanted = firstRows
  while (wanted > 0) {
    const more = await result.fetchmany(wanted)
    if (more.length === 0) break
    rows.push(...more)
    size += more.reduce((sum, row) => sum + sizeOf(row), 0)
    wanted = Math.min(batchRows - rows.length, Math.floor((batchSize - size) / (size / rows.length)))
  }
  return rows
}

function sizeOf(row: readonly unknown[]): number {
  let size = 0
  for (const value of row) {
    if (typeof value === 'string') size += value.length
    else if (value instanceof Uint8Array) size += value.byteLength
    else size += 8
  }
  return size
}

/** `3 rows`, `1 row changed`, `done`. */
export function describeOutcome({ returnsRows, rows }: Outcome): string {
  if (rows === null) return 'done'
  return returnsRows ? count(rows, 'row') : `${count(rows, 'row')} changed`
}
