import type { WireColumn, WireValue } from '../../src/protocol/values.ts'
import type { DriverStatement, RowIterator, RowsOfValues, RunResult } from './driver.ts'
import { Command, type Message, textMessage } from './mysql-packet.ts'
import { encodeExecute } from './mysql-parameters.ts'
import type { MysqlText } from './mysql-text.ts'
import type { Mysql2Channel } from './mysql2-channel.ts'
import { type PrepareExchange, ResultExchange } from './mysql2-exchange.ts'
import { closer } from './mysql2-prepare.ts'
import { RowStream } from './mysql2-rows.ts'
import { MysqlRowsInsert } from './mysql2-rows-insert.ts'
import { ResultShape } from './mysql2-shape.ts'
import { DriverFault } from './sqlite-errors.ts'

/** What is known of a statement before it runs. */
export interface StatementParts {
  readonly sql: string
  readonly text: MysqlText
  /** What the server made of it; null where it is sent as text whenever it runs. */
  readonly prepared: PrepareExchange | null
  readonly mariadb: boolean
}

/** Frees what its owner has forgotten to free: a statement that changes the session is prepared for each run, and dropped. */
const forgotten = new FinalizationRegistry<() => void>((close) => close())

export class Mysql2Statement implements DriverStatement {
  readonly returnsRows: boolean
  readonly readonly: boolean
  readonly #channel: Mysql2Channel
  readonly #sql: string
  readonly #text: MysqlText
  readonly #statementId: number | null
  readonly #parameterCount: number
  readonly #shape: ResultShape
  readonly #close: () => void
  #inserted = false
  #rows: RowStream | null = null
  #rowsInsert: MysqlRowsInsert | null = null

  constructor(channel: Mysql2Channel, { sql, text, prepared, mariadb }: StatementParts) {
    this.#channel = channel
    this.#sql = sql
    this.#text = text
    this.#statementId = prepared === null ? null : prepared.statementId
    this.#parameterCount = prepared === null ? 0 : prepared.parameterCount
    this.#shape = new ResultShape(prepared !== null, channel.native._mariadbExtendedMetadata === true)
    if (prepared !== null) this.#shape.update(prepared.fields)
    // Of an INSERT … RETURNING MariaDB tells no columns before it runs.
    this.returnsRows = this.#shape.columns.length > 0 || text.mayGiveRows || (mariadb && text.hasReturning)
    this.readonly = text.readonly
    this.#close = closer(channel, this.#statementId)
    if (this.#statementId !== null) forgotten.register(this, this.#close, this)
  }

  get setsLastRowid(): boolean {
    return this.#inserted
  }

  get busy(): boolean {
    return this.#rows?.ended === false
  }

  columns(): readonly WireColumn[] {
    return this.#shape.columns
  }

  /** As the server counts: a row that an upsert has changed is two, and so is one that REPLACE has put in another's place. */
  async run(params: readonly WireValue[]): Promise<RunResult> {
    const exchange = await this.#perform(params)
    const { affectedRows, changedRows } = exchange
    return { changes: this.#text.countsChanges ? affectedRows : 0, lastRowid: this.#channel.lastInsertId, changedRows }
  }

  /**
   * One message is answered before the next one is sent: were they sent ahead, and the first one's deadlock ended the transaction, those behind
   * it would be committed one by one.
   */
  async runEach({ values, width, rowCount }: RowsOfValues, check: () => void): Promise<number> {
    this.#rowsInsert ??= new MysqlRowsInsert(this.#channel, this.#sql)
    let changes = 0
    for (let row = 0; row < rowCount; ) {
      check()
      const rows = this.#rowsInsert.rowsAtOnce(values, { from: row * width, width, rowsLeft: rowCount - row })
      if (rows > 1) changes += await this.#rowsInsert.run(values, { from: row * width, width, rows })
      else changes += (await this.#perform(values, row * width, width)).affectedRows
      row += rows
    }
    return this.#text.countsChanges ? changes : 0
  }

  iterate(params: readonly WireValue[]): RowIterator {
    const rows = new RowStream(this.#channel, {
      onFields: (definitions) => {
        this.#shape.update(definitions)
        return this.#shape.rowReader()
      },
      onFirstRow: (row) => this.#noteInserted(this.#text.inserts ? row[this.#shape.autoIncrement] : undefined),
      mayBeStopped: this.#text.reads,
    })
    const exchange = new ResultExchange(this.#message(params), rows)
    this.#inserted = false
    this.#channel.start(exchange, this.#text.keepsTransaction, (error) => rows.end(error), rows)
    this.#rows = rows
    return rows
  }

  finalize(): void {
    forgotten.unregister(this)
    this.#close()
    this.#rowsInsert?.finalize()
  }

  async #perform(values: readonly WireValue[], from = 0, width = values.length): Promise<ResultExchange> {
    this.#inserted = false
    const exchange = await this.#channel.perform(new ResultExchange(this.#message(values, from, width)), this.#text.keepsTransaction)
    this.#noteInserted(this.#text.inserts ? exchange.insertId : undefined)
    return exchange
  }

  /** The value of an AUTO_INCREMENT column; 0 is none. Of several rows it is the first one's, as LAST_INSERT_ID() gives it. */
  #noteInserted(value: unknown): void {
    if (typeof value !== 'bigint' || value === 0n) return
    this.#inserted = true
    this.#channel.lastInsertId = value
  }

  /** @throws {DriverFault} the number of values is another one than that of the placeholders, or a value is none of MySQL's */
  #message(values: readonly WireValue[], from = 0, width = values.length): Message {
    if (width !== this.#parameterCount) {
      const found = `${width} ${width === 1 ? 'value was' : 'values were'} given for ${this.#parameterCount} placeholders`
      throw new DriverFault('programming', `Wrong number of values: ${found}.`, { driverCode: 'ER_WRONG_ARGUMENTS' })
    }
    return this.#statementId === null ? textMessage(Command.query, this.#sql) : encodeExecute(this.#statementId, values, from, width)
  }
}
