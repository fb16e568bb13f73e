import { CommitOutcomeUnknownError, InvalidRequestError, TransactionAbortedError } from '../errors.ts'
import type { ExecuteOptions } from '../sql/executor.ts'
import type { Parameters } from '../sql/statement.ts'
import type { Execution } from './execution.ts'
import type { Lifeline } from './lifeline.ts'
import { lostConnectionError } from './lost-connection.ts'
import type { OpenTransaction, PhysicalConnection } from './physical-connection.ts'
import { RollbackLog } from './rollback-log.ts'
import type { TransactionOutcome } from './tracing.ts'
import type { TurnQueue } from './turn-queue.ts'
import { unseenError } from './unseen-failures.ts'

/**
 * `inactive`: rolled back by something inside it, and waiting for its own rollback(). `aborted`: the same, by the database's own decision.
 * `ending`: its COMMIT or ROLLBACK is on the way.
 */
type TransactionState = 'active' | 'ending' | 'inactive' | 'aborted' | 'lost' | 'ended'

/** `statement`: the savepoint of a statement that is to fail alone, in which nothing else is. */
export type TransactionKind = 'root' | 'emulated' | 'savepoint' | 'statement'

/** A statement, and the transaction through whose own methods it comes; null when it comes through the connection. */
export interface StatementCall {
  readonly params: Parameters | undefined
  readonly options: ExecuteOptions | undefined
  readonly via: Transaction | null
  /** Of the handle that it was called on. */
  readonly lifeline: Lifeline | undefined
  /** It fails without the transaction that is open. */
  readonly alone?: boolean
  /** Its rows are read as a stream. */
  readonly streams?: boolean
}

/** The session, as its transactions use it. */
export interface TransactionHost {
  readonly physical: PhysicalConnection
  /** The error of a statement that failed and that nobody has looked at. */
  unseenFailure(): Promise<Error | null>
  transactionEnded(transaction: Transaction): void
  /** Who may speak on the connection. */
  readonly turns: TurnQueue
  /** Nobody is to have the connection after its borrower. */
  discard(): void
}

let lastSavepoint = 0

export class Transaction implements OpenTransaction {
  readonly kind: TransactionKind
  readonly parent: Transaction | null
  /** Of a savepoint: made up here, never a user's text. */
  readonly savepoint = `offloop_${++lastSavepoint}`
  readonly #session: TransactionHost
  #state: TransactionState = 'active'
  /** The work of ending it, while that is on the way. */
  #ending: Promise<void> | null = null
  /** Lets those go on who have called behind the end of this savepoint. */
  #letGo: (() => void) | null = null
  #lostBy: Error | null = null
  #cutOff = false
  #rollbackLog: RollbackLog | null = null
  /** As it is known when the transaction has ended. */
  outcome: TransactionOutcome = 'rolled back'

  constructor(session: TransactionHost, kind: TransactionKind, parent: Transaction | null) {
    this.#session = session
    this.kind = kind
    this.parent = parent
  }

  get isActive(): boolean {
    return this.#state === 'active' && (this.parent === null || this.parent.isActive)
  }

  get isNested(): boolean {
    return this.parent !== null
  }

  /** It is the other one, or a savepoint in it. */
  isInside(other: Transaction): boolean {
    return this === other || this.parent?.isInside(other) === true
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** It was neither committed nor rolled back by its own methods: what it stood in has ended. */
  get cutOff(): boolean {
    return this.#cutOff
  }

  get ending(): boolean {
    return this.#state === 'ending'
  }

  /** Waits for a COMMIT or ROLLBACK that is on its way. How that fails is for whoever called it. */
  async settled(): Promise<void> {
    await this.#ending?.catch(() => {})
  }

  async commit(): Promise<void> {
    const refusal = this.refusal()
    if (refusal !== null) throw refusal
    if (this.#session.turns.mustWait(this)) await this.#waitToEnd()
    else if (this.kind === 'emulated') this.#end()
    if (this.kind === 'emulated') return
    await this.#endBy(() => (this.kind === 'root' ? this.#commitRoot() : this.#releaseSavepoint()))
  }

  /** An executeMany or a nested transaction(fn) that was called before is still at work in here. */
  async #waitToEnd(): Promise<void> {
    let refusal: Error | null = null
    await this.#session.turns.wait(this, {}, () => {
      refusal = this.refusal()
      // What was called behind this commit() is none of the transaction's from this moment on.
      if (refusal !== null) return
      if (this.kind === 'emulated') this.#end()
      else this.#startEnding()
    })
    if (refusal !== null) throw refusal
  }

  #startEnding(): void {
    this.#state = 'ending'
    if (this.kind === 'savepoint') this.#letGo ??= this.#session.turns.holdForEnd(this)
  }

  async #endBy(work: () => Promise<void>): Promise<void> {
    this.#startEnding()
    if (this.kind === 'root') this.#session.turns.endInside()
    this.#ending = work()
    try {
      await this.#ending
    } finally {
      this.#ending = null
      // A savepoint that could not be ended is still there.
      if (this.#state === 'ending') this.#state = 'active'
      this.#letGo?.()
      this.#letGo = null
    }
  }

  /** Sends the SAVEPOINT that this is. */
  async setSavepoint(): Promise<void> {
    try {
      await this.#session.physical.run(`savepoint ${this.savepoint}`)
    } catch (error) {
      this.breakOff()
      throw error
    }
  }

  /** Runs the statement that this is the savepoint of. Undone is one that fails at once, and one that fails at a later row. */
  async runStatement(execution: Execution, submit: () => void): Promise<void> {
    // Together: where there can be no savepoint, the statement fails for the same reason.
    const begun = this.setSavepoint().catch(() => {})
    submit()
    await begun
    await execution.arrived()
    if (!execution.failed && (await this.#keepStatement())) return
    await this.rollback().catch(() => this.#session.discard())
  }

  async #keepStatement(): Promise<boolean> {
    try {
      await this.commit()
      return true
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) return false
      // It has more rows than can be kept, and goes on: its savepoint stays below what comes behind, and is in nobody's way.
      if (!this.ended) this.breakOff()
      return true
    }
  }

  async #releaseSavepoint(): Promise<void> {
    await this.#session.physical.run(`release savepoint ${this.savepoint}`)
    this.outcome = 'committed'
    this.#end()
  }

  async #commitRoot(): Promise<void> {
    const session = this.#session
    const unseen = await session.unseenFailure()
    if (unseen !== null) {
      await this.#rollBackRoot()
      throw unseenError(unseen)
    }
    const commit = session.physical.control('commit')
    session.physical.submit(commit)
    try {
      await commit.answer()
      this.outcome = 'committed'
      this.#end()
    } catch (error) {
      throw await this.#afterFailedCommit(error, commit.started)
    }
  }

  async #afterFailedCommit(error: unknown, sent: boolean): Promise<unknown> {
    const { physical } = this.#session
    if (physical.lost !== null) {
      if (sent) this.outcome = 'unknown'
      this.#end()
      if (!sent) return error
      const message = 'The connection was lost while it was committing: whether the transaction is stored is for the database to say.'
      return new CommitOutcomeUnknownError(message, { cause: error })
    }
    if (error instanceof TransactionAbortedError) {
      this.#state = 'aborted'
      // Still to be rolled back; but whoever waited behind this commit need not wait any more.
      this.#session.turns.resume()
      return error
    }
    // SQLite may refuse a COMMIT and leave the transaction open (a lock, a deferred constraint): it does not stay half ended.
    if (physical.inTransaction) await this.#rollBackRoot()
    this.#end()
    return error
  }

  async rollback(): Promise<void> {
    // Behind a commit() it comes too late, unless that fails.
    if (this.#ending !== null) await this.settled()
    if (this.#state === 'ended') return
    if (this.parent?.ended === true || this.#state === 'inactive' || this.#state === 'aborted' || this.#state === 'lost') {
      this.#end()
      return
    }
    if (this.kind === 'emulated') await this.#doom()
    else await this.#endBy(() => (this.kind === 'root' ? this.#rollBackRoot() : this.#rollBackToSavepoint()))
  }

  async #rollBackRoot(): Promise<void> {
    const { physical } = this.#session
    try {
      await physical.rollBack('rollback')
    } catch (error) {
      // Nothing left to roll back is what was wanted. Anything else, and nobody knows the connection's state: it goes.
      if (!(error instanceof TransactionAbortedError) && physical.lost === null) this.#session.discard()
    }
    this.#end()
  }

  async #rollBackToSavepoint(): Promise<void> {
    if (this.#session.physical.lost === null && this.parent?.isActive === true) {
      // Together: a rollback of all that comes behind would leave the second nothing to release.
      const { physical } = this.#session
      await Promise.all([physical.rollBack(`rollback to savepoint ${this.savepoint}`), physical.run(`release savepoint ${this.savepoint}`)])
    }
    this.#end()
  }

  /** The rollback of an emulated transaction: what is around it is undone, and can only be ended. */
  async #doom(): Promise<void> {
    let target = this.parent
    while (target !== null && target.kind === 'emulated') target = target.parent
    if (target?.isActive === true) {
      for (let scope = this.parent; scope !== null && scope !== target; scope = scope.parent) scope.#state = 'inactive'
      target.#state = 'inactive'
      const { physical } = this.#session
      if (target.kind === 'root') await physical.rollBack('rollback')
      else await physical.rollBack(`rollback to savepoint ${target.savepoint}`)
    }
    this.#end()
  }

  async close(): Promise<void> {
    if (this.kind === 'emulated') this.#end()
    else await this.rollback()
  }

  /** Why nothing can be done in this transaction, or null. */
  refusal(): Error | null {
    switch (this.#state) {
      case 'active':
        return this.parent?.refusal() ?? null
      case 'aborted':
        return new TransactionAbortedError(
          'The database has ended this transaction: rolled back by itself, or committed by a script or by DDL of MySQL. Call rollback().',
        )
      case 'lost':
        return lostConnectionError('this transaction, which was rolled back,', this.#lostBy as Error)
      default:
        return new InvalidRequestError('This transaction is inactive')
    }
  }

  abortedByDatabase(): void {
    if (this.#state === 'active') this.#state = 'aborted'
  }

  lost(error: Error): void {
    this.#lostBy = error
    if (this.#state === 'active') this.#state = 'lost'
  }

  /** Ends it without a word to the database, which has done so already. */
  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#session.transactionEnded(this)
    this.#settleObjects()
  }

  /** Whether what was done in it is for the transaction around it to store or to undo. An emulated one has no rollback of its own. */
  get #isPartOfParent(): boolean {
    return this.parent !== null && (this.kind === 'emulated' || this.#cutOff || this.outcome === 'committed')
  }

  /** An object was changed with a row: `undo` makes it what it was when that is rolled back, at once where it has been. */
  onRollback(object: object, undo: () => void): void {
    if (this.#state !== 'ended') {
      this.#rollbackLog ??= new RollbackLog()
      this.#rollbackLog.add(object, undo)
    } else if (this.#isPartOfParent) this.parent?.onRollback(object, undo)
    else if (this.outcome === 'rolled back') undo()
  }

  /** It has ended, and before it what was in it: what that means for the objects that were changed. */
  #settleObjects(): void {
    const log = this.#rollbackLog
    if (log === null) return
    this.#rollbackLog = null
    if (this.#isPartOfParent && this.parent !== null) this.parent.#takeOver(log)
    else if (this.outcome === 'rolled back') log.undo()
  }

  #takeOver(log: RollbackLog): void {
    if (this.#rollbackLog === null) this.#rollbackLog = log
    else this.#rollbackLog.takeOver(log)
  }

  /** Its parent has ended: so has this. */
  endWithParent(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#cutOff = true
    this.#settleObjects()
  }

  /** Its connection has ended, or it could not be begun. */
  breakOff(): void {
    this.#state = 'ended'
    this.#cutOff = true
    this.#session.transactionEnded(this)
    this.#settleObjects()
  }
}
