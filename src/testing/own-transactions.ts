import { AsyncLocalStorage } from 'node:async_hooks'
import type { AsyncTransaction } from '../engine/contract.ts'

/** The transactions that code in a scope has on a connection of its own and on the branches of that: the scope's is always open. */
export class OwnTransactions {
  readonly #begun = new Set<AsyncTransaction>()
  /** Those of a `transaction(fn)`. */
  readonly #running = new Set<AsyncTransaction>()
  readonly #ofTask = new AsyncLocalStorage<AsyncTransaction>()

  /** One is open, whoever asks. */
  get isOpen(): boolean {
    return this.#running.size > 0 || this.#hasBegun
  }

  /** What the current task sends through the connection is part of one: another task's `transaction(fn)` is waited for. */
  get includesTask(): boolean {
    return this.#hasBegun || this.#ofTask.getStore()?.isActive === true
  }

  get #hasBegun(): boolean {
    for (const transaction of this.#begun) {
      if (transaction.isActive) return true
      this.#begun.delete(transaction)
    }
    return false
  }

  add(transaction: AsyncTransaction): void {
    this.#begun.add(transaction)
  }

  /** Runs `work` in a transaction that ends with it. */
  async run<T>(transaction: AsyncTransaction, work: () => Promise<T>): Promise<T> {
    this.#running.add(transaction)
    // What a nested one leaves behind is still inside the one around it.
    const around = this.#ofTask.getStore()
    try {
      return await this.#ofTask.run(around?.isActive === true ? around : transaction, work)
    } finally {
      this.#running.delete(transaction)
    }
  }
}
