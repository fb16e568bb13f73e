/** Answers a question that has one value. */
export type Ask = (sql: string) => unknown

/** No pragma tells whether a key is deferred. These words in a table's definition do, which cannot be spelled otherwise. */
const defers = "instr(lower(sql), 'initially') > 0 AND instr(lower(sql), 'deferred') > 0"

const someTableDefers = `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE ${defers})`

/** 0 where no foreign key is looked at, 1 where some are deferred, or may be, and 2 where the tables of the database itself tell. */
const whereToLook = `SELECT CASE
  WHEN NOT (SELECT foreign_keys FROM pragma_foreign_keys) THEN 0
  WHEN (SELECT defer_foreign_keys FROM pragma_defer_foreign_keys) THEN 1
  WHEN EXISTS (SELECT 1 FROM pragma_database_list WHERE seq > 1) THEN 1
  WHEN EXISTS (SELECT 1 FROM sqlite_temp_schema WHERE ${defers}) THEN 1
  ELSE 2 END`

/** Tells a number that is another one after every change of the schema, or nothing where that cannot be told. */
interface Clock {
  read(): number | undefined
}

/**
 * Whether a transaction may look at foreign keys at its end only: a statement in it then succeeds that would fail alone, if one behind it
 * brings the parent. SQLite counts the rows without one and tells nobody how many there are.
 * https://www.sqlite.org/foreignkeys.html#fk_deferred
 */
export class DeferredKeys {
  readonly #ask: Ask
  readonly #clock: Clock
  #possible = true
  #knownAt = -1
  /** Of the tables of the database itself. */
  #inTables = true
  #cookie = -1

  constructor(ask: Ask, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  /** To be asked inside a transaction that has changed nothing. */
  get possible(): boolean {
    const now = this.#clock.read()
    // What the connection itself does about its keys makes the clock tick.
    if (now === undefined || now !== this.#knownAt) {
      this.#possible = this.#look()
      this.#knownAt = now ?? -1
    }
    return this.#possible
  }

  #look(): boolean {
    // Whoever holds the driver's handle may have told it to give bigints.
    const where = Number(this.#ask(whereToLook))
    if (where !== 2) return where === 1
    // A schema that has been committed has a cookie of its own, whatever becomes of the one of a transaction that is rolled back.
    const cookie = Number(this.#ask('PRAGMA schema_version'))
    if (cookie !== this.#cookie) {
      this.#inTables = Number(this.#ask(someTableDefers)) !== 0
      this.#cookie = cookie
    }
    return this.#inTables
  }
}
