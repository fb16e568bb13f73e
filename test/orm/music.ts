import type { AsyncEngine } from 'offloop'
import { foreignKey, integer, type Manager, ModelRegistry, manyToMany, type RelatedSet, string, text } from 'offloop/orm'

/** Models with every kind of relation, in a database of their own. */
export function musicModels(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)

  class Artist extends models.define('artists', { id: integer({ primaryKey: true }), name: string({ maxLength: 50 }) }) {
    declare static readonly objects: Manager<typeof Artist>
    declare readonly albums: RelatedSet<typeof Album>
  }

  class Album extends models.define('albums', {
    id: integer({ primaryKey: true }),
    name: string({ maxLength: 50 }),
    artist: foreignKey(() => Artist, { relatedName: 'albums', onDelete: 'cascade' }),
  }) {
    declare static readonly objects: Manager<typeof Album>
    declare readonly tracks: RelatedSet<typeof Track>
  }

  class Tag extends models.define('tags', { id: integer({ primaryKey: true }), name: string({ maxLength: 20, unique: true }) }) {
    declare readonly tracks: RelatedSet<typeof Track>
  }

  class Track extends models.define('tracks', {
    id: integer({ primaryKey: true }),
    album: foreignKey(() => Album, { relatedName: 'tracks', onDelete: 'cascade', allowNull: true }),
    title: string({ maxLength: 100 }),
    position: integer({ default: 1, minimum: 1 }),
    note: text({ allowNull: true }),
    tags: manyToMany(() => Tag, { relatedName: 'tracks' }),
  }) {}

  return { models, Artist, Album, Track, Tag }
}

/** Two artists, three albums, six tracks, one of them on no album. */
export async function withMusic(engine: AsyncEngine) {
  const music = musicModels(engine)
  const { models, Artist, Album, Track } = music
  await models.createAll()
  const [paak, metric] = await Artist.objects.bulkCreate([{ name: 'Anderson .Paak' }, { name: 'Metric' }])
  const [malibu, fantasies, empty] = await Album.objects.bulkCreate([
    { name: 'Malibu', artist: paak as InstanceType<typeof Artist> },
    { name: 'Fantasies', artist: metric as InstanceType<typeof Artist> },
    { name: 'Empty', artist: metric as InstanceType<typeof Artist> },
  ])
  await Track.objects.bulkCreate([
    { album: malibu as InstanceType<typeof Album>, title: 'The Bird', position: 1 },
    { album: malibu as InstanceType<typeof Album>, title: "Heart don't stand a chance", position: 2, note: '100%' },
    { album: malibu as InstanceType<typeof Album>, title: 'The Waters', position: 3 },
    { album: fantasies as InstanceType<typeof Album>, title: "Help I'm Alive", position: 1, note: 'a_b' },
    { album: fantasies as InstanceType<typeof Album>, title: 'Sick Muse', position: 2 },
    { title: 'Loose', position: 9 },
  ])
  return { ...music, paak, metric, malibu, fantasies, empty }
}
