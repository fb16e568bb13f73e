import { type ChildProcess, fork } from 'node:child_process'
import type { MessagePort, ResourceLimits } from 'node:worker_threads'
import { DriverLoadError } from '../errors.ts'
import type { LeaseTask, ProcessTask } from '../protocol/lease-task.ts'
import { type BridgeMessage, type CancelMessage, PortBridge } from '../protocol/port-bridge.ts'
import { processRole } from '../protocol/process-role.ts'
import type { ChannelPort } from './statement-channel.ts'
import type { ThreadLease, ThreadPool } from './thread-pool.ts'
import { workerEnvironment } from './worker-environment.ts'

/** What leases connections a place to run in: threads, or processes. */
export interface HostPool extends Pick<ThreadPool, 'lease' | 'destroy'> {
  /** See `findWorkerFile`. */
  readonly workerFile: URL
  /** The ends of a channel to one of its connections, where they are not a `MessageChannel`'s. */
  createPorts?(): readonly [ChannelPort, ChannelPort]
}

/**
 * Connections in child processes, for statements that must be stopped whatever they do: a process can be killed in the middle of a native
 * call. Dearer than threads: each batch is cloned four times instead of twice, and a process costs what a Node.js costs. One more than are
 * in use stands by with the driver loaded, so that a killed one is replaced in milliseconds.
 */
export class ProcessPool implements HostPool {
  readonly workerFile: URL
  readonly #execArgv: string[]
  readonly #processes = new Set<HostProcess>()
  #standby: HostProcess | null = null
  #destroyed = false

  /** @param limits of the heap of each process */
  constructor(workerFile: URL, limits: ResourceLimits = {}) {
    this.workerFile = workerFile
    this.#execArgv = heapFlags(limits)
  }

  lease(task: LeaseTask<MessagePort>): ThreadLease {
    const { driver } = task.connection
    const { port } = task
    let host: HostProcess
    try {
      host = this.#takeStandby(driver) ?? this.#start(driver)
    } catch (error) {
      port.close()
      return { ended: Promise.resolve(notStarted(error as Error)), markStarted: noop, terminate: noop }
    }
    const { child } = host
    let failure: Error | null = null
    const giveUp = (error: unknown): void => {
      failure ??= error as Error
      child.kill('SIGKILL')
    }
    const bridge = new PortBridge(
      (message) => {
        try {
          // It may be dying: what is lost with it is settled by its end.
          if (child.connected) child.send(message, noop)
        } catch (error) {
          giveUp(error)
        }
      },
      (data, transfer) => port.postMessage(data, transfer),
    )
    port.on('message', (data: unknown) => bridge.post(data))
    port.on('messageerror', giveUp)
    // What holds the event loop is for the statement channel to say.
    port.unref()
    child.on('message', (message: BridgeMessage) => bridge.receive(message))
    const ended = host.ended.then((reason) => {
      bridge.close()
      port.close()
      return failure ?? reason
    })
    // Where there are no file descriptors left it has no channel: what was wrong is what it ends with.
    if (child.connected) child.send({ version: task.version, connection: task.connection } satisfies ProcessTask, noop)
    const cancel = (requestId: number): void => {
      if (child.connected) child.send({ cancel: requestId } satisfies CancelMessage, noop)
    }
    return { ended, markStarted: () => this.#standBy(driver), terminate: () => void child.kill('SIGKILL'), cancel }
  }

  #start(driver: string): HostProcess {
    const child = fork(this.workerFile, [processRole, driver], {
      serialization: 'advanced',
      execArgv: this.#execArgv,
      env: workerEnvironment(),
    })
    // Like an idle thread, an idle process keeps no program alive.
    child.unref()
    child.channel?.unref()
    const host = { child, driver, ended: endOf(child) }
    this.#processes.add(host)
    endWithThisThread(child)
    void host.ended.then(() => {
      this.#processes.delete(host)
      forget(child)
      if (this.#standby === host) this.#standby = null
    })
    return host
  }

  #takeStandby(driver: string): HostProcess | null {
    const standby = this.#standby
    if (standby === null || standby.driver !== driver) return null
    this.#standby = null
    return standby.child.connected ? standby : null
  }

  /** Not before the one that was asked for is open: they would share its processor. */
  #standBy(driver: string): void {
    if (this.#standby === null && !this.#destroyed) this.#standby = this.#start(driver)
  }

  async destroy(): Promise<void> {
    this.#destroyed = true
    const ends = [...this.#processes].map(({ ended }) => ended)
    for (const { child } of this.#processes) {
      child.ref()
      child.kill('SIGKILL')
    }
    await Promise.all(ends)
  }
}

/** What a semi-space is of the young generation. https://github.com/v8/v8/blob/main/src/heap/heap.cc (YoungGenerationSizeFromSemiSpaceSize) */
const semiSpaceShare = 1 / 3

/** The flags of V8 for what a thread is told by its limits; they are whole megabytes. */
function heapFlags({ maxOldGenerationSizeMb, maxYoungGenerationSizeMb }: ResourceLimits): string[] {
  const flags: string[] = []
  if (maxOldGenerationSizeMb !== undefined) flags.push(`--max-old-space-size=${Math.ceil(maxOldGenerationSizeMb)}`)
  if (maxYoungGenerationSizeMb !== undefined) flags.push(`--max-semi-space-size=${Math.ceil(maxYoungGenerationSizeMb * semiSpaceShare)}`)
  return flags
}

/** Those of all pools: a program with many engines is to have one listener. */
const children = new Set<ChildProcess>()

/** One inside a native call hears nothing of the end of this process, and would go on with its locks held. */
function endWithThisThread(child: ChildProcess): void {
  if (children.size === 0) process.on('exit', killChildren)
  children.add(child)
}

function forget(child: ChildProcess): void {
  children.delete(child)
  if (children.size === 0) process.off('exit', killChildren)
}

function killChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** A process that serves one connection, or will. */
interface HostProcess {
  readonly child: ChildProcess
  readonly driver: string
  /** With nothing when it ended as it should, with the reason otherwise. */
  readonly ended: Promise<Error | null>
}

/** Resolves when the process has ended and everything that it sent has been read. */
async function endOf(child: ChildProcess): Promise<Error | null> {
  const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve))
  const reason = await new Promise<Error | null>((resolve) => {
    child.once('error', (error) => resolve(notStarted(error)))
    child.once('exit', (code, signal) => resolve(code === 0 ? null : new Error(`its process ended with ${signal ?? `exit code ${code}`}`)))
  })
  if (child.connected) await disconnected
  return reason
}

function notStarted(error: Error): DriverLoadError {
  return new DriverLoadError(`A process could not be started: ${error.message}`, { cause: error })
}

function noop(): void {}
