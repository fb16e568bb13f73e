import type { Request, RequestKind } from '../src/protocol/frames.ts'
import { StatementTrait } from '../src/protocol/frames.ts'
import type { WireColumn } from '../src/protocol/values.ts'
import type { DriverConnection, DriverStatement, MaybePromise } from './drivers/driver.ts'

type Registration = Extract<Request, { kind: typeof RequestKind.register }>

/** A statement text that the user's side has named by a number; prepared when it first runs, and again after the connection was reopened. */
export class StatementEntry {
  readonly sql: string
  readonly names: readonly string[] | null
  readonly insert: boolean
  readonly changesRows: boolean
  /** Running it may leave state on the connection, or change the schema. */
  readonly connectionState: boolean
  statement: DriverStatement | null = null
  #sentColumns: readonly WireColumn[] | null = null
  /** Its last result came in one piece. */
  small = false
  /** Its last result did not, and was read to its end. */
  large = false
  /** How many times it is still to be served alone: it has held up a group of statements for longer than others should wait. */
  aloneFor = 0
  /** The last run took long enough that finished replies should not wait for the next one; unknown counts as slow. */
  slow = true

  constructor(registration: Registration) {
    this.sql = registration.sql
    this.names = registration.names
    this.insert = (registration.traits & StatementTrait.insert) !== 0
    this.changesRows = (registration.traits & StatementTrait.changesRows) !== 0
    this.connectionState = (registration.traits & StatementTrait.connectionState) !== 0
  }

  /** The reply that told them was never sent. */
  forgetSentColumns(): void {
    this.#sentColumns = null
  }

  /** The columns if the user's side has yet to learn them, else null. A driver gives the same array as long as nothing has changed. */
  takeUnsentColumns(columns: readonly WireColumn[]): readonly WireColumn[] | null {
    if (columns === this.#sentColumns) return null
    this.#sentColumns = columns
    return columns
  }
}

/** The statements of one connection by the numbers of the user's side, which decides what stays (`statementCacheSize`) and what is forgotten. */
export class StatementCache {
  readonly #entries = new Map<number, StatementEntry>()

  register(registration: Registration): void {
    this.#entries.set(registration.statementId, new StatementEntry(registration))
  }

  forget(statementId: number): void {
    const entry = this.#entries.get(statementId)
    this.#entries.delete(statementId)
    if (entry?.statement?.busy === false) entry.statement.finalize()
  }

  get(statementId: number): StatementEntry {
    const entry = this.#entries.get(statementId)
    if (entry === undefined) throw new RangeError(`statement ${statementId} was never registered`)
    return entry
  }

  /**
   * The entry's prepared statement, or a fresh one where a cursor still reads from that. What changes the connection is prepared each time:
   * SQLite runs some pragmas while it prepares them.
   */
  prepare(entry: StatementEntry, connection: DriverConnection): MaybePromise<DriverStatement> {
    if (entry.connectionState) return connection.prepare(entry.sql, entry.names)
    if (entry.statement !== null && !entry.statement.busy) return entry.statement
    const prepared = connection.prepare(entry.sql, entry.names)
    if (entry.statement === null) {
      if (prepared instanceof Promise) return prepared.then((statement) => (entry.statement = statement))
      entry.statement = prepared
    }
    return prepared
  }

  /** After the connection was reopened: every statement is prepared anew when it next runs. */
  unprepare(): void {
    for (const entry of this.#entries.values()) entry.statement = null
  }
}
