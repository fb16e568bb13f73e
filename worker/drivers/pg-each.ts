import type { RowsOfValues } from './driver.ts'
import { changesOf, Exchange, type Plan, writeParse } from './pg-exchange.ts'
import type { MessageWriter } from './pg-messages.ts'
import { encodeParameter } from './pg-parameters.ts'

/** Written at once; between two such pieces others have their turn, answers are taken in, and the sender may be told to stop. */
export const pieceBytes = 64 * 1024

export interface EachPlan extends Plan {
  readonly parameterTypes: readonly number[]
  readonly rows: RowsOfValues
  /** Throws where no more rows are to be sent. */
  readonly check: () => void
}

/** Sends many rows of values, a piece at a time and without waiting for an answer. */
export abstract class PiecesExchange extends Exchange {
  readonly #check: () => void

  constructor(check: () => void) {
    super()
    this.#check = check
  }

  /** Messages up to the size of a piece; a Sync behind the last row. */
  protected abstract writePiece(messages: MessageWriter): void

  /** What is sent in place of the rows that are left. */
  protected abstract breakOff(messages: MessageWriter): void

  /** Sends a piece, and has the others follow. */
  protected goOn(): void {
    // An error has sent the Sync already.
    if (this.synced || this.hasEnded) return
    let hasRoom = true
    try {
      this.#check()
      hasRoom = this.send((messages) => this.writePiece(messages))
    } catch (error) {
      this.fail(error)
      this.send((messages) => this.breakOff(messages))
    }
    if (this.synced) return
    if (hasRoom) setImmediate(() => this.goOn())
    else this.wire.stream.once('drain', () => this.goOn())
  }
}

/** Runs a statement for each of many rows of values, with one Sync behind them: after an error the server skips the rest. */
export class EachExchange extends PiecesExchange {
  readonly #plan: EachPlan
  #sentRows = 0
  /** Of all rows together. */
  changes = 0

  constructor(plan: EachPlan) {
    super(plan.check)
    this.#plan = plan
  }

  protected override write(messages: MessageWriter): void {
    writeParse(messages, this.#plan)
    this.writePiece(messages)
    if (!this.synced) setImmediate(() => this.goOn())
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.changes += changesOf(text)
  }

  protected override writePiece(messages: MessageWriter): void {
    const { name, parameterTypes, rows } = this.#plan
    const { values, width, rowCount } = rows
    while (this.#sentRows < rowCount && messages.sizeBytes < pieceBytes) {
      const from = this.#sentRows++ * width
      const row = values.slice(from, from + width)
      messages.bind(
        name,
        row.map((value, index) => encodeParameter(value, parameterTypes[index])),
      )
      messages.execute(0)
    }
    if (this.#sentRows === rowCount) this.sync(messages)
  }

  protected override breakOff(messages: MessageWriter): void {
    this.sync(messages)
  }
}
