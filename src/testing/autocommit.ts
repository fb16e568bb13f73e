import type { AsyncTransaction } from '../engine/contract.ts'
import type { ExecuteOptions, PendingResult, Row, RowStream } from '../sql/executor.ts'
import type { LoneStatements } from '../sql/open-transaction.ts'
import type { Executable, Parameters } from '../sql/statement.ts'

/** Where statements of a scope go that are outside of any transaction of the test's: they are inside the scope's own. */
type Place = Pick<AsyncTransaction, 'dialect' | 'execute' | 'stream' | 'script' | 'call' | 'transaction'>

/**
 * Statements as they are outside of a transaction: one that fails undoes itself, and nothing of what is around it. Most databases do so inside a
 * transaction too; for PostgreSQL it takes a savepoint.
 */
export class AutocommitStatements implements Pick<AsyncTransaction, 'execute' | 'stream' | 'script' | 'call'> {
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
  }

  /** Null where the database needs none, or where the place is none of this library's and has none. */
  get #lone(): LoneStatements | null {
    const place: Place & Partial<LoneStatements> = this.#place
    return place.dialect.survivesFailedStatements || place.executeAlone === undefined ? null : (place as Place & LoneStatements)
  }

  execute<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R> {
    return this.#lone?.executeAlone<R>(statement, params, options) ?? this.#place.execute<R>(statement, params, options)
  }

  stream<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R> {
    return this.#lone?.streamAlone<R>(statement, params, options) ?? this.#place.stream<R>(statement, params, options)
  }

  script(text: string): Promise<void> {
    return this.#do((place) => place.script(text))
  }

  call<T>(module: URL | string, name: string, ...args: unknown[]): Promise<T> {
    return this.#do((place) => place.call<T>(module, name, ...args))
  }

  #do<T>(work: (place: Pick<Place, 'script' | 'call'>) => Promise<T>): Promise<T> {
    return this.#lone === null ? work(this.#place) : this.#place.transaction(work)
  }
}
