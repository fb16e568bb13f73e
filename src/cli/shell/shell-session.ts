import { setTimeout as delay } from 'node:timers/promises'
import type { AsyncConnection, AsyncEngine } from '../../engine/contract.ts'
import { AbortError } from '../../errors.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import type { Executor } from '../../sql/executor.ts'
import { Failure } from '../failure.ts'
import { printable } from '../printable.ts'
import type { Outcome, RunSettings } from '../run-statement.ts'
import { runStatement } from '../run-statement.ts'
import type { NamedTable } from './completion.ts'
import { givenUpBy } from './given-up-by.ts'

/** The transaction that the user has begun himself. PostgreSQL takes nothing but ROLLBACK in one that has failed. */
export type TransactionState = 'none' | 'open' | 'failed'

/** A process that is inside a native call is killed before. */
const longestLossMs = 500
/** Who waits for a completion cannot even type Ctrl-C. */
const longestCompletionMs = 2_000
/** What was given up may still end in good order; a server that says nothing at all is not waited for. */
const longestEndMs = 2_000

/** The shell's connection: a new one when it is lost, and one statement at a time. */
export class ShellSession {
  readonly engine: AsyncEngine
  readonly #readonly: boolean
  #conn: AsyncConnection | null = null
  #connecting: Promise<AsyncConnection> | null = null
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

  /** @throws {AbortError} it was given up */
  async open(): Promise<void> {
    await this.#cancellable((signal) => this.#connection(signal))
  }

  /** @returns null when it was given up */
  async run(sql: string, settings: Omit<RunSettings, 'signal'>): Promise<Outcome | null> {
    try {
      const outcome = await this.#onConnection((conn, signal) => runStatement(conn, sql, { ...settings, signal }))
      // Names may have come and gone.
      if (!outcome.returnsRows && outcome.rows === null) this.#tables = null
      return outcome
    } catch (error) {
      if (error instanceof AbortError) return null
      throw error
    }
  }

  /**
   * Looks at the tables of the database.
   *
   * @throws {AbortError} it was given up
   */
  async look<T>(work: (executor: Executor) => Promise<T>): Promise<T> {
    return await this.#onConnection((conn, signal) => unlessSilent(work(givenUpBy(signal, conn)), signal))
  }

  /** The connection went with the statement that ran on it: true once for each. */
  takeLoss(): boolean {
    if (this.#conn === null || !this.#conn.closed) return false
    this.#conn = null
    this.#tables = null
    this.#transaction = 'none'
    return true
  }

  /**
   * The tables and their columns as they were when they were last asked for: nothing is asked in the user's own transaction. None where the database
   * does not tell them soon.
   */
  async tables(): Promise<readonly NamedTable[]> {
    if (this.#tables === null && !this.running && this.transaction === 'none') this.#tables = this.#readTables()
    if (this.#tables === null) return []
    const { promise: late, resolve } = Promise.withResolvers<readonly NamedTable[]>()
    const timer = setTimeout(resolve, longestCompletionMs, [])
    try {
      return await Promise.race([this.#tables, late])
    } catch {
      return []
    } finally {
      clearTimeout(timer)
    }
  }

  async #readTables(): Promise<readonly NamedTable[]> {
    // Giving up inside a native call would take the connection along; there nothing waits for longer than for a lock.
    const signal = this.engine.dialect.embedded ? undefined : AbortSignal.timeout(longestCompletionMs)
    try {
      const conn = await this.#connection(signal)
      const described = await inspect(signal === undefined ? conn : givenUpBy(signal, conn)).describe({ views: true })
      return described
        .filter(isPrintable)
        .map(({ name, columns }) => ({ name, columns: columns.filter(isPrintable).map((column) => column.name) }))
    } catch (error) {
      this.#tables = null
      throw error
    }
  }

  /** @throws {Failure} the connection was lost with a transaction on it: what was meant to be part of that is not run without it */
  async #connection(signal: AbortSignal | undefined): Promise<AsyncConnection> {
    if (this.#conn !== null && !this.#conn.closed) return this.#conn
    this.#connecting ??= this.#connect(signal).finally(() => {
      this.#connecting = null
    })
    return await this.#connecting
  }

  async #connect(signal: AbortSignal | undefined): Promise<AsyncConnection> {
    const lost = this.#transaction !== 'none'
    this.#conn = null
    this.#tables = null
    this.#transaction = 'none'
    if (lost) throw new Failure('The connection was lost, and the transaction is rolled back. Nothing was run now.')
    const { dialect } = this.engine
    const conn = await this.engine.connect({ readonly: this.#readonly && dialect.embedded, signal })
    if (this.#readonly && dialect.name === 'postgresql')
      await conn.execute('set session characteristics as transaction read only', [], { signal })
    if (this.#readonly && dialect.name === 'mysql') await conn.execute('set session transaction read only', [], { signal })
    this.#conn = conn
    return conn
  }

  /** Runs what Ctrl-C gives up, and looks what has become of the transaction. */
  async #onConnection<T>(work: (conn: AsyncConnection, signal: AbortSignal) => Promise<T>): Promise<T> {
    const conn = await this.#cancellable((signal) => this.#connection(signal))
    let failed = false
    try {
      return await this.#cancellable((signal) => work(conn, signal))
    } catch (error) {
      failed = await this.#hasFailed(conn, error)
      throw error
    } finally {
      if (!conn.closed) this.#transaction = !conn.inTransaction() ? 'none' : failed ? 'failed' : 'open'
    }
  }

  /** Whether PostgreSQL takes nothing but ROLLBACK now, and whether a connection has gone with what was given up, shows when it is asked. */
  async #hasFailed(conn: AsyncConnection, error: unknown): Promise<boolean> {
    const { embedded, name } = this.engine.dialect
    const isPostgresql = name === 'postgresql'
    if (!(error instanceof AbortError) && !(isPostgresql && !conn.closed && conn.inTransaction())) return false
    const answers = this.#ask(conn)
    // One that is lost says so soon; one that is not may wait for a lock.
    if (embedded) await Promise.race([answers, delay(longestLossMs, undefined, { ref: false })])
    return isPostgresql && !(await answers)
  }

  /** Whether the connection answers. Ctrl-C does not wait for a server; of SQLite it would take the connection along. */
  async #ask(conn: AsyncConnection): Promise<boolean> {
    try {
      if (this.engine.dialect.embedded) await conn.scalar('select 1')
      else await this.#cancellable((signal) => conn.scalar('select 1', [], { signal }))
      return true
    } catch {
      return false
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
}

/** What a terminal would obey is not typed on it either. */
function isPrintable({ name }: { readonly name: string }): boolean {
  return printable(name) === name
}

/** The work, or an AbortError where it has not ended some time after it was given up. */
async function unlessSilent<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  signal.addEventListener('abort', () => {
    timer = setTimeout(reject, longestEndMs, new AbortError())
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
