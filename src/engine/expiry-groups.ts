/** Stops waiting for the end. */
export type Forget = () => void

interface Waiting {
  readonly expire: () => void
  readonly forget: Forget
  /** By `performance.now()`; 0 where no time runs. */
  readonly dueAt: number
}

/**
 * Whoever waits for the same end. It comes to all of them within one call, and first to those that came last: a statement that is told to
 * stop makes room for the one behind it, which must have been told by then that it is not to start.
 */
class ExpiryGroup {
  readonly #waiting = new Set<Waiting>()

  add(waiting: Waiting): void {
    this.#waiting.add(waiting)
  }

  /** True when it was the last one. */
  delete(waiting: Waiting): boolean {
    return this.#waiting.delete(waiting) && this.#waiting.size === 0
  }

  /** Ends the wait of all that are due by then. */
  end(dueBy: number): void {
    const due: Waiting[] = []
    for (const waiting of this.#waiting) {
      if (waiting.dueAt > dueBy) break
      due.push(waiting)
    }
    for (const waiting of due.reverse()) this.endOne(waiting)
  }

  /** The end of another one may have been its own. */
  endOne(waiting: Waiting): void {
    if (!this.#waiting.has(waiting)) return
    waiting.forget()
    waiting.expire()
  }
}

interface Groups<K> {
  get(key: K): ExpiryGroup | undefined
  set(key: K, group: ExpiryGroup): unknown
}

function groupOf<K>(groups: Groups<K>, key: K, begin?: () => void): ExpiryGroup {
  const existing = groups.get(key)
  if (existing !== undefined) return existing
  const group = new ExpiryGroup()
  groups.set(key, group)
  begin?.()
  return group
}

const groupsBySignal = new WeakMap<AbortSignal, ExpiryGroup>()

/** Calls `expire` once when the signal aborts, which it has not yet. */
export function whenAborted(signal: AbortSignal, expire: () => void): Forget {
  // One function for every signal: which of them is meant stands in the event.
  const group = groupOf(groupsBySignal, signal, () => signal.addEventListener('abort', endAborted, { once: true }))
  const forget = (): void => {
    if (!group.delete(waiting)) return
    groupsBySignal.delete(signal)
    signal.removeEventListener('abort', endAborted)
  }
  const waiting: Waiting = { expire, forget, dueAt: 0 }
  group.add(waiting)
  return forget
}

function endAborted({ currentTarget }: Event): void {
  groupsBySignal.get(currentTarget as AbortSignal)?.end(0)
}

/** Timers that were set in the same moment fire up to a millisecond apart. */
const timerToleranceMs = 1

const groupsByTimeout = new Map<number, ExpiryGroup>()

/** Calls `expire` once when the time is over. */
export function whenTimedOut(timeoutMs: number, expire: () => void): Forget {
  const group = groupOf(groupsByTimeout, timeoutMs)
  const forget = (): void => {
    clearTimeout(timer)
    if (group.delete(waiting)) groupsByTimeout.delete(timeoutMs)
  }
  const waiting: Waiting = { expire, forget, dueAt: performance.now() + timeoutMs }
  group.add(waiting)
  const timer = setTimeout(() => {
    // The timers of those that came soon behind it fire when the worker has made use of the room.
    group.end(Math.max(performance.now(), waiting.dueAt) + timerToleranceMs)
    // A clock that was set back has put it behind others.
    group.endOne(waiting)
  }, timeoutMs)
  return forget
}
