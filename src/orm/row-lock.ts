import { SelectModifierNode, type SelectQueryNode, TableNode } from 'kysely'
import { ArgumentError, InvalidRequestError } from '../errors.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { isInTransaction } from '../sql/open-transaction.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import type { StatementScope } from './statement-scope.ts'

/** What becomes of rows that another transaction has locked. Default: they are waited for. */
export interface LockOptions {
  /** They are left out: of a queue, each worker gets other rows. */
  readonly skipLocked?: boolean | undefined
  /** They make the read fail at once. */
  readonly noWait?: boolean | undefined
}

/** How rows are locked. */
export type RowLock = 'wait' | 'skipLocked' | 'noWait'

/** @throws {ArgumentError} an option is unknown or no boolean, or both of them are true */
export function rowLock(options: LockOptions): RowLock {
  const names = ['skipLocked', 'noWait'] as const
  checkOptionNames(options, names, 'forUpdate()')
  for (const name of names) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'boolean') throw new ArgumentError(`${name} of forUpdate() must be true or false.`)
  }
  const { skipLocked = false, noWait = false } = options
  if (skipLocked && noWait)
    throw new ArgumentError('forUpdate() takes skipLocked or noWait: rows cannot both be left out and make it fail.')
  return skipLocked ? 'skipLocked' : noWait ? 'noWait' : 'wait'
}

/** What a query set has been told that locking depends on. */
interface Locking {
  readonly lock: RowLock | null
  readonly distinct: boolean
}

/** @throws {InvalidRequestError} no transaction would hold the locks, or rows are left out that cannot be told from others */
export function assertLockable({ lock, distinct }: Locking, executor: Executor): void {
  if (lock === null) return
  if (distinct) throw new InvalidRequestError('forUpdate() locks rows, and distinct() makes one of several: use one or the other.')
  if (isInTransaction(executor)) return
  throw new InvalidRequestError(
    'forUpdate() locks rows until the end of a transaction, and none is open: read by using(tx), or inside of transaction() of the manager or the registry.',
  )
}

const waiting = { skipLocked: 'SkipLocked', noWait: 'NoWait' } as const

/** The end of a SELECT whose rows are locked, those of its parents' tables with them; it is left out in SQLite. */
export function lockingEnd(lock: RowLock | null, scope: StatementScope, { name }: Dialect): Pick<SelectQueryNode, 'endModifiers'> {
  if (lock === null) return {}
  const tables = [TableNode.create(scope.alias)]
  for (let at = scope; at.definition.parent !== null; ) {
    at = at.parent()
    tables.push(TableNode.create(at.alias))
  }
  // What was joined by an outer join cannot be locked in PostgreSQL; MariaDB does not know of the clause.
  const forUpdate = SelectModifierNode.create('ForUpdate', name === 'postgresql' ? tables : undefined)
  return { endModifiers: lock === 'wait' ? [forUpdate] : [forUpdate, SelectModifierNode.create(waiting[lock])] }
}
