import type { AsyncEngine } from 'offloop'
import {
  avg,
  bigInteger,
  boolean,
  count,
  date,
  dateTime,
  decimal,
  float,
  foreignKey,
  integer,
  ModelRegistry,
  max,
  min,
  string,
  sum,
} from 'offloop/orm'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'
import { rejectionOf } from '../conformance/targets.ts'
import { musicModels, withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

function salesModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)
  class Shop extends models.define('shops', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
  class Sale extends models.define('sales', {
    id: integer({ primaryKey: true }),
    shop: foreignKey(() => Shop, { allowNull: true }),
    pieces: integer(),
    serial: bigInteger(),
    weight: float(),
    price: decimal({ maxDigits: 10, decimalPlaces: 2 }),
    exact: decimal({ maxDigits: 30, decimalPlaces: 2 }),
    day: date(),
    moment: dateTime(),
    paid: boolean(),
  }) {}
  return { models, Shop, Sale }
}

/** Sales of every type that figures are made of, two of them without a shop. */
async function makeSales(engine: AsyncEngine): Promise<void> {
  const { models, Shop, Sale } = salesModels(engine)
  await models.createAll()
  const [north, south] = await Shop.objects.bulkCreate([{ name: 'north' }, { name: 'south' }])
  const sale = (shop: unknown, pieces: number, exact: string) => ({
    shop: shop as number | null,
    pieces,
    serial: 2n ** 60n + BigInt(pieces),
    weight: pieces / 2,
    price: `${pieces}.10`,
    exact,
    day: `2024-01-0${pieces}`,
    moment: new Date(`2024-01-0${pieces}T12:00:00.5Z`),
    paid: pieces > 2,
  })
  await Sale.objects.bulkCreate([
    sale(north?.id, 1, '9.00'),
    sale(north?.id, 2, '1234567890123456789012345.67'),
    sale(south?.id, 3, '-5.00'),
    sale(null, 4, '-10.25'),
    sale(null, 5, '0.50'),
  ])
}

interface Models {
  readonly music: ReturnType<typeof musicModels>
  readonly sales: ReturnType<typeof salesModels>
}

describeTables(undefined, (databaseTest) => {
  const test = databaseTest.extend<Models>({
    music: async ({ engine }, use) => await use(musicModels(engine)),
    sales: async ({ engine }, use) => await use(salesModels(engine)),
  })

  test.beforeAll(async ({ database }) => {
    await makeSales(database.engine)
    await withMusic(database.engine)
  })

  test('several figures over all rows are one statement, each value of its column’s type', async ({ sales: { Sale } }) => {
    const statements = await statementsOf(async () => {
      const figures = await Sale.objects.aggregate({
        sales: count(),
        shops: count('shop', { distinct: true }),
        named: count('shop__name'),
        pieces: sum('pieces'),
        average: avg('pieces'),
        first: min('serial'),
        last: max('serial'),
        weight: sum('weight'),
        price: sum('price'),
        dearest: max('price'),
        day: min('day'),
        moment: max('moment'),
        name: min('shop__name'),
        shop: max('shop'),
      })
      expect(figures).toEqual({
        sales: 5,
        shops: 2,
        named: 3,
        pieces: 15,
        average: 3,
        first: 2n ** 60n + 1n,
        last: 2n ** 60n + 5n,
        weight: 7.5,
        price: '15.50',
        dearest: '5.10',
        day: '2024-01-01',
        moment: new Date('2024-01-05T12:00:00.500Z'),
        name: 'north',
        shop: 2,
      })
    })
    expect(statements).toHaveLength(1)
    expect(await Sale.objects.filter({ pieces__gt: 2 }).aggregate({ most: max('pieces'), sales: count() })).toEqual({ most: 5, sales: 3 })
    expect(await Sale.objects.filter({ pieces__gt: 9 }).aggregate({ most: max('pieces'), total: sum('price'), sales: count() })).toEqual({
      most: null,
      total: null,
      sales: 0,
    })
    expect(
      await Sale.objects
        .orderBy('-pieces')
        .limit(2)
        .aggregate({ pieces: sum('pieces') }),
    ).toEqual({ pieces: 9 })
    expect(await Sale.objects.limit(0).aggregate({ pieces: sum('pieces'), sales: count() })).toEqual({ pieces: null, sales: 0 })
    expect(await Sale.objects.aggregate({})).toEqual({})
  })

  test('a sum of bigints is one, whatever its size', async ({ sales: { Sale } }) => {
    const figures = { total: sum('serial'), pieces: sum('pieces') } as const
    expect(await Sale.objects.filter({ pieces__lt: 4 }).aggregate(figures)).toEqual({ total: 3n * 2n ** 60n + 6n, pieces: 6 })
  })

  test('sums and averages of large decimals are written in digits', async ({ sales: { Sale } }) => {
    const { total, mean } = await Sale.objects.aggregate({ total: sum('exact'), mean: avg('exact') })
    expect(total).toMatch(/^123456789012345\d{10}\.\d\d$/)
    expect(mean).toMatch(/^2469135780246\d{11}(\.\d+)?$/)
    expect(await Sale.objects.filter({ pieces__gt: 2 }).sum('exact')).toBe('-14.75')
  })

  test('an average of whole numbers has the digits of a number', async ({ sales: { Sale } }) => {
    const set = Sale.objects.filter({ pieces__in: [1, 2, 4] })
    expect(await set.avg('pieces')).toBe(7 / 3)
    expect(await set.aggregate({ mean: avg('pieces', { distinct: true }), none: avg('shop__id') })).toEqual({ mean: 7 / 3, none: 1 })
    expect(await Sale.objects.filter({ shop__isnull: true }).avg('shop__id')).toBeNull()
    const groups = Sale.objects.groupBy('paid').aggregate({ mean: avg('shop__id') })
    expect(await groups.having({ mean__lt: 1.00001 })).toEqual([{ paid: false, mean: 1 }])
  })

  test('the least and the greatest of decimals are such as numbers, to the last digit', async ({ sales: { Sale } }) => {
    const figures = { least: min('exact'), greatest: max('exact') } as const
    expect(await Sale.objects.aggregate(figures)).toEqual({ least: '-10.25', greatest: '1234567890123456789012345.67' })
    expect(await Sale.objects.filter({ pieces__in: [3, 4] }).aggregate(figures)).toEqual({ least: '-10.25', greatest: '-5.00' })
    expect(await Sale.objects.filter({ pieces__in: [1, 5] }).aggregate(figures)).toEqual({ least: '0.50', greatest: '9.00' })
    expect(await Sale.objects.max('exact')).toBe('1234567890123456789012345.67')
    expect(await Sale.objects.min('exact')).toBe('-10.25')
  })

  test('groups have their figures, and NULL is a group', async ({ sales: { Sale } }) => {
    const byShop = Sale.objects.groupBy('shop__name').aggregate({ sales: count(), pieces: sum('pieces'), last: max('day') })
    const statements = await statementsOf(async () => {
      expect(await byShop.orderBy('sales', '-pieces')).toEqual([
        { shop__name: 'south', sales: 1, pieces: 3, last: '2024-01-03' },
        { shop__name: null, sales: 2, pieces: 9, last: '2024-01-05' },
        { shop__name: 'north', sales: 2, pieces: 3, last: '2024-01-02' },
      ])
    })
    expect(statements).toHaveLength(1)
    expect(await Sale.objects.groupBy('shop').aggregate({ sales: count() }).orderBy('sales', '-shop').limit(1)).toEqual([
      { shop: 2, sales: 1 },
    ])
    expect(await Sale.objects.groupBy('paid', 'shop').aggregate({}).orderBy('paid', 'shop').all()).toHaveLength(3)
    expect(
      await Sale.objects.filter({ pieces: 1 }).groupBy('day', 'moment', 'price', 'serial', 'paid').aggregate({ sales: count() }),
    ).toEqual([
      { day: '2024-01-01', moment: new Date('2024-01-01T12:00:00.500Z'), price: '1.10', serial: 2n ** 60n + 1n, paid: false, sales: 1 },
    ])
    expect(await Sale.objects.filter({ pieces__gt: 9 }).groupBy('shop').aggregate({ sales: count() })).toEqual([])
  })

  test('having, order, limit and offset are about groups, and what stands before groupBy about rows', async ({ sales: { Sale } }) => {
    const byShop = Sale.objects
      .groupBy('shop__name')
      .aggregate({ sales: count(), price: sum('price'), dearest: max('exact'), mean: avg('pieces') })
    const names = async (groups: PromiseLike<readonly { readonly shop__name: string | null }[]>) =>
      (await groups).map((row) => row.shop__name)
    expect(await names(byShop.having({ sales__gt: 1 }).orderBy('-price'))).toEqual([null, 'north'])
    expect(await names(byShop.having({ sales: 1 }))).toEqual(['south'])
    expect(await names(byShop.having({ sales__in: [1, 7] }))).toEqual(['south'])
    expect(await names(byShop.having({ sales__in: [] }))).toEqual([])
    expect(await names(byShop.having({ price: '3.20' }))).toEqual(['north'])
    expect(await names(byShop.having({ price__gt: '3.15', price__lt: '9' }))).toEqual(['north'])
    expect(await names(byShop.having({ dearest__lt: '0' }))).toEqual(['south'])
    expect(await names(byShop.having({ dearest: '0.50' }))).toEqual([null])
    expect(await names(byShop.having({ mean__range: [2.5, 4] }))).toEqual(['south'])
    expect(await names(byShop.having({ mean__isnull: true }))).toEqual([])
    expect(await names(byShop.orderBy('dearest'))).toEqual(['south', null, 'north'])
    expect(await names(byShop.orderBy('-dearest').limit(1).offset(1))).toEqual([null])
    expect(await names(byShop.orderBy('dearest').offset(2))).toEqual(['north'])
    expect(await byShop.limit(0)).toEqual([])
    expect(await byShop.limit(0).first()).toBeNull()
    expect((await byShop.orderBy('price').first())?.price).toBe('3.10')
    const seen: (string | null)[] = []
    for await (const { shop__name } of byShop.orderBy('-price')) seen.push(shop__name)
    expect(seen).toEqual([null, 'north', 'south'])
    expect(await Sale.objects.orderBy('pieces').limit(3).groupBy('shop').aggregate({ sales: count() }).orderBy('shop')).toEqual([
      { shop: 1, sales: 2 },
      { shop: 2, sales: 1 },
    ])
    // Nothing that was derived from it has changed it.
    expect(await byShop).toHaveLength(3)
  })

  test('groups of one shape are compiled once, whatever the values', async ({ music: { Track } }) => {
    const texts = await statementsOf(async () => {
      for (const position of [0, 1, 2]) {
        await Track.objects
          .filter({ position__gt: position })
          .groupBy('album__artist__name')
          .aggregate({ tracks: count() })
          .having({ tracks__gte: position })
          .limit(position + 1)
      }
    })
    expect(new Set(texts).size).toBe(1)
  })

  test('what means nothing is refused by name', async ({ music: { Track } }) => {
    const { objects } = Track
    expect(() => objects.groupBy('titel' as never)).toThrow('Did you mean "title"?')
    expect(() => objects.groupBy('tags__name' as never)).toThrow('lead to one row each')
    expect(() => objects.groupBy()).toThrow('takes the names of fields')
    expect(() => objects.groupBy('title').aggregate({ x: 5 } as never)).toThrow('"x" is no figure')
    expect(() => objects.groupBy('title').aggregate({ x: sum('title') } as never)).toThrow('Track.title does not hold numbers')
    expect(() => objects.groupBy('title').aggregate({ title: count() })).toThrow('would be in each row twice')
    expect(() => objects.groupBy('title').aggregate({ a__b: count() })).toThrow('cannot be the name of a figure')
    expect(() => objects.distinct().groupBy('title')).toThrow('{ distinct: true }')
    expect(await rejectionOf(objects.distinct().aggregate({ x: count() }))).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
    for (const figure of ['sum', 'avg'] as const)
      expect((await rejectionOf(objects.distinct()[figure]('position'))).message).toContain('{ distinct: true }')
    expect(await objects.distinct().max('position')).toBe(9)
    expect((await rejectionOf(objects.aggregate({ x: max('album__nmae') } as never))).message).toContain('has no field "nmae"')
    expect((await rejectionOf(objects.sum('title' as never))).message).toContain('does not hold numbers')
    expect((await rejectionOf(objects.values('tags__name' as never))).message).toContain('lead to one row each')
    expect((await rejectionOf(objects.max('titel' as never))).message).toContain('Did you mean "title"?')
    expect((await rejectionOf(objects.values('album__nmae' as never))).message).toContain('has no field "nmae"')
    expect(
      (
        await rejectionOf(
          objects
            .limit(1)
            .iterateValues('titel' as never)
            .next(),
        )
      ).message,
    ).toContain('Did you mean "title"?')
    expect(() => objects.orderBy('-album__artist__nmae' as never)).toThrow('has no field "nmae"')
    expect(() => objects.only('titel' as never)).toThrow('Did you mean "title"?')
    const groups = objects.groupBy('title').aggregate({ tracks: count() })
    expect(() => groups.having({ track: 1 } as never)).toThrow('Did you mean "tracks"?')
    expect(() => groups.having({ tracks__gtt: 1 } as never)).toThrow('Did you mean "gt"?')
    expect(() => groups.having({ tracks__icontains: 'x' } as never)).toThrow('no such operator')
    expect(() => groups.having({ tracks: undefined })).toThrow('expected a value, found undefined')
    expect(() => groups.orderBy('-trcks' as never)).toThrow('Did you mean "tracks"?')
    expect(() => groups.limit(-1)).toThrow('0 or more')
    expect(await rejectionOf(groups.having({ tracks: '1 or 1=1' as never }).all())).toBeInstanceOf(TypeError)
    expect(await rejectionOf(groups.having({ tracks: 1.5 }).all())).toBeInstanceOf(TypeError)
  })
})
