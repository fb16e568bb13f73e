import type BetterSqlite3 from 'better-sqlite3'
import type { DriverRow, DriverValue } from './driver.ts'
import { InnerQuery } from './inner-query.ts'

type Statement = BetterSqlite3.Statement<unknown[]>
type Take = (row: DriverRow) => void

/** A function of SQL takes no more arguments than that: SQLITE_MAX_FUNCTION_ARG, which was 127 for long. */
const maxColumns = 127

/**
 * Rows of a query from within one call of the driver, by an aggregate function that sees each of them and gives nothing: half of what a step of
 * the driver's iterator costs.
 */
export class RowPusher {
  readonly #handle: BetterSqlite3.Database
  #take: Take | null = null
  #snapshot: Statement | null = null

  constructor(handle: BetterSqlite3.Database) {
    this.#handle = handle
  }

  /** The statement that hands on the rows of a query of so many columns; null where it cannot stand inside another one. */
  prepare(query: string, width: number): Statement | null {
    if (width === 0 || width > maxColumns) return null
    const columns = Array.from({ length: width }, (_, index) => `c${index}`).join(', ')
    const { text, compound } = new InnerQuery(query)
    if (compound) return null
    try {
      return this.#handle.prepare(`with offloop_rows(${columns}) as (${text}\n) select offloop_push(${columns}) from offloop_rows`)
    } catch {
      return null
    }
  }

  /** Gives every row to `take`; what that throws ends it. */
  run(statement: Statement, bindings: readonly unknown[], take: Take): void {
    this.#take = take
    try {
      statement.get(...bindings)
    } finally {
      this.#take = null
    }
  }

  /** Runs `work` on one state of the database: until it has ended, nobody's change of the schema is seen. */
  onSnapshot<T>(work: () => T): T {
    this.#snapshot ??= this.#setUp()
    const reading = this.#snapshot.iterate()
    reading.next()
    try {
      return work()
    } finally {
      reading.return?.()
    }
  }

  #setUp(): Statement {
    this.#handle.aggregate('offloop_push', {
      start: null,
      step: (_: unknown, ...row: unknown[]) => {
        this.#take?.(row as DriverValue[])
      },
      varargs: true,
      safeIntegers: true,
      directOnly: true,
    })
    return this.#handle.prepare('select 1 from sqlite_schema')
  }
}
