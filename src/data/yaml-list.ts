import type { CST, Lexer, Parser } from 'yaml'
import { DataError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { rowOfObject } from './flat-rows.ts'
import type { TableRows } from './json-list.ts'
import type { TextPlace } from './json-text.ts'
import { maxHeld } from './limits.ts'
import { LoopTurns } from './loop-turns.ts'
import type { SourceRow } from './row-shape.ts'
import type { TextSource } from './text-source.ts'
import { complaints, YamlComposer, YamlDamage, type YamlValue } from './yaml-composer.ts'

/**
 * The rows of a YAML file that is a list of tables, some at a time. Rows of a list of blocks are taken out of the tree while it grows, so that
 * memory is bounded; where `model` stands behind `data`, its rows have to fit into 64 MiB, and in brackets a table is of some thousand rows.
 *
 * @throws {DataError} it is damaged, or no such list; the message names line and column
 */
export async function* yamlListRows(source: TextSource): AsyncGenerator<TableRows> {
  const reader = new ListReader(await import('yaml'))
  for await (const piece of source.pieces()) yield* rowsIn(reader, piece, { incomplete: true })
  yield* rowsIn(reader, '', { incomplete: false })
}

async function* rowsIn(reader: ListReader, text: string, { incomplete }: { readonly incomplete: boolean }): AsyncGenerator<TableRows> {
  const turns = new LoopTurns()
  try {
    for (const _ of reader.read(text, incomplete)) {
      if (!turns.isOver) continue
      yield* reader.take()
      await turns.next()
    }
  } catch (error) {
    yield* reader.take()
    throw error instanceof YamlDamage ? reader.located(error) : error
  }
  yield* reader.take()
}

const list = 'a list of tables, each with its name as "model" and its rows as "data"'
/** What of a tree cannot be taken out piece by piece is made into values at a stretch: in brackets, a whole file. */
const maxLexemes = 100_000
const maxDepth = 100
/** Rows whose anchors later rows may refer to. */
const maxAnchored = 1_000
/** Rows that values are made of together. */
const rowsTogether = 16

type NamedTable = Omit<TableRows, 'rows'>
type Item = CST.BlockSequence['items'][number]

/** Reads the tree as it grows: what is finished is taken out of it. */
class ListReader {
  readonly #lexer: Lexer
  readonly #parser: Parser
  readonly #composer: YamlComposer
  readonly #cst: typeof CST
  readonly #lines = new LineStarts()
  readonly #found: TableRows[] = []
  /** Rows of the table that is being read, until its name is. */
  #held: SourceRow[] = []
  #heldFrom = 0
  readonly #anchored: Item[] = []
  /** Of what has been read, and not been taken out yet. */
  #hasAnchor = false
  #hasAlias = false
  #takenUpTo = 0
  #lexemes = 0
  /** To the lexer, of all that has been read. */
  #given = 0
  #unread = ''
  #previous = ''
  #named: { readonly at: CST.Token; readonly table: NamedTable } | null = null
  #isEmpty = true

  constructor(yaml: typeof import('yaml')) {
    this.#lexer = new yaml.Lexer()
    this.#parser = new yaml.Parser((offset) => this.#lines.add(offset))
    this.#composer = new YamlComposer(yaml)
    this.#cst = yaml.CST
  }

  /** Yields wherever it may be left for a while. */
  *read(text: string, incomplete: boolean): Generator<void> {
    let before = this.#unread.length
    this.#unread += text
    // Only what is new is searched: a long line would otherwise be gone through with each of its pieces.
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
      const end = before + at + 1
      // Whole lines, as the lexer takes half an indentation for one; and, since it begins anew with a text that it has no end of, twice as much.
      if (end <= this.#given - this.#parser.offset) continue
      yield* this.#give(this.#unread.slice(0, end), true)
      this.#unread = this.#unread.slice(end)
      before -= end
    }
    const waitingFrom = this.#held.length > 0 ? this.#heldFrom : this.#takenUpTo
    if (this.#given + this.#unread.length - waitingFrom > maxHeld) {
      throw new YamlDamage(this.#takenUpTo, `expected rows of less than ${maxHeld} characters, and "model" before "data" of more`)
    }
    if (incomplete) return
    yield* this.#give(this.#unread, false)
    for (const token of this.#parser.end()) this.#takeToken(token)
    if (this.#isEmpty) throw new YamlDamage(0, `expected ${list}, found nothing`)
  }

  *#give(text: string, incomplete: boolean): Generator<void> {
    this.#given += text.length
    for (const lexeme of this.#lexer.lex(text, incomplete)) {
      this.#note(lexeme)
      for (const token of this.#parser.next(lexeme)) this.#takeToken(token)
      // Only what begins an item of a list can show that the one before it has ended.
      if (lexeme === '-') this.#harvest()
      this.#previous = lexeme
      yield
    }
  }

  take(): readonly TableRows[] {
    return this.#found.splice(0)
  }

  located({ message, offset }: YamlDamage): DataError {
    const { line, column } = this.#lines.place(offset)
    return new DataError(`Line ${line}, column ${column}: ${message}.`)
  }

  #note(lexeme: string): void {
    // Behind that mark is the content of a text, whatever it begins with.
    if (this.#previous !== this.#cst.SCALAR) {
      if (lexeme.startsWith('&')) this.#hasAnchor = true
      else if (lexeme.startsWith('*')) this.#hasAlias = true
    }
    const { offset, stack } = this.#parser
    if (stack.length > maxDepth) throw new YamlDamage(offset, complaints.RESOURCE_EXHAUSTION)
    this.#lexemes += 1
    if (this.#lexemes > maxLexemes) throw new YamlDamage(this.#takenUpTo, 'expected so many rows as a list of blocks, not in brackets')
  }

  #takeToken(token: CST.Token): void {
    switch (token.type) {
      case 'document':
        this.#isEmpty = false
        for (const table of this.#tablesOf(token)) this.#giveTable(table)
        this.#forget()
        return
      case 'error':
        throw new YamlDamage(token.offset, complaints.UNEXPECTED_TOKEN)
      case 'directive':
        if (!/^%YAML\s+1\.2\s*$/.test(token.source)) throw new YamlDamage(token.offset, complaints.BAD_DIRECTIVE)
    }
  }

  #harvest(): void {
    const [, tables, table, rows] = this.#parser.stack
    if (tables?.type !== 'block-seq') return
    if (tables.items.length > 1) {
      for (const item of tables.items.splice(0, tables.items.length - 1))
        for (const value of this.#compose(tables, [item])) this.#giveTable(value)
    } else if (table?.type === 'block-map' && rows?.type === 'block-seq') {
      if (rows.items.length <= (this.#hasAnchor || this.#hasAlias ? 1 : rowsTogether)) return
      if (!this.#isData(table)) return
      const values = this.#compose(rows, rows.items.splice(0, rows.items.length - 1))
      this.#takeRows(
        this.#modelOf(table),
        values.map((value) => this.#rowOf(value)),
      )
    } else return
    this.#forget()
  }

  #takeRows(named: NamedTable | null, rows: readonly SourceRow[]): void {
    if (named !== null) {
      this.#found.push({ ...named, rows })
      return
    }
    if (this.#held.length === 0) this.#heldFrom = this.#takenUpTo
    this.#held.push(...rows)
  }

  #isData({ items }: CST.BlockMap): boolean {
    const last = items.at(-1)
    return last !== undefined && this.#cst.resolveAsScalar(last.key)?.value === 'data'
  }

  /** The name of the table whose `data` is being read; null where it stands behind it. */
  #modelOf({ items }: CST.BlockMap): NamedTable | null {
    const value = items.find(({ key }) => this.#cst.resolveAsScalar(key)?.value === 'model')?.value
    const model = value === undefined ? undefined : this.#cst.resolveAsScalar(value)?.value
    if (value === undefined || model === undefined) return null
    if (this.#named?.at !== value) this.#named = { at: value, table: { model, place: this.#lines.place(value.offset) } }
    return this.#named.table
  }

  #tablesOf(document: CST.Document): readonly YamlValue[] {
    const { value } = document
    if (value?.type === 'block-seq') return value.items.flatMap((item) => this.#compose(value, [item]))
    const root = this.#composer.compose(document)
    if (!Array.isArray(root.value)) throw new YamlDamage(root.offset, `expected ${list}`)
    return root.members
  }

  #giveTable(table: YamlValue): void {
    const { value, offset } = table
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new YamlDamage(offset, `expected ${list}`)
    const { model, data, ...others } = value as { readonly [name: string]: unknown }
    const [stray] = Object.keys(others)
    if (stray !== undefined) throw new YamlDamage(table.member(stray).offset, `expected "model" and "data", found ${printableName(stray)}`)
    if (typeof model !== 'string') throw new YamlDamage(table.member('model').offset, 'expected the name of a table as "model"')
    if (!Array.isArray(data)) throw new YamlDamage(table.member('data').offset, 'expected a list of rows as "data"')
    const rows = [...this.#held.splice(0), ...table.member('data').members.map((row) => this.#rowOf(row))]
    this.#found.push({ model, place: this.#lines.place(table.member('model').offset), rows })
  }

  #rowOf({ value, offset }: YamlValue): SourceRow {
    return rowOfObject(value, this.#lines.place(offset))
  }

  /** The values of items of a list; they may refer to rows before them. */
  #compose(parent: CST.BlockSequence, items: readonly Item[]): readonly YamlValue[] {
    const before = this.#hasAlias ? [...this.#anchored] : []
    if (this.#hasAnchor) this.#anchored.push(...items)
    if (this.#anchored.length > maxAnchored) throw new YamlDamage(parent.offset, `expected at most ${maxAnchored} rows with anchors`)
    this.#hasAnchor = false
    this.#hasAlias = false
    const value: CST.BlockSequence = { ...parent, items: [...before, ...items] }
    return this.#composer.compose({ type: 'document', offset: parent.offset, start: [], value }).members.slice(before.length)
  }

  #forget(): void {
    this.#takenUpTo = this.#parser.offset
    this.#lexemes = 0
    this.#lines.forget(this.#takenUpTo)
  }
}

/** Where lines begin, of the part of a text that somebody may still ask for. */
class LineStarts {
  #starts: number[] = [0]
  /** Lines before the first of them. */
  #forgotten = 0

  add(offset: number): void {
    this.#starts.push(offset)
  }

  place(offset: number): TextPlace {
    const index = this.#lastUpTo(offset)
    return { line: this.#forgotten + index + 1, column: Math.max(0, offset - (this.#starts[index] as number)) + 1 }
  }

  forget(before: number): void {
    const count = this.#lastUpTo(before)
    this.#starts = this.#starts.slice(count)
    this.#forgotten += count
  }

  /** By halves: a file may be one document of many rows. */
  #lastUpTo(offset: number): number {
    let [low, high] = [0, this.#starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}
