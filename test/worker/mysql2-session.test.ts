import { expect, test } from 'vitest'
import { firstRow, query, wireErrorOf } from './open-driver.ts'
import { describeMysql, openMysql, run, testDatabase } from './open-mysql.ts'

describeMysql('a session', () => {
  test('is as new after a reset: transaction, variables, temporary tables, locks, database, character set', async () => {
    const [connection, other] = [await openMysql(), await openMysql()]
    const settings =
      'select @@sql_mode, @@time_zone, @@autocommit, @@character_set_results, @@collation_connection, @@lc_messages, database()'
    const before = await query(connection, settings)
    await connection.script(`
      drop table if exists r; create table r (a int) engine = InnoDB;
      set @mine = 1; set names latin1; set time_zone = '+03:00', sql_mode = '', autocommit = 0;
      create temporary table temporary_one (a int);
      use information_schema;
      do get_lock('offloop_reset', 0);
      insert into ${testDatabase}.r values (1);
    `)
    expect(connection.inTransaction).toBe(true)
    await connection.reset?.(false)
    expect(connection.inTransaction).toBe(false)
    expect(await query(connection, settings)).toEqual(before)
    expect(await query(connection, 'select @mine')).toEqual([[null]])
    expect(await wireErrorOf(connection, () => query(connection, 'select * from temporary_one'))).toMatchObject({
      driverCode: 'ER_NO_SUCH_TABLE',
    })
    expect(await query(other, "select is_free_lock('offloop_reset')")).toEqual([[1n]])
    expect(await query(connection, 'select * from r')).toEqual([])
    await other.script('drop table r')
    expect(await connection.lastRowid()).toBe(0n)
  })

  test('unlocks its tables with a reset, and frees statements of the one before without touching its own', async () => {
    const [connection, other] = [await openMysql(), await openMysql()]
    await connection.script('drop table if exists r; create table r (a int); lock tables r write')
    const old = await connection.prepare('select 1', null)
    await connection.reset?.(false)
    await run(other, 'insert into r values (1)')
    const fresh = await connection.prepare('select 2', null)
    old.finalize()
    expect(await firstRow(fresh)).toEqual([2n])
  })

  test('that began without a database has none after a reset, whatever was used meanwhile', async () => {
    const connection = await openMysql({ server: { database: undefined } })
    for (let round = 0; round < 2; round++) {
      await run(connection, `use ${testDatabase}`)
      await connection.reset?.(false)
      expect(await query(connection, 'select database(), @@time_zone')).toEqual([[null, '+00:00']])
    }
  })

  test('can only read where it is told so, until a reset says otherwise', async () => {
    const writer = await openMysql()
    await writer.script('drop table if exists r; create table r (a int) engine = InnoDB; insert into r values (1)')
    const connection = await openMysql({ readonly: true })
    for (const readonly of [true, false, true]) {
      await connection.reset?.(readonly)
      expect(await query(connection, 'select count(*) >= 1 from r')).toEqual([[1n]])
      if (!readonly) expect((await run(connection, 'insert into r values (2)')).changes).toBe(1)
      else {
        expect(await wireErrorOf(connection, () => run(connection, 'insert into r values (2)'))).toMatchObject({
          family: 'operational',
          driverCode: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
        })
      }
    }
  })

  test('keeps the time that a statement may take through a reset', async () => {
    const connection = await openMysql({ server: { statementTimeoutMs: 50 } })
    await connection.reset?.(false)
    expect(
      await wireErrorOf(connection, () => query(connection, 'select benchmark(1e12, md5(1)) from information_schema.tables')),
    ).toMatchObject({
      driverCode: expect.stringMatching(/TIMEOUT$/),
    })
  })

  test('answers a ping, and no longer once it is closed', async () => {
    const connection = await openMysql()
    await connection.ping?.()
    await connection.close()
    expect(await wireErrorOf(connection, () => connection.ping?.())).toMatchObject({ family: 'operational', connectionLost: true })
  })

  test('is closed in time while a statement runs and while rows are unread', async () => {
    const [running, reading] = [await openMysql(), await openMysql()]
    const failure = wireErrorOf(running, () => query(running, 'select sleep(30) from information_schema.tables'))
    const rows = (
      await reading.prepare('select a.table_name from information_schema.columns a, information_schema.columns b', null)
    ).iterate([])
    await rows.next()
    const startedAt = performance.now()
    await Promise.all([running.close(), reading.close()])
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(await failure).toMatchObject({ family: 'operational', connectionLost: true })
  })
})
