import { randomUUID } from 'node:crypto'
import { checkOptionNames } from '../data/check-options.ts'
import { type CsvRecord, csvRecords } from '../data/csv-records.ts'
import { isRowFormat } from '../data/file-format.ts'
import { checkFields, csvRows, headerOf, isBlank, jsonRows, noHeader } from '../data/flat-rows.ts'
import { jsonLines, parseLine } from '../data/json-lines.ts'
import { loadingTransaction, loadRows, type RowsToLoad } from '../data/load-rows.ts'
import { RowLoader } from '../data/row-shape.ts'
import { type DataSource, TextSource } from '../data/text-source.ts'
import { ArgumentError, DataError } from '../errors.ts'
import { Table } from '../schema/table.ts'
import type { Executor, ManyResult } from '../sql/executor.ts'
import { printableName } from '../sql/nearest-name.ts'
import type { Executable } from '../sql/statement.ts'
import { Sql } from '../sql/template.ts'
import { type StagedRow, StagingTable } from './staging-table.ts'

/** CSV with a header in its first line, or JSON Lines: a value of JSON in each line. */
export type DataFormat = 'csv' | 'jsonl'

/** A statement, or what makes it of the transaction and the staging table. */
export type StagedStatement = Executable | ((tx: Executor, staging: Table) => Executable | Promise<Executable>)

/** The same, or what does something by itself. */
export type StagedStep = Executable | ((tx: Executor, staging: Table) => unknown)

interface LoadSource {
  /** The text itself, bytes, a file by its URL, or a stream of either, in UTF-8. */
  readonly source: DataSource
  readonly format: DataFormat
}

/** Loads rows straight into a table: the names in the data are those of its columns, and each value must fit its column. */
export interface LoadIntoTable extends LoadSource {
  readonly into: Table
  readonly load?: undefined
}

/** Loads the data as it is into a temporary table, and lets a statement make rows of it. */
export interface LoadThroughStaging extends LoadSource {
  /** The name of the temporary table: of CSV it has a column of texts for each name in the header, of JSON Lines one of JSON, `record`. */
  readonly staging?: string | undefined
  /** Reads from the temporary table: an INSERT … SELECT. What it changes is the `rowcount`. */
  readonly load: StagedStatement
  /** When all the data is there: an index, a correction. */
  readonly afterStaging?: StagedStep | readonly StagedStep[] | undefined
  readonly into?: undefined
}

/** What `bulkLoad()` reads, and where it goes: into a table, or through a staging table. */
export type BulkLoadOptions = LoadIntoTable | LoadThroughStaging

/**
 * Loads data of any size in bounded memory, all of it or nothing, in a transaction or inside the one that it is given. Rows are sent many at a
 * time, into PostgreSQL by COPY.
 *
 * Into a table, rows may stand before those that they refer to. In CSV a field without quotes and with nothing in it is NULL, and '' is `""`.
 * Bytes are base64, and times without a zone UTC's.
 *
 * @example
 * await bulkLoad(tx, { source: new URL('./books.csv', import.meta.url), format: 'csv', into: tx.getTable('book') })
 * await bulkLoad(tx, {
 *   source: stream,
 *   format: 'jsonl',
 *   staging: 'incoming',
 *   load: `insert into author (name) select distinct record ->> 'author' from incoming`,
 * })
 * @throws {DataError} the data is damaged or does not fit; the message names the line, and the column where there is one
 * @throws {IntegrityError} a constraint refuses a row; into a table, the message names the line
 */
export async function bulkLoad(tx: Executor, options: BulkLoadOptions): Promise<ManyResult> {
  checkLoad(options)
  const text = new TextSource(options.source)
  return options.into === undefined
    ? await tx.transaction((inner) => loadThroughStaging(inner, text, options))
    : await loadingTransaction(tx, (inner) => loadInto(inner, text, options))
}

async function loadInto(tx: Executor, text: TextSource, { format, into }: LoadIntoTable): Promise<ManyResult> {
  let rowcount = 0
  const onLoaded = ({ length }: { readonly length: number }): void => {
    rowcount += length
  }
  await loadRows(tx, {
    chunks: rowsOf(text, format, new RowLoader(into, { dialect: tx.dialect, format })),
    onLoaded,
    onFailed: stopping(text),
  })
  return { rowcount }
}

/** Nobody needs the rest when what has been read is refused. */
function stopping(text: TextSource): (error: unknown) => void {
  return (error) => text.stop(error)
}

async function* rowsOf(text: TextSource, format: DataFormat, loader: RowLoader): AsyncGenerator<RowsToLoad> {
  for await (const rows of format === 'csv' ? csvRows(text, (header) => loader.shapeOf(header)) : jsonRows(text)) yield { loader, rows }
}

async function loadThroughStaging(tx: Executor, text: TextSource, options: LoadThroughStaging): Promise<ManyResult> {
  const { format, load, afterStaging = [] } = options
  const name = options.staging ?? `staging_${randomUUID().replaceAll('-', '')}`
  const staging = await (format === 'csv' ? stageCsv(tx, name, text) : stageJson(tx, name, text))
  try {
    const steps = Array.isArray(afterStaging) ? (afterStaging as readonly StagedStep[]) : [afterStaging as StagedStep]
    for (const step of steps) {
      const made: unknown = typeof step === 'function' ? await step(tx, staging.table) : step
      if (typeof step !== 'function' || isExecutable(made)) await run(tx, made as Executable)
    }
    const rowcount = await run(tx, typeof load === 'function' ? await load(tx, staging.table) : load)
    await staging.drop()
    return { rowcount }
  } catch (error) {
    await dropAfterFailure(tx, staging)
    throw error
  }
}

async function stageCsv(tx: Executor, name: string, text: TextSource): Promise<StagingTable> {
  const records = recordsOf(text)
  try {
    const first = await records.next()
    if (first.done === true) throw noHeader()
    const columns = headerOf(first.value)
    const staging = await StagingTable.create(tx, name, { columns, content: 'text' })
    await filled(tx, staging, { rows: fieldsOf(records, columns, tx), text })
    return staging
  } finally {
    await records.return(undefined)
  }
}

async function* recordsOf(text: TextSource): AsyncGenerator<CsvRecord, undefined> {
  for await (const records of csvRecords(text)) yield* records
}

async function stageJson(tx: Executor, name: string, text: TextSource): Promise<StagingTable> {
  const staging = await StagingTable.create(tx, name, { columns: ['record'], content: 'json' })
  await filled(tx, staging, { rows: textsOf(text), text })
  return staging
}

interface StagedSource {
  readonly rows: AsyncIterable<StagedRow>
  readonly text: TextSource
}

async function filled(tx: Executor, staging: StagingTable, { rows, text }: StagedSource): Promise<void> {
  try {
    await staging.fill(rows, stopping(text))
  } catch (error) {
    await dropAfterFailure(tx, staging)
    throw error
  }
}

async function* fieldsOf(records: AsyncIterable<CsvRecord>, columns: readonly string[], { dialect }: Executor): AsyncGenerator<StagedRow> {
  for await (const record of records) {
    if (isBlank(record, columns)) continue
    checkFields(record, columns)
    const { line, fields } = record
    const bad = dialect.nulInText ? -1 : fields.findIndex((field) => field?.includes('\0'))
    if (bad >= 0)
      throw new DataError(`Line ${line}, column ${printableName(columns[bad] as string)}: ${dialect.name} has no NUL character in texts.`)
    yield { line, values: fields }
  }
}

async function* textsOf(text: TextSource): AsyncGenerator<StagedRow> {
  for await (const lines of jsonLines(text)) {
    for (const json of lines) {
      parseLine(json)
      yield { line: json.line, values: [json.text] }
    }
  }
}

async function run(tx: Executor, statement: Executable): Promise<number> {
  const result = await tx.execute(statement)
  try {
    return result.rowcount
  } finally {
    await result.close()
  }
}

/** What a step gives may be the result of a statement that it has run by itself. */
function isExecutable(made: unknown): boolean {
  return typeof made === 'string' || made instanceof Sql || (typeof made === 'object' && made !== null && 'compile' in made)
}

/** Elsewhere it goes with the transaction that is rolled back. */
async function dropAfterFailure(tx: Executor, staging: StagingTable): Promise<void> {
  if (tx.dialect.transactionalDdl) return
  // The connection may be what has failed; a table of a session ends with it. What has failed first is what is reported.
  await staging.drop().catch(() => {})
}

const loadNames = ['source', 'format', 'into', 'staging', 'load', 'afterStaging']

function checkLoad(options: BulkLoadOptions): void {
  checkOptionNames(options, { of: 'bulkLoad', names: loadNames })
  const { format, into, load } = options
  checkFormat(format)
  if (into !== undefined && load !== undefined) throw new ArgumentError('bulkLoad() takes either "into", a table, or "load", a statement.')
  if (into === undefined && load === undefined)
    throw new ArgumentError('bulkLoad() takes "into", a table, or "load", a statement that reads the staging table.')
  if (into !== undefined && !((into as unknown) instanceof Table))
    throw new ArgumentError('The option "into" of bulkLoad() takes a table: tx.getTable(name).')
}

/** @throws {ArgumentError} the format is unknown */
export function checkFormat(format: unknown): void {
  if (!isRowFormat(format)) throw new ArgumentError(`"format" must be 'csv' or 'jsonl'.`)
}
