import { type AsyncEngine, createEngine, sql } from 'offloop'
import {
  boolean,
  date,
  dateTime,
  decimal,
  enumeration,
  foreignKey,
  integer,
  type Manager,
  ModelRegistry,
  manyToMany,
  Q,
  type RelatedSet,
  Session,
  string,
  text,
} from 'offloop/orm'
import { describe, expectTypeOf, test } from 'vitest'

const engine: AsyncEngine = createEngine('sqlite://')
const models = new ModelRegistry(engine)

class Artist extends models.define('artists', { id: integer({ primaryKey: true }), name: string({ maxLength: 50 }) }) {}

class Album extends models.define('albums', {
  id: integer({ primaryKey: true }),
  name: string({ maxLength: 50 }),
  artist: foreignKey(() => Artist, { relatedName: 'albums' }),
}) {
  declare static readonly objects: Manager<typeof Album>
  declare readonly tracks: RelatedSet<typeof Track>

  shout(): string {
    return this.name.toUpperCase()
  }
}

class Tag extends models.define('tags', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}

class Track extends models.define('tracks', {
  id: integer({ primaryKey: true }),
  album: foreignKey(() => Album, { allowNull: true }),
  title: string({ maxLength: 100 }),
  position: integer({ default: 1 }),
  note: text({ allowNull: true }),
  price: decimal({ maxDigits: 10, decimalPlaces: 2, allowNull: true }),
  mood: enumeration(['good', 'bad'], { default: 'good' }),
  live: boolean({ serverDefault: sql`0` }),
  day: date({ autoNowAdd: true }),
  changed: dateTime({ autoNow: true }),
  tags: manyToMany(() => Tag),
}) {}

class Seat extends models.define('seats', { row: integer({ primaryKey: true }), place: integer({ primaryKey: true }) }) {}

/** Never called: it is there for the compiler. */
async function statements(): Promise<void> {
  const track = await Track.objects.get({ pk: 1 })
  expectTypeOf(track.id).toEqualTypeOf<number>()
  expectTypeOf(track.note).toEqualTypeOf<string | null>()
  expectTypeOf(track.price).toEqualTypeOf<string | null>()
  expectTypeOf(track.mood).toEqualTypeOf<'good' | 'bad'>()
  expectTypeOf(track.changed).toEqualTypeOf<Date>()
  expectTypeOf(track.album).toEqualTypeOf<Album | null>()
  expectTypeOf(track.album?.artist.name).toEqualTypeOf<string | undefined>()
  expectTypeOf(await track.tags.get()).toHaveProperty('name')
  const album = await Album.objects.get({ name: 'x' })
  expectTypeOf(album).toEqualTypeOf<Album>()
  expectTypeOf(album.shout()).toEqualTypeOf<string>()
  expectTypeOf(await album.tracks.filter({ position__gt: 1 }).first()).toExtend<Track | null>()
  expectTypeOf(await new Session(engine).query(Album).one()).toEqualTypeOf<Album>()
  expectTypeOf(await Track.objects.filter({ title: 'x' })).toExtend<readonly { readonly title: string }[]>()
  for await (const each of Track.objects.filter({ title: 'x' })) expectTypeOf(each.position).toEqualTypeOf<number>()
  expectTypeOf(await Track.objects.max('position')).toEqualTypeOf<number | null>()

  Track.objects.filter({ title__icontains: 'x', position__in: [1, 2], note__isnull: true, position__range: [1, 5] })
  Track.objects.filter({ album: album, album__name: 'x', album__artist__name__iexact: 'x', album__in: [album, 2], tags__name: 'x' })
  Track.objects.filter({ album: null, note: null, title__ne: null }, { pk__in: [1] })
  Track.objects.filter(Q.or({ title: 'x' }), { position: 1 })
  Track.objects.filter(Track.c.title.startsWith('x'))
  Album.objects.filter({ tracks__title__startswith: 'x', tracks__album__name: 'y' })
  Track.objects.orderBy('title', '-position', 'album__name', '-album__name')
  Track.objects.selectRelated('album', 'album__artist')
  Track.objects.create({ title: 'x' })
  Track.objects.create({ title: 'x', album: 1, position: 2, pk: 5 })
  Seat.objects.create({ row: 1, place: 2 })

  // @ts-expect-error no such field
  Track.objects.filter({ titel: 'x' })
  // @ts-expect-error no such operator
  Track.objects.filter({ title__contians: 'x' })
  // @ts-expect-error no such field behind the relation
  Track.objects.filter({ album__nmae: 'x' })
  // @ts-expect-error a text is no number
  Track.objects.filter({ position: 'x' })
  // @ts-expect-error a list of numbers
  Track.objects.filter({ position__in: ['x'] })
  // @ts-expect-error true or false
  Track.objects.filter({ note__isnull: 'yes' })
  // @ts-expect-error a text
  Track.objects.filter({ album__artist__name__icontains: 5 })
  // @ts-expect-error not one of the values
  Track.objects.filter({ mood: 'awful' })
  // @ts-expect-error no such field on the way back
  Album.objects.filter({ tracks__titel: 'x' })
  // @ts-expect-error no such field
  Track.objects.orderBy('titel')
  // @ts-expect-error no relation
  Track.objects.selectRelated('title')
  // @ts-expect-error title is required
  Track.objects.create({ position: 1 })
  // @ts-expect-error title is not null
  Track.objects.create({ title: null })
  // @ts-expect-error no such field
  Track.objects.create({ title: 'x', stray: 1 })
  // @ts-expect-error a text is no number
  Track.objects.create({ title: 'x', position: 'y' })
  // @ts-expect-error both halves of the key
  Seat.objects.create({ row: 1 })
  // @ts-expect-error a text is no number
  track.update({ position: 'x' })
  // @ts-expect-error no such field
  track.update({ titel: 'x' })
  // @ts-expect-error no such field
  track.titel
  // @ts-expect-error a text is no number
  Track.c.position.eq('x')
  // @ts-expect-error no such field
  Track.objects.only('titel')
}

describe('types', () => {
  test('of lookups, names, inputs and instances', () => {
    expectTypeOf(statements).returns.resolves.toBeVoid()
  })
})
