import { ArgumentError, InvalidRequestError } from '../errors.ts'
import type { BeginOptions, Executor } from '../sql/executor.ts'
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
  /** Of an engine, and of a connection. */
  connect?(): Promise<Executor & AsyncDisposable>
  /** Of a connection. */
  inTransaction?(): boolean
  /** Of a transaction. */
  readonly isActive?: boolean
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
  const inside = beginner.isActive !== undefined || beginner.inTransaction?.() === true
  if (inside && beginner.beginNested !== undefined) {
    const { mode, readonly, isolationLevel } = options
    if (mode !== undefined || readonly === true || isolationLevel !== undefined) {
      throw new InvalidRequestError('A transaction inside another one is a savepoint: it has no mode and no isolation level of its own.')
    }
    return await beginner.beginNested()
  }
  if (beginner.begin === undefined) throw new InvalidRequestError('What the layer was reflected from cannot begin a transaction.')
  return await beginner.begin(options)
}

/**
 * Reads through a connection of its own where an engine is given: it would keep the rows of a long result that nobody has asked for yet, since
 * others wait for the connection that they come from.
 */
export async function onConnection<T>(executor: Executor, work: (executor: Executor) => Promise<T>): Promise<T> {
  const { connect, inTransaction } = executor as Beginner
  if (connect === undefined || inTransaction !== undefined) return await work(executor)
  const connection = await connect.call(executor)
  try {
    return await work(connection)
  } finally {
    await connection[Symbol.asyncDispose]()
  }
}

/** The transaction that an executor hands to the function of its `transaction()`. */
export function asBegun(tx: Executor): BegunTransaction {
  // Engine, connection and transaction all hand out a transaction; the interface of executors says only what every layer needs of it.
  return tx as BegunTransaction
}
