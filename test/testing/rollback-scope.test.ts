import { type AsyncEngine, type AsyncTransaction, createEngine, type Executor } from 'offloop'
import { kysely } from 'offloop/kysely'
import { integer, ModelRegistry, Session, string } from 'offloop/orm'
import { rollbackScope, temporaryDatabase } from 'offloop/testing'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf, textsOf } from '../conformance/targets.ts'

const deaths = new URL('../faults/modules/deaths.ts', import.meta.url)

describeDialects((fixture) => {
  const add = (executor: Pick<Executor, 'execute'>, text: string) => executor.execute(fixture.insert, [text])

  test('what is done through tx is seen by nobody else, and gone behind it', async () => {
    const engine = await fixture.notes()
    await add(engine, 'a')
    const scope = await rollbackScope(engine)
    await add(scope.tx, 'b')
    await scope.tx.executeMany(fixture.insert, [['c'], ['d']])
    expect(await textsOf(scope.tx)).toEqual(['a', 'b', 'c', 'd'])
    expect(await textsOf(engine)).toEqual(['a'])
    expect([scope.tx.isActive, scope.tx.isNested]).toEqual([true, false])
    await scope[Symbol.asyncDispose]()
    expect(await textsOf(engine)).toEqual(['a'])
    expect(engine.status().inUse).toBe(0)
  })

  test('what begins inside is a savepoint, whichever way it begins', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const { tx } = scope
    const ways: readonly (() => Promise<AsyncTransaction>)[] = [
      () => tx.begin(),
      () => tx.beginNested(),
      () => tx.connection.begin({ mode: 'exclusive' }),
      () => tx.connection.beginNested(),
      () => scope.engine.begin({ isolationLevel: 'serializable' }),
    ]
    for (const [index, begin] of ways.entries()) {
      const kept = await begin()
      await add(kept, `kept ${index}`)
      const inner = await kept.begin()
      await add(inner, `undone ${index}`)
      await inner.rollback()
      await kept.commit()
      const undone = await begin()
      await add(undone, `undone too ${index}`)
      expect(undone.isNested).toBe(true)
      await undone.rollback()
      expect(await rejectionOf(undone.commit())).toMatchObject({ name: 'InvalidRequestError' })
    }
    expect(await textsOf(tx)).toEqual(ways.map((_way, index) => `kept ${index}`))
    expect(await textsOf(engine)).toEqual([])
  })

  test('a transaction(fn) inside is committed into the scope, and undone alone when it fails', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    for (const [index, place] of [scope.tx, scope.tx.connection, scope.engine].entries()) {
      await place.transaction((tx) => tx.transaction((inner) => add(inner, `kept ${index}`)), {
        isolationLevel: 'serializable',
        retries: 1,
      })
      const failure = new Error('undo')
      const failing = place.transaction(async (tx: AsyncTransaction) => {
        const inner = await tx.begin()
        await add(inner, 'undone')
        await inner.commit()
        throw failure
      })
      expect(await rejectionOf(failing)).toBe(failure)
    }
    expect(await textsOf(scope.tx)).toEqual(['kept 0', 'kept 1', 'kept 2'])
    expect(await textsOf(engine)).toEqual([])
  })

  test('commit() keeps what was done for the rest of the scope, and rollback() undoes what was done since', async () => {
    const engine = await fixture.notes()
    const scope = await rollbackScope(engine)
    const { tx } = scope
    await add(tx, 'a')
    await tx.commit()
    await add(tx, 'b')
    await tx.rollback()
    await add(tx, 'c')
    await Promise.all([tx.commit(), tx.commit()])
    await tx.rollback()
    await tx.close()
    expect(await textsOf(tx)).toEqual(['a', 'c'])
    expect([tx.isActive, await textsOf(engine)]).toEqual([true, []])
    await scope[Symbol.asyncDispose]()
    expect(await textsOf(engine)).toEqual([])
  })

  test('what is called right behind commit() or rollback() is undone by the next rollback()', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const { tx } = scope
    for (const end of [() => tx.commit(), () => tx.rollback()]) {
      await Promise.all([end(), add(tx, 'a'), add(scope.engine, 'b'), tx.transaction((inner) => add(inner, 'c'))])
      expect((await textsOf(tx)).toSorted()).toEqual(['a', 'b', 'c'])
      await tx.rollback()
      expect(await textsOf(tx)).toEqual([])
    }
  })

  test('a statement that fails is undone by a savepoint or by rollback(), and the scope goes on', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    await add(scope.tx, 'a')
    await scope.tx.commit()
    expect(await rejectionOf(scope.tx.transaction((tx) => add(tx, 'a')))).toMatchObject({ name: 'IntegrityError' })
    expect(await rejectionOf(add(scope.tx, 'a'))).toMatchObject({ name: 'IntegrityError' })
    // As of any transaction that a failed statement has taken along.
    if (!fixture.can.survivesFailedStatements)
      expect(await rejectionOf(scope.tx.commit())).toMatchObject({ name: 'TransactionAbortedError' })
    await scope.tx.rollback()
    await add(scope.tx, 'b')
    expect(await textsOf(scope.tx)).toEqual(['a', 'b'])
  })

  test('code that takes an engine works in it: connections, streams, its tables', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const inside = scope.engine
    await using conn = await inside.connect()
    await add(conn, 'a')
    expect(conn.inTransaction()).toBe(false)
    await conn.begin()
    await add(conn, 'left open')
    expect(conn.inTransaction()).toBe(true)
    await conn.close()
    expect(await rejectionOf(conn.execute('select 1'))).toMatchObject({ name: 'ResourceClosedError' })
    await add(inside, 'b')
    const streamed: unknown[] = []
    for await (const { text } of inside.stream<{ text: string }>('select text from notes order by id')) streamed.push(text)
    expect(streamed).toEqual(['a', 'b'])
    expect([await inside.hasTable('notes'), await inside.tableNames()]).toEqual([true, ['notes']])
    expect([inside.url, inside.driver, inside.dialect]).toEqual([engine.url, engine.driver, engine.dialect])
    await inside.close()
    expect([inside.closed, await inside.scalar('select count(*) from notes')]).toEqual([false, 2])
    expect(await textsOf(engine)).toEqual([])
  })

  test('models, sessions and Kysely work in it', async () => {
    const engine = await fixture.notes()
    const scope = await rollbackScope(engine)
    const define = (place: AsyncEngine) =>
      new ModelRegistry(place).define('notes', { id: integer({ primaryKey: true }), text: string({ maxLength: 99 }) })
    class Outside extends define(engine) {}
    await Outside.objects.using(scope.tx).create({ text: 'using' })
    class Note extends define(scope.engine) {}
    await Note.objects.create({ text: 'objects' })
    await Note.objects.transaction(async (notes) => await notes.create({ text: 'transaction' }))
    const session = new Session(scope.tx)
    await session.add(new Note({ text: 'session' }), new Note({ text: 'session too' }))
    await session.close()
    const db = kysely<{ notes: { id?: number; text: string } }>(scope.engine)
    await db.insertInto('notes').values({ text: 'kysely' }).execute()
    const failing = db.transaction().execute(async (trx) => {
      await trx.insertInto('notes').values({ text: 'undone' }).execute()
      throw new Error('undo')
    })
    expect((await rejectionOf(failing)).message).toBe('undo')
    await db.transaction().execute((trx) => trx.insertInto('notes').values({ text: 'kysely transaction' }).execute())
    await db.destroy()
    expect(await textsOf(scope.tx)).toEqual(['using', 'objects', 'transaction', 'session', 'session too', 'kysely', 'kysely transaction'])
    await scope[Symbol.asyncDispose]()
    expect(await Outside.objects.count()).toBe(0)
  })

  test('it ends once, with whatever is open in it, and refuses what comes behind', async () => {
    const engine = await fixture.notes()
    const scope = await rollbackScope(engine)
    await scope.tx.executeMany(
      fixture.insert,
      Array.from({ length: 300 }, (_, index) => [`n${index}`]),
    )
    const rows = scope.tx.stream('select text from notes', [], { batchRows: 1 })[Symbol.asyncIterator]()
    await rows.next()
    await scope.tx.begin()
    const late = add(scope.tx, 'late').catch((error: unknown) => error)
    await Promise.all([scope[Symbol.asyncDispose](), scope[Symbol.asyncDispose]()])
    await scope[Symbol.asyncDispose]()
    await late
    expect([scope.tx.isActive, engine.status().inUse]).toEqual([false, 0])
    for (const work of [
      () => add(scope.tx, 'x'),
      () => scope.tx.commit(),
      () => scope.tx.begin(),
      () => scope.engine.execute('select 1'),
    ]) {
      expect(await rejectionOf(work)).toMatchObject({ name: expect.stringMatching(/^(InvalidRequest|ResourceClosed)Error$/) })
    }
    await scope.tx.rollback()
    expect(await textsOf(engine)).toEqual([])
  })

  test('an engine that is closed first ends it', async () => {
    const engine = await fixture.notes()
    const scope = await rollbackScope(engine)
    await add(scope.tx, 'a')
    await engine.close()
    await scope[Symbol.asyncDispose]()
    expect(await textsOf(fixture.engine())).toEqual([])
  })

  test('a thread that dies takes it along, and nothing is stored', async () => {
    const engine = await fixture.notes()
    const scope = await rollbackScope(engine)
    await add(scope.tx, 'a')
    expect(await rejectionOf(scope.tx.call(deaths, 'exit'))).toMatchObject({ name: 'WorkerTerminatedError' })
    expect(await rejectionOf(add(scope.tx, 'b'))).toMatchObject({ name: 'WorkerTerminatedError' })
    await scope.tx.rollback()
    await scope[Symbol.asyncDispose]()
    expect(await textsOf(engine)).toEqual([])
  })

  test('a transaction that was ended inside it is not passed over in silence', async () => {
    const engine = await fixture.notes()
    const scope = await rollbackScope(engine)
    await add(scope.tx, 'stored')
    // In MySQL any DDL is a COMMIT too.
    await scope.tx.script(fixture.target.driver === 'mysql2' ? 'create table other (n integer)' : 'commit')
    expect(await rejectionOf(add(scope.tx, 'b'))).toMatchObject({ name: 'TransactionAbortedError' })
    await scope.tx.rollback()
    const error = await rejectionOf(scope[Symbol.asyncDispose]())
    expect(error).toMatchObject({ name: 'TransactionAbortedError' })
    expect(error.message).toContain('may be stored')
    expect(engine.status().inUse).toBe(0)
  })
})

test('of two scopes on one SQLite database, the second waits for the first', async () => {
  await using database = await temporaryDatabase({ migrations: (engine) => engine.execute('create table notes (text text)') })
  const first = await rollbackScope(database.engine)
  const waiting = rollbackScope(database.engine)
  await first.tx.execute(`insert into notes values ('a')`)
  await first[Symbol.asyncDispose]()
  await using second = await waiting
  expect(await second.tx.scalar('select count(*) from notes')).toBe(0)
})

test('it takes an engine that is open', async () => {
  expect(await rejectionOf(rollbackScope({} as AsyncEngine))).toMatchObject({ name: 'ArgumentError' })
  const engine = createEngine('sqlite://')
  await engine.close()
  expect(await rejectionOf(rollbackScope(engine))).toMatchObject({ name: 'ResourceClosedError' })
})
