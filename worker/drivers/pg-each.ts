import type { RowsOfValues } from './driver.ts'
import { changesOf, Exchange, type Plan, writeParse } from './pg-exchange.ts'
import type { MessageWriter } from './pg-messages.ts'
import { encodeParameter } from './pg-parameters.ts'

/** Written at once; between two such pieces others have their turn, answers are taken in, and the sender may be told to stop. */
const pieceBytes = 64 * 1024

export interface EachPlan extends Plan {
  readonly parameterTypes: readonly number[]
  readonly rows: RowsOfValues
  /** Throws where no more rows are to be sent. */
  readonly check: () => void
}

/**
 * Runs a statement for each of many rows of values, all sent without waiting for an answer and with one Sync behind them: after an error
 * the server skips the rest.
 */
export class EachExchange extends Exchange {
  readonly #plan: EachPlan
  #sentRows = 0
  /** Of all rows together. */
  changes = 0

  constructor(plan: EachPlan) {
    super()
    this.#plan = plan
  }

  protected override write(messages: MessageWriter): void {
    writeParse(messages, this.#plan)
    this.#writePiece(messages)
    if (!this.synced) setImmediate(() => this.#goOn())
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.changes += changesOf(text)
  }

  #goOn(): void {
    // An error has sent the Sync already.
    if (this.synced || this.hasEnded) return
    let hasRoom = true
    try {
      this.#plan.check()
      hasRoom = this.send((messages) => this.#writePiece(messages))
    } catch (error) {
      this.fail(error)
      this.send((messages) => this.sync(messages))
    }
    if (this.synced) return
    if (hasRoom) setImmediate(() => this.#goOn())
    else this.wire.stream.once('drain', () => this.#goOn())
  }

  #writePiece(messages: MessageWriter): void {
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
}
