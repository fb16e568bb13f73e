import { describe, expect, test } from 'vitest'
import { describeNeeding, describeTargets, rejectionOf } from './targets.ts'

const closed = { name: 'ResourceClosedError', message: 'This result object is closed.' }
const rowless = {
  name: 'ResourceClosedError',
  message: 'This result object does not return rows. It has been closed automatically.',
}

describeTargets((db) => {
  test('a statement with many bytes fails as one with few, and the bytes stay with whoever gave them', async () => {
    const engine = db.engine()
    await using connection = await engine.connect()
    for (const length of [1, 100_000, 1_000_000]) {
      const bytes = Buffer.alloc(length, 'x')
      const missing = `insert into no_such_table values (${db.mark(1)}, ${db.mark(2)})`
      for (const failing of [connection.execute(missing, [bytes, 's3cr3t']), connection.executeMany(missing, [[bytes, 's3cr3t']])]) {
        const error = await rejectionOf(failing)
        expect(error).toMatchObject({ name: 'ProgrammingError', message: expect.stringContaining('no_such_table') })
        expect(error.message).not.toContain('s3cr3t')
      }
      expect(bytes.equals(Buffer.alloc(length, 'x'))).toBe(true)
    }
  })

  const { insert } = db

  describe.each(['engine', 'connection', 'transaction'] as const)('a result of %s.execute()', (kind) => {
    /** Runs `work` with each of the three that can execute; a result is the same from all of them. */
    async function withExecutor(work: (executor: { execute: ReturnType<typeof db.engine>['execute'] }) => Promise<void>): Promise<void> {
      const engine = await db.notes()
      await engine.executeMany(insert, [['a'], ['b'], ['c']])
      if (kind === 'engine') return work(engine)
      if (kind === 'transaction') return engine.transaction(work)
      await using connection = await engine.connect()
      await work(connection)
    }
    const takesDdl = kind !== 'transaction' || db.can.transactionalDdl
    const query = 'select id, text from notes order by id'
    const [a, b, c] = [
      { id: 1, text: 'a' },
      { id: 2, text: 'b' },
      { id: 3, text: 'c' },
    ]

    test('gives all rows to those who read it in several ways at once', () =>
      withExecutor(async (executor) => {
        const pending = executor.execute(query)
        expect(await Promise.all([pending.fetchall(), pending.first()])).toEqual([[a, b, c], null])
        const other = executor.execute(query)
        const [row, result] = await Promise.all([other.fetchone(), other])
        expect([row, await result.fetchall()]).toEqual([a, [b, c]])
      }))

    test('that first() is to close gives nobody else a part of its rows', () =>
      withExecutor(async (executor) => {
        const pending = executor.execute(query)
        const [row, rest] = await Promise.allSettled([pending.first(), pending.fetchall()])
        expect(row).toEqual({ status: 'fulfilled', value: a })
        expect(rest).toMatchObject({ status: 'rejected', reason: closed })
      }))

    test('gives row after row by fetchone(), then null', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        expect([await result.fetchone(), await result.fetchone(), await result.fetchone()]).toEqual([a, b, c])
        expect([await result.fetchone(), await result.fetchone()]).toEqual([null, null])
        expect([await result.fetchmany(2), await result.fetchall(), await result.scalars()]).toEqual([[], [], []])
      }))

    test('gives 1 row by fetchmany(), n rows by fetchmany(n), then an empty list', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        expect(await result.fetchmany()).toEqual([a])
        expect(await result.fetchmany(5)).toEqual([b, c])
        expect(await result.fetchmany(5)).toEqual([])
        expect(await (await executor.execute(query)).fetchmany(2)).toEqual([a, b])
      }))

    test('gives all rows that are left by fetchall(), then an empty list', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        await result.fetchone()
        expect(await result.fetchall()).toEqual([b, c])
        expect(await result.fetchall()).toEqual([])
        expect(await result.fetchone()).toBeNull()
      }))

    test('gives the first row or null by first(), and is closed then', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        expect(await result.first()).toEqual(a)
        for (const fetch of fetchesOf(result)) expect(await rejectionOf(fetch), String(fetch)).toMatchObject(closed)
        const empty = await executor.execute('select 1 where 1 = 0')
        expect(await empty.first()).toBeNull()
        expect(await rejectionOf(empty.fetchall())).toMatchObject(closed)
      }))

    test('gives the first column of the first row by scalar(), and is closed then', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute('select text, id from notes order by id')
        expect(await result.scalar()).toBe('a')
        for (const fetch of fetchesOf(result)) expect(await rejectionOf(fetch), String(fetch)).toMatchObject(closed)
        expect(await executor.execute('select 1 where 1 = 0').scalar()).toBeNull()
        expect(await executor.execute('select null').scalar()).toBeNull()
      }))

    test('gives its only row by one(), and says when there is none or more', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute('select id, text from notes where id = 2')
        expect(await result.one()).toEqual(b)
        expect(await rejectionOf(result.fetchone())).toMatchObject(closed)
        const none = await rejectionOf(executor.execute('select 1 where 1 = 0').one())
        expect(none).toMatchObject({ name: 'NoResultFound', code: 'OFFLOOP_NO_RESULT_FOUND' })
        const several = await rejectionOf(executor.execute(query).one())
        expect(several).toMatchObject({ name: 'MultipleResultsFound', code: 'OFFLOOP_MULTIPLE_RESULTS_FOUND' })
        expect(await rejectionOf((await executor.execute(query)).one())).toMatchObject({ name: 'MultipleResultsFound' })
      }))

    test('gives its only row or null by oneOrNone(), and says when there are more', () =>
      withExecutor(async (executor) => {
        expect(await executor.execute('select id, text from notes where id = 3').oneOrNone()).toEqual(c)
        const empty = await executor.execute('select 1 where 1 = 0')
        expect(await empty.oneOrNone()).toBeNull()
        expect(await rejectionOf(executor.execute(query).oneOrNone())).toMatchObject({ name: 'MultipleResultsFound' })
      }))

    test('gives the first column of all rows by scalars()', () =>
      withExecutor(async (executor) => {
        expect(await executor.execute('select text, id from notes order by id').scalars()).toEqual(['a', 'b', 'c'])
        const result = await executor.execute('select text, text from notes order by id')
        await result.fetchone()
        expect(await result.scalars()).toEqual(['b', 'c'])
      }))

    test('is walked over by for await, and is exhausted then, not closed', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        const rows: unknown[] = []
        for await (const row of result) rows.push(row)
        expect(rows).toEqual([a, b, c])
        expect([await result.fetchone(), await result.fetchall()]).toEqual([null, []])
      }))

    test('is walked over from where fetching has come to', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        await result.fetchone()
        const rows: unknown[] = []
        for await (const row of result) rows.push(row)
        expect(rows).toEqual([b, c])
      }))

    test('is closed when the loop over it is left', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        for await (const row of result) {
          expect(row).toEqual(a)
          break
        }
        expect(await rejectionOf(result.fetchone())).toMatchObject(closed)
      }))

    test('refuses every fetch after close(), which is idempotent', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        await result.close()
        await result.close()
        for (const fetch of fetchesOf(result)) expect(await rejectionOf(fetch), String(fetch)).toMatchObject(closed)
      }))

    test('is closed at the end of its block', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(query)
        {
          await using block = result
          await block.fetchone()
        }
        expect(await rejectionOf(result.fetchone())).toMatchObject(closed)
      }))

    test('of a statement without rows refuses every fetch', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute("update notes set text = 'z' where id = 1")
        expect(result.returnsRows).toBe(false)
        for (const fetch of fetchesOf(result)) expect(await rejectionOf(fetch), String(fetch)).toMatchObject(rowless)
        await result.close()
        expect(await rejectionOf(executor.execute('delete from notes').scalar())).toMatchObject(rowless)
        if (takesDdl) expect(await rejectionOf(executor.execute('create table made (x integer)').fetchall())).toMatchObject(rowless)
      }))

    test('knows its columns, rows or no rows', () =>
      withExecutor(async (executor) => {
        const table = db.can.columnOrigins ? 'notes' : undefined
        for (const text of [query, 'select id, text from notes where 1 = 0']) {
          const result = await executor.execute(text)
          expect(result.returnsRows).toBe(true)
          expect(await result.keys()).toEqual(['id', 'text'])
          expect(result.columns.map(({ name, table }) => ({ name, table }))).toEqual([
            { name: 'id', table },
            { name: 'text', table },
          ])
          expect(result.columns.map(({ type }) => type?.toLowerCase())).toEqual([db.can.types.integer, db.can.types.text])
          await result.fetchall()
          expect(await result.keys()).toEqual(['id', 'text'])
        }
        expect(await executor.execute('select id as a, 1 + 1 as b, text c from notes').keys()).toEqual(['a', 'b', 'c'])
      }))

    test('counts the rows that were changed, and says -1 of a SELECT', () =>
      withExecutor(async (executor) => {
        const rowcount = async (text: string) => (await executor.execute(text)).rowcount
        expect(await rowcount(query)).toBe(-1)
        expect(await rowcount(`explain ${query}`)).toBe(-1)
        if (db.can.pragmas) expect(await rowcount('pragma table_list')).toBe(-1)
        expect(await rowcount("insert into notes (text) values ('d'), ('e')")).toBe(2)
        expect(await rowcount("update notes set text = concat(text, '!')")).toBe(5)
        expect(await rowcount('update notes set text = text')).toBe(5)
        expect(await rowcount("update notes set text = 'x' where 1 = 0")).toBe(0)
        expect(await rowcount('delete from notes where id > 3')).toBe(2)
        if (!takesDdl) return
        expect(await rowcount('create table made (x integer)')).toBe(0)
        expect(await rowcount('drop table made')).toBe(0)
      }))

    test('knows how many rows an UPDATE has changed where the database says so', () =>
      withExecutor(async (executor) => {
        const changedRows = async (text: string) => (await executor.execute(text)).changedRows
        const told = (count: number) => (db.can.dialect === 'mysql' ? count : null)
        expect(await changedRows("update notes set text = 'a' where id = 1")).toBe(told(0))
        expect(await changedRows("update notes set text = concat(text, '!')")).toBe(told(3))
        expect(await changedRows("insert into notes (text) values ('d')")).toBeNull()
        expect(await changedRows('delete from notes where id = 1')).toBeNull()
        expect(await changedRows(query)).toBeNull()
      }))

    test('knows the row id of an INSERT and of nothing else', () =>
      withExecutor(async (executor) => {
        const lastrowid = async (text: string) => (await executor.execute(text)).lastrowid
        const told = (rowid: number) => (db.can.lastrowid ? rowid : null)
        expect(await lastrowid("insert into notes (id, text) values (41, 'd')")).toBe(told(41))
        expect(await lastrowid("insert into notes (text) values ('e')")).toBe(told(42))
        expect(await lastrowid("insert into notes (text) values ('f') returning id, text")).toBe(told(43))
        expect(await lastrowid("insert into notes (text) select 'g' from notes where 1 = 0")).toBeNull()
        expect(await lastrowid("update notes set text = 'g' where id = 1")).toBeNull()
        expect(await lastrowid('delete from notes where id = 1')).toBeNull()
        expect(await lastrowid(query)).toBeNull()
        if (takesDdl) expect(await lastrowid('create table made (x integer)')).toBeNull()
      }))

    test('has no insertedPrimaryKey of a text', () =>
      withExecutor(async (executor) => {
        for (const text of ["insert into notes (text) values ('d')", query]) {
          const result = await executor.execute(text)
          expect(() => result.insertedPrimaryKey).toThrow(expect.objectContaining({ name: 'InvalidRequestError' }))
        }
      }))

    test('has the rows of RETURNING, and the change is made however many are read', () =>
      withExecutor(async (executor) => {
        const inserted = await executor.execute("insert into notes (text) values ('d'), ('e') returning id, text")
        expect([inserted.returnsRows, inserted.rowcount]).toEqual([true, 2])
        expect(await inserted.fetchone()).toEqual({ id: 4, text: 'd' })
        await inserted.close()
        expect(await executor.execute('delete from notes returning id').scalars()).toEqual([1, 2, 3, 4, 5])
        expect(await executor.execute('select count(*) from notes').scalar()).toBe(0)
      }))

    describeNeeding(db, 'updateReturning', () => {
      test('of UPDATE … RETURNING has made all changes when the first row is read', () =>
        withExecutor(async (executor) => {
          expect(await executor.execute("update notes set text = concat(text, '!') returning id").first()).toEqual({
            id: expect.any(Number),
          })
          expect(await executor.execute("select count(*) from notes where text like '%!'").scalar()).toBe(3)
        }))
    })

    test('of several hundred written rows has them all', () =>
      withExecutor(async (executor) => {
        const result = await executor.execute(`insert into notes (text) ${db.numbers(2_500)} returning text`)
        expect(result.rowcount).toBe(2_500)
        const rows = await result.fetchall()
        expect(rows.length).toBe(2_500)
        expect(await executor.execute('select count(*) from notes').scalar()).toBe(2_503)
      }))
  })

  describe('a pending result', () => {
    test('is a promise of the result', async () => {
      const engine = db.engine()
      const pending = engine.execute('select 1 as a')
      expect(pending).toBeInstanceOf(Promise)
      expect(await (await pending).fetchall()).toEqual([{ a: 1 }])
      expect(await engine.execute('select 2 as a').then((result) => result.one())).toEqual({ a: 2 })
      const [one, two] = await Promise.all([engine.execute('select 1 as a'), engine.execute('select 2 as a')])
      expect([await one.scalar(), await two.scalar()]).toEqual([1, 2])
    })

    test('has what promises have: then, catch and finally give plain promises', async () => {
      const engine = db.engine()
      let ended = false
      const result = await engine.execute('select 1').finally(() => {
        ended = true
      })
      expect([await result.scalar(), ended]).toEqual([1, true])
      expect(await engine.execute('select * from missing').catch((error: Error) => error.name)).toBe('ProgrammingError')
    })

    test('has every fetch method of the result', async () => {
      const engine = db.engine()
      const query = 'select 1 as a union all select 2'
      expect(await engine.execute(query).fetchone()).toEqual({ a: 1 })
      expect(await engine.execute(query).fetchmany()).toEqual([{ a: 1 }])
      expect(await engine.execute(query).fetchmany(2)).toEqual([{ a: 1 }, { a: 2 }])
      expect(await engine.execute(query).fetchall()).toEqual([{ a: 1 }, { a: 2 }])
      expect(await engine.execute(query).first()).toEqual({ a: 1 })
      expect(await engine.execute('select 1 as a').one()).toEqual({ a: 1 })
      expect(await engine.execute('select 1 as a').oneOrNone()).toEqual({ a: 1 })
      expect(await engine.execute(query).scalar()).toBe(1)
      expect(await engine.execute(query).scalars()).toEqual([1, 2])
      expect(await engine.execute(query).keys()).toEqual(['a'])
    })

    test('is async-iterable', async () => {
      const engine = db.engine()
      const rows: unknown[] = []
      for await (const row of engine.execute(db.numbers(3_000))) rows.push(row)
      expect(rows).toEqual(Array.from({ length: 3_000 }, (_, n) => ({ n: n + 1 })))
    })

    test('can be read long after its statement has run', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const late = [connection.execute(db.numbers(5_000)), connection.execute(db.numbers(5_000)), connection.execute(db.numbers(5_000))]
      // Behind these answers on the same channel all the first chunks have come.
      for (let n = 0; n < 3; n++) await connection.scalar('select 1')
      const [all, first, many] = late
      expect((await all?.fetchall())?.length).toBe(5_000)
      expect(await first?.first()).toEqual({ n: 1 })
      expect((await many?.fetchmany(4_000))?.length).toBe(4_000)
    })
  })
})

interface Fetches {
  fetchone(): Promise<unknown>
  fetchmany(size?: number): Promise<unknown>
  fetchall(): Promise<unknown>
  first(): Promise<unknown>
  one(): Promise<unknown>
  oneOrNone(): Promise<unknown>
  scalar(): Promise<unknown>
  scalars(): Promise<unknown>
  [Symbol.asyncIterator](): AsyncIterator<unknown>
}

function fetchesOf(result: Fetches): readonly (() => Promise<unknown>)[] {
  return [
    () => result.fetchone(),
    () => result.fetchmany(),
    () => result.fetchmany(10),
    () => result.fetchall(),
    () => result.first(),
    () => result.one(),
    () => result.oneOrNone(),
    () => result.scalar(),
    () => result.scalars(),
    () => result[Symbol.asyncIterator]().next(),
  ]
}
