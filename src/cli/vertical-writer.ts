import { padTo, shortened, widthOf } from './columns-layout.ts'
import type { RowWriter } from './row-writer.ts'
import { shownValue } from './shown-value.ts'
import { type Screen, screenOf } from './terminal.ts'
import { lazily, type TextOutput } from './text-output.ts'

/** In characters: some lines of a terminal. */
const mostCharacters = 500

/** A line for each value, behind the name of its column: for rows that are wider than the terminal. */
export class VerticalWriter implements RowWriter {
  readonly #output: TextOutput
  readonly #screen: Screen
  #names: readonly string[] = []
  #count = 0

  constructor(output: TextOutput) {
    this.#output = output
    this.#screen = screenOf(output.stream)
  }

  async begin(columns: readonly string[]): Promise<void> {
    const names = columns.map((name) => shortened(name, mostCharacters, this.#mark))
    const width = names.reduce((most, name) => Math.max(most, widthOf(name)), 0)
    this.#names = names.map((name) => this.#screen.paint('bold', padTo(name, width, 'right')))
  }

  async rows(rows: readonly (readonly unknown[])[]): Promise<void> {
    const text = (row: readonly unknown[]): string => {
      this.#count += 1
      const lines = row.map((value, column) => `${this.#names[column]}  ${this.#value(value)}\n`)
      return `${this.#screen.paint('dim', this.#rule())}\n${lines.join('')}`
    }
    await this.#output.writeAll(lazily(rows, text))
  }

  async end(): Promise<void> {}

  get #mark(): string {
    return this.#screen.unicode ? '…' : '...'
  }

  #rule(): string {
    const line = this.#screen.unicode ? '──' : '--'
    return `${line} ${this.#count} ${line}`
  }

  #value(value: unknown): string {
    const { text, kind, length } = shownValue(value, mostCharacters)
    const shown = shortened(text, mostCharacters, `${this.#mark} (${length} characters)`)
    return kind === 'null' ? this.#screen.paint('dim', shown) : shown
  }
}
