import { ResourceClosedError } from '../errors.ts'
import { FifoQueue } from '../protocol/fifo-queue.ts'
import { RequestFlag } from '../protocol/frames.ts'
import type { AccessMode } from './access-gate.ts'
import { Backlog, heavyAfterMs } from './backlog.ts'
import type { Database } from './database.ts'
import type { Execution, RerouteReason, Rerouter } from './execution.ts'
import type { Logger } from './options.ts'
import type { PhysicalConnection } from './physical-connection.ts'
import { ReaderLimit } from './reader-limit.ts'
import { isStalled, StallWatch } from './stall-watch.ts'
import { accessOf, mayRead } from './statement-kinds.ts'

/** Whoever fills a slot. */
interface SlotOwner {
  /** It may have become able to take more. */
  hasRoom(): void
  /** Its connection could not be opened: what was to run there is to run elsewhere, or to fail with this. */
  refused(execution: Execution, error: Error): void
}

/** A connection that could not be opened is not tried again before, as long as others do its work. */
export const retryAfterMs = 1_000

/** A connection of the engine's own, opened when it is first needed and again after it was lost. */
class Slot {
  readonly #database: Database
  readonly #readonly: boolean
  /** All that it is given are reads. */
  readonly #reads: boolean
  readonly #owner: SlotOwner
  #connection: PhysicalConnection | null = null
  /** Connections that are given up and whose threads have not come back. */
  readonly #stuck = new Set<PhysicalConnection>()
  #opening: Promise<PhysicalConnection> | null = null
  /** Statements that wait for the connection to open. */
  #waiting = 0
  #usedAt = performance.now()
  #refusedAt = Number.NEGATIVE_INFINITY
  readonly #backlog = new Backlog()

  constructor(database: Database, readonly: boolean, owner: SlotOwner) {
    this.#database = database
    // Of a database that nobody writes to, the one for writes does not either: it is put back to that behind a pragma.
    this.#readonly = readonly || database.readonly
    this.#reads = readonly
    this.#owner = owner
  }

  get connections(): readonly PhysicalConnection[] {
    return this.#connection === null ? [...this.#stuck] : [this.#connection, ...this.#stuck]
  }

  get opened(): boolean {
    return this.#connection !== null || this.#opening !== null
  }

  get lives(): boolean {
    return this.#connection !== null
  }

  /** Its connection has just been refused. */
  wasRefused(now: number): boolean {
    return now - this.#refusedAt < retryAfterMs
  }

  /** There is no other one to do its work. */
  forgetRefusal(): void {
    this.#refusedAt = Number.NEGATIVE_INFINITY
  }

  get pending(): number {
    return this.#waiting + (this.#connection?.pending ?? 0)
  }

  /** What it has said while this thread was at something else counts. */
  listen(now: number): void {
    if (this.#backlog.isSilent(now) && this.#connection?.lease.channel.hasUnread === true) this.#backlog.heard(now)
  }

  /** Whether a statement that is sent here now is likely to be answered soon: it does not stand behind one of `pending` that takes long. */
  takesMore(pending: number, now: number): boolean {
    return this.#backlog.takesMore(pending, now)
  }

  /** Whether it is at work, and with nothing that takes long. */
  isBrisk(pending: number, now: number): boolean {
    return this.#backlog.isBrisk(pending, now)
  }

  /** Whether others stand behind a statement that takes long. */
  get stalled(): boolean {
    return this.#connection !== null && isStalled(this.#connection, this.#backlog)
  }

  /** Sends elsewhere what stands behind it. */
  clear(): void {
    this.#backlog.clear()
    if (this.#connection !== null) this.#clear(this.#connection)
  }

  /** The first one last: each goes before those that wait. A write is never sent twice. */
  #clear({ movable }: PhysicalConnection): void {
    if (this.#reads) for (const execution of movable.reverse()) execution.moveOn()
  }

  /** Whether the statement has run here, and quickly. */
  isQuick({ statement }: Execution): boolean {
    return this.#connection?.lease.statements.isQuick(statement.text) === true
  }

  submit(execution: Execution, now = performance.now()): void {
    this.#usedAt = now
    this.#backlog.add(this.pending, this.isQuick(execution), now)
    if (this.#connection !== null) {
      this.#run(this.#connection, execution)
      return
    }
    this.#waiting++
    this.#open().then(
      (opened) => {
        this.#waiting--
        this.#run(opened, execution)
        // One whose caller gave up meanwhile has no answer: nothing else says that there is room.
        if (execution.complete) this.#owner.hasRoom()
      },
      (error: Error) => {
        this.#waiting--
        this.#owner.refused(execution, error)
        this.#owner.hasRoom()
      },
    )
  }

  #run(connection: PhysicalConnection, execution: Execution): void {
    connection.submit(execution)
    if (!execution.leavesConnectionState) return
    // Right behind it in the queue: what it leaves on the connection is gone before anybody's next statement.
    connection.reset(this.#readonly).catch(() => connection.lease.terminate())
  }

  /** Opens its connection for what is to come. */
  prepare(): void {
    if (!this.wasRefused(performance.now())) this.#open().catch(() => {})
  }

  #open(): Promise<PhysicalConnection> {
    this.#opening ??= this.#database.open(this.#readonly).then(
      (connection) => {
        this.#opening = null
        const kept = this.#connection
        this.#take(connection)
        void kept?.unused().then(() => kept.close())
        this.#owner.hasRoom()
        return connection
      },
      (error: unknown) => {
        this.#opening = null
        this.#refusedAt = performance.now()
        throw error
      },
    )
    return this.#opening
  }

  #take(connection: PhysicalConnection): void {
    this.#connection = connection
    this.#backlog.heard(performance.now())
    connection.onAnswer = () => {
      this.#backlog.heard(connection.lease.channel.heardAt)
      this.#owner.hasRoom()
    }
    // Lost or stuck: the next statement opens another one, and this one is closed when its thread comes back.
    const forget = connection.onChange(() => {
      forget()
      connection.onAnswer = null
      if (this.#connection === connection) this.#connection = null
      if (connection.quarantined) {
        this.#stuck.add(connection)
        this.#clear(connection)
      }
      void connection.unused().then(() => this.#takeBackOrClose(connection))
      this.#owner.hasRoom()
    })
  }

  #takeBackOrClose(connection: PhysicalConnection): void {
    this.#stuck.delete(connection)
    // A memory database ends with its last connection.
    if (connection.lost === null && this.#connection === null && this.#database.keptBy(connection)) this.#take(connection)
    else void connection.close()
  }

  /** Closes the connection if nothing has used it since `before`. */
  sweep(before: number): void {
    if (this.#usedAt > before || this.pending > 0 || this.#connection?.holdsRows === true) return
    const connection = this.#connection
    this.#connection = null
    void connection?.close()
  }

  /** Lets what has been accepted finish; a result that nobody reads on keeps nobody waiting. */
  async drain(): Promise<void> {
    while (this.#waiting > 0) await this.#opening?.catch(() => {})
    await this.#connection?.idle()
  }
}

interface RefusedRead {
  readonly execution: Execution
  readonly error: Error
}

/** What runs the statements of `engine.execute`. */
export interface ImplicitStatements {
  /** Connections that are nobody else's. */
  readonly connections: readonly PhysicalConnection[]
  /** Connections of the pool that it has with nothing to do, for the rest of this turn of the event loop. */
  readonly resting: number
  /** Statements that wait or run. */
  readonly pending: number
  submit(execution: Execution): void
  /** Closes connections that nothing has used since `before`. */
  sweep(before: number): void
  /** Lets what has been accepted finish. */
  drain(): Promise<void>
}

/**
 * The connections behind `engine.execute` on a database of one file: one that writes, and read-only ones that share the reads. They never keep
 * a cursor open, so a read always sees what was committed before it began.
 */
export class ImplicitConnections implements ImplicitStatements, Rerouter {
  readonly resting = 0
  readonly #memory: boolean
  readonly #writer: Slot
  readonly #readers: readonly Slot[]
  /** Reads that no reader has room for: whichever answers first takes the next, so that none of them waits behind a slow one. */
  readonly #waitingReads = new FifoQueue<Execution>()
  #dispatching = false
  /** Set while reads wait for a reader that is at work: it may turn out to take long. */
  #lookAgain: NodeJS.Timeout | null = null
  readonly #stalls = new StallWatch(() => this.#clearStalled())
  readonly #limit = new ReaderLimit()
  readonly #logger: Logger
  readonly #runAlone: (execution: Execution) => void
  /** Reads whose reader could not be opened, with the reason: another one may serve them. */
  readonly #refusedReads: RefusedRead[] = []
  #toldOfRefusal = false

  /** @param runAlone runs a statement on a connection that it has to itself: its rows are more than the worker may keep */
  constructor(database: Database, readers: number, logger: Logger, runAlone: (execution: Execution) => void) {
    this.#memory = database.memory
    this.#writer = new Slot(database, false, { hasRoom() {}, refused: (execution, error) => execution.fail(error) })
    this.#logger = logger
    this.#runAlone = runAlone
    const owner: SlotOwner = {
      hasRoom: () => this.#readerHasRoom(),
      refused: (execution, error) => this.#readerRefused(execution, error),
    }
    // Readers and writers of a memory database exclude each other anyway: one connection serves both.
    this.#readers = database.memory ? [] : Array.from({ length: readers }, () => new Slot(database, true, owner))
  }

  get connections(): readonly PhysicalConnection[] {
    return [this.#writer, ...this.#readers].flatMap(({ connections }) => connections)
  }

  /** Statements that wait or run. */
  get pending(): number {
    let pending = this.#waitingReads.size + this.#refusedReads.length + this.#writer.pending
    for (const reader of this.#readers) pending += reader.pending
    return pending
  }

  submit(execution: Execution): void {
    execution.rerouter = this
    if (this.#readers.length > 0 && mayRead(execution.statement.scanned)) this.#read(execution)
    else this.#write(execution)
  }

  #read(execution: Execution): void {
    execution.route(RequestFlag.readOnly | RequestFlag.buffered, 'none')
    if (this.#waitingReads.size === 0) {
      const now = performance.now()
      const reader = this.#freeReader(execution, now)
      if (reader !== undefined) {
        this.#send(execution, reader, now)
        return
      }
    }
    this.#waitingReads.push(execution)
    this.#dispatchSoon()
  }

  /** Whether something is a read says SQLite: a statement that is none comes back unexecuted. */
  reroute(execution: Execution, reason: RerouteReason): void {
    if (reason === 'refused') this.#write(execution, 'exclusive')
    else if (reason === 'tooLarge') this.#runAlone(execution)
    else {
      this.#waitingReads.unshift(execution)
      this.#dispatchSoon()
    }
  }

  /** Reads behind one that takes long go to a reader that rests. Where none is open yet, they stay until it is. */
  #clearStalled(): boolean {
    const busy = this.#readers.filter(({ pending }) => pending > 1)
    for (const reader of busy) {
      if (!reader.stalled) continue
      const resting = this.#readers.filter(({ pending }) => pending === 0)
      if (resting.some(({ lives }) => lives)) reader.clear()
      else resting[0]?.prepare()
    }
    return busy.length > 0
  }

  #readerHasRoom(): void {
    if (this.#refusedReads.length > 0) this.#placeRefused()
    this.#dispatchSoon()
  }

  #readerRefused(execution: Execution, error: Error): void {
    if (error instanceof ResourceClosedError) execution.fail(error)
    else this.#refusedReads.push({ execution, error })
  }

  /** Another reader serves them; where none lives, or is opening, they fail. */
  #placeRefused(): void {
    const served = this.#someReader('lives')
    if (!served && this.#someReader('opened')) return
    if (!served) for (const reader of this.#readers) reader.forgetRefusal()
    for (const { execution, error } of this.#refusedReads.splice(0)) {
      if (!served) {
        execution.fail(error)
        continue
      }
      this.#tellOfRefusal(error)
      this.#waitingReads.push(execution)
    }
  }

  #someReader(is: 'lives' | 'opened'): boolean {
    return this.#readers.some((reader) => reader[is])
  }

  #tellOfRefusal({ message }: Error): void {
    if (this.#toldOfRefusal) return
    this.#toldOfRefusal = true
    this.#logger.warn(
      `offloop: a further connection for reads could not be opened: ${message.replace(/\.$/, '')}. ` +
        'Those that are open serve its statements, and it is tried again when they are busy.',
    )
  }

  /** Once for all answers of a batch, and for all statements of a tick. */
  #dispatchSoon(): void {
    if (this.#waitingReads.size === 0 || this.#dispatching) return
    this.#dispatching = true
    process.nextTick(() => this.#dispatch())
  }

  #dispatch(): void {
    this.#dispatching = false
    const now = performance.now()
    for (let execution = this.#waitingReads.peek(); execution !== undefined; execution = this.#waitingReads.peek()) {
      const reader = this.#freeReader(execution, now)
      if (reader === undefined) return
      this.#waitingReads.shift()
      // Its caller may have given up meanwhile.
      if (!execution.complete) this.#send(execution, reader, now)
    }
  }

  #send(execution: Execution, reader: Slot, now: number): void {
    if (reader.pending > 0) this.#stalls.begin()
    reader.submit(execution, now)
  }

  /**
   * The one with the least to do; an idle one before one that has yet to be opened, and that before a busy one. Quick statements go to the
   * first of those that are at work with such, as many as may share them.
   */
  #freeReader(execution: Execution, now: number): Slot | undefined {
    let best: Slot | undefined
    let leastLoad = Number.POSITIVE_INFINITY
    let brisk = 0
    let briskest: Slot | undefined
    let leastPending = Number.POSITIVE_INFINITY
    let inFlight = this.#waitingReads.size
    const limit = this.#limit.at(now)
    for (const slot of this.#readers) {
      slot.listen(now)
      const { pending } = slot
      inFlight += pending
      const takesMore = slot.takesMore(pending, now)
      const closed = pending === 0 && !slot.opened
      if (closed && slot.wasRefused(now) && this.#someReader('opened')) continue
      const load = closed ? 0.5 : pending
      if (takesMore && load < leastLoad) {
        best = slot
        leastLoad = load
      }
      if (!slot.isBrisk(pending, now) || !slot.isQuick(execution)) continue
      brisk++
      if (takesMore && brisk <= limit && pending < leastPending) {
        briskest = slot
        leastPending = pending
      }
    }
    this.#limit.saw(inFlight)
    if (brisk < limit || best === undefined) return best
    if (briskest === undefined) this.#lookAgain ??= setTimeout(() => this.#look(), heavyAfterMs).unref()
    return briskest
  }

  #look(): void {
    this.#lookAgain = null
    this.#dispatch()
  }

  #write(execution: Execution, access: AccessMode | 'none' = accessOf(execution.statement.scanned, this.#memory)): void {
    this.#writer.submit(execution.route(RequestFlag.buffered, access))
  }

  sweep(before: number): void {
    for (const reader of this.#readers) reader.sweep(before)
    // A memory database lives as long as a connection to it: this is the one that keeps it.
    if (!this.#memory) this.#writer.sweep(before)
  }

  /** Lets what has been accepted finish. */
  async drain(): Promise<void> {
    do {
      this.#dispatch()
      await Promise.all([this.#writer, ...this.#readers].map((slot) => slot.drain()))
      // What a reader has refused meanwhile is the writer's.
    } while (this.pending > 0)
  }
}
