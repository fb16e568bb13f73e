import { DataError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { rowOfObject } from './flat-rows.ts'
import { parseJson, type TextPlace } from './json-text.ts'
import { maxHeld } from './limits.ts'
import type { SourceRow } from './row-shape.ts'
import { countLines, type TextSource } from './text-source.ts'

/** Rows of one table in a list of tables: `[{ "model": "album", "data": [{ "id": 1 }, …] }, …]`. */
export interface TableRows {
  readonly model: string
  /** Where the table is named. */
  readonly place: TextPlace
  readonly rows: readonly SourceRow[]
}

/**
 * The rows of a JSON file that is a list of tables, some at a time, in bounded memory. In each table `model` may stand behind `data`, if its rows
 * fit into 64 MiB.
 *
 * @throws {DataError} it is damaged, or no such list; the message names line and column
 */
export async function* jsonListRows(source: TextSource): AsyncGenerator<TableRows> {
  const reader = new ListReader()
  for await (const piece of source.pieces()) {
    try {
      reader.read(piece)
    } catch (error) {
      yield* reader.take()
      throw error
    }
    yield* reader.take()
  }
  reader.end()
  yield* reader.take()
}

type State =
  | 'list'
  | 'tableOrEnd'
  | 'table'
  | 'afterTable'
  | 'nameOrEnd'
  | 'name'
  | 'colon'
  | 'value'
  | 'afterValue'
  | 'rowOrEnd'
  | 'row'
  | 'afterRow'
  | 'end'

const expectations: Readonly<Record<State, string>> = {
  list: 'a list of tables: [{"model": table, "data": [rows]}]',
  tableOrEnd: 'an object with "model" and "data", or the end of the list',
  table: 'an object with "model" and "data"',
  afterTable: 'a comma, or the end of the list',
  nameOrEnd: '"model" or "data"',
  name: '"model" or "data"',
  colon: 'a colon',
  value: 'the name of a table, or a list of rows',
  afterValue: 'a comma, or the end of the object',
  rowOrEnd: 'an object with the values of a row, or the end of the list',
  row: 'an object with the values of a row',
  afterRow: 'a comma, or the end of the list of rows',
  end: 'nothing behind the list',
}

/** The marks that lead from one state to another, where nothing is read between. */
const steps: Readonly<Partial<Record<State, Readonly<Record<string, State>>>>> = {
  list: { '[': 'tableOrEnd' },
  afterTable: { ',': 'table', ']': 'end' },
  colon: { ':': 'value' },
  afterRow: { ',': 'row', ']': 'afterValue' },
}

/** Takes the text apart into the names of tables and the texts of rows; these are read by `JSON.parse`. */
class ListReader {
  #state: State = 'list'
  #line = 1
  #column = 1
  readonly #found: TableRows[] = []
  #rows: SourceRow[] = []
  #held = 0
  #model: { readonly name: string; readonly place: TextPlace } | null = null
  #names = new Set<string>()
  #name = ''
  /** A text or an object that has begun. */
  #unit: Unit | null = null

  read(text: string): void {
    let index = 0
    while (index < text.length) {
      if (this.#unit !== null) {
        const end = this.#unit.end(text, index)
        const stop = end === -1 ? text.length : end
        this.#unit.text += text.slice(index, stop)
        if (this.#unit.text.length > maxHeld) throw this.#damage(`expected less than ${maxHeld} characters`, this.#unit.place)
        this.#advance(text, index, stop)
        index = stop
        if (end !== -1) this.#take(this.#unit)
        continue
      }
      const mark = text[index] as string
      if (!' \t\r\n'.includes(mark)) {
        if (this.#begin(mark)) continue
        this.#step(mark)
      }
      this.#advance(text, index, index + 1)
      index += 1
    }
  }

  end(): void {
    if (this.#unit !== null) this.#take(this.#unit)
    if (this.#state !== 'end') throw this.#damage(`expected ${expectations[this.#state]}, found the end`)
  }

  take(): readonly TableRows[] {
    this.#giveRows()
    return this.#found.splice(0)
  }

  #advance(text: string, from: number, to: number): void {
    const part = text.slice(from, to)
    const lines = countLines(part)
    this.#line += lines
    this.#column = lines === 0 ? this.#column + part.length : part.length - part.lastIndexOf('\n')
  }

  /** A text, or the object of a row. */
  #begin(mark: string): boolean {
    const isText = mark === '"' && ['nameOrEnd', 'name', 'value'].includes(this.#state)
    const isRow = mark === '{' && ['rowOrEnd', 'row'].includes(this.#state)
    if (isText && this.#state === 'value' && this.#name !== 'model') return false
    if (isText || isRow) this.#unit = new Unit({ line: this.#line, column: this.#column })
    return isText || isRow
  }

  #step(mark: string): void {
    const next = steps[this.#state]?.[mark] ?? this.#turn(mark)
    if (next === null) throw this.#damage(`expected ${this.#state === 'value' ? this.#expectedValue : expectations[this.#state]}`)
    this.#state = next
  }

  get #expectedValue(): string {
    return this.#name === 'model' ? 'the name of a table' : 'a list of rows'
  }

  #turn(mark: string): State | null {
    const state = this.#state
    if (state === 'tableOrEnd' && mark === ']') return 'end'
    if ((state === 'tableOrEnd' || state === 'table') && mark === '{') return 'nameOrEnd'
    if (state === 'value' && this.#name === 'data' && mark === '[') return 'rowOrEnd'
    if (state === 'rowOrEnd' && mark === ']') return 'afterValue'
    if (state === 'afterValue' && mark === ',') return 'name'
    return (state === 'afterValue' || state === 'nameOrEnd') && mark === '}' ? this.#endTable() : null
  }

  #take({ text, place }: Unit): void {
    this.#unit = null
    const value = parseJson(text, place)
    if (typeof value !== 'string') {
      this.#rows.push(rowOfObject(value, place))
      this.#held += text.length
      if (this.#model === null && this.#held > maxHeld) throw this.#damage('expected "model" before so many rows', place)
      this.#state = 'afterRow'
    } else if (this.#state === 'value') {
      this.#model = { name: value, place }
      this.#state = 'afterValue'
    } else this.#takeName(value, place)
  }

  #takeName(name: string, place: TextPlace): void {
    if (name !== 'model' && name !== 'data') throw this.#damage(`expected "model" or "data", found ${printableName(name)}`, place)
    if (this.#names.has(name)) throw this.#damage(`the name "${name}" is there already`, place)
    this.#names.add(name)
    this.#name = name
    this.#state = 'colon'
  }

  #endTable(): State {
    for (const name of ['model', 'data']) if (!this.#names.has(name)) throw this.#damage(`expected "${name}" in the object that ends here`)
    this.#giveRows()
    // A table without rows is looked for all the same.
    this.#found.push({ model: this.#model?.name as string, place: this.#model?.place as TextPlace, rows: [] })
    this.#names = new Set()
    this.#model = null
    return 'afterTable'
  }

  #giveRows(): void {
    if (this.#model === null || this.#rows.length === 0) return
    this.#found.push({ model: this.#model.name, place: this.#model.place, rows: this.#rows })
    this.#rows = []
    this.#held = 0
  }

  #damage(complaint: string, place: TextPlace = { line: this.#line, column: this.#column }): DataError {
    return new DataError(`Line ${place.line}, column ${place.column}: ${complaint}.`)
  }
}

/** A text or an object, up to its end. */
class Unit {
  readonly place: TextPlace
  text = ''
  #depth = 0
  #inText = false
  #escaped = false

  constructor(place: TextPlace) {
    this.place = place
  }

  /** Behind its last character, or -1 when that is in a later piece. */
  end(piece: string, from: number): number {
    for (let index = from; index < piece.length; index += 1) {
      const unit = piece.charCodeAt(index)
      if (this.#escaped) this.#escaped = false
      else if (unit === 0x5c) this.#escaped = this.#inText
      else if (unit === 0x22) {
        this.#inText = !this.#inText
        if (!this.#inText && this.#depth === 0) return index + 1
      } else if (!this.#inText) {
        if (unit === 0x7b || unit === 0x5b) this.#depth += 1
        else if (unit === 0x7d || unit === 0x5d) {
          this.#depth -= 1
          if (this.#depth === 0) return index + 1
        }
      }
    }
    return -1
  }
}
