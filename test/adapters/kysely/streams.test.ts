import { sql } from 'kysely'
import { kysely } from 'offloop/kysely'
import { expect, test } from 'vitest'
import { describeTargets, rejectionOf } from '../../conformance/targets.ts'
import { addNotes, type Database, numbersOf, openNotes } from './notes.ts'

describeTargets((fixture) => {
  test('a stream gives every row, in chunks of the size asked for', async () => {
    const db = kysely<Database>(fixture.engine())
    let sum = 0
    for await (const { n } of numbersOf(db, fixture, 1_050).stream(100)) sum += n
    expect(sum).toBe((1_050 * 1_051) / 2)
    const sizes: number[] = []
    for await (const { rows } of db.getExecutor().stream(numbersOf(db, fixture, 1_050).compile(), 100)) sizes.push(rows.length)
    expect(sizes).toEqual([...Array.from({ length: 10 }, () => 100), 50])
  })

  test('a stream of no rows gives none', async () => {
    const db = await openNotes(fixture)
    for await (const row of db.selectFrom('notes').selectAll().stream()) expect.fail(`found ${JSON.stringify(row)}`)
  })

  test('a stream that is left gives its connection back', async () => {
    const engine = fixture.engine({ pool: { max: 1 } })
    const db = kysely<Database>(engine)
    for (let time = 0; time < 3; time++) {
      for await (const { n } of numbersOf(db, fixture, 100_000).stream(10)) {
        expect(n).toBeTypeOf('number')
        expect(engine.status().inUse).toBe(1)
        break
      }
      await db.connection().execute((connection) => sql`select 1`.execute(connection))
    }
    expect(engine.status()).toMatchObject({ inUse: 0, waiting: 0, quarantined: 0 })
  })

  test('a stream inside a transaction sees what the transaction has done', async () => {
    const db = await openNotes(fixture)
    await db.transaction().execute(async (trx) => {
      await addNotes(trx, 'a', 'b')
      const texts: string[] = []
      for await (const { text } of trx.selectFrom('notes').select('text').orderBy('id').stream(1)) texts.push(text)
      expect(texts).toEqual(['a', 'b'])
    })
  })

  test('a stream of a statement without rows runs it', async () => {
    const db = await openNotes(fixture)
    const query = db.insertInto('notes').values({ text: 'a' }).compile()
    for await (const chunk of db.getExecutor().stream(query, 10)) expect.fail(`found ${JSON.stringify(chunk.rows)}`)
    expect(await db.selectFrom('notes').select('text').execute()).toEqual([{ text: 'a' }])
  })

  test('a stream fails as a query does', async () => {
    const db = await openNotes(fixture)
    const stream = db.selectFrom('notes').select(sql`nowhere`.as('x')).stream()
    expect(await rejectionOf(stream.next())).toMatchObject({ name: 'ProgrammingError' })
  })

  test('an aborted stream ends with the reason, and gives its connection back', async () => {
    const engine = fixture.engine({ pool: { max: 1 } })
    const db = kysely<Database>(engine)
    const abort = new AbortController()
    const reason = new Error('enough')
    const reading = async (): Promise<void> => {
      for await (const _row of numbersOf(db, fixture, 100_000).stream({ chunkSize: 10, signal: abort.signal })) abort.abort(reason)
    }
    expect(await rejectionOf(reading())).toBe(reason)
    await db.connection().execute((connection) => sql`select 1`.execute(connection))
    expect(engine.status().inUse).toBe(0)
  })

  test('a stream that the engine closes under is told so', async () => {
    const engine = fixture.engine({})
    const db = kysely<Database>(engine)
    const stream = numbersOf(db, fixture, 100_000).stream(10)
    await stream.next()
    const closing = engine.close()
    const reading = async (): Promise<void> => {
      for await (const { n } of stream) expect(n).toBeTypeOf('number')
    }
    expect(await rejectionOf(reading())).toMatchObject({ name: 'ResourceClosedError' })
    await closing
  })

  test.runIf(fixture.isFile)('a stream computes only a little ahead of its reader', async () => {
    const source = "let n = 0; export default (db) => { db.function('tick', () => ++n); db.function('ticks', () => n) }"
    const engine = fixture.engine({ pool: { max: 1 }, setup: fixture.module('ticks.mjs', source) })
    const db = kysely<Database>(engine)
    for await (const _row of db
      .selectFrom(sql<{ n: number }>`(${sql.raw(fixture.numbers(100_000))})`.as('numbers'))
      .select(sql<number>`tick()`.as('tick'))
      .stream(10)) {
      break
    }
    await db.connection().execute(async (connection) => {
      const { rows } = await sql<{ n: number }>`select ticks() as n`.execute(connection)
      expect(rows[0]?.n).toBeGreaterThan(0)
      expect(rows[0]?.n).toBeLessThan(200)
    })
  })
})
