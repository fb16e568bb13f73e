import type { AsyncConnection, AsyncTransaction } from 'offloop'
import { describe, expect, test } from 'vitest'
import { errorOf, functions, openEngine, temporaryFile } from './open-engine.ts'

describe('order on one connection', () => {
  test('calls of every kind that are not awaited run in the order in which they were made', async () => {
    const engine = openEngine()
    const connection = await engine.connect()
    const calls = [
      connection.script("create table t (id integer primary key, a text); insert into t (a) values ('script')"),
      connection.execute("insert into t (a) values ('execute')"),
      connection.call(functions, 'exec', "insert into t (a) values ('call')"),
      connection.scalar("insert into t (a) values ('scalar') returning id"),
      connection.script("insert into t (a) values ('script 2')"),
      connection.executeMany('insert into t (a) values (?)', [['many 1'], ['many 2']]),
      connection.execute("insert into t (a) values ('last')"),
    ]
    await Promise.all(calls)
    await connection.close()
    expect(await engine.execute('select a from t order by id').scalars()).toEqual([
      ...['script', 'execute', 'call', 'scalar', 'script 2', 'many 1', 'many 2', 'last'],
    ])
  })

  test('a transaction that is not awaited comes before the statements behind it', async () => {
    const engine = openEngine()
    const connection = await engine.connect()
    await connection.execute('create table t (a)')
    const results = [
      connection.transaction(async (tx) => {
        await tx.execute("insert into t values ('transaction 1')")
        await tx.execute("insert into t values ('transaction 2')")
      }),
      connection.execute("insert into t values ('behind')"),
      connection.transaction(async (tx) => {
        await tx.execute("insert into t values ('transaction 3')")
      }),
      connection.script("insert into t values ('script')"),
      connection.execute("insert into t values ('last')"),
    ]
    await Promise.all(results)
    expect(await connection.execute('select a from t order by rowid').scalars()).toEqual([
      ...['transaction 1', 'transaction 2', 'behind', 'transaction 3', 'script', 'last'],
    ])
    await connection.close()
  })

  test('a statement sent beside an executeMany that fails stays, inside a transaction too', async () => {
    const engine = openEngine()
    const connection = await engine.connect()
    await connection.execute('create table t (a unique)')
    const check = async (via: AsyncConnection | AsyncTransaction): Promise<void> => {
      const many = via.executeMany('insert into t values (?)', [[1], [2], [1]])
      const one = via.execute('insert into t values (3)')
      expect(await errorOf(many)).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
      await one
      expect(await via.execute('select a from t').scalars()).toEqual([3])
    }
    await check(connection)
    await connection.execute('delete from t')
    await connection.transaction(check)
    expect(await connection.execute('select a from t').scalars()).toEqual([3])
    await connection.close()
  })

  test('what an engine has accepted is stored before close() resolves', async () => {
    const file = temporaryFile()
    const engine = openEngine({}, { file })
    await engine.execute('create table t (a)')
    const connection = await engine.connect()
    const other = await engine.connect()
    const accepted: PromiseLike<unknown>[] = []
    for (let round = 0; round < 20; round++) {
      accepted.push(
        engine.execute('insert into t values (1)'),
        connection.execute('insert into t values (1)'),
        other.execute('insert into t values (1)'),
        engine.script('insert into t values (1)'),
        connection.script('insert into t values (1)'),
      )
    }
    accepted.push(engine.executeMany('insert into t values (?)', [[1], [1]]))
    await engine.close()
    await Promise.all(accepted)
    const again = openEngine({}, { file })
    expect(await again.scalar('select count(*) from t')).toBe(102)
  })
})
