import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Client } from 'pg'

/** What pg's `Connection` has and its types leave out: the messages of the server as events, and the socket, which TLS replaces. */
export interface PgWire extends EventEmitter {
  readonly stream: Socket
  /** A path of a socket stands for a port. */
  connect(portOrPath: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
}

/** What pg's `Client` has and its types leave out. */
export interface PgClient extends Client {
  /** Names the server's process to whoever asks it to stop a statement. */
  readonly processID: number
  readonly secretKey: number
  /** False while a query of anybody's is on its way. */
  readonly readyForQuery: boolean
  /** What it tells the server of itself as it connects, settings of the session among it. */
  getStartupConf(): Record<string, string>
  unref(): void
}

/** The socket and its messages; pg's types show a part of them. */
export function wireOf(client: Client): PgWire {
  return client.connection as unknown as PgWire
}

/** One column of a result, as the server describes it. */
export interface FieldDescription {
  readonly name: string
  readonly dataTypeID: number
}

export interface DataRow {
  /** Of the message. */
  readonly length: number
  readonly fields: readonly (string | null)[]
}

/** The server is ready to take what a COPY reads, or begins to give what it writes. */
export interface CopyResponse {
  readonly binary: boolean
  /** One for each column. */
  readonly columnTypes: readonly number[]
}

/** What a COPY gives for one row. */
export interface CopyData {
  /** Of the message. */
  readonly length: number
  /** A part of the memory that the socket has read into. */
  readonly chunk: Buffer
}
