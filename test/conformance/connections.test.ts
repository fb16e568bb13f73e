import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { ResourceClosedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { numbers, onEveryFile, onEveryTarget, rejectionOf, textsOf } from './targets.ts'

const closed = { name: 'ResourceClosedError', code: 'OFFLOOP_RESOURCE_CLOSED', message: 'This Connection is closed.' }

onEveryTarget((db) => {
  describe('a connection', () => {
    test('keeps its id and its thread from the first statement to the last', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const { id, threadId } = connection
      await connection.execute("insert into notes (text) values ('a')")
      await connection.transaction(async (tx) => tx.execute("insert into notes (text) values ('b')"))
      expect([connection.id, connection.threadId]).toEqual([id, threadId])
      expect(threadId).toBeGreaterThan(0)
    })

    test('has a thread of its own: 8 connections are 8 threads', async () => {
      const engine = db.engine({ pool: { max: 8 } })
      const connections = await Promise.all(Array.from({ length: 8 }, () => engine.connect()))
      expect(new Set(connections.map(({ threadId }) => threadId)).size).toBe(8)
      expect(new Set(connections.map(({ id }) => id)).size).toBe(8)
      await Promise.all(connections.map((connection) => connection.close()))
    })

    test('runs the statements of concurrent callers in the order of their calls', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const answers: number[] = []
      const ask = async (n: number) => answers.push((await connection.scalar<number>('select ?', [n])) ?? -1)
      await Promise.all([ask(0), ask(1), ask(2), ask(3)])
      expect(answers).toEqual([0, 1, 2, 3])
      const inserts = Array.from({ length: 100 }, (_, n) => connection.execute('insert into notes (text) values (?)', [`${n}`]))
      await Promise.all(inserts)
      expect(await textsOf(connection)).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`))
    })

    test('runs every kind of work in the order of the calls', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const module = db.module('insert.mjs', 'export const insert = (db) => { db.exec("insert into notes (text) values (\'call\')") }')
      await Promise.all([
        connection.execute("insert into notes (text) values ('execute')"),
        connection.script("insert into notes (text) values ('script')"),
        connection.executeMany('insert into notes (text) values (?)', [['many']]),
        connection.transaction(async (tx) => tx.execute("insert into notes (text) values ('transaction')")),
        connection.call(module, 'insert'),
        connection.scalar("insert into notes (text) values ('scalar') returning id"),
      ])
      expect(await textsOf(connection)).toEqual(['execute', 'script', 'many', 'transaction', 'call', 'scalar'])
    })

    test('gives every call its own answer when some of them fail', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const settled = await Promise.allSettled([
        connection.scalar('select 1'),
        connection.scalar('select * from missing'),
        connection.scalar('select 3'),
      ])
      expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.name))).toEqual([1, 'ProgrammingError', 3])
    })

    test('autocommits each statement outside a transaction', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await using other = await engine.connect()
      expect(connection.inTransaction()).toBe(false)
      await connection.execute("insert into notes (text) values ('a')")
      expect(connection.inTransaction()).toBe(false)
      expect(await textsOf(other)).toEqual(['a'])
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('is usable after a statement that failed', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      expect(await rejectionOf(connection.execute('insert into notes (text) values (null)'))).toMatchObject({ name: 'IntegrityError' })
      expect(connection.inTransaction()).toBe(false)
      await connection.execute("insert into notes (text) values ('a')")
      expect(await textsOf(connection)).toEqual(['a'])
    })

    test('does not hang on a table that does not exist', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      expect(await rejectionOf(connection.execute('select * from missing'))).toMatchObject({
        name: 'ProgrammingError',
        driverCode: 'SQLITE_ERROR',
        sql: 'select * from missing',
      })
    })
  })

  describe('closing a connection', () => {
    test('is idempotent, alone and all at once', async () => {
      const engine = db.engine()
      const connection = await engine.connect()
      expect(connection.closed).toBe(false)
      await Promise.all(Array.from({ length: 20 }, () => connection.close()))
      await connection.close()
      expect(connection.closed).toBe(true)
      expect(engine.status()).toMatchObject({ inUse: 0, idle: 1 })
    })

    test('twice does not close the connection of the next borrower', async () => {
      const engine = db.engine({ pool: { max: 1 } })
      const first = await engine.connect()
      await first.close()
      await using second = await engine.connect()
      await first.close()
      expect(second.closed).toBe(false)
      expect(await second.scalar('select 1')).toBe(1)
    })

    test('makes every later call reject', async () => {
      const engine = await db.notes()
      const connection = await engine.connect()
      await connection.close()
      const module = db.module('nothing.mjs', 'export const nothing = () => {}')
      const calls: (() => unknown)[] = [
        () => connection.execute('select 1'),
        () => connection.execute('select 1').fetchall(),
        () => connection.scalar('select 1'),
        () => connection.executeMany('insert into notes (text) values (?)', [['a']]),
        () => connection.script('select 1'),
        () => connection.stream('select 1')[Symbol.asyncIterator]().next(),
        () => connection.call(module, 'nothing'),
        () => connection.backup(`${db.folder}/copy.db`),
        () => connection.begin(),
        () => connection.beginNested(),
        () => connection.transaction(async () => {}),
        () => connection.connect(),
        async () => await connection.driver.pragma('user_version'),
      ]
      for (const call of calls) expect(await rejectionOf(call), String(call)).toMatchObject(closed)
      expect(connection.inTransaction()).toBe(false)
    })

    test('never makes a call throw at once: the refusal is a rejection', async () => {
      const engine = db.engine()
      const connection = await engine.connect()
      await connection.close()
      const pending = [connection.execute('select 1'), connection.scalar('select 1'), connection.begin()]
      const rows = connection.stream('select 1')
      for (const promise of pending) expect(await rejectionOf(promise)).toBeInstanceOf(ResourceClosedError)
      expect(await rejectionOf(rows[Symbol.asyncIterator]().next())).toBeInstanceOf(ResourceClosedError)
    })

    test('lets finish what was accepted before', async () => {
      const engine = await db.notes()
      const connection = await engine.connect()
      const accepted = Promise.all([
        connection.execute("insert into notes (text) values ('execute')"),
        connection.script("insert into notes (text) values ('script')"),
        connection.execute('select text from notes').fetchall(),
      ])
      await connection.close()
      await accepted
      expect(await textsOf(engine)).toEqual(['execute', 'script'])
    })

    test('rolls back the open transaction', async () => {
      const engine = await db.notes()
      const connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute("insert into notes (text) values ('a')")
      await connection.close()
      expect(tx.isActive).toBe(false)
      expect(await rejectionOf(tx.execute("insert into notes (text) values ('b')"))).toMatchObject({
        message: 'This transaction is inactive',
      })
      expect(await rejectionOf(tx.commit())).toMatchObject({ name: 'InvalidRequestError', message: 'This transaction is inactive' })
      await tx.rollback()
      expect(await textsOf(engine)).toEqual([])
    })

    test('lets a COMMIT that is on its way finish first', async () => {
      const engine = await db.notes()
      const connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute("insert into notes (text) values ('a')")
      await Promise.all([tx.commit(), connection.close()])
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('at the end of a block gives it back to the pool', async () => {
      const engine = db.engine()
      {
        await using connection = await engine.connect()
        await connection.execute('select 1')
        expect(engine.status().inUse).toBe(1)
      }
      expect(engine.status().inUse).toBe(0)
    })

    test('reports to the reader of an open result that it is closed', async () => {
      const engine = db.engine()
      const connection = await engine.connect()
      const result = await connection.execute(numbers(5_000))
      await result.fetchone()
      await connection.close()
      expect(await rejectionOf(result.fetchall())).toMatchObject({ name: 'ResourceClosedError' })
    })
  })

  describe('a branch', () => {
    test('is a second handle on the same thread and connection', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const branch = await connection.connect()
      expect([branch.threadId, branch.id]).toEqual([connection.threadId, connection.id])
      await connection.execute('create temp table scratch (x)')
      expect(await branch.scalar('select count(*) from scratch')).toBe(0)
      expect(engine.status().inUse).toBe(1)
    })

    test('sees and belongs to the transaction of its parent', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const branch = await connection.connect()
      const tx = await connection.begin()
      expect(branch.inTransaction()).toBe(true)
      await branch.execute("insert into notes (text) values ('a')")
      await tx.rollback()
      expect(branch.inTransaction()).toBe(false)
      expect(await textsOf(branch)).toEqual([])
    })

    test('that is closed leaves its parent open', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const branch = await connection.connect()
      await branch.close()
      await branch.close()
      expect([branch.closed, connection.closed]).toEqual([true, false])
      expect(await rejectionOf(branch.execute('select 1'))).toMatchObject(closed)
      expect(await rejectionOf(branch.begin())).toMatchObject(closed)
      expect(await connection.scalar('select 1')).toBe(1)
    })

    test('that is closed leaves a transaction of its parent open', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      const branch = await connection.connect()
      await branch.execute("insert into notes (text) values ('a')")
      await branch.close()
      await tx.commit()
      expect(await textsOf(connection)).toEqual(['a'])
    })

    test('is closed with its parent, and so is the branch of a branch', async () => {
      const engine = db.engine()
      const connection = await engine.connect()
      const branch = await connection.connect()
      const twig = await branch.connect()
      await connection.close()
      expect([branch.closed, twig.closed]).toEqual([true, true])
      expect(await rejectionOf(branch.execute('select 1'))).toMatchObject(closed)
      expect(await rejectionOf(twig.scalar('select 1'))).toMatchObject(closed)
    })
  })

  describe('a connection that was returned to the pool', () => {
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
      const engine = db.engine()
      expect(engine.status()).toEqual({ size: 0, inUse: 0, idle: 0, waiting: 0, quarantined: 0, workers: [] })
      await using _connection = await engine.connect()
      expect(engine.status()).toMatchObject({ size: 1, inUse: 1, idle: 0 })
    })

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
      await using _holder = await engine.connect()
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

    test('with a signal that has aborted already opens nothing', async () => {
      const engine = db.engine()
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
    test('is the driver itself, asked from afar', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await connection.driver.exec('pragma user_version = 7')
      expect(await connection.scalar('pragma user_version')).toBe(7)
      expect(await connection.driver.exec("insert into notes (text) values ('a')")).toBeUndefined()
      expect(await textsOf(connection)).toEqual(['a'])
    })

    test('answers with a method that it does not have by a rejection that names it', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const error = await rejectionOf(async () => await connection.driver['noSuchMethod']?.(1))
      expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining('noSuchMethod') })
    })

    test('gives errors the classes that statements have', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await connection.execute("insert into notes (text) values ('a')")
      const error = await rejectionOf(async () => await connection.driver.exec("insert into notes (text) values ('a')"))
      expect(error).toMatchObject({ name: 'IntegrityError', driverCode: 'SQLITE_CONSTRAINT_UNIQUE', columns: ['text'] })
    })

    test('refuses to hand out what cannot leave its thread, and points to call()', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const error = await rejectionOf(async () => await connection.driver['prepare']?.('select 1'))
      expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining('call()') })
    })

    test('is no promise: a connection can be returned from an async function', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const driver = await (async () => connection.driver)()
      await driver.exec('select 1')
    })
  })
})

onEveryFile((db) => {
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
