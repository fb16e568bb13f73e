import {
  bigInteger,
  foreignKey,
  integer,
  type Manager,
  ModelRegistry,
  manyToMany,
  oneToOne,
  type RelatedSet,
  string,
  uuid,
} from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

describeDatabases((fixture) => {
  /** Three teams, and matches between them: in the second nobody is away, and nobody knows who played in the third. */
  async function matches() {
    const models = new ModelRegistry(fixture.engine())
    class Team extends models.define('teams', { id: integer({ primaryKey: true }), name: string({ maxLength: 10 }) }) {}
    class City extends models.define('cities', { id: integer({ primaryKey: true }), name: string({ maxLength: 10 }) }) {}
    class Match extends models.define('matches', {
      id: integer({ primaryKey: true }),
      home: foreignKey(() => Team, { relatedName: 'homeMatches', allowNull: true }),
      away: foreignKey(() => Team, { relatedName: 'awayMatches', allowNull: true }),
      city: foreignKey(() => City, { allowNull: true }),
    }) {}
    await models.createAll()
    await Team.objects.bulkCreate([{ name: 'a' }, { name: 'b' }, { name: 'c' }])
    await City.objects.bulkCreate([{ name: 'x' }, { name: 'y' }])
    await Match.objects.bulkCreate([{ home: 1, away: 2, city: 1 }, { home: 2, city: 2 }, {}, { home: 3, away: 3, city: 1 }])
    return { Team, City, Match }
  }

  test('selectRelated of several relations, two of them to one table, gives each row once and with its own relations', async () => {
    const { Match } = await matches()
    const seen: unknown[] = []
    const statements = await statementsOf(async () => {
      const found = await Match.objects.selectRelated('home', 'away', 'city').orderBy('id')
      for (const { id, home, away, city } of found) seen.push([id, home?.name, away?.name, city?.name])
    })
    expect(seen).toEqual([
      [1, 'a', 'b', 'x'],
      [2, 'b', undefined, 'y'],
      [3, undefined, undefined, undefined],
      [4, 'c', 'c', 'x'],
    ])
    expect(statements).toHaveLength(1)
    expect(await Match.objects.selectRelated('home', 'away', 'city').count()).toBe(4)
  })

  test('selectRelated takes names and lists, and adds to those before', async () => {
    const { Match } = await matches()
    const sets = [
      Match.objects.selectRelated('home').selectRelated('away').selectRelated('city'),
      Match.objects.selectRelated(['home', 'away'], 'city', 'city'),
    ]
    for (const set of sets) {
      const match = await set.get({ pk: 1 })
      expect([match.home?.name, match.away?.name, match.city?.name]).toEqual(['a', 'b', 'x'])
    }
    const bare = await Match.objects.selectRelated('home').get({ pk: 1 })
    expect(bare.home?.name).toBe('a')
    expect(() => bare.away?.name).toThrow('has not been read')
  })

  test('lookups and orders over two relations to one table keep them apart', async () => {
    const { Match, Team } = await matches()
    const ids = async (lookups: object) =>
      (
        await Match.objects
          .filter(lookups as { pk: number })
          .orderBy('id')
          .values('id')
      ).map(({ id }) => id)
    expect(await ids({ home__name: 'b' })).toEqual([2])
    expect(await ids({ away__name: 'b' })).toEqual([1])
    expect(await ids({ home__name: 'a', away__name: 'b' })).toEqual([1])
    expect(await ids({ home__name: 'b', away__name: 'b' })).toEqual([])
    expect(await ids({ home__name: 'b', away__isnull: true })).toEqual([2])
    expect(await Match.objects.filter({ home__isnull: false }).orderBy('-home__name', 'away__name').values('id')).toEqual([
      { id: 4 },
      { id: 2 },
      { id: 1 },
    ])
    expect(await Team.objects.filter({ homeMatches__away__name: 'b' } as never).values('name')).toEqual([{ name: 'a' }])
    expect(await Team.objects.filter({ awayMatches__home__name: 'c' } as never).values('name')).toEqual([{ name: 'c' }])
  })

  test('rows whose relation is NULL are left out by what asks about it, and by nothing else', async () => {
    const { Match } = await matches()
    expect(await Match.objects.all()).toHaveLength(4)
    expect(await Match.objects.orderBy('away__name').count()).toBe(4)
    expect((await Match.objects.selectRelated('away').filter({ away: null }).orderBy('id')).map(({ id }) => id)).toEqual([2, 3])
    expect(await Match.objects.exclude({ away__name: 'b' }).count()).toBe(1)
    expect(await Match.objects.values('id', 'away__name')).toHaveLength(4)
    expect(await Match.objects.prefetchRelated('home', 'away')).toHaveLength(4)
  })

  test('filters across relations count in update and delete', async () => {
    const { Match } = await matches()
    expect(await Match.objects.filter({ home__name__in: ['a', 'b'], city__name: 'x' }).update({ away: null })).toBe(1)
    expect(await Match.objects.filter({ away: null }).count()).toBe(3)
    expect(await Match.objects.exclude({ city__name: 'x' }).filter({ city__isnull: false }).delete()).toBe(1)
    expect(await Match.objects.filter({ home__name: 'c', away__name: 'c' }).delete()).toBe(1)
    expect(await Match.objects.orderBy('id').values('id')).toEqual([{ id: 1 }, { id: 3 }])
  })

  test('instances in a lookup stand for their keys, alone and in lists', async () => {
    const { Match, Team } = await matches()
    const a = await Team.objects.get({ name: 'a' })
    const b = await Team.objects.get({ name: 'b' })
    expect(await Match.objects.filter({ home: a, away: b }).count()).toBe(1)
    expect(await Match.objects.filter({ home__in: [a, 2] }).count()).toBe(2)
    expect(await Match.objects.exclude({ home: a }).count()).toBe(2)
    expect(await Match.objects.filter({ home__ne: a }).count()).toBe(2)
    expect(() => Match.objects.filter({ home: new Team({ name: 'x' }) } as never)).toThrow('that has been created')
  })

  test('onDelete says what becomes of the rows that refer to a deleted one', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Owner extends models.define('owners', { id: integer({ primaryKey: true }) }) {}
    class Cascading extends models.define('cascading', {
      id: integer({ primaryKey: true }),
      owner: foreignKey(() => Owner, { onDelete: 'cascade' }),
    }) {}
    class Nulling extends models.define('nulling', {
      id: integer({ primaryKey: true }),
      owner: foreignKey(() => Owner, { onDelete: 'set null', allowNull: true }),
    }) {}
    class Restricting extends models.define('restricting', {
      id: integer({ primaryKey: true }),
      owner: foreignKey(() => Owner, { onDelete: 'restrict' }),
    }) {}
    class Plain extends models.define('plain', { id: integer({ primaryKey: true }), owner: foreignKey(() => Owner) }) {}
    await models.createAll()
    const owners = await Owner.objects.bulkCreate([{}, {}, {}])
    await Cascading.objects.create({ owner: 1 })
    await Nulling.objects.create({ owner: 1 })
    await Restricting.objects.create({ owner: 2 })
    await Plain.objects.create({ owner: 3 })
    expect(await owners[0]?.delete()).toBe(1)
    expect(await Cascading.objects.count()).toBe(0)
    expect((await Nulling.objects.get()).owner).toBeNull()
    for (const owner of owners.slice(1)) {
      expect(await rejectionOf(owner.delete())).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
      // A delete that was refused leaves the instance as it was.
      expect(await owner.load()).toBe(owner)
    }
    expect(await Owner.objects.count()).toBe(2)
  })

  test('no two rows have the same one-to-one relation, and any number of them none', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Person extends models.define('persons', { id: integer({ primaryKey: true }), name: string({ maxLength: 5 }) }) {}
    class Passport extends models.define('passports', {
      id: integer({ primaryKey: true }),
      person: oneToOne(() => Person, { allowNull: true, onDelete: 'cascade' }),
    }) {}
    await models.createAll()
    const person = await Person.objects.create({ name: 'x' })
    await Passport.objects.bulkCreate([{ person }, {}, {}])
    expect(await rejectionOf(Passport.objects.create({ person }))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect((await Passport.objects.selectRelated('person').get({ person__name: 'x' })).person?.name).toBe('x')
    expect(await person.delete()).toBe(1)
    expect(await Passport.objects.count()).toBe(2)
  })

  test('a relation that was not read is loaded by itself, and its row may be gone', async () => {
    const { Track, Album } = await withMusic(fixture.engine())
    const track = await Track.objects.get({ title: 'Sick Muse' })
    const other = await Track.objects.get({ title: "Help I'm Alive" })
    await track.album?.load()
    await track.album?.artist.load()
    expect(track.album?.artist.name).toBe('Metric')
    expect(() => other.album?.name).toThrow('has not been read')
    await Album.objects.filter({ name: 'Fantasies' }).delete()
    expect(await rejectionOf(async () => await other.album?.load())).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
  })

  test('a relation to many rows is NULL where there are none', async () => {
    const { Album, Artist, Track, Tag } = await withMusic(fixture.engine())
    const pop = await Tag.objects.create({ name: 'pop' })
    await (await Track.objects.get({ pk: 1 })).tags.add(pop)
    const names = (rows: readonly Record<string, unknown>[]) => rows.map(({ name }) => name)
    expect(names(await Album.objects.filter({ tracks__isnull: true }).values('name'))).toEqual(['Empty'])
    expect(names(await Album.objects.filter({ tracks__isnull: false }).orderBy('id').values('name'))).toEqual(['Malibu', 'Fantasies'])
    expect(names(await Album.objects.exclude({ tracks__isnull: true }).orderBy('id').values('name'))).toEqual(['Malibu', 'Fantasies'])
    expect(names(await Artist.objects.filter({ albums__tracks__isnull: true }).values('name'))).toEqual(['Metric'])
    expect(await Track.objects.filter({ tags__isnull: true }).count()).toBe(5)
    expect(await Track.objects.filter({ tags__in: [pop.id] }).values('id')).toEqual([{ id: 1 }])
    expect(await Track.objects.filter({ tags__in: [] }).count()).toBe(0)
    expect(await Album.objects.filter({ tracks__tags__name: 'pop', tracks__position: 1 }).count()).toBe(1)
    expect(await Album.objects.filter({ tracks__isnull: true }).delete()).toBe(1)
  })

  test('rows that are found through many others come once', async () => {
    const { Album, Artist } = await withMusic(fixture.engine())
    expect(await Album.objects.filter({ tracks__position__gte: 1 }).orderBy('id').values('name')).toEqual([
      { name: 'Malibu' },
      { name: 'Fantasies' },
    ])
    expect(await Artist.objects.filter({ albums__tracks__position__gte: 1 }).count()).toBe(2)
    expect(await Album.objects.filter({ tracks__title__startswith: 'The' }).update({ name: 'M' })).toBe(1)
    expect(await Album.objects.filter({ tracks__title__startswith: 'The' }).delete()).toBe(1)
  })

  test('add(), set() and remove() take rows of the other model and its keys, and nothing else', async () => {
    const { Album, Track, Tag } = await withMusic(fixture.engine())
    await Tag.objects.bulkCreate([{ name: 'pop' }, { name: 'rock' }])
    const track = await Track.objects.get({ pk: 1 })
    const names = async () => (await track.tags.orderBy('name').values('name')).map(({ name }) => name)
    const others = [await Album.objects.get({ pk: 1 }), track, {}, { pk: 1 }, [1], 'x', '', true, 1.5, Number.NaN, null, undefined]
    for (const other of others as never[]) {
      for (const change of [() => track.tags.add(1, other), () => track.tags.set([other]), () => track.tags.remove(other)]) {
        const error = await rejectionOf(change)
        expect(error).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
        expect(error.message).toContain('is a Tag or its key, found ')
      }
    }
    expect((await rejectionOf(track.tags.add(others[0] as never))).message).toContain('found Album(id=1)')
    expect((await rejectionOf(track.tags.add(new Tag({ name: 'x' })))).message).toContain('must have been created')
    expect(await names()).toEqual([])
    await track.tags.add('1' as never, 1, await Tag.objects.get({ pk: 1 }))
    expect(await names()).toEqual(['pop'])
    await track.tags.set(['2' as never])
    expect(await names()).toEqual(['rock'])
    await track.tags.remove(2)
    expect(await names()).toEqual([])
  })

  test('set() leaves links alone that are there already, whatever the keys are', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Label extends models.define('labels', { id: bigInteger({ primaryKey: true }) }) {}
    class Box extends models.define('boxes', { id: uuid({ primaryKey: true }), labels: manyToMany(() => Label) }) {}
    await models.createAll()
    const box = await Box.objects.create({ id: '0193e7a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b' })
    await Label.objects.bulkCreate([{ id: 1n }, { id: 2n ** 60n }])
    await box.labels.set([1n, 2n ** 60n])
    const statements = await statementsOf(() => box.labels.set([1n, 2n ** 60n]))
    expect(statements.filter((statement) => !/^(begin|start|commit|select)/i.test(statement))).toEqual([])
    expect(await box.labels.count()).toBe(2)
  })

  test('what several tasks add at once is there once', async () => {
    const { Track, Tag } = await withMusic(fixture.engine())
    const tags = await Tag.objects.bulkCreate(Array.from({ length: 12 }, (_, index) => ({ name: `t${index}` })))
    const track = await Track.objects.get({ pk: 1 })
    for (let round = 0; round < 5; round++) {
      await track.tags.set([])
      const orders = Array.from({ length: 8 }, (_, task) => (task % 2 === 0 ? tags : tags.toReversed()))
      await Promise.all(orders.map((order, task) => (task < 6 ? track.tags.add(...order) : track.tags.set(order))))
      expect(await track.tags.count()).toBe(12)
    }
    expect(await rejectionOf(track.tags.add(99))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect(await track.tags.count()).toBe(12)
  })

  test.runIf(fixture.target.driver === 'mysql2')(
    'prefetchRelated finds the rows that keys lead to where the database takes other capitals for the same',
    async () => {
      const engine = fixture.engine()
      const models = new ModelRegistry(engine)
      class Country extends models.define('countries', { code: string({ maxLength: 5, primaryKey: true }) }) {
        declare readonly cities: RelatedSet<typeof City>
      }
      class City extends models.define('towns', {
        name: string({ maxLength: 5, primaryKey: true }),
        country: foreignKey(() => Country, { relatedName: 'cities' }),
        visited: manyToMany(() => Country),
      }) {
        declare static readonly objects: Manager<typeof City>
      }
      await models.createAll()
      await Country.objects.bulkCreate([{ code: 'ES' }, { code: 'É' }])
      await City.objects.bulkCreate([
        { name: 'Cádiz', country: 'es' },
        { name: 'b', country: 'ES' },
      ])
      await engine.execute(`insert into towns_visited (towns_name, countries_code) values ('CADIZ', 'e'), ('B', 'Es')`)
      const cities = await City.objects.prefetchRelated('country__cities', 'visited').orderBy('name')
      const seen: unknown[] = []
      for (const { name, country, visited } of cities) {
        seen.push([name, country.code, (await visited).map(({ code }) => code)])
        expect((await (country as InstanceType<typeof Country>).cities).map((city) => city.name)).toEqual(['b', 'Cádiz'])
      }
      expect(seen).toEqual([
        ['b', 'ES', ['ES']],
        ['Cádiz', 'ES', ['É']],
      ])
    },
  )
})
