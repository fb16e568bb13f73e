import { ResourceClosedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

const closed = { name: 'ResourceClosedError', code: 'OFFLOOP_RESOURCE_CLOSED', message: 'This Connection is closed.' }

describeTargets((db) => {
  const { insert } = db

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

    test('has a thread of its own, or shares one with the others', async () => {
      const engine = db.engine({ pool: { max: 8 } })
      const connections = await Promise.all(Array.from({ length: 8 }, () => engine.connect()))
      expect(new Set(connections.map(({ threadId }) => threadId)).size).toBe(db.can.threadPerConnection ? 8 : 1)
      expect(new Set(connections.map(({ id }) => id)).size).toBe(8)
      await Promise.all(connections.map((connection) => connection.close()))
    })

    test('runs the statements of concurrent callers in the order of their calls', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const answers: number[] = []
      const ask = async (n: number) => answers.push((await connection.scalar<number>('select :n + 0', { n })) ?? -1)
      await Promise.all([ask(0), ask(1), ask(2), ask(3)])
      expect(answers).toEqual([0, 1, 2, 3])
      const inserts = Array.from({ length: 100 }, (_, n) => connection.execute(insert, [`${n}`]))
      await Promise.all(inserts)
      expect(await textsOf(connection)).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`))
    })

    test('runs every kind of work in the order of the calls', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const module = db.moduleRunning("insert into notes (text) values ('call')")
      await Promise.all([
        connection.execute("insert into notes (text) values ('execute')"),
        connection.script("insert into notes (text) values ('script')"),
        connection.executeMany(insert, [['many']]),
        connection.transaction(async (tx) => tx.execute("insert into notes (text) values ('transaction')")),
        connection.call(module, 'run'),
        connection.scalar("insert into notes (text) values ('scalar') returning id"),
      ])
      expect(await textsOf(connection)).toEqual(['execute', 'script', 'many', 'transaction', 'call', 'scalar'])
    })

    test('compiles its statements by the schema that another connection has made meanwhile', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await using other = await engine.connect()
      await connection.execute("insert into notes values (1, 'a')")
      await other.execute('alter table notes add column author varchar(100)')
      await connection.execute("insert into notes values (2, 'b', 'Ada')")
      await engine.execute("insert into notes values (3, 'c', 'Grace')")
      expect(await rejectionOf(connection.execute("insert into notes values (4, 'd', 'e', 'f')"))).toMatchObject({
        name: 'ProgrammingError',
      })
      expect(await connection.execute('select author from notes order by id').scalars()).toEqual([null, 'Ada', 'Grace'])
      await other.script('alter table notes rename column author to writer')
      await connection.script('alter table notes rename column writer to author')
      await other.execute('create index by_author on notes (author)')
      await connection.script(`drop index by_author${db.can.indexesOfTables ? ' on notes' : ''}`)
      await other.script('create index by_author on notes (author)')
      await connection.execute('alter table notes add column title varchar(100)')
      await other.execute('alter table notes drop column title')
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
        driverCode: db.can.codes.noTable,
        sql: 'select * from missing',
      })
    })
  })

  describe('closing a connection', () => {
    test('is idempotent, alone and all at once', async () => {
      const engine = db.engine({})
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
        () => connection.executeMany(insert, [['a']]),
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
      expect(await rejectionOf(tx.execute("insert into notes (text) values ('b')"))).toMatchObject(closed)
      expect(await rejectionOf(tx.commit())).toMatchObject({ name: 'InvalidRequestError', message: 'This transaction is inactive' })
      await tx.rollback()
      expect(await textsOf(engine)).toEqual([])
    })

    test('lets an executeMany that was called before finish, and refuses what is called after', async () => {
      const engine = await db.notes({})
      const connection = await engine.connect()
      const many = connection.executeMany(insert, [['a'], ['b']])
      const closing = connection.close()
      expect(connection.closed).toBe(true)
      expect(await rejectionOf(connection.executeMany(insert, []))).toMatchObject(closed)
      await closing
      expect(await many).toEqual({ rowcount: 2 })
      const other = await engine.connect()
      const more = other.executeMany(insert, [['c']])
      await engine.close()
      expect(await more).toEqual({ rowcount: 1 })
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
      const result = await connection.execute(db.numbers(5_000))
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
      await connection.execute('create temporary table scratch (x integer)')
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
})
