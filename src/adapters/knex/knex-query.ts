import type { ExecuteOptions, Row } from '../../sql/executor.ts'
import type { QueryAnswer } from './pooled-connection.ts'

/** A query as Knex hands it to a client; what comes of it is written into it. */
export interface KnexQuery {
  readonly sql: string
  readonly bindings?: readonly unknown[] | null | undefined
  /** What its builder is for: `select`, `insert`, `raw`. Without one it is Knex's own, as those of a transaction are. */
  readonly method?: string | undefined
  /** The columns of `.returning()`. */
  readonly returning?: unknown
  /** Of `.options()`. */
  readonly options?: unknown
  /** Milliseconds, or false. */
  readonly timeout?: number | false | undefined
  readonly cancelOnTimeout?: boolean | undefined
  response?: unknown
  context?: unknown
}

const writingMethods: ReadonlySet<string | undefined> = new Set(['insert', 'update', 'del', 'counter'])

/** False for a statement that surely gives no rows. */
export function mayGiveRows({ method, returning }: KnexQuery): boolean {
  return returning !== undefined || !writingMethods.has(method)
}

/** What a client says of all its queries. */
export interface ClientOptions {
  /** As in `connection.options`. */
  readonly safeIntegers?: boolean | undefined
  /** What the database refuses rejects with better-sqlite3's own error. */
  readonly driverErrors: boolean
}

/** How the INTEGER columns of a query are read. */
export interface Reading {
  readonly integers: ExecuteOptions['integers']
  /** They were asked for as numbers, come what may: those that have come as bigints are rounded. */
  readonly rounded: boolean
}

const isPragma = /^\s*pragma\b/i

/** What the query's own options say, or else those of its client. */
export function readingOf({ sql, options }: KnexQuery, clientOptions: ClientOptions): Reading {
  const own = safeIntegersOf(options)
  // Knex asks "PRAGMA foreign_keys" for the number 1 before it makes a table anew: with a bigint it would leave them on, and dropping the
  // old table would delete what refers to it.
  if (own === undefined && isPragma.test(sql)) return { integers: 'number', rounded: false }
  const safeIntegers = own ?? clientOptions.safeIntegers
  return { integers: safeIntegers === undefined ? undefined : 'bigint', rounded: safeIntegers === false }
}

function safeIntegersOf(options: unknown): boolean | undefined {
  if (typeof options !== 'object' || options === null || !('safeIntegers' in options)) return undefined
  return typeof options.safeIntegers === 'boolean' ? options.safeIntegers : undefined
}

/** The values of a query, as Knex's client for better-sqlite3 and that driver bind them: lib/dialects/better-sqlite3/index.js. */
export function boundValues({ bindings }: KnexQuery): unknown[] {
  return (bindings ?? []).map((value) => {
    // What one of several rows leaves out.
    if (value === undefined) return null
    if (value instanceof Date) return value.valueOf()
    return typeof value === 'boolean' ? Number(value) : value
  })
}

/** Writes the answer into the query, in the same client's form: rows, or what a statement without rows has done. */
export function setAnswer(query: KnexQuery, { rows, result }: QueryAnswer, { rounded }: Reading): void {
  if (rows !== null) {
    query.response = rows
    return
  }
  // 0 is what SQLite itself says where nothing was inserted.
  const id = result.lastrowid ?? 0
  const lastID = rounded ? Number(id) : id
  const changes = result.rowcount
  query.response = { changes, lastInsertRowid: lastID }
  query.context = { lastID, changes }
}

/** The row itself, its bigints made numbers. */
export function roundIntegers(row: Row): Row {
  for (const name of Object.keys(row)) {
    const value = row[name]
    if (typeof value === 'bigint') row[name] = Number(value)
  }
  return row
}
