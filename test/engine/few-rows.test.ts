import { type AsyncConnection, DataError, type ExecuteOptions, MultipleResultsFound, type Parameters } from 'offloop'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'
import { drivers, openEngine, openMemoryEngine, temporaryFile } from './open-engine.ts'

const numbers = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)'
const countTo = `${numbers} select i from n`

/** What a statement gives while it stands alone, three times: from then on its columns are known, and it is short. */
async function aloneOf(conn: AsyncConnection, sql: string, params?: Parameters, options?: ExecuteOptions) {
  const run = () => conn.execute(sql, params, options).fetchall()
  return [await run(), await run(), await run()] as const
}

function together<T>(run: (index: number) => Promise<T>, count = 16): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)))
}

describe.each(drivers)('rows of short statements that wait together, by %s', (driver) => {
  test.each([
    ['of every type', `${numbers} select i, i * 0.5 as half, 'text ' || i as words, zeroblob(i % 5) as bytes, null as none from n`, [20]],
    [
      'of columns that change their types',
      `${numbers} select case i % 4 when 0 then i when 1 then 'x' when 2 then 1e300 else x'00ff' end as v from n`,
      [20],
    ],
    ['that are none', `${numbers} select i from n where i < 0`, [20]],
    ['that are as many as one answer holds', countTo, [64]],
    ['of two columns of one name', `${numbers} select i as a, -i as a from n`, [3]],
    ['of a column without a name', `${numbers} select i, i + 1 from n`, [3]],
    ['in their order', `${numbers} select i, i % 7 as m from n order by m desc, i desc`, [40]],
    ['in the order of a column that is not among them', 'select column1 as a from (values (1, 3), (2, 1), (3, 2)) order by column2', []],
    ['in the order of a subquery', `select * from (${numbers} select i from n order by -i)`, [40]],
    ['in the order of a join', `${numbers} select a.i as x, b.i as y from n a join n b on a.i = b.i order by b.i % 3, a.i desc`, [40]],
    ['of a window', `${numbers} select i, sum(i) over (order by i desc) as s from n order by s desc`, [40]],
    ['without those that are alike', `${numbers} select distinct i / 2 as h from n order by h desc`, [40]],
    ['in groups', `${numbers} select i % 3 as g, count(*) as c, max(i) as m from n group by g having c > 1 order by 1 desc`, [40]],
    ['of several queries', `${numbers} select i from n union all select -i from n order by 1`, [20]],
    ['of values', `values (3, 'c'), (?, 'a'), (2, 'b')`, [1]],
    ['within a limit', `${numbers} select i from n order by i desc limit ? offset ?`, [1_000, 10, 20]],
    ['of parameters by name', `select :name as name, $other as other`, { name: 'x', other: 5 }],
    ['of a text with a comment at its end', `${countTo} -- the end`, [3]],
    ['of a text with a semicolon at its end', `${countTo} ; `, [3]],
    ['of a text that no other can hold', `${countTo} /* never closed`, [3]],
    ['of the plan of a query', `explain query plan ${countTo}`, [3]],
    ['of a text in brackets', `select ')' as "(", [a)] from (select 1 as [a)])`, []],
  ] as const)('%s are those that it gives alone', async (_, sql, params) => {
    const conn = await openEngine({}, { driver }).connect()
    for (const options of [{}, { rowMode: 'array', integers: 'bigint' }] as const) {
      const [alone] = await aloneOf(conn, sql, params as Parameters, options)
      for (const rows of await together(() => conn.execute(sql, params as Parameters, options).fetchall())) expect(rows).toEqual(alone)
    }
  })

  test('keep their integers, where a column of the first of several queries is REAL', async () => {
    const conn = await openEngine({}, { driver }).connect()
    await conn.script('create table t (id integer primary key, r real); insert into t values (9007199254740993, 1.5)')
    const sql = 'select r as v from t union all select id from t'
    const options = { integers: 'bigint' } as const
    const [alone] = await aloneOf(conn, sql, [], options)
    expect(alone).toEqual([{ v: 1.5 }, { v: 9007199254740993n }])
    for (const rows of await together(() => conn.execute(sql, [], options).fetchall())) expect(rows).toEqual(alone)
  })

  test('are those of a limit inside, which SQLite lets come behind the order around it', async () => {
    const conn = await openEngine({}, { driver }).connect()
    await conn.execute('create table t (a)')
    await conn.execute(`insert into t ${countTo}`, [40])
    const sql = 'select a from (select a from t limit 5) order by a desc'
    const [alone] = await aloneOf(conn, sql)
    for (const rows of await together(() => conn.execute(sql).fetchall())) expect(rows).toEqual(alone)
  })

  test('are as many as each has, and the next one is not held up by one of very many', async () => {
    const conn = await openEngine({}, { driver }).connect()
    const counts = [1, 2, 63, 64, 65, 66, 1_000, 20_000, 3]
    for (const [index, many] of [...counts, ...counts.reverse()].entries()) {
      await aloneOf(conn, countTo, [3])
      const rows = await together((each) => conn.execute(countTo, [each === index % 16 ? many : each + 1]).scalars())
      expect(rows.map(({ length }) => length)).toEqual(Array.from({ length: 16 }, (_, each) => (each === index % 16 ? many : each + 1)))
    }
  })

  test('are the one that is wanted, and more than one are told', async () => {
    const conn = await openEngine({}, { driver }).connect()
    const sql = `${countTo} order by i desc`
    await aloneOf(conn, sql, [3])
    expect(await together((index) => conn.execute(sql, [index + 1]).scalar())).toEqual(Array.from({ length: 16 }, (_, index) => index + 1))
    const ones = await together((index) =>
      conn
        .execute(sql, [1 + (index % 2)])
        .one()
        .catch((error: unknown) => error),
    )
    for (const [index, one] of ones.entries()) {
      if (index % 2 === 0) expect(one).toEqual({ i: 1 })
      else expect(one).toBeInstanceOf(MultipleResultsFound)
    }
    const three = await together(async () => (await conn.execute(sql, [20])).fetchmany(3))
    expect(three).toEqual(Array.from({ length: 16 }, () => [{ i: 20 }, { i: 19 }, { i: 18 }]))
  })

  test('that fail on the way fail alone', async () => {
    const conn = await openEngine({}, { driver }).connect()
    const sql = `${numbers} select abs(case when i = 7 then ? else i end) as v from n`
    await aloneOf(conn, sql, [10, 0])
    const outcomes = await together((index) =>
      conn
        .execute(sql, [10, index === 5 ? -(2n ** 63n) : index])
        .fetchall()
        .then(
          ({ length }) => length,
          (error: unknown) => error,
        ),
    )
    expect(outcomes[5]).toMatchObject({ message: expect.stringContaining('integer overflow') })
    expect(outcomes.toSpliced(5, 1)).toEqual(Array.from({ length: 15 }, () => 10))
    const big = 'select ? + 0 as big'
    await aloneOf(conn, big, [1])
    const bigs = await together((index) =>
      conn
        .execute(big, [index === 3 ? 2n ** 60n + 1n : index])
        .fetchall()
        .catch((error: unknown) => error),
    )
    expect(bigs[3]).toBeInstanceOf(DataError)
    expect(bigs[3]).toMatchObject({ message: expect.stringContaining('"big"') })
    expect(bigs[4]).toEqual([{ big: 4 }])
  })

  test('have the columns of a table that another connection changes meanwhile', async () => {
    const file = temporaryFile()
    const one = await openEngine({}, { driver, file }).connect()
    const other = await openEngine({}, { driver, file }).connect()
    await one.script('create table t (a, b); insert into t values (1, 2)')
    const sql = 'select * from t'
    const expectAll = async (row: Record<string, number>): Promise<void> => {
      for (const rows of await together(() => one.execute(sql).fetchall())) expect(rows).toEqual([row])
    }
    await aloneOf(one, sql)
    await expectAll({ a: 1, b: 2 })
    await other.execute('alter table t rename column b to c')
    await expectAll({ a: 1, c: 2 })
    await aloneOf(one, sql)
    await other.execute('alter table t add column d default 7')
    await expectAll({ a: 1, c: 2, d: 7 })
    await aloneOf(one, sql)
    await other.script('drop table t; create table t (d, a); insert into t values (8, 9)')
    await expectAll({ d: 8, a: 9 })
    await aloneOf(one, sql)
    await other.execute('drop table t')
    for (const error of await together(() => rejectionOf(one.execute(sql).fetchall()))) expect(error.message).toContain('no such table: t')
    await other.execute('create table t (x)')
    for (const rows of await together(() => one.execute(sql).fetchall())) expect(rows).toEqual([])
  })

  test('have the columns of a table that their own transaction changes', async () => {
    const conn = await openEngine({}, { driver }).connect()
    await conn.script('create table t (a, b); insert into t values (1, 2)')
    const sql = 'select * from t'
    const tx = await conn.begin()
    const expectAll = async (row: Record<string, number>): Promise<void> => {
      for (let round = 0; round < 4; round++) {
        for (const rows of await together(() => tx.execute(sql).fetchall())) expect(rows).toEqual([row])
      }
    }
    await expectAll({ a: 1, b: 2 })
    await tx.execute('alter table t rename column b to c')
    await expectAll({ a: 1, c: 2 })
    await tx.execute('update t set c = 3')
    await expectAll({ a: 1, c: 3 })
    const nested = await tx.beginNested()
    await nested.execute('alter table t drop column a')
    await expectAll({ c: 3 })
    await nested.rollback()
    await expectAll({ a: 1, c: 3 })
    await tx.rollback()
    expect(await together(() => conn.execute(sql).fetchall())).toEqual(Array.from({ length: 16 }, () => [{ a: 1, b: 2 }]))
  })

  test('are those of memory databases and of the engine’s own connections', async () => {
    for (const engine of [openEngine({ readers: 2 }, { driver }), openMemoryEngine({}, driver)]) {
      await engine.script('create table t (a); insert into t values (1), (2)')
      for (let round = 0; round < 5; round++) {
        for (const rows of await together(() => engine.execute('select a from t order by a').scalars(), 100)) expect(rows).toEqual([1, 2])
      }
    }
  })

  test('are given up alone', async () => {
    const conn = await openEngine({}, { driver }).connect()
    await aloneOf(conn, countTo, [3])
    const abort = new AbortController()
    const outcomes = together((index) =>
      conn
        .execute(countTo, [3], index % 3 === 0 ? { signal: abort.signal } : {})
        .scalars()
        .catch((error: unknown) => error),
    )
    abort.abort()
    for (const [index, outcome] of (await outcomes).entries()) {
      if (index % 3 === 0) expect(outcome).toMatchObject({ name: 'AbortError' })
      else expect(outcome).toEqual([1, 2, 3])
    }
  })
})
