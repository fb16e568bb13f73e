import { expect, test } from 'vitest'
import { query, rowsOf, wireErrorOf } from './open-driver.ts'
import { describeMysql, isMariadb, openMysql, run } from './open-mysql.ts'

describeMysql('transactions', () => {
  test('inTransaction is what the server says, after statements, scripts, rows and errors', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists x; create table x (id int primary key) engine = InnoDB')
    const seen: boolean[] = []
    const note = async (work: () => unknown): Promise<void> => {
      await work()
      seen.push(connection.inTransaction)
    }
    await note(() => run(connection, 'insert into x values (1)'))
    await note(() => run(connection, 'begin'))
    await note(() => query(connection, 'select * from x'))
    await note(() => wireErrorOf(connection, () => run(connection, 'insert into x values (1)')))
    await note(() => wireErrorOf(connection, () => run(connection, 'selekt')))
    await note(() => run(connection, 'commit'))
    await note(() => connection.script('start transaction; insert into x values (2)'))
    await note(() => run(connection, 'rollback'))
    expect(seen).toEqual([false, true, true, true, true, false, true, false])
  })

  test('DDL commits, and a statement with rows that does so, too', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists x, y; create table x (id int primary key)')
    await connection.script('begin; insert into x values (1)')
    await run(connection, 'create table y (a int)')
    expect(connection.inTransaction).toBe(false)
    await connection.script('begin; insert into x values (2)')
    expect(await query(connection, 'analyze table x')).not.toEqual([])
    expect(connection.inTransaction).toBe(false)
    await connection.script('rollback')
    expect(await query(connection, 'select id from x order by id')).toEqual([[1n], [2n]])
  })

  test('without autocommit the first statement begins a transaction, be it one with rows', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists x; create table x (id int primary key) engine = InnoDB')
    await run(connection, 'set autocommit = 0')
    expect(connection.inTransaction).toBe(false)
    await query(connection, 'select * from x')
    expect(connection.inTransaction).toBe(true)
    await run(connection, 'commit')
    expect(connection.inTransaction).toBe(false)
  })

  test('a procedure that begins a transaction and fails leaves it seen', async () => {
    const connection = await openMysql()
    await connection.script('drop procedure if exists fails; create procedure fails() begin start transaction; select * from nowhere; end')
    await wireErrorOf(connection, () => query(connection, 'call fails()'))
    expect(connection.inTransaction).toBe(true)
    await run(connection, 'rollback')
  })

  test('a deadlock ends the transaction of the one that is chosen, and of no other', async () => {
    const [one, other] = [await openMysql(), await openMysql()]
    await one.script(
      'drop table if exists d; create table d (id int primary key, a int) engine = InnoDB; insert into d values (1, 0), (2, 0)',
    )
    for (const connection of [one, other]) await run(connection, 'begin')
    await run(one, 'update d set a = 1 where id = 1')
    await run(other, 'update d set a = 2 where id = 2')
    const results = await Promise.allSettled([run(one, 'update d set a = 1 where id = 2'), run(other, 'update d set a = 2 where id = 1')])
    const loser = results[0].status === 'rejected' ? one : other
    const winner = loser === one ? other : one
    const [failure] = results.filter((result) => result.status === 'rejected')
    expect(loser.toWireError(failure?.reason)).toMatchObject({ family: 'operational', driverCode: 'ER_LOCK_DEADLOCK', retryable: true })
    expect([loser.inTransaction, winner.inTransaction]).toEqual([false, true])
    await run(winner, 'commit')
  })

  test('a lock that is not to be had in time fails the statement only', async () => {
    const [one, other] = [await openMysql(), await openMysql()]
    await one.script('drop table if exists d; create table d (id int primary key, a int) engine = InnoDB; insert into d values (1, 0)')
    await one.script('begin; update d set a = 1')
    await other.script('set innodb_lock_wait_timeout = 1; begin')
    const error = await wireErrorOf(other, () => run(other, 'update d set a = 2'))
    expect(error).toMatchObject({ family: 'operational', driverCode: 'ER_LOCK_WAIT_TIMEOUT', retryable: true })
    // innodb_rollback_on_timeout is off.
    expect(other.inTransaction).toBe(true)
    await one.script('rollback')
  })

  test("what a user's function does with the handle is seen", async () => {
    const connection = await openMysql()
    const handle = connection.handle as { query(sql: string, done: (error: unknown) => void): void }
    const send = (sql: string): Promise<unknown> => new Promise((resolve) => handle.query(sql, resolve))
    await send('begin')
    expect(connection.inTransaction).toBe(true)
    await send('selekt')
    await connection.ping?.()
    expect(connection.inTransaction).toBe(true)
    await send('commit')
    expect(connection.inTransaction).toBe(false)
  })

  test.runIf(isMariadb)('a compound statement is one', async () => {
    const connection = await openMysql()
    await run(connection, 'begin not atomic set @a = 1; set @b = 2; end')
    expect(connection.inTransaction).toBe(false)
    expect(await rowsOf(await connection.prepare('select @a, @b', null))).toEqual([[1n, 2n]])
  })
})
