import { IntegrityError } from '../errors.ts'
import type { Executor, TransactionOptions } from '../sql/executor.ts'

/** How often a transaction of a server that lost against another one is run again. */
const retries = 10

/**
 * Finds a row or creates it, so that two that do it at once make one row. SQLite has one writer at a time, servers notice the conflict.
 *
 * @param find looks for the row through an executor
 * @param create makes it, through one that is in a transaction
 */
export async function findOrCreate<T>(
  executor: Executor,
  find: (executor: Executor) => Promise<T | null>,
  create: (tx: Executor) => Promise<T>,
): Promise<readonly [found: T, created: boolean]> {
  try {
    return await executor.transaction(async (tx) => {
      const found = await find(tx)
      return found === null ? ([await create(tx), true] as const) : ([found, false] as const)
    }, optionsFor(executor))
  } catch (error) {
    // Somebody else was quicker, and a unique key says so.
    const found = error instanceof IntegrityError ? await find(executor) : null
    if (found === null) throw error
    return [found, false]
  }
}

/** A transaction inside another one has the isolation of that. */
function optionsFor(executor: Executor): TransactionOptions {
  const { isActive, inTransaction } = executor as { readonly isActive?: boolean; readonly inTransaction?: () => boolean }
  const isInside = isActive !== undefined || (typeof inTransaction === 'function' && inTransaction.call(executor))
  return isInside || executor.dialect.embedded ? {} : { isolationLevel: 'serializable', retries }
}
