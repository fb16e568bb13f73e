import { randomUUID } from 'node:crypto'
import { sql } from 'offloop'
import {
  bigInteger,
  dateTime,
  foreignKey,
  integer,
  type Manager,
  ModelRegistry,
  manyToMany,
  oneToOne,
  type RelatedSet,
  Session,
  string,
  uuid,
  ValidationError,
} from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

describeDatabases((fixture) => {
  test('a key that is a text is the one that was given, in create, bulkCreate and save', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Country extends models.define('countries', {
      code: string({ maxLength: 2, primaryKey: true }),
      name: string({ maxLength: 20 }),
    }) {}
    class City extends models.define('cities', {
      id: integer({ primaryKey: true }),
      country: foreignKey(() => Country, { relatedName: 'cities' }),
    }) {}
    await models.createAll()
    const made = await Country.objects.create({ code: 'ES', name: 'Spain' })
    expect([made.pk, made.code]).toEqual(['ES', 'ES'])
    const [it, fr] = await Country.objects.bulkCreate([{ code: 'IT', name: 'Italy' }, { pk: 'FR', name: 'France' } as never])
    expect([it?.pk, fr?.pk]).toEqual(['IT', 'FR'])
    const saved = new Country({ code: 'DE', name: 'Germany' })
    await saved.save()
    expect(saved.pk).toBe('DE')
    await saved.update({ name: 'Deutschland' })
    expect(await Country.objects.get({ pk: 'DE' })).toMatchObject({ name: 'Deutschland' })
    const city = await City.objects.create({ country: 'IT' })
    expect(city.country.pk).toBe('IT')
    expect(await City.objects.filter({ country__name: 'Italy' }).count()).toBe(1)
    expect(await rejectionOf(Country.objects.create({ name: 'nowhere' } as never))).toBeInstanceOf(ValidationError)
    expect(await rejectionOf(Country.objects.create({ code: 'ES', name: 'again' }))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect(Country.pkName).toBe('code')
  })

  test('a key may come from a default, be a UUID, or be of 64 bits', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Job extends models.define('jobs', { id: uuid({ primaryKey: true, default: () => randomUUID() }) }) {}
    class Step extends models.define('steps', {
      id: bigInteger({ primaryKey: true }),
      job: foreignKey(() => Job, { onDelete: 'cascade', relatedName: 'steps' }),
    }) {}
    await models.createAll()
    const jobs = await Job.objects.bulkCreate([{}, {}])
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(2)
    const job = await Job.objects.get({ pk: jobs[0]?.id as string })
    const first = await Step.objects.create({ job })
    expect(first.id).toBe(1n)
    const far = await Step.objects.create({ id: 2n ** 60n, job: job.id })
    expect([far.pk, (await Step.objects.get({ pk: 2n ** 60n })).id]).toEqual([2n ** 60n, 2n ** 60n])
    const [found] = await Job.objects.filter({ pk: job.id }).prefetchRelated('steps' as never)
    expect(await (found as unknown as { steps: PromiseLike<unknown[]> }).steps).toHaveLength(2)
    expect(await job.delete()).toBe(1)
    expect(await Step.objects.count()).toBe(0)
  })

  test('a key of 0 is one where the database stores it, and refused where it would count another', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Zero extends models.define('zeros', { id: integer({ primaryKey: true }) }) {}
    await models.createAll()
    if (engine.dialect.countsZero) {
      expect(String(await rejectionOf(() => Zero.objects.create({ id: 0 })))).toContain('MySQL counts a key of 0 itself')
      expect(await Zero.objects.count()).toBe(0)
    } else {
      await Zero.objects.create({ id: 0 })
      expect((await Zero.objects.get({ pk: 0 })).id).toBe(0)
    }
  })

  test('a key may be a moment, and leads there and back', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Run extends models.define('runs', { at: dateTime({ primaryKey: true }), name: string({ maxLength: 5 }) }) {
      declare static readonly objects: Manager<typeof Run>
      declare readonly notes: RelatedSet<typeof Note>
    }
    class Note extends models.define('notes_of_runs', {
      id: integer({ primaryKey: true }),
      run: foreignKey(() => Run, { relatedName: 'notes' }),
      runs: manyToMany(() => Run),
    }) {}
    await models.createAll()
    const moments = [1, 2].map((ms) => new Date(Date.UTC(2024, 0, 1, 12, 0, 0, ms)))
    const [first, second] = moments as [Date, Date]
    await Run.objects.bulkCreate(moments.map((at, index) => ({ at, name: `r${index}` })))
    await Note.objects.create({ run: first })
    const note = new Note({ run: first })
    expect(note.run.pk).toEqual(first)
    await note.save()
    await note.update({ run: second })
    expect(note.run.pk).toEqual(second)
    expect(await Note.objects.create({ run: { at: first } as never }).catch(({ errors }) => errors)).toMatchObject([
      { message: 'Must be a Run or its key.' },
    ])

    const notes = await Note.objects.prefetchRelated('run').orderBy('id')
    expect(notes.map(({ run }) => run.name)).toEqual(['r0', 'r1'])
    const runs = await Run.objects.prefetchRelated('notes').orderBy('at')
    expect(await Promise.all(runs.map(async (run) => (await run.notes).map(({ id }) => id)))).toEqual([[1], [2]])
    await note.runs.add(first, new Date(first), second)
    await note.runs.add(second)
    await note.runs.set([new Date(second)])
    const [read] = await Note.objects.prefetchRelated('runs').filter({ pk: note.id })
    expect((await read?.runs)?.map(({ name }) => name)).toEqual(['r1'])
    await using session = new Session(engine)
    expect((await session.query(Run).get(second))?.name).toBe('r1')
  })

  test('a key may be that of another row, and leads there and back', async () => {
    const models = new ModelRegistry(fixture.engine())
    class User extends models.define('users', { id: integer({ primaryKey: true }), name: string({ maxLength: 5 }) }) {}
    class Tag extends models.define('tags_of_profiles', { id: integer({ primaryKey: true }) }) {}
    class Profile extends models.define('profiles', {
      user: oneToOne(() => User, { primaryKey: true, relatedName: 'profile' }),
      tags: manyToMany(() => Tag, { relatedName: 'profiles' }),
    }) {}
    class Like extends models.define('likes', {
      id: integer({ primaryKey: true }),
      profile: foreignKey(() => Profile, { relatedName: 'likes' }),
    }) {}
    await models.createAll()
    const [ada, grace] = await User.objects.bulkCreate([{ name: 'Ada' }, { name: 'Grace' }])
    const [first, second] = await Profile.objects.bulkCreate([{ user: ada as User }, { user: grace as User }])
    const profile = second as Profile
    await Like.objects.bulkCreate([{ profile: first as Profile }, { profile }, { profile: profile.pk as never }])
    await profile.tags.add(await Tag.objects.create({}))

    for (const lookups of [
      { profile },
      { profile: 2 },
      { profile__user: grace },
      { profile__in: [profile] },
      { profile__user__name: 'Grace' },
    ])
      expect(await Like.objects.filter(lookups as never).count()).toBe(2)
    expect(await User.objects.filter({ profile } as never).values('name')).toEqual([{ name: 'Grace' }])
    expect(await Profile.objects.filter({ pk: profile } as never).count()).toBe(1)
    expect(await Tag.objects.filter({ profiles: profile } as never).count()).toBe(1)
    const [like] = await Like.objects.filter({ id: 3 })
    expect([like?.profile.pk, like?.profile.user.pk, like?.toObject()]).toEqual([2, 2, { id: 3, profile: 2 }])
    expect((await like?.profile.user.load())?.name).toBe('Grace')
    expect(new Like({ profile: 2 as never }).profile.user.pk).toBe(2)

    const read = await Profile.objects.prefetchRelated('tags', 'likes' as never, 'user').orderBy('pk')
    const sets = read.map(async (one) => [
      one.user.name,
      (await one.tags).length,
      (await (one as unknown as { likes: PromiseLike<Like[]> }).likes).length,
    ])
    expect(await Promise.all(sets)).toEqual([
      ['Ada', 0, 1],
      ['Grace', 1, 2],
    ])
    const [prefetched] = await Like.objects.filter({ id: 3 }).prefetchRelated('profile__user' as never)
    expect(prefetched?.profile.user.name).toBe('Grace')
  })

  test.runIf(fixture.target.driver === 'mysql2')('keys are those that the database has counted, in whatever steps it does', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Row extends models.define('rows_in_steps', { id: integer({ primaryKey: true }), name: string({ maxLength: 5 }) }) {}
    class Big extends models.define('big_rows_in_steps', { id: bigInteger({ primaryKey: true }), name: string({ maxLength: 5 }) }) {}
    await models.createAll()
    await using conn = await engine.connect()
    await conn.execute('set session auto_increment_increment = 5, session auto_increment_offset = 3')
    const names = ['a', 'b', 'c'].map((name) => ({ name }))
    const rows = await Row.objects.using(conn).bulkCreate([...names, { id: 70, name: 'd' }, ...names])
    expect(rows.map(({ id }) => id)).toEqual([3, 8, 13, 70, 73, 78, 83])
    expect((await Row.objects.orderBy('id')).map(({ id, name }) => ({ id, name }))).toEqual(rows.map(({ id, name }) => ({ id, name })))
    const big = await Big.objects.using(conn).bulkCreate(names)
    expect(big.map(({ id }) => id)).toEqual([3n, 8n, 13n])
    await conn.execute('set session auto_increment_increment = default, session auto_increment_offset = default')
  })

  test('given keys are kept beside counted ones, in one bulkCreate too, and a key can be changed', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Row extends models.define('rows_with_keys', { id: integer({ primaryKey: true }), name: string({ maxLength: 5 }) }) {}
    await models.createAll()
    const [first] = await Row.objects.bulkCreate([{ name: 'a' }])
    const rows = await Row.objects.bulkCreate([{ id: 70, name: 'b' }, { name: 'c' }, { pk: 90, name: 'd' }])
    expect(rows.map(({ name }) => name)).toEqual(['b', 'c', 'd'])
    expect([rows[0]?.id, rows[2]?.id]).toEqual([70, 90])
    for (const row of rows) expect(await Row.objects.get({ pk: row.id })).toMatchObject({ name: row.name })
    await first?.update({ id: 5 })
    expect(first?.pk).toBe(5)
    await first?.update({ name: 'e' })
    expect(await Row.objects.get({ pk: 5 })).toMatchObject({ name: 'e' })
    expect(await Row.objects.count()).toBe(4)
  })

  test('a key of several fields is used as a whole by each operation', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Room extends models.define('rooms', { id: integer({ primaryKey: true }) }) {}
    class Seat extends models.define('room_seats', {
      room: foreignKey(() => Room, { primaryKey: true }),
      place: integer({ primaryKey: true }),
      note: string({ maxLength: 9, allowNull: true }),
      count: integer({ serverDefault: sql`3` }),
    }) {}
    await models.createAll()
    await Room.objects.bulkCreate([{}, {}])
    const db = new Session(engine)
    const seats = [1, 2].flatMap((room) => [1, 2].map((place) => new Seat({ room, place } as never)))
    await db.add(...seats)
    expect(seats.map(({ pk, count }) => [pk, count])).toEqual([
      [[1, 1], 3],
      [[1, 2], 3],
      [[2, 1], 3],
      [[2, 2], 3],
    ])
    const seat = await db.query(Seat).get([1, 2])
    expect(seat).toMatchObject({ place: 2 })
    expect(await db.query(Seat).get({ room: 2, place: 1 })).toMatchObject({ place: 1 })
    expect(await db.query(Seat).get([3, 1])).toBeNull()
    for (const part of [1, [1], [1, null], { room: 1 }, [1, 2, 3], null]) {
      expect(await rejectionOf(async () => await db.query(Seat).get(part as never))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
    }
    if (seat === null) throw new Error('There is no seat.')
    seat.note = 'window'
    await db.update(seat)
    expect(await Seat.objects.filter({ note: 'window' }).values('room', 'place')).toEqual([{ room: 1, place: 2 }])
    await db.delete(seat)
    expect(await Seat.objects.orderBy('room', 'place').values('room', 'place')).toEqual([
      { room: 1, place: 1 },
      { room: 2, place: 1 },
      { room: 2, place: 2 },
    ])
    expect(await Seat.objects.filter({ room: 2 }).orderBy('place').limit(1).update({ note: 'x' })).toBe(1)
    expect(await Seat.objects.filter({ room__id: 2 }).delete()).toBe(2)
    expect(await Seat.objects.count()).toBe(1)
    expect(await rejectionOf(async () => await Seat.objects.get({ pk: 1 } as never))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
    expect(await rejectionOf(db.add(new Seat({ room: 1, place: 1 } as never)))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
  })
})
