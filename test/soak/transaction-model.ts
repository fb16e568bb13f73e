/** How a call ends: it is done, or the name of its error. */
export type Outcome = 'done' | 'InvalidRequestError' | 'TransactionAbortedError' | 'IntegrityError' | 'Error'

/** Rows that are committed: what every connection has in common. */
export class Storage {
  rows: readonly number[] = []
}

/** A transaction that is open, or was. */
export class Level {
  readonly kind: 'root' | 'emulated' | 'savepoint'
  /** The rows when it began. */
  readonly before: readonly number[]
  /** `inactive`: something in it was rolled back. `aborted`: by the database's own decision. */
  state: 'active' | 'inactive' | 'aborted' = 'active'
  ended = false

  constructor(kind: Level['kind'], before: readonly number[]) {
    this.kind = kind
    this.before = before
  }
}

/**
 * What the transactions of one connection should do to a table of numbers, however many tasks use it: one stack of them, whoever began
 * them, and a set of rows. No statement is sent from here.
 */
export class TransactionModel {
  readonly #storage: Storage
  #levels: Level[] = []
  /** The rows as the open transaction sees them. */
  #own: readonly number[] = []
  /** A statement of the open transaction failed, and nobody has looked at it. */
  #failedUnseen = false

  constructor(storage: Storage) {
    this.#storage = storage
  }

  get depth(): number {
    return this.#levels.length
  }

  /** The database has a transaction open for it, and with it the lock. */
  get inTransaction(): boolean {
    return this.#levels[0]?.state === 'active'
  }

  get rows(): readonly number[] {
    return this.inTransaction ? this.#own : this.#storage.rows
  }

  /** Why a call through this transaction, or through the connection, is refused; null when it is not. */
  refusal(via: Level | null): Outcome | null {
    if (via?.ended === true) return 'InvalidRequestError'
    const innermost = via === null ? this.#levels.length - 1 : this.#levels.indexOf(via)
    for (let at = innermost; at >= 0; at--) {
      const state = this.#levels[at]?.state
      if (state !== 'active') return state === 'aborted' ? 'TransactionAbortedError' : 'InvalidRequestError'
    }
    return null
  }

  /** Rows that are written in a savepoint: it stands inside the innermost transaction, whatever it comes through. */
  writeNested(via: Level | null, values: readonly number[], failure: Outcome): Outcome {
    return this.refusal(via) ?? this.refusal(null) ?? this.write(via, values, failure)
  }

  /** A statement that does all that it should or, if it fails, nothing. */
  write(via: Level | null, values: readonly number[], failure: Outcome = 'done'): Outcome {
    const refusal = this.refusal(via)
    if (refusal !== null) return refusal
    if (failure !== 'done') return failure
    if (this.inTransaction) this.#own = [...this.#own, ...values]
    else this.#storage.rows = [...this.#storage.rows, ...values]
    return 'done'
  }

  /** A statement that fails, and whose promise nobody looks at. */
  failUnseen(via: Level): void {
    if (this.refusal(via) === null) this.#failedUnseen = true
  }

  /** A statement at which the database ends the transaction by itself. */
  abort(via: Level | null): Outcome {
    const refusal = this.refusal(via)
    if (refusal !== null) return refusal
    if (this.#levels[0] !== undefined) this.#levels[0].state = 'aborted'
    return 'IntegrityError'
  }

  begin(via: Level | null, nested: 'emulated' | 'savepoint'): Level | Outcome {
    const refusal = this.refusal(via)
    if (refusal !== null) return refusal
    const level = new Level(this.#levels.length === 0 ? 'root' : nested, this.rows)
    if (level.kind === 'root') this.#own = this.rows
    this.#levels.push(level)
    return level
  }

  commit(level: Level): Outcome {
    const refusal = this.refusal(level)
    if (refusal !== null) return refusal
    const failed = level.kind === 'root' && this.#failedUnseen
    if (level.kind === 'root' && !failed) this.#storage.rows = this.#own
    this.#end(level)
    return failed ? 'InvalidRequestError' : 'done'
  }

  rollback(level: Level): Outcome {
    if (this.refusal(level) === null) {
      if (level.kind === 'emulated') this.#doom(level)
      else this.#own = level.before
    }
    this.#end(level)
    return 'done'
  }

  /** An emulated transaction only ends. */
  close(level: Level): Outcome {
    if (level.kind !== 'emulated') return this.rollback(level)
    this.#end(level)
    return 'done'
  }

  /** What is around an emulated transaction is undone, up to something that the database can undo. */
  #doom(level: Level): void {
    for (let at = this.#levels.indexOf(level) - 1; at >= 0; at--) {
      const around = this.#levels[at] as Level
      around.state = 'inactive'
      if (around.kind === 'emulated') continue
      this.#own = around.before
      return
    }
  }

  /** What is inside it ends with it. */
  #end(level: Level): void {
    if (level.ended) return
    for (const ended of this.#levels.splice(this.#levels.indexOf(level))) ended.ended = true
    if (this.#levels.length === 0) this.#failedUnseen = false
  }
}
