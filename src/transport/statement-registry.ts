import { type Reply, ReplyKind, RequestKind } from '../protocol/frames.ts'
import { RowShape } from './row-shape.ts'
import type { StatementChannel } from './statement-channel.ts'

/** What the registry needs to know of a statement to name it to a worker. */
export interface StatementText {
  readonly sql: string
  readonly names: readonly string[] | null
  /** Bits of `StatementTrait`. */
  readonly traits: number
}

/** A statement text as one connection's worker knows it: by number. */
export class StatementReference {
  readonly id: number
  /** Its last run on this connection took no time to speak of; until it has run, nobody knows. */
  quick = false
  #shape: RowShape | null = null

  constructor(id: number) {
    this.id = id
  }

  /** Columns come with the first reply that has rows, whoever wants them, and whenever they have changed. */
  learnColumns(reply: Reply): void {
    if ((reply.kind === ReplyKind.rows || reply.kind === ReplyKind.chunk) && reply.columns !== null)
      this.#shape = new RowShape(reply.columns)
  }

  /** How to build its rows. */
  get shape(): RowShape {
    if (this.#shape === null) throw new Error('the worker sent rows before it sent their columns')
    return this.#shape
  }
}

/**
 * Names a connection's statements by numbers, so that a text crosses the border once. It decides for both sides which statements stay
 * prepared: the least recently used one goes when there are more than `capacity`.
 */
export class StatementRegistry {
  readonly #channel: StatementChannel
  readonly #capacity: number
  readonly #references = new Map<string, StatementReference>()
  #nextId = 1

  constructor(channel: StatementChannel, capacity: number) {
    this.#channel = channel
    // One that is on its way is known to both sides, however few are kept.
    this.#capacity = Math.max(1, capacity)
  }

  /** A statement that has a number. The same text with other parameter names does not exist: names come from the text. */
  known(sql: string): StatementReference | undefined {
    const known = this.#references.get(sql)
    // Recency costs two map operations; it only matters when something may have to go.
    if (known !== undefined && this.#references.size * 2 > this.#capacity) {
      this.#references.delete(sql)
      this.#references.set(sql, known)
    }
    return known
  }

  /** Gives a statement that is not known its number, of which the worker is told in this tick's batch. */
  add({ sql, names, traits }: StatementText): StatementReference {
    const reference = new StatementReference(this.#nextId++)
    this.#channel.post({ kind: RequestKind.register, statementId: reference.id, sql, names, traits })
    this.#references.set(sql, reference)
    if (this.#references.size > this.#capacity) this.#forgetOldest()
    return reference
  }

  /** Whether the text has run on this connection, and quickly. */
  isQuick(sql: string): boolean {
    return this.#references.get(sql)?.quick === true
  }

  #forgetOldest(): void {
    for (const [sql, { id }] of this.#references) {
      this.#references.delete(sql)
      this.#channel.post({ kind: RequestKind.forget, statementId: id })
      return
    }
  }
}
