import { AsyncLocalStorage } from 'node:async_hooks'
import { FifoQueue } from '../protocol/fifo-queue.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { type WaitOptions, watchDeadline } from './deadline.ts'
import { insideTransactionOn, insideTurn } from './transaction-scope.ts'

/** A transaction, as far as turns know it: what is inside it has it among its parents. */
export interface TurnOwner {
  readonly parent: TurnOwner | null
}

/** A task's time alone with a connection, or with a transaction on it. */
export class Turn {
  ended = false
  /** The transaction that it runs in, once that has begun: calls through it, and through what is inside it, belong to the turn. */
  owner: TurnOwner | null = null
  /** Called on the same transaction, behind the turn: goes on when it has ended. */
  readonly behind = new FifoQueue<Entry>()

  admits(via: TurnOwner | null): boolean {
    for (let each = via; each !== null; each = each.parent) if (each === this.owner) return true
    return insideTurn(this)
  }
}

interface Entry {
  /** The transaction that the call comes through, or null when it comes through the connection. */
  via: TurnOwner | null
  readonly start: (via: TurnOwner | null) => void
}

/** The connection's transaction, as its turns see it. */
export interface OpenTransactionState {
  /** The outermost open transaction. */
  readonly root: TurnOwner | null
  /** Its BEGIN is on the way: what would begin another one waits, and whatever is called behind that. */
  readonly beginning: boolean
  /** Its COMMIT or ROLLBACK is on the way: what is called behind that is no part of it. */
  readonly ending: boolean
}

/**
 * Who may speak on a connection: somebody may have it to himself, a `transaction(fn)` or an `executeMany`. What belongs to him comes
 * through his transaction or from inside his function; everybody else waits, and goes on in the order of the calls. A turn inside a
 * transaction holds back the rest of that transaction in the same way, or its savepoint would take along what does not belong to it.
 */
export class TurnQueue {
  readonly #connection: object
  readonly #transaction: OpenTransactionState
  /** The turn of the whole connection, if somebody has it. */
  #outer: Turn | null = null
  /** Turns inside the open transaction, each inside the one before. */
  readonly #inner: Turn[] = []
  readonly #outsiders = new FifoQueue<Entry>()
  #closed = false

  constructor(connection: object, transaction: OpenTransactionState) {
    this.#connection = connection
    this.#transaction = transaction
  }

  /** Whether the call is none of the open transaction's, and has to wait for its end. */
  isOutsider(via: TurnOwner | null): boolean {
    if (via !== null || this.#closed) return false
    return this.#transaction.ending || (this.#outer !== null && !insideTransactionOn(this.#connection))
  }

  mustWait(via: TurnOwner | null): boolean {
    return this.#queueFor(via) !== null
  }

  /** As `mustWait`, for what begins a transaction. */
  mustWaitToBegin(via: TurnOwner | null): boolean {
    return this.#queueToBeginFor(via) !== null
  }

  /**
   * Calls `start` at once, or when its turn has come, with the transaction that it comes through. A call that waited inside a transaction
   * which has been rolled back meanwhile comes through that one, and so is refused.
   */
  run<T extends TurnOwner>(via: T | null, start: (via: T | null) => void): void {
    this.#run(this.#queueFor(via), via, start)
  }

  #run<T extends TurnOwner>(queue: FifoQueue<Entry> | null, via: T | null, start: (via: T | null) => void): void {
    if (queue === null) start(via)
    // Somebody who went on before it may have taken a turn: whether that is in its way is for its own context to say.
    else queue.push({ via, start: inItsOwnContext((through: T | null) => this.#run(this.#queueOf(through), through, start)) })
  }

  /** Waits for its turn to begin; `take` is called the moment it has come, before anybody behind it goes on. Gives what `run` does. */
  async wait<V extends TurnOwner>(via: V | null, wait: WaitOptions, take: (through: V | null) => void): Promise<V | null> {
    const { promise, resolve, reject } = Promise.withResolvers<V | null>()
    let gaveUp = false
    this.#run(this.#queueToBeginFor(via), via, (through) => {
      if (gaveUp) return
      take(through)
      resolve(through)
    })
    const stop = watchDeadline(wait, (error) => {
      gaveUp = true
      reject(error)
    })
    try {
      return await promise
    } catch (error) {
      throw withCallersStack(error)
    } finally {
      stop()
    }
  }

  /** Keeps the connection, or the transaction that is open on it by then, for one task from its turn until `work` is done. */
  async hold<T>(wait: WaitOptions, work: (turn: Turn) => Promise<T>): Promise<T> {
    const turn = new Turn()
    const take = (): void => {
      if (this.#transaction.root === null) this.#outer = turn
      else this.#inner.push(turn)
    }
    // Without a wait it begins within the call: what is called right behind it finds it begun.
    if (this.mustWaitToBegin(null)) await this.wait(null, wait, take)
    else take()
    try {
      return await work(turn)
    } finally {
      if (this.#outer === turn) this.#endOuter(turn)
      else this.#endInside(turn)
    }
  }

  #endOuter(turn: Turn): void {
    turn.ended = true
    this.#outer = null
    this.resume()
  }

  /** Keeps the open transaction for one task from its turn until `work` is done: what is called on it meanwhile comes behind. */
  async holdInside<T, V extends TurnOwner>(
    via: V | null,
    wait: WaitOptions,
    work: (turn: Turn, through: V | null) => Promise<T>,
  ): Promise<T> {
    const turn = new Turn()
    const take = (): void => void this.#inner.push(turn)
    let through = via
    if (this.mustWaitToBegin(via)) through = await this.wait(via, wait, take)
    else take()
    try {
      return await work(turn, through)
    } finally {
      this.#endInside(turn)
    }
  }

  /** The end of a savepoint is on its way: until the returned function is called, what comes on the transaction around it waits. */
  holdForEnd(owner: TurnOwner): () => void {
    const turn = new Turn()
    turn.owner = owner
    this.#inner.push(turn)
    return () => this.#endInside(turn)
  }

  #endInside(turn: Turn): void {
    turn.ended = true
    this.#inner.splice(this.#inner.indexOf(turn), 1)
    // A commit() among them makes outsiders of those behind it.
    for (const { via, start } of turn.behind.drain()) start(via)
  }

  /** Where a call waits that is made now. */
  #queueFor(via: TurnOwner | null): FifoQueue<Entry> | null {
    // Those who wait though nobody has the connection wait for a BEGIN: whoever comes now comes behind them.
    const inOrder = via === null && !this.#closed && this.#outer === null && this.#outsiders.size > 0
    return inOrder ? this.#outsiders : this.#queueOf(via)
  }

  #queueToBeginFor(via: TurnOwner | null): FifoQueue<Entry> | null {
    return this.#queueFor(via) ?? (this.#transaction.beginning && !this.#closed ? this.#outsiders : null)
  }

  /** Where a call waits whose place in the order is this one. */
  #queueOf(via: TurnOwner | null): FifoQueue<Entry> | null {
    if (this.#closed) return null
    if (this.isOutsider(via)) return this.#outsiders
    const innermost = this.#inner.at(-1)
    return innermost === undefined || innermost.admits(via) ? null : innermost.behind
  }

  /** The open transaction ends under those who wait inside it: they are refused with it, and none of them runs on its own. */
  endInside(): void {
    for (const { behind } of this.#inner) for (const entry of behind) entry.via ??= this.#transaction.root
  }

  /** Lets those who wait for the connection go on until one of them has it to himself. */
  resume(): void {
    while (this.#outer === null && !this.#transaction.beginning && !this.#transaction.ending) {
      const next = this.#outsiders.shift()
      if (next === undefined) return
      next.start(next.via)
    }
  }

  /** Nobody waits any more: each finds out for itself that the connection is closed, or lost. */
  close(): void {
    this.#closed = true
    for (const { behind } of this.#inner) for (const { via, start } of behind.drain()) start(via)
    for (const { via, start } of this.#outsiders.drain()) start(via)
  }
}

/** What waits goes on as what its caller is inside of, and not whoever let it go on. */
function inItsOwnContext<T extends TurnOwner>(start: (via: T | null) => void): Entry['start'] {
  const inContext = AsyncLocalStorage.snapshot()
  // The owners of one queue are all of the session's own kind.
  return (via) => inContext(start, via as T | null)
}
