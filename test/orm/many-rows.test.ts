import { integer, ModelRegistry, manyToMany, oneToOne, string } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { statementsOf } from './statements-of.ts'

/** More parameters than one statement takes on any database. */
const many = 40_000

describeDatabases((fixture) => {
  function counters(engine = fixture.engine()) {
    const models = new ModelRegistry(engine)
    class Counter extends models.define('counters', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 20 }),
      count: integer({ default: 0 }),
    }) {}
    return { models, Counter }
  }

  test(`bulkCreate of ${many} rows is several statements, and all of them or none`, async () => {
    const { models, Counter } = counters()
    await models.createAll()
    await Counter.objects.create({ id: 1_000_000, name: 'taken' })
    const rows = Array.from({ length: many }, (_, index) => ({ id: index + 1, name: `n${index}` }))
    const failing = [...rows, { id: 1_000_000, name: 'again' }]
    const sent = await statementsOf(async () => {
      expect(await rejectionOf(Counter.objects.bulkCreate(failing))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    })
    expect(sent.filter((text) => text.startsWith('insert')).length).toBeGreaterThan(1)
    expect(await Counter.objects.count()).toBe(1)
    expect(await Counter.objects.bulkInsert(rows, { fetch: false })).toBe(many)
    expect([await Counter.objects.count(), await Counter.objects.sum('id')]).toEqual([many + 1, (many * (many + 1)) / 2 + 1_000_000])
    expect(await Counter.objects.filter({ pk__in: rows.slice(0, 1_000).map(({ id }) => id) }).count()).toBe(1_000)
  })

  test('bulkUpdate that fails in a later statement changes nothing', async () => {
    const { models, Counter } = counters()
    await models.createAll()
    const rows = await Counter.objects.bulkCreate(Array.from({ length: 2_500 }, (_, index) => ({ name: `n${index}` })))
    for (const row of rows) row.count = 1
    const gone = rows.at(-1) as (typeof rows)[0]
    await gone.delete()
    expect(await Counter.objects.bulkUpdate(rows, ['count'])).toBe(2_499)
    expect(await Counter.objects.filter({ count: 1 }).count()).toBe(2_499)
    for (const row of rows) row.name = 'x'
    ;(rows[2_400] as (typeof rows)[0]).name = ''
    expect(await rejectionOf(Counter.objects.bulkUpdate(rows, ['name']))).toMatchObject({ code: 'OFFLOOP_VALIDATION' })
    expect(await Counter.objects.filter({ name: 'x' }).count()).toBe(0)
    class Other extends models.define('others', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
    expect(await rejectionOf(Counter.objects.bulkUpdate([new Other({ id: 1, name: 'x' })] as never, ['name']))).toBeInstanceOf(TypeError)
    class Price extends models.define('prices', { counter: oneToOne(() => Counter, { primaryKey: true }), sum: integer() }) {}
    const unsaved = new Counter({ name: 'x' })
    expect((await rejectionOf(Counter.objects.bulkUpdate([unsaved], ['name']))).message).toContain('has no key')
    const price = new Price({ counter: unsaved, sum: 1 })
    expect((await rejectionOf(Price.objects.bulkUpdate([price], ['sum']))).message).toContain('has no key')
    expect([await Counter.objects.bulkUpdate([], ['name']), await Counter.objects.bulkUpdate(rows, [])]).toEqual([0, 0])
  })

  test(`${many} rows of joined tables, or links, are changed by as many statements as they need`, async () => {
    const { models, Counter } = counters()
    class Stepper extends Counter.extend('steppers', { step: integer({ allowNull: true }), tags: manyToMany(() => Counter) }) {}
    await models.createAll()
    await Stepper.objects.bulkCreate(Array.from({ length: many }, (_, index) => ({ name: `n${index}`, step: index })))
    expect(await Stepper.objects.filter({ step__gte: 0 }).update({ step: 1, count: 2 })).toBe(many)
    expect([await Stepper.objects.sum('step'), await Counter.objects.sum('count')].map(Number)).toEqual([many, 2 * many])
    const [first] = await Stepper.objects.orderBy('id').limit(1)
    await first?.tags.set(Array.from({ length: many }, (_, index) => index + 1))
    await first?.tags.set([1])
    expect(await first?.tags.count()).toBe(1)
    expect(await Stepper.objects.filter({ count: 2 }).delete()).toBe(many)
    expect([await Stepper.objects.count(), await Counter.objects.count()]).toEqual([0, 0])
  })

  test('update() gives all of the rows that it has changed in the order of their keys, be they 100000', async () => {
    const { models, Counter } = counters()
    class Seat extends models.define('seats', {
      row: integer({ primaryKey: true }),
      place: string({ primaryKey: true, maxLength: 5 }),
      taken: integer({ default: 0 }),
    }) {}
    await models.createAll()
    const all = 100_000
    await Counter.objects.bulkInsert(
      Array.from({ length: all + 1 }, (_, index) => ({ id: all + 1 - index, name: index === 0 ? 'other' : 'n' })),
      { fetch: false },
    )
    const changed = await Counter.objects.update({ name: 'x', count: 1 }, { whereList: [Counter.c.name.eq('n')], fetch: true })
    expect([changed.length, changed[0]?.name, await Counter.objects.filter({ name: 'x' }).count()]).toEqual([all, 'x', all])
    expect(changed.every(({ id, count }, index) => id === index + 1 && count === 1)).toBe(true)
    const places = ['a', 'b', 'c']
    await Seat.objects.bulkInsert(Array.from({ length: 5_000 }, (_, row) => places.map((place) => ({ row, place }))).flat(), {
      fetch: false,
    })
    const seats = await Seat.objects.update({ taken: 2 }, { whereList: [Seat.c.place.ne('b')], fetch: true })
    expect(seats.map((seat) => seat.pk)).toEqual(Array.from({ length: 10_000 }, (_, index) => [index >> 1, index % 2 === 0 ? 'a' : 'c']))
    expect(seats.every(({ taken }) => taken === 2)).toBe(true)
    expect(await Seat.objects.update({ taken: 3 }, { whereList: [Seat.c.row.lt(0)], fetch: true })).toEqual([])
  })

  test('getOrCreate and updateOrCreate of several engines at once make one row, without a unique key', async () => {
    const [first, second] = [counters(), counters()]
    // Engines in memory have nothing in common.
    const both = fixture.target.storage === 'memory' ? [first] : [first, second]
    await first.models.createAll()
    const made = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const { Counter } = both[index % both.length] as typeof first
        const [, created] =
          index < 4
            ? await Counter.objects.getOrCreate({ name: 'one' }, { count: index })
            : await Counter.objects.updateOrCreate({ name: 'one' }, { count: 9 })
        return created
      }),
    )
    expect(made.filter(Boolean)).toHaveLength(1)
    expect(await first.Counter.objects.filter({ name: 'one' }).count()).toBe(1)
  })
})
