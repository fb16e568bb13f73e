import { sql } from 'offloop'
import { and, dateTime, integer, json, MetaData, not, numeric, or, string, Table, text } from 'offloop/schema'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'

const names = ['Dan', 'dan', 'Dana', 'a%b', 'a_b', 'axb', 'a*b', 'a?b', 'a[b', "it's", 'back\\slash', 'a!b', 'é', 'É', '']

const metadata = new MetaData()
const people = new Table('people', metadata, { id: integer({ primaryKey: true }), name: string(30), age: integer() })
const amounts = new Table('amounts', metadata, { id: integer({ primaryKey: true }), small: numeric(10, 2), wide: numeric(30, 2) })
const moments = new Table('moments', metadata, { id: integer({ primaryKey: true }), at: dateTime() })
const papers = new Table('papers', metadata, { id: integer({ primaryKey: true }), doc: json(), other: text() })
const { c } = people

describeTables(metadata, (databaseTest) => {
  const test = databaseTest.extend<{ find: (condition: Parameters<typeof people.select>[0]) => Promise<unknown[]> }>({
    find: async ({ engine }, use) => {
      await use(async (condition) => (await engine.execute(people.select(condition).orderBy('id')).fetchall()).map(({ name }) => name))
    },
  })

  test.beforeAll(async ({ database }) => {
    const rows = [...names, null].map((name, index) => ({ name, age: name === null ? null : index }))
    await database.engine.executeMany(people.insert(), rows)
  })

  test('comparisons', async ({ find }) => {
    expect(await find(c.age.eq(2))).toEqual(['Dana'])
    expect(await find(c.age.lt(2))).toEqual(['Dan', 'dan'])
    expect(await find(c.age.le(2))).toEqual(['Dan', 'dan', 'Dana'])
    expect(await find(c.age.gt(13))).toEqual([''])
    expect(await find(c.age.ge(13))).toEqual(['É', ''])
    expect(await find(c.age.ne(0))).toHaveLength(names.length - 1)
    expect(await find(c.age.between(1, 2))).toEqual(['dan', 'Dana'])
    expect(await find(c.age.in([0, 2, 99]))).toEqual(['Dan', 'Dana'])
    expect(await find(c.age.in([]))).toEqual([])
    expect(await find(c.age.notIn([0]))).toHaveLength(names.length - 1)
    expect(await find(c.age.notIn([]))).toHaveLength(names.length + 1)
  })

  test('NULL is looked for by eq(null) and ne(null), and is like itself to is() and isNot()', async ({ find }) => {
    expect(await find(c.name.eq(null))).toEqual([null])
    expect(await find(c.name.ne(null))).toEqual(names)
    expect(await find(c.age.is(null))).toEqual([null])
    expect(await find(c.age.is(2))).toEqual(['Dana'])
    expect(await find(c.age.isNot(2))).toHaveLength(names.length)
    expect(await find(c.age.isNot(null))).toHaveLength(names.length)
    expect(() => c.age.lt(null as never)).toThrow('eq(null)')
    expect(() => c.age.eq(undefined as never)).toThrow('found undefined')
  })

  test('parts of texts: capitals count, and wildcards are letters', async ({ find }) => {
    expect(await find(c.name.startsWith('D'))).toEqual(['Dan', 'Dana'])
    expect(await find(c.name.endsWith('an'))).toEqual(['Dan', 'dan'])
    expect(await find(c.name.contains('a'))).toHaveLength(10 + 1)
    expect(await find(c.name.contains(''))).toEqual(names)
    expect(await find(c.name.contains('é'))).toEqual(['é'])
    for (const part of ['%', '_', '*', '?', '[', "'", '\\', '!']) {
      const [expected] = names.filter((name) => name.includes(part))
      expect(await find(c.name.contains(part)), part).toEqual([expected])
      expect(await find(c.name.startsWith(expected as string)), part).toEqual([expected])
      expect(await find(c.name.endsWith((expected as string).slice(1))), part).toEqual([expected])
    }
  })

  test('like() takes a pattern, and ilike() does not look at capitals', async ({ find }) => {
    expect(await find(c.name.like('a_b'))).toEqual(['a%b', 'a_b', 'axb', 'a*b', 'a?b', 'a[b', 'a!b'])
    expect(await find(c.name.ilike('dan%'))).toEqual(['Dan', 'dan', 'Dana'])
    expect(await find(c.name.ilike('DAN'))).toEqual(['Dan', 'dan'])
  })

  test('and, or, not', async ({ find }) => {
    expect(await find(and(c.age.gt(0), c.age.lt(3)))).toEqual(['dan', 'Dana'])
    expect(await find(or(c.age.eq(0), c.age.eq(2)))).toEqual(['Dan', 'Dana'])
    expect(await find(and(or(c.age.eq(0), c.age.eq(2)), c.name.ne('Dan')))).toEqual(['Dana'])
    expect(await find(not(c.age.gt(0)))).toEqual(['Dan'])
    expect(await find(and(c.age.eq(0)))).toEqual(['Dan'])
    expect(() => and()).toThrow('one condition or more')
  })

  test('columns stand on both sides, in Kysely’s where and in orderBy', async ({ engine, find }) => {
    expect(await find(c.age.lt(c.id))).toHaveLength(names.length)
    const rows = await engine.execute(people.select().where(c.age.lt(3)).where('name', 'like', 'D%').orderBy(c.age.desc())).fetchall()
    expect(rows.map(({ age }) => age)).toEqual(engine.dialect.name === 'postgresql' ? [2, 0] : [2, 1, 0])
    expect(await engine.execute(people.select().orderBy(c.id.asc()).limit(1)).one()).toMatchObject({ id: 1 })
  })

  test('an alias is a table of its own', async ({ engine }) => {
    const other = people.alias('o')
    const rows = await engine.execute(other.select(other.c.age.eq(1))).fetchall()
    expect(rows).toEqual([{ id: 2, name: 'dan', age: 1 }])
  })

  test('numbers of many digits are ordered as numbers', async ({ engine }) => {
    await engine.execute(amounts.insert().values(['9', '10', '100', '-2'].map((n, index) => ({ id: index + 1, small: n, wide: n }))))
    for (const column of [amounts.c.small, amounts.c.wide]) {
      const ordered = await engine.execute(amounts.select().orderBy(column.asc())).fetchall()
      expect(ordered.map(({ id }) => id)).toEqual([4, 1, 2, 3])
      expect(await engine.execute(amounts.select(column.gt('9.5'))).fetchall()).toHaveLength(2)
      expect(await engine.execute(amounts.select(column.between(-5, 9))).fetchall()).toHaveLength(2)
    }
  })

  test('numbers of more digits than a double has are told apart in a list', async ({ engine }) => {
    const [first, second] = ['100000000000000000.01', '100000000000000000.02'] as const
    await engine.execute(amounts.insert().values([first, second, '1', null].map((wide, index) => ({ id: index + 1, wide }))))
    const { wide } = amounts.c
    const find = async (query: ReturnType<typeof amounts.select>) =>
      (await engine.execute(query.orderBy('id')).fetchall()).map(({ id }) => id)
    expect(await find(amounts.select(wide.in([first, '1'])))).toEqual([1, 3])
    expect(await find(amounts.select(wide.in([second])))).toEqual([2])
    expect(await find(amounts.select(wide.notIn([first, '1'])))).toEqual([2])
    expect(await find(amounts.select().where('wide', 'in', [first, '1']))).toEqual([1, 3])
    expect(await find(amounts.select().where('wide', 'not in', [second]))).toEqual([1, 3])
    expect((await engine.execute(amounts.delete().where(wide.in([first, '1'])))).rowcount).toBe(2)
    expect(await find(amounts.select())).toEqual([2, 4])
  })

  test('numbers of more digits than a double has are compared and ordered digit by digit', async ({ engine }) => {
    const sorted = [
      ...[
        '-9999999999999999999999999999.99',
        '-100000000000000000.02',
        '-100000000000000000.01',
        '-10.00',
        '-9.00',
        '-1.01',
        '-1.00',
        '-0.01',
      ],
      ...['0.00', '0.01', '1.00', '1.01', '9.00', '10.00', '100000000000000000.01', '100000000000000000.02'],
      ...['100000000000000000000.00', '9999999999999999999999999999.99'],
    ]
    const { wide, id } = amounts.c
    const rows = sorted.map((text, index) => ({ id: ((index * 7) % sorted.length) + 1, wide: text }))
    await engine.execute(amounts.insert().values([...rows, { id: 100, wide: null }]))
    const find = async (query: ReturnType<typeof amounts.select>) => (await engine.execute(query).fetchall()).map((row) => row.wide)
    expect(await find(amounts.select(wide.ne(null)).orderBy(wide.asc()))).toEqual(sorted)
    expect(await find(amounts.select(wide.ne(null)).orderBy(wide.desc()))).toEqual(sorted.toReversed())
    for (const [index, text] of sorted.entries()) {
      const where = async (condition: Parameters<typeof amounts.select>[0]) => await find(amounts.select(condition).orderBy(wide.asc()))
      expect(await where(wide.lt(text))).toEqual(sorted.slice(0, index))
      expect(await where(wide.le(text))).toEqual(sorted.slice(0, index + 1))
      expect(await where(wide.gt(text))).toEqual(sorted.slice(index + 1))
      expect(await where(wide.ge(text))).toEqual(sorted.slice(index))
      expect(await where(wide.between(text, text))).toEqual([text])
      expect(await where(wide.between('-1', text))).toEqual(sorted.slice(6, index + 1))
    }
    expect(await find(amounts.select(and(wide.gt(sql`1`), wide.between(sql`2`, '9'))).orderBy(id.asc()))).toEqual(['9.00'])
    expect(await find(amounts.select(wide.gt(id)).limit(1))).toHaveLength(1)
  })

  test('the words of the builder order numbers and tell their extremes as the columns do', async ({ engine }) => {
    const sorted = ['-20.00', '-3.00', '9.50', '10.25', '100000000000000000.01', '100000000000000000.02']
    await engine.execute(amounts.insert().values([4, 2, 6, 3, 1, 5].map((id) => ({ id, wide: sorted[id - 1] as string, small: '1' }))))
    const find = async (query: ReturnType<typeof amounts.select>) => (await engine.execute(query).fetchall()).map((row) => row.wide)
    const select = () => amounts.select().orderBy('id')
    expect(await find(amounts.select().orderBy('wide'))).toEqual(sorted)
    expect(await find(amounts.select().orderBy('amounts.wide', 'desc'))).toEqual(sorted.toReversed())
    expect(await find(select().where('wide', '>', '9.5'))).toEqual(sorted.slice(3))
    expect(await find(select().where('wide', '<', '100000000000000000.02'))).toEqual(sorted.slice(0, 5))
    expect(await find(select().where((eb) => eb.between('wide', '-3', '10.25')))).toEqual(sorted.slice(1, 4))
    expect(await find(select().where((eb) => eb(eb.val('9.5'), '<=', eb.ref('wide'))))).toEqual(sorted.slice(2))
    expect(await find(select().whereRef('wide', '>', 'small'))).toEqual(sorted.slice(2))

    const extremes = amounts
      .select()
      .clearSelect()
      .select((eb) => [eb.fn.min('wide').as('least'), eb.fn.max('wide').as('most')])
    expect(await engine.execute(extremes).one()).toEqual({ least: '-20.00', most: '100000000000000000.02' })
    expect(await engine.execute(extremes.having((eb) => eb.fn.max('wide'), '>', '9.5')).fetchall()).toHaveLength(1)
    const running = amounts.select().clearSelect().orderBy('id')
    const ranked = running.select((eb) =>
      eb.fn
        .agg<number>('rank')
        .over((over) => over.orderBy('wide'))
        .as('place'),
    )
    expect(await engine.execute(ranked).fetchall()).toEqual([1, 2, 3, 4, 5, 6].map((place) => ({ place })))
    const greatest = running.select((eb) =>
      eb.fn
        .max('wide')
        .over((over) => over.orderBy('id'))
        .as('most'),
    )
    expect(await engine.execute(greatest).fetchall()).toEqual(sorted.map((most) => ({ most })))

    const groups = amounts.select().clearSelect().groupBy('id')
    const named = groups.select((eb) => eb.fn.max('wide').as('most')).orderBy('most')
    expect(await engine.execute(named).fetchall()).toEqual(sorted.map((most) => ({ most })))
    const hidden = groups
      .select((eb) => [eb.fn.count('id').as('wide'), 'id'])
      .orderBy('wide')
      .orderBy('id', 'desc')
    expect((await engine.execute(hidden).fetchall()).map(({ id }) => id)).toEqual([6, 5, 4, 3, 2, 1])
    const both = amounts.select().unionAll(amounts.select()).orderBy('id').limit(2)
    expect(await find(both)).toEqual(['-20.00', '-20.00'])
    expect((await engine.execute(amounts.update().set({ small: '2' }).where('wide', '<', '9.5'))).rowcount).toBe(2)
    expect((await engine.execute(amounts.delete().where('wide', '>=', '10.25'))).rowcount).toBe(3)
  })

  test('dates are compared as moments', async ({ engine }) => {
    const times = [0, 86_400_000, 1_700_000_000_123].map((time) => new Date(time))
    await engine.execute(moments.insert().values(times.map((at) => ({ at }))))
    expect(await engine.execute(moments.select(moments.c.at.gt(new Date(1)))).fetchall()).toHaveLength(2)
    expect(await engine.execute(moments.select().where('at', 'in', times)).fetchall()).toHaveLength(3)
    expect(
      await engine.execute(moments.select().where((eb) => eb.between('at', times[0] as Date, times[1] as Date))).fetchall(),
    ).toHaveLength(2)
    const latest = await engine
      .execute(
        moments
          .select()
          .clearSelect()
          .select(({ fn }) => fn.max('at').as('latest')),
      )
      .one()
    expect(latest).toEqual({ latest: times[2] })
  })

  test('places in JSON', async ({ engine }) => {
    const documents = [
      { a: [1, 'x', true, null, { b: 2 }], n: 1, s: 'text', t: true, z: null, 'odd "key"': 5, 'dot.key': 6, 'back\\slash': 7, é: 8 },
      { a: [], n: 1.5, s: '1', t: 1 },
      [1, 2, 3],
      'text',
      5,
    ]
    await engine.execute(papers.insert().values(documents.map((doc, index) => ({ id: index + 1, doc }))))
    const { doc } = papers.c
    const find = async (condition: Parameters<typeof papers.select>[0]) =>
      (await engine.execute(papers.select(condition).orderBy('id')).fetchall()).map(({ id }) => id)
    expect(await find(doc.path('n').eq(1))).toEqual([1])
    expect(await find(doc.path('n').eq(1.5))).toEqual([2])
    expect(await find(doc.path('s').eq('1'))).toEqual([2])
    expect(await find(doc.path('s').eq(1))).toEqual([])
    expect(await find(doc.path('t').eq(true))).toEqual([1])
    expect(await find(doc.path('t').eq(1))).toEqual([2])
    expect(await find(doc.path('z').eq(null))).toEqual([1])
    expect(await find(doc.path('a', 0).eq(1))).toEqual([1])
    expect(await find(doc.path('a', 1).eq('x'))).toEqual([1])
    expect(await find(doc.path('a', 4, 'b').eq(2))).toEqual([1])
    expect(await find(doc.path('a', 4).eq({ b: 2 }))).toEqual([1])
    expect(await find(doc.path('a').eq([]))).toEqual([2])
    expect(await find(doc.path('odd "key"').eq(5))).toEqual([1])
    expect(await find(doc.path('dot.key').eq(6))).toEqual([1])
    expect(await find(doc.path('back\\slash').eq(7))).toEqual([1])
    expect(await find(doc.path('é').eq(8))).toEqual([1])
    expect(await find(doc.path('s').asText().eq('text'))).toEqual([1])
    expect(await find(doc.path('n').asText().eq('1'))).toEqual([1])
    expect(await find(doc.path('z').asText().eq(null))).toEqual([1, 2, 3, 4, 5])
    expect(await find(doc.hasKey('z'))).toEqual([1])
    expect(await find(doc.hasKey('text'))).toEqual([])
    expect(await find(doc.hasKey('odd "key"'))).toEqual([1])
    expect(await find(doc.contains({ n: 1 }))).toEqual([1])
    expect(await find(doc.contains({ t: true, s: 'text' }))).toEqual([1])
    expect(await find(doc.contains({ a: [{ b: 2 }, 'x'] }))).toEqual([1])
    expect(await find(doc.contains({ a: [true] }))).toEqual([1])
    expect(await find(doc.contains([3, 1]))).toEqual([3])
    expect(await find(doc.contains({}))).toEqual([1, 2])
    expect(() => papers.c.other.path('a')).toThrow('is for JSON columns')
    expect(() => doc.path()).toThrow('keys and indices')
    expect(() => doc.path(-1)).toThrow('an index of 0 or more')
  })
})
