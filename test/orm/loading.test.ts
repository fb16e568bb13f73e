import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'
import { musicModels } from './music.ts'
import { statementsOf } from './statements-of.ts'

describeDatabases((fixture) => {
  test('1,000 tracks with album and artist are one statement by selectRelated, and three by prefetchRelated', async () => {
    const { models, Artist, Album, Track } = musicModels(fixture.engine())
    await models.createAll()
    const artists = await Artist.objects.bulkCreate(Array.from({ length: 10 }, (_, index) => ({ name: `artist ${index}` })))
    const albums = await Album.objects.bulkCreate(
      Array.from({ length: 100 }, (_, index) => ({ name: `album ${index}`, artist: artists[index % 10] as InstanceType<typeof Artist> })),
    )
    const created = await statementsOf(() =>
      Track.objects.bulkCreate(
        Array.from({ length: 1_000 }, (_, index) => ({
          title: `track ${index}`,
          album: albums[index % 100] as InstanceType<typeof Album>,
        })),
      ),
    )
    expect(created).toHaveLength(1)

    const joined = await statementsOf(async () => {
      const tracks = await Track.objects.selectRelated('album__artist').orderBy('id')
      expect(tracks).toHaveLength(1_000)
      expect(tracks.map((track) => `${track.title} ${track.album?.name} ${track.album?.artist.name}`)[105]).toBe(
        'track 105 album 5 artist 5',
      )
    })
    expect(joined).toHaveLength(1)
    const ahead = await statementsOf(async () => {
      const tracks = await Track.objects.prefetchRelated('album__artist').orderBy('id')
      expect(tracks.map((track) => `${track.title} ${track.album?.name} ${track.album?.artist.name}`)[105]).toBe(
        'track 105 album 5 artist 5',
      )
    })
    expect(ahead).toHaveLength(3)
    const back = await statementsOf(async () => {
      const found = await Artist.objects.prefetchRelated('albums__tracks')
      for (const artist of found) for (const album of await artist.albums) expect(await album.tracks).toHaveLength(10)
    })
    expect(back).toHaveLength(3)
  })

  test('an iteration reads relations ahead for every 1,000 rows', async () => {
    const engine = fixture.engine()
    const { models, Artist, Album, Track } = musicModels(engine)
    await models.createAll()
    const artist = await Artist.objects.create({ name: 'artist' })
    const albums = await Album.objects.bulkCreate([
      { name: 'a', artist: artist as InstanceType<typeof Artist> },
      { name: 'b', artist: artist as InstanceType<typeof Artist> },
    ])
    const made = Array.from({ length: 2_001 }, (_, index) => ({
      title: `${index}`,
      album: albums[index % 2] as InstanceType<typeof Album>,
    }))
    await Track.objects.bulkCreate(made)
    const walk = async (tracks: AsyncIterable<InstanceType<typeof Track>>) => {
      let rows = 0
      for await (const { title, album, tags } of tracks) {
        expect([title, album?.name, await tags]).toEqual([`${rows}`, rows % 2 === 0 ? 'a' : 'b', []])
        rows += 1
      }
      return rows
    }
    const set = Track.objects.prefetchRelated('album', 'tags').orderBy('id')
    expect(await statementsOf(async () => expect(await walk(set)).toBe(2_001))).toHaveLength(1 + 3 * 2)
    await engine.transaction(async (tx) => expect(await walk(set.using(tx).iterate())).toBe(2_001))
    expect(await walk(set.limit(1_000))).toBe(1_000)
    expect(await walk(set.filter({ pk: 0 }))).toBe(0)
    for await (const album of Album.objects.prefetchRelated('tracks').iterate()) {
      expect(await statementsOf(async () => await album.tracks)).toEqual([])
      break
    }
  })

  test('a query of one shape is compiled once, whatever its values', async () => {
    const { models, Artist } = musicModels(fixture.engine())
    await models.createAll()
    const texts = await statementsOf(async () => {
      for (const name of ['a', 'b', "c'; drop table artists; --"]) await Artist.objects.filter({ name, id__in: [1, 2] }).limit(5)
    })
    expect(new Set(texts).size).toBe(1)
  })
})
