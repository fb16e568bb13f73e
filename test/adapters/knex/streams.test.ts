import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ProgrammingError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { filenameOn, killThread, openConfig, openEngine, openKnex, places, rejectionOf, turn, withConnection } from './open-knex.ts'
import { series, slow } from './series.ts'

async function rowsOf(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const rows: unknown[] = []
  for await (const row of stream) rows.push(row)
  return rows
}

describe.for(places)('in %s', (place) => {
  test('a stream gives the rows of the query in their order', async () => {
    const db = openKnex(place)
    const rows = await rowsOf(db.raw(series(5_000)).stream())
    expect(rows).toHaveLength(5_000)
    expect(rows.slice(0, 2)).toEqual([
      { i: 1, name: 'name 1' },
      { i: 2, name: 'name 2' },
    ])
    expect(rows.at(-1)).toEqual({ i: 5_000, name: 'name 5000' })
  })

  test('a stream of nothing ends', async () => {
    const db = openKnex(place)
    await db.raw('create table t (x)')
    expect(await rowsOf(db('t').stream())).toEqual([])
    expect(await db('t')).toEqual([])
  })

  test('values are bound as in a query, and postProcessResponse sees each row', async () => {
    const db = openKnex(place, { postProcessResponse: (row) => ({ ...row, seen: true }) })
    const stream = db.raw('select ? as a, ? as b, ? as c', [true, new Date(5), Buffer.from('x')]).stream()
    expect(await rowsOf(stream)).toEqual([{ a: 1, b: 5, c: Buffer.from('x'), seen: true }])
  })

  test('a stream that is left early frees its cursor, and its connection can write', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 } })
    await db.raw('create table t (x)')
    await db.raw(`insert into t select i from (${series(10_000)})`)
    for await (const row of db('t').stream()) {
      expect(row).toEqual({ x: 1 })
      break
    }
    expect(await db('t').where('x', '>', 10).del()).toBe(9_990)
    await db.schema.dropTable('t')
  })

  test('a stream that is destroyed before its first row gives its statement up', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 } })
    const stream = db.raw(slow).stream()
    await once(db.client, 'query')
    await turn()
    stream.destroy()
    await once(stream, 'close')
    // On another connection: the thread of the first one is inside SQLite until it is stopped.
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('an error of the statement reaches the stream', async () => {
    const db = openKnex(place)
    expect(await rejectionOf(rowsOf(db('nowhere').stream()))).toBeInstanceOf(ProgrammingError)
    const stream = db('nowhere').stream()
    const [error] = await once(stream, 'error')
    expect(error).toBeInstanceOf(ProgrammingError)
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('an error half-way reaches the stream behind the rows before it', async () => {
    const db = openKnex(place)
    const stream = db.raw(`select case when i < 3000 then i else abs(-9223372036854775807 - 1) end as n from (${series(4_000)})`).stream()
    let count = 0
    const error = await rejectionOf(
      (async () => {
        for await (const _row of stream) count++
      })(),
    )
    expect(error).toBeInstanceOf(Error)
    expect(error['driverCode']).toBe('SQLITE_ERROR')
    // Of a memory database the worker reads ahead, so that a reader keeps no writer waiting.
    if (place === 'file') expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(3_000)
  })

  test('a statement without rows is an error of the stream', async () => {
    const db = openKnex(place)
    expect(await rejectionOf(rowsOf(db.raw('create table t (x)').stream()))).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
  })

  test('an error of postProcessResponse ends the stream', async () => {
    const db = openKnex(place, {
      postProcessResponse: (row) => {
        if (row.i === 100) throw new Error('not this one')
        return row
      },
    })
    expect((await rejectionOf(rowsOf(db.raw(series(10_000)).stream()))).message).toBe('not this one')
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('the stream of a thread that dies ends with an error', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 } })
    const connection = await withConnection(db, async (acquired) => acquired)
    const stream = db.raw(series(1_000_000)).stream()
    const [first] = await once(stream, 'data')
    expect(first).toEqual({ i: 1, name: 'name 1' })
    const failed = once(stream, 'error')
    stream.pause()
    await killThread(connection)
    stream.resume()
    expect((await failed)[0]).toMatchObject({ code: 'OFFLOOP_WORKER_TERMINATED' })
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('a handler gets the stream, and the promise resolves when that has ended', async () => {
    const db = openKnex(place)
    const rows: unknown[] = []
    await db.raw(series(100)).stream((stream) => {
      stream.on('data', (row: unknown) => rows.push(row))
    })
    expect(rows).toHaveLength(100)
  })

  test('pipe() and pipeline() take it', async () => {
    const db = openKnex(place)
    let count = 0
    const counter = new Writable({
      objectMode: true,
      write: (_row, _encoding, done) => {
        count++
        done()
      },
    })
    await pipeline(db.raw(series(2_500)).stream(), new PassThrough({ objectMode: true }), counter)
    expect(count).toBe(2_500)
    const piped = db.raw(series(50)).pipe(new PassThrough({ objectMode: true }))
    expect(await rowsOf(piped as PassThrough)).toHaveLength(50)
  })

  test('a stream inside a transaction sees what that has written, and leaves it usable', async () => {
    const db = openKnex(place)
    await db.raw('create table t (x)')
    await db.transaction(async (trx) => {
      await trx.raw(`insert into t select i from (${series(3_000)})`)
      for await (const row of trx('t').stream()) if ((row as { x: number }).x === 2_000) break
      expect(await rowsOf(trx('t').stream())).toHaveLength(3_000)
      await trx('t').where('x', '>', 5).del()
    })
    expect(await db('t').count({ n: '*' })).toEqual([{ n: 5 }])
  })

  test('while a stream is read, other queries run', async () => {
    const db = openKnex(place)
    await db.raw('create table t (x)')
    await db.raw(`insert into t select i from (${series(4_000)})`)
    let read = 0
    for await (const row of db('t').stream()) {
      if (read++ % 1_000 === 0) await db('t').where(row).update({ x: -1 })
    }
    expect(read).toBe(4_000)
    expect(await db('t').where({ x: -1 }).count({ n: '*' })).toEqual([{ n: 4 }])
  })

  test('the connection of a stream is in one hand at a time', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 } })
    await db.raw('create table t (x)')
    await db.raw(`insert into t select i from (${series(50)})`)
    // Each transaction would see the rows of the others, and end in the middle of them, if a connection were released twice.
    const work = Array.from({ length: 30 }, async (_, index) => {
      if (index % 2 === 0) return (await rowsOf(db('t').where('x', '>', 0).stream())).length
      return await db.transaction(async (trx) => {
        await trx('t').insert({ x: -index })
        await turn()
        return (await trx('t').where('x', '<', 0)).length - (await trx('t').where('x', '<', 0).del())
      })
    })
    expect(await Promise.all(work)).toEqual(work.map((_, index) => (index % 2 === 0 ? 50 : 0)))
  })
})

test('1,000,000 rows pass through a small heap', async () => {
  const program = fileURLToPath(new URL('./stream-a-million.ts', import.meta.url))
  // Both generations: V8 lets the young one grow to 64 MB, and moves what was alive while it marked into the old one, however short its life.
  const smallHeap = ['--max-old-space-size=24', '--max-semi-space-size=2']
  const { stdout } = await promisify(execFile)(process.execPath, [...smallHeap, program, filenameOn('file')])
  expect(JSON.parse(stdout)).toEqual({ rows: 1_000_000, sum: 500_000_500_000 })
}, 120_000)

test('a stream on an engine that is closed is an error of the stream', async () => {
  const engine = openEngine('memory')
  const db = openConfig({ connection: { engine } })
  await db.raw('select 1')
  await engine.close()
  expect(await rejectionOf(rowsOf(db.raw('select 1').stream()))).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
})
