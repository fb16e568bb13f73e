import { sql } from 'offloop'
import { Q } from 'offloop/orm'
import { expect } from 'vitest'
import { describeTables } from '../conformance/database-tests.ts'
import { rejectionOf } from '../conformance/targets.ts'
import { musicModels, withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

const titles = (tracks: readonly { readonly title: string }[]) => tracks.map(({ title }) => title)

describeTables(undefined, (databaseTest) => {
  const test = databaseTest.extend<{ music: ReturnType<typeof musicModels> }>({
    music: async ({ engine }, use) => await use(musicModels(engine)),
  })

  test.beforeAll(async ({ database }) => void (await withMusic(database.engine)))

  test('relations that are read ahead are read by what only() leaves out', async ({ music: { Track } }) => {
    const albums = async (tracks: PromiseLike<readonly InstanceType<typeof Track>[]>) =>
      (await tracks).map(({ album }) => album?.name ?? null)
    const expected = ['Malibu', 'Fantasies', null]
    const set = Track.objects.filter({ title__in: ['The Bird', 'Sick Muse', 'Loose'] }).orderBy('id')
    expect(await albums(set.only('title').prefetchRelated('album'))).toEqual(expected)
    expect(await albums(set.prefetchRelated('album__artist' as never).defer('album'))).toEqual(expected)
    const iterated = []
    for await (const { album } of set.only('title').prefetchRelated('album', 'tags')) iterated.push(album?.name ?? null)
    expect(iterated).toEqual(expected)
  })

  test('lookups of every operator', async ({ music: { Track } }) => {
    const found = async (lookups: object) => titles(await Track.objects.filter(lookups as { title: string }).orderBy('id'))
    expect(await found({ title: 'The Bird' })).toEqual(['The Bird'])
    expect(await found({ title__exact: 'The Bird' })).toEqual(['The Bird'])
    expect(await found({ title__iexact: 'the bird' })).toEqual(['The Bird'])
    expect(await found({ title__contains: 'the' })).toEqual([])
    expect(await found({ title__icontains: 'the' })).toEqual(['The Bird', 'The Waters'])
    expect(await found({ title__startswith: 'The' })).toEqual(['The Bird', 'The Waters'])
    expect(await found({ title__startswith: 'the' })).toEqual([])
    expect(await found({ title__istartswith: 'the' })).toEqual(['The Bird', 'The Waters'])
    expect(await found({ title__endswith: 'Muse' })).toEqual(['Sick Muse'])
    expect(await found({ title__iendswith: 'MUSE' })).toEqual(['Sick Muse'])
    expect(await found({ note__contains: '%' })).toEqual(["Heart don't stand a chance"])
    expect(await found({ note__icontains: '_' })).toEqual(["Help I'm Alive"])
    expect(await found({ note__iexact: 'A_B' })).toEqual(["Help I'm Alive"])
    expect(await found({ note__iexact: 'a%' })).toEqual([])
    expect(await found({ position__in: [2, 9] })).toEqual(["Heart don't stand a chance", 'Sick Muse', 'Loose'])
    expect(await found({ position__in: [] })).toEqual([])
    expect(await found({ position__notin: [1, 2, 3] })).toEqual(['Loose'])
    expect(await found({ position__notin: [] })).toHaveLength(6)
    expect(await found({ position__gt: 2 })).toEqual(['The Waters', 'Loose'])
    expect(await found({ position__gte: 3 })).toEqual(['The Waters', 'Loose'])
    expect(await found({ position__lt: 2 })).toEqual(['The Bird', "Help I'm Alive"])
    expect(await found({ position__lte: 1 })).toEqual(['The Bird', "Help I'm Alive"])
    expect(await found({ position__range: [2, 3] })).toHaveLength(3)
    expect(await found({ position__ne: 1 })).toHaveLength(4)
    expect(await found({ note__isnull: true })).toHaveLength(4)
    expect(await found({ note__isnull: false })).toHaveLength(2)
    expect(await found({ note: null })).toHaveLength(4)
    expect(await found({ note__ne: null })).toHaveLength(2)
    expect(await found({ pk: 1 })).toEqual(['The Bird'])
    expect(await found({ pk__in: [1, 3] })).toEqual(['The Bird', 'The Waters'])
    expect(await found({ title: 'x'.repeat(500) })).toEqual([])
  })

  test('lookups over relations, forward and back', async ({ music: { Track, Album, Artist } }) => {
    const malibu = await Album.objects.get({ name: 'Malibu' })
    expect(await Track.objects.filter({ album: malibu }).count()).toBe(3)
    expect(await Track.objects.filter({ album: 1 }).count()).toBe(3)
    expect(await Track.objects.filter({ album__pk: 1 }).count()).toBe(3)
    expect(await Track.objects.filter({ album__isnull: true }).count()).toBe(1)
    expect(await Track.objects.filter({ album__name: 'Fantasies' }).count()).toBe(2)
    expect(await Track.objects.filter({ album__name__iexact: 'fantasies' }).count()).toBe(2)
    expect(await Track.objects.filter({ album__artist__name__startswith: 'Anderson' }).count()).toBe(3)
    expect(
      titles(
        await Track.objects
          .filter({ album__in: [1, 2] })
          .orderBy('-album__name', '-position')
          .limit(2),
      ),
    ).toEqual(['The Waters', "Heart don't stand a chance"])
    const byTrack = await Album.objects.filter({ tracks__title__contains: 'The' })
    expect(byTrack.map(({ name }) => name)).toEqual(['Malibu'])
    expect(await Artist.objects.filter({ albums__tracks__position: 3 }).get()).toMatchObject({ name: 'Anderson .Paak' })
    // Of one call, about one row; of two, about any.
    expect(await Album.objects.filter({ tracks__title: 'The Bird', tracks__position: 3 }).count()).toBe(0)
    expect(await Album.objects.filter({ tracks__title: 'The Bird' }).filter({ tracks__position: 3 }).count()).toBe(1)
    expect(await Album.objects.exclude({ tracks__position: 3 }).orderBy('id').values('name')).toEqual([
      { name: 'Fantasies' },
      { name: 'Empty' },
    ])
  })

  test('Q, exclude and expressions', async ({ music: { Track } }) => {
    expect(await Track.objects.filter(Q.or({ position: 1 }, { title: 'Loose' })).count()).toBe(3)
    expect(await Track.objects.filter(Q.not({ position: 1 })).count()).toBe(4)
    expect(await Track.objects.filter(Q.and({ position: 1 }, Q.or({ pk: 1 }, { pk: 2 }))).count()).toBe(1)
    expect(await Track.objects.exclude({ position: 1, title: 'The Bird' }).count()).toBe(5)
    // NOT (NULL = 'a_b') is NULL: the row is left out.
    expect(await Track.objects.exclude({ note: 'a_b' }).count()).toBe(1)
    expect(await Track.objects.filter(Track.c.position.gt(2), { title__startswith: 'The' }).count()).toBe(1)
    expect(titles(await Track.objects.filter(Track.c.title.startsWith('S')))).toEqual(['Sick Muse'])
    expect(titles(await Track.objects.exclude(Track.c.position.lt(9)))).toEqual(['Loose'])
    expect(titles(await Track.objects.orderBy(Track.c.title.desc()).limit(1))).toEqual(['The Waters'])
  })

  test('search looks into all texts, and takes no character for a wildcard', async ({ music: { Track } }) => {
    expect(titles(await Track.objects.search('THE'))).toEqual(['The Bird', 'The Waters'])
    expect(titles(await Track.objects.search('%'))).toEqual(["Heart don't stand a chance"])
    expect(await Track.objects.search('').count()).toBe(6)
  })

  test('a query set is immutable', async ({ music: { Track } }) => {
    const base = Track.objects.filter({ position__gt: 0 })
    base.filter({ title: 'x' })
    base.exclude({ title: 'The Bird' })
    base.limit(0)
    base.orderBy('-id')
    base.selectRelated('album')
    expect(await base.count()).toBe(6)
    expect(titles(await base.orderBy('id').limit(1))).toEqual(['The Bird'])
  })

  test('limit, offset, distinct, first, last, get', async ({ music: { Track } }) => {
    expect(await Track.objects.limit(0)).toEqual([])
    expect(await Track.objects.limit(0).count()).toBe(0)
    expect(await Track.objects.limit(2).count()).toBe(2)
    expect(await Track.objects.offset(4).count()).toBe(2)
    expect(titles(await Track.objects.orderBy('id').limit(2).offset(1))).toEqual(["Heart don't stand a chance", 'The Waters'])
    expect(titles(await Track.objects.orderBy('id').offset(5))).toEqual(['Loose'])
    expect(await Track.objects.first()).toMatchObject({ id: 1 })
    expect(await Track.objects.last()).toMatchObject({ id: 6 })
    expect(await Track.objects.orderBy('-position').last()).toMatchObject({ position: 1 })
    expect(await Track.objects.first({ title: 'x' })).toBeNull()
    expect(await Track.objects.exists()).toBe(true)
    expect(await Track.objects.exists({ title: 'x' })).toBe(false)
    expect(await Track.objects.getOrNone({ title: 'x' })).toBeNull()
    expect(await rejectionOf(Track.objects.get({ title: 'x' }))).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    expect(await rejectionOf(Track.objects.get({ position: 1 }))).toMatchObject({ code: 'OFFLOOP_MULTIPLE_MATCHES' })
    expect(() => Track.objects.limit(-1)).toThrow('0 or more')
    expect(() => Track.objects.limit('1; drop table tracks' as never)).toThrow('0 or more')
  })

  test('aggregates and values', async ({ music: { Track } }) => {
    expect(await Track.objects.sum('position')).toBe(18)
    expect(await Track.objects.avg('position')).toBe(3)
    expect(await Track.objects.min('title')).toBe("Heart don't stand a chance")
    expect(await Track.objects.max('position')).toBe(9)
    expect(await Track.objects.filter({ position__gt: 100 }).sum('position')).toBeNull()
    expect(await Track.objects.filter({ position__gt: 100 }).max('position')).toBeNull()
    expect(await Track.objects.filter({ album__name: 'Malibu' }).orderBy('position').values('title', 'album__name', 'album')).toEqual([
      { title: 'The Bird', album__name: 'Malibu', album: 1 },
      { title: "Heart don't stand a chance", album__name: 'Malibu', album: 1 },
      { title: 'The Waters', album__name: 'Malibu', album: 1 },
    ])
    expect(await Track.objects.distinct().orderBy('position').limit(2).values('position')).toEqual([{ position: 1 }, { position: 2 }])
  })

  test('selectRelated is one statement, with rows that have no such relation', async ({ music: { Track } }) => {
    const statements = await statementsOf(async () => {
      const tracks = await Track.objects.selectRelated('album', 'album__artist').orderBy('id')
      expect(tracks).toHaveLength(6)
      expect(tracks[0]?.album?.name).toBe('Malibu')
      expect(tracks[3]?.album?.artist.name).toBe('Metric')
      expect(tracks[5]?.album).toBeNull()
    })
    expect(statements).toHaveLength(1)
  })

  test('prefetchRelated is one statement more for each relation', async ({ music: { Artist, Track } }) => {
    const statements = await statementsOf(async () => {
      const artists = await Artist.objects.prefetchRelated('albums__tracks').orderBy('id')
      const albums = await Promise.all(artists.map(async (artist) => await artist.albums))
      expect(albums.map((list) => list.map(({ name }) => name))).toEqual([['Malibu'], ['Fantasies', 'Empty']])
      expect(titles(await (albums[0]?.[0]?.tracks as PromiseLike<{ title: string }[]>))).toHaveLength(3)
      expect(await albums[1]?.[1]?.tracks).toEqual([])
    })
    expect(statements).toHaveLength(3)
    const forward = await statementsOf(async () => {
      const tracks = await Track.objects.prefetchRelated('album').orderBy('id')
      expect(tracks[0]?.album?.name).toBe('Malibu')
      expect(tracks[5]?.album).toBeNull()
    })
    expect(forward).toHaveLength(2)
  })

  test('update and delete of a set give the number of rows, and touch no others', async ({ music: { Track } }) => {
    expect(await Track.objects.filter({ position: 2 }).update({ note: 'x' })).toBe(2)
    expect(await Track.objects.filter({ note: 'x' }).count()).toBe(2)
    expect(await Track.objects.filter({ album__name: 'Malibu' }).update({ note: 'm' })).toBe(3)
    expect(await Track.objects.filter({ note: 'm' }).count()).toBe(3)
    expect(await Track.objects.orderBy('-position').limit(1).update({ note: 'last' })).toBe(1)
    expect(await Track.objects.get({ title: 'Loose' })).toMatchObject({ note: 'last' })
    expect(await Track.objects.filter({ pk: 1 }).update({ position: sql`position + 10` as never })).toBe(1)
    expect(await Track.objects.get({ pk: 1 })).toMatchObject({ position: 11 })
    expect(await Track.objects.filter({ album__artist__name: 'Metric' }).orderBy('id').limit(1).delete()).toBe(1)
    expect(await Track.objects.count()).toBe(5)
    expect(await Track.objects.filter({ title: 'x' }).delete()).toBe(0)
    expect(await rejectionOf(Track.objects.orderBy('id').delete())).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
    expect(await Track.objects.orderBy('id').deleteAll()).toBe(5)
  })

  test('only and defer leave fields out until load()', async ({ music: { Track } }) => {
    const track = await Track.objects.only('title').get({ pk: 2 })
    expect(track.title).toBe("Heart don't stand a chance")
    expect(() => track.note).toThrow('has not been read')
    await track.load()
    expect(track.note).toBe('100%')
    const deferred = await Track.objects.defer('note').get({ pk: 2 })
    expect(deferred.position).toBe(2)
    expect(() => deferred.note).toThrow('has not been read')
  })

  test('a lookup that leads nowhere is refused by name', async ({ music: { Track } }) => {
    const refused = (lookups: object) => {
      try {
        Track.objects.filter(lookups as { title: string })
        return 'taken'
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(refused({ titel: 'x' })).toContain('Did you mean "title"?')
    expect(refused({ title__contians: 'x' })).toContain('Did you mean "contains"?')
    expect(refused({ album__nmae: 'x' })).toContain('has no field "nmae"')
    expect(refused({ title__name: 'x' })).toContain('is none')
    expect(refused({ title: undefined })).toContain('expected a value, found undefined')
    expect(refused({ title__contains: 5 })).toContain('expected a text')
    expect(refused({ position__in: 5 })).toContain('expected a list')
    expect(refused({ note__isnull: 'yes' })).toContain('true or false')
    expect(() => Track.objects.orderBy('nmae' as never)).toThrow('has no field "nmae"')
    expect(() => Track.objects.selectRelated('title' as never)).toThrow()
    expect(await rejectionOf(Track.objects.filter({ title: { $ne: 1 } as never }).all())).toBeInstanceOf(TypeError)
    expect(await rejectionOf(Track.objects.filter({ position: '1 or 1=1' as never }).all())).toBeInstanceOf(TypeError)
  })

  test('iteration streams', async ({ music: { Track } }) => {
    const seen: string[] = []
    for await (const track of Track.objects.orderBy('id')) {
      seen.push(track.title)
      if (seen.length === 3) break
    }
    for await (const track of Track.objects.filter({ pk: 6 }).iterate()) seen.push(track.title)
    expect(seen).toEqual(['The Bird', "Heart don't stand a chance", 'The Waters', 'Loose'])
  })
})
