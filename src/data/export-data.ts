import { AbortError, ArgumentError } from '../errors.ts'
import { dependencyOrder } from '../schema/ddl/dependency-order.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { isInTransaction } from '../sql/open-transaction.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import type { WrittenColumn } from './cells.ts'
import { checkOptionNames } from './check-options.ts'
import { type DataPlace, type DataResult, executorOf } from './data-place.ts'
import { exportedText, type RowSource } from './export-rows.ts'
import { checkFileFormat, type FileFormat, isRowFormat } from './file-format.ts'
import { fileWriter } from './file-writers.ts'
import { quotedTable } from './quoted-table.ts'
import { storedCheck } from './stored-check.ts'
import { checkTable, type KnownTables, TableFinder } from './table-finder.ts'
import { checkOutput, type DataOutput, writeOutput } from './write-output.ts'

/** How far an export has come. */
export interface ExportProgress {
  /** That the latest rows are of; '' for a query without a name. */
  readonly table: string
  /** In all tables. */
  readonly rows: number
  /** Counted before the first one is read; undefined of a query. */
  readonly totalRows: number | undefined
  /** That have been written, of UTF-8. */
  readonly bytes: number
}

/** Which tables `exportData()` writes, and how. */
export interface ExportOptions {
  readonly format: FileFormat
  /** The only table; with `query`, what YAML and JSON call its rows. */
  readonly table?: string | AnyTable | undefined
  /** YAML and JSON: these tables. Default: all tables of the default schema, or of `metadata`, but for that of migrations. */
  readonly tables?: readonly (string | AnyTable)[] | undefined
  /** Its rows, and not those of a whole table. */
  readonly query?: Executable | undefined
  /** Of a query that is a text. */
  readonly params?: Parameters | undefined
  /** Tables that need not be read from the database: a MetaData, or `Album.table.metadata`. */
  readonly metadata?: KnownTables | undefined
  /** Called with each piece that has been written, of 64 KiB or so. What it throws ends the export. The rows are counted for it first. */
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined
  /** Ends it; a file is then as it was before. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes tables, as they are at one moment, or what a query gives: into a file, which is there when all of it is, or into a stream, which is
 * ended. Tables that others refer to come first, rows in the order of their keys, without generated columns; what it writes, `importData` reads.
 * In bounded memory, whatever the number of rows.
 *
 * @example
 * await exportData(engine, new URL('./all.yaml', import.meta.url), { format: 'yaml' })
 * await exportData(engine, response, { format: 'csv', query: albums.select() })
 * @throws {InvalidRequestError} there is no such table
 * @throws {DataError} a value that the format has no place for; the message names the row and the column
 * @throws {ArgumentError} the stream has been ended
 * @throws {AbortError} the signal has fired
 */
export async function exportData(from: DataPlace, output: DataOutput, options: ExportOptions): Promise<DataResult> {
  checkOutput(output)
  return await run(from, options, (pieces) => writeOutput(output, pieces, options.signal))
}

/** The same as one text, which has to fit into memory. */
export async function exportText(from: DataPlace, options: ExportOptions): Promise<string> {
  let text = ''
  await run(from, options, async (pieces) => {
    for await (const piece of pieces) text += piece
  })
  return text
}

async function run(from: DataPlace, options: ExportOptions, write: (pieces: AsyncIterable<string>) => Promise<void>): Promise<DataResult> {
  checkOptions(options)
  const { format, signal, onProgress } = options
  const writer = await fileWriter(format)
  try {
    return await inSnapshot(await executorOf(from), signal, async (executor) => {
      const sources = await sourcesOf(executor, options)
      const totalRows = onProgress === undefined ? undefined : await countRows(executor, sources, signal)
      const tally = new Tally(sources, (progress) => onProgress?.({ ...progress, totalRows }))
      const pieces = exportedText(sources, { executor, writer, signal, onRows: ({ name }, rows) => tally.note(name, rows) })
      await write(tally.counted(pieces))
      return { rowcount: tally.rows, tables: Object.fromEntries(tally.tables) }
    })
  } catch (error) {
    // A stream has an error of its own for it.
    throw signal?.aborted === true && !(error instanceof AbortError) ? new AbortError(undefined, { cause: signal.reason }) : error
  }
}

/** What has been written so far. */
class Tally {
  readonly tables: Map<string, number>
  readonly #tell: (progress: Omit<ExportProgress, 'totalRows'>) => void
  #table: string | null = null
  #bytes = 0

  constructor(sources: readonly RowSource[], tell: (progress: Omit<ExportProgress, 'totalRows'>) => void) {
    this.tables = new Map(sources.map(({ name }) => [name, 0]))
    this.#tell = tell
  }

  get rows(): number {
    return [...this.tables.values()].reduce((sum, rows) => sum + rows, 0)
  }

  note(table: string, rows: number): void {
    this.#table = table
    this.tables.set(table, rows)
  }

  /** Tells what has been noted with each piece. */
  async *counted(pieces: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const piece of pieces) {
      this.#bytes += Buffer.byteLength(piece)
      yield piece
      if (this.#table !== null) this.#tell({ table: this.#table, rows: this.rows, bytes: this.#bytes })
    }
  }
}

/** All tables as they are at one moment, unless a transaction is open already: then as that sees them. */
async function inSnapshot<T>(executor: Executor, signal: AbortSignal | undefined, work: (executor: Executor) => Promise<T>): Promise<T> {
  if (isInTransaction(executor)) return await work(executor)
  return await executor.transaction(work, { readonly: true, isolationLevel: 'repeatable read', signal })
}

interface CountedSource extends RowSource {
  /** Counts the rows; not of a query, which may take as long again. */
  readonly count?: string
}

async function sourcesOf(executor: Executor, options: ExportOptions): Promise<readonly CountedSource[]> {
  const { query, params, table, tables } = options
  if (query !== undefined) return [{ name: typeof table === 'object' ? table.key : (table ?? ''), query, params }]
  const finder = new TableFinder(executor, options.metadata)
  const named = table === undefined ? tables : [table]
  const found = named === undefined ? await finder.all() : await Promise.all(named.map((one) => finder.find(one)))
  // Tables that inherit from others, and partitions, are among all tables, and have rows of their own.
  const only = named === undefined && options.metadata === undefined && executor.dialect.name === 'postgresql' ? 'only ' : ''
  return dependencyOrder([...new Set(found)]).tables.map((one) => sourceOf(one, executor.dialect, only))
}

/** All of a table but what the database computes itself. */
function sourceOf(table: AnyTable, dialect: Dialect, only: string): CountedSource {
  const columns = table.columns.filter(({ options }) => options.generated === undefined)
  const key = (table.primaryKey?.columns ?? []).map((name) => dialect.quoteIdentifier(name))
  const order = key.length === 0 ? '' : ` order by ${key.join(', ')}`
  const selected = columns.map(({ name, type }) =>
    expressionOf(dialect.quoteIdentifier(name), type.kind, { dialect, type: type.sqlType(dialect, false) }),
  )
  const from = `${only}${quotedTable(table, dialect)}`
  return {
    name: table.key,
    query: `select ${selected.join(', ')} from ${from}${order}`,
    count: `select count(*) from ${from}`,
    columns: columns.map((column): WrittenColumn => ({ name: column.name, kind: column.type.kind, check: storedCheck(column, dialect) })),
  }
}

/** A column as it is read: as a text where the driver makes something of it that does not have all of it. */
function expressionOf(name: string, kind: string, { dialect, type }: { readonly dialect: Dialect; readonly type: string }): string {
  if (dialect.name === 'postgresql' && (kind === 'json' || kind === 'other')) return `${name}::text`
  if (dialect.name === 'mysql' && kind === 'json') return `cast(${name} as char)`
  return dialect.name === 'mysql' && kind === 'other' && /^bit\b/i.test(type) ? `${name} + 0` : name
}

async function countRows(
  executor: Executor,
  sources: readonly CountedSource[],
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  let rows = 0
  for (const { count } of sources) {
    if (count === undefined) return undefined
    rows += Number(await executor.scalar(count, undefined, { signal }))
  }
  return rows
}

const optionNames = ['format', 'table', 'tables', 'query', 'params', 'metadata', 'onProgress', 'signal']

function checkOptions(options: ExportOptions): void {
  checkOptionNames(options, { of: 'exportData', names: optionNames })
  const { format, table, tables, query, params } = options
  checkFileFormat(format)
  if (params !== undefined && query === undefined) throw new ArgumentError('"params" are those of a "query", which is not given.')
  if (table !== undefined) checkTable(table)
  if (tables !== undefined) {
    if (!Array.isArray(tables)) throw new ArgumentError('"tables" is a list of tables.')
    for (const one of tables) checkTable(one)
    if (table !== undefined || query !== undefined) throw new ArgumentError('An export is of "tables", of one "table", or of a "query".')
  }
  const holdsMany = !isRowFormat(format)
  if (!holdsMany && query === undefined && table === undefined) {
    throw new ArgumentError('CSV and JSON Lines hold the rows of one table: name it as "table", or give a "query".')
  }
  if (holdsMany && query !== undefined && table === undefined) {
    throw new ArgumentError('YAML and JSON name the table of their rows: give its name as "table", beside "query".')
  }
}
