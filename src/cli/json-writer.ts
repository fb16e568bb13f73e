import { DataError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { printableJson } from './printable.ts'
import type { RowWriter } from './row-writer.ts'
import { jsonText } from './shown-value.ts'
import { lazily, type TextOutput } from './text-output.ts'

/** An object for each row: one to a line, or all of them as one list. */
export class JsonWriter implements RowWriter {
  readonly #output: TextOutput
  readonly #list: boolean
  #keys: readonly string[] = []
  #count = 0

  constructor(output: TextOutput, list: boolean) {
    this.#output = output
    this.#list = list
  }

  /** @throws {DataError} two columns have one name: an object holds one of them */
  async begin(columns: readonly string[]): Promise<void> {
    const twice = columns.find((name, index) => columns.indexOf(name) !== index)
    if (twice !== undefined)
      throw new DataError(`Two columns are called ${printableName(twice)}, and JSON has room for one: give the other a name with AS.`)
    this.#keys = columns.map((name) => JSON.stringify(name))
    if (this.#list) await this.#output.write('[')
  }

  async rows(rows: readonly (readonly unknown[])[]): Promise<void> {
    await this.#output.print(
      lazily(rows, (row) => this.#text(row)),
      printableJson,
    )
  }

  async end(): Promise<void> {
    if (this.#list) await this.#output.write(this.#count === 0 ? ']\n' : '\n]\n')
  }

  #text(row: readonly unknown[]): string {
    this.#count += 1
    const object = `{${row.map((value, column) => `${this.#keys[column]}:${jsonText(value)}`).join(',')}}`
    if (!this.#list) return `${object}\n`
    return this.#count === 1 ? `\n${object}` : `,\n${object}`
  }
}
