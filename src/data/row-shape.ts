import { DataError } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import { type AnyTable, keyOf, type QualifiedName, referredName } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { type ReaderOptions, type ReadValue, textReader, valueReader } from './column-reader.ts'
import type { RowFormat } from './file-format.ts'
import type { LoadedRow, RowStatement } from './loaded-row.ts'
import { quotedTable } from './quoted-table.ts'

/** A row as a file has it, and where. */
export interface SourceRow {
  /** Counted from 1. */
  readonly line: number
  /** Of its columns: the same list for rows that have the same ones, as far as is known. */
  readonly names: readonly string[]
  readonly values: readonly unknown[]
}

/** A row as its table takes it. */
export type TableRow = LoadedRow<RowShape>

/** The insert of rows that give the same columns of a table. */
export class RowShape implements RowStatement {
  readonly table: AnyTable
  readonly text: string
  readonly copy: string | undefined
  readonly givesKey: boolean
  /** A row that it refers to may come later in the file. */
  readonly mayWait: boolean
  /** Those that a row gives, and behind them those that have a default. */
  readonly names: readonly string[]
  readonly #dialect: Dialect
  readonly #readers: readonly ReadValue[]
  readonly #defaults: readonly Column[]

  constructor(table: AnyTable, given: readonly Column[], { dialect, format, asStored }: ShapeOptions) {
    this.table = table
    this.#dialect = dialect
    this.#readers = given.map((column) => (format === 'csv' ? textReader : valueReader)(column, { dialect, asStored }))
    this.#defaults = table.columns.filter((column) => column.options.default !== undefined && !given.includes(column))
    this.names = [...given, ...this.#defaults].map(({ name }) => name)
    const key = table.primaryKey?.columns ?? []
    this.givesKey = key.length > 0 && key.every((name) => this.names.includes(name))
    const refersToItself = table.foreignKeys.some(({ referredTable }) => keyOf(referredName(table, referredTable)) === table.key)
    this.mayWait = refersToItself || (table.foreignKeys.length > 0 && format === 'list')
    this.text = insertStatement(table, this.names, dialect)
    this.copy = copyStatement(table, this.names, dialect)
  }

  /** @throws {DataError} a value does not fit; the message names the line */
  load({ line, values }: SourceRow): TableRow {
    try {
      const parameters = this.#readers.map((read, index) => read(values[index]))
      for (const { type, label, options } of this.#defaults) {
        const value: unknown = typeof options.default === 'function' ? options.default() : options.default
        parameters.push(value === null ? null : type.encode(value, this.#dialect, label))
      }
      return { line, statement: this, parameters }
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw new DataError(`Line ${line}: ${error.message}`, { cause: error })
      throw error
    }
  }
}

export interface ShapeOptions extends ReaderOptions {
  /** Of the file: texts, values, or values of several tables. */
  readonly format: RowFormat | 'list'
}

/** Each row of a file may give other columns. */
const maxShapes = 1_000

/** Makes rows of a file into rows of a table. */
export class RowLoader {
  readonly table: AnyTable
  readonly #options: ShapeOptions
  readonly #shapes = new Map<string, RowShape>()
  #latest: { readonly names: readonly string[]; readonly shape: RowShape } | null = null

  constructor(table: AnyTable, options: ShapeOptions) {
    this.table = table
    this.#options = options
  }

  /** @throws {DataError} the row names a column that is not there, or a value does not fit */
  load(row: SourceRow): TableRow {
    if (this.#latest?.names !== row.names) this.#latest = { names: row.names, shape: this.shapeOf(row) }
    return this.#latest.shape.load(row)
  }

  /** @throws {DataError} there is no name, or no such column */
  shapeOf({ names, line }: Pick<SourceRow, 'names' | 'line'>): RowShape {
    const key = JSON.stringify(names)
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    if (names.length === 0) throw new DataError(`Line ${line}: expected the values of a row, found none.`)
    const columns = names.map((name) => columnOf(this.table, name, line))
    const shape = new RowShape(this.table, columns, this.#options)
    if (this.#shapes.size === maxShapes) this.#shapes.clear()
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

function insertStatement(table: AnyTable, columns: readonly string[], dialect: Dialect): string {
  const names = columns.map((name) => dialect.quoteIdentifier(name))
  // A key that the server counts up takes the values of a file too.
  const overriding = dialect.name === 'postgresql' ? ' overriding system value' : ''
  const marks = columns.map((_, index) => mark(index, dialect))
  return `insert into ${quotedTable(table, dialect)} (${names.join(', ')})${overriding} values (${marks.join(', ')})`
}

/** Undefined where there is no COPY. */
function copyStatement(table: QualifiedName, columns: readonly string[], dialect: Dialect): string | undefined {
  const names = columns.map((name) => dialect.quoteIdentifier(name))
  return dialect.copy ? `copy ${quotedTable(table, dialect)} (${names.join(', ')}) from stdin` : undefined
}

/** Sets columns of a row: its parameters are their values, and those of its key. */
export function updateStatement(
  table: AnyTable,
  { columns, key }: { readonly columns: readonly string[]; readonly key: readonly string[] },
  dialect: Dialect,
): RowStatement {
  const equal = (name: string, index: number): string => `${dialect.quoteIdentifier(name)} = ${mark(index, dialect)}`
  const where = key.map((name, index) => equal(name, columns.length + index))
  const text = `update ${quotedTable(table, dialect)} set ${columns.map(equal).join(', ')} where ${where.join(' and ')}`
  return { table, text, names: [...columns, ...key], givesKey: true }
}

function mark(index: number, dialect: Dialect): string {
  return dialect.placeholders === 'numbered' ? `$${index + 1}` : '?'
}
