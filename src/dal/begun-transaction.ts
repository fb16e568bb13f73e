import { ArgumentError, InvalidRequestError } from '../errors.ts'
import type { BeginOptions, Executor } from '../sql/executor.ts'
import { isInTransaction } from '../sql/open-transaction.ts'
import { describeValue } from '../sql/parameters.ts'

/** A transaction that has been begun, as the engine gives it. */
export interface BegunTransaction extends Executor {
  readonly connection: Executor
  readonly isActive: boolean
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** The connection that transactions of an engine or a connection are on. */
export type ConnectionOf<E> = E extends { begin(...args: never[]): Promise<infer T> }
  ? T extends { readonly connection: infer C }
    ? C
    : Executor
  : Executor

/** What begins transactions: an engine, a connection, or a transaction, inside which they are savepoints. */
interface Beginner {
  begin?(options: BeginOptions): Promise<BegunTransaction>
  beginNested?(): Promise<BegunTransaction>
}

/** @throws {ArgumentError} it is neither engine, connection nor transaction */
export function checkExecutor(executor: unknown): void {
  if (typeof executor === 'object' && executor !== null && 'execute' in executor && typeof executor.execute === 'function') return
  throw new ArgumentError(`A data access layer takes an engine or a connection, found ${describeValue(executor)}.`)
}

/**
 * Begins a transaction on an engine or a connection. Where one is open already it is a savepoint, and what it does is rolled back alone.
 *
 * @throws {InvalidRequestError} inside another transaction: it has a level or a mode of its own
 */
export async function beginOn(executor: Executor, options: BeginOptions): Promise<BegunTransaction> {
  const beginner = executor as Beginner
  if (isInTransaction(executor) && beginner.beginNested !== undefined) {
    const { mode, readonly, isolationLevel } = options
    if (mode !== undefined || readonly === true || isolationLevel !== undefined) {
      throw new InvalidRequestError('A transaction inside another one is a savepoint: it has no mode and no isolation level of its own.')
    }
    return await beginner.beginNested()
  }
  if (beginner.begin === undefined) throw new InvalidRequestError('What the layer was reflected from cannot begin a transaction.')
  return await beginner.begin(options)
}

/** The transaction that an executor hands to the function of its `transaction()`. */
export function asBegun(tx: Executor): BegunTransaction {
  // Engine, connection and transaction all hand out a transaction; the interface of executors says only what every layer needs of it.
  return tx as BegunTransaction
}
