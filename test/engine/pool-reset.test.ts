import { type AsyncConnection, ResourceClosedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { drivers, errorOf, functions, openEngine } from './open-engine.ts'

describe.each(drivers)('what a borrower leaves behind on %s', (driver) => {
  const kinds: readonly (readonly [kind: string, text: string])[] = [
    ['an open BEGIN', 'begin'],
    ['an open BEGIN IMMEDIATE with a row', 'begin immediate; insert into kept values (1)'],
    ['a savepoint', 'savepoint mine'],
    ['a temporary table', 'create temp table mine (a)'],
    ['a temporary view', 'create temp view mine as select 1'],
    ['a temporary trigger', 'create temp trigger mine after insert on kept begin select 1; end'],
    ['an attached database', "attach ':memory:' as mine"],
    ['foreign_keys', 'pragma foreign_keys = off'],
    ['query_only', 'pragma query_only = on'],
    ['cache_size', 'pragma cache_size = 7'],
    ['busy_timeout', 'pragma busy_timeout = 77'],
    ['synchronous', 'pragma synchronous = off'],
    ['temp_store', 'pragma temp_store = memory'],
    ['recursive_triggers', 'pragma recursive_triggers = on'],
    ['ignore_check_constraints', 'pragma ignore_check_constraints = on'],
    ['case_sensitive_like', 'pragma case_sensitive_like = on'],
  ]
  const ways: Readonly<Record<string, (connection: AsyncConnection, text: string) => Promise<unknown>>> = {
    'execute()': async (connection, text) => {
      // One statement each; the trigger has its own semicolons.
      for (const statement of text.startsWith('create') ? [text] : text.split(';')) await connection.execute(statement)
    },
    'script()': (connection, text) => connection.script(text),
    'call()': (connection, text) => connection.call(functions, 'exec', text),
    'conn.driver': (connection, text) => connection.driver.exec(text),
  }

  test.each(Object.entries(ways))('through %s is gone for the next one', async (way, run) => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    const setup = await engine.connect()
    await setup.script('create table kept (a)')
    const pristine = await setup.call(functions, 'connectionState')
    await setup.close()
    for (const [kind, text] of kinds) {
      // script() itself ends a transaction that it began.
      const borrower = await engine.connect()
      const { id } = borrower
      await run(borrower, text)
      await borrower.close()
      const next = await engine.connect()
      expect(next.id, `${way}: ${kind}`).toBe(id)
      expect(next.inTransaction(), `${way}: ${kind}`).toBe(false)
      // Before anything else that could make the host look at the connection.
      expect(await next.scalar('select count(*) from kept'), `${way}: ${kind}`).toBe(0)
      expect(await next.call(functions, 'connectionState'), `${way}: ${kind}`).toEqual(pristine)
      await next.execute('insert into kept values (2)')
      await next.execute('delete from kept')
      await next.close()
    }
  })

  test('a transaction of its own and a savepoint in it are gone for the next one', async () => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    await engine.script('create table kept (a)')
    const borrower = await engine.connect()
    const outer = await borrower.begin()
    await outer.execute('insert into kept values (1)')
    const inner = await outer.beginNested()
    await inner.execute('insert into kept values (2)')
    await borrower.close()
    const next = await engine.connect()
    expect(next.inTransaction()).toBe(false)
    expect(await next.scalar('select count(*) from kept')).toBe(0)
    for (const transaction of [inner, outer]) {
      await errorOf(transaction.execute('insert into kept values (3)'))
      await errorOf(transaction.commit())
      await transaction.rollback()
    }
    expect(await next.scalar('select count(*) from kept')).toBe(0)
    await next.execute('insert into kept values (4)')
    await next.close()
  })

  test('a read-only begin() that nobody has awaited begins nothing for the next one', async () => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    await engine.script('create table kept (a)')
    const borrower = await engine.connect()
    const beginning = errorOf(borrower.begin({ readonly: true }))
    await borrower.close()
    const next = await engine.connect()
    await next.execute('insert into kept values (1)')
    expect(next.inTransaction()).toBe(false)
    expect(await beginning).toBeInstanceOf(ResourceClosedError)
    // Nor is what he has begun by himself made one that writes.
    const tx = await next.begin({ readonly: true })
    expect(await errorOf(tx.execute('insert into kept values (2)'))).toMatchObject({ driverCode: 'SQLITE_READONLY' })
    await tx.rollback()
    await next.close()
    expect(await engine.scalar('select count(*) from kept')).toBe(1)
  })

  test('an open cursor is gone for the next one, and its reader is told', async () => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    await engine.script('create table kept (a)')
    const borrower = await engine.connect()
    const result = await borrower.execute('with recursive c(i) as (select 1 union all select i + 1 from c) select i from c limit 10000000')
    expect(await result.fetchone()).toEqual({ i: 1 })
    await borrower.close()
    const next = await engine.connect()
    await next.execute('insert into kept values (1)')
    // No reader is left that could hold the log back.
    expect(await next.execute('pragma wal_checkpoint(truncate)').first()).toMatchObject({ busy: 0, log: 0 })
    await next.execute('drop table kept')
    expect(await errorOf(result.fetchall())).toBeInstanceOf(ResourceClosedError)
    await next.close()
  })

  test('a function of its own is gone for the next one', async () => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    const borrower = await engine.connect()
    await borrower.call(functions, 'registerFunction')
    expect(await borrower.scalar('select borrowed()')).toBe(1)
    await borrower.close()
    const next = await engine.connect()
    expect(await errorOf(next.execute('select borrowed()'))).toMatchObject({ code: 'OFFLOOP_PROGRAMMING' })
    await next.close()
  })

  test('statements that nobody has awaited are executed before the next one comes', async () => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    await engine.script('create table kept (a)')
    const borrower = await engine.connect()
    const statements = Array.from({ length: 50 }, (_, index) => borrower.execute('insert into kept values (?)', [index]))
    await borrower.close()
    await Promise.all(statements)
    const next = await engine.connect()
    expect(await next.scalar('select count(*) from kept')).toBe(50)
    await next.close()
  })

  test("what the driver's handle was asked for, and nobody has awaited, is done before the next one comes, and gone for him", async () => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    const borrower = await engine.connect()
    const done = borrower.driver.exec('create table kept (a); pragma foreign_keys = off; begin')
    const unheard = done.then(() => {})
    await borrower.close()
    const next = await engine.connect()
    expect(await next.scalar('select count(*) from kept')).toBe(0)
    expect(await next.scalar('pragma foreign_keys')).toBe(1)
    expect(next.inTransaction()).toBe(false)
    await unheard
    expect(await next.scalar('pragma foreign_keys')).toBe(1)
    expect(next.inTransaction()).toBe(false)
    await next.close()
  })

  test('a borrower that changed nothing gives the connection back without having it reopened', async () => {
    const engine = openEngine({ pool: { max: 1 } }, { driver })
    await engine.script('create table kept (a)')
    const first = await engine.connect()
    await first.script('create temp table mine (a)')
    await first.close()
    const second = await engine.connect()
    await second.execute('insert into kept values (1)')
    expect(await second.scalar('select total_changes()')).toBe(1)
    await second.close()
    const third = await engine.connect()
    expect(await third.scalar('select total_changes()')).toBe(1)
    await third.close()
  })
})
