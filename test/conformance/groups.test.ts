import type { AsyncConnection } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeNeeding, describeTargets, rejectionOf, textsOf } from './targets.ts'

describeTargets((db) => {
  const { insert } = db

  /** A connection with `notes`, on which the statement of every test has run before: only such ones are run together. */
  async function warm(...statements: (readonly [sql: string, params: readonly unknown[]])[]): Promise<AsyncConnection> {
    const engine = await db.notes()
    const connection = await engine.connect()
    for (const [sql, params] of statements) await connection.execute(sql, params)
    await connection.execute('delete from notes')
    return connection
  }

  /** Calls all at once, without waiting in between; what each gave, or the name of its error. */
  async function together(calls: readonly (() => PromiseLike<unknown>)[]): Promise<unknown[]> {
    const settled = await Promise.allSettled(calls.map((call) => call()))
    return settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error).name))
  }

  const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`)

  describe('autocommitting statements that wait together', () => {
    const failures = [
      ['a constraint', insert, 'IntegrityError'],
      ['OR ROLLBACK', 'insert or rollback into notes (text) values (?)', 'IntegrityError'],
      ['OR FAIL', 'insert or fail into notes (text) values (?)', 'IntegrityError'],
    ] as const
    test.each(failures.slice(0, db.can.rollbackOnConflict ? 3 : 1))('fail alone: %s', async (_, failing, error) => {
      await using connection = await warm([insert, ['warm']], [failing, ['warm too']])
      await connection.execute(insert, ['taken'])
      for (const bad of [0, 7, 19]) {
        await connection.execute("delete from notes where text <> 'taken'")
        const calls = texts(20).map(
          (text, n) => () => (n === bad ? connection.execute(failing, ['taken']) : connection.execute(insert, [text])),
        )
        const outcomes = await together(calls)
        expect(outcomes.filter((outcome) => outcome === error)).toHaveLength(1)
        expect(outcomes[bad]).toBe(error)
        expect(await textsOf(connection)).toEqual(['taken', ...texts(20).filter((_text, n) => n !== bad)])
        expect(connection.inTransaction()).toBe(false)
      }
    })

    describeNeeding(db, 'rollbackOnConflict', () => {
      test('fail alone: RAISE(ROLLBACK) of a trigger', async () => {
        await using connection = await warm([insert, ['warm']])
        await connection.execute(
          "create trigger guard before insert on notes when new.text = '7' begin select raise(rollback, 'not that'); end",
        )
        await connection.execute(insert, ['warm'])
        await connection.execute('delete from notes')
        const outcomes = await together(texts(20).map((text) => () => connection.execute(insert, [text])))
        expect(outcomes.map((outcome) => outcome === 'IntegrityError')).toEqual(texts(20).map((text) => text === '7'))
        expect(await textsOf(connection)).toEqual(texts(20).filter((text) => text !== '7'))
      })
    })

    describeNeeding(db, 'deferredConstraints', () => {
      test('fail alone: a foreign key that is looked at when they commit', async () => {
        await using connection = await warm()
        await connection.execute('create table child (note integer references notes (id) deferrable initially deferred)')
        const parent = await connection.scalar<number>(`${insert} returning id`, ['parent'])
        const child = `insert into child values (${db.mark(1)})`
        await connection.execute(child, [parent])
        const outcomes = await together([parent, parent, 404, parent, parent].map((note) => () => connection.execute(child, [note])))
        expect(outcomes.map((outcome) => outcome === 'IntegrityError')).toEqual([false, false, true, false, false])
        expect(await connection.scalar('select count(*) from child')).toBe(5)
      })

      test('fail alone: a child before its parent, and a parent before its child', async () => {
        await using connection = await warm()
        await connection.execute('create table child (note integer references notes (id) deferrable initially deferred)')
        const add = `insert into notes (id, text) values (${db.mark(1)}, 'parent')`
        const addChild = `insert into child values (${db.mark(1)})`
        const remove = `delete from notes where id = ${db.mark(1)}`
        const removeChild = `delete from child where note = ${db.mark(1)}`
        for (const sql of [add, addChild, removeChild, remove]) await connection.execute(sql, [500])
        const run = (sql: string) => async () => (await connection.execute(sql, [600])).rowcount
        expect(await together([addChild, add, addChild].map(run))).toEqual(['IntegrityError', 1, 1])
        expect(await together([remove, removeChild, remove].map(run))).toEqual(['IntegrityError', 1, 1])
      })
    })

    test('see one another in the order of the calls, and have their own figures', async () => {
      const count = 'select count(*) as n from notes'
      const returning = `${insert} returning id, text`
      await using connection = await warm([insert, ['warm']], [returning, ['warm too']], [count, []])
      await connection.execute(count).fetchall()
      const outcomes = await together([
        () => connection.scalar(count),
        async () => (await connection.execute(insert, ['a'])).lastrowid,
        () => connection.scalar(count),
        () => connection.execute(returning, ['b']).one(),
        () => connection.execute(count).fetchall(),
        async () => (await connection.execute(returning, ['c'])).rowcount,
        () => connection.execute(count).first(),
      ])
      const id = expect.any(Number)
      expect(outcomes).toEqual([0, db.can.lastrowid ? id : null, 1, { id, text: 'b' }, [{ n: 2 }], 1, { n: 3 }])
    })

    test('give every row of one that has become large', async () => {
      const read = `select id from notes where id <= ${db.mark(1)}`
      await using connection = await warm([insert, ['warm']])
      await connection.executeMany(
        insert,
        texts(300).map((text) => [text]),
      )
      const first = Number(await connection.scalar('select min(id) from notes'))
      expect(await connection.execute(read, [first]).fetchall()).toHaveLength(1)
      const wanted = [1, 64, 65, 300, 1, 2]
      const outcomes = await together(wanted.map((rows) => () => connection.execute(read, [first + rows - 1]).fetchall()))
      expect(outcomes.map((rows) => (rows as unknown[]).length)).toEqual(wanted)
    })

    test('follow the schema that another connection has changed between two rounds of them', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await using other = await engine.connect()
      await connection.executeMany(insert, [['a'], ['b']])
      const read = `select * from notes where id = ${db.mark(1)}`
      let name = 'text'
      for (let round = 0; round < 6; round++) {
        await other.execute(`alter table notes rename column ${name} to c${round}`)
        name = `c${round}`
        const rows = await Promise.all([1, 2, 1, 2].map((id) => connection.execute(read, [id]).first()))
        expect(rows).toEqual([1, 2, 1, 2].map((id) => ({ id, [name]: id === 1 ? 'a' : 'b' })))
      }
    })

    test('that are given up do not run, and those around them do', async () => {
      await using connection = await warm([insert, ['warm']])
      const abort = new AbortController()
      const calls = texts(10).map((text, n) => () => connection.execute(insert, [text], n === 5 ? { signal: abort.signal } : {}))
      const outcomes = together(calls)
      abort.abort()
      expect((await outcomes)[5]).toBe('AbortError')
      expect(await textsOf(connection)).toEqual(texts(10).filter((text) => text !== '5'))
    })

    test('an INTEGER that no number holds fails its own statement only', async () => {
      const read = `select ${db.mark(1)} + 0 as n`
      await using connection = await warm([read, [1]])
      await connection.execute(read, [1]).fetchall()
      const outcomes = await together([1n, 2n ** 60n, 3n].map((n) => () => connection.scalar(read, [n])))
      expect(outcomes).toEqual([1, 'DataError', 3])
      expect(await rejectionOf(connection.scalar(read, [2n ** 60n]))).toMatchObject({ name: 'DataError' })
    })
  })
})
