import { InvalidRequestError, ResourceClosedError } from '../errors.ts'
import { RequestKind } from '../protocol/frames.ts'
import { beginStatements, readonlyStatement } from '../sql/begin.ts'
import type { BeginOptions } from '../sql/executor.ts'
import { watchDeadline } from './deadline.ts'
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

  async send(options: BeginOptions): Promise<void> {
    const physical = this.#physical
    const { dialect, memory } = this.#services
    const readonly = options.readonly === true || physical.readonly
    const writes = !readonly && (options.mode !== 'deferred' || memory)
    // The reset of the connection takes it back for the next user.
    if (readonly && !physical.readonly) await this.#ifHeld(this.#setReadonly(true))
    const statements = [...beginStatements(dialect, { ...options, readonly })]
    const last = statements.pop() as string
    for (const sql of statements) await this.#ifHeld(physical.runAlone(sql))
    const begin = physical.control(last, writes ? 'exclusive' : memory ? 'shared' : 'none', 0)
    const stop = watchDeadline(options, (error) => {
      // Too late: it has begun, and whoever called it is about to hear so.
      if (begin.complete) return
      // What was called behind it would be acknowledged, and then rolled back with it. Before the BEGIN itself: a worker that finds only
      // that given up would run the rest outside of it.
      const refusal = (): Error => new InvalidRequestError('The begin() before this call was given up, and this with it.', { cause: error })
      if (begin.started) physical.abortBehind(begin, refusal)
      begin.abort(error)
      if (!begin.started) return
      // It may have begun all the same: whatever comes next on this connection must not find itself inside.
      physical.rollBack('rollback').catch(() => {})
    })
    physical.submit(begin)
    try {
      await this.#ifHeld(begin.answer())
    } catch (error) {
      await this.ended()
      throw error
    } finally {
      stop()
    }
  }

  /** The transaction has ended, or has not begun: the connection can write again. */
  async ended(): Promise<void> {
    if (this.#madeReadonly && this.#isHeld()) await this.#setReadonly(false)
  }

  /** @throws {ResourceClosedError} the connection has been closed meanwhile */
  async #ifHeld(work: Promise<unknown>): Promise<void> {
    await work
    if (!this.#isHeld()) throw new ResourceClosedError('This Connection is closed.')
  }

  async #setReadonly(on: boolean): Promise<void> {
    const sql = readonlyStatement(this.#services.dialect, on)
    if (sql === null) return
    const post: RequestSettings['post'] = ({ channel }, id) => channel.post({ kind: RequestKind.script, id, flags: 0, sql })
    this.#madeReadonly = on
    const request = new SingleRequest({ access: 'none', leavesConnectionState: true, post })
    this.#physical.submit(request)
    await request.answer()
  }
}
