/** What a connection wants of the database file: to write alone, or to read while nobody writes (memory databases have no snapshots). */
export type AccessMode = 'exclusive' | 'shared'

interface Waiter {
  readonly owner: object
  readonly mode: AccessMode
  readonly granted: () => void
  /** One holder kept the database for longer than a waiter waits. */
  readonly timedOut: (waitedMs: number) => void
  timer: NodeJS.Timeout | undefined
}

/**
 * The queue of an engine's writers, in JavaScript: SQLite has one writer at a time and no queue, so writers that wait inside it block
 * their threads and starve one another. First come, first served; readers of a memory database stand in the same queue.
 */
export class AccessGate {
  readonly #timeoutMs: number
  readonly #waiters: Waiter[] = []
  readonly #holders = new Map<object, AccessMode>()
  #changedAt = performance.now()

  /** @param timeoutMs how long one holder may keep a waiter waiting; a queue that moves is waited for without end */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** True when somebody waits: a holder that could go on without asking again steps back. */
  get contended(): boolean {
    return this.#waiters.length > 0
  }

  holds(owner: object): boolean {
    return this.#holders.has(owner)
  }

  /** What this one holds now. */
  heldMode(owner: object): AccessMode | undefined {
    return this.#holders.get(owner)
  }

  /** Takes the database at once if nobody is before this one. Nobody is before one who has it already: they wait for him. */
  tryAcquire(owner: object, mode: AccessMode): boolean {
    if ((this.#waiters.length > 0 && !this.holds(owner)) || !this.#free(mode, owner)) return false
    this.#holders.set(owner, mode)
    this.#changedAt = performance.now()
    return true
  }

  /** Queues up. Exactly one of `granted` and `timedOut` is called, unless the returned function takes the waiter out before. */
  acquire(owner: object, mode: AccessMode, granted: () => void, timedOut: (waitedMs: number) => void): () => void {
    const waiter: Waiter = { owner, mode, granted, timedOut, timer: undefined }
    if (this.holds(owner)) this.#waiters.unshift(waiter)
    else this.#waiters.push(waiter)
    this.#arm(waiter, performance.now())
    return () => {
      if (this.#remove(waiter)) this.#advance()
    }
  }

  release(owner: object): void {
    if (!this.#holders.delete(owner)) return
    this.#changedAt = performance.now()
    this.#advance()
  }

  /** Its holder goes on reading, and lets others read. */
  share(owner: object): void {
    this.#holders.set(owner, 'shared')
    this.#changedAt = performance.now()
    this.#advance()
  }

  #free(mode: AccessMode, owner: object): boolean {
    for (const [holder, held] of this.#holders) if (holder !== owner && (mode === 'exclusive' || held === 'exclusive')) return false
    return true
  }

  #advance(): void {
    for (let next = this.#waiters[0]; next !== undefined && this.#free(next.mode, next.owner); next = this.#waiters[0]) {
      this.#remove(next)
      this.#holders.set(next.owner, next.mode)
      this.#changedAt = performance.now()
      next.granted()
    }
  }

  #remove(waiter: Waiter): boolean {
    const index = this.#waiters.indexOf(waiter)
    if (index < 0) return false
    this.#waiters.splice(index, 1)
    clearTimeout(waiter.timer)
    return true
  }

  /** A waiter's clock starts anew whenever the holder changes: only a holder that does not let go is a reason to give up. */
  #arm(waiter: Waiter, since: number): void {
    const waitedMs = performance.now() - Math.max(since, this.#changedAt)
    waiter.timer = setTimeout(
      () => {
        const stalledMs = performance.now() - Math.max(since, this.#changedAt)
        if (stalledMs < this.#timeoutMs) {
          this.#arm(waiter, since)
          return
        }
        if (!this.#remove(waiter)) return
        waiter.timedOut(performance.now() - since)
        this.#advance()
      },
      Math.max(1, this.#timeoutMs - waitedMs),
    )
  }
}

/** Of a server, which has queues of its own: nobody ever waits here. */
export class OpenGate extends AccessGate {
  constructor() {
    super(0)
  }

  override tryAcquire(): boolean {
    return true
  }
}
