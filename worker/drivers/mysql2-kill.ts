import type { KillOutcome, KillQuery } from './mysql2-channel.ts'
import type { NativeConnection } from './mysql2-client.ts'
import { isServerError } from './mysql2-errors.ts'

/** How a statement is stopped: by KILL QUERY over a connection of its own, that `connect` opens. It is answered in `timeoutMs`, or nobody knows. */
export function killQueryBy(connect: () => Promise<NativeConnection>, timeoutMs: number): KillQuery {
  return async (threadId, isNeeded) => {
    let connection: NativeConnection
    try {
      connection = await connect()
    } catch {
      // The server takes no more connections, or none at all: what runs, runs on.
      return 'unsent'
    }
    const late = timeoutMs > 0 ? setTimeout(() => connection.stream.destroy(), timeoutMs) : undefined
    try {
      // Opening took a while, and the statement may have ended by itself.
      return isNeeded() ? await kill(connection, threadId) : 'unsent'
    } finally {
      clearTimeout(late)
      connection.end()
    }
  }
}

function kill(connection: NativeConnection, threadId: number): Promise<KillOutcome> {
  return new Promise((resolve) => {
    connection.query(`KILL QUERY ${threadId}`, (error) => {
      // Refused is answered as well: the connection is not there any more.
      resolve(error === null || error === undefined || isServerError(error) ? 'answered' : 'unknown')
    })
  })
}
