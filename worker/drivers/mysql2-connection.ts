import type { WireError } from '../../src/protocol/wire-error.ts'
import type { DriverConnection, DriverStatement } from './driver.ts'
import { MysqlText, withoutTail } from './mysql-text.ts'
import type { Mysql2Channel } from './mysql2-channel.ts'
import { isUnpreparable, mysqlToWireError } from './mysql2-errors.ts'
import { PlainExchange, type PrepareExchange, ResultExchange } from './mysql2-exchange.ts'
import { prepare } from './mysql2-prepare.ts'
import { sessionStatements } from './mysql2-session.ts'
import { Mysql2Statement } from './mysql2-statement.ts'

/** For so long a connection is waited for that has said goodbye. */
const maxCloseMs = 2_000

export interface ConnectionFacts {
  readonly mariadb: boolean
  readonly statementTimeoutMs: number
  readonly database: string | undefined
  /** 0 for no limit. */
  readonly pingTimeoutMs: number
}

export class Mysql2Connection implements DriverConnection {
  readonly #channel: Mysql2Channel
  readonly #facts: ConnectionFacts

  constructor(channel: Mysql2Channel, facts: ConnectionFacts) {
    this.#channel = channel
    this.#facts = facts
  }

  get handle(): object {
    this.#channel.watchForeignCommands()
    return this.#channel.native
  }

  get inTransaction(): boolean {
    return this.#channel.inTransaction
  }

  /** The placeholders are anonymous whatever they were called. */
  async prepare(sql: string): Promise<DriverStatement> {
    const text = new MysqlText(sql)
    const prepared = text.isPrepared ? await this.#prepare(sql) : null
    return new Mysql2Statement(this.#channel, { sql, text, prepared, mariadb: this.#facts.mariadb })
  }

  /** Null where the server prepares no such statement, and it has no parameters that would need it. */
  async #prepare(sql: string): Promise<PrepareExchange | null> {
    try {
      return await prepare(this.#channel, sql)
    } catch (error) {
      if (isUnpreparable(error) && !sql.includes('?')) return null
      throw error
    }
  }

  /**
   * Where one statement ends, only the server knows: `;` is in the bodies of procedures, and what a string is depends on its modes. So it takes
   * the text as a whole, and for that time alone it is told to take several statements: left on, an injected `; drop table` would be one.
   */
  async script(sql: string): Promise<void> {
    const text = withoutTail(sql)
    if (text === '') return
    if (!text.includes(';')) {
      await this.#channel.perform(ResultExchange.query(text), false)
      return
    }
    this.#channel.assertFree()
    try {
      await this.#channel.performBefore(PlainExchange.multiStatements(true))
      await this.#channel.perform(ResultExchange.query(text), false)
    } finally {
      // A connection that cannot be told so is to be used by nobody.
      await this.#channel.perform(PlainExchange.multiStatements(false)).catch(() => this.#channel.native.stream.destroy())
    }
  }

  /** As the server has told it with the INSERT: to ask LAST_INSERT_ID() would not give a value that the statement itself had named. */
  lastRowid(): bigint {
    return this.#channel.lastInsertId
  }

  cancel(): Promise<void> {
    return this.#channel.cancel()
  }

  /** The server ends the transaction, unlocks, and forgets variables, temporary tables and prepared statements. */
  async reset(readonly: boolean): Promise<void> {
    this.#channel.session++
    await this.#channel.perform(PlainExchange.resetConnection(), false)
    this.#channel.lastInsertId = 0n
    await this.begin(readonly)
    const { database } = this.#facts
    if (database === undefined || database === '') await this.#leaveDatabase(readonly)
    // The one thing that it leaves as it is.
    else await this.#channel.perform(ResultExchange.query(`USE \`${database.replaceAll('`', '``')}\``))
  }

  /** Makes a new session, or one that was reset, what it is to be. */
  async begin(readonly: boolean): Promise<void> {
    for (const sql of sessionStatements({ ...this.#facts, readonly })) await this.#channel.perform(ResultExchange.query(sql))
  }

  /** A session that began without a database and has one now: only another login leaves it again. */
  async #leaveDatabase(readonly: boolean): Promise<void> {
    const statement = await this.prepare('SELECT DATABASE()')
    const rows = statement.iterate([])
    const { value } = await rows.next()
    await rows.return()
    statement.finalize()
    if (value?.[0] === null) return
    this.#channel.session++
    await new Promise<void>((resolve, reject) => {
      this.#channel.native.changeUser({}, (error) => (error === null || error === undefined ? resolve() : reject(error)))
    })
    await this.begin(readonly)
  }

  /** A server that does not answer in time is lost: a connection that has fallen silent would otherwise be waited for without end. */
  async ping(): Promise<void> {
    const { pingTimeoutMs } = this.#facts
    const late = pingTimeoutMs > 0 ? setTimeout(() => this.#channel.native.stream.destroy(), pingTimeoutMs) : undefined
    try {
      await this.#channel.perform(PlainExchange.ping())
    } finally {
      clearTimeout(late)
    }
  }

  onLost(listener: (error: unknown) => void): void {
    this.#channel.onLost(listener)
  }

  unref(): void {
    // A socket, which mysql2 takes for any stream.
    const { stream } = this.#channel.native as { readonly stream: { unref?(): void } }
    stream.unref?.()
  }

  destroy(): void {
    this.#channel.destroy()
  }

  /** Says goodbye and waits for the end. What still runs is not waited for longer than that. */
  async close(): Promise<void> {
    const { native } = this.#channel
    if (native.stream.destroyed) return this.#channel.closing()
    const closed = new Promise<void>((resolve) => native.stream.once('close', resolve))
    this.#channel.closing()
    native.end()
    const late = setTimeout(() => native.stream.destroy(), maxCloseMs)
    await closed
    clearTimeout(late)
  }

  toWireError(error: unknown): WireError {
    return mysqlToWireError(error, this.#facts.mariadb)
  }
}
