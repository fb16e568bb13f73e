import type { AnyTable } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
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

/**
 * Puts all rows into their tables, those that others refer to before these, wherever they stand in the file.
 *
 * @param onLoaded is called when rows of one table are in the database
 * @throws {DataError} a value does not fit; the message names the line
 * @throws {IntegrityError} a constraint refuses a row; the message names the line
 */
export async function loadRows(executor: Executor, chunks: AsyncIterable<RowsToLoad>, onLoaded: OnLoaded): Promise<void> {
  if (executor.dialect.name !== 'mysql') return await load(executor, chunks, onLoaded)
  const mode = await executor.scalar<string>('select @@session.sql_mode')
  const setMode = (to: string) => executor.execute('set session sql_mode = ?', [to])
  // A key of 0 would become the next number: https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html#sqlmode_no_auto_value_on_zero
  await setMode(`${mode},NO_AUTO_VALUE_ON_ZERO`)
  try {
    await load(executor, chunks, onLoaded)
  } catch (error) {
    // The connection may be what has failed.
    await setMode(mode ?? '').catch(() => {})
    throw error
  }
  await setMode(mode ?? '')
}

type OnLoaded = (rows: readonly TableRow[]) => void

async function load(executor: Executor, chunks: AsyncIterable<RowsToLoad>, onLoaded: OnLoaded): Promise<void> {
  const waiting = new WaitingRows()
  const inserter = new RowInserter<TableRow>(executor, {
    takeRefused: (row, refusal) => waiting.takeRefused(row, refusal),
    takeUntried: (row) => waiting.takeUntried(row),
    onInserted: (rows) => {
      waiting.noteInserted(rows)
      onLoaded(rows)
    },
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
    await waiting.insert(executor, onLoaded)
    for (const table of withKeys) await countOn(executor, table)
  } finally {
    // Nothing is under way when the transaction ends.
    await inserter.settled()
  }
}
