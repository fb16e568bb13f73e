import { MessagePort, type ResourceLimits, type Worker } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import { DriverLoadError } from '../errors.ts'
import type { LeaseTask } from '../protocol/lease-task.ts'
import { loadPiscina } from './load-piscina.ts'
import { workerEnvironment } from './worker-environment.ts'

/**
 * A thread that is given up while it starts has this long to end by itself. Only one that never leaves its modules needs to be ended, and
 * to end one that is merely slow is to end the process: on a busy machine 23 of 200 that were given up took longer than two seconds.
 */
const startingGraceMs = 60_000

/** A thread can be asked for long before one is free; the engine's own pool says no earlier than this. As many connections share one. */
const maxThreads = 1_024

export interface ThreadPoolOptions {
  /** See `findWorkerFile`. */
  readonly workerFile: URL
  /** How long an idle thread is kept warm, in milliseconds. */
  readonly idleTimeoutMs: number
  readonly resourceLimits: ResourceLimits | undefined
  /** How many threads all connections share; null: each has one to itself. */
  readonly threads: number | null
}

/** A thread that serves one connection until its task ends. */
export interface ThreadLease {
  /** Resolves when the task has ended: with nothing when it was served to its end, with the reason when the thread was lost. */
  readonly ended: Promise<Error | null>
  /** The worker has answered: a failure of a starting thread is no longer this lease's. */
  markStarted(): void
  /**
   * Ends the thread at once; a native call that is running ends first. One that has not answered yet is expected to end by itself now
   * that its port is closed, and is ended after a while if it does not.
   */
  terminate(): void
  /** The thread serves other connections as well: what ends this one is that its port is closed. */
  readonly shared?: boolean
  /** Only where the cancel slots are not shared memory: tells the far side that the request is not wanted any more. */
  readonly cancel?: (requestId: number) => void
}

/**
 * Owns the threads through Piscina: one pending task is one leased connection, a thread whose task has ended waits warm for the next one,
 * and a task that ends before its time is how the loss of a thread is noticed.
 */
export class ThreadPool {
  readonly workerFile: URL
  readonly #piscina: Piscina
  /** Leases whose worker has not answered yet, oldest first, and how each is told that it gets none. */
  readonly #starting = new Map<object, (error: Error) => void>()
  /** Tasks that a thread has been given. */
  readonly #placed = new WeakSet<object>()
  /** Threads that run, also those that Piscina has given up already. */
  readonly #threads = new Map<Worker, ThreadLife>()
  /** The ends of leases that are still being served. */
  readonly #ends = new Set<Promise<unknown>>()
  readonly #sharedThreads: number | null
  /** Tasks that Piscina has refused and still has in its queue. */
  readonly #refused = new WeakSet<object>()
  /** Under this name a task tells the balancer what it is. */
  readonly #self: symbol

  constructor(options: ThreadPoolOptions) {
    this.workerFile = options.workerFile
    this.#sharedThreads = options.threads
    // better-sqlite3 reads it once, when it first loads: without it a memory database cannot be named, and so not be shared by threads.
    process.env['SQLITE_USE_URI'] ??= '1'
    const Pool = loadPiscina(options.workerFile)
    this.#self = Pool.queueOptionsSymbol
    this.#piscina = new Pool({
      filename: options.workerFile.href,
      minThreads: 0,
      maxThreads: options.threads ?? maxThreads,
      // A lease never waits for a thread that another lease holds.
      concurrentTasksPerWorker: options.threads === null ? 1 : maxThreads,
      maxQueue: Number.POSITIVE_INFINITY,
      idleTimeout: options.idleTimeoutMs,
      // Piscina's 'sync' puts an idle worker's event loop to sleep in Atomics.wait, where it hears no port of ours.
      atomics: 'disabled',
      // Flags of the program's own start (--input-type, --inspect, a preload that opens an engine) have no business in a worker.
      execArgv: [],
      env: workerEnvironment(),
      ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
      loadBalancer: (task, workers) => {
        const ours: object = Reflect.get(task, this.#self)
        if (this.#refused.has(ours)) return nowhere(workers)
        const chosen = this.#choose(workers)
        if (chosen === null) return null
        this.#placed.add(ours)
        for (const [{ threadId }, life] of this.#threads) if (threadId === chosen.id) life.accounted = true
        releaseEventLoop(chosen)
        return chosen
      },
    })
    this.#piscina.on('error', (error: Error) => this.#failWaiting(error))
    this.#piscina.on('workerCreate', ({ id }: { readonly id: number }) => {
      this.#watchThreads()
      for (const [{ threadId }, life] of this.#threads) {
        if (threadId !== id) continue
        life.accounted = true
        life.booted.resolve()
      }
    })
  }

  /**
   * A thread that ends before it has taken a task belongs to nobody in Piscina's books: the lease that has waited longest fails, and with the
   * last thread that connections were to share all that wait for one. A task without a thread of its own would wait for ever, or have Piscina
   * start threads up to its limit as soon as any other is free.
   */
  #failWaiting(error: Error): void {
    const waiting = [...this.#starting].filter(([task]) => !this.#placed.has(task))
    const failed = this.#sharedThreads !== null && this.#piscina.threads.length === 0 ? waiting : waiting.slice(0, 1)
    for (const [, fail] of failed) fail(error)
  }

  /** Null: a thread is to be started for it. */
  #choose(workers: readonly PiscinaWorker[]): PiscinaWorker | null {
    let best: PiscinaWorker | null = null
    for (const worker of workers) if (best === null || worker.currentUsage < best.currentUsage) best = worker
    if (best === null || best.currentUsage === 0) return best
    return this.#sharedThreads !== null && this.#piscina.threads.length >= this.#sharedThreads ? best : null
  }

  /**
   * Where no further thread can be started Piscina throws, and keeps the task in its queue all the same: without a word to the balancer
   * the next free thread would serve a lease that nobody holds.
   */
  async #run(task: LeaseTask<MessagePort>, signal: AbortSignal | undefined): Promise<unknown> {
    const options = { transferList: [task.port], ...(signal === undefined ? {} : { signal }) }
    let served: Promise<unknown>
    try {
      served = this.#piscina.run({ ...task, [this.#self]: task }, options)
    } catch (error) {
      this.#refused.add(task)
      throw notStarted(error as Error)
    }
    return await served
  }

  lease(task: LeaseTask<MessagePort>): ThreadLease {
    const abort = new AbortController()
    const shared = this.#sharedThreads !== null
    let fail: (error: Error) => void = () => {}
    const failed = new Promise<Error>((resolve) => {
      fail = (error) => {
        this.#starting.delete(task)
        resolve(notStarted(error))
        abort.abort()
      }
    })
    this.#starting.set(task, fail)
    // To abort a task is to end its thread.
    const served = this.#run(task, shared ? undefined : abort.signal).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    )
    this.#watchThreads()
    let started = false
    let grace: NodeJS.Timeout | undefined
    const left = Promise.withResolvers<null>()
    // The end of a thread ends its lease. One that is shared goes on, and whatever it is at, nobody waits for it any more.
    const giveUp = shared ? () => left.resolve(null) : () => abort.abort()
    const ended = Promise.race([served, failed, left.promise]).finally(() => {
      clearTimeout(grace)
      this.#starting.delete(task)
      this.#ends.delete(ended)
    })
    this.#ends.add(ended)
    return {
      ended,
      shared,
      markStarted: () => {
        started = true
        this.#starting.delete(task)
      },
      terminate: () => {
        // Never a thread that loads modules: Node.js and native addons end the whole process when that is cut short.
        if (started) giveUp()
        else grace ??= setTimeout(giveUp, startingGraceMs)
      },
    }
  }

  /** Ends every thread; resolves when none is left. Leases that are still served are to be closed or terminated before. */
  async destroy(): Promise<void> {
    this.#watchThreads()
    for (const worker of this.#threads.keys()) worker.ref()
    await Promise.all(this.#ends)
    await Promise.all([...this.#threads.values()].map(({ booted }) => booted.promise))
    // Not by Piscina's own destroy(), which would reject the promises of refused tasks, and those nobody has.
    await Promise.all([...this.#threads.keys()].map((worker) => worker.terminate()))
    await Promise.all([...this.#threads.values()].map(({ exited }) => exited.promise))
  }

  #watchThreads(): void {
    for (const worker of this.#piscina.threads) {
      if (this.#threads.has(worker)) continue
      const life: ThreadLife = { booted: Promise.withResolvers(), exited: Promise.withResolvers(), accounted: false }
      this.#threads.set(worker, life)
      worker.once('error', () => {
        life.accounted = true
      })
      worker.once('exit', (code) => {
        this.#threads.delete(worker)
        life.booted.resolve()
        life.exited.resolve()
        if (!life.accounted) this.#failWaiting(new Error(`it exited with code ${code}`))
      })
    }
  }
}

type PiscinaWorker = Parameters<NonNullable<NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']>>[1][number]

/** A place that takes a task and does nothing with it. */
function nowhere([worker]: readonly PiscinaWorker[]): PiscinaWorker | null {
  if (worker === undefined) return null
  const view = { ...worker }
  for (const symbol of Object.getOwnPropertySymbols(worker)) Reflect.set(view, symbol, { postTask() {} })
  return view
}

function notStarted(error: Error): DriverLoadError {
  return new DriverLoadError(`A worker thread could not be started: ${error.message}`, { cause: error })
}

interface ThreadLife {
  /** It has loaded what it needs to take a task, or has exited: it may be ended from outside. */
  readonly booted: PromiseWithResolvers<void>
  readonly exited: PromiseWithResolvers<void>
  /** Its end is somebody's affair: it has booted, has been given a task, or has said why it ends. */
  accounted: boolean
}

/**
 * Piscina keeps the event loop alive while a task is pending; ours are pending as long as a connection is open, and an idle connection
 * must not keep a program from ending. The statement channel holds the loop while it waits for an answer, which is enough. Piscina offers
 * no switch for it: the port stands on the object behind the balancer's view of a worker. Without it programs would only end by close().
 */
function releaseEventLoop(view: object): void {
  for (const symbol of Object.getOwnPropertySymbols(view)) {
    const info: unknown = Reflect.get(view, symbol)
    const port: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, 'port') : undefined
    // Piscina refs the port right after the balancer has chosen: this comes behind it.
    if (port instanceof MessagePort) queueMicrotask(() => port.unref())
  }
}
