import { DatabaseSync, StatementSync } from 'node:sqlite'
import { BroadcastChannel } from 'node:worker_threads'
import type BetterSqlite3 from 'better-sqlite3'

/** The handle of either driver, as far as it is used here. */
interface Handle {
  function(name: string, implementation: (...args: unknown[]) => unknown): unknown
  exec(sql: string): unknown
  prepare(sql: string): { get(): unknown; iterate(): Iterator<unknown> }
}

const never = new Promise<never>(() => {})

const ways = { exit, exitInQuery, exitInIterator, throwInTimer, rejectUnhandled, exhaustHeap, overflowInTimer, closePorts }

/** The ways in which a worker thread dies while a call of `call()` is running. */
export const deaths: readonly string[] = Object.keys(ways)

/** Milliseconds since the epoch, on a clock that all threads of the process share. */
export const timeNow = (): number => performance.timeOrigin + performance.now()

/** Dies in one of these ways: at once, or `afterMs` milliseconds later, whatever the thread is doing then. `diedAt` is told when. */
export function die(handle: Handle, death: keyof typeof ways, diedAt: Float64Array, afterMs: number | null): unknown {
  const dying = (): void => {
    diedAt[0] = timeNow()
  }
  if (afterMs === null) return ways[death](handle, dying)
  setTimeout(() => ways[death](handle, dying), afterMs)
  return undefined
}

/** Called in the thread's last moment, where that can be known. */
type Dying = () => void

const alone: Dying = () => {}

export function exit(_handle: Handle, dying: Dying = alone): void {
  dying()
  process.exit(1)
}

/** Native code of the driver is on the stack when the thread ends. */
export function exitInQuery(handle: Handle, dying: Dying = alone): void {
  handle.function('die', () => exit(handle, dying))
  handle.prepare('select die()').get()
}

/** The driver is in the middle of the rows of a statement. */
export function exitInIterator(handle: Handle, dying: Dying = alone): void {
  handle.prepare('select 1 union all select 2').iterate().next()
  exit(handle, dying)
}

export function throwInTimer(_handle: Handle, dying: Dying = alone): Promise<never> {
  setTimeout(() => {
    dying()
    throw new Error('thrown in a timer')
  })
  return never
}

export function rejectUnhandled(_handle: Handle, dying: Dying = alone): Promise<never> {
  dying()
  void Promise.reject(new Error('rejected by nobody'))
  return never
}

export function exhaustHeap(): void {
  const held: unknown[] = []
  for (;;) held.push(Array.from({ length: 10_000 }, (_, index) => ({ index })))
}

export function overflowInTimer(_handle: Handle, dying: Dying = alone): Promise<never> {
  const descend = (depth: number): number => descend(depth + 1) + 1
  setTimeout(() => {
    dying()
    descend(0)
  })
  return never
}

/** Without a port to listen to, nothing keeps the thread running. */
export function closePorts(_handle: Handle, dying: Dying = alone): Promise<never> {
  dying()
  const { _getActiveHandles: activeHandles } = process as unknown as { _getActiveHandles(): readonly { close(): void }[] }
  for (const handle of activeHandles.call(process)) handle.close()
  return never
}

/** Not a death: SQLite and its driver pass the error on. */
export function overflowInFunction(handle: Handle): void {
  const descend = (depth: number): number => descend(depth + 1) + 1
  handle.function('overflow', () => descend(0))
}

/** SQL can end the thread from here on: `select die()`. */
export function defineDie(handle: Handle): void {
  handle.function('die', () => process.exit(1))
}

/** The thread dies when somebody says so on the channel, whatever it is doing then. */
export function dieWhenTold(_handle: Handle, channel: string): void {
  const orders = new BroadcastChannel(channel)
  orders.onmessage = () => {
    throw new Error('told to die')
  }
  orders.unref()
}

/** The thread dies after the database has committed and before anybody hears of it. */
export function dieAfterCommit(handle: Handle): void {
  replaceCommit(handle, (commit) => {
    commit()
    process.exit(1)
  })
}

/** The thread dies when it has been asked to commit and has not begun to. */
export function dieBeforeCommit(handle: Handle): void {
  replaceCommit(handle, () => process.exit(1))
}

function replaceCommit(handle: Handle, replacement: (commit: () => unknown) => void): void {
  const statement: object = handle instanceof DatabaseSync ? StatementSync.prototype : Object.getPrototypeOf(handle.prepare('select 1'))
  const { run } = statement as { run(...args: unknown[]): unknown }
  Object.defineProperty(statement, 'run', {
    value(this: BetterSqlite3.Statement & StatementSync, ...args: unknown[]): unknown {
      const commit = (): unknown => Reflect.apply(run, this, args)
      return /^commit$/i.test(this.source ?? this.sourceSQL) ? replacement(commit) : commit()
    },
  })
}
