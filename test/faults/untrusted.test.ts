import { join } from 'node:path'
import { createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { driverNames, urlOf } from '../soak/scratch.ts'
import { openFile, temporaryDirectory } from './test-engine.ts'

const setup = new URL('./modules/tell-secret.ts', import.meta.url)
const unsafe = { name: 'ProgrammingError', driverCode: 'SQLITE_ERROR', message: expect.stringMatching(/unsafe use of secret/) }

/** A file as a stranger may send it: its schema calls a function, writes by triggers, and runs in circles. */
async function makeHostile(): Promise<string> {
  const file = join(temporaryDirectory(), 'hostile.db')
  const engine = createEngine(urlOf('better-sqlite3', file), { setup })
  await engine.script(`
    create table note (id integer primary key, text text);
    create table trail (text text);
    create view told as select secret() as text;
    create table asked (id integer primary key, text text);
    create trigger asked_inserted after insert on asked begin insert into trail values (secret()); end;
    create trigger note_inserted after insert on note begin insert into trail values ('wrote'); end;
    create view one as select * from other;
    create view other as select * from one;
    create view endless as with recursive c (i) as (select 1 union all select i + 1 from c) select i from c;
  `)
  await engine.close()
  return file
}

describe.each(driverNames)('%s', (driver) => {
  test('untrusted: a view or trigger that calls a function of the program is refused', async () => {
    const engine = openFile(driver, await makeHostile(), { untrusted: true, setup })
    const connection = await engine.connect()
    for (const executor of [engine, connection]) {
      await expect(executor.execute('select * from told')).rejects.toMatchObject(unsafe)
      await expect(executor.execute("insert into asked (text) values ('a')")).rejects.toMatchObject(unsafe)
      expect(await executor.scalar('select secret()')).toBe('told')
    }
    await expect(engine.transaction((tx) => tx.execute('select * from told'))).rejects.toMatchObject(unsafe)
    expect(await engine.scalar('select count(*) from trail')).toBe(0)
  })

  test('without it they are run', async () => {
    const engine = openFile(driver, await makeHostile(), { setup })
    expect(await engine.scalar('select text from told')).toBe('told')
    await engine.execute("insert into asked (text) values ('a')")
    expect(await engine.scalar('select text from trail')).toBe('told')
  })

  test('untrusted cannot be undone by the pragma of a borrower before', async () => {
    const engine = openFile(driver, await makeHostile(), { untrusted: true, setup, pool: { max: 1 } })
    const connection = await engine.connect()
    await connection.execute('pragma trusted_schema = on')
    await connection.close()
    await engine.execute('pragma trusted_schema = on')
    const next = await engine.connect()
    expect([await next.scalar('pragma trusted_schema'), await next.scalar('pragma cell_size_check')]).toEqual([0, 1])
    await expect(engine.execute('select * from told')).rejects.toMatchObject(unsafe)
  })

  test('views in a circle are an error, and one without an end stops at its timeout', async () => {
    const engine = openFile(driver, await makeHostile(), { untrusted: true })
    await expect(engine.execute('select * from one')).rejects.toMatchObject({ name: 'ProgrammingError', driverCode: 'SQLITE_ERROR' })
    await expect(engine.execute('select i from endless', [], { timeoutMs: 50 }).fetchall()).rejects.toMatchObject({
      name: 'StatementTimeoutError',
    })
    expect(await engine.scalar('select count(*) from note')).toBe(0)
  })

  test("a connection for reading cannot be made to write by a stranger's trigger", async () => {
    const engine = openFile(driver, await makeHostile(), { untrusted: true })
    const reader = await engine.connect({ readonly: true })
    await expect(reader.execute("insert into note (text) values ('a')")).rejects.toMatchObject({ driverCode: 'SQLITE_READONLY' })
  })
})
