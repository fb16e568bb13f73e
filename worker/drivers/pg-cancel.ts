import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Connection } from 'pg'
import type { PgClient, PgWire } from './pg-wire.ts'
import { wireOf } from './pg-wire.ts'

/** Where the server of a connection is, for another one to the very same server. */
export interface ServerPlace {
  readonly Connection: typeof Connection
  readonly host: string
  readonly port: number
  readonly tls: ConnectionOptions | null
  readonly timeoutMs: number
}

/**
 * `delivered`: the server has passed it on, to whatever its process is doing at that moment. `unsent`: it has not left. `unknown`: it has
 * left and was not answered, so that it may still be passed on at any time.
 */
export type CancelOutcome = 'delivered' | 'unsent' | 'unknown'

/**
 * Asks the server, over a connection of its own, to stop what the client's connection is running. The server closes that connection when it
 * has signalled its process. Encrypted like the client's own: who reads the key can stop its statements.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function requestCancel(client: PgClient, place: ServerPlace): Promise<CancelOutcome> {
  const { host, port, tls, timeoutMs } = place
  const wire = new place.Connection(tls === null ? {} : { ssl: sameServer(tls, host) }) as unknown as PgWire
  return new Promise((resolve) => {
    let sent = false
    const finish = (outcome: CancelOutcome): void => {
      clearTimeout(timer)
      wire.stream.destroy()
      resolve(outcome)
    }
    const timer = setTimeout(() => finish(sent ? 'unknown' : 'unsent'), timeoutMs)
    const send = (): void => wire.cancel(client.processID, client.secretKey)
    wire.on('connect', () => {
      if (tls !== null) return wire.requestSsl()
      sent = true
      send()
    })
    wire.on('sslconnect', () => {
      // Written now, it leaves when the handshake is over.
      wire.stream.once('secureConnect', () => {
        sent = true
      })
      send()
    })
    // A server that closes while something is unread resets the connection.
    wire.on('error', () => finish(sent ? 'delivered' : 'unsent'))
    wire.on('end', () => finish(sent ? 'delivered' : 'unsent'))
    if (host.startsWith('/')) wire.connect(`${host}/.s.PGSQL.${port}`)
    else wire.connect(port, addressOf(client) ?? host)
  })
}

/** A name may stand for several servers, and the key is one of them's only. */
function addressOf(client: PgClient): string | undefined {
  return wireOf(client).stream.remoteAddress
}

/** The certificate is for the name, though the address is what is connected to. */
function sameServer(tls: ConnectionOptions, host: string): ConnectionOptions {
  return isIP(host) === 0 ? { ...tls, host, servername: host } : { ...tls, host }
}
