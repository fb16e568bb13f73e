import { type DatabaseError, DataError } from '../errors.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { insertDeferred } from './deferred-rows.ts'
import { maxHeld } from './limits.ts'
import type { LoadedRow } from './loaded-row.ts'
import { isOfForeignKey } from './refused-row.ts'
import { RowGraph } from './row-graph.ts'
import { type InserterOptions, insertAll, sizeOf } from './row-inserter.ts'
import type { TableRow } from './row-shape.ts'

/** Before so many of a table wait, each of its rows is tried. */
const leastWaiting = 20

/** Rows that refer to others which are not there yet: they wait until all of the file has been read. */
export class WaitingRows {
  readonly #rows: TableRow[] = []
  readonly #counts = new Map<AnyTable, { inserted: number; waiting: number }>()
  #size = 0

  noteInserted(rows: readonly TableRow[]): void {
    const [first] = rows
    if (first !== undefined) this.#countsOf(first.statement.table).inserted += rows.length
  }

  /** Takes a row that the database has refused, if that is for one that may come later in the file. */
  takeRefused(row: TableRow, refusal: DatabaseError): boolean {
    if (!isOfForeignKey(refusal) || !row.statement.mayWait) return false
    this.#take(row)
    return true
  }

  /** Takes a row untried where most of its table wait: it would probably be refused, at some cost. */
  takeUntried(row: TableRow): boolean {
    const { inserted, waiting } = this.#countsOf(row.statement.table)
    if (waiting < leastWaiting || waiting <= inserted) return false
    this.#take(row)
    return true
  }

  #take(row: TableRow): void {
    this.#rows.push(row)
    this.#size += sizeOf(row)
    this.#countsOf(row.statement.table).waiting += 1
    if (this.#size <= maxHeld) return
    const advice = `put the rows of table "${row.statement.table.key}" behind those that they refer to`
    throw new DataError(`Line ${row.line}: expected at most ${maxHeld} bytes of rows that refer to later ones; ${advice}.`)
  }

  #countsOf(table: AnyTable): { inserted: number; waiting: number } {
    const known = this.#counts.get(table)
    if (known !== undefined) return known
    const counts = { inserted: 0, waiting: 0 }
    this.#counts.set(table, counts)
    return counts
  }

  /**
   * Inserts them all, each behind those that it refers to. Of rows that refer to each other some are inserted with NULL in the columns that do,
   * and are updated afterwards.
   *
   * @throws {IntegrityError} one still refers to a row that is not there; the message names its line
   */
  async insert(executor: Executor, options: Pick<InserterOptions<TableRow>, 'onInserted' | 'signal'>): Promise<void> {
    const graph = await RowGraph.of(this.#rows.splice(0))
    const updates: LoadedRow[] = []
    while (graph.size > 0) {
      const free = await graph.takeFree()
      if (free.length > 0) await insertAll(executor, free, options)
      else if (!(await graph.loosen(updates, executor.dialect)))
        await insertDeferred(executor, graph.takeAll(), (rows) => insertAll(executor, rows, options))
    }
    await insertAll(executor, updates, { signal: options.signal })
  }
}
