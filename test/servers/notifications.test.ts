import { expect, test } from 'vitest'
import { describeServers } from './servers.ts'

describeServers(
  (server) => {
    test('what is sent after listen() comes out in its order', async () => {
      const engine = server.engine()
      await using conn = await engine.connect()
      await using stream = await conn.listen('offloop "odd" channel')
      await engine.transaction(async (tx) => {
        for (let n = 0; n < 100; n++) await tx.execute('select pg_notify($1, $2)', ['offloop "odd" channel', `${n}`])
      })
      const payloads: string[] = []
      for await (const { payload, channel, processId } of stream) {
        expect(channel).toBe('offloop "odd" channel')
        expect(processId).toBeGreaterThan(0)
        payloads.push(payload)
        if (payloads.length === 100) break
      }
      expect(payloads).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`))
      // The loop has been left: nobody listens any more.
      expect(await conn.execute('select pg_listening_channels()').scalars()).toEqual([])
    })

    test('a stream ends with its connection, and fails when the server cuts that off', async () => {
      const engine = server.engine()
      const conn = await engine.connect()
      const stream = await conn.listen('offloop')
      const waiting = stream.next()
      await conn.close()
      expect(await waiting).toEqual({ value: undefined, done: true })

      const other = await engine.connect()
      const cut = await other.listen('offloop')
      const failing = expect(cut.next()).rejects.toMatchObject({ name: 'OperationalError', driverCode: '57P01' })
      const pid = await other.scalar<number>('select pg_backend_pid()')
      await engine.execute('select pg_terminate_backend($1)', [pid])
      await failing
      await other.close()
    })
  },
  ['postgresql'],
)

describeServers(
  (server) => {
    test('says that there are none', async () => {
      await using conn = await server.engine().connect()
      await expect(conn.listen('offloop')).rejects.toMatchObject({ name: 'NotSupportedError', message: 'mysql has no LISTEN and NOTIFY.' })
    })
  },
  ['mysql'],
)
