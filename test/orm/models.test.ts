import { inspect } from 'node:util'
import { sql } from 'offloop'
import {
  bigInteger,
  boolean,
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
  string,
  text,
  time,
  url,
  uuid,
  ValidationError,
} from 'offloop/orm'
import { describe, expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

describeDatabases((fixture) => {
  async function everything() {
    const models = new ModelRegistry(fixture.engine())
    class Thing extends models.define('things', {
      id: integer({ primaryKey: true }),
      big: bigInteger({ allowNull: true }),
      ratio: float({ allowNull: true }),
      price: decimal({ maxDigits: 10, decimalPlaces: 2, allowNull: true }),
      done: boolean({ default: false }),
      name: string({ maxLength: 10 }),
      blank: string({ maxLength: 10, allowBlank: true }),
      body: text({ allowNull: true }),
      day: date({ allowNull: true }),
      at: time({ allowNull: true }),
      moment: dateTime({ allowNull: true }),
      created: dateTime({ autoNowAdd: true }),
      changed: dateTime({ autoNow: true }),
      data: json({ allowNull: true }),
      size: enumeration(['s', 'm'], { allowNull: true }),
      uid: uuid({ allowNull: true }),
      mail: email({ allowNull: true }),
      link: url({ allowNull: true }),
      ip: ipAddress({ allowNull: true }),
      count: integer({ default: () => 7, minimum: 1, maximum: 100 }),
      server: integer({ serverDefault: sql`41 + 1` }),
      renamed: integer({ column: 'other_name', allowNull: true }),
    }) {
      shout(): string {
        return this.name.toUpperCase()
      }
    }
    await models.createAll()
    return { models, Thing }
  }

  test('the times that a row sets by itself are one, however long its defaults take', async () => {
    const models = new ModelRegistry(fixture.engine())
    const nextMillisecond = () => {
      const at = Date.now()
      while (Date.now() === at);
      return 1
    }
    class Note extends models.define('timed_notes', {
      id: integer({ primaryKey: true }),
      created: dateTime({ autoNowAdd: true }),
      slow: integer({ default: nextMillisecond, onUpdate: nextMillisecond }),
      changed: dateTime({ autoNow: true }),
      touched: dateTime({ autoNow: true }),
    }) {}
    await models.createAll()
    const note = await Note.objects.create({})
    expect(note.changed).toEqual(note.created)
    note.created.setTime(0)
    expect(note.changed.getTime()).toBeGreaterThan(0)
    nextMillisecond()
    await note.update({ slow: 2 })
    expect(note.changed).toEqual(note.touched)
    await models.dropAll()
  })

  test('every kind of field comes back as it was stored', async () => {
    const { Thing } = await everything()
    const values = {
      big: 2n ** 60n,
      ratio: 1.5,
      price: '12.50',
      name: 'x',
      body: 'y',
      day: '2024-02-29',
      at: '12:30:15',
      moment: new Date('2024-02-29T12:30:15.123Z'),
      data: { a: [1, null] },
      size: 's',
      uid: '0193e7a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b',
      mail: 'a@b.example',
      link: 'https://example.com/x',
      ip: '::1',
      renamed: 5,
    } as const
    const created = await Thing.objects.create(values)
    expect(created).toMatchObject({ ...values, done: false, blank: '', count: 7, server: 42 })
    expect(created.pk).toBe(1)
    const read = await Thing.objects.get({ pk: 1 })
    expect(read.toObject()).toEqual(created.toObject())
    expect(read.equals(created)).toBe(true)
    expect(read.created).toBeInstanceOf(Date)
    expect((read as InstanceType<typeof Thing>).shout()).toBe('X')
    expect(JSON.parse(JSON.stringify(read))).toMatchObject({ big: '1152921504606846976', renamed: 5 })
    expect(await Thing.objects.filter({ renamed: 5 }).count()).toBe(1)
    const empty = await Thing.objects.create({ name: 'z', big: null, data: null })
    expect(await Thing.objects.get({ pk: empty.pk as number })).toMatchObject({ big: null, price: null, day: null, data: null, size: null })
  })

  test('validation comes before SQL, and collects what is wrong with each of the fields', async () => {
    const { Thing } = await everything()
    const error = await rejectionOf(
      Thing.objects.create({
        name: 'x'.repeat(11),
        done: 'maybe',
        count: 0,
        size: 'xl',
        day: '2023-02-29',
        mail: 'no mail',
        uid: 'x',
        stray: 1,
        big: null,
        price: '1.234',
      } as never),
    )
    expect(error).toBeInstanceOf(ValidationError)
    expect(Object.fromEntries((error as ValidationError).errors.map(({ field, code, message }) => [field, `${code}: ${message}`]))).toEqual(
      {
        name: 'max_length: Must have no more than 10 characters.',
        done: 'type: Must be a boolean.',
        count: 'minimum: Must be greater than or equal to 1.',
        size: 'choice: Not a valid choice.',
        day: 'invalid: Must be a real date.',
        mail: 'format: Must be a valid email format.',
        uid: 'format: Must be a valid UUID format.',
        stray: 'unknown: Unknown field.',
        price: 'precision: Must have no more than 2 decimal places.',
      },
    )
    const missing = (await rejectionOf(Thing.objects.create({} as never))) as ValidationError
    expect(missing.errors).toEqual([{ field: 'name', code: 'required', message: 'This field is required.' }])
    const nothing = (await rejectionOf(Thing.objects.create({ name: null } as never))) as ValidationError
    expect(nothing.errors).toEqual([{ field: 'name', code: 'null', message: 'May not be null.' }])
    const blank = (await rejectionOf(Thing.objects.create({ name: '  ' }))) as ValidationError
    expect(blank.errors).toEqual([{ field: 'name', code: 'blank', message: 'Must not be blank.' }])
    expect(await Thing.objects.count()).toBe(0)
  })

  test('a given key is kept; pk stands for it', async () => {
    const { Thing } = await everything()
    expect((await Thing.objects.create({ id: 77, name: 'a' })).pk).toBe(77)
    expect((await Thing.objects.create({ pk: 78, name: 'b' })).id).toBe(78)
    expect(await Thing.objects.get({ pk: 77 })).toMatchObject({ name: 'a' })
    // PostgreSQL counts on from where it was.
    expect((await Thing.objects.create({ name: 'c' })).pk).toBe(fixture.target.driver === 'pg' ? 1 : 79)
  })

  test('update stores what is given, and refreshes autoNow', async () => {
    const { Thing } = await everything()
    const thing = await Thing.objects.create({ name: 'a' })
    const before = thing.changed
    await Thing.objects.filter({ pk: 1 }).update({ body: 'untouched' })
    await thing.update({ name: 'b' })
    expect(thing.name).toBe('b')
    expect(thing.changed.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(await Thing.objects.get({ pk: 1 })).toMatchObject({ name: 'b', body: 'untouched' })
    expect(await rejectionOf(thing.update({ name: 'x'.repeat(11) }))).toBeInstanceOf(ValidationError)
    expect(await rejectionOf(thing.update({ nmae: 'x' } as never))).toBeInstanceOf(ValidationError)
    expect(thing.name).toBe('b')
  })

  test('a deleted instance refuses, and one whose row is gone keeps its values', async () => {
    const { Thing } = await everything()
    const thing = await Thing.objects.create({ name: 'a' })
    const same = await Thing.objects.get({ pk: 1 })
    expect(await thing.delete()).toBe(1)
    for (const refused of [() => thing.update({ name: 'b' }), () => thing.delete(), () => thing.save()]) {
      expect((await rejectionOf(refused())).message).toContain('deleted')
    }
    expect(await rejectionOf(same.update({ name: 'b' }))).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    expect(same.name).toBe('a')
    expect(await rejectionOf(same.load())).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    expect(await rejectionOf(same.delete())).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
  })

  test('save creates, and then updates', async () => {
    const { Thing } = await everything()
    const thing = new Thing({ name: 'a' })
    await thing.save()
    expect(thing.pk).toBe(1)
    expect(thing.server).toBe(42)
    thing.name = 'b'
    await thing.save()
    expect(await Thing.objects.values('id', 'name')).toEqual([{ id: 1, name: 'b' }])
    expect(() => new Thing({ nam: 'x' } as never)).toThrow('Did you mean "name"?')
  })

  test('bulkCreate and bulkUpdate', async () => {
    const { Thing } = await everything()
    let made: InstanceType<typeof Thing>[] = []
    const statements = await statementsOf(async () => {
      made = (await Thing.objects.bulkCreate(Array.from({ length: 1_500 }, (_, index) => ({ name: `n${index}` })))) as typeof made
    })
    // MySQL has no RETURNING: what the server has filled in is read in one statement.
    expect(statements.length).toBeLessThanOrEqual(fixture.target.driver === 'mysql2' ? 2 : 1)
    expect(made.map(({ id }) => id)).toEqual(Array.from({ length: 1_500 }, (_, index) => index + 1))
    expect(made[1_499]?.server).toBe(42)
    for (const thing of made) thing.count = 50
    ;(made[0] as (typeof made)[0]).count = 51
    expect(await Thing.objects.bulkUpdate(made, ['count'])).toBe(1_500)
    expect(await Thing.objects.filter({ count: 50 }).count()).toBe(1_499)
    ;(made[3] as (typeof made)[0]).count = 1_000
    expect(await rejectionOf(Thing.objects.bulkUpdate(made, ['count', 'name']))).toBeInstanceOf(ValidationError)
    expect(await Thing.objects.bulkCreate([])).toEqual([])
    expect(await rejectionOf(Thing.objects.bulkCreate([{ name: 'ok' }, { name: '' }]))).toBeInstanceOf(ValidationError)
    expect(await Thing.objects.count()).toBe(1_500)
  })

  test('getOrCreate and updateOrCreate', async () => {
    const { Thing } = await everything()
    const [first, created] = await Thing.objects.getOrCreate({ name: 'a' }, { count: 3 })
    expect([first.count, created]).toEqual([3, true])
    const [second, again] = await Thing.objects.getOrCreate({ name: 'a' }, { count: 4 })
    expect([second.pk, second.count, again]).toEqual([first.pk, 3, false])
    const [third, made] = await Thing.objects.updateOrCreate({ name: 'a' }, { count: 5 })
    expect([third.count, made]).toEqual([5, false])
    expect(await Thing.objects.get({ name: 'a' })).toMatchObject({ count: 5 })
    const [fourth] = await Thing.objects.updateOrCreate({ name: 'b' }, { name: 'c' })
    expect(fourth.name).toBe('c')
    const all = await Promise.all(Array.from({ length: 8 }, () => Thing.objects.getOrCreate({ name: 'same' })))
    expect(all.filter(([, isNew]) => isNew)).toHaveLength(1)
    expect(await Thing.objects.filter({ name: 'same' }).count()).toBe(1)
  })

  test('a relation that was not loaded holds only its key', async () => {
    const { Track, Album, malibu, fantasies } = await withMusic(fixture.engine())
    const track = await Track.objects.get({ title: 'The Bird' })
    expect(track.album?.pk).toBe(malibu?.pk)
    expect(inspect(track.album)).toBe('Album(id=1) [sparse]')
    expect(() => track.album?.name).toThrow('has not been read')
    await track.album?.load()
    expect(track.album?.name).toBe('Malibu')
    expect(inspect(track)).toBe('Track(id=1)')
    await track.update({ album: fantasies })
    expect(track.album?.name).toBe('Fantasies')
    await track.update({ album: 1 } as never)
    expect(await Track.objects.filter({ album: 1 }).count()).toBe(3)
    await track.update({ album: null })
    expect(track.album).toBeNull()
    expect(await rejectionOf(Track.objects.create({ title: 'x', album: 'no key' as never }))).toBeInstanceOf(ValidationError)
    expect(await rejectionOf(Track.objects.create({ title: 'x', album: new Album({ name: 'unsaved' }) as never }))).toBeInstanceOf(
      ValidationError,
    )
    expect(await rejectionOf(Track.objects.create({ title: 'x', album: 99 } as never))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect(track.toObject()).toEqual({ id: 1, album: null, title: 'The Bird', position: 1, note: null })
  })

  test('related sets: the way back, and many to many', async () => {
    const { Track, Album, Artist, Tag } = await withMusic(fixture.engine())
    const album = await Album.objects.get({ name: 'Malibu' })
    expect(await album.tracks.count()).toBe(3)
    expect((await album.tracks.filter({ position__gt: 1 }).orderBy('-position')).map(({ title }) => title)).toEqual([
      'The Waters',
      "Heart don't stand a chance",
    ])
    const made = await album.tracks.create({ title: 'New', position: 4 })
    expect(made.album?.pk).toBe(album.pk)
    const artist = await Artist.objects.get({ name: 'Metric' })
    expect((await artist.albums.orderBy('name')).map(({ name }) => name)).toEqual(['Empty', 'Fantasies'])

    const [pop, rock] = (await Tag.objects.bulkCreate([{ name: 'pop' }, { name: 'rock' }])) as InstanceType<typeof Tag>[] as [
      InstanceType<typeof Tag>,
      InstanceType<typeof Tag>,
    ]
    const track = await Track.objects.get({ pk: 1 })
    await track.tags.add(pop, rock, pop)
    await track.tags.add(pop)
    expect((await track.tags.orderBy('name')).map(({ name }) => name)).toEqual(['pop', 'rock'])
    expect(await Track.objects.filter({ tags__name: 'pop' } as never).count()).toBe(1)
    expect(await Track.objects.exclude({ tags__name: 'pop' } as never).count()).toBe(6)
    expect((await (pop as unknown as { tracks: PromiseLike<{ title: string }[]> }).tracks).map(({ title }) => title)).toEqual(['The Bird'])
    await track.tags.remove(pop)
    expect(await track.tags.count()).toBe(1)
    await track.tags.set([])
    expect(await track.tags).toEqual([])
    await track.tags.create({ name: 'jazz' })
    const [again] = await Track.objects.filter({ pk: 1 }).prefetchRelated('tags')
    expect((await (again as typeof track).tags).map(({ name }) => name)).toEqual(['jazz'])
  })

  test('composite keys', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Seat extends models.define('seats', {
      row: integer({ primaryKey: true }),
      place: string({ maxLength: 2, primaryKey: true }),
      taken: boolean({ default: false }),
    }) {}
    await models.createAll()
    const seats = await Seat.objects.bulkCreate([
      { row: 1, place: 'a' },
      { row: 1, place: 'b' },
      { row: 2, place: 'a' },
    ])
    expect(seats[1]?.pk).toEqual([1, 'b'])
    await (seats[1] as (typeof seats)[0]).update({ taken: true })
    expect(await Seat.objects.filter({ taken: true }).values('row', 'place')).toEqual([{ row: 1, place: 'b' }])
    await (seats[0] as (typeof seats)[0]).delete()
    expect(await Seat.objects.count()).toBe(2)
    for (const seat of seats.slice(1)) seat.taken = seat.row === 2
    expect(await Seat.objects.bulkUpdate(seats.slice(1), ['taken'])).toBe(2)
    expect(await Seat.objects.filter({ taken: true }).values('row')).toEqual([{ row: 2 }])
    expect(await rejectionOf(Seat.objects.create({ row: 1 } as never))).toBeInstanceOf(ValidationError)
    expect(await Seat.objects.orderBy('row').limit(1).delete()).toBe(1)
  })

  test('joined tables: a model that extends another one', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Place extends models.define('places', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
    class Bar extends Place.extend('bars', { beers: integer(), happy: boolean({ default: true }) }) {}
    await models.createAll()
    const bar = await Bar.objects.create({ name: 'Moe', beers: 3 })
    expect(bar).toMatchObject({ id: 1, name: 'Moe', beers: 3, happy: true })
    expect(bar).toBeInstanceOf(Place)
    await Place.objects.create({ name: 'Park' })
    expect(await Place.objects.count()).toBe(2)
    expect(await Bar.objects.get({ name: 'Moe' })).toMatchObject({ id: 1, beers: 3 })
    expect(await Bar.objects.filter({ name__startswith: 'M', beers__gt: 2 }).count()).toBe(1)
    await bar.update({ name: 'Moe’s', beers: 4 })
    expect(await Place.objects.get({ pk: 1 })).toMatchObject({ name: 'Moe’s' })
    expect(await Bar.objects.filter({ beers: 4 }).update({ name: 'Closed' })).toBe(1)
    expect(await Place.objects.get({ pk: 1 })).toMatchObject({ name: 'Closed' })
    await Bar.objects.bulkCreate([
      { name: 'a', beers: 1 },
      { name: 'b', beers: 2 },
    ])
    expect((await Bar.objects.orderBy('-name')).map(({ name, beers }) => `${name}${beers}`)).toHaveLength(3)
    expect(await bar.delete()).toBe(1)
    expect(await Place.objects.filter({ pk: 1 }).count()).toBe(0)
    expect(await Bar.objects.filter({ beers__lt: 3 }).delete()).toBe(2)
    expect(await Place.objects.count()).toBe(1)
  })

  test('two relations to one table, and one to itself', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Team extends models.define('teams', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 10 }),
      parent: foreignKey('teams', { allowNull: true, relatedName: 'children' }),
    }) {}
    class Match extends models.define('matches', {
      id: integer({ primaryKey: true }),
      home: foreignKey(() => Team, { relatedName: 'homeMatches' }),
      away: foreignKey(() => Team, { relatedName: 'awayMatches' }),
    }) {}
    await models.createAll()
    const [a, b] = await Team.objects.bulkCreate([{ name: 'a' }, { name: 'b' }])
    await Match.objects.create({ home: a as InstanceType<typeof Team>, away: b as InstanceType<typeof Team> })
    const match = await Match.objects.selectRelated('home', 'away').get()
    expect([match.home.name, match.away.name]).toEqual(['a', 'b'])
    expect(await Match.objects.filter({ home__name: 'a', away__name: 'b' }).count()).toBe(1)
    expect(await Match.objects.filter({ home__name: 'b' }).count()).toBe(0)
    await (b as InstanceType<typeof Team>).update({ parent: a as InstanceType<typeof Team> })
    expect(await Team.objects.filter({ parent__name: 'a' }).values('name')).toEqual([{ name: 'b' }])
    const [child] = await Team.objects.filter({ pk: 2 }).selectRelated('parent')
    expect(child?.parent?.name).toBe('a')
  })
})

describe('definitions', () => {
  test('are refused where they cannot be meant', () => {
    const models = new ModelRegistry({ execute: () => {}, dialect: { name: 'sqlite' } } as never)
    expect(() => models.define('t', { name: string({ maxLength: 5 }) })).toThrow('has no key')
    expect(() => models.define('t', { id: integer({ primaryKey: true }), a__b: integer() })).toThrow('"__" joins names')
    expect(() => models.define('t', { id: integer({ primaryKey: true }), update: integer() })).toThrow("{ column: 'update' }")
    expect(() => models.define('t', { id: integer({ primaryKey: true }), x: 5 as never })).toThrow('is no field')
    expect(() => string({} as never)).toThrow('maxLength')
    expect(() => integer({ mininum: 5 } as never)).toThrow('Did you mean "minimum"?')
    expect(() => dateTime({ autoNow: true, autoNowAdd: true })).toThrow('cannot be both true')
    models.define('twice', { id: integer({ primaryKey: true }) })
    expect(() => models.define('twice', { id: integer({ primaryKey: true }) })).toThrow('There is a model of table "twice" already.')
  })
})
