import { type AsyncEngine, createEngine, sql } from 'offloop'
import {
  avg,
  boolean,
  count,
  date,
  dateTime,
  decimal,
  enumeration,
  foreignKey,
  integer,
  type Manager,
  ModelRegistry,
  manyToMany,
  max,
  min,
  oneToOne,
  Q,
  type RelatedOne,
  type RelatedSet,
  Session,
  type SessionQuery,
  string,
  sum,
  text,
  uuid,
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

  async loaded(): Promise<this> {
    return await this.load('artist', 'tracks')
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

class User extends models.define('users', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {
  declare static readonly objects: Manager<typeof User>
  declare readonly profile: RelatedOne<typeof Profile>
}

class Profile extends models.define('profiles', {
  id: integer({ primaryKey: true }),
  user: oneToOne(() => User, { relatedName: 'profile' }),
  bio: string({ maxLength: 20 }),
  band: foreignKey(() => Artist),
}) {
  shout(): string {
    return this.bio.toUpperCase()
  }
}

class Post extends models.define('posts', { id: integer({ primaryKey: true }), author: foreignKey(() => User) }) {}

/** Never called: it is there for the compiler. */
async function oneToOnes(): Promise<void> {
  const user = await User.objects.selectRelated('profile', 'profile__band').get({ profile__bio__icontains: 'x' })
  expectTypeOf(user.profile?.shout()).toEqualTypeOf<string | undefined>()
  expectTypeOf(user.profile).toExtend<Profile | null>()
  expectTypeOf(null).toExtend<typeof user.profile>()
  await user.load('profile')
  User.objects.filter({ profile__isnull: true, profile: null, profile__in: [1], profile__band__name: 'x' })
  User.objects.filter({ profile: 5 })
  User.objects.orderBy('-profile__bio', 'name')
  Post.objects.selectRelated('author__profile').filter({ author__profile__bio: 'x' })
  expectTypeOf(await User.objects.groupBy('profile__bio', 'profile', 'profile__band__name').aggregate({ users: count() })).toEqualTypeOf<
    { profile__bio: string | null; profile: number | null; profile__band__name: string | null; users: number }[]
  >()

  // @ts-expect-error no such field behind the way back
  User.objects.filter({ profile__boi: 'x' })
  // @ts-expect-error true or false
  User.objects.filter({ profile__isnull: 'x' })
  // @ts-expect-error no such relation behind it
  User.objects.selectRelated('profile__bnad')
  // @ts-expect-error no such field behind it
  User.objects.groupBy('profile__boi')
  // @ts-expect-error it is set on the other side
  user.profile = null
}

abstract class Timestamped extends models.abstract({ created: dateTime({ autoNowAdd: true }) }) {
  static kinds(): number {
    return 1
  }

  age(): number {
    return this.created.getTime()
  }
}

abstract class Ranked extends Timestamped.abstract({ rank: integer({ default: 1 }) }) {
  isFirst(): boolean {
    return this.rank === 1
  }
}

class Folder extends models.define('folders', {
  id: integer({ primaryKey: true }),
  parent: foreignKey<unknown, { readonly allowNull: true }>('folders', { allowNull: true }),
}) {}

class Memo extends Ranked.define('memos', { id: uuid({ primaryKey: true, default: '' }), body: text(), code: uuid({ allowNull: true }) }) {
  declare static readonly objects: Manager<typeof Memo>

  override age(): number {
    return super.age() + this.body.length
  }
}

class Leaf extends models.define('leaves', { id: integer({ primaryKey: true }), memo: foreignKey(() => Memo) }) {}

/** Never called: it is there for the compiler. */
async function abstractBases(): Promise<void> {
  const memo = await Memo.objects.get({ created__lt: new Date(0), rank: 1, body__icontains: 'x' })
  expectTypeOf(memo.created).toEqualTypeOf<Date>()
  expectTypeOf(memo.body).toEqualTypeOf<string>()
  expectTypeOf(memo.age()).toEqualTypeOf<number>()
  expectTypeOf(memo.isFirst()).toEqualTypeOf<boolean>()
  expectTypeOf(await memo.load()).toEqualTypeOf<Memo>()
  expectTypeOf(Memo.kinds()).toEqualTypeOf<number>()
  expectTypeOf(new Memo({ body: 'x' }).isFirst()).toEqualTypeOf<boolean>()
  Memo.objects.create({ body: 'x' })
  Memo.objects.orderBy('-created', 'rank')
  memo.update({ body: 'x', rank: 2, created: new Date(0) })

  // @ts-expect-error body is required
  Memo.objects.create({ rank: 1 })
  // @ts-expect-error no such field
  memo.update({ titel: 'x' })
  // @ts-expect-error a text is no number
  memo.update({ rank: 'x' })
  // @ts-expect-error an abstract base has no objects
  Ranked.objects
  // @ts-expect-error it has no instances
  new Ranked()
  // @ts-expect-error a model is no abstract base
  Memo.define('others', {})
}

/** Never called: it is there for the compiler. */
async function figures(): Promise<void> {
  const all = await Track.objects.aggregate({
    tracks: count(),
    noted: count('note', { distinct: true }),
    length: sum('position'),
    price: sum('price'),
    mean: avg('position'),
    fair: avg('price'),
    last: max('changed'),
    first: min('album__artist__name'),
    album: max('album'),
  })
  expectTypeOf(all).toEqualTypeOf<{
    tracks: number
    noted: number
    length: number | null
    price: string | null
    mean: number | null
    fair: string | null
    last: Date | null
    first: string | null
    album: number | null
  }>()
  const groups = Track.objects
    .filter({ position__gt: 1 })
    .groupBy('album__name', 'mood', 'live', 'album', 'pk')
    .aggregate({ tracks: count(), longest: max('position') })
  expectTypeOf(await groups.having({ tracks__gt: 1, longest__in: [1, 2] }).orderBy('-tracks', 'album__name')).toEqualTypeOf<
    {
      album__name: string | null
      mood: 'good' | 'bad'
      live: boolean
      album: number | null
      pk: number
      tracks: number
      longest: number | null
    }[]
  >()
  expectTypeOf(await Album.objects.groupBy('artist__name').aggregate({}).first()).toEqualTypeOf<{ artist__name: string } | null>()
  expectTypeOf(await Folder.objects.groupBy('parent').aggregate({ folders: count() })).toEqualTypeOf<
    { parent: unknown; folders: number }[]
  >()
  for await (const group of groups) expectTypeOf(group.tracks).toEqualTypeOf<number>()

  // @ts-expect-error no such figure
  groups.having({ track: 1 })
  // @ts-expect-error a text is no number
  groups.having({ tracks__gt: 'x' })
  // @ts-expect-error figures have no such operator
  groups.having({ tracks__icontains: 1 })
  // @ts-expect-error neither a group's name nor a figure's
  groups.orderBy('title')
}

/** Never called: it is there for the compiler. */
function wrongFigures(): void {
  // @ts-expect-error no such field
  Track.objects.groupBy('titel')
  // @ts-expect-error no such field behind the relation
  Track.objects.groupBy('title', 'album__nmae')
  // @ts-expect-error leads to many rows
  Track.objects.groupBy('tags__name')
  // @ts-expect-error no such field
  Track.objects.aggregate({ x: max('titel') })
  // @ts-expect-error texts have no sum
  Track.objects.aggregate({ x: sum('title') })
  // @ts-expect-error days have no average
  Track.objects.groupBy('title').aggregate({ x: avg('day') })
  // @ts-expect-error true and false have no order
  Track.objects.groupBy('title').aggregate({ x: max('live') })
  // @ts-expect-error no figure
  Track.objects.aggregate({ x: 5 })
}

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
  Album.objects.filter({ tracks__isnull: true, tracks__in: [1] })
  Track.objects.filter({ tags__isnull: false, tags__in: [1], tags__notin: [] })
  Track.objects.where([Track.c.title.eq('x'), Q.or({ title: 'y' })]).where(Track.c.id.gt(1))
  expectTypeOf(await new Session(engine).query(Track.c.title).first()).toEqualTypeOf<string | null>()
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
  // @ts-expect-error true or false
  Album.objects.filter({ tracks__isnull: 'yes' })
  // @ts-expect-error keys or instances
  Track.objects.filter({ tags__in: ['x'] })
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

/** Never called: it is there for the compiler. */
function textLookups(): void {
  Track.objects.filter({ mood__icontains: 'x', note__startswith: 'x', title__iexact: 'x', album__artist__name__endswith: 'x' })
  Folder.objects.filter({ parent__icontains: 'x' })

  // @ts-expect-error a number is no text
  Track.objects.filter({ position__icontains: '1' })
  // @ts-expect-error a decimal is no text
  Track.objects.filter({ price__startswith: '1' })
  // @ts-expect-error a day is no text
  Track.objects.filter({ day__contains: '2024' })
  // @ts-expect-error a key of numbers is no text
  Track.objects.filter({ album__icontains: '1' })
  // @ts-expect-error a key of numbers is no text
  Track.objects.filter({ album__pk__icontains: '1' })
  // @ts-expect-error a number behind a relation to many is no text
  Album.objects.filter({ tracks__position__iexact: '1' })
}

/** Never called: it is there for the compiler. */
async function names(name: string): Promise<void> {
  expectTypeOf(await Track.objects.values('title', 'album', 'album__artist__name', 'pk')).toEqualTypeOf<
    { title: string; album: number | null; album__artist__name: string | null; pk: number }[]
  >()
  expectTypeOf(await Tag.objects.values()).toEqualTypeOf<{ id: number; name: string }[]>()
  expectTypeOf(await Tag.objects.getItems({ limit: 1 })).toEqualTypeOf<{ id: number; name: string }[]>()
  expectTypeOf(await Profile.objects.getItem([Profile.c.bio.eq('x')])).toEqualTypeOf<{
    id: number
    user: number
    bio: string
    band: number
  } | null>()
  expectTypeOf(await Folder.objects.values('parent', 'parent__pk', 'parent__name')).toEqualTypeOf<
    { parent: unknown; parent__pk: unknown; parent__name: unknown }[]
  >()
  expectTypeOf(await Track.objects.values(...([name] as never[]))).toEqualTypeOf<Record<string, unknown>[]>()
  for await (const { bio } of Profile.objects.filter({ id: 1 }).iterateValues('bio')) expectTypeOf(bio).toEqualTypeOf<string>()
  expectTypeOf(await Track.objects.sum('price')).toEqualTypeOf<string | null>()
  expectTypeOf(await Track.objects.avg('position')).toEqualTypeOf<number | null>()
  expectTypeOf(await Track.objects.max('album')).toEqualTypeOf<number | null>()
  expectTypeOf(await Track.objects.filter({ id: 1 }).min('album__artist__name')).toEqualTypeOf<string | null>()
  expectTypeOf(await Folder.objects.max('parent__size')).toEqualTypeOf<unknown>()
  expectTypeOf(await Track.objects.sum(name as never)).toEqualTypeOf<unknown>()
  Track.objects.orderBy('album__artist__name', '-album__artist__name').orderBy('pk', '-album__pk')
  Post.objects.orderBy('author__profile__band__name', '-author__profile__bio')
  Folder.objects.orderBy('parent__name', 'parent__parent__name')
  Track.objects.prefetchRelated('album', 'album__tracks__tags', 'tags')
  User.objects.prefetchRelated('profile__band').filter({ id: 1 }).prefetchRelated('profile')
  Folder.objects.prefetchRelated('parent__parent')
  Seat.objects.filter({ row: 1, place__gt: 2 }).orderBy('row', '-place')
}

/** Never called: it is there for the compiler. */
function wrongNames(name: string): void {
  // @ts-expect-error no such field
  Track.objects.values('title', 'titel')
  // @ts-expect-error no such field behind the relation
  Track.objects.filter({ id: 1 }).values('album__artist__nmae')
  // @ts-expect-error leads to many rows
  Track.objects.values('tags__name')
  // @ts-expect-error any text
  Track.objects.values(name)
  // @ts-expect-error no such field
  Track.objects.filter({ id: 1 }).iterateValues('titel')
  // @ts-expect-error no such field
  Track.objects.max('titel')
  // @ts-expect-error no such field
  Track.objects.filter({ id: 1 }).min('titel')
  // @ts-expect-error no such field
  Track.objects.sum('titel')
  // @ts-expect-error no such field behind the relation
  Track.objects.avg('album__nmae')
  // @ts-expect-error texts have no sum
  Track.objects.sum('title')
  // @ts-expect-error true and false have no order
  Track.objects.max('live')
  // @ts-expect-error neither have UUIDs
  Memo.objects.max('code')
  // @ts-expect-error nor keys that are some
  Leaf.objects.min('memo')
  // @ts-expect-error no such field behind two relations
  Track.objects.orderBy('album__artist__nmae')
  // @ts-expect-error leads to many rows
  Album.objects.orderBy('tracks__title')
  // @ts-expect-error any text
  Track.objects.orderBy(name)
  // @ts-expect-error no relation
  Track.objects.prefetchRelated('title')
  // @ts-expect-error no such relation behind it
  Track.objects.prefetchRelated('album__traks')
  // @ts-expect-error the key has several fields
  Seat.objects.filter({ pk: 1 })
  // @ts-expect-error the key has several fields
  Seat.objects.filter({ pk__in: [1] })
  // @ts-expect-error the key has several fields
  Seat.objects.orderBy('pk')
  // @ts-expect-error the key has several fields
  Seat.objects.values('pk')
  // @ts-expect-error the key has several fields
  Seat.objects.groupBy('pk')
  // @ts-expect-error the key has several fields
  Seat.objects.create({ row: 1, place: 2, pk: 1 })
}

/** Never called: it is there for the compiler. */
async function sessionNames(search: { readonly title__icontains: string }): Promise<void> {
  const session = new Session(engine)
  const tracks = session.query(Track).filter({ album__artist__name__iexact: 'x', tags__name: 'x' }, { pk: 1 }, { note: null })
  expectTypeOf(await tracks.filterBy({ title: 'x', mood: 'good' }).orderBy('-album__artist__name', 'pk').first()).toExtend<Track | null>()
  await tracks
    .filter(Track.c.title.eq('x'), Q.or({ title: 'x' }), search)
    .orderBy('title', Track.c.id.desc())
    .limit(1)
    .all()
  await session
    .query(Album)
    .filter({ tracks__title: 'x', artist__in: [1] })
    .one()
  const labels = session.query(Track, { mapperFactory: () => (row) => String(row['title']) }).filter({ title: 'x' })
  expectTypeOf(await labels.orderBy('title').all()).toEqualTypeOf<string[]>()
  const some: SessionQuery<Track> = session.query(Track)
  some.filter({ title: 'x' }).orderBy('title')

  // @ts-expect-error no such field
  tracks.filter({ titel: 'x' })
  // @ts-expect-error no such field, in the last of them
  tracks.filter({ title: 'x' }, Track.c.id.gt(1), { titel: 'x' })
  // @ts-expect-error no such operator
  tracks.filter({ title__contians: 'x' })
  // @ts-expect-error a text is no number
  tracks.filter({ position__in: ['x'] })
  // @ts-expect-error no such field behind the relation
  tracks.filterBy({ album__nmae: 'x' })
  // @ts-expect-error not one of the values
  tracks.filterBy({ mood: 'awful' })
  // @ts-expect-error no such field on the way back
  session.query(Album).filter({ tracks__titel: 'x' })
  // @ts-expect-error no such field
  labels.orderBy('titel')
  // @ts-expect-error leads to many rows
  tracks.orderBy('tags__name')
}

/** Never called: it is there for the compiler. */
async function loadedNames(track: Track, album: Album, user: User, folder: Folder): Promise<void> {
  expectTypeOf(await track.load('album', 'album__artist', 'album__tracks__tags', 'tags')).toEqualTypeOf<Track>()
  await album.load('tracks', 'artist', 'tracks__tags')
  await user.load('profile__band')
  await folder.load('parent__parent')
  await user.load()
  // @ts-expect-error no relation
  track.load('title')
  // @ts-expect-error no such relation
  track.load('album', 'albun')
  // @ts-expect-error no such relation behind it
  track.load('album__traks')
  // @ts-expect-error a method of all models
  album.load('save')
  // @ts-expect-error no such way back
  user.load('profil')
  // @ts-expect-error any text
  track.load(String(track.title))
}

/** Never called either. */
async function links(): Promise<void> {
  const track = await Track.objects.get({ pk: 1 })
  await track.tags.add(1, await Tag.objects.get(), new Tag())
  await track.tags.set([2])
  // @ts-expect-error no key of a tag
  await track.tags.add('x')
  // @ts-expect-error an instance of another model
  await track.tags.remove(track)
}

describe('types', () => {
  test('of lookups, names, inputs and instances', () => {
    expectTypeOf(statements).returns.resolves.toBeVoid()
    expectTypeOf(oneToOnes).returns.resolves.toBeVoid()
    expectTypeOf(figures).returns.resolves.toBeVoid()
    expectTypeOf(wrongFigures).returns.toBeVoid()
    expectTypeOf(abstractBases).returns.resolves.toBeVoid()
    expectTypeOf(textLookups).returns.toBeVoid()
    expectTypeOf(names).returns.resolves.toBeVoid()
    expectTypeOf(wrongNames).returns.toBeVoid()
    expectTypeOf(sessionNames).returns.resolves.toBeVoid()
    expectTypeOf(loadedNames).returns.resolves.toBeVoid()
    expectTypeOf(links).returns.resolves.toBeVoid()
  })
})
