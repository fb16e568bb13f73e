import type { LoadedRow, RowStatement } from '../data/loaded-row.ts'
import { insertAll } from '../data/row-inserter.ts'
import { json, text } from '../schema/column-makers.ts'
import type { ColumnSpecs } from '../schema/infer.ts'
import { MetaData } from '../schema/metadata.ts'
import { Table } from '../schema/table.ts'
import type { DialectName } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'

/** What its columns hold: fields of a CSV file, or the one record of a line of JSON. */
export type StagedContent = 'text' | 'json'

/** A row on its way into it. */
export interface StagedRow {
  /** Of the file, counted from 1. */
  readonly line: number
  /** In the order of its columns. */
  readonly values: readonly (string | null)[]
}

interface Spelling {
  readonly text: string
  readonly json: string
  /** That a temporary table is in; a table of the same name elsewhere stays out of sight until it is dropped. */
  readonly schema: string | null
  readonly drop: string
}

const spellings: Readonly<Record<DialectName, Spelling>> = {
  sqlite: { text: 'text', json: 'text', schema: 'temp', drop: 'drop table' },
  postgresql: { text: 'text', json: 'jsonb', schema: 'pg_temp', drop: 'drop table' },
  mysql: { text: 'longtext', json: 'json', schema: null, drop: 'drop temporary table' },
}

/** A temporary table for rows on their way into others: it is seen by one connection alone, and only until it is dropped. */
export class StagingTable {
  readonly table: Table
  readonly #executor: Executor

  private constructor(executor: Executor, name: string, columns: ColumnSpecs) {
    this.#executor = executor
    this.table = new Table(name, new MetaData(), columns)
  }

  static async create(executor: Executor, name: string, { columns, content }: StagedColumns): Promise<StagingTable> {
    const specs = Object.fromEntries(columns.map((column) => [column, content === 'json' ? json() : text()]))
    const staging = new StagingTable(executor, name, specs)
    const { dialect } = executor
    const type = spellings[dialect.name][content]
    const definitions = columns.map((column) => `${dialect.quoteIdentifier(column)} ${type}`)
    await executor.execute(`create temporary table ${dialect.quoteIdentifier(name)} (${definitions.join(', ')})`)
    return staging
  }

  /**
   * @param onFailed is called as soon as rows are refused, while others are waited for
   * @throws {DataError} the database refuses a row; the message names the line
   */
  async fill(rows: AsyncIterable<StagedRow>, onFailed: (error: unknown) => void): Promise<void> {
    const { dialect } = this.#executor
    const names = this.table.columns.map(({ name }) => name)
    const marks = names.map((_, index) => (dialect.placeholders === 'numbered' ? `$${index + 1}` : '?'))
    const target = `${this.#name} (${names.map((name) => dialect.quoteIdentifier(name)).join(', ')})`
    const text = `insert into ${target} values (${marks.join(', ')})`
    const copy = dialect.copy ? `copy ${target} from stdin` : undefined
    const statement: RowStatement = { table: this.table, text, copy, names, givesKey: false }
    async function* loaded(): AsyncGenerator<LoadedRow> {
      for await (const { line, values } of rows) yield { line, statement, parameters: values }
    }
    await insertAll(this.#executor, loaded(), { onFailed })
  }

  async drop(): Promise<void> {
    await this.#executor.execute(`${spellings[this.#executor.dialect.name].drop} ${this.#name}`)
  }

  get #name(): string {
    const { dialect } = this.#executor
    const { schema } = spellings[dialect.name]
    return `${schema === null ? '' : `${schema}.`}${dialect.quoteIdentifier(this.table.name)}`
  }
}

export interface StagedColumns {
  readonly columns: readonly string[]
  readonly content: StagedContent
}
