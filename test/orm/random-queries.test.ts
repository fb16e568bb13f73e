import type { AsyncEngine } from 'offloop'
import {
  bigInteger,
  boolean,
  count,
  date,
  dateTime,
  enumeration,
  float,
  foreignKey,
  integer,
  ModelRegistry,
  manyToMany,
  string,
  time,
  uuid,
} from 'offloop/orm'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'
import { pick, random } from '../random-numbers.ts'
import { type Relation, type Row, randomCondition, type Shape } from './random-conditions.ts'

/** How many query sets each database answers. */
const rounds = Number(process.env['OFFLOOP_TEST_RANDOM_QUERIES'] ?? 40)

function shopModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)
  const id = integer({ primaryKey: true })
  const name = string({ maxLength: 9, allowNull: true })
  class Tag extends models.define('tags', { id, name }) {}
  class Shop extends models.define('shops', {
    ...{ id, name },
    opened: date({ allowNull: true }),
    open: boolean({ allowNull: true }),
    shop: foreignKey('shops', { allowNull: true, relatedName: 'branches' }),
  }) {}
  class Item extends models.define('items', {
    ...{ id, name },
    shop: foreignKey(() => Shop, { allowNull: true, relatedName: 'items' }),
    pieces: integer({ allowNull: true }),
    serial: bigInteger({ allowNull: true }),
    weight: float({ allowNull: true }),
    made: dateTime({ allowNull: true }),
    tags: manyToMany(() => Tag, { relatedName: 'items' }),
  }) {}
  class Book extends Item.extend('books', {
    hour: time({ allowNull: true }),
    code: uuid({ allowNull: true }),
    mood: enumeration(['bad', 'good'], { allowNull: true }),
    about: foreignKey(() => Shop, { allowNull: true, relatedName: 'books' }),
  }) {}
  return { models, Tag, Shop, Item, Book }
}

const names = ['a', 'ab', 'b%', 'a_b', '\\', "it's", '日本', '100%', null]
const moments = ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5Z', '1999-12-31T23:59:59.999Z'].map((text) => new Date(text))
const tagFields = { id: [1, 2, 3], name: names }
const shopFields = { id: [1, 2, 3, 9], name: names, opened: ['2024-02-29', '1999-12-31', null], open: [true, false, null] }
const itemFields = {
  ...{ id: [1, 2, 9, 12], name: names, pieces: [-1, 0, 1, 2, null], serial: [0n, -5n, 2n ** 53n + 1n, null] },
  ...{ weight: [0, 0.5, -1.5, 1e21, null], made: [...moments, null] },
}
const bookFields = {
  ...{ hour: ['10:20:00', '10:20:00.5', '00:00:00', null], mood: ['bad', 'good', null] },
  code: ['00000000-0000-0000-0000-000000000000', '0b7b1a4e-8f5c-4d7e-9a51-3f2f6c1d2e3f', null],
}

const below = random(1)
const rowsOf = (fields: Shape['fields'], length: number, first = 1): Row[] =>
  Array.from({ length }, (_, index) => ({
    ...Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, pick(below, values)])),
    id: first + index,
  }))
const leading = (rows: readonly Row[], name: string, most: number) => rows.map((row) => ({ ...row, [name]: below(most + 1) || null }))

const tags = rowsOf(tagFields, 4)
const shops = leading(rowsOf(shopFields, 6), 'shop', 2)
const plainItems = leading(rowsOf(itemFields, 8), 'shop', 5)
const books = leading(leading(rowsOf({ ...itemFields, ...bookFields }, 6, 9), 'shop', 5), 'about', 5)
const items = [...plainItems, ...books]
const links = items.flatMap((item) => tags.filter(() => below(3) === 0).map((tag) => ({ item, tag })))

const to = (shape: () => Shape, rows: readonly Row[], name: string): Relation => ({
  ...{ shape, toMany: false },
  rows: (from) => rows.filter(({ id }) => id === from[name]),
})
const from = (shape: () => Shape, rows: readonly Row[], name: string): Relation => ({
  ...{ shape, toMany: true },
  rows: ({ id }) => rows.filter((row) => row[name] === id),
})
const linked = (shape: () => Shape, own: 'item' | 'tag', other: 'item' | 'tag'): Relation => ({
  ...{ shape, toMany: true },
  rows: (row) => links.filter((link) => link[own] === row).map((link) => link[other]),
})

const tagShape: Shape = { fields: tagFields, relations: { items: linked(() => itemShape, 'tag', 'item') } }
const shopShape: Shape = {
  fields: shopFields,
  relations: {
    shop: to(() => shopShape, shops, 'shop'),
    branches: from(() => shopShape, shops, 'shop'),
    items: from(() => itemShape, items, 'shop'),
    books: from(() => bookShape, books, 'about'),
  },
}
const itemShape: Shape = {
  fields: itemFields,
  relations: { shop: to(() => shopShape, shops, 'shop'), tags: linked(() => tagShape, 'item', 'tag') },
}
const bookShape: Shape = {
  fields: { ...itemFields, ...bookFields },
  relations: { ...itemShape.relations, about: to(() => shopShape, shops, 'about') },
}

async function fill({ models, Tag, Shop, Item, Book }: ReturnType<typeof shopModels>): Promise<void> {
  await models.createAll()
  await Tag.objects.bulkCreate(tags as never)
  await Shop.objects.bulkCreate(shops as never)
  await Item.objects.bulkCreate(plainItems as never)
  await Book.objects.bulkCreate(books as never)
  for (const item of await Item.objects.all())
    await item.tags.set(links.filter((link) => link.item['id'] === item.id).map(({ tag }) => tag['id'] as number))
}

/** In ascending order NULL comes first in SQLite and MySQL, and last in PostgreSQL. */
function inOrder(
  rows: readonly Row[],
  name: string,
  { descending, nullsLast }: { descending: boolean; nullsLast: boolean },
): readonly Row[] {
  const isBefore = (one: unknown, other: unknown) => {
    if (one === null || other === null) return one !== other && (one === null) !== nullsLast
    return (one as never) < (other as never)
  }
  const compare = (one: unknown, other: unknown) => (isBefore(one, other) ? -1 : isBefore(other, one) ? 1 : 0)
  return rows.toSorted((one, other) => (descending ? -1 : 1) * compare(one[name], other[name]) || Number(one['id']) - Number(other['id']))
}

const keysOf = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id)
const countedBy = (values: readonly unknown[]) =>
  Object.fromEntries([...Map.groupBy(values, String)].map(([value, { length }]) => [value, length]))

describeTables(undefined, (databaseTest) => {
  const test = databaseTest.extend<{ shop: ReturnType<typeof shopModels> }>({
    shop: async ({ engine }, use) => await use(shopModels(engine)),
  })

  test.beforeAll(async ({ database }) => await fill(shopModels(database.engine)))

  const title = `${rounds} query sets find, count, group and change the rows that they are about`
  test(title, { timeout: 30_000 + rounds * 1_000 }, async ({ shop: { models, Tag, Shop, Item, Book }, engine }) => {
    const sets = [
      { model: Tag, shape: tagShape, rows: tags, order: ['id'] },
      { model: Shop, shape: shopShape, rows: shops, order: ['opened', 'open', 'shop'] },
      { model: Item, shape: itemShape, rows: items, order: ['pieces', 'serial', 'weight', 'made', 'shop'] },
      { model: Book, shape: bookShape, rows: books, order: ['hour', 'code', 'mood', 'pieces', 'about'] },
    ]
    const nullsLast = engine.dialect.name === 'postgresql'
    for (let seed = 0; seed < rounds; seed += 1) {
      const below = random(seed)
      const { model, shape, rows, order } = pick(below, sets)
      const [wanted, unwanted] = [randomCondition(below, shape), randomCondition(below, shape)]
      const [name, descending, offset, limit, excludes] = [pick(below, order), below(2) === 0, below(3), below(9), below(3) === 0]

      const found = rows.filter((row) => wanted.holds(row) === true && (!excludes || unwanted.holds(row) === false))
      const some = inOrder(found, name, { descending, nullsLast }).slice(offset, offset + limit)
      const keys = some.map(({ id }) => id as number)
      const about = { seed, model: model.name, wanted: wanted.text, unwanted: excludes ? unwanted.text : null }
      const expected = {
        ...{ keys, counts: [found.length, some.length], exists: some.length > 0, most: keys.length === 0 ? null : Math.max(...keys) },
        ...{
          groups: countedBy(found.map((row) => row['name'])),
          updated: some.length,
          changed: keys.toSorted((one, other) => one - other),
        },
      }

      const objects = model.objects as typeof Item.objects
      const filtered = objects.filter(wanted.given as never)
      const set = excludes ? filtered.exclude(unwanted.given as never) : filtered
      const ordered = set
        .orderBy(`${descending ? '-' : ''}${name}` as never, 'id')
        .offset(offset)
        .limit(limit)
      const groups = await set.groupBy('name').aggregate({ rows: count() })
      const answers = {
        ...{ keys: keysOf(await ordered), counts: [await set.count(), await ordered.count()], exists: await ordered.exists() },
        ...{ most: await ordered.max('id'), groups: Object.fromEntries(groups.map((group) => [String(group.name), group.rows])) },
      }
      const undone = models.transaction(async () => {
        const updated = await ordered.update({ name: 'changed' })
        const changed = keysOf(await objects.filter({ name: 'changed' }).orderBy('id'))
        expect({ ...about, ...answers, updated, changed }).toEqual({ ...about, ...expected })
        throw new RangeError('undo')
      })
      await expect(undone).rejects.toThrow(new RangeError('undo'))
    }
  })
})
