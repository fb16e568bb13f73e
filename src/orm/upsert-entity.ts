import { IntegrityError } from '../errors.ts'
import type { Executor, TransactionOptions } from '../sql/executor.ts'

/** How often a transaction of a server that lost against another one is run again. */
const retries = 10

/** What becomes of a row that is looked for, each through an executor. */
export interface Upsert<T> {
  readonly find: (executor: Executor) => Promise<T | null>
  /** Makes it, through one that is in a transaction. */
  readonly create: (tx: Executor) => Promise<T>
  /** Changes the one that was found, which goes through the transaction. */
  readonly update?: ((found: T) => Promise<unknown>) | undefined
}

/** Finds a row or creates it, so that two that do it at once make one row. SQLite has one writer at a time, servers notice the conflict. */
export async function findOrCreate<T>(
  executor: Executor,
  { find, create, update }: Upsert<T>,
): Promise<readonly [found: T, created: boolean]> {
  const attempt = () =>
    executor.transaction(async (tx) => {
      const found = await find(tx)
      if (found === null) return [await create(tx), true] as const
      await update?.(found)
      return [found, false] as const
    }, optionsFor(executor))
  try {
    return await attempt()
  } catch (error) {
    // Somebody else was quicker, and a unique key says so.
    const isThere = error instanceof IntegrityError && (await find(executor)) !== null
    if (!isThere) throw error
    return await attempt()
  }
}

/** A transaction inside another one has the isolation of that. */
function optionsFor(executor: Executor): TransactionOptions {
  const { isActive, inTransaction } = executor as { readonly isActive?: boolean; readonly inTransaction?: () => boolean }
  const isInside = isActive !== undefined || (typeof inTransaction === 'function' && inTransaction.call(executor))
  return isInside || executor.dialect.embedded ? {} : { isolationLevel: 'serializable', retries }
}
