import { RequestFlag } from '../protocol/frames.ts'
import type { AccessMode } from './access-gate.ts'
import type { Database } from './database.ts'
import type { Execution } from './execution.ts'
import type { PhysicalConnection } from './physical-connection.ts'
import { accessOf, mayRead } from './services.ts'

/** A reader that has not answered for this long is with something heavy: small statements do not queue behind it if they can help it. */
const heavyAfterMs = 2

/** A connection of the engine's own, opened when it is first needed and again after it was lost. */
class Slot {
  readonly #database: Database
  readonly #readonly: boolean
  #connection: PhysicalConnection | null = null
  #opening: Promise<PhysicalConnection> | null = null
  /** Statements that wait for the connection to open. */
  #waiting = 0
  #usedAt = performance.now()

  constructor(database: Database, readonly: boolean) {
    this.#database = database
    this.#readonly = readonly
  }

  get connection(): PhysicalConnection | null {
    return this.#connection
  }

  get opened(): boolean {
    return this.#connection !== null || this.#opening !== null
  }

  get pending(): number {
    return this.#waiting + (this.#connection?.pending ?? 0)
  }

  /** What a statement that is sent here has to wait for, roughly: one that runs long outweighs any number of small ones. */
  weight(now: number): number {
    if (this.pending === 0) return 0
    const silentMs = this.#connection?.silentMs(now) ?? 0
    return this.pending + (silentMs > heavyAfterMs ? 1_000_000 : 0)
  }

  submit(execution: Execution): void {
    this.#usedAt = performance.now()
    if (this.#connection !== null) {
      this.#run(this.#connection, execution)
      return
    }
    this.#waiting++
    this.#open().then(
      (opened) => {
        this.#waiting--
        this.#run(opened, execution)
      },
      (error: Error) => {
        this.#waiting--
        execution.fail(error)
      },
    )
  }

  #run(connection: PhysicalConnection, execution: Execution): void {
    connection.submit(execution)
    if (!execution.leavesConnectionState) return
    // Right behind it in the queue: what it leaves on the connection is gone before anybody's next statement.
    connection.reset(this.#readonly).catch(() => connection.lease.terminate())
  }

  #open(): Promise<PhysicalConnection> {
    this.#opening ??= this.#database.open(this.#readonly).then(
      (connection) => {
        this.#opening = null
        this.#connection = connection
        // Lost or stuck: the next statement opens another one, and this one is closed when its thread comes back.
        const forget = connection.onChange(() => {
          forget()
          if (this.#connection === connection) this.#connection = null
          void connection.unused().then(() => connection.lease.close())
        })
        return connection
      },
      (error: unknown) => {
        this.#opening = null
        throw error
      },
    )
    return this.#opening
  }

  /** Closes the connection if nothing has used it since `before`. */
  sweep(before: number): void {
    if (this.#usedAt > before || this.pending > 0 || this.#connection?.holdsRows === true) return
    const connection = this.#connection
    this.#connection = null
    void connection?.lease.close()
  }

  /** Lets what has been accepted finish; a result that nobody reads on keeps nobody waiting. */
  async drain(): Promise<void> {
    while (this.#waiting > 0) await this.#opening?.catch(() => {})
    await this.#connection?.idle()
  }
}

/**
 * The connections behind `engine.execute`: one that writes, and read-only ones that share the reads. They never keep a cursor open, so a
 * read always sees what was committed before it began.
 */
export class ImplicitConnections {
  readonly #memory: boolean
  readonly #writer: Slot
  readonly #readers: readonly Slot[]
  readonly #runAlone: (execution: Execution) => void

  /** @param runAlone runs a statement on a connection that it has to itself: its rows are more than the worker may keep */
  constructor(database: Database, readers: number, runAlone: (execution: Execution) => void) {
    this.#memory = database.memory
    this.#writer = new Slot(database, false)
    this.#runAlone = runAlone
    // Readers and writers of a memory database exclude each other anyway: one connection serves both.
    this.#readers = database.memory ? [] : Array.from({ length: readers }, () => new Slot(database, true))
  }

  get connections(): readonly PhysicalConnection[] {
    return [this.#writer, ...this.#readers].flatMap(({ connection }) => connection ?? [])
  }

  submit(execution: Execution): void {
    if (this.#readers.length > 0 && mayRead(execution.statement.scanned)) this.#read(execution)
    else this.#write(execution)
  }

  /** To the reader that is likely to answer first. Whether it is a read says SQLite: a statement that is none comes back unexecuted. */
  #read(execution: Execution): void {
    const now = performance.now()
    let best: Slot | undefined
    let unopened: Slot | undefined
    for (const slot of this.#readers) {
      if (!slot.opened) unopened ??= slot
      else if (best === undefined || slot.weight(now) < best.weight(now)) best = slot
    }
    const reader = best === undefined || (unopened !== undefined && best.pending > 0) ? (unopened ?? best) : best
    if (reader === undefined) throw new Error('there is no reader')
    execution.onReroute((reason) => (reason === 'refused' ? this.#write(execution, 'exclusive') : this.#runAlone(execution)))
    reader.submit(execution.route(RequestFlag.readOnly | RequestFlag.buffered, 'none'))
  }

  #write(execution: Execution, access: AccessMode | 'none' = accessOf(execution.statement.scanned, this.#memory)): void {
    execution.onReroute(() => this.#runAlone(execution))
    this.#writer.submit(execution.route(RequestFlag.buffered, access))
  }

  sweep(before: number): void {
    for (const reader of this.#readers) reader.sweep(before)
    // A memory database lives as long as a connection to it: this is the one that keeps it.
    if (!this.#memory) this.#writer.sweep(before)
  }

  /** Lets what has been accepted finish. */
  async drain(): Promise<void> {
    await Promise.all([this.#writer, ...this.#readers].map((slot) => slot.drain()))
  }
}
