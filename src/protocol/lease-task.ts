import type { TransferListItem } from 'node:worker_threads'
import type { ServerSettings } from './server.ts'

/** What a host needs of its end of the channel: a `MessagePort`, or what stands for one in another process. */
export interface HostPort {
  postMessage(message: unknown, transfer?: readonly TransferListItem[]): void
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'close', listener: () => void): unknown
  removeAllListeners(event: 'close'): unknown
  unref(): void
  /** Resolves when all that was posted has left, null if it has: what a pipe does not take at once leaves by the event loop. */
  readonly leaving?: Promise<void> | null
  /** What is posted is not cloned: the other end is in the same thread. */
  readonly local?: boolean
}

/** What a worker thread is given with a lease: one connection, one port, one set of cancel slots. Plain data and transferred ports. */
export interface LeaseTask<P extends HostPort = HostPort> {
  readonly port: P
  /** Request ids that the user's side no longer wants: see `cancel-slots.ts`. */
  readonly cancelSlots: Int32Array
  /** Of whoever leases: see `version.ts`. */
  readonly version: string
  readonly connection: ConnectionSettings
}

/** As much of it as a process is given, which makes the rest itself. */
export type ProcessTask = Pick<LeaseTask, 'version' | 'connection'>

/** How a worker opens its connection; checked by the engine before it crosses. */
export interface ConnectionSettings {
  /** A driver of this package by name, or the URL of a third party's module. */
  readonly driver: string
  readonly database: string
  readonly uri: boolean
  readonly readonly: boolean
  readonly mustExist: boolean
  readonly busyTimeoutMs: number
  readonly pragmas: readonly (readonly [name: string, value: string])[]
  /** Where the server is; null for a database that is a file. */
  readonly server: ServerSettings | null
  /** URL of a module whose default export prepares each new connection. */
  readonly setup: string | undefined
  /** Path of the built interrupt extension, for a connection whose statements another thread may stop. */
  readonly interrupt: string | undefined
  /** How many bytes of an open cursor's rows the worker may keep for a statement that cannot run beside it. */
  readonly maxBufferedBytes: number
}

/** What the worker answers when its connection is open. */
export interface OpenedConnection {
  readonly threadId: number
  /** By which the connection is interrupted; null when it cannot be. */
  readonly interruptToken: number | null
}
