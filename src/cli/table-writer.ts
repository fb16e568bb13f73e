import { cutTo, fitWidths, padTo, shortened, widthOf } from './columns-layout.ts'
import type { RowWriter } from './row-writer.ts'
import { type ShownValue, shownValue } from './shown-value.ts'
import { type Screen, screenOf } from './terminal.ts'
import type { TextOutput } from './text-output.ts'
import { VerticalWriter } from './vertical-writer.ts'

/** Below this a column is not worth reading: then each value gets a line of its own. */
const leastWidth = 8
/** A cell of a pipe is no place for megabytes. In characters. */
const mostCharacters = 1_000

/** A table whose columns are as wide as its first batch of rows wants them to be, and as the terminal lets them. */
export class TableWriter implements RowWriter {
  readonly #output: TextOutput
  readonly #screen: Screen
  #names: readonly string[] = []
  #begun = false
  #widths: readonly number[] = []
  #sides: readonly ('left' | 'right')[] = []
  /** Takes over where the columns do not fit. */
  #vertical: VerticalWriter | null = null

  constructor(output: TextOutput) {
    this.#output = output
    this.#screen = screenOf(output.stream)
  }

  async begin(columns: readonly string[]): Promise<void> {
    this.#names = columns.map((name) => shortened(name, mostCharacters, this.#mark))
  }

  async rows(rows: readonly (readonly unknown[])[]): Promise<void> {
    if (this.#vertical !== null) return await this.#vertical.rows(rows)
    const cells = rows.map((row) => row.map((value) => this.#cell(value)))
    if (!this.#begun) {
      this.#begun = true
      if (!this.#layOut(cells)) {
        this.#vertical = new VerticalWriter(this.#output)
        await this.#vertical.begin(this.#names)
        return await this.#vertical.rows(rows)
      }
      await this.#output.write(this.#head())
    }
    await this.#output.write(cells.map((row) => this.#line(row)).join(''))
  }

  async end(): Promise<void> {
    // A table without rows shows its columns all the same.
    if (!this.#begun) await this.rows([])
    await this.#vertical?.end()
  }

  get #mark(): string {
    return this.#screen.unicode ? '…' : '...'
  }

  #cell(value: unknown): ShownValue {
    const { text, kind } = shownValue(value)
    return { text: shortened(text, mostCharacters, this.#mark), kind }
  }

  /** False where the columns do not fit on the terminal. */
  #layOut(cells: readonly (readonly ShownValue[])[]): boolean {
    const wanted = this.#names.map((name, column) =>
      cells.reduce((most, row) => Math.max(most, widthOf(row[column]?.text ?? '')), Math.max(widthOf(name), 1)),
    )
    this.#sides = this.#names.map((_name, column) => {
      const kinds = cells.map((row) => row[column]?.kind).filter((kind) => kind !== 'null')
      return kinds.length > 0 && kinds.every((kind) => kind === 'number') ? 'left' : 'right'
    })
    const { width } = this.#screen
    // A blank on both sides of each value, and a line between two.
    // Half a number is another number.
    const least = wanted.map((cells, column) => (this.#sides[column] === 'left' ? cells : Math.min(cells, leastWidth)))
    const fitted = width === null ? wanted : fitWidths(wanted, width - 3 * wanted.length + 1, least)
    this.#widths = fitted ?? []
    return fitted !== null
  }

  #head(): string {
    const [line, cross] = this.#screen.unicode ? ['─', '┼'] : ['-', '+']
    const names = this.#names.map((name, column) => this.#screen.paint('bold', this.#fitted(name, column)))
    return `${this.#joined(names)}${this.#widths.map((width) => line.repeat(width + 2)).join(cross)}\n`
  }

  #line(row: readonly ShownValue[]): string {
    return this.#joined(
      row.map(({ text, kind }, column) => {
        const fitted = this.#fitted(text, column)
        return kind === 'null' ? this.#screen.paint('dim', fitted) : fitted
      }),
    )
  }

  #fitted(text: string, column: number): string {
    const width = this.#widths[column] ?? 0
    // In a pipe a later value may be wider than the first ones: whatever reads it wants all of it.
    const shown = this.#screen.isTerminal ? cutTo(text, width, this.#mark) : text
    const isLast = column === this.#names.length - 1
    return isLast && this.#sides[column] === 'right' ? shown : padTo(shown, width, this.#sides[column] ?? 'right')
  }

  #joined(cells: readonly string[]): string {
    return ` ${cells.join(` ${this.#screen.unicode ? '│' : '|'} `)}\n`
  }
}
