import { InvalidRequestError, ResourceClosedError } from '../errors.ts'
import { RequestKind } from '../protocol/frames.ts'
import { beginStatements, readonlyStatement } from '../sql/begin.ts'
import type { BeginOptions } from '../sql/executor.ts'
import { type WaitOptions, watchDeadline } from './deadline.ts'
import { type RequestSettings, SingleRequest } from './operation.ts'
import type { PhysicalConnection } from './physical-connection.ts'
import type { EngineServices } from './services.ts'

/** Sends BEGIN, and on a connection that can write has the database itself refuse that to a read-only transaction. */
export class RootBegin {
  readonly #physical: PhysicalConnection
  readonly #services: EngineServices
  readonly #isHeld: () => boolean
  /** The open transaction has made a connection read-only that is not so by itself. */
  #madeReadonly = false

  /** @param isHeld says whether the connection has not been given back: it may be somebody else's behind each wait */
  constructor(physical: PhysicalConnection, services: EngineServices, isHeld: () => boolean) {
    this.#physical = physical
    this.#services = services
    this.#isHeld = isHeld
  }

  async send(options: BeginOptions & WaitOptions): Promise<void> {
    const physical = this.#physical
    const { dialect, memory } = this.#services
    const readonly = options.readonly === true || physical.readonly
    const writes = !readonly && (options.mode !== 'deferred' || memory)
    const statements = [...beginStatements(dialect, { ...options, readonly })]
    const last = statements.pop() as string
    const setsLevel = statements.length > 0
    // The reset of the connection takes it back for the next user.
    const readonlyRequest = readonly && !physical.readonly ? this.#readonlyRequest(true) : null
    const before = statements.map((sql) => physical.control(sql, 'none', 0))
    if (readonlyRequest !== null) before.unshift(readonlyRequest)
    const begin = physical.control(last, writes ? 'exclusive' : memory ? 'shared' : 'none', 0)
    let givenUp = false
    const giveUp = (error: Error): void => {
      // Too late: it has begun, and whoever called it is about to hear so.
      if (begin.complete || givenUp) return
      givenUp = true
      this.#giveUp(error, { before, begin, last, setsLevel })
    }
    const stop = watchDeadline(options, giveUp)
    const begun = begin.answer()
    const prepared = Promise.all(before.map((request) => request.answer()))
    try {
      // All of them at once: what is called behind this call comes behind the BEGIN as well.
      for (const request of before) physical.submit(request)
      // Inside a transaction of the user's own a level is refused, and the BEGIN would commit that.
      if (setsLevel && physical.inTransaction) await this.#ifHeld(Promise.race([prepared, begun]))
      physical.submit(begin)
      // V8 tells ten steps of a stack: the one to the caller is to be among them.
      await this.#ifHeld(before.length === 0 ? begun : Promise.all([prepared, begun]))
    } catch (error) {
      if (begin.complete) await this.#rollBackIf(begun)
      else giveUp(error as Error)
      // Nothing is waited for: it comes before whatever is called now.
      this.ended().catch(noop)
      throw error
    } finally {
      stop()
    }
  }

  /** Its caller hears of it at once, whatever the connection is still at. */
  #giveUp(error: Error, { before, begin, last, setsLevel }: Beginning): void {
    const physical = this.#physical
    const { started } = begin
    // What was called behind it would be acknowledged, and then rolled back with it; or run outside of a transaction, if the BEGIN has not
    // been sent. Before the BEGIN itself: a worker that finds only that given up would run the rest.
    const refusal = (): Error => new InvalidRequestError('The begin() before this call was given up, and this with it.', { cause: error })
    physical.abortBehind(begin, refusal)
    begin.abort(error)
    for (const request of before) if (!request.started) request.abort(error)
    if (!started) return
    // It may have begun all the same: whatever comes next on this connection must not find itself inside.
    physical.rollBack('rollback').catch(noop)
    if (!setsLevel) return
    // It may not have begun: the level is that of the next transaction, which is not to be somebody else's.
    physical.runAlone(last).catch(noop)
    physical.rollBack('rollback').catch(noop)
  }

  /** Where it has begun though what goes before it has failed. */
  async #rollBackIf(begun: Promise<unknown>): Promise<void> {
    const isOpen = await begun.then(
      () => true,
      () => false,
    )
    if (isOpen && this.#isHeld()) this.#physical.rollBack('rollback').catch(noop)
  }

  /** The transaction has ended, or has not begun: the connection can write again. */
  async ended(): Promise<void> {
    if (!this.#madeReadonly || !this.#isHeld()) return
    const request = this.#readonlyRequest(false)
    if (request === null) return
    this.#physical.submit(request)
    await request.answer()
  }

  /** @throws {ResourceClosedError} the connection has been closed meanwhile */
  async #ifHeld(work: Promise<unknown>): Promise<void> {
    await work
    if (!this.#isHeld()) throw new ResourceClosedError('This Connection is closed.')
  }

  #readonlyRequest(on: boolean): SingleRequest | null {
    const sql = readonlyStatement(this.#services.dialect, on)
    if (sql === null) return null
    const post: RequestSettings['post'] = ({ channel }, id) => {
      this.#madeReadonly = on
      channel.post({ kind: RequestKind.script, id, flags: 0, sql })
    }
    return new SingleRequest({ access: 'none', leavesConnectionState: true, post })
  }
}

/** The requests of one BEGIN. */
interface Beginning {
  /** What goes before it. */
  readonly before: readonly SingleRequest[]
  readonly begin: SingleRequest
  /** Its text. */
  readonly last: string
  /** What goes before it sets the isolation level of the next transaction. */
  readonly setsLevel: boolean
}

function noop(): void {}
