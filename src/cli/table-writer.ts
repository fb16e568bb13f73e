import { cutTo, fitWidths, padTo, shortened, widthOf } from './columns-layout.ts'
import type { RowWriter } from './row-writer.ts'
import { type ShownValue, shownValue } from './shown-value.ts'
import { type Screen, screenOf } from './terminal.ts'
import { lazily, type TextOutput } from './text-output.ts'
import { VerticalWriter } from './vertical-writer.ts'

/** Below this a column is not worth reading: then each value gets a line of its own. */
const leastWidth = 8
/** A cell of a pipe is no place for megabytes. In characters. */
const mostCharacters = 1_000

type Cell = Pick<ShownValue, 'text' | 'kind'>

/** A table whose columns are as wide as its rows so far want them to be, and as the terminal lets them. */
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
    const fits = this.#layOut(cells)
    if (!this.#begun) {
      this.#begun = true
      if (!fits && rows.length === 0) return await this.#output.writeAll(this.#names.map((name) => `${this.#screen.paint('bold', name)}\n`))
      if (!fits) {
        this.#vertical = new VerticalWriter(this.#output)
        await this.#vertical.begin(this.#names)
        return await this.#vertical.rows(rows)
      }
      await this.#output.write(this.#head())
    }
    await this.#output.writeAll(lazily(cells, (row) => this.#line(row)))
  }

  async end(): Promise<void> {
    // A table without rows shows its columns all the same.
    if (!this.#begun) await this.rows([])
    await this.#vertical?.end()
  }

  get #mark(): string {
    return this.#screen.unicode ? '…' : '...'
  }

  #cell(value: unknown): Cell {
    const { text, kind } = shownValue(value, mostCharacters)
    return { text: shortened(text, mostCharacters, this.#mark), kind }
  }

  /** Makes columns wider for these rows, none narrower; false where they do not fit on the terminal, and stay as they were. */
  #layOut(cells: readonly (readonly Cell[])[]): boolean {
    const { width } = this.#screen
    // In a pipe they stay as the first rows want them: a later value that is wider is not cut.
    if (width === null && this.#begun) return true
    const wanted = this.#names.map((name, column) =>
      cells.reduce((most, row) => Math.max(most, widthOf(row[column]?.text ?? '')), this.#widths[column] ?? Math.max(widthOf(name), 1)),
    )
    if (!this.#begun) this.#sides = this.#names.map((_name, column) => sideOf(cells, column))
    const least = wanted.map((most, column) => Math.max(this.#widths[column] ?? Math.min(most, leastWidth), numbersWidth(cells, column)))
    // A blank on both sides of each value, and a line between two.
    const fitted = width === null ? wanted : fitWidths(wanted, width - 3 * wanted.length + 1, least)
    if (fitted !== null) this.#widths = fitted
    return fitted !== null
  }

  #head(): string {
    const [line, cross] = this.#screen.unicode ? ['─', '┼'] : ['-', '+']
    const names = this.#names.map((name, column) => this.#screen.paint('bold', this.#fitted(name, column)))
    return `${this.#joined(names)}${this.#widths.map((width) => line.repeat(width + 2)).join(cross)}\n`
  }

  #line(row: readonly Cell[]): string {
    return this.#joined(
      row.map(({ text, kind }, column) => {
        const fitted = this.#fitted(text, column, kind === 'number')
        return kind === 'null' ? this.#screen.paint('dim', fitted) : fitted
      }),
    )
  }

  #fitted(text: string, column: number, isNumber = false): string {
    const width = this.#widths[column] ?? 0
    // Half a number is another number. Whatever reads a pipe wants all of a value, wide as it may be.
    const shown = this.#screen.isTerminal && !isNumber ? cutTo(text, width, this.#mark) : text
    const isLast = column === this.#names.length - 1
    return isLast && this.#sides[column] === 'right' ? shown : padTo(shown, width, this.#sides[column] ?? 'right')
  }

  #joined(cells: readonly string[]): string {
    return ` ${cells.join(` ${this.#screen.unicode ? '│' : '|'} `)}\n`
  }
}

/** A column of numbers alone has its values at its right, blanks to their left. */
function sideOf(cells: readonly (readonly Cell[])[], column: number): 'left' | 'right' {
  const kinds = cells.map((row) => row[column]?.kind).filter((kind) => kind !== 'null')
  return kinds.length > 0 && kinds.every((kind) => kind === 'number') ? 'left' : 'right'
}

function numbersWidth(cells: readonly (readonly Cell[])[], column: number): number {
  return cells.reduce((most, row) => (row[column]?.kind === 'number' ? Math.max(most, row[column].text.length) : most), 0)
}
