import type { AsyncConnection, AsyncEngine } from '../../engine/contract.ts'
import { AbortError } from '../../errors.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import { Failure } from '../failure.ts'
import type { Outcome, RunSettings } from '../run-statement.ts'
import { runStatement } from '../run-statement.ts'
import type { NamedTable } from './completion.ts'

/** The transaction that the user has begun himself. PostgreSQL takes nothing but ROLLBACK in one that has failed. */
export type TransactionState = 'none' | 'open' | 'failed'

/** The shell's connection: a new one when it is lost, and one statement at a time. */
export class ShellSession {
  readonly engine: AsyncEngine
  readonly #readonly: boolean
  #conn: AsyncConnection | null = null
  /** After the last statement. */
  #transaction: TransactionState = 'none'
  #running: AbortController | null = null
  #tables: Promise<readonly NamedTable[]> | null = null

  constructor(engine: AsyncEngine, options: { readonly readonly: boolean }) {
    this.engine = engine
    this.#readonly = options.readonly
  }

  get running(): boolean {
    return this.#running !== null
  }

  get transaction(): TransactionState {
    return this.#transaction
  }

  /** Gives up the statement that runs. */
  cancel(): void {
    this.#running?.abort()
  }

  /** @throws {Failure} the connection was lost with a transaction on it: what was meant to be part of that is not run without it */
  async connection(): Promise<AsyncConnection> {
    if (this.#conn !== null && !this.#conn.closed) return this.#conn
    const lost = this.#transaction !== 'none'
    this.#conn = null
    this.#tables = null
    this.#transaction = 'none'
    if (lost) throw new Failure('The connection was lost, and the transaction is rolled back. Nothing was run now.')
    const { dialect } = this.engine
    this.#conn = await this.engine.connect({ readonly: this.#readonly && dialect.embedded })
    if (this.#readonly && dialect.name === 'postgresql') await this.#conn.execute('set session characteristics as transaction read only')
    if (this.#readonly && dialect.name === 'mysql') await this.#conn.execute('set session transaction read only')
    return this.#conn
  }

  /** @returns null when it was given up */
  async run(sql: string, settings: Omit<RunSettings, 'signal'>): Promise<Outcome | null> {
    const conn = await this.connection()
    let failed = this.engine.dialect.name === 'postgresql'
    try {
      const outcome = await this.#cancellable((signal) => runStatement(conn, sql, { ...settings, signal }))
      failed = false
      // Names may have come and gone.
      if (!outcome.returnsRows && outcome.rows === null) this.#tables = null
      return outcome
    } catch (error) {
      if (!(error instanceof AbortError)) throw error
      // Whether the connection has gone with the statement shows when it is asked; another Ctrl-C does not wait for that.
      await this.#cancellable((signal) => conn.scalar('select 1', [], { signal })).catch(() => {})
      return null
    } finally {
      if (!conn.closed) this.#transaction = !conn.inTransaction() ? 'none' : failed ? 'failed' : 'open'
    }
  }

  async #cancellable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    this.#running = abort
    try {
      return await work(abort.signal)
    } finally {
      this.#running = null
    }
  }

  /** The connection went with the statement that ran on it: true once for each. */
  takeLoss(): boolean {
    if (this.#conn === null || !this.#conn.closed) return false
    this.#conn = null
    this.#tables = null
    this.#transaction = 'none'
    return true
  }

  /** The tables and their columns as they were when they were last asked for: nothing is asked in the user's own transaction. */
  async tables(): Promise<readonly NamedTable[]> {
    if (this.#tables === null && !this.running && this.transaction === 'none') this.#tables = this.#readTables()
    try {
      return (await this.#tables) ?? []
    } catch {
      this.#tables = null
      return []
    }
  }

  async #readTables(): Promise<readonly NamedTable[]> {
    const described = await inspect(await this.connection()).describe({ views: true })
    return described.map(({ name, columns }) => ({ name, columns: columns.map((column) => column.name) }))
  }
}
