import { ArgumentError, type CloseOptions, createEngine, StatementTimeoutError } from 'offloop'
import { expect, test } from 'vitest'
import { drivers, openEngine } from './open-engine.ts'

test('statementCacheSize: 0 keeps no statement, and all of them run', async () => {
  const engine = createEngine('sqlite://', { statementCacheSize: 0 })
  const conn = await engine.connect()
  const results = await Promise.all(Array.from({ length: 20 }, (_, n) => conn.scalar(`select ${n % 5}`)))
  expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n % 5))
  await engine.close()
})

test('changes() counts what the last statement has changed, whatever else is asked about that', async () => {
  for (const driver of drivers) {
    const engine = createEngine(`sqlite+${driver}://`)
    const conn = await engine.connect()
    await conn.execute('create table t (id integer primary key, x)')
    expect(await conn.execute('insert into t (x) values (1), (2)')).toMatchObject({ rowcount: 2, lastrowid: 2 })
    expect(await conn.scalar('select changes()'), driver).toBe(2)
    expect(await conn.execute('insert into t (x) values (3) returning id').scalar()).toBe(3)
    expect(await conn.scalar('select changes()'), driver).toBe(1)
    await engine.close()
  }
})

test('close() takes force and timeoutMs, and refuses what it does not know', async () => {
  const engine = createEngine('sqlite://')
  const wrong: unknown[] = [{ foo: 1 }, { timeoutMs: -1 }, { force: 'yes' }, null, 1]
  for (const options of wrong) await expect(engine.close(options as CloseOptions), JSON.stringify(options)).rejects.toThrow(ArgumentError)
  expect(engine.closed).toBe(false)
  await engine.close({ force: true, timeoutMs: 100 })
})

test.each(drivers)('timeoutMs of a stream is the time until its last row, on %s', async (driver) => {
  const endless = 'with recursive n (i) as (select 1 union all select i + 1 from n) select i from n'
  const engine = openEngine({}, { driver })
  const conn = await engine.connect()
  const tx = await conn.begin()
  for (const executor of [engine, tx, conn]) {
    if (executor === conn) await tx.rollback()
    const read = async (): Promise<void> => {
      for await (const _ of executor.stream(endless, [], { timeoutMs: 300 }));
    }
    await expect(read()).rejects.toThrow(StatementTimeoutError)
    expect(await executor.scalar('select 1')).toBe(1)
  }
  expect(engine.status()).toMatchObject({ inUse: 1, quarantined: 0 })
  await conn.close()
})

test('a memory database cannot be opened for reading only by its URL', () => {
  for (const url of ['sqlite://?mode=ro', 'sqlite:///:memory:?mode=rw']) expect(() => createEngine(url), url).toThrow(ArgumentError)
  expect(createEngine('sqlite://?mode=rwc').closed).toBe(false)
})
