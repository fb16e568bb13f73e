import { DatabaseError, OperationalError } from '../errors.ts'
import type { Executor } from '../sql/executor.ts'
import { printableName } from '../sql/nearest-name.ts'
import { LoopTurns } from './loop-turns.ts'
import type { LoadedRow, RowLoader, SourceRow } from './row-shape.ts'

/** Rows that are inserted together: so many are in memory at a time, and as many while the database is at them. */
const maxRows = 1_000
/** Of their texts and bytes together. */
const maxSize = 4 * 1024 * 1024

/** What becomes of a row that the database refuses: it is thrown, unless this says true, which means that somebody takes care of it. */
export type TakeRefused = (row: LoadedRow, refusal: DatabaseError) => boolean

export interface InserterOptions {
  readonly takeRefused?: TakeRefused | undefined
  /** Called when rows are in the database. */
  readonly onInserted?: ((rows: readonly LoadedRow[]) => void) | undefined
}

/** Puts rows into tables, many at a time in their order; the next ones are gathered while the database is at the last. */
class RowInserter {
  readonly #executor: Executor
  readonly #options: InserterOptions
  #waiting: LoadedRow[] = []
  #size = 0
  #running: Promise<void> | null = null

  constructor(executor: Executor, options: InserterOptions = {}) {
    this.#executor = executor
    this.#options = options
  }

  /** True when `flush()` is due. */
  isFullFor(row: LoadedRow): boolean {
    const [first] = this.#waiting
    return first !== undefined && (this.#waiting.length >= maxRows || this.#size >= maxSize || first.shape !== row.shape)
  }

  add(row: LoadedRow): void {
    this.#waiting.push(row)
    for (const value of row.parameters) if (typeof value === 'string' || value instanceof Uint8Array) this.#size += value.length
  }

  /** Sends what has been added, when the database has finished with what was sent before. */
  async flush(): Promise<void> {
    const rows = this.#waiting
    this.#waiting = []
    this.#size = 0
    await this.#running
    this.#running = rows.length === 0 ? null : this.#insert(rows)
    // Looked at with the next rows, or by whoever ends it.
    this.#running?.catch(() => {})
  }

  /** All that has been added is in the database. */
  async end(): Promise<void> {
    await this.flush()
    await this.flush()
  }

  /** Waits for what is under way, however it ends. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  async #insert(rows: readonly LoadedRow[]): Promise<void> {
    const inserted = (await this.#insertTogether(rows)) ? rows : await this.#insertSingly(rows)
    if (inserted.length > 0) this.#options.onInserted?.(inserted)
  }

  async #insertTogether(rows: readonly LoadedRow[]): Promise<boolean> {
    const [{ shape }] = rows as readonly [LoadedRow]
    try {
      await this.#executor.executeMany(
        shape.insert,
        rows.map(({ parameters }) => parameters as never),
      )
      return true
    } catch (error) {
      // A lost connection, a full disk, a lock: no row's fault.
      if (!(error instanceof DatabaseError) || error instanceof OperationalError) throw error
      return false
    }
  }

  /** None of them is stored by now: one after another, the database says which one it refuses. */
  async #insertSingly(rows: readonly LoadedRow[]): Promise<readonly LoadedRow[]> {
    const inserted: LoadedRow[] = []
    for (const row of rows) {
      try {
        await this.#executor.executeMany(row.shape.insert, [row.parameters as never])
        inserted.push(row)
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error
        if (this.#options.takeRefused?.(row, error) !== true) throw inLine(error, row)
      }
    }
    return inserted
  }
}

/** Rows, and what makes rows of their table of them. */
export interface RowsToLoad {
  readonly loader: RowLoader
  readonly rows: readonly SourceRow[]
}

/** Puts all rows into their tables. */
export async function insertRows(executor: Executor, chunks: AsyncIterable<RowsToLoad>, options: InserterOptions): Promise<void> {
  const inserter = new RowInserter(executor, options)
  const turns = new LoopTurns()
  try {
    for await (const { loader, rows } of chunks) {
      for (const row of rows) {
        const loaded = loader.load(row)
        if (inserter.isFullFor(loaded)) await inserter.flush()
        inserter.add(loaded)
        if (turns.isOver) await turns.next()
      }
    }
    await inserter.end()
  } finally {
    // Nothing is under way when the transaction ends.
    await inserter.settled()
  }
}

/** The same error, with the line in its message, and the column where the database tells it. */
export function inLine(error: DatabaseError, { line }: LoadedRow): DatabaseError {
  const { driverCode, sql, constraint, table, columns, retryable } = error
  const maker = error.constructor as typeof DatabaseError
  const at = columns === undefined || columns.length === 0 ? '' : `, column ${columns.map(printableName).join(', ')}`
  return new maker(`Line ${line}${at}: ${error.message}`, { cause: error, driverCode, sql, constraint, table, columns, retryable })
}
