import { expect, test } from 'vitest'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { firstRow, query, rowsOf, wireErrorOf } from './open-driver.ts'
import { describeMysql, isMariadb, openMysql, run, threadIdOf } from './open-mysql.ts'

/** Resolves when the server runs a statement of the connection that is like the text. */
async function untilRunning(watcher: DriverConnection, connection: DriverConnection, text: string): Promise<void> {
  const statement = await watcher.prepare('select info from information_schema.processlist where id = ?', null)
  for (;;) {
    const row = await firstRow(statement, [threadIdOf(connection)])
    if (String(row?.[0]).includes(text)) break
  }
  statement.finalize()
}

describeMysql('cancel', () => {
  test('a long statement is stopped and fails as cancelled, and the next one runs', async () => {
    const [connection, watcher] = [await openMysql(), await openMysql()]
    await connection.script('drop table if exists c; create table c (id int primary key); insert into c values (1), (2), (3)')
    const sql = 'select sleep(10) from information_schema.tables'
    const ways = [
      () => query(connection, sql),
      () => run(connection, 'update c set id = id where sleep(10) = 0'),
      () => connection.script(`do 1; ${sql}`),
    ]
    for (const way of ways) {
      const running = wireErrorOf(connection, way)
      await untilRunning(watcher, connection, 'sleep(10)')
      const startedAt = performance.now()
      // Two at once are one.
      await Promise.all([connection.cancel?.(), connection.cancel?.()])
      expect(await running).toMatchObject({ family: 'cancelled', driverCode: 'ER_QUERY_INTERRUPTED' })
      expect(performance.now() - startedAt).toBeLessThan(5_000)
      expect(await query(connection, 'select 1')).toEqual([[1n]])
    }
  })

  test('rows that are being read, and wait to be, are cancelled', async () => {
    const connection = await openMysql()
    const endless = await connection.prepare(
      'select a.table_name from information_schema.columns a, information_schema.columns b, information_schema.columns c',
      null,
    )
    for (const taken of [1, 1_500]) {
      const rows = endless.iterate([])
      for (let row = 0; row < taken; row++) await rows.next()
      await connection.cancel?.()
      expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'cancelled' })
      await rows.return()
      expect(await query(connection, 'select 1')).toEqual([[1n]])
    }
  })

  test('a cancellation while a statement is prepared is one of the statement', async () => {
    const connection = await openMysql()
    for (let round = 0; round < 20; round++) {
      const running = wireErrorOf(connection, () => run(connection, 'select sleep(10) into @x'))
      await connection.cancel?.()
      expect(await running).toMatchObject({ family: 'cancelled' })
      const script = wireErrorOf(connection, () => connection.script('do 1; select sleep(10) from information_schema.tables'))
      await connection.cancel?.()
      expect(await script).toMatchObject({ family: 'cancelled' })
    }
  })

  test('with nothing running, nothing is asked and nothing is hit', async () => {
    const connection = await openMysql()
    await connection.cancel?.()
    expect(await query(connection, 'select 1')).toEqual([[1n]])
  })

  test('200 cancellations that race with quick statements never hit the next one', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists c; create table c (id int primary key); insert into c values (1), (2), (3)')
    const select = await connection.prepare('select id from c where id >= ? order by id', null)
    const counts = { finished: 0, cancelled: 0 }
    for (let round = 0; round < 200; round++) {
      const running = rowsOf(select, [1]).then(
        () => counts.finished++,
        (error: unknown) => {
          expect(connection.toWireError(error).family).toBe('cancelled')
          counts.cancelled++
        },
      )
      const cancelling = connection.cancel?.()
      // The next one is given at once, in every second round without waiting for the cancellation.
      if (round % 2 === 0) await Promise.all([running, cancelling])
      else await running
      expect(await rowsOf(select, [2])).toEqual([[2n], [3n]])
      await cancelling
    }
    expect(counts.finished + counts.cancelled).toBe(200)
  }, 60_000)

  test('200 cancellations at about the end of a short sleep never hit the next statement', async () => {
    const connection = await openMysql()
    const sleeping = await connection.prepare('select sleep(?) into @slept', null)
    const next = await connection.prepare('select sleep(0.01) into @slept', null)
    const counts = { finished: 0, cancelled: 0 }
    for (let round = 0; round < 200; round++) {
      const running = Promise.resolve(sleeping.run([0.0005 + (round % 20) * 0.0005])).then(
        () => counts.finished++,
        (error: unknown) => {
          expect(connection.toWireError(error).family).toBe('cancelled')
          counts.cancelled++
        },
      )
      const cancelling = connection.cancel?.()
      await running
      if (round % 2 === 0) await cancelling
      // Given before the cancellation is over, in every second round.
      await next.run([])
      await cancelling
    }
    expect(counts.finished).toBeGreaterThan(0)
    expect(counts.cancelled).toBeGreaterThan(0)
  }, 60_000)

  test('a transaction survives the cancellation of a statement in it', async () => {
    const [connection, watcher] = [await openMysql(), await openMysql()]
    await connection.script('drop table if exists c; create table c (id int primary key) engine = InnoDB; begin; insert into c values (1)')
    const running = wireErrorOf(connection, () => query(connection, 'select sleep(10) from c'))
    await untilRunning(watcher, connection, 'sleep(10)')
    await connection.cancel?.()
    expect(await running).toMatchObject({ family: 'cancelled' })
    expect(connection.inTransaction).toBe(true)
    await run(connection, 'commit')
    expect(await query(connection, 'select id from c')).toEqual([[1n]])
  })

  test("what somebody runs with mysql2's own client is stopped as well", async () => {
    const [connection, watcher] = [await openMysql(), await openMysql()]
    const handle = connection.handle as { query(sql: string, done: (error: unknown) => void): void }
    for (let round = 0; round < 3; round++) {
      const running = new Promise((resolve) => handle.query('select sleep(10) from information_schema.tables', resolve))
      await untilRunning(watcher, connection, 'sleep(10)')
      await connection.cancel?.()
      expect(connection.toWireError(await running)).toMatchObject({ driverCode: 'ER_QUERY_INTERRUPTED' })
      expect(await query(connection, 'select 1')).toEqual([[1n]])
    }
    expect(connection.inTransaction).toBe(false)
  })

  test("somebody else's KILL QUERY is no cancellation of ours", async () => {
    const [connection, watcher] = [await openMysql(), await openMysql()]
    const running = wireErrorOf(connection, () => query(connection, 'select sleep(10) from information_schema.tables'))
    await untilRunning(watcher, connection, 'sleep(10)')
    await run(watcher, `kill query ${threadIdOf(connection)}`)
    expect(await running).toMatchObject({ family: 'operational', driverCode: 'ER_QUERY_INTERRUPTED' })
    expect(await query(connection, 'select 1')).toEqual([[1n]])
  })

  test('a statement that takes longer than the server is told to allow is stopped by it', async () => {
    const connection = await openMysql({ server: { statementTimeoutMs: 100 } })
    const startedAt = performance.now()
    const error = await wireErrorOf(connection, () => query(connection, 'select benchmark(1e12, md5(1)) from information_schema.tables'))
    expect(error).toMatchObject({ family: 'operational', driverCode: isMariadb ? 'ER_STATEMENT_TIMEOUT' : 'ER_QUERY_TIMEOUT' })
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(await query(connection, 'select 1')).toEqual([[1n]])
  })
})

describeMysql('a connection that is killed', () => {
  test('fails the running statement as lost, and tells the listener once', async () => {
    const [connection, watcher] = [await openMysql(), await openMysql()]
    const losses: unknown[] = []
    const lost = new Promise<void>((resolve) => {
      connection.onLost?.((error) => {
        losses.push(error)
        resolve()
      })
    })
    const running = wireErrorOf(connection, () => query(connection, 'select sleep(10) from information_schema.tables'))
    await untilRunning(watcher, connection, 'sleep(10)')
    await run(watcher, `kill ${threadIdOf(connection)}`)
    expect(await running).toMatchObject({ family: 'operational', connectionLost: true })
    await lost
    expect(losses).toHaveLength(1)
    expect(connection.toWireError(losses[0])).toMatchObject({ family: 'operational' })
    const error = await wireErrorOf(connection, () => query(connection, 'select 1'))
    expect(error).toMatchObject({ family: 'operational', connectionLost: true })
    await connection.cancel?.()
    await connection.close()
  })

  test('tells the listener while it is idle, and one that comes later as well', async () => {
    const [connection, watcher] = [await openMysql(), await openMysql()]
    const lost = new Promise((resolve) => connection.onLost?.(resolve))
    await run(watcher, `kill ${threadIdOf(connection)}`)
    const error = connection.toWireError(await lost)
    expect(error).toMatchObject({ family: 'operational', connectionLost: true })
    expect(connection.toWireError(await new Promise((resolve) => connection.onLost?.(resolve)))).toEqual(error)
  })

  test('fails rows that are being read, behind those that have come', async () => {
    const [connection, watcher] = [await openMysql(), await openMysql()]
    const rows = (
      await connection.prepare('select a.table_name from information_schema.columns a, information_schema.columns b', null)
    ).iterate([])
    await rows.next()
    await run(watcher, `kill ${threadIdOf(connection)}`)
    const error = await wireErrorOf(connection, async () => {
      while ((await rows.next()).done !== true);
    })
    expect(error).toMatchObject({ family: 'operational', connectionLost: true })
    await rows.return()
  })

  test('is no loss where it was closed or destroyed', async () => {
    const [closed, destroyed] = [await openMysql(), await openMysql()]
    const losses: unknown[] = []
    for (const connection of [closed, destroyed]) connection.onLost?.((error) => losses.push(error))
    await closed.close()
    await closed.close()
    const running = wireErrorOf(destroyed, () => query(destroyed, 'select sleep(10)'))
    destroyed.destroy?.()
    expect(await running).toMatchObject({ family: 'operational', connectionLost: true })
    await destroyed.close()
    expect(losses).toEqual([])
  })
})
