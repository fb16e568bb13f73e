import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeFiles, describeNeeding, describeTargets, rejectionOf, textsOf } from './targets.ts'

describeTargets((db) => {
  describe('a connection that was returned to the pool', () => {
    test('has nothing left that its borrower began or made for himself', async () => {
      const engine = await db.notes({ pool: { max: 1 } })
      {
        await using connection = await engine.connect()
        await connection.execute('create temporary table scratch (x integer)')
        await connection.execute('begin')
        await connection.execute('savepoint mine')
        await connection.execute("insert into notes (text) values ('a')")
      }
      await using connection = await engine.connect()
      expect(connection.inTransaction()).toBe(false)
      expect(await rejectionOf(connection.execute('select * from scratch'))).toMatchObject({ name: 'ProgrammingError' })
      expect(await rejectionOf(connection.execute('release savepoint mine'))).toMatchObject({ code: expect.stringMatching(/^OFFLOOP_/) })
      expect(await textsOf(connection)).toEqual([])
    })

    describeNeeding(db, 'pragmas', () => {
      test('has nothing left that its borrower opened or changed', async () => {
        const engine = await db.notes({ pool: { max: 1 } })
        const { threadId, cacheSize } = await borrow()
        await using connection = await engine.connect()
        expect(connection.threadId).toBe(threadId)
        expect(connection.inTransaction()).toBe(false)
        expect(await connection.execute('select name from temp.sqlite_schema').fetchall()).toEqual([])
        expect(await connection.execute("select name from pragma_database_list where name <> 'temp'").scalars()).toEqual(['main'])
        expect(await connection.scalar('pragma foreign_keys')).toBe(1)
        expect(await connection.scalar('pragma query_only')).toBe(0)
        expect(await connection.scalar('pragma cache_size')).toBe(cacheSize)
        expect(await textsOf(connection)).toEqual([])
        expect(await rejectionOf(connection.execute('release left'))).toMatchObject({ name: 'ProgrammingError' })

        async function borrow() {
          await using connection = await engine.connect()
          const cacheSize = await connection.scalar('pragma cache_size')
          await connection.execute('create temp table scratch (x)')
          await connection.execute('attach ? as other', [`${db.folder}/other.db`])
          await connection.execute('pragma foreign_keys = off')
          await connection.execute('pragma query_only = on')
          await connection.execute('pragma query_only = off')
          await connection.execute('pragma cache_size = 10')
          await connection.execute('begin')
          await connection.execute('savepoint left')
          await connection.execute("insert into notes (text) values ('a')")
          return { threadId: connection.threadId, cacheSize }
        }
      })

      test('has no pragma left that the driver handle or a worker function changed', async () => {
        const engine = db.engine({ pool: { max: 1 } })
        const module = db.module('pragma.mjs', "export const change = (db) => { db.exec('pragma recursive_triggers = on') }")
        {
          await using connection = await engine.connect()
          await connection.call(module, 'change')
          await connection.driver.exec('pragma foreign_keys = off')
        }
        await using connection = await engine.connect()
        expect(await connection.scalar('pragma recursive_triggers')).toBe(0)
        expect(await connection.scalar('pragma foreign_keys')).toBe(1)
      })
    })

    test('is another one after invalidate()', async () => {
      const engine = db.engine({ pool: { max: 1 } })
      const connection = await engine.connect()
      const { id } = connection
      connection.invalidate('the test wants it gone')
      expect(await connection.scalar('select 1')).toBe(1)
      await connection.close()
      expect(engine.status().inUse).toBe(0)
      await using next = await engine.connect()
      expect(next.id).not.toBe(id)
    })
  })

  describe('connect()', () => {
    test('opens nothing before it is called', async () => {
      const engine = db.engine({})
      expect(engine.status()).toEqual({ size: 0, inUse: 0, idle: 0, waiting: 0, quarantined: 0, workers: [] })
      await using _connection = await engine.connect()
      expect(engine.status()).toMatchObject({ size: 1, inUse: 1, idle: 0 })
    })

    describeNeeding(db, 'oneWriter', () => {
      test('opens while a transaction writes; what it is asked then waits where it must', async () => {
        const engine = db.engine()
        const tx = await engine.begin()
        await tx.execute('create table notes (id integer primary key, text text)')
        await tx.execute("insert into notes (text) values ('a')")
        await using connection = await engine.connect()
        const implicit = engine.execute("insert into notes (text) values ('b')")
        const explicit = connection.execute("insert into notes (text) values ('c')")
        await tx.commit()
        await Promise.all([implicit, explicit])
        expect((await textsOf(connection)).sort()).toEqual(['a', 'b', 'c'])
      })
    })

    test('waits for its turn when every connection is in use, first come first served', async () => {
      const engine = db.engine({ pool: { max: 1 } })
      const holder = await engine.connect()
      const order: number[] = []
      const waiters = [1, 2, 3].map(async (n) => {
        await using _connection = await engine.connect()
        order.push(n)
      })
      expect(engine.status()).toMatchObject({ inUse: 1, waiting: 3 })
      await holder.close()
      await Promise.all(waiters)
      expect(order).toEqual([1, 2, 3])
    })

    test('gives up when no connection becomes free in time, and says who has them', async () => {
      const engine = db.engine({ pool: { max: 1, acquireTimeoutMs: 1 } })
      await using _holder = await engine.connect({ timeoutMs: 30_000 })
      expect(await rejectionOf(engine.connect())).toMatchObject({ name: 'PoolTimeoutError', size: 1, inUse: 1 })
      expect(await rejectionOf(engine.connect({ timeoutMs: 1 }))).toMatchObject({ name: 'PoolTimeoutError' })
    })

    test('refuses at once when too many wait already', async () => {
      const engine = db.engine({ pool: { max: 1, maxQueue: 1 } })
      const holder = await engine.connect()
      const waiter = engine.connect()
      expect(await rejectionOf(engine.connect())).toMatchObject({ name: 'PoolQueueFullError', inUse: 1, waiting: 1 })
      await holder.close()
      await (await waiter).close()
    })

    test('leaves the queue when its signal aborts, with the reason as cause', async () => {
      const engine = db.engine({ pool: { max: 1 } })
      await using _holder = await engine.connect()
      const controller = new AbortController()
      const waiter = engine.connect({ signal: controller.signal })
      const reason = new Error('no longer needed')
      const rejected = rejectionOf(waiter)
      controller.abort(reason)
      expect(await rejected).toMatchObject({ name: 'AbortError', cause: reason })
      expect(engine.status().waiting).toBe(0)
    })

    test('that is given up, while it opens or in the queue, leaves its place to the next one', async () => {
      const engine = db.engine({ pool: { max: 1 } })
      const ways = [
        (signal: AbortSignal) => engine.connect({ signal }),
        (signal: AbortSignal) => engine.begin({ signal }),
        (signal: AbortSignal) => engine.transaction(async () => {}, { signal }),
      ]
      const giveUp = async (turns: number): Promise<void> => {
        for (const way of ways) {
          const controller = new AbortController()
          const rejected = rejectionOf(way(controller.signal))
          for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
          controller.abort()
          expect(await rejected).toMatchObject({ name: 'AbortError' })
        }
      }
      await giveUp(0)
      const holder = await engine.connect()
      await giveUp(0)
      await giveUp(2)
      await holder.close()
      await using next = await engine.connect()
      expect(await next.scalar('select 1')).toBe(1)
      expect(engine.status()).toMatchObject({ inUse: 1, waiting: 0 })
    })

    test('with a signal that has aborted already opens nothing', async () => {
      const engine = db.engine({})
      expect(await rejectionOf(engine.connect({ signal: AbortSignal.abort() }))).toMatchObject({ name: 'AbortError' })
      expect(engine.status().size).toBe(0)
    })

    test('refuses an option it does not know, by name', async () => {
      const engine = db.engine()
      expect(await rejectionOf(engine.connect({ readOnly: true } as object))).toMatchObject({
        name: 'ArgumentError',
        message: expect.stringContaining('"readOnly"'),
      })
    })
  })

  describe('the driver handle', () => {
    test('answers with a method that it does not have by a rejection that names it', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const error = await rejectionOf(async () => await connection.driver['noSuchMethod']?.(1))
      expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining('noSuchMethod') })
    })

    test('is no promise: a connection can be returned from an async function', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const driver = await (async () => connection.driver)()
      expect(await rejectionOf(async () => await driver['noSuchMethod']?.())).toMatchObject({ name: 'TypeError' })
    })

    describeNeeding(db, 'synchronousHandle', () => {
      test('is the driver itself, asked from afar', async () => {
        const engine = await db.notes()
        await using connection = await engine.connect()
        await connection.driver.exec('pragma user_version = 7')
        expect(await connection.scalar('pragma user_version')).toBe(7)
        expect(await connection.driver.exec("insert into notes (text) values ('a')")).toBeUndefined()
        expect(await textsOf(connection)).toEqual(['a'])
      })

      test('gives errors the classes that statements have', async () => {
        const engine = await db.notes()
        await using connection = await engine.connect()
        await connection.execute("insert into notes (text) values ('a')")
        const error = await rejectionOf(async () => await connection.driver.exec("insert into notes (text) values ('a')"))
        expect(error).toMatchObject({ name: 'IntegrityError', ...db.can.sameText })
      })

      test('refuses to hand out what cannot leave its thread, and points to call()', async () => {
        const engine = db.engine()
        await using connection = await engine.connect()
        const error = await rejectionOf(async () => await connection.driver['prepare']?.('select 1'))
        expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining('call()') })
        expect(error.message).toMatch(/^"prepare" gave an object of class \w+, which cannot leave its thread\./)
        const method = await rejectionOf(async () => await connection.driver['exec'])
        expect(method).toMatchObject({ name: 'TypeError', message: expect.stringMatching(/^"exec" gave a function, .*call\(\)/) })
        expect((method.cause as Error).cause).toMatchObject({ name: 'DataCloneError' })
        expect(await connection.scalar('select 1')).toBe(1)
      })
    })
  })
})

describeFiles((db) => {
  test('connect() resolves only when the file is really open', async () => {
    const engine = db.engine()
    expect(existsSync(db.file)).toBe(false)
    await using _connection = await engine.connect()
    expect(existsSync(db.file)).toBe(true)
  })

  test('connect() of a file that cannot be opened rejects and leaves no connection behind', async () => {
    const engine = db.engine()
    mkdirSync(db.file)
    expect(await rejectionOf(engine.connect())).toMatchObject({
      name: 'OperationalError',
      driverCode: expect.stringMatching(/^SQLITE_CANTOPEN/),
    })
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
    rmdirSync(db.file)
    await using connection = await engine.connect()
    expect(await connection.scalar('select 1')).toBe(1)
  })

  test('connect() of a file that is no database is an OperationalError', async () => {
    writeFileSync(db.file, 'this is a text and no database, as long as it must be to be taken for something else'.repeat(20))
    const engine = db.engine()
    expect(await rejectionOf(engine.connect())).toMatchObject({ name: 'OperationalError', driverCode: 'SQLITE_NOTADB' })
  })
})
