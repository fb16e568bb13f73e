import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Load, LoadReport } from './load-program.ts'

/** A process that sends requests to a server and times the answers; between two runs it waits. */
export class LoadGenerator {
  readonly #process: ChildProcess

  static async start(): Promise<LoadGenerator> {
    const child = fork(fileURLToPath(new URL('./load-program.ts', import.meta.url)))
    await once(child, 'message')
    return new LoadGenerator(child)
  }

  private constructor(child: ChildProcess) {
    this.#process = child
  }

  async run(load: Load): Promise<LoadReport> {
    const ended = new AbortController()
    const exit = once(this.#process, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('The process that generates load has ended.')
    })
    const report = once(this.#process, 'message', { signal: ended.signal })
    this.#process.send(load)
    try {
      const [message] = await Promise.race([report, exit])
      return message
    } finally {
      // The loser of the race.
      exit.catch(() => {})
      ended.abort()
    }
  }

  async close(): Promise<void> {
    if (!this.#process.connected) return
    const exit = once(this.#process, 'exit')
    this.#process.disconnect()
    await exit
  }
}
