import type { AsyncEngine, AsyncTransaction } from '../engine/contract.ts'
import { ArgumentError, TransactionAbortedError } from '../errors.ts'
import type { BeginOptions } from '../sql/executor.ts'
import { ScopeEngine } from './scope-engine.ts'
import { OuterTransaction } from './scope-handles.ts'

/** A transaction that is rolled back, whatever happens in it. */
export interface RollbackScope extends AsyncDisposable {
  /**
   * For code that takes an executor. `begin()` and `transaction(fn)` in it are savepoints; its own `commit()` keeps what was done so far for the
   * rest of the scope, its own `rollback()` undoes what was done since, and both leave it open.
   */
  readonly tx: AsyncTransaction
  /** For code that takes an engine: everything of it is in the same transaction, on one connection, and `close()` does nothing. */
  readonly engine: AsyncEngine
  /**
   * Rolls back. Idempotent.
   *
   * @throws {TransactionAbortedError} the transaction was ended inside the scope, so that something of it may be stored: by DDL on MySQL,
   * or by the COMMIT of a script
   */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Begins a transaction on a connection of its own that is always rolled back: what is done through `tx` is seen by no other connection, and is
 * gone when the scope is left.
 *
 * On SQLite it has the database's write lock until then: what is written past it, through the engine itself, waits for the scope to end.
 *
 * @example
 * await using scope = await rollbackScope(engine)
 * await Note.objects.using(scope.tx).create({ text: 'gone in a moment' })
 */
export async function rollbackScope(engine: AsyncEngine, options?: BeginOptions): Promise<RollbackScope> {
  if (typeof engine !== 'object' || engine === null || typeof engine.begin !== 'function') {
    throw new ArgumentError('rollbackScope() takes an engine of createEngine().')
  }
  const root = await engine.begin(options)
  try {
    return new Scope(engine, root, await OuterTransaction.begin(root))
  } catch (error) {
    await root.rollback()
    throw error
  }
}

class Scope implements RollbackScope {
  readonly tx: AsyncTransaction
  readonly engine: AsyncEngine
  readonly #root: AsyncTransaction
  #ending: Promise<void> | null = null

  constructor(engine: AsyncEngine, root: AsyncTransaction, tx: OuterTransaction) {
    this.tx = tx
    this.engine = new ScopeEngine(engine, tx)
    this.#root = root
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end()
    await this.#ending
  }

  async #end(): Promise<void> {
    const refusal = this.#root.isActive ? null : await this.#refusal()
    await this.#root.rollback()
    if (!(refusal instanceof TransactionAbortedError)) return
    throw new TransactionAbortedError(
      'The transaction of this rollbackScope() was ended inside it, by the database or by a script, and what was done before that may be ' +
        'stored: a test with DDL on MySQL, or with a COMMIT of its own, needs a temporaryDatabase().',
      { cause: refusal },
    )
  }

  /** Why nothing can be done in the transaction any more. It is not sent anywhere. */
  async #refusal(): Promise<unknown> {
    return await this.#root.execute('select 1').then(
      () => null,
      (error: unknown) => error,
    )
  }
}
