import type { WireValue } from '../../src/protocol/values.ts'
import { encodeExecute, parameterBytes } from './mysql-parameters.ts'
import type { Mysql2Channel } from './mysql2-channel.ts'
import { ResultExchange } from './mysql2-exchange.ts'
import { closer, prepare } from './mysql2-prepare.ts'
import { insertPattern, readInsertOfOneRow, toInsertOfRows } from './rows-insert.ts'

/**
 * Values that one statement is given at the most. It could be 65,535, as their number travels in two bytes, but that is slower: 50,000 rows of
 * four took 0.8 s, and with 1,600 to 6,400 values 0.3 to 0.7 s (MariaDB 10.11 on the same, busy machine).
 */
const maxParameters = 4_096
/** About the size of a message; well below the least `max_allowed_packet` that servers have had for long, 4 MB. */
const maxMessageBytes = 1024 * 1024
/** Statements of different numbers of rows that are kept prepared. */
const maxPrepared = 4

const pattern = insertPattern({
  verb: String.raw`(?:insert(?:\s+ignore)?|replace)`,
  name: String.raw`(?:[a-z_$][\w$]*|\x60[^\x60]+\x60)`,
  placeholder: String.raw`\?`,
  // An upsert without values of its own; a user's variable in it might count the statements.
  tail: String.raw`(?:as\s+\w+\s+)?on\s+duplicate\s+key\s+update\b[^?@;]*`,
})

/** Where in a list of values the rows are. */
export interface RowsAt {
  readonly from: number
  readonly width: number
}

interface PreparedRows {
  readonly statementId: number
  readonly close: () => void
}

/** An INSERT of a single row of parameters, run for many rows at once. */
export class MysqlRowsInsert {
  readonly #channel: Mysql2Channel
  readonly #toSql: ((rowCount: number) => string) | null
  /** By the number of rows; the one that was used last is the last. */
  readonly #prepared = new Map<number, PreparedRows>()

  constructor(channel: Mysql2Channel, sql: string) {
    this.#channel = channel
    const insert = readInsertOfOneRow(sql, pattern)
    this.#toSql = insert === null ? null : (rowCount) => toInsertOfRows(insert, rowCount)
  }

  /** How many of the rows that are left go into one message: as many as there is room for, or one. */
  rowsAtOnce(values: readonly WireValue[], { from, width, rowsLeft }: RowsAt & { readonly rowsLeft: number }): number {
    if (this.#toSql === null || width === 0) return 1
    const most = Math.min(rowsLeft, Math.floor(maxParameters / width))
    let bytes = 0
    let rows = 0
    for (let at = from; rows < most && bytes < maxMessageBytes; rows++, at += width) {
      for (let index = 0; index < width; index++) bytes += parameterBytes(values[at + index] as WireValue)
    }
    if (bytes < maxMessageBytes) return Math.max(rows, 1)
    // Without the one that is too much, which may be a message by itself. Rows of different weight would each time be another number of them, and
    // another statement to prepare.
    return 2 ** Math.floor(Math.log2(Math.max(rows - 1, 1)))
  }

  /** Gives how many rows have been changed. */
  async run(values: readonly WireValue[], { from, width, rows }: RowsAt & { readonly rows: number }): Promise<number> {
    const { statementId } = await this.#prepare(rows)
    const exchange = new ResultExchange(encodeExecute(statementId, values, from, rows * width))
    const { affectedRows, insertId } = await this.#channel.perform(exchange)
    if (insertId !== 0n) this.#channel.lastInsertId = insertId
    return affectedRows
  }

  finalize(): void {
    for (const { close } of this.#prepared.values()) close()
    this.#prepared.clear()
  }

  async #prepare(rows: number): Promise<PreparedRows> {
    const known = this.#prepared.get(rows)
    if (known !== undefined) {
      this.#prepared.delete(rows)
      this.#prepared.set(rows, known)
      return known
    }
    if (this.#prepared.size >= maxPrepared) this.#forgetOldest()
    const { statementId } = await prepare(this.#channel, this.#toSql?.(rows) ?? '')
    const prepared = { statementId, close: closer(this.#channel, statementId) }
    this.#prepared.set(rows, prepared)
    return prepared
  }

  #forgetOldest(): void {
    const [oldest] = this.#prepared
    if (oldest === undefined) return
    this.#prepared.delete(oldest[0])
    oldest[1].close()
  }
}
