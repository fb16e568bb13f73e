import { DataError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { type Cell, csvCell, jsonCell, type WrittenColumn } from './cells.ts'
import type { FileFormat } from './file-format.ts'

/** Rows of one table, or of one query. */
export interface WrittenTable {
  readonly name: string
  readonly columns: readonly WrittenColumn[]
}

/** The text of a file, in its order. */
export interface FileWriter {
  readonly begin: string
  beginTable(table: WrittenTable): string
  /** @param first how many rows of the table have been written before */
  rows(rows: readonly (readonly unknown[])[], first: number): string
  endTable(): string
  readonly end: string
}

export async function fileWriter(format: FileFormat): Promise<FileWriter> {
  if (format === 'csv') return new CsvWriter(await import('csv-stringify/sync'))
  return format === 'jsonl' ? new JsonLinesWriter() : format === 'json' ? new JsonWriter() : new YamlWriter()
}

/** The cells of a row, each written by its column. */
class RowCells {
  readonly #columns: readonly WrittenColumn[]
  readonly #cells: readonly Cell[]

  constructor(columns: readonly WrittenColumn[], cellOf: (column: WrittenColumn) => Cell) {
    this.#columns = columns
    this.#cells = columns.map(cellOf)
  }

  /** @throws {DataError} a value that the format has no place for; the message names the row and the column */
  of(row: readonly unknown[], number: number): (string | null)[] {
    return this.#cells.map((cell, index) => {
      try {
        return cell(row[index])
      } catch (error) {
        const { name } = this.#columns[index] as WrittenColumn
        throw new DataError(`Row ${number}, column ${printableName(name)}: ${(error as Error).message}`, { cause: error })
      }
    })
  }
}

class CsvWriter implements FileWriter {
  readonly begin = ''
  readonly end = ''
  readonly #stringify: typeof import('csv-stringify/sync').stringify
  #cells = new RowCells([], csvCell)

  constructor({ stringify }: typeof import('csv-stringify/sync')) {
    this.#stringify = stringify
  }

  beginTable({ columns }: WrittenTable): string {
    this.#cells = new RowCells(columns, csvCell)
    return this.#text([columns.map(({ name }) => name)])
  }

  rows(rows: readonly (readonly unknown[])[], first: number): string {
    return this.#text(rows.map((row, index) => this.#cells.of(row, first + index + 1)))
  }

  endTable(): string {
    return ''
  }

  #text(records: (string | null)[][]): string {
    return this.#stringify(records, { quoted_match: quotedFields })
  }
}

/** Beside those that hold a comma or a quote: '' is not NULL, and a mark of the file's encoding at the beginning of a field is part of it. */
const quotedFields = /^(?:$|\uFEFF)|[\r\n]/

/** Objects of JSON, by name. */
class JsonRows {
  readonly #keys: readonly string[]
  readonly #cells: RowCells

  /** @throws {DataError} two columns have one name */
  constructor(columns: readonly WrittenColumn[]) {
    checkNames(columns)
    this.#keys = columns.map(({ name }) => JSON.stringify(name))
    this.#cells = new RowCells(columns, jsonCell)
  }

  of(row: readonly unknown[], number: number): string {
    const cells = this.#cells.of(row, number)
    return `{${this.#keys.map((key, index) => `${key}:${cells[index] ?? 'null'}`).join(',')}}`
  }
}

function checkNames(columns: readonly WrittenColumn[]): void {
  const names = columns.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new DataError(`Two columns are called ${printableName(twice)}: give one of them another name with AS.`)
}

class JsonLinesWriter implements FileWriter {
  readonly begin = ''
  readonly end = ''
  #rows = new JsonRows([])

  beginTable({ columns }: WrittenTable): string {
    this.#rows = new JsonRows(columns)
    return ''
  }

  rows(rows: readonly (readonly unknown[])[], first: number): string {
    return rows.map((row, index) => `${this.#rows.of(row, first + index + 1)}\n`).join('')
  }

  endTable(): string {
    return ''
  }
}

class JsonWriter implements FileWriter {
  readonly begin = '['
  readonly end = '\n]\n'
  #rows = new JsonRows([])
  #tables = 0

  beginTable({ name, columns }: WrittenTable): string {
    this.#rows = new JsonRows(columns)
    this.#tables += 1
    return `${this.#tables === 1 ? '' : ','}\n{"model":${JSON.stringify(name)},"data":[`
  }

  rows(rows: readonly (readonly unknown[])[], first: number): string {
    return rows.map((row, index) => `${first + index === 0 ? '' : ','}\n${this.#rows.of(row, first + index + 1)}`).join('')
  }

  endTable(): string {
    return ']}'
  }
}

/** JSON is YAML: what is more than a plain word is written as JSON. */
class YamlWriter implements FileWriter {
  readonly begin = ''
  #keys: readonly string[] = []
  #cells = new RowCells([], jsonCell)
  #tables = 0
  #rows = 0

  get end(): string {
    return this.#tables === 0 ? '[]\n' : ''
  }

  beginTable({ name, columns }: WrittenTable): string {
    checkNames(columns)
    this.#keys = columns.map((column) => yamlText(JSON.stringify(column.name)))
    this.#cells = new RowCells(columns, jsonCell)
    this.#tables += 1
    this.#rows = 0
    return `- model: ${yamlText(JSON.stringify(name))}\n  data:`
  }

  rows(rows: readonly (readonly unknown[])[], first: number): string {
    this.#rows += rows.length
    const begin = first === 0 ? '\n' : ''
    return begin + rows.map((row, index) => this.#row(row, first + index + 1)).join('')
  }

  endTable(): string {
    return this.#rows === 0 ? ' []\n' : ''
  }

  #row(row: readonly unknown[], number: number): string {
    const cells = this.#cells.of(row, number)
    const members = this.#keys.map((key, index) => `${key}: ${yamlText(cells[index] ?? 'null')}\n`)
    return `    - ${members.join('      ')}`
  }
}

/** A value of JSON: a word that nobody takes for anything else stands without quotes. */
function yamlText(json: string): string {
  const [, word] = /^"([A-Za-z][\w./@-]*(?: [\w./@-]+)*)"$/.exec(json) ?? []
  if (word !== undefined && !/^(?:null|true|false|yes|no|on|off|y|n)$/i.test(word)) return word
  // JSON writes these as they are; in YAML they are not printable, or end a line.
  return json.replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
