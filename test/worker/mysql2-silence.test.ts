import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { query, rowsOf, wireErrorOf } from './open-driver.ts'
import { describeMysql, isMariadb, openMysql, run, testServer } from './open-mysql.ts'

/** Between the driver and the server, so that a connection can fall silent, break, or be the last one. */
class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  silent = false

  private constructor(server: Server) {
    this.#server = server
  }

  static async open(): Promise<Wire> {
    const server = createServer((near) => {
      const far = connect(testServer.port ?? 3306, testServer.host)
      for (const socket of [near, far]) {
        wire.#sockets.add(socket)
        socket.on('error', () => {})
      }
      near.on('data', (bytes) => wire.silent || far.write(bytes))
      far.on('data', (bytes) => wire.silent || near.write(bytes))
      near.on('close', () => far.destroy())
      far.on('close', () => near.destroy())
    })
    const wire = new Wire(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    wires.push(wire)
    return wire
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The connections that there are stand. */
  refuseMore(): void {
    this.#server.close()
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }
}

const wires: Wire[] = []
afterEach(() => {
  for (const wire of wires.splice(0)) {
    wire.refuseMore()
    wire.cut()
  }
})

describeMysql('a connection that', () => {
  test('falls silent fails its ping in time, and is lost', async () => {
    const wire = await Wire.open()
    const connection = await openMysql({ server: { host: '127.0.0.1', port: wire.port, connectTimeoutMs: 200 } })
    const lost = new Promise((resolve) => connection.onLost?.(resolve))
    await connection.ping?.()
    wire.silent = true
    expect(await wireErrorOf(connection, () => connection.ping?.())).toMatchObject({ family: 'operational', connectionLost: true })
    await lost
  })

  test('is cut fails what runs, and tells the listener', async () => {
    const wire = await Wire.open()
    const connection = await openMysql({ server: { host: '127.0.0.1', port: wire.port } })
    const lost = new Promise((resolve) => connection.onLost?.(resolve))
    const running = wireErrorOf(connection, () => query(connection, 'select sleep(10) from information_schema.tables'))
    wire.cut()
    expect(await running).toMatchObject({ family: 'operational', connectionLost: true, retryable: true })
    expect(connection.toWireError(await lost)).toMatchObject({ family: 'operational' })
  })

  test('is the last one that the server takes cannot be cancelled: what runs comes to its end', async () => {
    const wire = await Wire.open()
    const connection = await openMysql({ server: { host: '127.0.0.1', port: wire.port } })
    await connection.script('drop table if exists w; create table w (a int)')
    wire.refuseMore()
    const statement = await connection.prepare('insert into w select sleep(0.1) + 1', null)
    const running = statement.run([])
    await connection.cancel?.()
    expect((await running).changes).toBe(1)
    expect(await query(connection, 'select a from w')).toEqual([[1n]])
  })

  test.runIf(isMariadb)('cannot be cancelled gives the rows of what has written, and ends a query all the same', async () => {
    const wire = await Wire.open()
    const connection = await openMysql({ server: { host: '127.0.0.1', port: wire.port } })
    await connection.script('drop table if exists w; create table w (a int)')
    const insert = await connection.prepare("insert into w select seq from seq_1_to_5000 returning a, repeat('x', 100)", null)
    const select = await connection.prepare('select a from w', null)
    wire.refuseMore()
    const rows = insert.iterate([])
    await rows.next()
    await connection.cancel?.()
    let count = 1
    while ((await rows.next()).done !== true) count++
    expect(count).toBe(5_000)
    const reading = select.iterate([])
    await reading.next()
    await connection.cancel?.()
    expect(await wireErrorOf(connection, () => reading.next())).toMatchObject({ family: 'cancelled' })
    expect(await rowsOf(select)).toHaveLength(5_000)
    await run(connection, 'truncate w')
  })
})
