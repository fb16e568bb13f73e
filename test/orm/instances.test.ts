import { sql } from 'offloop'
import { dateTime, foreignKey, integer, json, ModelRegistry } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

describeDatabases((fixture) => {
  test('save() of an instance of which not all was read leaves the rest of its row alone', async () => {
    const { Track } = await withMusic(fixture.engine())
    const track = await Track.objects.only('title').get({ pk: 2 })
    track.title = 'New'
    await track.save()
    expect(await Track.objects.get({ pk: 2 })).toMatchObject({ title: 'New', position: 2, note: '100%' })
    expect(() => track.note).toThrow('has not been read')
    await track.update({ note: 'x' })
    expect(track.note).toBe('x')
    expect(() => track.position).toThrow('Track.position has not been read')
    track.position = 50
    await track.save()
    expect(await Track.objects.get({ pk: 2 })).toMatchObject({ title: 'New', position: 50, note: 'x' })
  })

  test('only(), defer() and selectRelated() read the key and what was asked for in one statement', async () => {
    const { Track } = await withMusic(fixture.engine())
    const statements = await statementsOf(async () => {
      const track = await Track.objects.only('position').selectRelated('album').get({ pk: 1 })
      expect([track.id, track.position, track.album?.name]).toEqual([1, 1, 'Malibu'])
      expect(() => track.title).toThrow('has not been read')
      const other = await Track.objects.defer('title', 'note').get({ pk: 4 })
      expect([other.id, other.position, other.album?.pk]).toEqual([4, 1, 2])
      expect(other.toObject()).toEqual({ id: 4, album: 2, position: 1 })
    })
    expect(statements).toHaveLength(2)
  })

  test('refresh() and load() read what is stored, and what was not stored is lost', async () => {
    const { Track } = await withMusic(fixture.engine())
    const track = await Track.objects.get({ pk: 1 })
    track.title = 'not stored'
    await Track.objects.filter({ pk: 1 }).update({ position: 8 })
    expect(await track.refresh()).toBe(track)
    expect([track.title, track.position]).toEqual(['The Bird', 8])
    const byKey = new Track({ pk: 2 })
    await byKey.load()
    expect(byKey.title).toBe("Heart don't stand a chance")
    await byKey.update({ position: 7 })
    expect(await Track.objects.get({ pk: 2 })).toMatchObject({ position: 7 })
  })

  test('a column that was changed behind its back is not written by update()', async () => {
    const { Track } = await withMusic(fixture.engine())
    const [mine, theirs] = [await Track.objects.get({ pk: 1 }), await Track.objects.get({ pk: 1 })]
    await theirs.update({ note: 'theirs' })
    await mine.update({ title: 'mine' })
    expect(await Track.objects.get({ pk: 1 })).toMatchObject({ title: 'mine', note: 'theirs' })
    expect(mine.note).toBeNull()
  })

  test('an update that is refused leaves the instance and its row as they were', async () => {
    const { Track, Tag } = await withMusic(fixture.engine())
    const [a, b] = await Tag.objects.bulkCreate([{ name: 'a' }, { name: 'b' }])
    expect(await rejectionOf(async () => await b?.update({ name: 'a' }))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect([a?.name, b?.name]).toEqual(['a', 'b'])
    const track = await Track.objects.get({ pk: 1 })
    expect(await rejectionOf(track.update({ position: 0, title: 'x' }))).toMatchObject({ code: 'OFFLOOP_VALIDATION' })
    expect(await rejectionOf(track.update({ album: 99 }))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect(track.toObject()).toEqual((await Track.objects.get({ pk: 1 })).toObject())
    expect(await track.update({})).toBe(track)
  })

  test('a model can be defined with every option at once, and what a row has beside it stays', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Event extends models.define('events', {
      id: integer({ primaryKey: true }),
      at: dateTime({ timezone: true }),
      local: dateTime({ allowNull: true, default: () => new Date('2024-01-02T03:04:05.678Z') }),
      data: json({ allowNull: true }),
      parent: foreignKey('events', { allowNull: true, onDelete: 'set null', relatedName: 'children', index: true, column: 'parent_id' }),
    }) {}
    await models.createAll()
    await engine.execute('alter table events add column extra integer')
    const at = new Date('2024-10-27T00:30:00.123Z')
    const event = await Event.objects.create({ at, data: null })
    expect(event).toMatchObject({ at, data: null, local: new Date('2024-01-02T03:04:05.678Z') })
    await engine.execute('update events set extra = 5')
    const read = await Event.objects.get({ at, at__lte: at, local__range: [new Date(0), at] })
    expect(read.equals(event)).toBe(true)
    await read.update({ data: { nested: [null, { a: 'ü 😀' }] } })
    await read.save()
    expect(await engine.scalar('select extra from events')).toBe(5)
    expect((await Event.objects.get()).data).toEqual({ nested: [null, { a: 'ü 😀' }] })
    await Event.objects.create({ at, parent: event } as never)
    expect(await Event.objects.filter({ children__id: 2 } as never).values('id')).toEqual([{ id: 1 }])
    await read.delete()
    expect((await Event.objects.get()).parent).toBeNull()
  })

  test('what SQL has made of a field is not on the instance until it is read', async () => {
    const { Track } = await withMusic(fixture.engine())
    const track = await Track.objects.get({ pk: 1 })
    await track.update({ position: sql`position + 1`, album: sql`2`, title: 'x' } as never)
    expect(() => track.position).toThrow('Track.position has not been read')
    expect(() => track.album).toThrow('Track.album has not been read')
    expect(track).toBeInstanceOf(Track)
    expect([track.title, track.toObject()]).toEqual(['x', { id: 1, title: 'x', note: null }])
    await track.save()
    expect(await Track.objects.get({ pk: 1 })).toMatchObject({ position: 2, title: 'x' })
    await track.update({ position: sql`position + 1` } as never)
    await track.load()
    expect([track.position, track.album?.pk]).toEqual([3, 2])
    await track.update({ position: sql`position + 1` } as never)
    await track.update({ position: 9 })
    track.title = 'y'
    expect([track.position, (await track.save()).title]).toEqual([9, 'y'])
    const made = new Track({ title: 'made', position: sql`7 + 1` as never })
    await made.save()
    expect(() => made.position).toThrow('Track.position has not been read')
    await made.save()
    expect((await made.load()).position).toBe(8)
  })

  test('a rollback gives a field back what it had before SQL was stored in it', async () => {
    const { models, Track } = await withMusic(fixture.engine())
    const track = await Track.objects.get({ pk: 1 })
    const made = new Track({ title: 'made', position: sql`7 + 1` as never })
    const undone = models.transaction(async () => {
      await track.update({ position: sql`position + 1` } as never)
      await made.save()
      throw new Error('undo')
    })
    await expect(undone).rejects.toThrow('undo')
    expect(track.position).toBe(1)
    expect(made.position).toBeInstanceOf(Object)
    expect(made.note).toBeUndefined()
    await made.save()
    expect((await made.load()).position).toBe(8)
  })

  test('no method of a query set changes the set that it is called on', async () => {
    const { Track } = await withMusic(fixture.engine())
    const base = Track.objects.filter({ position__gt: 0 }).orderBy('id')
    const before = await statementsOf(() => base.all())
    const derived = [
      base.filter({ title: 'x' }),
      base.exclude({ title: 'x' }),
      base.where(Track.c.id.eq(1)),
      base.search('x'),
      base.orderBy('-id'),
      base.limit(1),
      base.offset(1),
      base.distinct(),
      base.selectRelated('album'),
      base.prefetchRelated('album'),
      base.only('title'),
      base.defer('title'),
      base.using(fixture.engine()),
    ]
    for (const set of derived) expect(set).not.toBe(base)
    await base.get({ pk: 1 })
    await base.first({ title: 'x' })
    expect(await base.count({ title: 'x' })).toBe(0)
    expect(await statementsOf(() => base.all())).toEqual(before)
    expect(await base.count()).toBe(6)
  })
})
