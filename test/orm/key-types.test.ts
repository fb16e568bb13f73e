import { createEngine } from 'offloop'
import { foreignKey, integer, type Model, ModelRegistry, oneToOne, Session, string, uuid } from 'offloop/orm'
import { expectTypeOf, test } from 'vitest'

const models = new ModelRegistry(createEngine('sqlite://'))

class Room extends models.define('rooms', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}

class Seat extends models.define('seats', {
  room: foreignKey(() => Room, { primaryKey: true }),
  place: integer({ primaryKey: true }),
}) {}

class Note extends models.define('notes', { code: uuid({ primaryKey: true }) }) {
  title(): string {
    expectTypeOf(this.pk).toEqualTypeOf<string>()
    return this.pk
  }
}

class Detail extends models.define('details', { note: oneToOne(() => Note, { primaryKey: true }) }) {}

class Hall extends Room.extend('halls', { size: integer() }) {}

/** Never called: it is there for the compiler. */
async function keys(room: Room, seat: Seat, note: Note, anything: Model): Promise<void> {
  expectTypeOf(room.pk).toEqualTypeOf<number>()
  expectTypeOf(seat.pk).toEqualTypeOf<readonly number[]>()
  expectTypeOf((await Detail.objects.get()).pk).toEqualTypeOf<string>()
  expectTypeOf((await Hall.objects.get()).pk).toEqualTypeOf<number>()
  expectTypeOf(anything.pk).toBeUnknown()
  const session = new Session(createEngine('sqlite://'))
  expectTypeOf(await session.query(Room).get(room.pk)).toEqualTypeOf<Room | null>()
  // @ts-expect-error the key is a number
  session.query(Room).get('1')
  // @ts-expect-error the key is no object
  session.query(Room).get({ id: 1 })
  await session.query(Note).get('d3b0...')
  await session.query(Detail).get(note)
  await session.query(Seat).get(seat.pk)
  await session.query(Seat).get({ room, place: 1 })
  // @ts-expect-error a part of the key
  session.query(Seat).get({ place: 1 })
  // @ts-expect-error a part of the key
  session.query(Seat).get(1)
}

test('keys have the types of their fields', () => {
  expectTypeOf(keys).toBeFunction()
})
