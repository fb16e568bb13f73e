import type { AnyTable } from '../schema/table-shape.ts'
import type { Executor, TransactionOptions } from '../sql/executor.ts'
import { isEngine } from '../sql/open-transaction.ts'
import { countOn } from './count-on.ts'
import { LoopTurns } from './loop-turns.ts'
import { RowInserter } from './row-inserter.ts'
import type { RowLoader, SourceRow, TableRow } from './row-shape.ts'
import { WaitingRows } from './waiting-rows.ts'

/** Rows, and what makes rows of their table of them. */
export interface RowsToLoad {
  readonly loader: RowLoader
  readonly rows: readonly SourceRow[]
}

/** Where rows come from, and what is told of them. */
export interface RowLoad {
  readonly chunks: AsyncIterable<RowsToLoad>
  /** Called when rows of one table are in the database. */
  readonly onLoaded: (rows: readonly TableRow[]) => void
  /** Called when rows have failed while others are waited for: nobody needs those any more. */
  readonly onFailed: (error: unknown) => void
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A transaction for `loadRows`, in which a key of 0 is one. MySQL would take the next number for it:
 * https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html#sqlmode_no_auto_value_on_zero
 */
export async function loadingTransaction<T>(
  executor: Executor,
  work: (tx: Executor) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  if (executor.dialect.name !== 'mysql') return await executor.transaction(work, options)
  let before: string | null = null
  try {
    return await executor.transaction(async (tx) => {
      const mode = (await tx.scalar<string>('select @@session.sql_mode')) ?? ''
      before = mode
      await setMode(tx, `${mode},NO_AUTO_VALUE_ON_ZERO`)
      const result = await work(tx)
      await setMode(tx, mode)
      return result
    }, options)
  } catch (error) {
    // Behind the transaction: the server may have ended that by itself. What an engine has lent is reset when it comes back.
    if (before !== null && !isEngine(executor)) await setMode(executor, before).catch(() => {})
    throw error
  }
}

async function setMode(executor: Executor, mode: string): Promise<void> {
  await executor.execute('set session sql_mode = ?', [mode])
}

/**
 * Puts all rows into their tables, those that others refer to before these, wherever they stand in the file.
 *
 * @throws {DataError} a value does not fit; the message names the line
 * @throws {IntegrityError} a constraint refuses a row; the message names the line
 */
export async function loadRows(executor: Executor, { chunks, onLoaded, onFailed, signal }: RowLoad): Promise<void> {
  const waiting = new WaitingRows()
  const inserter = new RowInserter<TableRow>(executor, {
    takeRefused: (row, refusal) => waiting.takeRefused(row, refusal),
    takeUntried: (row) => waiting.takeUntried(row),
    onInserted: (rows) => {
      waiting.noteInserted(rows)
      onLoaded(rows)
    },
    onFailed,
    signal,
  })
  const turns = new LoopTurns()
  const withKeys = new Set<AnyTable>()
  try {
    for await (const { loader, rows } of chunks) {
      for (const row of rows) {
        const loaded = loader.load(row)
        if (loaded.statement.givesKey) withKeys.add(loader.table)
        if (!waiting.takeUntried(loaded)) {
          if (inserter.isFullFor(loaded)) await inserter.flush()
          inserter.add(loaded)
        }
        if (turns.isOver) await turns.next()
      }
    }
    await inserter.end()
    await waiting.insert(executor, { onInserted: onLoaded, signal })
    for (const table of withKeys) await countOn(executor, table, signal)
  } finally {
    // Nothing is under way when the transaction ends.
    await inserter.settled()
  }
}
