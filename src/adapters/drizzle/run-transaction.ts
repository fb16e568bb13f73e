import { DrizzleQueryError } from 'drizzle-orm'
import type { Executor, TransactionOptions } from '../../sql/executor.ts'

/**
 * Runs `work` in a transaction, or inside of one in a savepoint: commits when it returns, rolls back when it throws.
 *
 * @throws {DrizzleQueryError} the transaction could not be begun or committed; its cause is the engine's error
 */
export async function runTransaction<T>(executor: Executor, options: TransactionOptions, work: (tx: Executor) => Promise<T>): Promise<T> {
  let stage = 'begin' as 'begin' | 'work' | 'commit'
  try {
    return await executor.transaction(async (tx) => {
      stage = 'work'
      const value = await work(tx)
      stage = 'commit'
      return value
    }, options)
  } catch (error) {
    // What the work has thrown is its caller's, and wrapped already where a query has failed.
    if (stage === 'work' || !(error instanceof Error)) throw error
    throw new DrizzleQueryError(stage, [], error)
  }
}
