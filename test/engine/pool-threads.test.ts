import { ResourceClosedError, WorkerTerminatedError } from 'offloop'
import { describe, expect, test, vi } from 'vitest'
import { errorOf, errorsOf, expectUsable, functions, openEngine, processResources } from './open-engine.ts'

describe('threads and files', () => {
  test('a hundred connections opened and closed one after another leave both where they were', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const warm = await engine.connect()
    await warm.close()
    const before = processResources()
    for (let round = 0; round < 100; round++) {
      const connection = await engine.connect()
      // It is opened anew each time.
      await connection.driver.exec('select 1')
      await connection.close()
    }
    expect(processResources()).toEqual(before)
  })

  test('a hundred connections that nobody may have again leave both where they were', async () => {
    const engine = openEngine({ pool: { max: 2 } })
    const warm = await engine.connect()
    await warm.close()
    const before = processResources()
    for (let round = 0; round < 100; round++) {
      const connection = await engine.connect()
      connection.invalidate()
      await connection.close()
    }
    await (await engine.connect()).close()
    expect(processResources()).toEqual(before)
  })

  test('idle connections end with their threads, down to min', async () => {
    const engine = openEngine({ pool: { max: 6, min: 2, idleTimeoutMs: 30 } })
    const before = processResources()
    const connections = await Promise.all(Array.from({ length: 6 }, () => engine.connect()))
    expect(processResources().threads).toBeGreaterThanOrEqual(before.threads + (process.platform === 'linux' ? 6 : 0))
    await Promise.all(connections.map((connection) => connection.close()))
    await vi.waitUntil(() => engine.status().size === 2)
    await vi.waitUntil(() => processResources().threads <= before.threads + 2, { timeout: 10_000 })
    await errorOf(engine.connect({ timeoutMs: 0, signal: AbortSignal.timeout(90) }).then(() => Promise.reject(new Error('connected'))))
    expect(engine.status()).toMatchObject({ size: 2, idle: 1, inUse: 1 })
  })

  test('the connections of engine.execute end with their threads when they are idle', async () => {
    const engine = openEngine({ pool: { idleTimeoutMs: 30 } })
    await engine.execute('create table kept (a)')
    const before = processResources().threads - engine.status().size
    await Promise.all(Array.from({ length: 20 }, () => engine.scalar('select count(*) from kept')))
    await vi.waitUntil(() => engine.status().size === 0)
    await vi.waitUntil(() => processResources().threads <= before)
    expect(await engine.scalar('select count(*) from kept')).toBe(0)
  })

  test('after close() no thread and no file is left', async () => {
    const before = processResources()
    const engine = openEngine({ pool: { max: 5 } })
    await engine.script('create table kept (a)')
    await Promise.all(Array.from({ length: 20 }, () => engine.scalar('select count(*) from kept')))
    await expectUsable(engine, 5)
    const open = await engine.connect()
    await open.execute('begin immediate')
    await engine.close()
    expect(processResources()).toEqual(before)
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0, idle: 0, waiting: 0, workers: [] })
    for (const error of await errorsOf(
      engine.connect(),
      engine.begin(),
      engine.execute('select 1'),
      engine.script('select 1'),
      engine.transaction(async () => {}),
    )) {
      expect(error).toBeInstanceOf(ResourceClosedError)
    }
    expect(processResources()).toEqual(before)
  })

  test('close() while connections open leaves nothing, whoever waits is told', async () => {
    const before = processResources()
    const engine = openEngine({ pool: { max: 2 } })
    const callers = Promise.allSettled(Array.from({ length: 6 }, () => engine.connect()))
    await engine.close()
    for (const outcome of await callers) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ResourceClosedError)
      else expect(outcome.value.closed).toBe(true)
    }
    expect(processResources()).toEqual(before)
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0, waiting: 0 })
  })
})

describe('giving back', () => {
  test('close() 500 times at once gives the connection back once', async () => {
    const engine = openEngine({ pool: { max: 2 } })
    const connection = await engine.connect()
    await Promise.all(Array.from({ length: 500 }, () => connection.close()))
    expect(connection.closed).toBe(true)
    expect(engine.status()).toMatchObject({ size: 1, inUse: 0, idle: 1 })
    // Late ones do not take it away from the next owner.
    const owner = await engine.connect()
    const again = Array.from({ length: 500 }, () => connection.close())
    expect(await owner.scalar('select 1')).toBe(1)
    await Promise.all(again)
    expect(engine.status()).toMatchObject({ size: 1, inUse: 1, idle: 0 })
    const error = await errorOf(connection.execute('select 1'))
    expect(error).toBeInstanceOf(ResourceClosedError)
    expect(error.message).toBe('This Connection is closed.')
    await owner.close()
    await expectUsable(engine, 2)
  })

  test('closing a branch leaves the connection open, closing the connection closes its branches', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const connection = await engine.connect()
    const [one, two] = [await connection.connect(), await connection.connect()]
    await one.close()
    expect([one.closed, two.closed, connection.closed]).toEqual([true, false, false])
    expect(engine.status().inUse).toBe(1)
    expect(await errorOf(one.execute('select 1'))).toBeInstanceOf(ResourceClosedError)
    expect([await two.scalar('select 1'), await connection.scalar('select 1')]).toEqual([1, 1])
    await connection.close()
    expect(two.closed).toBe(true)
    expect(await errorOf(two.execute('select 1'))).toBeInstanceOf(ResourceClosedError)
    expect(engine.status().inUse).toBe(0)
  })

  test('an invalidated connection works until it is closed and is nobody else’s afterwards', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const connection = await engine.connect()
    connection.invalidate('no reason')
    expect(await connection.scalar('select 1')).toBe(1)
    const { id } = connection
    await connection.close()
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
    const next = await engine.connect()
    expect(next.id).not.toBe(id)
    await next.close()
  })

  test('statements of an invalidated connection that nobody has awaited are executed all the same', async () => {
    const engine = openEngine({ pool: { max: 2 } })
    await engine.script('create table kept (a)')
    const holder = await engine.begin()
    const connection = await engine.connect()
    const statements = Array.from({ length: 20 }, (_, index) => connection.execute('insert into kept values (?)', [index]))
    connection.invalidate()
    const closed = connection.close()
    await holder.rollback()
    await Promise.all([closed, ...statements])
    expect(await engine.scalar('select count(*) from kept')).toBe(20)
  })

  test('a lost thread frees its place at once, before its borrower has closed', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    await engine.script('create table kept (a)')
    const connection = await engine.connect()
    const transaction = await connection.begin()
    await transaction.execute('insert into kept values (1)')
    const waiting = engine.connect()
    expect(await errorOf(connection.call(functions, 'exit'))).toBeInstanceOf(WorkerTerminatedError)
    const next = await waiting
    expect(engine.status()).toMatchObject({ size: 1, inUse: 1, waiting: 0 })
    await next.execute('insert into kept values (2)')
    expect(await next.execute('select a from kept').scalars()).toEqual([2])
    for (const error of await errorsOf(
      connection.execute('select 1'),
      transaction.execute('select 1'),
      transaction.commit(),
      connection.begin(),
    )) {
      expect(error).toBeInstanceOf(WorkerTerminatedError)
    }
    await transaction.rollback()
    await connection.close()
    await next.close()
    expect(engine.status()).toMatchObject({ inUse: 0, idle: 1 })
    await expectUsable(engine, 1)
  })

  test('a connection whose thread is lost while it is idle is not handed out', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const connection = await engine.connect()
    const { id } = connection
    const dying = errorOf(connection.call(functions, 'exit'))
    await connection.close()
    expect(await dying).toBeInstanceOf(WorkerTerminatedError)
    const next = await engine.connect()
    expect(next.id).not.toBe(id)
    expect(await next.scalar('select 1')).toBe(1)
    await next.close()
  })

  test('a thread that is stuck is counted as quarantined, its place is free, and it comes back clean', async () => {
    const engine = openEngine({ pool: { max: 1 } })
    const flag = new Int32Array(new SharedArrayBuffer(8))
    const connection = await engine.connect()
    await connection.script('create temp table mine (a)')
    const controller = new AbortController()
    const stuck = connection.call(functions, 'announceAndWait', flag)
    await Atomics.waitAsync(flag, 0, 0).value
    const aborted = connection.execute('select 1', [], { signal: controller.signal })
    controller.abort()
    expect(await errorOf(aborted)).toMatchObject({ name: 'AbortError' })
    await vi.waitUntil(() => engine.status().quarantined === 1)
    // Nobody waits for the borrower: its place is free as long as nobody knows when it comes back.
    const next = await engine.connect()
    expect(next.threadId).not.toBe(connection.threadId)
    await next.close()
    Atomics.store(flag, 1, 1)
    Atomics.notify(flag, 1)
    await stuck
    await connection.close()
    await vi.waitUntil(() => engine.status().quarantined === 0)
    await expectUsable(engine, 1)
  })
})
