import { isMainThread, type MessagePort, threadId } from 'node:worker_threads'
import { FifoQueue } from '../src/protocol/fifo-queue.ts'
import {
  type BackupRequest,
  type CallRequest,
  FrameReader,
  type Frames,
  ReplyFlag,
  ReplyKind,
  type Request,
  RequestFlag,
  RequestKind,
  type ResetRequest,
  readRequest,
  type ScriptRequest,
} from '../src/protocol/frames.ts'
import { enterDatabase, leaveDatabase } from '../src/protocol/interrupt-cell.ts'
import type { ConnectionSettings, HostPort, LeaseTask, OpenedConnection } from '../src/protocol/lease-task.ts'
import type { ServerEvent } from '../src/protocol/server.ts'
import { tellServing } from '../src/protocol/serving-cell.ts'
import type { WireError } from '../src/protocol/wire-error.ts'
import { backUp } from './back-up.ts'
import { exposeHandle } from './control.ts'
import type { Driver, DriverConnection } from './drivers/driver.ts'
import { loadDriver, loadErrorToWire } from './drivers/load-driver.ts'
import { giveResult } from './give-result.ts'
import { HostError, toWireError, userErrorToWire } from './host-error.ts'
import { importFunction } from './import-function.ts'
import { loadInterrupt } from './load-interrupt.ts'
import { mayTakeLong } from './may-take-long.ts'
import { NextMessage } from './next-message.ts'
import { ReplyOutbox } from './reply-outbox.ts'
import { maxGroup, RequestGroup } from './request-group.ts'
import { assertSameVersion } from './same-version.ts'
import { setUp } from './set-up.ts'
import { ShortRun } from './short-run.ts'
import { StatementCache } from './statement-cache.ts'
import { StatementRunner } from './statement-runner.ts'
import { runTask, settled, type Task } from './task.ts'

/** For so long one batch after another is served before timers and other ports of the thread have their turn. */
const maxServeMs = 2
/** An answer of a server's driver waits no longer for those behind it that may leave in the same message. */
const maxReplyDelayMs = 1

/** Requests that wait in the queue, each served completely before the next one starts. */
type QueuedRequest = Exclude<Request, { kind: typeof RequestKind.register | typeof RequestKind.control | typeof RequestKind.recall }>

/** The worker's side of a lease: it opens one connection and serves its port in strict order until it is told to close. */
export class ConnectionHost {
  /** Resolves when the connection has been closed, or could not be opened: the thread is free again. */
  readonly served: Promise<void>
  readonly #port: HostPort
  readonly #cancelSlots: Int32Array
  readonly #next: NextMessage
  readonly #outbox: ReplyOutbox
  readonly #statements = new StatementCache()
  readonly #queue = new FifoQueue<QueuedRequest>()
  #settings: ConnectionSettings
  #driver!: Driver
  #connection!: DriverConnection
  #runner!: StatementRunner
  /** Of a synchronous driver whose statements nobody interrupts. */
  #short: ShortRun | null = null
  #group: RequestGroup | null = null
  /** Something has happened to the connection that only a fresh one is free of. */
  #dirty = false
  /** By which another thread can stop a statement of this connection. */
  #interruptToken: number | null = null
  /** A request is being served, or the connection is still opening. */
  #busy = true
  /** The request that is being served, 0 for none. */
  #serving = 0
  /** The server is being asked to stop it: until that is over nothing else is sent. */
  #cancelling: Promise<void> | null = null
  /** The user's side has gone. */
  #abandoned = false
  /** The server has gone. */
  #lost = false
  #finish!: () => void
  #fail!: (error: unknown) => void

  constructor(task: LeaseTask) {
    this.#port = task.port
    this.#cancelSlots = task.cancelSlots
    this.#settings = task.connection
    this.#outbox = new ReplyOutbox(task.port, task.cancelSlots)
    this.served = new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
    })
    this.#next = new NextMessage(task.port, task.cancelSlots)
    this.#port.on('message', (frames) => this.#serveAll(frames as Frames))
    // The user's side may vanish without a word (a Worker of its own that was terminated): then nobody is left to serve.
    this.#port.on('close', () => this.#abandon())
    runTask(
      this.#start(task.version),
      () => this.#resume(),
      (error) => this.#refuseToOpen(error),
    )
  }

  *#start(version: string): Task<void> {
    assertSameVersion(version)
    this.#driver = yield* settled(loadDriver(this.#settings.driver))
    this.#outbox.freshBytes = this.#driver.capabilities.freshBytes === true
    if (this.#driver.load !== undefined) yield* settled(this.#driver.load())
    // From here on the thread can be terminated: see the thread pool.
    this.#outbox.reply({ kind: ReplyKind.value, id: 0, flags: 0, value: null })
    this.#outbox.flush()
    yield* this.#open()
    if (this.#abandoned) return this.#abandon()
    // In a process of its own, the process is what serves it.
    const opened: OpenedConnection = { threadId: isMainThread ? process.pid : threadId, interruptToken: this.#interruptToken }
    this.#outbox.value(0, 0, opened)
  }

  *#open(): Task<void> {
    const connection = yield* settled(this.#driver.open(this.#settings))
    try {
      this.#interruptToken = yield* loadInterrupt(this.#driver, connection, this.#settings.interrupt)
      yield* setUp(connection, this.#settings.setup)
    } catch (error) {
      yield* settled(connection.close())
      throw new HostError(userErrorToWire(error, connection))
    }
    this.#connection = connection
    // On the user's own thread; there the statement channel keeps the program alive while an answer is awaited.
    if (this.#port.local === true) connection.unref?.()
    connection.onLost?.((error) => this.#lose(connection.toWireError(error)))
    connection.onEvent?.((event) => {
      this.#outbox.reply({ kind: ReplyKind.event, id: 0, flags: 0, value: event })
      if (!this.#busy) this.#outbox.flush()
    })
    const context = {
      statements: this.#statements,
      outbox: this.#outbox,
      cancelSlots: this.#cancelSlots,
      maxBufferedBytes: this.#settings.maxBufferedBytes,
      blockedByCursors: this.#driver.capabilities.blockedByCursors,
      hear: this.#next.hearer((frames) => this.#receive(frames as Frames)),
    }
    this.#runner = new StatementRunner(connection, context)
    this.#short = null
    this.#group = null
    // An interrupt is meant for one statement, which says when it may come, and would take the others of its group along.
    if (connection.groups !== undefined && this.#interruptToken === null) {
      this.#short = new ShortRun(connection, context)
      this.#group = new RequestGroup(connection, connection.groups, this.#short, context)
    }
    this.#statements.unprepare()
    this.#dirty = false
  }

  #refuseToOpen(error: unknown): void {
    const wire =
      error instanceof HostError ? error.wire : this.#driver === undefined ? loadErrorToWire(error) : this.#driver.toWireError(error)
    this.#outbox.error(0, 0, wire)
    this.#outbox.flush()
    this.#end()
  }

  /** Serves what has come, and what follows it at once; after a while the event loop has its turn again. */
  #serveAll(frames: Frames): void {
    const deadline = performance.now() + maxServeMs
    let next: unknown = frames
    while (next !== undefined) {
      // What a user's function does with the driver's handle, it does between two batches.
      this.#short?.forgetState()
      this.#receiveAll(next as Frames)
      this.#group?.divide(this.#queue.size, next === frames)
      if (!this.#busy) this.#pump()
      if (this.#busy || performance.now() > deadline) return
      next = this.#next.take(true)
    }
  }

  /**
   * Takes in a batch and those behind it, as many as may be served together. Where all that has come has been served on the way, its answers
   * are not to wait for more.
   */
  #receiveAll(frames: Frames): void {
    let next: unknown = frames
    while (next !== undefined) {
      this.#next.received()
      this.#receive(next as Frames)
      const { size } = this.#queue
      next = size > 0 && size < maxGroup ? this.#next.take(false) : undefined
    }
  }

  /** Takes in one batch. What concerns the queue itself is done at once; the rest waits there. */
  #receive(frames: Frames): void {
    const reader = new FrameReader(frames)
    while (!reader.done) {
      const request = readRequest(reader)
      if (request.kind === RequestKind.register) this.#statements.register(request)
      else if (request.kind === RequestKind.control) this.#serveControl(request.port as MessagePort)
      else if (request.kind === RequestKind.cancel) this.#cancel(request.id)
      else if (request.kind === RequestKind.recall) this.#giveBack(request.ids)
      else if (!this.#granted(request) && !this.#servedAtOnce(request)) this.#queue.push(request)
    }
  }

  /** Credit for rows that are streaming now must not wait behind the very statement that needs it. */
  #granted(request: QueuedRequest): boolean {
    if (request.kind === RequestKind.credit) return this.#runner?.grant(request.id, request.chunks) ?? false
    if (request.kind === RequestKind.closeCursor) return this.#runner?.grant(request.id, 1) ?? false
    return false
  }

  /** A short statement of the open transaction that nothing stands before needs no place in the queue. */
  #servedAtOnce(request: QueuedRequest): boolean {
    if (this.#busy || this.#short === null || this.#queue.size > 0 || this.#runner.hasOpenCursors) return false
    if (request.kind !== RequestKind.execute || (request.flags & RequestFlag.inTransaction) === 0) return false
    return this.#short.serve(request)
  }

  /** Only what runs now: what waits is looked for in the cancel slots when its turn comes. */
  #cancel(id: number): void {
    if (this.#serving !== id || this.#cancelling !== null || this.#connection.cancel === undefined) return
    this.#cancelling = this.#connection.cancel().finally(() => {
      this.#cancelling = null
    })
  }

  /** What has not begun need not wait for what has. */
  #giveBack(ids: readonly number[]): void {
    for (const request of this.#queue.drain()) {
      if (request.kind !== RequestKind.execute || !ids.includes(request.id)) this.#queue.push(request)
      else this.#outbox.reply({ kind: ReplyKind.refused, id: request.id, flags: ReplyFlag.last | this.#runner.stateFlags() })
    }
    this.#outbox.flush()
  }

  #resume(): void {
    this.#busy = false
    this.#pump()
  }

  /** Serves the queue until it is empty or something has to be waited for; the replies leave together. */
  #pump(): void {
    while (!this.#busy && !this.#lost) {
      if (this.#queue.size > 0 && this.#next.deaf) {
        this.#busy = true
        this.#next.hear(() => this.#resume())
        break
      }
      const idle = !this.#runner.hasOpenCursors
      if (idle && this.#group?.serve(this.#queue) === true) {
        this.#short?.forgetState()
        this.#outbox.flush()
        continue
      }
      const request = this.#queue.shift()
      if (request === undefined) break
      if (idle && this.#short?.serve(request) === true) continue
      this.#short?.forgetState()
      this.#busy = true
      this.#serving = 'id' in request ? request.id : 0
      tellServing(this.#cancelSlots, this.#serving)
      let waiting = false
      const finish = (): void => {
        this.#serving = 0
        if (this.#cancelling !== null) {
          this.#outbox.flush()
          void this.#cancelling.then(finish)
          return
        }
        this.#busy = false
        // Only a request that had to wait ends outside this loop.
        if (!waiting) return
        this.#outbox.flushIfOlderThan(maxReplyDelayMs)
        this.#pump()
      }
      runTask(this.#serveInterruptibly(request), finish, (error) => {
        if (this.#answerFailure(request, error)) finish()
      })
      waiting = true
    }
    this.#outbox.flush()
  }

  /** False when the connection went down with it: whoever waits for an answer hears of that with the end of the task. */
  #answerFailure(request: QueuedRequest, error: unknown): boolean {
    const wire = toWireError(error, this.#connection)
    if (wire.connectionLost === true) {
      this.#lose(wire)
      return false
    }
    // A statement is forgotten without an answer, and without a way to fail.
    if (request.kind !== RequestKind.forget) this.#outbox.error(request.id, this.#runner.stateFlags(), wire)
    return true
  }

  /** While it serves a request that may take long, another thread may interrupt it; not beside open cursors, which it would hit as well. */
  *#serveInterruptibly(request: QueuedRequest): Task<void> {
    if (this.#interruptToken === null || !('flags' in request) || this.#runner.hasOpenCursors) return yield* this.#serve(request)
    enterDatabase(this.#cancelSlots, request.id)
    try {
      yield* this.#serve(request)
    } finally {
      leaveDatabase(this.#cancelSlots, request.id)
    }
  }

  *#serve(request: QueuedRequest): Task<void> {
    if (mayTakeLong(request.kind)) yield* this.#outbox.send()
    switch (request.kind) {
      case RequestKind.execute:
        if (this.#statements.get(request.statementId).connectionState) this.#dirty = true
        return yield* this.#runner.execute(request)
      case RequestKind.executeMany:
        return yield* this.#runner.executeMany(request)
      case RequestKind.forget:
        return this.#statements.forget(request.statementId)
      case RequestKind.script:
        return yield* this.#script(request)
      case RequestKind.call:
        return yield* this.#call(request)
      case RequestKind.backup:
        return yield* this.#backup(request)
      case RequestKind.credit:
        return yield* this.#runner.fetch(request.id, request.chunks)
      case RequestKind.closeCursor:
        return yield* this.#runner.closeCursor(request.id)
      case RequestKind.reset:
        return yield* this.#reset(request)
      case RequestKind.ping:
        return yield* this.#ping(request.id)
      case RequestKind.close:
        return yield* this.#close(request.id)
      case RequestKind.cancel:
        // Not in this queue: see `#receive`.
        return
      default:
        throw new RangeError(`unknown request ${String(request satisfies never)}`)
    }
  }

  *#script(request: ScriptRequest): Task<void> {
    this.#runner.assertRunnable(request.id, request.flags)
    yield* this.#runner.bufferCursors()
    this.#dirty = true
    const wasInTransaction = this.#connection.inTransaction
    try {
      yield* settled(this.#connection.script(request.sql))
    } catch (error) {
      // A transaction that the script itself began and did not end would swallow whatever comes next.
      if (!wasInTransaction && this.#connection.inTransaction) yield* settled(this.#connection.script('rollback'))
      throw error
    }
    this.#runner.assertStored()
    this.#done(request.id)
  }

  *#call(request: CallRequest): Task<void> {
    this.#runner.assertRunnable(request.id, request.flags)
    yield* this.#runner.bufferCursors()
    this.#dirty = true
    const fn = yield* importFunction(request.module, request.name)
    try {
      const result = yield* settled(Reflect.apply(fn, undefined, [this.#connection.handle, ...request.args]) as unknown)
      this.#runner.assertStored()
      giveResult(this.#outbox, request, { flags: this.#runner.stateFlags(), result })
    } catch (error) {
      throw new HostError(userErrorToWire(error, this.#connection))
    }
  }

  *#backup(request: BackupRequest): Task<void> {
    yield* this.#runner.bufferCursors()
    yield* backUp(request, { driver: this.#driver, connection: this.#connection, outbox: this.#outbox, cancelSlots: this.#cancelSlots })
    this.#done(request.id)
  }

  /** Makes the connection as good as new for its next borrower; a clean one costs nothing but the look. */
  *#reset(request: ResetRequest): Task<void> {
    yield* this.#runner.closeAllCursors(false)
    const reopen = this.#dirty || request.force || request.readonly !== this.#settings.readonly
    if (this.#connection.inTransaction) yield* settled(this.#connection.script('rollback'))
    if (reopen && this.#connection.reset !== undefined) yield* this.#cleanse(this.#connection.reset(request.readonly), request.readonly)
    else if (reopen) yield* this.#reopen(request.readonly)
    this.#outbox.reply({ kind: ReplyKind.value, id: request.id, flags: ReplyFlag.last, value: this.#interruptToken })
  }

  *#cleanse(cleansed: Promise<void>, readonly: boolean): Task<void> {
    yield cleansed
    this.#settings = { ...this.#settings, readonly }
    this.#statements.unprepare()
    // Whatever it throws: nobody gets a connection whose reset has failed.
    yield* setUp(this.#connection, this.#settings.setup)
    this.#dirty = false
  }

  *#reopen(readonly: boolean): Task<void> {
    this.#settings = { ...this.#settings, readonly }
    const old = this.#connection
    // A memory database lives as long as somebody has it open, so the new connection comes first; a file's locks go first with the old one.
    if (!this.#settings.uri) yield* settled(old.close())
    yield* this.#open()
    if (this.#settings.uri) yield* settled(old.close())
  }

  *#ping(id: number): Task<void> {
    if (this.#connection.ping !== undefined) yield this.#connection.ping()
    this.#done(id)
  }

  *#close(id: number): Task<void> {
    yield* this.#runner.closeAllCursors(true)
    yield* settled(this.#connection.close())
    this.#outbox.reply({ kind: ReplyKind.value, id, flags: ReplyFlag.last, value: null })
    this.#outbox.flush()
    this.#end()
  }

  #done(id: number): void {
    this.#outbox.reply({ kind: ReplyKind.value, id, flags: ReplyFlag.last | this.#runner.stateFlags(), value: null })
  }

  #serveControl(port: MessagePort): void {
    const prepare = (): Promise<void> => {
      this.#dirty = true
      return new Promise((resolve, reject) => runTask(this.#runner.bufferCursors(), resolve, reject))
    }
    exposeHandle(port, () => this.#connection, { prepare, check: () => this.#runner.assertStored() })
  }

  #abandon(): void {
    if (this.#connection === undefined) {
      this.#abandonOpening()
      return
    }
    // Whatever it is at, nobody waits for it, and an answer may never come.
    if (this.#connection.destroy !== undefined) {
      this.#connection.destroy()
      this.#finish()
      return
    }
    const close = function* (this: ConnectionHost): Task<void> {
      yield* this.#runner.closeAllCursors(true)
      yield* settled(this.#connection.close())
    }
    runTask(close.call(this), this.#finish, this.#finish)
  }

  #abandonOpening(): void {
    // The driver of a server ends by its own timeout, and its thread is not this connection's.
    if (this.#settings.server !== null) this.#abandoned = true
    // Perhaps inside a module that never ends: here, with nothing on the stack, the thread may exit.
    else process.exit()
  }

  /** The server has gone, and all that has been asked of it ends with this task. */
  #lose(error: WireError): void {
    if (this.#lost) return
    this.#lost = true
    this.#outbox.reply({ kind: ReplyKind.event, id: 0, flags: 0, value: { kind: 'lost', error } satisfies ServerEvent })
    this.#outbox.flush()
    this.#port.removeAllListeners('close')
    this.#port.unref()
    this.#connection.destroy?.()
    this.#fail(new Error(error.message))
  }

  #end(): void {
    this.#port.removeAllListeners('close')
    // The peer closes the port once it has read the last reply; until then it only must not keep this thread busy.
    this.#port.unref()
    this.#finish()
  }
}
