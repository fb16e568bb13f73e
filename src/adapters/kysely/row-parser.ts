import { ArgumentError } from '../../errors.ts'
import type { ResultColumn } from '../../sql/executor.ts'

/**
 * What is made of the values of a column, by its type as the database names it: `timestamptz` and `int8` in PostgreSQL, `datetime` and
 * `bigint` in MySQL, and what the schema says in SQLite; in lower case, with its length (`tinyint(1)`) or without. NULL stays NULL.
 */
export type TypeParsers = { readonly [type: string]: (value: never) => unknown }

/** Applies the parsers of one dialect to the rows of results. */
export class RowParser {
  readonly #parsers: ReadonlyMap<string, (value: never) => unknown>

  /** @throws {ArgumentError} a parser is no function */
  constructor(parsers: TypeParsers) {
    const entries = Object.entries(parsers)
    const [wrong] = entries.find(([, parse]) => typeof parse !== 'function') ?? []
    if (wrong !== undefined) throw new ArgumentError(`typeParsers: expected a function for each type, found none for "${wrong}".`)
    this.#parsers = new Map(entries)
  }

  /** Parses the values of rows in their place. */
  parse(rows: readonly unknown[], columns: readonly ResultColumn[]): void {
    // Rows are objects by column name, made for this reader alone; of columns of one name the last is in them.
    const objects = rows as readonly Record<string, unknown>[]
    const parserOf = new Map(columns.map(({ name, type }) => [name, type === undefined ? undefined : this.#parserOf(type.toLowerCase())]))
    for (const [name, parse] of parserOf) {
      if (parse === undefined) continue
      for (const row of objects) {
        const value = row[name]
        // What type it is says the database.
        if (value !== null) row[name] = parse(value as never)
      }
    }
  }

  #parserOf(type: string): ((value: never) => unknown) | undefined {
    return this.#parsers.get(type) ?? this.#parsers.get(type.replace(/\s*\([^)]*\)/, ''))
  }
}
