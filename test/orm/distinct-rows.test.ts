import type { AsyncEngine } from 'offloop'
import { bigInteger, decimal, integer, ModelRegistry, string } from 'offloop/orm'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'
import { rejectionOf } from '../conformance/targets.ts'
import { musicModels, withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

function pricedModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)
  class Item extends models.define('items', {
    id: integer({ primaryKey: true }),
    price: decimal({ maxDigits: 20, decimalPlaces: 2 }),
    serial: bigInteger({ allowNull: true }),
  }) {}
  class Book extends Item.extend('books', { title: string({ maxLength: 20 }) }) {}
  return { models, Item, Book }
}

describeTables(undefined, (databaseTest) => {
  const test = databaseTest.extend<{ music: ReturnType<typeof musicModels> }>({
    music: async ({ engine }, use) => await use(musicModels(engine)),
  })

  test.beforeAll(async ({ database }) => {
    await withMusic(database.engine)
    await pricedModels(database.engine).models.createAll()
  })

  test('values that are alike are ordered by what is among them, whatever it is called there', async ({ music: { Track } }) => {
    const { objects, c } = Track
    expect(await objects.distinct().orderBy('-position').values('position')).toEqual([
      { position: 9 },
      { position: 3 },
      { position: 2 },
      { position: 1 },
    ])
    expect(await objects.filter({ album__isnull: false }).distinct().orderBy('-album__pk').values('album')).toEqual([
      { album: 2 },
      { album: 1 },
    ])
    expect(await objects.filter({ album__isnull: false }).distinct().orderBy('album').values('album__id')).toHaveLength(2)
    expect(await objects.distinct().orderBy('album__name').values('album__name', 'album__artist__name')).toHaveLength(3)
    expect(await objects.filter({ position__lt: 3 }).distinct().orderBy(c.position.desc()).values('position')).toEqual([
      { position: 2 },
      { position: 1 },
    ])
    expect(await objects.distinct().orderBy('title').values()).toHaveLength(6)
  })

  test('values that are alike are not ordered by anything else, and nothing is sent', async ({ music: { Track } }) => {
    const { objects, c } = Track
    const statements = await statementsOf(async () => {
      const sets = [
        objects.distinct().orderBy('title'),
        objects.orderBy('position', '-title').distinct(),
        objects.distinct().orderBy(c.title.asc()),
      ]
      for (const set of sets) {
        for (const read of [() => set.values('position'), () => set.iterateValues('position').next()]) {
          expect(await rejectionOf(read())).toMatchObject({
            code: 'OFFLOOP_INVALID_REQUEST',
            message:
              'values() of a query set without rows that are alike is ordered by "title", which is not among the values: add it to values(), or take the order away by orderBy().',
          })
        }
      }
      expect((await rejectionOf(objects.distinct().orderBy('-album__name').values('album'))).message).toContain('"album__name"')
    })
    expect(statements).toEqual([])
    expect(await objects.distinct().orderBy('title').orderBy().values('position')).toHaveLength(4)
  })

  test('instances are ordered by any field, and counted and changed in any order', async ({ music: { Track } }) => {
    const { objects } = Track
    const titles = async (set: PromiseLike<readonly { readonly title: string }[]>) => (await set).map(({ title }) => title)
    expect(await titles(objects.distinct().orderBy('-album__artist__name', '-position').limit(2))).toEqual(
      await titles(objects.orderBy('-album__artist__name', '-position').limit(2)),
    )
    expect(await titles(objects.filter({ album__name: 'Malibu' }).distinct().only('title').orderBy('-position'))).toEqual([
      'The Waters',
      "Heart don't stand a chance",
      'The Bird',
    ])
    const set = objects.distinct().orderBy('-album__name', '-title').filter({ album__isnull: false }).limit(2)
    expect([await set.count(), await set.exists()]).toEqual([2, true])
    expect((await objects.distinct().orderBy('-title').first())?.title).toBe('The Waters')
    expect(await set.update({ note: 'x' })).toBe(2)
    expect(await objects.filter({ note: 'x' }).orderBy('title').values('title')).toEqual([{ title: 'The Bird' }, { title: 'The Waters' }])
    expect(await set.delete()).toBe(2)
    expect(await objects.count()).toBe(4)
  })

  test('instances are ordered by fields that are not read, bigints too', async ({ engine }) => {
    const { Item } = pricedModels(engine)
    await Item.objects.bulkCreate([2n ** 60n, 2n ** 60n + 1n, 5n].map((serial) => ({ price: '1.00', serial })))
    for (const order of ['-serial', Item.c.serial.desc()] as const) {
      const items = await Item.objects.distinct().only('price').orderBy(order)
      expect(items.map(({ id }) => id)).toEqual([2, 1, 3])
    }
    expect((await Item.objects.distinct().only('serial').orderBy(Item.c.price.asc(), 'id')).map(({ id }) => id)).toEqual([1, 2, 3])
  })

  test('decimals that are alike have an order, and rows of joined tables are changed in one', async ({ engine }) => {
    const { Item, Book } = pricedModels(engine)
    await Book.objects.bulkCreate(['9.00', '10.00', '9.00', '100.00'].map((price, index) => ({ price, title: `t${index}` })))
    expect(await Item.objects.distinct().orderBy('-price').values('price')).toEqual([
      { price: '100.00' },
      { price: '10.00' },
      { price: '9.00' },
    ])
    expect(await Book.objects.distinct().orderBy('-price').limit(1).update({ title: 'x' })).toBe(1)
    expect(await Book.objects.filter({ title: 'x' }).values('price')).toEqual([{ price: '100.00' }])
    expect(await Book.objects.distinct().orderBy('price', 'id').limit(2).delete()).toBe(2)
    expect(await Book.objects.distinct().orderBy('-price').values('price')).toEqual([{ price: '100.00' }, { price: '10.00' }])
  })
})
