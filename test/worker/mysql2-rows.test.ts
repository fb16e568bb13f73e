import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { query, rowsOf, wireErrorOf } from './open-driver.ts'
import { describeMysql, openMysql, run } from './open-mysql.ts'

function socketOf(connection: DriverConnection): Socket {
  return (connection.handle as { readonly stream: Socket }).stream
}

/** Until nothing more is read from the socket: many turns of the event loop without a byte. */
async function quiet(socket: Socket): Promise<number> {
  let read = -1
  for (let still = 0; still < 500; still++) {
    if (socket.bytesRead !== read) still = 0
    read = socket.bytesRead
    await turn()
  }
  return read
}

/** A table of 200,000 rows of about 100 bytes, made by the server. */
async function manyRows(connection: DriverConnection): Promise<void> {
  await connection.script(`
    drop table if exists ten, many;
    create table ten (d int); insert into ten values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
    create table many (id int primary key, x varchar(100));
    insert into many select a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d, repeat('x', 90)
      from ten a, ten b, ten c, ten d, ten e, ten f where f.d < 2;
  `)
}

describeMysql('rows', () => {
  test('200,000 rows are read in order, and no more of them wait in memory than fit into a few messages', async () => {
    const connection = await openMysql()
    await manyRows(connection)
    const socket = socketOf(connection)
    const before = socket.bytesRead
    const rows = (await connection.prepare('select id, x from many order by id', null)).iterate([])
    expect((await rows.next()).value).toEqual([0n, 'x'.repeat(90)])
    // 20 MB are there to be read.
    expect((await quiet(socket)) - before).toBeLessThan(2_000_000)
    let next = 1
    let waits = 0
    for (;;) {
      const step = rows.next()
      if (step instanceof Promise) waits++
      const { done, value } = await step
      if (done === true) break
      expect(value?.[0]).toBe(BigInt(next++))
    }
    expect(next).toBe(200_000)
    // Most of them were given without a turn of the event loop.
    expect(waits).toBeLessThan(10_000)
    expect(await rows.next()).toEqual({ done: true, value: undefined })
  })

  test('a row that fills a message is sent by itself, also behind a small one that would be the last but one', async () => {
    const connection = await openMysql()
    const most = Number((await query(connection, 'select @@max_allowed_packet'))[0]?.[0])
    await connection.script('drop table if exists wide; create table wide (id int auto_increment primary key, x longtext)')
    const statement = await connection.prepare('insert into wide (x) values (?)', null)
    const values = ['a'.repeat(1_000), 'b'.repeat(most - 600), 'c'.repeat(1_000), 'd'.repeat(most - 600)]
    expect(await statement.runEach?.({ values, width: 1, rowCount: 4 }, () => {})).toBe(4)
    statement.finalize()
    expect(await query(connection, 'select left(x, 1), length(x) from wide order by id')).toEqual(
      values.map((value) => [value[0], BigInt(value.length)]),
    )
    await connection.script('drop table wide')
  })

  test('while rows are unread no other statement is taken, and it is said so', async () => {
    const connection = await openMysql()
    await manyRows(connection)
    const select = await connection.prepare('select id from many', null)
    const rows = select.iterate([])
    await rows.next()
    expect(select.busy).toBe(true)
    for (const work of [
      () => query(connection, 'select 1'),
      () => connection.script('do 1'),
      () => connection.script('do 1; do 2'),
      () => select.run([]),
    ]) {
      expect(await wireErrorOf(connection, work)).toMatchObject({ family: 'invalidRequest' })
    }
    await rows.return()
    expect(select.busy).toBe(false)
    expect(await query(connection, 'select 1')).toEqual([[1n]])
  })

  test('rows that nobody wants any more are read and dropped, or stopped, and the connection is usable at once', async () => {
    const connection = await openMysql()
    await manyRows(connection)
    const few = await connection.prepare('select id from many limit 2000', null)
    const all = await connection.prepare('select a.id, b.x from many a, many b', null)
    for (let round = 0; round < 5; round++) {
      for (const statement of [few, all]) {
        const rows = statement.iterate([])
        await rows.next()
        await rows.return()
        await rows.return()
        expect(await rows.next()).toEqual({ done: true, value: undefined })
        expect(await query(connection, 'select 7')).toEqual([[7n]])
      }
    }
    expect(connection.inTransaction).toBe(false)
  })

  test('rows that come slowly are stopped, before the first of them, too', async () => {
    const connection = await openMysql()
    await manyRows(connection)
    const slow = await connection.prepare('select id, sleep(1) from many', null)
    const startedAt = performance.now()
    for (let round = 0; round < 2; round++) {
      const rows = slow.iterate([])
      if (round === 1) void Promise.resolve(rows.next()).catch(() => {})
      await rows.return()
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(await query(connection, 'select 7')).toEqual([[7n]])
  })

  test('what writes is not stopped: it comes to its end even if nobody wants its rows', async () => {
    const connection = await openMysql()
    await manyRows(connection)
    await connection.script('drop table if exists w; create table w (a int); drop procedure if exists gives')
    await connection.script('create procedure gives() begin select id from many; insert into w values (1); end')
    const rows = (await connection.prepare('call gives()', null)).iterate([])
    await rows.next()
    await rows.return()
    expect(await query(connection, 'select a from w')).toEqual([[1n]])
  })

  test('an error behind rows comes behind them', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists few; create table few (id int primary key); insert into few values (1), (2), (3)')
    // The third row asks for more rows of a subquery than there may be.
    const rows = (
      await connection.prepare('select id, (select a.id from few a where few.id > 2 or a.id = 1) from few order by id', null)
    ).iterate([])
    expect((await rows.next()).value).toEqual([1n, 1n])
    expect((await rows.next()).value).toEqual([2n, 1n])
    expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'data', driverCode: 'ER_SUBQUERY_NO_1_ROW' })
    expect(await rows.next()).toEqual({ done: true, value: undefined })
    expect(await query(connection, 'select 1')).toEqual([[1n]])
  })

  test('rows of more than a packet, read one by one with the socket resting in between, are whole', async () => {
    const connection = await openMysql()
    const warnings: unknown[] = []
    const handle = connection.handle as { on(event: 'warn', listener: (warning: unknown) => void): void }
    handle.on('warn', (warning) => warnings.push(warning))
    const sizes = [0xffffff, 0xffffff, 10, 0xffffff]
    const sql = sizes.map((size) => `select space(${size})`).join(' union all ')
    const rows = (await connection.prepare(sql, null)).iterate([])
    const lengths: number[] = []
    for (;;) {
      const { done, value } = await rows.next()
      if (done === true) break
      lengths.push(String(value?.[0]).length)
      await quiet(socketOf(connection))
    }
    expect(lengths).toEqual(sizes)
    expect(warnings).toEqual([])
  })

  test('a row that cannot be read fails alone', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists j; create table j (id int, doc json)')
    await run(connection, 'insert into j values (1, ?), (2, ?), (3, ?)', ['1', '99999999999999999999', '3'])
    const rows = (await connection.prepare('select doc from j order by id', null)).iterate([])
    expect((await rows.next()).value).toEqual([1])
    expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'data' })
    expect((await rows.next()).value).toEqual([3])
    await rows.return()
  })

  test('no rows, and rows without columns of a table, end at once', async () => {
    const connection = await openMysql()
    expect(await rowsOf(await connection.prepare('select 1 from dual where 1 = 0', null))).toEqual([])
    expect(await query(connection, 'show warnings')).toEqual([])
  })
})
