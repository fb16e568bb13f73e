import { ArgumentError, InvalidRequestError } from '../errors.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { isInTransaction } from '../sql/open-transaction.ts'
import { checkOptionNames } from './check-options.ts'
import { type DataPlace, type DataResult, executorOf } from './data-place.ts'
import { checkFileFormat, type FileFormat, isRowFormat } from './file-format.ts'
import { csvRows, jsonRows } from './flat-rows.ts'
import { jsonListRows, type TableRows } from './json-list.ts'
import { loadingTransaction, loadRows, type RowsToLoad } from './load-rows.ts'
import { RowLoader, type TableRow } from './row-shape.ts'
import { checkTable, type KnownTables, TableFinder } from './table-finder.ts'
import { type DataSource, TextSource } from './text-source.ts'
import { yamlListRows } from './yaml-list.ts'

export type { FileFormat }

/** How far an import has come: what is told is in the database, and stays there if all goes well. */
export interface ImportProgress {
  /** That the latest rows are in; '' where there are none. */
  readonly table: string
  /** In all tables. */
  readonly rows: number
  /** Of the source, that have been read. */
  readonly bytes: number
  /** Of the whole source; undefined of a stream, which does not tell. */
  readonly totalBytes: number | undefined
}

/** What `importData()` reads, and how it tells of itself. */
export interface ImportOptions {
  readonly format: FileFormat
  /** Of CSV and JSON Lines, which do not name it: its name, or a Table. */
  readonly table?: string | AnyTable | undefined
  /** Tables that need not be read from the database, and whose columns have defaults of the program's: a MetaData, or `Album.table.metadata`. */
  readonly metadata?: KnownTables | undefined
  /** Called with each batch of rows, 500 at most, and at the end if more has been read by then. What it throws ends the import. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /** Ends it; then nothing of it stays. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Puts the rows of a file into their tables, all of them or none, in a transaction or inside the one that it is given. Each value is read as the
 * type of its column says; tables are read from the database where `metadata` does not have them. The file may be of any size: rows are in memory
 * by the thousand.
 *
 * Rows may stand before those that they refer to, and refer to each other: they wait for the end of the file, in up to 64 MiB. A foreign key of
 * SQLite that is declared INITIALLY DEFERRED is looked at in the end, and then names no line. Keys that the database counts up go on behind those
 * of the file.
 *
 * @param source the text itself, bytes, a file by its URL, or a stream of either, in UTF-8
 * @example
 * await importData(session, new URL('./fixtures.yaml', import.meta.url), { format: 'yaml' })
 * await importData(engine, request, { format: 'csv', table: 'person' })
 * @throws {DataError} the file is damaged, or a value does not fit; the message names the line, and the column
 * @throws {IntegrityError} a constraint refuses a row; the message names its line
 * @throws {InvalidRequestError} there is no such table
 * @throws {AbortError} the signal has fired
 */
export async function importData(into: DataPlace, source: DataSource, options: ImportOptions): Promise<DataResult> {
  checkOptions(options)
  const text = new TextSource(source, options.signal)
  const totalBytes = options.onProgress === undefined ? undefined : await text.totalBytes()
  const executor = await executorOf(into)
  const { signal } = options
  const isOwn = !isInTransaction(executor)
  return await loadingTransaction(
    executor,
    async (tx) => {
      // Constraints that are looked at only at the end name no row then.
      if (isOwn && tx.dialect.name === 'postgresql') await tx.execute('set constraints all immediate')
      return await new Import(tx, { text, totalBytes, options }).run()
    },
    { signal },
  )
}

interface ImportJob {
  readonly text: TextSource
  readonly totalBytes: number | undefined
  readonly options: ImportOptions
}

class Import {
  readonly #executor: Executor
  readonly #job: ImportJob
  readonly #finder: TableFinder
  readonly #loaders = new Map<AnyTable, RowLoader>()
  readonly #counts = new Map<string, number>()
  #rows = 0
  /** How many bytes had been read when it was told last. */
  #told = -1

  constructor(executor: Executor, job: ImportJob) {
    this.#executor = executor
    this.#job = job
    this.#finder = new TableFinder(executor, job.options.metadata)
  }

  async run(): Promise<DataResult> {
    const { text, options } = this.#job
    await loadRows(this.#executor, {
      chunks: this.#chunks(),
      onLoaded: (rows) => this.#count(rows),
      onFailed: (error) => text.stop(error),
      signal: options.signal,
    })
    if (this.#told !== text.bytes) this.#tell([...this.#counts.keys()].at(-1) ?? '')
    return { rowcount: this.#rows, tables: Object.fromEntries(this.#counts) }
  }

  async *#chunks(): AsyncGenerator<RowsToLoad> {
    const { text, options } = this.#job
    const { format, table } = options
    if (isRowFormat(format)) {
      const loader = this.#loaderOf(await this.#finder.find(table as string | AnyTable))
      for await (const rows of format === 'csv' ? csvRows(text, (header) => loader.shapeOf(header)) : jsonRows(text)) yield { loader, rows }
    } else {
      for await (const found of format === 'json' ? jsonListRows(text) : yamlListRows(text)) {
        yield { loader: this.#loaderOf(await this.#tableOf(found)), rows: found.rows }
      }
    }
  }

  #loaderOf(table: AnyTable): RowLoader {
    const known = this.#loaders.get(table)
    if (known !== undefined) return known
    const { format } = this.#job.options
    const loader = new RowLoader(table, {
      dialect: this.#executor.dialect,
      format: isRowFormat(format) ? format : 'list',
      asStored: true,
    })
    this.#loaders.set(table, loader)
    this.#counts.set(table.key, 0)
    return loader
  }

  async #tableOf({ model, place }: TableRows): Promise<AnyTable> {
    try {
      return await this.#finder.find(model)
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error
      throw new InvalidRequestError(`Line ${place.line}, column ${place.column}: ${error.message}`, { cause: error })
    }
  }

  #count(rows: readonly TableRow[]): void {
    const { key } = (rows[0] as TableRow).statement.table
    this.#rows += rows.length
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + rows.length)
    this.#tell(key)
  }

  #tell(table: string): void {
    const { text, totalBytes, options } = this.#job
    this.#told = text.bytes
    options.onProgress?.({ table, rows: this.#rows, bytes: text.bytes, totalBytes })
  }
}

const optionNames = ['format', 'table', 'metadata', 'onProgress', 'signal']

function checkOptions(options: ImportOptions): void {
  checkOptionNames(options, { of: 'importData', names: optionNames })
  const { format, table } = options
  checkFileFormat(format)
  if (table === undefined && isRowFormat(format))
    throw new ArgumentError('CSV and JSON Lines do not say which table they are of: name it as "table".')
  if (table !== undefined && !isRowFormat(format))
    throw new ArgumentError('YAML and JSON name their tables themselves: "table" is for CSV and JSON Lines.')
  if (table !== undefined) checkTable(table)
}
