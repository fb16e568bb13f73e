import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { DriverFault } from './sqlite-errors.ts'

/**
 * What is used of mysql2: its connection, for the handshake, authentication, TLS, framing and a queue of commands. Its own commands stay out of
 * it, save for `query` on a connection that is only to kill a statement, and `changeUser`. They do not show the state of the transaction behind
 * rows, round or reformat some values, and keep a cache of statements in which two users of one text share one statement.
 */
export interface Mysql2 {
  createConnection(options: NativeOptions): NativeConnection
}

/** https://sidorares.github.io/node-mysql2/docs/documentation/connection-options (lib/connection_config.js). */
export interface NativeOptions {
  readonly host?: string
  readonly port?: number
  readonly socketPath?: string
  readonly user?: string
  readonly password?: string
  readonly database?: string
  readonly connectTimeout?: number
  /** In milliseconds. */
  readonly keepAliveInitialDelay?: number
  readonly charset: string
  readonly flags: readonly string[]
  readonly ssl?: NativeTls
  readonly connectAttributes?: Readonly<Record<string, string>>
}

export interface NativeTls extends Pick<ConnectionOptions, 'ca' | 'cert' | 'key'> {
  readonly rejectUnauthorized: boolean
  readonly verifyIdentity?: boolean
}

/** lib/base/connection.js */
export interface NativeConnection extends EventEmitter {
  /** The server's number of the connection. */
  readonly threadId: number
  readonly stream: Socket
  /** Of the next packet, in either direction. */
  sequenceId: number
  /** The server tells of MariaDB's own types; mysql2 asks for that where it knows how. */
  readonly _mariadbExtendedMetadata?: boolean
  connect(done: (error: unknown, handshake?: { readonly serverVersion?: string }) => void): void
  addCommand(command: NativeCommand): unknown
  write(bytes: Uint8Array): void
  query(sql: string, done: (error: unknown) => void): unknown
  changeUser(options: object, done: (error: unknown) => void): unknown
  pause(): void
  resume(): void
  end(): unknown
}

/** lib/commands/command.js */
export interface NativeCommand {
  /** Called without a packet when its turn has come, then with each packet of the answer; true when that was the last. It must not throw. */
  execute(packet: NativePacket | undefined, connection: NativeConnection): boolean
  /** The connection has ended before the answer. */
  onResult(error: unknown): void
}

/** lib/packets/packet.js. The object is another packet after the call that it came with, and the buffer stays what it is. */
export interface NativePacket {
  readonly sequenceId: number
  readonly buffer: Buffer
  readonly offset: number
  readonly end: number
  asError(encoding: string): Error
}

let loaded: Mysql2 | undefined

/** @throws {DriverFault} `driverLoad`: the package is missing or does not load */
export async function loadMysql2(): Promise<Mysql2> {
  if (loaded !== undefined) return loaded
  try {
    const module: { readonly default?: unknown } = await import('mysql2')
    // A CommonJS module, whose exports are its default export.
    loaded = module.default as Mysql2
    return loaded
  } catch (cause) {
    throw toLoadFault(cause)
  }
}

/** What kept the package from being loaded; first of all that nobody has installed it. */
export function toLoadFault(cause: unknown): DriverFault {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
  const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : 'unknown reason'
  const message = missing
    ? 'The driver mysql2 needs the package mysql2, which is not installed: npm install mysql2'
    : `The driver mysql2 could not be loaded: ${reason}`
  return new DriverFault('driverLoad', message, { cause })
}
