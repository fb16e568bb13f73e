import { join } from 'node:path'
import type { AsyncConnection, AsyncEngine } from 'offloop'
import { expect, test } from 'vitest'
import { errorOf, errorsOf, functions, openEngine, temporaryFile } from './open-engine.ts'

const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select i from c where i < 0'

async function connectionOf(engine: AsyncEngine): Promise<AsyncConnection> {
  return engine.connect()
}

const cases: Readonly<Record<string, (engine: AsyncEngine) => Promise<() => PromiseLike<unknown>>>> = {
  'a statement that fails': async (engine) => () => engine.execute('select * from missing'),
  'a statement that fails, read at once': async (engine) => () => engine.execute('select * from missing').fetchall(),
  'a statement of a connection': async (engine) => {
    const connection = await connectionOf(engine)
    return () => connection.execute('select * from missing')
  },
  'a statement that cannot be compiled': async (engine) => () => engine.execute('select ?'),
  'a statement that times out': async (engine) => () => engine.execute('select 1', [], { timeoutMs: 0 }),
  'a statement that is aborted': async (engine) => () => engine.execute(endless, [], { signal: AbortSignal.timeout(5) }),
  'a statement on a closed connection': async (engine) => {
    const connection = await connectionOf(engine)
    await connection.close()
    return () => connection.execute('select 1')
  },
  'a statement on a closed engine': async (engine) => {
    await engine.close()
    return () => engine.execute('select 1')
  },
  'a script that fails': async (engine) => () => engine.script('select * from missing'),
  'a call that fails': async (engine) => () => engine.call(functions, 'exec', 'select * from missing'),
  'executeMany that fails': async (engine) => () => engine.executeMany('insert into missing values (?)', [[1]]),
  'a call whose thread dies': async (engine) => () => engine.call(functions, 'exit'),
  'a statement whose thread dies': async (engine) => {
    const connection = await connectionOf(engine)
    const dying = errorOf(connection.call(functions, 'exit'))
    return async () => {
      await connection.execute('select 1')
      await dying
    }
  },
  'a statement behind the lock of another': async (engine) => {
    const holder = await engine.begin()
    await holder.execute('create table t (a)')
    const connection = await connectionOf(engine)
    return () => connection.execute('create table u (a)')
  },
  'connect() that times out': async (engine) => {
    await Promise.all([engine.connect(), engine.connect(), engine.connect()])
    return () => engine.connect({ timeoutMs: 5 })
  },
  'connect() that is aborted': async (engine) => {
    await Promise.all([engine.connect(), engine.connect(), engine.connect()])
    return () => engine.connect({ signal: AbortSignal.timeout(5) })
  },
  'begin() behind the lock of another': async (engine) => {
    await engine.begin()
    return () => engine.begin()
  },
  'commit() of a transaction that has ended': async (engine) => {
    const tx = await engine.begin()
    await tx.commit()
    return () => tx.commit()
  },
}

test.each(Object.entries(cases))('the error of %s has the stack of whoever awaits it', async (_, prepare) => {
  const engine = openEngine({ pool: { max: 3 }, busyTimeoutMs: 20 })
  const call = await prepare(engine)
  async function whoeverAwaitsIt(): Promise<void> {
    await call()
  }
  expect((await errorOf(whoeverAwaitsIt())).stack).toContain('whoeverAwaitsIt')
})

const together: Readonly<Record<string, () => Promise<Pick<AsyncEngine, 'execute'>>>> = {
  'with their thread': async () => {
    const connection = await openEngine().connect()
    connection.call(functions, 'exit').catch(() => {})
    return connection
  },
  'because their connection cannot be opened': async () => openEngine({ readers: 0 }, { file: join(temporaryFile(), 'test.db') }),
}

test.each(Object.entries(together))('statements that fail together %s have a stack each', async (_, prepare) => {
  const executor = await prepare()
  async function first(): Promise<void> {
    await executor.execute('select 1')
  }
  async function second(): Promise<void> {
    await executor.execute('select 1')
  }
  const [one, two] = await errorsOf(first(), second())
  expect(one?.stack).toContain('first')
  expect(one?.stack).not.toContain('second')
  expect(two?.stack).toContain('second')
  expect(two).toMatchObject({ ...one })
  expect([two?.name, two?.message]).toEqual([one?.name, one?.message])
})
