import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Certificate } from './make-certificate.ts'
import { testServer } from './open-mysql.ts'

/** Of what either side can: https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html */
const CLIENT_SSL = 0x0800
const OK = 0x00
const ERROR = 0xff

/**
 * Gives the tests' server TLS, whatever it has itself. Counts who came encrypted. What a client says to ask for TLS never reaches the server,
 * so that the packets of the handshake are numbered differently on the two sides.
 */
export class MysqlTlsFront {
  readonly #identity: { readonly cert: Buffer; readonly key: Buffer }
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  encrypted = 0

  constructor({ certFile, keyFile }: Certificate) {
    this.#identity = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
    this.#server = createServer((near) => {
      const far = connect(testServer.port ?? 3306, testServer.host)
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
      }
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy())
      this.#serve(near, far).catch(() => near.destroy())
    })
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #serve(near: Socket, far: Socket): Promise<void> {
    const greeting = await readPacket(far)
    const flagsAt = greeting.indexOf(0, 5) + 14
    greeting.writeUInt16LE(greeting.readUInt16LE(flagsAt) | CLIENT_SSL, flagsAt)
    near.write(greeting)
    await readPacket(near)
    const secure = new TLSSocket(near, { isServer: true, ...this.#identity })
    secure.on('error', () => undefined)
    const response = await readPacket(secure)
    this.encrypted++
    response.writeUInt16LE(response.readUInt16LE(4) & ~CLIENT_SSL, 4)
    far.write(renumbered(response, -1))
    for (;;) {
      const answer = await readPacket(far)
      secure.write(renumbered(answer, 1))
      if (answer[4] === OK || answer[4] === ERROR) break
      far.write(renumbered(await readPacket(secure), -1))
    }
    secure.pipe(far).pipe(secure)
  }
}

function renumbered(packet: Buffer, by: number): Buffer {
  packet[3] = (packet[3] as number) + by
  return packet
}

async function readPacket(stream: Duplex): Promise<Buffer> {
  const header = await readBytes(stream, 4)
  return Buffer.concat([header, await readBytes(stream, header.readUIntLE(0, 3))])
}

async function readBytes(stream: Duplex, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = stream.read(count) as Buffer | null
    if (bytes?.length === count) return bytes
    await once(stream, 'readable')
  }
}
