import type { Reply } from '../protocol/frames.ts'
import { ReplyFlag, ReplyKind } from '../protocol/frames.ts'
import type { WireValue } from '../protocol/values.ts'
import { withCallersStack } from '../transport/callers-stack.ts'
import { errorFromWire } from '../transport/error-from-wire.ts'
import type { Lease } from '../transport/lease.ts'
import type { ReplyHandler } from '../transport/statement-channel.ts'
import type { AccessMode } from './access-gate.ts'

/** Something a connection does for its user: it stands in the connection's queue, starts, and ends exactly once. */
export interface Operation extends ReplyHandler {
  /** What it needs of the database file before it may start outside a transaction. */
  readonly access: AccessMode | 'none'
  /** It may leave something on the connection that the next borrower must not find. */
  readonly leavesConnectionState: boolean
  /** It has ended, perhaps before it could start: its caller gave up in the queue. */
  readonly complete: boolean
  /** It failed because the database file is no longer at its path: nothing that is written on its connection can be kept. */
  readonly provesFileGone: boolean
  /** The connection on which it has been started and has not ended; for that connection to set. */
  runsOn: OperationOwner | null
  /** Gives up at once with this error. */
  abort(error: Error): void
  /** It stands in the connection's queue. */
  queued(owner: OperationOwner): void
  /** Sends itself. */
  start(lease: Lease, owner: OperationOwner): void
}

/** True for the error of a write that went into a file which is no longer at the database's path. */
export function isFileGone(error: object): boolean {
  return 'driverCode' in error && error.driverCode === 'SQLITE_READONLY_DBMOVED'
}

/** The connection, as its operations see it. */
export interface OperationOwner {
  /** The worker is done with it. `inTransaction` is the database's word on the connection, or null where nobody knows. */
  operationEnded(operation: Operation, inTransaction: boolean | null): void
  /** It no longer stands on the database: what is left of it is in the worker's memory. */
  operationDetached(operation: Operation): void
  /** It has given its first rows, and stands on the database until somebody has read the others. */
  operationOpened(operation: Operation): void
  /** Its caller has given up before it could start. */
  operationWithdrawn(operation: Operation): void
  /** It has been sent elsewhere: what the worker still says of it is nothing to the connection. */
  operationLeft(operation: Operation): void
  /** Its caller has given up; the worker has not. */
  operationAbandoned(operation: Operation): void
}

export interface RequestSettings {
  readonly access: AccessMode | 'none'
  readonly leavesConnectionState: boolean
  /** Sends the request under this id. */
  readonly post: (lease: Lease, id: number) => void
  readonly sql?: string | undefined
  /** Kept out of its errors. */
  readonly values?: readonly WireValue[] | undefined
  /** Told of replies that are not the last. */
  readonly onPartial?: ((value: unknown) => void) | undefined
  /** It stops soon after it was told to, and has something to tidy up: whoever gives it up hears of it when that is done. */
  readonly abortsInOrder?: boolean | undefined
}

/** An operation with one reply, for which a promise waits: BEGIN and COMMIT, a script, a call, a backup. */
export class SingleRequest implements Operation {
  access: AccessMode | 'none'
  readonly leavesConnectionState: boolean
  readonly #settings: RequestSettings
  readonly #reply = Promise.withResolvers<Reply>()
  #owner: OperationOwner | null = null
  #lease: Lease | null = null
  #id = 0
  #abortedBy: Error | null = null
  complete = false
  provesFileGone = false
  runsOn: OperationOwner | null = null

  constructor(settings: RequestSettings) {
    this.access = settings.access
    this.leavesConnectionState = settings.leavesConnectionState
    this.#settings = settings
    // The promise has one reader, `answer`, who may come later than a failure.
    this.#reply.promise.catch(() => {})
  }

  get started(): boolean {
    return this.#lease !== null
  }

  /** Says, before it is submitted, that it belongs to the open transaction, which holds all that it needs. */
  insideTransaction(): this {
    this.access = 'none'
    return this
  }

  queued(owner: OperationOwner): void {
    this.#owner = owner
  }

  start(lease: Lease, owner: OperationOwner): void {
    this.#owner = owner
    this.#lease = lease
    this.#id = lease.channel.open(this)
    this.#settings.post(lease, this.#id)
  }

  /** The reply, or the worker's error built in the caller's own async stack. */
  async answer(): Promise<Reply> {
    let reply: Reply
    try {
      reply = await this.#reply.promise
    } catch (error) {
      throw withCallersStack(error)
    }
    if (reply.kind === ReplyKind.error) throw errorFromWire(reply.error, this.#settings)
    return reply
  }

  partial(reply: Reply): void {
    if (reply.kind !== ReplyKind.value || this.complete) return
    try {
      this.#settings.onPartial?.(reply.value)
    } catch (error) {
      // The caller's own function: what it throws is what the call rejects with, and the work stops.
      this.abort(error as Error)
    }
  }

  settle(reply: Reply): void {
    this.complete = true
    this.provesFileGone = reply.kind === ReplyKind.error && isFileGone(reply.error)
    if (this.#abortedBy === null) this.#reply.resolve(reply)
    else this.#reply.reject(this.#abortedBy)
    this.#owner?.operationEnded(this, (reply.flags & ReplyFlag.inTransaction) !== 0)
  }

  fail(error: Error): void {
    this.complete = true
    this.#reply.reject(error)
    this.#owner?.operationEnded(this, null)
  }

  /** Gives up at once; what runs already stops where it can. */
  abort(error: Error): void {
    if (this.complete) return
    if (this.#lease !== null && this.#settings.abortsInOrder === true) {
      this.#abortedBy ??= error
      this.#lease.channel.cancel(this.#id)
      return
    }
    this.#reply.reject(error)
    if (this.#lease === null) {
      this.complete = true
      this.#owner?.operationWithdrawn(this)
      return
    }
    this.#lease.channel.cancel(this.#id)
    this.#lease.channel.setDormant(this.#id, true)
    this.#owner?.operationAbandoned(this)
  }
}
