import type { AsyncEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeLacking, describeNeeding, describeTargets, rejectionOf, textsOf } from './targets.ts'

/** The rows of `db.numbers(to)` behind the first `from`. */
function range(from: number, to: number): { n: number }[] {
  return Array.from({ length: to - from }, (_, index) => ({ n: from + index + 1 }))
}

describeTargets((db) => {
  const { insert } = db

  /** `notes` with the texts '1', '2', …; `maxBufferedBytes` is what the worker keeps of a cursor at the most. */
  async function manyNotes(count: number, maxBufferedBytes?: number): Promise<AsyncEngine> {
    const engine = await db.notes(maxBufferedBytes === undefined ? undefined : { maxBufferedBytes })
    await engine.execute(`insert into notes (text) ${db.numbers(count)}`)
    return engine
  }

  describe('a large result', () => {
    test('of 100,000 rows is the same by fetchall(), by fetchmany() and by for await', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const expected = [100_000, (100_000 * 100_001) / 2]
      const all = await connection.execute<{ n: number }>(db.numbers(100_000)).fetchall()
      expect([all.length, all.reduce((sum, { n }) => sum + n, 0)]).toEqual(expected)
      const result = await connection.execute<{ n: number }>(db.numbers(100_000))
      let [rows, sum] = [0, 0]
      for (let part = await result.fetchmany(7_777); part.length > 0; part = await result.fetchmany(7_777)) {
        rows += part.length
        for (const { n } of part) sum += n
      }
      expect([rows, sum]).toEqual(expected)
      rows = sum = 0
      for await (const { n } of connection.execute<{ n: number }>(db.numbers(100_000))) {
        rows++
        sum += n
      }
      expect([rows, sum]).toEqual(expected)
    })

    test('is in its order, however it is read', async () => {
      const engine = db.engine()
      const read = engine.execute<{ n: number }>(db.numbers(50_000))
      expect(await read.fetchall()).toEqual(range(0, 50_000))
      const result = await engine.execute<{ n: number }>(db.numbers(50_000))
      expect(await result.fetchone()).toEqual({ n: 1 })
      expect(await result.fetchmany(9_000)).toEqual(range(1, 9_001))
      expect(await result.fetchmany(12_345)).toEqual(range(9_001, 21_346))
      expect(await result.fetchall()).toEqual(range(21_346, 50_000))
    })

    test('of the engine leaves no connection in use', async () => {
      const engine = db.engine()
      const result = await engine.execute<{ n: number }>(db.numbers(100_000))
      expect(await result.fetchmany(3)).toEqual(range(0, 3))
      expect(engine.status().inUse).toBe(0)
      expect((await result.fetchall()).length).toBe(99_997)
    })

    test('of the engine that is too large to be kept is read all the same', async () => {
      const engine = await manyNotes(20_000, 1_024)
      expect((await engine.execute('select text from notes').scalars()).length).toBe(20_000)
      const result = await engine.execute('select text from notes order by id')
      expect(await result.fetchmany(2)).toEqual([{ text: '1' }, { text: '2' }])
      expect((await result.fetchall()).length).toBe(19_998)
    })

    test('that is too large to be kept is read with all the bytes that were given, however many', async () => {
      const engine = await manyNotes(20_000, 1_000)
      await using connection = await engine.connect()
      const bytes = Buffer.alloc(100_000, 7)
      const given = db.can.dialect === 'postgresql' ? `cast(${db.mark(1)} as bytea)` : db.mark(1)
      const query = `select text from notes where length(${given}) = 100000`
      for (const executor of [engine, connection]) {
        const result = await executor.execute(query, [bytes])
        expect(await result.fetchmany(2)).toHaveLength(2)
        expect(await result.fetchall()).toHaveLength(19_998)
      }
    })

    test('can be asked for in chunks of a size of its own', async () => {
      const engine = db.engine()
      for (const batchRows of [1, 7, 5_000]) {
        expect(await engine.execute(db.numbers(1_000), [], { batchRows }).fetchall()).toEqual(range(0, 1_000))
      }
    })

    test('that fails in the middle rejects, and the connection lives', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const text = `select n, case when n = 5000 then ${db.can.failing} end as x from (${db.numbers(9_000)}) as numbers order by n`
      const rows: number[] = []
      const error = await rejectionOf(async () => {
        for await (const { n } of await connection.execute<{ n: number }>(text)) rows.push(n)
      })
      expect(error).toMatchObject({ code: expect.stringMatching(/^OFFLOOP_/) })
      expect(rows.length).toBeLessThan(5_000)
      expect(rows).toEqual(range(0, rows.length).map(({ n }) => n))
      expect(await connection.scalar('select 1')).toBe(1)
    })
  })

  describe('an open cursor', () => {
    test('stands beside another one of the same statement', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const [one, two] = await Promise.all([connection.execute(db.numbers(5_000)), connection.execute(db.numbers(5_000))])
      for (let n = 0; n < 4_000; n += 1_000) {
        expect(await one.fetchmany(1_000)).toEqual(range(n, n + 1_000))
        expect(await two.fetchmany(500)).toEqual(range(n / 2, n / 2 + 500))
      }
      expect(await one.fetchall()).toEqual(range(4_000, 5_000))
      expect(await two.fetchall()).toEqual(range(2_000, 5_000))
    })

    test('keeps its rows through writes on the same connection', async () => {
      const engine = await manyNotes(3_000)
      await using connection = await engine.connect()
      const result = await connection.execute('select text from notes order by id')
      expect(await result.fetchone()).toEqual({ text: '1' })
      await connection.execute("update notes set text = concat(text, '!')")
      await connection.execute('delete from notes where id > 10')
      await connection.executeMany(insert, [['new']])
      await connection.script("insert into notes (text) values ('newer')")
      expect((await result.fetchall()).slice(-2)).toEqual([{ text: '2999' }, { text: '3000' }])
      expect(await connection.scalar('select count(*) from notes')).toBe(12)
    })

    test.each(['commit', 'rollback'] as const)('keeps its rows through %s()', async (end) => {
      const engine = await manyNotes(3_000)
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute(insert, ['3001'])
      const result = await tx.execute('select text from notes order by id')
      expect((await result.fetchmany(1_500)).length).toBe(1_500)
      await tx[end]()
      const rest = await result.scalars()
      expect([rest.length, rest[0], rest.at(-1)]).toEqual([1_501, '1501', '3001'])
      expect(await connection.scalar('select count(*) from notes')).toBe(end === 'commit' ? 3_001 : 3_000)
    })

    test('that is closed while a write waits in front of it does not stop that', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const result = await connection.execute<{ n: number }>(db.numbers(50_000))
      expect(await result.fetchone()).toEqual({ n: 1 })
      const writing = [
        connection.execute(insert, ['execute']),
        connection.script("insert into notes (text) values ('script')"),
        connection.executeMany(insert, [['many']]),
      ]
      await result.close()
      await Promise.all(writing)
      expect(await textsOf(connection)).toEqual(['execute', 'script', 'many'])
    })

    describeNeeding(db, 'computesRowByRow', () => {
      test('that fails further on fails for its reader, and not for who writes beside it', async () => {
        const engine = await db.notes()
        await engine.transaction(async (tx) => {
          const failing = `select case n when 5000 then ${db.can.failing} else n end as n from (${db.numbers(9_000)}) as numbers`
          const result = await tx.execute<{ n: number }>(failing)
          expect(await result.fetchone()).toEqual({ n: 1 })
          await tx.execute(insert, ['beside'])
          expect(await result.fetchmany(1_000)).toEqual(range(1, 1_001))
          expect((await rejectionOf(result.fetchall())).message).toContain('integer overflow')
          await tx.execute(insert, ['behind'])
        })
        expect(await textsOf(engine)).toEqual(['beside', 'behind'])
      })
    })

    describeLacking(db, 'computesRowByRow', () => {
      test('that fails further on is a failed statement of its transaction', async () => {
        const engine = await db.notes()
        const tx = await engine.begin()
        const failing = `select case when n = 5000 then ${db.can.failing} else n end as n from (${db.numbers(9_000)}) as numbers`
        const error = await rejectionOf(async () => {
          const result = await tx.execute<{ n: number }>(failing)
          await result.fetchone()
          await tx.execute(insert, ['beside']).catch(() => {})
          await result.fetchall()
        })
        expect(error).toMatchObject({ name: 'DataError' })
        const behind = await Promise.allSettled([tx.execute(insert, ['behind']), tx.commit()])
        const expected = db.can.survivesFailedStatements ? 'fulfilled' : 'rejected'
        expect(behind.map(({ status }) => status)).toEqual([expected, expected])
        await tx.rollback()
      })
    })

    test('keeps its rows when its table is dropped', async () => {
      const engine = await manyNotes(3_000)
      await using connection = await engine.connect()
      const result = await connection.execute('select text from notes order by id')
      await result.fetchone()
      await connection.execute('drop table notes')
      expect((await result.fetchall()).length).toBe(2_999)
    })

    test('that is too large to be kept refuses a write, which names it, and both go on', async () => {
      const engine = await manyNotes(20_000, 1_024)
      await using tx = await engine.begin()
      const result = await tx.execute('select id as n from notes')
      await result.fetchone()
      const error = await rejectionOf(tx.execute(insert, ['refused']))
      expect(error).toMatchObject({ name: 'InvalidRequestError', message: expect.stringContaining('select id as n from notes') })
      expect((await result.fetchall()).length).toBe(19_999)
      await tx.execute(insert, ['accepted'])
      expect(await tx.scalar('select count(*) from notes')).toBe(20_001)
      await tx.commit()
    })

    test('that is too large to be kept keeps no transaction from being rolled back', async () => {
      const engine = await manyNotes(20_000, 1_024)
      {
        await using connection = await engine.connect()
        const tx = await connection.begin()
        await tx.execute(insert, ['undone'])
        const result = await tx.execute('select id as n from notes')
        await result.fetchone()
        await tx.rollback()
        expect(connection.inTransaction()).toBe(false)
        await connection.execute(insert, ['kept'])
      }
      expect(await engine.execute('select text from notes where id > 20000').scalars()).toEqual(['kept'])
    })

    test('that is too large to be kept does not leave a transaction half ended whose commit() is refused', async () => {
      const engine = await manyNotes(20_000, 1_024)
      {
        await using connection = await engine.connect()
        const tx = await connection.begin()
        await tx.execute(insert, ['inside'])
        const result = await tx.execute('select id as n from notes')
        await result.fetchone()
        expect(await rejectionOf(tx.commit())).toMatchObject({ name: 'InvalidRequestError' })
        expect([tx.isActive, connection.inTransaction()]).toEqual([false, false])
        await connection.execute(insert, ['kept'])
      }
      expect(await engine.execute('select text from notes where id > 20000').scalars()).toEqual(['kept'])
    })

    test('frees its table when it is closed', async () => {
      const engine = await manyNotes(3_000)
      await using connection = await engine.connect()
      const result = await connection.execute('select text from notes')
      await result.fetchone()
      await result.close()
      await connection.execute('drop table notes')
      expect(await engine.hasTable('notes')).toBe(false)
    })
  })

  describe('stream()', () => {
    test('gives row after row from engine, connection and transaction', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const rowsOf = async (rows: AsyncIterable<unknown>) => {
        const found: unknown[] = []
        for await (const row of rows) found.push(row)
        return found
      }
      expect(await rowsOf(engine.stream(db.numbers(5_000)))).toEqual(range(0, 5_000))
      expect(await rowsOf(connection.stream(db.numbers(5_000)))).toEqual(range(0, 5_000))
      expect(await connection.transaction(async (tx) => rowsOf(tx.stream(db.numbers(5_000))))).toEqual(range(0, 5_000))
      expect(await rowsOf(engine.stream(`select ${db.mark(1)} as a`, ['x']))).toEqual([{ a: 'x' }])
      const options = { rowMode: 'array', integers: 'bigint' } as const
      expect(await rowsOf(engine.stream('select 1 as a, 2 as a', [], options))).toEqual([[1n, 2n]])
    })

    test('takes its place in the queue at its first next()', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const rows = connection.stream<{ text: string }>('select text from notes order by id')
      connection.stream('select * from missing')
      await connection.execute(insert, ['a'])
      const first = rows[Symbol.asyncIterator]().next()
      await connection.execute(insert, ['b'])
      expect(await first).toEqual({ done: false, value: { text: 'a' } })
    })

    test('uses no connection before its first row is asked for, and frees it at the end', async () => {
      const engine = db.engine({})
      const rows = engine.stream(db.numbers(3_000))
      expect(engine.status().size).toBe(0)
      let read = 0
      for await (const _ of rows) if (read++ === 0) expect(engine.status().inUse).toBe(1)
      expect([read, engine.status().inUse]).toEqual([3_000, 0])
    })

    test('frees its cursor when it is left before it has begun', async () => {
      const engine = db.engine({})
      await using connection = await engine.connect()
      const rows = connection.stream(db.numbers(100_000))[Symbol.asyncIterator]()
      const first = rows.next()
      await rows.return?.()
      expect(await first).toEqual({ value: undefined, done: true })
      expect(await connection.scalar('select 1')).toBe(1)
      expect(engine.status().workers.map(({ pending }) => pending)).toEqual([0])
    })

    test('frees its cursor when the loop is left early', async () => {
      const engine = await manyNotes(3_000)
      for await (const row of engine.stream('select text from notes order by id')) {
        expect(row).toEqual({ text: '1' })
        break
      }
      expect(engine.status().inUse).toBe(0)
      await using connection = await engine.connect()
      for await (const _ of connection.stream('select text from notes')) break
      await connection.execute('drop table notes')
      expect(await engine.hasTable('notes')).toBe(false)
    })

    test.each(['commit', 'rollback'] as const)('left early inside a transaction leaves that to its %s()', async (end) => {
      const engine = await manyNotes(3_000)
      const tx = await engine.begin()
      for await (const _ of tx.stream('select text from notes')) break
      const inner = await tx.beginNested()
      for await (const _ of inner.stream('select text from notes')) break
      await inner.execute(insert, ['inner'])
      await inner.commit()
      await tx[end]()
      expect(engine.status().inUse).toBe(0)
      expect(await engine.scalar('select count(*) from notes')).toBe(end === 'commit' ? 3_001 : 3_000)
    })

    test('begins no transaction, and reads a temporary table of its connection', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      await connection.execute('create temporary table scratch (num integer)')
      await connection.execute('insert into scratch values (1), (2), (3), (4), (5)')
      const found: number[] = []
      for await (const { num } of connection.stream<{ num: number }>('select num from scratch order by num', [], { batchRows: 1 })) {
        expect(connection.inTransaction()).toBe(false)
        found.push(num)
      }
      expect(found).toEqual([1, 2, 3, 4, 5])
    })

    test('frees its cursor when the loop throws, and at the end of its block', async () => {
      const engine = db.engine()
      const error = await rejectionOf(async () => {
        for await (const _ of engine.stream(db.numbers(3_000))) throw new Error('mine')
      })
      expect(error.message).toBe('mine')
      {
        await using rows = engine.stream(db.numbers(3_000))
        await rows[Symbol.asyncIterator]().next()
        expect(engine.status().inUse).toBe(1)
      }
      expect(engine.status().inUse).toBe(0)
    })

    test('can be read once', async () => {
      const engine = db.engine()
      const rows = engine.stream('select 1 as a')
      let read = 0
      for await (const _ of rows) read++
      for await (const _ of rows) read++
      expect(read).toBe(1)
    })

    test('rejects where its statement fails, and leaves nothing in use', async () => {
      const engine = db.engine()
      const first = (text: string) => engine.stream(text)[Symbol.asyncIterator]().next()
      expect(await rejectionOf(first('select * from missing'))).toMatchObject({ name: 'ProgrammingError' })
      expect(await rejectionOf(first(`select ${db.mark(1)}`))).toMatchObject({ name: 'ProgrammingError' })
      expect(await rejectionOf(first('create table made (x integer)'))).toMatchObject({ name: 'ResourceClosedError' })
      expect(engine.status().inUse).toBe(0)
    })

    test('is read while the same connection writes', async () => {
      const engine = await manyNotes(2_500)
      await engine.execute('create table copies (text text)')
      await using connection = await engine.connect()
      let read = 0
      for await (const { text } of connection.stream<{ text: string }>('select text from notes order by id')) {
        if (read++ % 100 === 0) await connection.execute('insert into copies values (:text)', { text })
      }
      expect([read, await connection.scalar('select count(*) from copies')]).toEqual([2_500, 25])
      expect((await textsOf(connection)).length).toBe(2_500)
    })
  })
})
