import type { Socket } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { firstRow, query, rowsOf, wireErrorOf } from './open-driver.ts'
import { changesOf, firstValue, openPg, skipWithoutPostgres, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

const manyRows = 'select n, repeat($1, 200) from generate_series(1, $2::int) n'

test.each([0, 1, 24, 25, 26, 63, 64, 65, 75, 99, 100, 101, 1_099, 1_100, 1_101, 5_000])(
  '%i rows, in their order, in every way they are read',
  async (count) => {
    const connection = await openPg()
    const statement = await connection.prepare('select n from generate_series(1, $1::int) n', null)
    const expected = Array.from({ length: count }, (_, index) => [BigInt(index + 1)])
    // Without knowing the size, knowing it, and expecting few.
    for (const expectedRows of [count, count, Math.min(count, 1), count])
      expect(await rowsOf(statement, [expectedRows])).toEqual(expected.slice(0, expectedRows))
    await connection.script('begin')
    expect(await rowsOf(statement, [count])).toEqual(expected)
    await connection.script('commit')
  },
)

test('a statement is one packet, a query whose size is not known two, and to give it up one more', async () => {
  const connection = await openPg()
  const { stream } = (connection.handle as { readonly connection: { readonly stream: Socket } }).connection
  let packets = 0
  const write = stream.write
  stream.write = (...args: unknown[]): boolean => {
    packets++
    return Reflect.apply(write, stream, args) as boolean
  }
  const count = async (work: () => unknown): Promise<number> => {
    packets = 0
    await work()
    return packets
  }
  await connection.script('create table t (a int)')
  expect(await count(() => changesOf(connection, 'begin'))).toBe(1)
  const insert = await connection.prepare('insert into t values ($1)', null)
  expect(await count(() => connection.prepare('select 1', null))).toBe(1)
  expect(await count(() => insert.run([1]))).toBe(1)
  expect(await count(() => insert.runEach?.({ values: [1, 2, 3], width: 1, rowCount: 3 }, () => undefined))).toBe(1)
  const select = await connection.prepare('select n from generate_series(1, $1::int) n', null)
  expect(await count(() => rowsOf(select, [64]))).toBe(2)
  expect(await count(() => rowsOf(select, [64]))).toBe(1)
  expect(await count(() => rowsOf(select, [99]))).toBe(1)
  expect(await count(() => rowsOf(select, [99]))).toBe(2)
  // Of a thousand rows each, but for the first.
  expect(await count(() => rowsOf(select, [10_050]))).toBe(1 + 10 + 1)
  expect(await count(() => firstRow(select, [10_050]))).toBe(2)
  expect(await count(() => connection.ping?.())).toBe(1)
})

test('rows that are in memory come without waiting', async () => {
  const connection = await openPg()
  const statement = await connection.prepare(manyRows, null)
  const rows = statement.iterate(['x', 5_000])
  let waits = 0
  for (let count = 0; ; count++) {
    const step = rows.next()
    if (step instanceof Promise) waits++
    if ((await step).done === true) {
      expect(count).toBe(5_000)
      break
    }
  }
  expect(waits).toBeLessThan(1_000)
})

describe.each([
  ['in batches', false],
  ['at once', true],
])('a long result %s', (_, small) => {
  test('is read in bounded memory, however slowly', async () => {
    const connection = await openPg()
    const statement = await connection.prepare(manyRows, null)
    if (small) await rowsOf(statement, ['x', 1])
    const before = process.memoryUsage.rss()
    let most = 0
    let count = 0
    const rows = statement.iterate(['x', 200_000])
    for (;;) {
      const step = await rows.next()
      if (step.done === true) break
      expect(step.value?.[0]).toBe(BigInt(++count))
      if (count % 10_000 !== 0) continue
      // The server could send all of it meanwhile.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      most = Math.max(most, process.memoryUsage.rss() - before)
    }
    expect(count).toBe(200_000)
    // The rows weigh 45 MB on the wire alone.
    expect(most).toBeLessThan(200 * 1024 * 1024)
  })

  test('is given up early, and another statement runs', async () => {
    const connection = await openPg()
    const statement = await connection.prepare(manyRows, null)
    for (const begin of [false, true]) {
      if (begin) await connection.script('begin')
      for (const taken of [0, 1, 80, 1_500]) {
        if (small) await rowsOf(statement, ['x', 1])
        const rows = statement.iterate(['x', begin && small ? 20_000 : 2_000_000])
        for (let count = 0; count < taken; count++) expect((await rows.next()).value?.[0]).toBe(BigInt(count + 1))
        expect(statement.busy).toBe(true)
        await rows.return()
        expect(statement.busy).toBe(false)
        expect(await rows.next()).toMatchObject({ done: true })
        await rows.return()
        expect(await firstValue(connection, 'select 42')).toBe(42n)
        expect(connection.inTransaction).toBe(begin)
      }
    }
    await connection.script('commit')
  })

  test('whose rows are heavy', async () => {
    const connection = await openPg()
    const statement = await connection.prepare('select n, repeat($1, 2000000) from generate_series(1, $2::int) n', null)
    if (small) await rowsOf(statement, ['x', 1])
    const before = process.memoryUsage.rss()
    let most = 0
    let count = 0
    const rows = statement.iterate(['x', 150])
    for (;;) {
      const step = await rows.next()
      if (step.done === true) break
      expect(String(step.value?.[1])).toHaveLength(2_000_000)
      count++
      most = Math.max(most, process.memoryUsage.rss() - before)
    }
    expect(count).toBe(150)
    expect(most).toBeLessThan(250 * 1024 * 1024)
  })

  test('that fails on its way gives its rows and then the error', async () => {
    const connection = await openPg()
    const statement = await connection.prepare('select n, 1 / (n - $1::int) from generate_series(1, $2::int) n', null)
    if (small) await rowsOf(statement, [0, 1])
    for (const failing of [1, 50, 150, 3_000]) {
      const rows = statement.iterate([failing, 10_000])
      for (let count = 1; count < failing; count++) expect((await rows.next()).value?.[0]).toBe(BigInt(count))
      expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'data', driverCode: '22012' })
      expect(await rows.next()).toMatchObject({ done: true })
      await rows.return()
      expect(await firstValue(connection, 'select 42')).toBe(42n)
    }
  })
})

test('a statement that writes runs to its end, whoever reads its rows', async () => {
  const connection = await openPg()
  await connection.script('create table t (a int, b text)')
  const insert = await connection.prepare(
    "insert into t select n, repeat('x', 100) from generate_series(1, $1::int) n returning a, b",
    null,
  )
  for (const count of [1, 50_000]) {
    const rows = insert.iterate([count])
    expect((await rows.next()).value?.[0]).toBe(1n)
    await rows.return()
    expect(await firstValue(connection, 'select count(*) from t')).toBe(BigInt(count))
    await changesOf(connection, 'delete from t')
  }
})

test('a value that cannot be read fails its row, and the rest can be given up', async () => {
  const connection = await openPg()
  const statement = await connection.prepare(
    "select case n when $1 then '1e999' else '1' end::json as doc from generate_series(1, 1000) n",
    null,
  )
  for (const bad of [1, 70, 500]) {
    const rows = statement.iterate([bad])
    for (let count = 1; count < bad; count++) expect(await rows.next()).toMatchObject({ value: [1] })
    expect(await wireErrorOf(connection, () => rows.next())).toMatchObject({ family: 'data', message: expect.stringContaining('"doc"') })
    await rows.return()
    expect(await firstValue(connection, 'select 42')).toBe(42n)
  }
})

test('a result without columns has rows', async () => {
  const connection = await openPg()
  expect(await query(connection, 'select from generate_series(1, 3)')).toEqual([[], [], []])
})

test('an iterator that is given up before its first row', async () => {
  const connection = await openPg()
  const statement = await connection.prepare(manyRows, null)
  const rows = statement.iterate(['x', 1_000_000])
  const first = rows.next()
  await rows.return()
  // What was asked for before that is told that there is nothing more, or the row that came first.
  await first
  expect(await firstValue(connection, 'select 42')).toBe(42n)
})
