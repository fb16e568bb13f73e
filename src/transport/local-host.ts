import type { MessagePort } from 'node:worker_threads'
import { DriverLoadError } from '../errors.ts'
import type { LeaseTask } from '../protocol/lease-task.ts'
import { LocalPort } from './local-port.ts'
import type { HostPool } from './process-pool.ts'
import type { ThreadLease } from './thread-pool.ts'

/** Connections on the user's own thread, for drivers that do not block it: no thread to wake, and every row costs the thread that reads it. */
export class LocalHost implements HostPool {
  readonly workerFile: URL
  readonly #ends = new Set<Promise<unknown>>()

  constructor(workerFile: URL) {
    this.workerFile = workerFile
  }

  createPorts(): readonly [LocalPort, LocalPort] {
    return LocalPort.pair()
  }

  lease(task: LeaseTask<MessagePort>): ThreadLease {
    const left = Promise.withResolvers<null>()
    const ended = Promise.race([serve(this.workerFile, task), left.promise]).finally(() => this.#ends.delete(ended))
    this.#ends.add(ended)
    // Its port is closed: whatever it is at, nobody waits for it.
    return { ended, shared: true, markStarted() {}, terminate: () => left.resolve(null) }
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#ends)
  }
}

async function serve(workerFile: URL, task: LeaseTask<MessagePort>): Promise<Error | null> {
  let host: { readonly default: (task: LeaseTask<MessagePort>) => Promise<void> }
  try {
    host = await import(/* webpackIgnore: true */ /* @vite-ignore */ /* turbopackIgnore: true */ workerFile.href)
  } catch (error) {
    task.port.close()
    return new DriverLoadError(`What runs the driver could not be loaded: ${(error as Error).message}`, { cause: error })
  }
  try {
    await host.default(task)
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
