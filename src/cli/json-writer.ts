import { DataError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { printableJson } from './printable.ts'
import type { RowWriter } from './row-writer.ts'
import { jsonText } from './shown-value.ts'
import type { TextOutput } from './text-output.ts'

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
    const texts = rows.map((row) => `{${row.map((value, column) => `${this.#keys[column]}:${jsonText(value)}`).join(',')}}`)
    const text = this.#list ? texts.map((row, index) => `${this.#count + index === 0 ? '\n' : ',\n'}${row}`).join('') : lines(texts)
    this.#count += rows.length
    await this.#output.write(this.#output.stream.isTTY ? printableJson(text) : text)
  }

  async end(): Promise<void> {
    if (this.#list) await this.#output.write(this.#count === 0 ? ']\n' : '\n]\n')
  }
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}
