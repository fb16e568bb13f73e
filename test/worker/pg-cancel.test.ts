import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { pgDriver } from '../../worker/drivers/pg.ts'
import { firstRow, openOptions, query, rowsOf, wireErrorOf } from './open-driver.ts'
import { firstValue, openPg, processId, serverSettings, skipWithoutPostgres, untilActive, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

/** Between the driver and the server, so that a connection can fall silent or break. */
class Wire {
  readonly sockets = new Set<Socket>()
  readonly #server: Server
  /** No bytes pass, in either direction. */
  silent = false
  /** Whoever comes is sent away. */
  hangsUp = false

  constructor(server: Server) {
    this.#server = server
  }

  static async open(): Promise<Wire> {
    const { host = '127.0.0.1', port = 5432 } = serverSettings()
    const server = createServer({ allowHalfOpen: true }, (near) => {
      if (wire.hangsUp) {
        near.end()
        return
      }
      const far = connectSocket(port, host)
      for (const socket of [near, far]) {
        wire.sockets.add(socket)
        socket.on('error', () => undefined)
      }
      near.on('data', (bytes) => wire.silent || far.write(bytes))
      far.on('data', (bytes) => wire.silent || near.write(bytes))
      near.on('end', () => wire.silent || near.end())
      near.on('close', () => far.destroy())
      far.on('close', () => wire.silent || near.destroy())
    })
    const wire = new Wire(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    wires.push(wire)
    return wire
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port
  }

  /** The connections that there are stand. */
  refuseMore(): void {
    this.#server.close()
  }

  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.refuseMore()
    this.cut()
  }
}

const wires: Wire[] = []
afterEach(() => {
  for (const wire of wires.splice(0)) wire.close()
})

function lossOf(connection: DriverConnection): Promise<unknown> {
  return new Promise((resolve) => connection.onLost?.(resolve))
}

describe('cancel', () => {
  test('stops the statement that is running, and that one alone', async () => {
    const [connection, watcher] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    const sleeping = query(connection, 'select pg_sleep(60)')
    const failure = wireErrorOf(connection, () => sleeping)
    await untilActive(watcher, pid)
    await connection.cancel?.()
    expect(await failure).toMatchObject({ family: 'cancelled', driverCode: '57014' })
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })

  test('stops a script, a run without rows, and many rows', async () => {
    const [connection, watcher] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    await connection.script('create table t (a int)')
    const sleep = await connection.prepare('insert into t select 1 where pg_sleep(60)::text = $1', null)
    const works = [
      () => connection.script('select pg_sleep(60)'),
      () => sleep.run(['']),
      () => sleep.runEach?.({ values: ['', ''], width: 1, rowCount: 2 }, () => undefined),
      () => query(connection, 'insert into t select 1 where pg_sleep(60) is not null returning a'),
    ]
    for (const work of works) {
      const failure = wireErrorOf(connection, work)
      await untilActive(watcher, pid)
      await connection.cancel?.()
      expect(await failure).toMatchObject({ family: 'cancelled' })
      expect(await firstValue(connection, 'select count(*) from t')).toBe(0n)
    }
  })

  test('with nothing running it does nothing, and two at once are one', async () => {
    const [connection, watcher] = [await openPg(), await openPg()]
    await connection.cancel?.()
    const pid = await processId(connection)
    const failure = wireErrorOf(connection, () => query(connection, 'select pg_sleep(60)'))
    await untilActive(watcher, pid)
    const first = connection.cancel?.()
    expect(connection.cancel?.()).toBe(first)
    await first
    expect(await failure).toMatchObject({ family: 'cancelled' })
  })

  test.each([false, true])('an open result is given up (expected to be small: %s)', async (small) => {
    const connection = await openPg()
    const statement = await connection.prepare("select n, repeat('x', 1000) from generate_series(1, $1::int) n", null)
    for (const taken of [1, 90, 1_200]) {
      if (small) await rowsOf(statement, [1])
      const rows = statement.iterate([1_000_000])
      for (let count = 0; count < taken; count++) await rows.next()
      await connection.cancel?.()
      expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'cancelled' })
      expect(await rows.next()).toMatchObject({ done: true })
      await rows.return()
      expect(await firstValue(connection, 'select 1')).toBe(1n)
    }
  })

  test('inside a transaction the transaction fails, and can be rolled back', async () => {
    const [connection, watcher] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    await connection.script('begin')
    const failure = wireErrorOf(connection, () => query(connection, 'select pg_sleep(60)'))
    await untilActive(watcher, pid)
    await connection.cancel?.()
    expect(await failure).toMatchObject({ family: 'cancelled' })
    expect(connection.inTransaction).toBe(true)
    await connection.script('rollback')
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })

  test('200 of them against quick statements never hit the next one', async () => {
    const connection = await openPg()
    const quick = await connection.prepare('select $1::int', null)
    const next = await connection.prepare('select $1::int + 1', null)
    const outcomes = { finished: 0, cancelled: 0 }
    for (let round = 0; round < 200; round++) {
      const running = rowsOf(quick, [round])
      running.catch(() => undefined)
      // A different moment each time: while it is sent, while it runs, when it has been answered.
      for (let turn = 0; turn < round % 4; turn++) await new Promise((resolve) => setImmediate(resolve))
      const cancelling = connection.cancel?.()
      // Held back until no cancellation can hit it.
      const following = rowsOf(next, [round])
      const [first] = await Promise.allSettled([running, cancelling])
      if (first.status === 'fulfilled') expect(first.value).toEqual([[BigInt(round)]])
      else expect(connection.toWireError(first.reason)).toMatchObject({ family: 'cancelled' })
      outcomes[first.status === 'fulfilled' ? 'finished' : 'cancelled']++
      expect(await following).toEqual([[BigInt(round + 1)]])
      expect(await firstRow(next, [round])).toEqual([BigInt(round + 1)])
    }
    expect(outcomes.finished + outcomes.cancelled).toBe(200)
  })

  test("also what somebody runs with pg's own client", async () => {
    const [connection, watcher] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    const client = connection.handle as { query(sql: string): Promise<unknown> }
    const failure = wireErrorOf(connection, () => client.query('select pg_sleep(60)'))
    await untilActive(watcher, pid)
    await connection.cancel?.()
    expect(await failure).toMatchObject({ driverCode: '57014' })
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })

  test('where it cannot be delivered, what writes goes on and tells its rows, and a query is over all the same', async () => {
    const [wire, watcher] = [await Wire.open(), await openPg()]
    const connection = await openPg({ host: '127.0.0.1', port: wire.port })
    const pid = await processId(connection)
    await connection.script('create table t (a int)')
    wire.refuseMore()
    const work = [
      ['insert into t select 1 from pg_advisory_xact_lock(4712) returning a', [[1n]]],
      ["insert into t select n from pg_advisory_xact_lock(4712), generate_series(1, 50000) n returning repeat('x', 100)", 50_000],
      ['select 1 from pg_advisory_xact_lock(4712)', 'cancelled'],
    ] as const
    for (const [sql, expected] of work) {
      await watcher.script('select pg_advisory_lock(4712)')
      const running = query(connection, sql)
      const outcome = running.then(
        (rows) => (typeof expected === 'number' ? rows.length : rows),
        (error: unknown) => connection.toWireError(error).family,
      )
      await untilActive(watcher, pid)
      await connection.cancel?.()
      await watcher.script('select pg_advisory_unlock(4712)')
      expect(await outcome).toEqual(expected)
    }
  })

  test('where it is not answered the connection is given up', async () => {
    const wire = await Wire.open()
    const connection = await openPg({ host: '127.0.0.1', port: wire.port, connectTimeoutMs: 200 })
    const lost = lossOf(connection)
    const failure = wireErrorOf(connection, () => query(connection, 'select pg_sleep(60)'))
    wire.silent = true
    await connection.cancel?.()
    expect(await failure).toMatchObject({ family: 'operational', connectionLost: true })
    expect(connection.toWireError(await lost)).toMatchObject({ connectionLost: true })
  })
})

describe('a lost connection', () => {
  test('is told once, and the statement that was running fails with it', async () => {
    const [connection, killer] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    let told = 0
    const lost = new Promise((resolve) => {
      connection.onLost?.((error) => {
        told++
        resolve(error)
      })
    })
    const failure = wireErrorOf(connection, () => query(connection, 'select pg_sleep(60)'))
    await untilActive(killer, pid)
    await query(killer, 'select pg_terminate_backend($1)', [pid])
    expect(await failure).toMatchObject({ family: 'operational', driverCode: '57P01', retryable: true, connectionLost: true })
    expect(connection.toWireError(await lost)).toMatchObject({ driverCode: '57P01', connectionLost: true })
    expect(connection.inTransaction).toBe(false)
    for (const work of [
      () => query(connection, 'select 1'),
      () => connection.script('select 1'),
      () => connection.ping?.(),
      () => connection.reset?.(false),
    ]) {
      expect(await wireErrorOf(connection, work)).toMatchObject({ family: 'operational', connectionLost: true })
    }
    await connection.cancel?.()
    await connection.close()
    connection.destroy?.()
    expect(told).toBe(1)
  })

  test('an idle one is told too, also to who asks late', async () => {
    const [connection, killer] = [await openPg(), await openPg()]
    const pid = await processId(connection)
    const lost = lossOf(connection)
    await query(killer, 'select pg_terminate_backend($1)', [pid])
    expect(connection.toWireError(await lost)).toMatchObject({ family: 'operational', driverCode: '57P01', connectionLost: true })
    expect(connection.toWireError(await lossOf(connection))).toMatchObject({ driverCode: '57P01' })
  })

  test('whose socket breaks', async () => {
    const wire = await Wire.open()
    const connection = await openPg({ host: '127.0.0.1', port: wire.port })
    const statement = await connection.prepare("select n, repeat('x', 1000) from generate_series(1, 1000000) n", null)
    const rows = statement.iterate([])
    await rows.next()
    const lost = lossOf(connection)
    wire.cut()
    await lost
    const drain = async (): Promise<void> => {
      while ((await rows.next()).done !== true);
    }
    expect(await wireErrorOf(connection, drain)).toMatchObject({ family: 'operational', retryable: true, connectionLost: true })
    await rows.return()
  })

  test('is not told after close or destroy', async () => {
    for (const end of ['close', 'destroy'] as const) {
      const connection = await openPg()
      let told = false
      connection.onLost?.(() => {
        told = true
      })
      const failure = wireErrorOf(connection, () => query(connection, 'select pg_sleep(60)'))
      await connection[end]?.()
      expect(await failure).toMatchObject({ family: 'operational', connectionLost: true })
      await connection.close()
      expect(told).toBe(false)
    }
  })

  test('a server that has fallen silent does not keep the connection from closing', async () => {
    const wire = await Wire.open()
    const connection = await openPg({ host: '127.0.0.1', port: wire.port })
    wire.silent = true
    const pinging = wireErrorOf(connection, () => connection.ping?.())
    await connection.close()
    expect(await pinging).toMatchObject({ connectionLost: true })
    const idle = await Wire.open()
    const other = await openPg({ host: '127.0.0.1', port: idle.port })
    idle.silent = true
    await other.close()
  })

  test('a server that accepts and hangs up may be there the next time', async () => {
    const wire = await Wire.open()
    wire.hangsUp = true
    const server = serverSettings({ host: '127.0.0.1', port: wire.port })
    const error = await wireErrorOf(pgDriver, () => pgDriver.open(openOptions('', { server })))
    expect(error).toMatchObject({ family: 'operational', driverCode: '08006', retryable: true })
  })

  test('a server that accepts and says nothing is left after the time that it was given', async () => {
    const wire = await Wire.open()
    wire.silent = true
    const server = serverSettings({ host: '127.0.0.1', port: wire.port, connectTimeoutMs: 100, password: 'hunter2' })
    const error = await wireErrorOf(pgDriver, () => pgDriver.open(openOptions('', { server })))
    expect(error).toMatchObject({
      family: 'operational',
      driverCode: 'ETIMEDOUT',
      retryable: true,
      message: expect.stringContaining('100 ms'),
    })
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })
})
