import { DataError } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { type ReadValue, textReader, valueReader } from './column-reader.ts'

/** A row as a file has it, and where. */
export interface SourceRow {
  /** Counted from 1. */
  readonly line: number
  /** Of its columns: the same list for rows that have the same ones, as far as is known. */
  readonly names: readonly string[]
  readonly values: readonly unknown[]
}

/** A row as an INSERT takes it, and where it stood. */
export interface LoadedRow {
  readonly line: number
  readonly shape: RowShape
  readonly parameters: readonly unknown[]
}

/** Rows of one table that give the same columns. */
export class RowShape {
  readonly table: AnyTable
  /** Those that a row gives, and those behind them that have a default. */
  readonly columns: readonly Column[]
  readonly insert: string
  readonly #dialect: Dialect
  readonly #readers: readonly ReadValue[]
  readonly #defaults: readonly Column[]

  constructor(table: AnyTable, given: readonly Column[], { dialect, read }: ShapeOptions) {
    this.table = table
    this.#dialect = dialect
    this.#readers = given.map((column) => read(column, dialect))
    this.#defaults = table.columns.filter((column) => column.options.default !== undefined && !given.includes(column))
    this.columns = [...given, ...this.#defaults]
    this.insert = insertInto(table, this.columns, dialect)
  }

  /** @throws {DataError} a value does not fit; the message names the line */
  load({ line, values }: SourceRow): LoadedRow {
    try {
      const parameters = this.#readers.map((read, index) => read(values[index]))
      for (const { type, label, options } of this.#defaults) {
        const value: unknown = typeof options.default === 'function' ? options.default() : options.default
        parameters.push(value === null ? null : type.encode(value, this.#dialect, label))
      }
      return { line, shape: this, parameters }
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw new DataError(`Line ${line}: ${error.message}`, { cause: error })
      throw error
    }
  }
}

export interface ShapeOptions {
  readonly dialect: Dialect
  readonly read: typeof textReader
}

/** Makes rows of a file into rows of a table. */
export class RowLoader {
  readonly table: AnyTable
  readonly #options: ShapeOptions
  readonly #shapes = new Map<string, RowShape>()
  #latest: { readonly names: readonly string[]; readonly shape: RowShape } | null = null

  /** @param texts the values are those of a CSV file */
  constructor(table: AnyTable, dialect: Dialect, { texts }: { readonly texts: boolean }) {
    this.table = table
    this.#options = { dialect, read: texts ? textReader : valueReader }
  }

  /** @throws {DataError} the row names a column that is not there, or a value does not fit */
  load(row: SourceRow): LoadedRow {
    if (this.#latest?.names !== row.names) this.#latest = { names: row.names, shape: this.shapeOf(row) }
    return this.#latest.shape.load(row)
  }

  /** Rows of one shape are inserted together, in whichever order they name their columns. */
  shapeOf({ names, line }: Pick<SourceRow, 'names' | 'line'>): RowShape {
    const key = names.join('\0')
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    if (names.length === 0) throw new DataError(`Line ${line}: expected the values of a row, found none.`)
    const shape = new RowShape(
      this.table,
      names.map((name) => columnOf(this.table, name, line)),
      this.#options,
    )
    this.#shapes.set(key, shape)
    return shape
  }
}

function columnOf(table: AnyTable, name: string, line: number): Column {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (column === undefined) {
    const names = table.columns.map((candidate) => candidate.name)
    throw new DataError(`Line ${line}, column ${printableName(name)}: table "${table.key}" has no such column.${didYouMean(name, names)}`)
  }
  if (column.options.generated === undefined) return column
  throw new DataError(`Line ${line}, column ${printableName(name)}: the database computes this column; leave it out.`)
}

function insertInto(table: AnyTable, columns: readonly Column[], dialect: Dialect): string {
  const names = columns.map(({ name }) => dialect.quoteIdentifier(name))
  const marks = columns.map((_, index) => (dialect.placeholders === 'numbered' ? `$${index + 1}` : '?'))
  // A key that the server counts up takes the values of a file too.
  const overriding = dialect.name === 'postgresql' ? ' overriding system value' : ''
  return `insert into ${quotedTable(table, dialect)} (${names.join(', ')})${overriding} values (${marks.join(', ')})`
}

export function quotedTable({ schema, name }: { readonly schema: string | undefined; readonly name: string }, dialect: Dialect): string {
  const table = dialect.quoteIdentifier(name)
  return schema === undefined ? table : `${dialect.quoteIdentifier(schema)}.${table}`
}
