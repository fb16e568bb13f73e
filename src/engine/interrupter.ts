import { ReplyKind, RequestKind } from '../protocol/frames.ts'
import { Lease } from '../transport/lease.ts'
import type { HostPool } from '../transport/process-pool.ts'

/**
 * Stops statements that are inside a native call. It has a thread of its own with a private connection, on which nobody's SQL runs: the
 * user's thread loads no driver, and the one to be interrupted reads no messages.
 */
export class Interrupter {
  readonly #lease: Lease
  readonly #loaded: Promise<unknown>
  readonly #workerFile: URL

  constructor(threads: HostPool, extension: string) {
    this.#workerFile = threads.workerFile
    this.#lease = Lease.start(threads, {
      settings: {
        driver: 'better-sqlite3',
        database: 'file:/offloop-interrupt?vfs=memdb',
        uri: true,
        readonly: false,
        mustExist: false,
        busyTimeoutMs: 0,
        pragmas: [],
        server: null,
        setup: undefined,
        interrupt: undefined,
        maxBufferedBytes: 0,
      },
      statementCacheSize: 1,
    })
    this.#loaded = this.#lease.opened().then(() => this.#call('loadInterrupt', [extension]))
    // Looked at by `interrupt`, and only then.
    this.#loaded.catch(() => {})
  }

  /** Asks for the request to be interrupted if the connection behind the token is inside it. Never rejects: it may have ended meanwhile. */
  async interrupt(cells: Int32Array, requestId: number, token: number): Promise<void> {
    try {
      await this.#loaded
      await this.#call('interrupt', [cells, requestId, token])
    } catch {
      // Then nothing is interrupted, and the connection stays in quarantine until its call returns.
    }
  }

  async #call(name: string, args: readonly unknown[]): Promise<void> {
    const { channel } = this.#lease
    const reply = this.#lease.request((id) =>
      channel.post({ kind: RequestKind.call, id, flags: 0, module: this.#workerFile.href, name, args }),
    )
    // Not with the tick's batch: it is waited for.
    channel.flush()
    const { kind } = await reply
    if (kind !== ReplyKind.value) throw new Error(`"${name}" failed in the interrupting thread`)
  }

  close(): Promise<void> {
    return this.#lease.close()
  }
}
