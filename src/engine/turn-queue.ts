import { FifoQueue } from '../protocol/fifo-queue.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { type WaitOptions, watchDeadline } from './deadline.ts'
import { insideTransactionOn } from './transaction-scope.ts'

/** A task's time alone with a connection. */
export interface Turn {
  readonly ended: boolean
}

/**
 * Who may speak on a connection: somebody may have it to himself, a `transaction(fn)` or an `executeMany`. What belongs to him comes
 * through his transaction or from inside his function; everybody else waits, and goes on in the order of the calls. So does what is called
 * behind a commit() or rollback() that is on its way: it is no part of the ending transaction.
 */
export class TurnQueue {
  readonly #connection: object
  readonly #transactionIsEnding: () => boolean
  #turn: Turn | null = null
  readonly #outsiders = new FifoQueue<() => void>()
  #closed = false

  constructor(connection: object, transactionIsEnding: () => boolean) {
    this.#connection = connection
    this.#transactionIsEnding = transactionIsEnding
  }

  /** @param via the transaction through whose own methods the call came, or null when it came through the connection */
  mustWait(via: object | null): boolean {
    if (via !== null || this.#closed) return false
    if (this.#transactionIsEnding()) return true
    return this.#turn !== null && !insideTransactionOn(this.#connection)
  }

  /** Calls `start` at once, or when its turn has come. */
  run(via: object | null, start: () => void): void {
    if (this.mustWait(via)) this.#outsiders.push(start)
    else start()
  }

  /** Waits for its turn; `take` is called the moment it has come, before anybody behind it goes on. */
  async wait(wait: WaitOptions, take: () => void = () => {}): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const resume = (): void => {
      take()
      resolve()
    }
    const stop = watchDeadline(wait, (error) => {
      this.#outsiders.remove(resume)
      reject(error)
    })
    this.#outsiders.push(resume)
    try {
      await promise
    } catch (error) {
      throw withCallersStack(error)
    } finally {
      stop()
    }
  }

  /** Keeps the connection for one task from its turn until `work` is done. */
  async hold<T>(wait: WaitOptions, work: (turn: Turn) => Promise<T>): Promise<T> {
    const turn = { ended: false }
    const take = (): void => {
      this.#turn = turn
    }
    if (this.mustWait(null)) await this.wait(wait, take)
    else take()
    try {
      return await work(turn)
    } finally {
      turn.ended = true
      this.#turn = null
      this.resume()
    }
  }

  /** Lets those who wait go on until one of them has the connection to itself. */
  resume(): void {
    while (this.#turn === null && !this.#transactionIsEnding()) {
      const resume = this.#outsiders.shift()
      if (resume === undefined) return
      resume()
    }
  }

  /** Nobody waits any more: each finds out for itself that the connection is closed. */
  close(): void {
    this.#closed = true
    for (const resume of this.#outsiders.drain()) resume()
  }
}
