import { IntegrityError, sql } from 'offloop'
import { foreignKey, integer, Manager, ModelRegistry, string } from 'offloop/orm'
import { checkConstraint, foreignKeyConstraint, index, inspect, primaryKeyConstraint, uniqueConstraint } from 'offloop/schema'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

describeDatabases((fixture) => {
  const key = { id: integer({ primaryKey: true }) }

  test('constraints and indexes over several fields are those of the table', async () => {
    const engine = fixture.engine()
    const registry = new ModelRegistry(engine)
    class Room extends registry.define('rooms', { ...key, name: string({ maxLength: 50 }) }) {}
    class Booking extends registry.define(
      'bookings',
      {
        ...key,
        room: foreignKey(() => Room),
        from: integer({ column: 'first_day' }),
        until: integer({ column: 'last_day' }),
      },
      {
        constraints: [
          uniqueConstraint(['room', 'from'], { name: 'one_a_day' }),
          checkConstraint(sql`last_day >= first_day`, { name: 'forwards' }),
        ],
        indexes: [index('by_days', ['from', 'last_day'])],
      },
    ) {}
    await registry.createAll()
    const room = await Room.objects.create({ name: 'a' })
    const other = await Room.objects.create({ name: 'b' })
    await Booking.objects.create({ room, from: 1, until: 2 })
    await Booking.objects.create({ room: other, from: 1, until: 2 })
    const refused = { room, from: 1, until: 5 }
    expect(await rejectionOf(Booking.objects.create(refused))).toBeInstanceOf(IntegrityError)
    expect(await rejectionOf(Booking.objects.create({ room, from: 3, until: 2 }))).toBeInstanceOf(IntegrityError)
    expect(await Booking.objects.count()).toBe(2)
    expect(Booking.table.indexes).toMatchObject([{ name: 'by_days', members: ['first_day', 'last_day'] }])
    const indexes = await (await inspect(engine)).indexes('bookings')
    expect(indexes.find(({ name }) => name === 'by_days')).toMatchObject({ unique: false })
    await registry.dropAll()
  })

  test('an abstract base and a model of more fields take them too, and a manager stands beside them', async () => {
    const registry = new ModelRegistry(fixture.engine())
    class Finder extends Manager<never> {
      readonly shelf = 1
    }
    const Dated = registry.abstract({ day: integer() })
    class Note extends Dated.define(
      'dated_notes',
      { ...key, place: integer() },
      { manager: Finder, constraints: [uniqueConstraint(['day', 'place'])] },
    ) {}
    class Person extends registry.define('people', { ...key, name: string({ maxLength: 20 }) }) {}
    class Clerk extends Person.extend(
      'clerks',
      { desk: integer(), floor: integer() },
      { constraints: [uniqueConstraint(['floor', 'desk'])], indexes: [index('desks', ['desk'], { unique: false })] },
    ) {}
    await registry.createAll()
    expectTypeOf(Note.objects.shelf).toEqualTypeOf<number>()
    await new Note({ day: 1, place: 1 }).save()
    expect(await rejectionOf(new Note({ day: 1, place: 1 }).save())).toBeInstanceOf(IntegrityError)
    await Clerk.objects.create({ name: 'a', desk: 1, floor: 1 })
    expect(await rejectionOf(Clerk.objects.create({ name: 'b', desk: 1, floor: 1 }))).toBeInstanceOf(IntegrityError)
    expect(await Person.objects.count()).toBe(1)
    await registry.dropAll()
  })

  test('a key of several fields can be referred to, and have a name', async () => {
    const registry = new ModelRegistry(fixture.engine())
    const pair = { shelf: integer({ primaryKey: true }), place: integer({ primaryKey: true }) }
    class Box extends registry.define('boxes', pair, { constraints: [primaryKeyConstraint(['shelf', 'place'], { name: 'spot' })] }) {}
    class Thing extends registry.define(
      'things',
      { ...key, shelf: integer(), place: integer() },
      { constraints: [foreignKeyConstraint(['shelf', 'place'], 'boxes', ['shelf', 'place'], { onDelete: 'cascade' })] },
    ) {}
    await registry.createAll()
    await Box.objects.create({ shelf: 1, place: 2 })
    await Thing.objects.create({ shelf: 1, place: 2 })
    expect(await rejectionOf(Thing.objects.create({ shelf: 2, place: 2 }))).toBeInstanceOf(IntegrityError)
    await Box.objects.delete()
    expect(await Thing.objects.count()).toBe(0)
    await registry.dropAll()
  })
})

describe('what a model cannot have', () => {
  const registry = new ModelRegistry({ execute() {} } as never)
  const fields = { id: integer({ primaryKey: true }), room: integer() }

  test.each([
    [{ constraints: [uniqueConstraint(['rom'])] }, 'names no field: "rom". Did you mean "room"?'],
    [{ indexes: [index('i', ['roon'])] }, 'names no field: "roon". Did you mean "room"?'],
    [
      { constraints: [index('i', ['room'])] as never },
      'the option "constraints" takes a list of what uniqueConstraint() and the like make',
    ],
    [{ indexes: [uniqueConstraint(['room'])] as never }, 'the option "indexes" takes a list of what index() makes'],
    [{ constraints: [['room']] as never }, 'the option "constraints" takes a list'],
    [{ indexes: index('i', ['room']) as never }, 'the option "indexes" takes a list'],
    [{ constraints: null as never }, 'the option "constraints" takes a list'],
    [{ constraint: [] } as never, 'Did you mean "constraints"?'],
  ])('%j is refused when it is defined', (options, message) => {
    expect(() => registry.define('bookings', fields, options)).toThrow(message)
  })
})
