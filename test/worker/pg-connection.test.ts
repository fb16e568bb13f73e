import pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ServerEvent } from '../../src/protocol/server.ts'
import { loadDriver } from '../../worker/drivers/load-driver.ts'
import { Exchange } from '../../worker/drivers/pg-exchange.ts'
import { openOptions, query, wireErrorOf } from './open-driver.ts'
import { changesOf, firstValue, openPg, serverSettings, skipWithoutPostgres, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

describe('reset', () => {
  test('undoes settings, temporary tables, listeners, locks, prepared statements and a transaction', async () => {
    const connection = await openPg({ statementTimeoutMs: 60_000 })
    const watcher = await openPg()
    const events: ServerEvent[] = []
    connection.onEvent?.((event) => events.push(event))
    await connection.prepare('select 1', null)
    await connection.script(`
      set work_mem = '1MB'; set timezone = 'Asia/Tokyo'; set statement_timeout = 1; reset statement_timeout;
      create temporary table temp_t (a int); listen news; select pg_advisory_lock(4711); prepare p as select 1; begin`)
    await connection.reset?.(false)
    expect(connection.inTransaction).toBe(false)
    const state = `select current_setting('work_mem') <> '1MB', current_setting('timezone') <> 'Asia/Tokyo', current_setting('statement_timeout'),
      current_setting('datestyle') like 'ISO, %', to_regclass('temp_t'), (select count(*) from pg_listening_channels()), (select count(*) from pg_prepared_statements)`
    expect(await query(connection, state)).toEqual([[true, true, '1min', true, null, 0n, 1n]])
    expect(await firstValue(watcher, 'select pg_try_advisory_lock(4711)')).toBe(true)
    await watcher.script('notify news')
    await connection.ping?.()
    expect(events).toEqual([])
  })

  test('gives a connection that reads only, or one that writes again', async () => {
    const connection = await openPg()
    await connection.script('create table t (a int)')
    await connection.reset?.(true)
    expect(await wireErrorOf(connection, () => changesOf(connection, 'insert into t values (1)'))).toMatchObject({
      family: 'operational',
      driverCode: '25006',
    })
    expect(await firstValue(connection, 'select count(*) from t')).toBe(0n)
    await connection.reset?.(false)
    expect(await changesOf(connection, 'insert into t values (1)')).toBe(1)
  })

  test('a failed transaction is rolled back', async () => {
    const connection = await openPg()
    await connection.script('begin')
    await wireErrorOf(connection, () => query(connection, 'select nothing'))
    await connection.reset?.(false)
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })
})

describe('opening', () => {
  test('a read-only connection stays one through RESET ALL', async () => {
    const writer = await openPg()
    await writer.script('create table t (a int)')
    const connection = await openPg({}, true)
    for (const undo of ['select 1', 'reset all', 'discard all']) {
      await connection.script(undo)
      expect(await wireErrorOf(connection, () => changesOf(connection, 'insert into t values (1)'))).toMatchObject({ driverCode: '25006' })
    }
    await connection.reset?.(false)
    expect(await changesOf(connection, 'insert into t values (1)')).toBe(1)
  })

  test('the server knows who is there', async () => {
    const connection = await openPg()
    const named = await openPg({ options: { application_name: 'my app' } })
    expect(await firstValue(connection, 'show application_name')).toBe('offloop')
    expect(await firstValue(named, 'show application_name')).toBe('my app')
  })

  test('a statement that takes too long is stopped by the server, also after RESET ALL', async () => {
    const connection = await openPg({ statementTimeoutMs: 50 })
    await connection.script('reset all')
    const error = await wireErrorOf(connection, () => query(connection, 'select pg_sleep(60)'))
    expect(error).toMatchObject({ family: 'operational', driverCode: '57014' })
    expect(await firstValue(connection, 'select 1')).toBe(1n)
  })

  test('a server that is not there is named, and the password is not', async () => {
    const driver = await loadDriver('pg')
    const server = serverSettings({ host: '127.0.0.1', port: 1, username: 'somebody', password: 'hunter2' })
    const error = await wireErrorOf(driver, () => driver.open(openOptions('', { server })))
    expect(error).toMatchObject({ family: 'operational', driverCode: 'ECONNREFUSED', retryable: true })
    expect(error.message).toContain('127.0.0.1:1')
    expect(JSON.stringify(error)).not.toContain('hunter2')
    const named = await wireErrorOf(driver, () => driver.open(openOptions('', { server: { ...server, host: 'localhost' } })))
    expect(named).toMatchObject({ driverCode: 'ECONNREFUSED', message: expect.stringContaining('ECONNREFUSED') })
    const nowhere = await wireErrorOf(driver, () => driver.open(openOptions('', { server: { ...server, host: 'no-such-host.invalid' } })))
    expect(nowhere).toMatchObject({ family: 'operational', retryable: true })
  })

  test('a database or a user that does not exist is an operational error, and no secret is told', async () => {
    const driver = await loadDriver('pg')
    const database = serverSettings({ database: 'no_such_database', password: 'hunter2' })
    expect(await wireErrorOf(driver, () => driver.open(openOptions('', { server: database })))).toMatchObject({
      family: 'operational',
      driverCode: '3D000',
      retryable: false,
    })
    const user = serverSettings({ username: 'no_such_user', password: 'hunter2' })
    const error = await wireErrorOf(driver, () => driver.open(openOptions('', { server: user })))
    expect(error).toMatchObject({ family: 'operational', driverCode: expect.stringMatching(/^28/) })
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })

  test('options that are not known, and modes of TLS that there are not, are refused', async () => {
    const driver = await loadDriver('pg')
    const open = (options: Readonly<Record<string, string>>) =>
      wireErrorOf(driver, () => driver.open(openOptions('', { server: serverSettings({ options }) })))
    expect(await open({ sslmod: 'verify-full' })).toMatchObject({ family: 'argument', message: expect.stringContaining('sslmod') })
    expect(await open({ sslmode: 'allow' })).toMatchObject({ family: 'argument', message: expect.stringContaining('verify-full') })
    expect(await open({ sslmode: 'verify-full', sslrootcert: '/no/such/file' })).toMatchObject({
      family: 'argument',
      message: expect.stringContaining('/no/such/file'),
    })
    expect(await wireErrorOf(driver, () => driver.open(openOptions('')))).toMatchObject({ family: 'argument' })
  })
})

test('statements that nobody needs are closed with the next question, also with one that cannot be written', async () => {
  class Unwritable extends Exchange {
    protected override write(): void {
      throw new RangeError('too large')
    }
    override handleReadyForQuery(): void {
      this.end()
    }
  }
  const { host, port, username, password, database } = serverSettings()
  const client = new pg.Client({ host, port, user: username, password, database })
  await client.connect()
  try {
    await client.query({ name: 'kept', text: 'select 1' })
    const exchange = new Unwritable()
    exchange.closes = ['kept']
    client.query(exchange as never)
    await expect(exchange.result()).rejects.toThrow('too large')
    expect((await client.query('select count(*)::int as left from pg_prepared_statements')).rows).toEqual([{ left: 0 }])
  } finally {
    await client.end()
  }
})
