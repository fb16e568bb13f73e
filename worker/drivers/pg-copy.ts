import { isUtf8 } from 'node:buffer'
import type { WireColumn, WireValue } from '../../src/protocol/values.ts'
import type { DriverRow, RowsOfValues } from './driver.ts'
import { PiecesExchange, pieceBytes } from './pg-each.ts'
import { changesOf, copyRefusal, type Plan, writeParse } from './pg-exchange.ts'
import type { MessageWriter } from './pg-messages.ts'
import { encodeParameter } from './pg-parameters.ts'
import { RowsExchange } from './pg-rows.ts'
import type { CopyData, CopyResponse, DataRow } from './pg-wire.ts'
import { DriverFault } from './sqlite-errors.ts'

export interface CopyInPlan extends Plan {
  readonly rows: RowsOfValues
  /** Throws where no more rows are to be sent. */
  readonly check: () => void
}

/**
 * Runs one COPY … FROM STDIN for many rows of values. They are sent when the server has said that it takes them: a Sync that it finds
 * among them would be lost.
 */
export class CopyInExchange extends PiecesExchange {
  readonly #plan: CopyInPlan
  #sentRows = 0
  /** Rows that the table has taken. */
  changes = 0

  constructor(plan: CopyInPlan) {
    super(plan.check)
    this.#plan = plan
  }

  protected override write(messages: MessageWriter): void {
    writeParse(messages, this.#plan)
    messages.bind(this.#plan.name, []).execute(0).flush()
  }

  override handleCopyIn({ columnTypes }: CopyResponse): void {
    const { width } = this.#plan.rows
    const given = columnTypes.length
    if (given === width) {
      this.goOn()
      return
    }
    this.fail(new DriverFault('programming', `COPY has ${given} columns, but each row has ${width} values.`))
    this.send((messages) => this.breakOff(messages))
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.changes = changesOf(text)
    if (this.synced) return
    this.fail(copyRefusal('The statement has ended without having taken the rows.'))
    this.send((messages) => this.sync(messages))
  }

  protected override writePiece(messages: MessageWriter): void {
    const { values, width, rowCount } = this.#plan.rows
    let lines = ''
    while (this.#sentRows < rowCount && lines.length < pieceBytes) {
      const from = this.#sentRows++ * width
      lines = withLine(lines, values.slice(from, from + width))
    }
    messages.copyData(lines)
    if (this.#sentRows === rowCount) this.sync(messages.copyDone())
  }

  protected override breakOff(messages: MessageWriter): void {
    this.sync(messages.copyFail('no more rows are sent'))
  }
}

/**
 * Adds a row in the text format, where whatever would end a value or the line is escaped, and `\\N` is NULL.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
function withLine(lines: string, row: readonly WireValue[]): string {
  try {
    return `${lines}${row.map(textOf).join('\t')}\n`
  } catch (cause) {
    throw new DriverFault('data', 'A row is longer than a text can be, which is how COPY takes it: use an INSERT.', { cause })
  }
}

const special = /[\\\t\n\r]/g
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function textOf(value: WireValue): string {
  const text = encodeParameter(value, undefined)
  if (text === null) return '\\N'
  // Without a type for bytes, they are text as well.
  return (text as string).replace(special, (character) => escapes[character] as string)
}

/** Reads what a COPY gives: one column, whose texts one behind another are the data. */
export const copyReader = {
  columns: [{ name: 'data', type: 'text' }] satisfies readonly WireColumn[],
  read: ({ fields }: DataRow): DriverRow => fields,
}

/** Runs one COPY … TO STDOUT, and hands out its lines, each with the end of it. */
export class CopyOutExchange extends RowsExchange {
  override handleCopyOut({ binary }: CopyResponse): void {
    if (binary) this.giveUp(copyRefusal('COPY … TO STDOUT gives texts: expected the format text or csv, found binary.'))
  }

  override handleCopyData({ length, chunk }: CopyData): void {
    if (this.isDropping) this.handleDataRow({ length, fields: [] })
    else if (isUtf8(chunk)) this.handleDataRow({ length, fields: [chunk.toString()] })
    else this.giveUp(new DriverFault('data', 'COPY … TO STDOUT gives texts in UTF-8: leave out its option ENCODING.'))
  }
}
