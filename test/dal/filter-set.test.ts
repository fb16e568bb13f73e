import { ArgumentError } from 'offloop'
import { FilterError, type FilterSet, filterSet, type StandardSchema } from 'offloop/dal'
import { expect, test } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'
import { rejectionOf } from '../conformance/targets.ts'
import { libraryTables } from './library.ts'

/** What any library that follows Standard Schema makes; this one takes numbers as texts, as they stand in a URL. */
const schema: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (input) => {
      const { from, ...others } = input as { from?: unknown }
      if (from !== undefined && !/^\d+$/.test(String(from)))
        return { issues: [{ message: `not a number: ${from}`, path: [{ key: 'from' }] }] }
      return { value: { ...others, ...(from === undefined ? {} : { from: Number(from) }) } }
    },
  },
}

const { metadata, author, book } = libraryTables()

describeTables(metadata, (databaseTest) => {
  const test = databaseTest.extend<{ ids: (filters: FilterSet, values: unknown) => Promise<number[]> }>({
    ids: async ({ engine }, use) => {
      await use(async (filters, values) => {
        const where = await filters.where(book, values)
        return (await engine.execute(book.select(where).orderBy('id')).fetchall()).map(({ id }) => id)
      })
    },
  })

  test.beforeAll(async ({ database: { engine } }) => {
    await engine.execute(author.insert().values({ id: 1, name: 'Ada' }))
    await engine.executeMany(book.insert(), [
      { id: 1, author_id: 1, name: 'The Sea', pages: 0, catalog: '' },
      { id: 2, author_id: 1, name: 'the sea!', pages: 5, catalog: 'a%b' },
      { id: 3, author_id: 1, name: null, pages: null, catalog: 'x' },
    ])
  })

  test('each parameter is compared by its operator, and together they must all hold', async ({ ids }) => {
    const filters = filterSet({
      from: ['id', 'ge'],
      text: ['name', 'contains'],
      ids: ['id', 'in'],
      range: ['pages', 'between'],
      catalog: ['catalog', 'startsWith'],
    })
    expect(await ids(filters, { from: 2 })).toEqual([2, 3])
    expect(await ids(filters, { text: 'Sea' })).toEqual([1])
    expect(await ids(filters, { from: 1, ids: [1, 3] })).toEqual([1, 3])
    expect(await ids(filters, { ids: [] })).toEqual([])
    expect(await ids(filters, { range: [0, 4] })).toEqual([1])
    expect(await ids(filters, { catalog: 'a%' })).toEqual([2])
  })

  test("0, '' and false are values; null and undefined are left out", async ({ ids }) => {
    const filters = filterSet({ pages: ['pages', 'eq'], catalog: ['catalog', 'eq'] })
    expect(await ids(filters, { pages: 0 })).toEqual([1])
    expect(await ids(filters, { catalog: '' })).toEqual([1])
    expect(await ids(filters, { pages: null, catalog: undefined })).toEqual([1, 2, 3])
    expect(await ids(filters, {})).toEqual([1, 2, 3])
    expect(await ids(filters, undefined)).toEqual([1, 2, 3])
  })

  test('an unknown parameter is refused by name, whatever it is called', async ({ ids }) => {
    const filters = filterSet({ from: ['id', 'ge'] })
    for (const values of [{ form: 1 }, JSON.parse('{"__proto__":1}'), { constructor: 1 }, { toString: 1 }]) {
      expect(await rejectionOf(ids(filters, values))).toBeInstanceOf(FilterError)
    }
    expect(await rejectionOf(ids(filters, { fro: 1 }))).toMatchObject({
      message: 'There is no filter "fro". Did you mean "from"?',
      code: 'OFFLOOP_FILTER',
      issues: [{ parameter: 'fro' }],
    })
    expect(await rejectionOf(ids(filters, [1]))).toBeInstanceOf(TypeError)
  })

  test('a value that is no value of the column is refused, and none becomes SQL', async ({ ids }) => {
    const filters = filterSet({ from: ['id', 'ge'], text: ['name', 'contains'], range: ['id', 'between'], ids: ['id', 'in'] })
    for (const values of [
      { from: '1; drop table book' },
      { text: 5 },
      { range: 1 },
      { range: [1] },
      { ids: 1 },
      { from: { sql: '1', values: [] } },
    ]) {
      expect(await rejectionOf(ids(filters, values))).toBeInstanceOf(TypeError)
    }
    expect(await ids(filters, { text: "'; drop table book; --" })).toEqual([])
  })

  test('values are what a schema of any library makes of them', async ({ ids }) => {
    const filters = filterSet({ from: ['id', 'ge'], text: ['name', 'contains'] }, { schema })
    expect(await ids(filters, { from: '2' })).toEqual([2, 3])
    expect(await ids(filters, {})).toEqual([1, 2, 3])
    const refusal = await rejectionOf(ids(filters, { from: 'secret' }))
    expect(refusal).toMatchObject({ code: 'OFFLOOP_FILTER', issues: [{ parameter: 'from', message: 'not a number: secret' }] })
    expect(refusal.message).not.toContain('secret')
    expect(await rejectionOf(ids(filters, { unknown: 1 }))).toBeInstanceOf(FilterError)
  })

  test('a column that the table has not is refused', async () => {
    expect(await rejectionOf(filterSet({ x: ['nme', 'eq'] }).where(book, { x: 1 }))).toBeInstanceOf(ArgumentError)
  })
})

test.for<[unknown, RegExp]>([
  [{ x: ['id', 'gee'] }, /no operator "gee"\. Did you mean "ge"\?/],
  [{ x: ['id', 'constructor'] }, /no operator/],
  [{ x: ['id', 'toOperationNode'] }, /no operator/],
  [{ x: ['id'] }, /expected \[column, operator\]/],
  [{ x: 'id' }, /expected \[column, operator\]/],
])('%j is no declaration', ([specs, message]) => {
  expect(() => filterSet(specs as never)).toThrow(ArgumentError)
  expect(() => filterSet(specs as never)).toThrow(message)
})

test('a schema that follows nothing is refused', () => {
  expect(() => filterSet({}, { schema: {} as never })).toThrow(ArgumentError)
})
