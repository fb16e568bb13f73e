import { PoolTimeoutError } from '../errors.ts'
import { FifoQueue } from '../protocol/fifo-queue.ts'
import { RequestFlag, RequestKind } from '../protocol/frames.ts'
import { Backlog } from './backlog.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { Execution, Rerouter, Waiter } from './execution.ts'
import { type ImplicitStatements, retryAfterMs } from './implicit-connections.ts'
import type { PhysicalConnection } from './physical-connection.ts'
import { isStalled, StallWatch } from './stall-watch.ts'

/** A test that fakes timers does not mean this one: connections would never come back. */
const { setImmediate: afterThisTurn } = globalThis

/** A connection of the pool while it serves statements of the engine's own. */
class Line {
  /** It is given back at the end of this turn of the event loop, if nothing comes. */
  leaving = false
  /** It has been busy with something that nobody waits for: another one has taken its place, and the pool has it back when that is over. */
  givenUp = false
  readonly connection: PhysicalConnection
  readonly #backlog = new Backlog()
  readonly #forgetChange: () => void

  /** @param onChange called when something has been answered, given up or lost */
  constructor(connection: PhysicalConnection, onChange: () => void) {
    this.connection = connection
    connection.onAnswer = () => {
      this.#backlog.heard(connection.lease.channel.heardAt)
      onChange()
    }
    this.#forgetChange = connection.onChange(() => {
      if (connection.quarantined && !this.givenUp) {
        this.givenUp = true
        this.recall()
      }
      onChange()
    })
  }

  /** Its connection is somebody else's from now on. */
  end(): void {
    this.connection.onAnswer = null
    this.#forgetChange()
  }

  get pending(): number {
    return this.connection.pending
  }

  /** Nothing has happened to its connection that others should not find. */
  get usable(): boolean {
    const { lost, leftState } = this.connection
    return !this.givenUp && lost === null && !leftState
  }

  /** Whether a statement that is sent here now is likely to be answered soon: it does not stand behind one that takes long. */
  takesMore(now: number): boolean {
    return this.usable && this.#backlog.takesMore(this.pending, now)
  }

  /** Whether others stand behind a statement that takes long. */
  get stalled(): boolean {
    return this.usable && isStalled(this.connection, this.#backlog)
  }

  /** Asks for what has not begun; it comes back in its order. */
  recall(): void {
    this.#backlog.clear()
    const ids = this.connection.movable.map(({ id }) => id)
    if (ids.length > 0) this.connection.lease.channel.post({ kind: RequestKind.recall, ids })
  }

  submit(execution: Execution, now: number): void {
    const { connection } = this
    const quick = connection.lease.statements.isQuick(execution.statement.text) && !execution.leavesConnectionState
    this.#backlog.add(this.pending, quick, now)
    connection.submit(execution.route(RequestFlag.buffered, 'none'))
  }
}

/**
 * `engine.execute` on a server: its statements take connections of the pool as they need them, and give them back when nothing is left to
 * do or somebody else waits for one. What is left of a result's rows is in the worker's memory by then; one that is too large for that keeps
 * its connection until it has been read.
 */
export class PooledStatements implements ImplicitStatements, Rerouter, Waiter {
  readonly connections: readonly PhysicalConnection[] = []
  readonly #pool: ConnectionPool
  readonly #max: number
  readonly #waiting = new FifoQueue<Execution>()
  /** Those that have come back from a connection that is busy with another one: they go before those that have been nowhere. */
  readonly #returned = new FifoQueue<Execution>()
  readonly #lines = new Set<Line>()
  /** Set while it is known that the pool has no further one. */
  #again: NodeJS.Timeout | null = null
  readonly #stalls = new StallWatch(() => this.#clearStalled())
  #opening = 0
  /** Statements that have come. */
  #come = 0
  /** Connections on their way back to the pool. */
  #returning = 0
  /** Statements that have not been answered; what is left to a reader at leisure is his affair. */
  #unanswered = 0
  #drained: (() => void)[] = []

  /** @param max how many connections may be in use for this at the same time */
  constructor(pool: ConnectionPool, max: number) {
    this.#pool = pool
    this.#max = max
    pool.onShortage = () => this.#releaseResting(true)
  }

  get resting(): number {
    let resting = 0
    for (const { pending } of this.#lines) if (pending === 0) resting++
    return resting
  }

  get pending(): number {
    let pending = this.#unsent
    for (const line of this.#lines) pending += line.pending
    return pending
  }

  submit(execution: Execution): void {
    this.#unanswered++
    this.#come++
    execution.rerouter = this
    execution.whenArrived(this)
    this.#waiting.push(execution)
    this.#dispatch()
  }

  reroute(execution: Execution): void {
    this.#returned.push(execution)
    this.#dispatch()
  }

  /** Statements that are on no connection. */
  get #unsent(): number {
    return this.#waiting.size + this.#returned.size
  }

  #next(): Execution | undefined {
    return this.#returned.shift() ?? this.#waiting.shift()
  }

  /** Statements behind one that takes long go to a connection that has nothing to do. Until the pool has given one, they stay. */
  #clearStalled(): boolean {
    const busy = [...this.#lines].filter(({ pending }) => pending > 1)
    for (const line of busy) {
      if (!line.stalled) continue
      if (this.resting > 0) line.recall()
      else if (this.#free > 0 && this.#opening === 0) void this.#openLine(0)
    }
    return busy.length > 0
  }

  arrived(execution: Execution): void {
    if (execution.readAtLeisure) this.#settled()
    else execution.onSettled(() => this.#settled())
  }

  #settled(): void {
    if (--this.#unanswered > 0) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  #dispatch(): void {
    const now = performance.now()
    while (this.#unsent > 0) {
      const line = this.#freeLine(now)
      if (line?.pending !== 0) this.#openLines()
      if (line === undefined) return
      const execution = this.#next()
      // Its caller may have given up meanwhile.
      if (execution?.complete !== false) continue
      if (line.pending > 0) this.#stalls.begin()
      line.submit(execution, now)
    }
  }

  /** The one with the least to do. While others wait for a connection, none takes any more. */
  #freeLine(now: number): Line | undefined {
    let best: Line | undefined
    if (this.#pool.waiting > this.#opening) return best
    for (const line of this.#lines) if (line.takesMore(now) && (best === undefined || line.pending < best.pending)) best = line
    return best
  }

  /** Connections that the pool may still give. */
  get #free(): number {
    if (this.#again !== null && this.#served) return 0
    let free = this.#max - this.#returning - this.#opening
    for (const { givenUp } of this.#lines) if (!givenUp) free--
    return free
  }

  /** How many of them have been given to a connection that has not given them back. */
  get #taken(): number {
    return this.#come - this.#unsent
  }

  /** As many as there are statements for, if the pool has them. */
  #openLines(): void {
    for (let free = this.#free; free > 0 && this.#opening < this.#unsent; free--) void this.#openLine(this.#come)
  }

  /** @param wantedBy how many had come that may fail with it, as far as they still wait; none where it is for what another one has */
  async #openLine(wantedBy: number): Promise<void> {
    const taken = this.#taken
    this.#opening++
    let connection: PhysicalConnection
    try {
      connection = await this.#pool.acquire({})
    } catch (error) {
      this.#opening--
      if (error instanceof PoolTimeoutError) {
        // Where some have gone on meanwhile, the others wait for their turn.
        if (this.#taken <= taken) this.#fail(wantedBy, error)
      } else if (this.#served) this.#again ??= setTimeout(() => this.#tryAgain(), retryAfterMs).unref()
      else this.#fail(wantedBy, error as Error)
      this.#dispatch()
      return
    }
    this.#opening--
    const line = new Line(connection, () => this.#changed(line))
    this.#lines.add(line)
    this.#dispatch()
    this.#clearStalled()
    this.#releaseSoon(line)
  }

  /** Of the first so many that have come, those that still wait. */
  #fail(count: number, error: Error): void {
    for (let left = count - this.#taken; left > 0; left--) this.#next()?.fail(error)
  }

  #tryAgain(): void {
    this.#again = null
    this.#dispatch()
  }

  /** There is a connection for the engine's statements, or one is opening. */
  get #served(): boolean {
    if (this.#opening > 0) return true
    for (const { usable } of this.#lines) if (usable) return true
    return false
  }

  #changed(line: Line): void {
    this.#dispatch()
    this.#releaseSoon(line)
    if (!this.#mayRest()) this.#releaseResting(false)
  }

  /** Not at once: whoever has just been answered may ask again in this turn of the event loop. */
  #releaseSoon(line: Line): void {
    if (line.pending > 0) return
    if (this.#pool.waiting > this.#opening || !line.usable) this.#release(line)
    else if (!line.leaving) {
      line.leaving = true
      afterThisTurn(() => {
        line.leaving = false
        if (line.pending === 0 && !this.#mayRest()) this.#release(line)
      })
    }
  }

  /**
   * A line with nothing to do stays while another one has more than one statement. All that was asked at once went to the first line that was
   * there: the others get what is asked behind its answers, which come one by one, each in a turn of its own.
   */
  #mayRest(): boolean {
    if (this.#pool.waiting > this.#opening) return false
    for (const { pending } of this.#lines) if (pending > 1) return true
    return false
  }

  /** @param atOnce somebody else wants a connection now: also those that have the rest of this turn */
  #releaseResting(atOnce: boolean): void {
    for (const line of this.#lines) if (line.pending === 0 && (atOnce || !line.leaving)) this.#release(line)
  }

  #release(line: Line): void {
    if (!this.#lines.delete(line)) return
    line.end()
    this.#returning++
    void this.#pool.release(line.connection, false).finally(() => {
      this.#returning--
      this.#dispatch()
    })
  }

  /** The pool closes what has been idle for too long. */
  sweep(): void {}

  /** Lets what has been accepted finish. */
  async drain(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>((resolve) => this.#drained.push(resolve))
  }
}
