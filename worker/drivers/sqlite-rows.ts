import type { WireValue } from '../../src/protocol/values.ts'
import type { RowsOfValues } from './driver.ts'
import { insertPattern, readInsertOfOneRow, toInsertOfRows } from './rows-insert.ts'
import { type BindableValue, toBindable } from './sqlite.ts'

/** Values that one statement of several rows is given at the most: beyond that it is not any faster. */
const maxValues = 128
const maxRows = 32

const insertOfOneRow = insertPattern({
  verb: String.raw`(?:insert(?:\s+or\s+(?:ignore|replace))?|replace)`,
  name: String.raw`(?:[a-z_][\w$]*|"(?:[^"]|"")+"|\[[^\]]+\]|\x60[^\x60]+\x60)`,
  placeholder: String.raw`(?:\?\d*|[:@$]\w+)`,
  // An upsert, without values of its own.
  tail: String.raw`on\s+conflict\b[^?:@$;]*`,
})

/** An INSERT of several rows, made of one that inserts a single row of parameters. */
export interface RowsInsert {
  readonly sql: string
  readonly rowCount: number
  /** For each placeholder of a row, which of the row's values it stands for. */
  readonly order: readonly number[]
}

/**
 * The statement that inserts several rows where `sql` inserts one, or null. Only of a text that is the plainest INSERT there is: anything
 * but parameters among its values might be computed from rows that were inserted before.
 *
 * @param names of the parameters in the order of a row's values; null where they have none
 */
export function toRowsInsert(sql: string, names: readonly string[] | null): RowsInsert | null {
  const insert = readInsertOfOneRow(sql, insertOfOneRow)
  if (insert === null) return null
  const { placeholders } = insert
  const order = placeholders.map((text, index) => (names === null ? index : names.indexOf(text.slice(1))))
  const rowCount = Math.min(maxRows, Math.floor(maxValues / order.length))
  if (rowCount < 2 || order.includes(-1) || (names === null && placeholders.some((text) => text !== '?'))) return null
  return { sql: toInsertOfRows(insert, rowCount), rowCount, order }
}

/** A prepared statement of a driver. */
interface Runnable {
  run(...values: BindableValue[]): { readonly changes: number | bigint }
}

interface RowsHome {
  prepare(sql: string): Runnable
  /** Runs the statement for the row whose values begin at `from`; gives how many rows it has changed. */
  runOne(values: readonly WireValue[], from: number, width: number): number
}

/** Runs a statement for many rows; an INSERT takes several of them in one step, which saves half of its time. */
export class RowsRunner {
  readonly #home: RowsHome
  readonly #insert: RowsInsert | null
  #prepared: Runnable | null = null

  constructor(sql: string, names: readonly string[] | null, home: RowsHome) {
    this.#home = home
    this.#insert = toRowsInsert(sql, names)
  }

  /** Whether it could take several rows in one step; whether it may is for the database's program to say. */
  get combines(): boolean {
    return this.#insert !== null
  }

  /** Gives how many rows have been changed. `check` is called before each step and may throw. */
  run({ values, width, rowCount }: RowsOfValues, combine: boolean, check: () => void): number {
    let changes = 0
    let row = 0
    const insert = combine ? this.#insert : null
    for (; insert !== null && row + insert.rowCount <= rowCount; row += insert.rowCount) {
      check()
      changes += this.#runInsert(insert, values, row * width, width)
    }
    for (; row < rowCount; row++) {
      check()
      changes += this.#home.runOne(values, row * width, width)
    }
    return changes
  }

  #runInsert({ sql, rowCount, order }: RowsInsert, values: readonly WireValue[], from: number, width: number): number {
    this.#prepared ??= this.#home.prepare(sql)
    const bindings: BindableValue[] = []
    for (let row = 0, at = from; row < rowCount; row++, at += width) {
      for (const index of order) bindings.push(toBindable(values[at + index] as WireValue))
    }
    return Number(this.#prepared.run(...bindings).changes)
  }
}
