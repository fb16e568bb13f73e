import { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createCancelSlots, markCancelled } from '../src/protocol/cancel-slots.ts'
import type { HostPort, ProcessTask } from '../src/protocol/lease-task.ts'
import { type BridgeMessage, type CancelMessage, PortBridge } from '../src/protocol/port-bridge.ts'
import { watchRole } from '../src/protocol/process-role.ts'
import { ConnectionHost } from './connection-host.ts'
import { loadDriver } from './drivers/load-driver.ts'

/** How often it is asked whether the program still lives. */
const watchEveryMs = 500

/** The host's end of the channel to the other process. */
class ProcessPort extends EventEmitter implements HostPort {
  readonly #bridge: PortBridge
  /** Messages that are not known to have left. */
  #leaving = 0
  #left: PromiseWithResolvers<void> | null = null

  constructor() {
    super()
    this.#bridge = new PortBridge(
      (message) => {
        // The other process may end meanwhile; then so does this one.
        if (!process.connected) return
        process.send?.(message, undefined, undefined, () => this.#noteLeft())
        // Not what cannot be cloned: that does not leave.
        this.#leaving++
      },
      (data) => this.emit('message', data),
    )
  }

  postMessage(message: unknown): void {
    this.#bridge.post(message)
  }

  get leaving(): Promise<void> | null {
    if (this.#leaving === 0) return null
    this.#left ??= Promise.withResolvers()
    return this.#left.promise
  }

  #noteLeft(): void {
    if (--this.#leaving > 0) return
    this.#left?.resolve()
    this.#left = null
  }

  receive(message: BridgeMessage): void {
    this.#bridge.receive(message)
  }

  /** The process is there for this port alone. */
  unref(): void {}
}

async function preload(driver: string): Promise<void> {
  await (await loadDriver(driver)).load?.()
}

/**
 * What a child process does with `isolation: 'process'`: it is one connection. Its first message is how to open it; then come those of the
 * user's side. It ends with its connection, or with its parent.
 *
 * @param driver that it will need
 */
export function serveProcess(driver: string): void {
  // A process that stands by is ready but for the database. If the driver cannot be loaded, the connection will say so.
  void preload(driver).catch(() => {})
  process.once('message', (task: ProcessTask) => {
    const port = new ProcessPort()
    const cancelSlots = createCancelSlots()
    process.on('message', (message: BridgeMessage | CancelMessage) => {
      if ('cancel' in message) markCancelled(cancelSlots, message.cancel)
      else port.receive(message)
    })
    const host = new ConnectionHost({ ...task, port, cancelSlots })
    // What was sent goes out before the channel closes.
    void host.served.then(() => process.disconnect())
  })
  process.once('disconnect', () => process.exit())
  // Ctrl-C and a service's end reach every process of a group: the program may still have to commit, and ends this one itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  watchProgram()
}

/** Inside a native call nothing is heard of the end of a program that was killed: a thread looks after it, where one can be had. */
function watchProgram(): void {
  try {
    const watch = new Worker(String(process.argv[1]), { argv: [watchRole, String(process.ppid)] })
    watch.on('error', () => {})
    watch.unref()
  } catch {
    // No thread may be started: the process ends behind its call.
  }
}

/** Kills this process when the program that it is for has ended. */
export function endWithProgram(programId: number): void {
  setInterval(() => {
    if (process.ppid !== programId) process.kill(process.pid, 'SIGKILL')
  }, watchEveryMs)
}
