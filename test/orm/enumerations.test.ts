import type { AsyncEngine } from 'offloop'
import { count, enumeration, integer, ModelRegistry, max, min } from 'offloop/orm'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'

const sizes = ['small', 'large', 'huge'] as const

function shirtModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)
  class Shirt extends models.define('shirts', {
    id: integer({ primaryKey: true }),
    size: enumeration(sizes, { allowNull: true }),
    named: enumeration(sizes, { name: 'shirt_size', allowNull: true }),
  }) {}
  return { models, Shirt }
}

describeTables(undefined, (databaseTest) => {
  const test = databaseTest.extend<{ Shirt: ReturnType<typeof shirtModels>['Shirt'] }>({
    Shirt: async ({ engine }, use) => await use(shirtModels(engine).Shirt),
  })

  test.beforeAll(async ({ database }) => {
    const { models, Shirt } = shirtModels(database.engine)
    await models.createAll()
    await Shirt.objects.bulkCreate([...sizes, null].map((size) => ({ size, named: size })))
  })

  for (const field of ['size', 'named'] as const) {
    test(`values of ${field} compare as they are ordered`, async ({ Shirt, engine }) => {
      const { objects, c } = Shirt
      const found = async (lookups: object) =>
        (
          await objects
            .filter(lookups as never)
            .orderBy('id')
            .values(field)
        ).map((row) => row[field])
      const ordered = (await objects.filter({ [`${field}__isnull`]: false } as never).orderBy(field)).map((shirt) => shirt[field])
      const byPlace = engine.dialect.name === 'mysql' || (engine.dialect.name === 'postgresql' && field === 'named')
      expect(ordered).toEqual(byPlace ? sizes : sizes.toSorted())
      for (const size of sizes) {
        const place = ordered.indexOf(size)
        const inOrder = (from: number, to: number) => sizes.filter((other) => ordered.slice(from, to).includes(other))
        expect(await found({ [`${field}__gt`]: size })).toEqual(inOrder(place + 1, 3))
        expect(await found({ [`${field}__lte`]: size })).toEqual(inOrder(0, place + 1))
        expect(await found({ [`${field}__range`]: [size, ordered[2]] })).toEqual(inOrder(place, 3))
        const rows = await engine.execute(Shirt.table.select(c[field].lt(size)).orderBy('id')).fetchall()
        expect(rows.map((row) => row[field])).toEqual(inOrder(0, place))
      }
      expect(await objects.aggregate({ least: min(field), greatest: max(field) })).toEqual({ least: ordered[0], greatest: ordered[2] })
      const groups = objects.groupBy('id').aggregate({ least: min(field), shirts: count(field) })
      const last = { least: ordered[2], shirts: 1 }
      expect(await groups.having({ least__gt: ordered[1] as never })).toMatchObject([last])
      expect(await groups.having({ shirts__gte: 1 }).orderBy('-least').first()).toMatchObject(last)
    })

    test(`a text that is none of ${field} is that of no row`, async ({ Shirt }) => {
      const number = async (operator: string, value: unknown) =>
        await Shirt.objects.filter({ [`${field}__${operator}`]: value } as never).count()
      expect(await number('exact', 'tiny')).toBe(0)
      expect(await number('ne', 'tiny')).toBe(3)
      expect(await number('in', ['tiny', 'large'])).toBe(1)
      expect(await number('notin', ['tiny', 'large'])).toBe(2)
      expect(await Shirt.objects.exclude({ [field]: 'tiny' } as never).count()).toBe(3)
      expect(await number('gt', 'tiny')).toBe(0)
      expect(await number('range', ['la', 'lb'])).toBe(1)
    })
  }
})
