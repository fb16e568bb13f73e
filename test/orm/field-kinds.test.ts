import type { AsyncEngine } from 'offloop'
import {
  bigInteger,
  boolean,
  count,
  date,
  dateTime,
  decimal,
  email,
  enumeration,
  float,
  foreignKey,
  integer,
  ipAddress,
  json,
  ModelRegistry,
  max,
  min,
  string,
  text,
  time,
  url,
  uuid,
} from 'offloop/orm'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'
import { rejectionOf } from '../conformance/targets.ts'
import { statementsOf } from './statements-of.ts'

function kindModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)
  class Country extends models.define('countries', { code: string({ primaryKey: true, maxLength: 2 }) }) {}
  class Batch extends models.define('batches', { id: uuid({ primaryKey: true }) }) {}
  class Thing extends models.define('things', {
    id: integer({ primaryKey: true }),
    country: foreignKey(() => Country),
    batch: foreignKey(() => Batch),
    count: bigInteger(),
    weight: float(),
    price: decimal({ maxDigits: 10, decimalPlaces: 2 }),
    sold: boolean(),
    day: date(),
    moment: dateTime(),
    hour: time(),
    data: json(),
    code: uuid(),
    name: string({ maxLength: 20 }),
    note: text(),
    mood: enumeration(['good', 'Bad']),
    size: enumeration(['small', 'Large'], { name: 'thing_size' }),
    mail: email(),
    page: url(),
    address: ipAddress(),
  }) {}
  return { models, Country, Batch, Thing }
}

async function makeThing(engine: AsyncEngine): Promise<void> {
  const { models, Country, Batch, Thing } = kindModels(engine)
  await models.createAll()
  const id = '0b7b1a4e-8f5c-4d7e-9a51-3f2f6c1d2e3f'
  await Thing.objects.create({
    country: await Country.objects.create({ code: 'DE' }),
    batch: await Batch.objects.create({ id }),
    count: 12n,
    weight: 1.5,
    price: '12.50',
    sold: true,
    day: '2024-05-06',
    moment: new Date('2024-05-06T07:08:09Z'),
    hour: '07:08:09',
    data: { a: 1 },
    code: id,
    name: 'Lamp',
    note: 'with 12 W',
    mood: 'Bad',
    size: 'Large',
    mail: 'Ada@example.com',
    page: 'https://Example.com/',
    address: '127.0.0.1',
  })
}

const ofTexts = { name: 'amp', note: '12', mood: 'ad', size: 'arg', mail: 'da@', page: 'xample', address: '.0.', country: 'DE' }
const ofNoTexts = ['id', 'count', 'weight', 'price', 'sold', 'day', 'moment', 'hour', 'data', 'code', 'batch', 'batch__id', 'pk'] as const
const textOperators = ['iexact', 'contains', 'icontains', 'startswith', 'istartswith', 'endswith', 'iendswith'] as const

describeTables(undefined, (databaseTest) => {
  const test = databaseTest.extend<{ kinds: ReturnType<typeof kindModels> }>({
    kinds: async ({ engine }, use) => await use(kindModels(engine)),
  })

  test.beforeAll(async ({ database }) => {
    await makeThing(database.engine)
  })

  test('every field of texts is looked into, one of a list and a key that is a text too', async ({ kinds: { Thing } }) => {
    for (const [field, part] of Object.entries(ofTexts)) {
      const count = async (lookup: string, value: string) => await Thing.objects.filter({ [lookup]: value } as never).count()
      expect([field, await count(`${field}__contains`, part)]).toEqual([field, 1])
      expect([field, await count(`${field}__icontains`, part.toUpperCase())]).toEqual([field, 1])
      expect([field, await count(`${field}__startswith`, `x${part}`)]).toEqual([field, 0])
    }
    expect(await Thing.objects.filter({ size__iexact: 'LARGE', mood__istartswith: 'bA', country__code__endswith: 'E' }).count()).toBe(1)
  })

  test('a field of anything else is not, and nothing is sent', async ({ kinds: { Thing } }) => {
    const statements = await statementsOf(async () => {
      for (const field of ofNoTexts) {
        for (const operator of textOperators) {
          expect(() => Thing.objects.filter({ [`${field}__${operator}`]: '1' } as never)).toThrow(
            expect.objectContaining({ code: 'OFFLOOP_ARGUMENT', message: expect.stringContaining(`${operator} compares texts`) }),
          )
        }
      }
    })
    expect(statements).toEqual([])
    expect(() => Thing.objects.filter({ count__icontains: '1' } as never)).toThrow(
      'Lookup "count__icontains": icontains compares texts, and Thing.count is of the kind bigInteger: use exact, in or range, or an expression.',
    )
    expect(() => Thing.objects.filter({ batch__contains: '1' } as never)).toThrow('Thing.batch leads to keys of the kind uuid')
  })

  test('a time is changed to what will be read of it', async ({ kinds: { Thing } }) => {
    const thing = await Thing.objects.get({ name: 'Lamp' })
    for (const [given, stored] of [
      ['10:20:30.500', '10:20:30.5'],
      ['10:20:30.000000', '10:20:30'],
      ['10:20', '10:20:00'],
    ] as const) {
      await thing.update({ hour: given })
      expect([thing.hour, (await Thing.objects.get({ hour: stored })).equals(thing)]).toEqual([stored, true])
    }
  })

  test('the least and the greatest are those of every kind that has an order in all databases', async ({ kinds: { Thing } }) => {
    const statements = await statementsOf(async () => {
      for (const field of ['sold', 'data', 'code', 'batch', 'batch__id'] as never[]) {
        for (const figure of [min(field), max(field)]) {
          const refusal = { code: 'OFFLOOP_ARGUMENT', message: expect.stringContaining('which has no least or greatest in every database') }
          expect(await rejectionOf(Thing.objects[figure.kind](field))).toMatchObject(refusal)
          expect(await rejectionOf(Thing.objects.aggregate({ figure } as never))).toMatchObject(refusal)
          expect(() => Thing.objects.groupBy('name').aggregate({ figure } as never)).toThrow(expect.objectContaining(refusal))
        }
      }
    })
    expect(statements).toEqual([])
    expect((await rejectionOf(Thing.objects.max('sold' as never))).message).toBe(
      'max("sold"): Thing.sold is of the kind boolean, which has no least or greatest in every database: order by it, and take the first.',
    )
    expect(await Thing.objects.aggregate({ day: min('day'), hour: max('hour'), mood: max('mood'), country: min('country') })).toEqual({
      day: '2024-05-06',
      hour: '07:08:09',
      mood: 'Bad',
      country: 'DE',
    })
    expect((await Thing.objects.orderBy('-sold', 'code').first())?.sold).toBe(true)
    expect(await Thing.objects.aggregate({ codes: count('code', { distinct: true }), sold: count('sold') })).toEqual({ codes: 1, sold: 1 })
  })
})
