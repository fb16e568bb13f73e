import type { ExecuteOptions, Executor, PendingResult, Row, RowStream } from './executor.ts'
import type { Executable, Parameters } from './statement.ts'

/** What engine, connection and transaction tell of themselves, beside what they have in common. */
interface Place {
  /** Of an engine, and of a connection. */
  connect?(): Promise<Executor & AsyncDisposable>
  /** Of a connection. */
  inTransaction?(): boolean
  /** Of a transaction. */
  readonly isActive?: boolean
  /** Of a connection, and of an engine. */
  readonly closed?: boolean
}

/** What the engine's transactions tell the layers above, beside what is in their contract. */
export interface TransactionInsides {
  /** Itself, or when it has ended, the innermost one around it that has not; null when all have. */
  readonly stillOpen: Executor | null
  /** Of the objects that a statement changes which is called now. Connections have it too, for the transaction that they are in. */
  readonly changes: ObjectChanges
}

/** Objects that were changed with rows of a transaction. */
export interface ObjectChanges {
  /**
   * An object was changed as a row was: `undo` makes it what it was, when this is rolled back or a transaction around it. Of several changes
   * the first one counts.
   */
  onRollback(object: object, undo: () => void): void
}

const lasting: ObjectChanges = { onRollback() {} }

/**
 * What the engine's connections and transactions have for a statement that is to fail alone where the dialect's do not: a savepoint around it,
 * which is released with its first rows; those that follow are in the worker's memory by then.
 */
export interface LoneStatements {
  executeAlone<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): PendingResult<R>
  streamAlone<R = Row>(statement: Executable, params?: Parameters, options?: ExecuteOptions): RowStream<R>
}

/** It is a transaction, or a connection that has one open. */
export function isInTransaction(executor: Executor): boolean {
  const { isActive, inTransaction } = executor as Place
  return isActive !== undefined || inTransaction?.call(executor) === true
}

/** It is neither a connection nor a transaction: each statement may go through another connection. */
export function isEngine(executor: Executor): boolean {
  const { connect, inTransaction } = executor as Place
  return connect !== undefined && inTransaction === undefined
}

/**
 * What goes on with the work of an executor: itself while it is open, and of a savepoint that has ended the innermost transaction around it
 * that has not. Null when there is none.
 */
export function stillOpen(executor: Executor): Executor | null {
  const { isActive, closed, stillOpen: open } = executor as Place & Partial<TransactionInsides>
  if (open !== undefined) return open
  return isActive === false || closed === true ? null : executor
}

/**
 * Where to tell what a statement that is called now changes in objects: it is undone with the transaction that the executor is, or is in, and
 * with a savepoint that is open inside that. Without one it stays.
 */
export function changesIn(executor: Executor): ObjectChanges {
  return (executor as Partial<TransactionInsides>).changes ?? lasting
}

/**
 * Reads through a connection of its own where an engine is given: it would keep the rows of a long result that nobody has asked for yet, since
 * others wait for the connection that they come from.
 */
export async function onConnection<T>(executor: Executor, work: (executor: Executor) => Promise<T>): Promise<T> {
  const { connect } = executor as Place
  if (connect === undefined || !isEngine(executor)) return await work(executor)
  const connection = await connect.call(executor)
  try {
    return await work(connection)
  } finally {
    await connection[Symbol.asyncDispose]()
  }
}
