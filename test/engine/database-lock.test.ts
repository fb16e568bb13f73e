import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { OperationalError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { drivers, errorOf, errorsOf, functions, openEngine, temporaryFile } from './open-engine.ts'

describe('a lock that is not let go', () => {
  test('by another connection of this engine is SQLITE_BUSY after busyTimeoutMs', async () => {
    const engine = openEngine({ busyTimeoutMs: 40 })
    await engine.execute('create table t (a)')
    const holder = await engine.begin()
    await holder.execute('insert into t values (1)')
    const other = await engine.connect()
    for (const error of await errorsOf(
      engine.begin(),
      engine.execute('insert into t values (2)'),
      other.execute('insert into t values (2)'),
      other.begin(),
    )) {
      expect(error).toBeInstanceOf(OperationalError)
      expect(error).toMatchObject({ driverCode: 'SQLITE_BUSY', retryable: true })
    }
    await holder.commit()
    await other.execute('insert into t values (3)')
    await engine.execute('insert into t values (4)')
    expect(await engine.execute('select a from t').scalars()).toEqual([1, 3, 4])
    expect(engine.status()).toMatchObject({ inUse: 1, waiting: 0 })
    await other.close()
  })

  test.each(drivers)('by another process is SQLITE_BUSY after busyTimeoutMs on %s', async (driver) => {
    const file = temporaryFile()
    const engine = openEngine({ busyTimeoutMs: 40 }, { driver, file })
    await engine.execute('create table t (a)')
    const child = spawn(process.execPath, [new URL('./hold-lock.mjs', import.meta.url).pathname, file], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      await once(child.stdout, 'data')
      const other = await engine.connect()
      for (const error of await errorsOf(
        engine.begin(),
        engine.execute('insert into t values (2)'),
        other.script('insert into t values (2)'),
      )) {
        expect(error).toBeInstanceOf(OperationalError)
        expect(error).toMatchObject({ driverCode: 'SQLITE_BUSY', retryable: true })
      }
      expect(await engine.scalar('select count(*) from t')).toBe(0)
      child.stdin.end()
      await once(child, 'exit')
      await other.execute('insert into t values (3)')
      await other.close()
    } finally {
      child.kill('SIGKILL')
    }
    expect(await engine.execute('select a from t').scalars()).toEqual([3])
  })

  test.each(drivers)('does not let run alone what was called behind a begin() that it refuses, on %s', async (driver) => {
    const engine = openEngine({ busyTimeoutMs: 20 }, { driver })
    await engine.execute('create table t (a)')
    const other = await engine.connect()
    await other.execute('create temporary table mine (a)')
    const holder = await engine.begin()
    const begun = errorOf(other.begin())
    const behind = errorsOf(
      other.execute('insert into t values (1)'),
      other.execute('select a from t').fetchall(),
      other.script('insert into t values (2)'),
      other.call(functions, 'exec', 'insert into mine values (3)'),
      other.execute('commit'),
    )
    expect(await begun).toMatchObject({ driverCode: 'SQLITE_BUSY' })
    await holder.commit()
    expect((await behind).map(({ name }) => name)).toEqual([
      ...Array.from({ length: 4 }, () => 'TransactionAbortedError'),
      'InvalidRequestError',
    ])
    expect(other.inTransaction()).toBe(false)
    expect(await other.scalar('select (select count(*) from t) + (select count(*) from mine)')).toBe(0)
    await other.execute('insert into t values (4)')
    expect(await engine.execute('select a from t').scalars()).toEqual([4])
    await other.close()
  })

  test('is waited for by retries of transaction()', async () => {
    const engine = openEngine({ busyTimeoutMs: 20 })
    await engine.execute('create table t (a)')
    const holder = await engine.begin()
    let runs = 0
    const write = engine.transaction(
      async (tx) => {
        runs++
        await tx.execute('insert into t values (1)')
      },
      { retries: 1_000 },
    )
    await errorOf(engine.begin())
    await holder.rollback()
    await write
    expect(runs).toBe(1)
    expect(await engine.scalar('select count(*) from t')).toBe(1)
  })
})
