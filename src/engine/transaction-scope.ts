import { AsyncLocalStorage } from 'node:async_hooks'
import { ReentrancyError } from '../errors.ts'
import type { AccessGate } from './access-gate.ts'

/** A `transaction(fn)` or `executeMany` that the current task is inside of. */
export interface TransactionScope {
  /** The physical connection it runs on. */
  readonly connection: object
  readonly gate: AccessGate
  /** Once it has ended, tasks that the function left behind are outsiders. */
  readonly turn: { readonly ended: boolean }
  /** An `executeMany`, which a `close()` lets finish. */
  readonly isUnit: boolean
  readonly outer: TransactionScope | undefined
}

const scopes = new AsyncLocalStorage<TransactionScope>()

/** The scope that a transaction begun by this task would be nested in. */
export function currentScope(): TransactionScope | undefined {
  return scopes.getStore()
}

/** Runs `fn` so that everything it does, and everything that follows from it, is known to be inside the transaction. */
export function runInScope<T>(scope: TransactionScope, fn: () => Promise<T>): Promise<T> {
  return scopes.run(scope, fn)
}

/** Whether the current task is inside a `transaction(fn)` on this connection. */
export function insideTransactionOn(connection: object): boolean {
  for (let scope = currentScope(); scope !== undefined; scope = scope.outer) {
    if (!scope.turn.ended && scope.connection === connection) return true
  }
  return false
}

/** Whether the current task is inside this turn. */
export function insideTurn(turn: object): boolean {
  for (let scope = currentScope(); scope !== undefined; scope = scope.outer) if (scope.turn === turn) return true
  return false
}

/**
 * Whether the current task itself holds the database that it asks for: to wait would be to wait for itself. Only `transaction(fn)` can
 * tell; a transaction from `begin()` is an object, and any task may end it.
 */
function holdsGateItself(gate: AccessGate): boolean {
  for (let scope = currentScope(); scope !== undefined; scope = scope.outer) {
    if (!scope.turn.ended && scope.gate === gate && gate.holds(scope.connection)) return true
  }
  return false
}

/** @throws {ReentrancyError} the current task is inside a transaction that holds what it asks for */
export function assertNotInsideTransaction(gate: AccessGate): void {
  if (!holdsGateItself(gate)) return
  throw new ReentrancyError(
    'This would wait for the transaction that it is called from. Use the transaction object (tx.execute, tx.transaction) inside transaction().',
  )
}

/** @throws {ReentrancyError} the current task is inside an executeMany of this holder, which the close() that it asks for lets finish */
export function assertNotInsideUnit(holder: 'connection' | 'gate', held: object): void {
  for (let scope = currentScope(); scope !== undefined; scope = scope.outer) {
    if (!scope.isUnit || scope.turn.ended || scope[holder] !== held) continue
    throw new ReentrancyError(
      'This close() would wait for the executeMany whose rows ask for it. Call it behind that; to end it, throw an error among its rows.',
    )
  }
}
