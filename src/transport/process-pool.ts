import { type ChildProcess, fork } from 'node:child_process'
import type { MessagePort } from 'node:worker_threads'
import { DriverLoadError } from '../errors.ts'
import type { LeaseTask } from '../protocol/lease-task.ts'
import { type BridgeMessage, type CancelMessage, PortBridge } from '../protocol/port-bridge.ts'
import type { ThreadLease, ThreadPool } from './thread-pool.ts'

/** What leases connections a place to run in: threads, or processes. */
export type HostPool = Pick<ThreadPool, 'lease' | 'destroy'>

const entry = new URL('../../worker/process-entry.js', import.meta.url)

/**
 * Connections in child processes, for statements that must be stopped whatever they do: a process can be killed in the middle of a native
 * call. Dearer than threads: each batch is cloned four times instead of twice, and a process costs what a Node.js costs.
 */
export class ProcessPool implements HostPool {
  readonly #children = new Map<ChildProcess, Promise<void>>()

  lease(task: LeaseTask<MessagePort>): ThreadLease {
    const child = fork(entry, [], { serialization: 'advanced', execArgv: [], env: childEnvironment() })
    const { port } = task
    const bridge = new PortBridge(
      (message) => {
        // It may be dying: what is lost with it is settled by its end.
        if (child.connected) child.send(message, noop)
      },
      (data, transfer) => port.postMessage(data, transfer),
    )
    port.on('message', (data: unknown) => bridge.post(data))
    // What holds the event loop is for the statement channel to say.
    port.unref()
    child.on('message', (message: BridgeMessage) => bridge.receive(message))
    const ended = endOf(child).finally(() => {
      this.#children.delete(child)
      bridge.close()
      port.close()
    })
    this.#children.set(
      child,
      ended.then(() => {}),
    )
    child.send(task.connection, noop)
    // Like an idle thread, an idle process keeps no program alive.
    child.unref()
    child.channel?.unref()
    const cancel = (requestId: number): void => {
      if (child.connected) child.send({ cancel: requestId } satisfies CancelMessage, noop)
    }
    return { ended, markStarted() {}, terminate: () => void child.kill('SIGKILL'), cancel }
  }

  async destroy(): Promise<void> {
    const ended = [...this.#children.values()]
    for (const child of this.#children.keys()) {
      child.ref()
      child.kill('SIGKILL')
    }
    await Promise.all(ended)
  }
}

/** Resolves when the process has ended and everything that it sent has been read. */
async function endOf(child: ChildProcess): Promise<Error | null> {
  const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve))
  const reason = await new Promise<Error | null>((resolve) => {
    child.once('error', (error) => resolve(new DriverLoadError(`A process could not be started: ${error.message}`, { cause: error })))
    child.once('exit', (code, signal) => resolve(code === 0 ? null : new Error(`its process ended with ${signal ?? `exit code ${code}`}`)))
  })
  if (child.connected) await disconnected
  return reason
}

function noop(): void {}

function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _dropped, ...rest } = process.env
  return rest
}
