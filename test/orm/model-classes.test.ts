import { inspect } from 'node:util'
import type { Compilable } from 'offloop'
import { dateTime, foreignKey, integer, ModelRegistry, manyToMany, type RelatedSet, string, text } from 'offloop/orm'
import { MetaData } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { musicModels, withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

interface ByName {
  innerJoin(table: string, left: string, right: string): { select(column: string): Compilable }
}

describeDatabases((fixture) => {
  test('a model shows its table, columns, fields and the name of its key', async () => {
    const { Track, Album, models } = musicModels(fixture.engine())
    expect(Track.table.name).toBe('tracks')
    expect(Object.keys(Track.c)).toEqual(['id', 'album', 'title', 'position', 'note'])
    expect(Object.keys(Track.fields)).toEqual(['id', 'album', 'title', 'position', 'note', 'tags'])
    expect(Track.fields.title.options).toEqual({ maxLength: 100 })
    expect([Track.pkName, Album.pkName]).toEqual(['id', 'id'])
    expect(Track.table).toBe(models.metadata.tables.get('tracks'))
  })

  test('metadata has the tables of all models, those between them too, before anything has been used', () => {
    const { models } = musicModels(fixture.engine())
    expect([...models.metadata.tables.keys()].sort()).toEqual(['albums', 'artists', 'tags', 'tracks', 'tracks_tags'])
  })

  test('metadata that was taken before a model was defined has its table all the same', async () => {
    const engine = fixture.engine()
    const given = new MetaData()
    const models = new ModelRegistry(engine, { metadata: given })
    const { metadata } = models
    class Author extends models.define('late_authors', { id: integer({ primaryKey: true }), tags: manyToMany(() => Tag) }) {}
    class Tag extends models.define('late_tags', { id: integer({ primaryKey: true }) }) {}
    expect(metadata).toBe(given)
    expect([...given.tables.keys()].sort()).toEqual(['late_authors', 'late_authors_tags', 'late_tags'])
    expect(given.tables.get('late_tags')).toBe(Tag.table)
    class Book extends models.define('late_books', { id: integer({ primaryKey: true }), author: foreignKey(() => Author) }) {}
    await given.createAll(engine)
    expect((await engine.tableNames()).filter((name) => name.startsWith('late_')).sort()).toEqual([
      'late_authors',
      'late_authors_tags',
      'late_books',
      'late_tags',
    ])
    await given.dropAll(engine)
    expect(Book.table).toBe(given.tables.get('late_books'))
  })

  test('metadata names a relation whose model is not there yet, and has all tables once it is', () => {
    const models = new ModelRegistry(fixture.engine())
    const { metadata } = models
    models.define('early_children', { id: integer({ primaryKey: true }), parent: foreignKey('early_parents') })
    expect(() => metadata.tables).toThrow('"early_parents", of which there is no model')
    models.define('early_parents', { id: integer({ primaryKey: true }) })
    expect([...metadata.tables.keys()].sort()).toEqual(['early_children', 'early_parents'])
  })

  test('a statement that joins the table of a model converts its values, also of one that nothing has used yet', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    const day = new Date('2020-01-02T03:04:05.678Z')
    class Meeting extends models.define('meetings', { id: integer({ primaryKey: true }), at: dateTime() }) {}
    class Guest extends models.define('guests', { id: integer({ primaryKey: true }), meeting: integer() }) {}
    await models.createAll()
    await Meeting.objects.create({ at: day })
    await Guest.objects.create({ meeting: 1 })

    const unused = new ModelRegistry(engine)
    unused.define('meetings', { id: integer({ primaryKey: true }), at: dateTime() })
    class Again extends unused.define('guests', { id: integer({ primaryKey: true }), meeting: integer() }) {}
    // The compiler joins tables that it can see; a name is as good.
    const guests = Again.table.select() as unknown as ByName
    const joined = guests.innerJoin('meetings', 'meetings.id', 'guests.meeting').select('meetings.at')
    expect(await engine.execute(joined).fetchall()).toEqual([{ id: 1, meeting: 1, at: day }])
  })

  test('createAll() makes the tables in the order of their relations, once, and dropAll() drops them', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    models.define('children', { id: integer({ primaryKey: true }), parent: foreignKey('parents') })
    models.define('parents', { id: integer({ primaryKey: true }), name: text({ allowNull: true }) })
    await models.createAll()
    await models.createAll()
    expect((await engine.tableNames()).filter((name) => ['children', 'parents'].includes(name))).toHaveLength(2)
    await models.dropAll()
    expect((await engine.tableNames()).filter((name) => ['children', 'parents'].includes(name))).toEqual([])
  })

  test('a relation by the name of a table that is defined later finds it, and one that is never defined is named', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Child extends models.define('later_children', { id: integer({ primaryKey: true }), parent: foreignKey('later_parents') }) {}
    expect(() => Child.objects.filter({ parent__name: 'x' } as never)).toThrow('"later_parents", of which there is no model')
    class Parent extends models.define('later_parents', { id: integer({ primaryKey: true }), name: string({ maxLength: 5 }) }) {}
    await models.createAll()
    const parent = await Parent.objects.create({ name: 'x' })
    await Child.objects.create({ parent } as never)
    expect(await Child.objects.filter({ parent__name: 'x' } as never).count()).toBe(1)
    expect((await Child.objects.get()).parent).toBeInstanceOf(Parent)
  })

  test('models of two registries refer to each other where they share a MetaData', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const first = new ModelRegistry(engine, { metadata })
    const second = new ModelRegistry(engine, { metadata })
    class Author extends first.define('authors', { id: integer({ primaryKey: true }), name: string({ maxLength: 9 }) }) {}
    class Book extends second.define('books', {
      id: integer({ primaryKey: true }),
      author: foreignKey(() => Author, { onDelete: 'cascade' }),
    }) {}
    await first.createAll()
    await second.createAll()
    const author = await Author.objects.create({ name: 'x' })
    await Book.objects.create({ author })
    expect((await Book.objects.selectRelated('author').get({ author__name: 'x' })).author.name).toBe('x')
    await author.delete()
    expect(await Book.objects.count()).toBe(0)
  })

  test('an instance shows its class and key, and is like another one with the same values', async () => {
    const { Artist, Album, Track, models } = musicModels(fixture.engine())
    await models.createAll()
    const artist = await Artist.objects.create({ name: 'x' })
    expect([String(artist), inspect(artist), `${artist}`]).toEqual(['Artist(id=1)', 'Artist(id=1)', 'Artist(id=1)'])
    expect(inspect(new Artist({ name: 'y' }))).toBe('Artist(id=undefined)')
    expect(artist.equals(await Artist.objects.get({ pk: 1 }))).toBe(true)
    expect(artist.equals(new Artist({ id: 1, name: 'x' }))).toBe(true)
    expect(artist.equals(new Artist({ id: 1, name: 'y' }))).toBe(false)
    expect(artist.equals(new Artist({ id: 2, name: 'x' }))).toBe(false)
    expect(artist.equals({ id: 1, name: 'x' })).toBe(false)
    expect(artist.equals(new Album({ id: 1, name: 'x' }))).toBe(false)
    // What it does not have is as good as null.
    expect(new Track({ title: 'x', position: 1 }).equals(new Track({ title: 'x', position: 1, note: null, album: null }))).toBe(true)
    expect(new Track({ title: 'x', album: 1 }).equals(new Track({ title: 'x', album: 2 }))).toBe(false)
  })

  test('pk is the key under another name, to read and to set', async () => {
    const { Artist, models } = musicModels(fixture.engine())
    await models.createAll()
    const artist = new Artist({ pk: 5, name: 'x' })
    expect([artist.pk, artist.id]).toEqual([5, 5])
    artist.pk = 6
    expect(artist.id).toBe(6)
    await artist.save()
    expect(await Artist.objects.values()).toEqual([{ id: 6, name: 'x' }])
  })

  test('a constructor checks names and sends nothing; its values are checked when they are stored', async () => {
    const { Artist, models } = musicModels(fixture.engine())
    await models.createAll()
    expect(() => new Artist({ nam: 'x' } as never)).toThrow('Did you mean "name"?')
    const sent = await statementsOf(async () => {
      const tooLong = new Artist({ name: 'x'.repeat(51) })
      expect(await rejectionOf(tooLong.save())).toMatchObject({ code: 'OFFLOOP_VALIDATION' })
      expect(tooLong.pk).toBeUndefined()
    })
    expect(sent).toEqual([])
    expect(await rejectionOf(new Artist({ name: 'x' }).update({ name: 'y' }))).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
    expect(await rejectionOf(new Artist({ name: 'x' }).delete())).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
    expect(await rejectionOf(new Artist({ name: 'x' }).load())).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
  })

  test('the key of a relation becomes an instance that holds the key alone', async () => {
    const { Track, Album } = await withMusic(fixture.engine())
    const made = new Track({ title: 'x', album: 2 })
    expect(made.album).toBeInstanceOf(Album)
    expect(made.album?.pk).toBe(2)
    expect(() => made.album?.name).toThrow('has not been read')
    await made.save()
    await made.album?.load()
    expect(made.album?.name).toBe('Fantasies')
    ;(made as { album: unknown }).album = 1
    await made.save()
    expect(inspect(made.album)).toBe('Album(id=1) [sparse]')
    expect(await Track.objects.filter({ album__name: 'Malibu', title: 'x' }).count()).toBe(1)
  })

  test('toObject() and JSON have the keys of relations that were not read, and the fields of those that were', async () => {
    const { Track } = await withMusic(fixture.engine())
    const bare = await Track.objects.get({ pk: 1 })
    const whole = await Track.objects.selectRelated('album').get({ pk: 1 })
    expect(bare.toObject()).toEqual({ id: 1, album: 1, title: 'The Bird', position: 1, note: null })
    expect(JSON.parse(JSON.stringify(whole))).toEqual({
      id: 1,
      album: { id: 1, name: 'Malibu', artist: 1 },
      title: 'The Bird',
      position: 1,
      note: null,
    })
  })

  test('names of fields and columns that SQL and JavaScript use themselves are names like others', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Order extends models.define('order', {
      id: integer({ primaryKey: true }),
      group: string({ maxLength: 5 }),
      select: integer({ allowNull: true }),
      objects: integer({ default: 3 }),
      name: string({ maxLength: 5, column: 'a "b" `c`' }),
      to: foreignKey('order', { allowNull: true, column: 'from', relatedName: 'where' }),
      tags: manyToMany('order', { relatedName: 'tagged' }),
    }) {}
    await models.createAll()
    const first = await Order.objects.create({ group: 'x', select: 1, name: 'y' })
    await Order.objects.create({ group: 'y', name: 'z', to: first } as never)
    expect(await Order.objects.filter({ name: 'y', select__gte: 1 }).orderBy('group', '-name').values('group', 'objects')).toEqual([
      { group: 'x', objects: 3 },
    ])
    expect(await Order.objects.filter({ to__name: 'y', to__group__in: ['x'] } as never).values('name')).toEqual([{ name: 'z' }])
    expect(await Order.objects.filter({ where__name: 'z' } as never).values('name')).toEqual([{ name: 'y' }])
    expect(await Order.objects.filter({ name: 'z' }).update({ name: 'w', group: 'z' })).toBe(1)
    await (first.tags as RelatedSet<typeof Order>).add(2)
    expect(await Order.objects.filter({ tagged__name: 'y' } as never).values('name')).toEqual([{ name: 'w' }])
  })
})
