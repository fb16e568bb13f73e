import { type AsyncEngine, type Executor, sql } from 'offloop'
import { kysely } from 'offloop/kysely'
import { integer, ModelRegistry, string } from 'offloop/orm'
import { rollbackScope } from 'offloop/testing'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf, textsOf } from '../conformance/targets.ts'

describeDialects((fixture) => {
  const add = (executor: Pick<Executor, 'execute'>, text: string) => executor.execute(fixture.insert, [text])
  const taken = { name: 'IntegrityError' }

  test('a statement that fails outside of a transaction fails alone, whichever way it is sent', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const { engine: inside } = scope
    await using conn = await inside.connect()
    await using branch = await conn.connect()
    await add(inside, 'a')
    for (const place of [inside, conn, branch]) {
      const ways: readonly (() => PromiseLike<unknown>)[] = [
        () => add(place, 'a'),
        () => add(place, 'a').fetchall(),
        () => place.scalar('select missing from notes'),
        () => place.stream('select missing from notes')[Symbol.asyncIterator]().next(),
        () => place.executeMany(fixture.insert, [['undone'], ['a']]),
        () => place.script(`insert into notes (text) values ('a')`),
        () => place.transaction((tx) => add(tx, 'a')),
        () => place.call(fixture.moduleRunning(`insert into notes (text) values ('a')`), 'run'),
        () => place.execute(sql`insert into notes (text) values (${'a'})`),
      ]
      for (const fail of ways) {
        await expect(Promise.resolve().then(fail), String(fail)).rejects.toMatchObject({ code: expect.any(String) })
        expect(await textsOf(place), String(fail)).toEqual(['a'])
      }
    }
    await add(inside, 'b')
    expect(await textsOf(scope.tx)).toEqual(['a', 'b'])
    expect(await textsOf(engine)).toEqual([])
  })

  test('statements in flight together fail alone, and go in the order of their calls', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const { engine: inside } = scope
    await using conn = await inside.connect()
    const calls = ['a', 'b', 'a', 'c', 'b', 'd', 'a'].map((text, index) => add(index % 2 === 0 ? inside : conn, text))
    const counted = inside.scalar('select count(*) from notes')
    const begun = inside.begin()
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, false, true, false])
    expect(await counted).toBe(4)
    const tx = await begun
    await Promise.all([add(tx, 'e'), rejectionOf(add(inside, 'a')), tx.commit(), add(inside, 'f')])
    expect(await textsOf(inside)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  test('what fails beside a transaction that is open leaves that as it is, and so does what fails in it', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const { engine: inside } = scope
    await add(inside, 'a')
    const tx = await inside.begin()
    await add(tx, 'b')
    expect(await rejectionOf(add(inside, 'a'))).toMatchObject(taken)
    await add(tx, 'c')
    expect(await rejectionOf(add(tx, 'a'))).toMatchObject(taken)
    const refused = fixture.can.survivesFailedStatements ? null : expect.objectContaining({ name: 'TransactionAbortedError' })
    expect(
      await add(tx, 'd').then(
        () => null,
        (error: unknown) => error,
      ),
    ).toEqual(refused)
    await tx.rollback()
    await add(inside, 'e')
    await inside.transaction(async (outer) => {
      await add(outer, 'f')
      expect(await rejectionOf(add(inside, 'a'))).toMatchObject(taken)
      expect(await rejectionOf(outer.transaction((inner) => add(inner, 'a')))).toMatchObject(taken)
      await add(outer, 'g')
    })
    expect(await textsOf(inside)).toEqual(['a', 'e', 'f', 'g'])
  })

  test('what fails on a connection is part of the transaction that the connection is in', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    await using conn = await scope.engine.connect()
    await using branch = await conn.connect()
    await using other = await scope.engine.connect()
    await add(conn, 'a')
    const refused = fixture.can.survivesFailedStatements ? null : expect.objectContaining({ name: 'TransactionAbortedError' })
    const outcomeOf = (work: PromiseLike<unknown>) =>
      work.then(
        () => null,
        (error: unknown) => error,
      )
    for (const place of [conn, branch]) {
      const tx = await conn.begin()
      expect(await rejectionOf(add(other, 'a'))).toMatchObject(taken)
      expect(await rejectionOf(add(place, 'a'))).toMatchObject(taken)
      expect(await outcomeOf(add(tx, 'b'))).toEqual(refused)
      await tx.rollback()
      const failing = conn.transaction(async (inner) => {
        expect(conn.inTransaction()).toBe(true)
        expect(await rejectionOf(add(other, 'a'))).toMatchObject(taken)
        expect(await rejectionOf(add(place, 'a'))).toMatchObject(taken)
        expect(await outcomeOf(add(inner, 'b'))).toEqual(refused)
        throw new Error('undo')
      })
      // Behind it, and in none of its savepoints.
      const behind = rejectionOf(add(place, 'a'))
      expect(await rejectionOf(failing)).toMatchObject({ message: 'undo' })
      expect(await behind).toMatchObject(taken)
      expect(conn.inTransaction()).toBe(false)
    }
    expect(await rejectionOf(add(conn, 'a'))).toMatchObject(taken)
    expect(await textsOf(conn)).toEqual(['a'])
  })

  test('an open cursor goes on beside statements that fail and that do not, and so does one that fails at a later row', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const { engine: inside } = scope
    let rows = 0
    for await (const { n } of inside.stream<{ n: number }>(fixture.numbers(5_000), [], { batchRows: 100 })) {
      rows++
      if (n === 150 || n === 2_500) await add(inside, `row ${n}`)
      if (n === 150 || n === 4_000) expect(await rejectionOf(add(inside, 'row 150'))).toMatchObject(taken)
    }
    expect(rows).toBe(5_000)
    const read = await inside.execute<{ n: number }>(fixture.numbers(3_000))
    expect(await rejectionOf(add(inside, 'row 150'))).toMatchObject(taken)
    expect([(await read.fetchmany(10)).length, (await read.fetchall()).length]).toEqual([10, 2_990])
    const text = `select n, case when n = 5000 then ${fixture.can.failing} end as x from (${fixture.numbers(9_000)}) as numbers order by n`
    expect(await rejectionOf(inside.execute(text).fetchall())).toMatchObject({ code: expect.any(String) })
    expect(await rejectionOf(readAll(inside, text))).toMatchObject({ code: expect.any(String) })
    const failing = inside.execute(text)
    // MySQL computes what it sorts before it gives the first row.
    failing.catch(() => {})
    await add(inside, 'behind')
    expect(await rejectionOf(async () => (await failing).fetchall())).toMatchObject({ code: expect.any(String) })
    expect(await textsOf(inside)).toEqual(['row 150', 'row 2500', 'behind'])
  })

  test('one that is given up is undone alone', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const { engine: inside } = scope
    await add(inside, 'a')
    const controller = new AbortController()
    controller.abort()
    expect(await rejectionOf(inside.execute(fixture.insert, ['b'], { signal: controller.signal }))).toMatchObject({ name: 'AbortError' })
    const slow = inside.execute(fixture.numbers(900_000), [], { timeoutMs: 1 }).fetchall()
    expect(await rejectionOf(slow)).toMatchObject({ name: 'StatementTimeoutError' })
    expect(await textsOf(inside)).toEqual(['a'])
  })

  test('models and Kysely go on behind a statement that failed', async () => {
    const engine = await fixture.notes()
    await using scope = await rollbackScope(engine)
    const models = new ModelRegistry(scope.engine)
    class Note extends models.define('notes', { id: integer({ primaryKey: true }), text: string({ maxLength: 99 }) }) {}
    await Note.objects.create({ text: 'a' })
    expect(await rejectionOf(Note.objects.create({ text: 'a' }))).toMatchObject(taken)
    const note = await Note.objects.get({ text: 'a' })
    const db = kysely<{ notes: { id?: number; text: string } }>(scope.engine)
    expect(await rejectionOf(db.insertInto('notes').values({ text: 'a' }).execute())).toMatchObject(taken)
    await db.insertInto('notes').values({ text: 'b' }).execute()
    const failing = db.transaction().execute((trx) => trx.insertInto('notes').values({ text: 'b' }).execute())
    expect(await rejectionOf(failing)).toMatchObject(taken)
    await db.destroy()
    await note.update({ text: 'c' })
    expect(await textsOf(scope.tx)).toEqual(['c', 'b'])
  })

  test('the end of the scope, and rollback() of it, undo what is in flight', async () => {
    const engine = await fixture.notes()
    const scope = await rollbackScope(engine)
    const calls = [add(scope.engine, 'a'), add(scope.engine, 'a'), add(scope.engine, 'b')]
    const outcomes = Promise.allSettled(calls)
    await scope.tx.rollback()
    await outcomes
    await scope.tx.rollback()
    expect(await textsOf(scope.engine)).toEqual([])
    const late = Promise.allSettled([add(scope.engine, 'a'), add(scope.engine, 'a'), add(scope.engine, 'b')])
    await scope[Symbol.asyncDispose]()
    await late
    expect([engine.status().inUse, await textsOf(engine)]).toEqual([0, []])
  })
})

async function readAll(engine: AsyncEngine, text: string): Promise<number> {
  let rows = 0
  for await (const _ of engine.stream(text)) rows++
  return rows
}
