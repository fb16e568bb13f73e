import { createEngine } from 'offloop'
import { boolean, date, foreignKey, integer, ModelRegistry, string } from 'offloop/orm'

// Prints instances of a query that yields many, and what they are like: by the function that is generated for such a one, or by the loop
// where none may be.
const engine = createEngine('sqlite://')
const models = new ModelRegistry(engine)
class Album extends models.define('albums', { id: integer({ primaryKey: true }), name: string({ maxLength: 50 }) }) {}
class Track extends models.define('tracks', {
  id: integer({ primaryKey: true }),
  title: string({ maxLength: 50, column: 'the "title"' }),
  loud: boolean({ default: true }),
  released: date({ allowNull: true }),
  album: foreignKey(() => Album, { allowNull: true }),
}) {}
await models.createAll()
const albums = await Album.objects.bulkCreate([{ name: 'Malibu' }, { name: 'Fantasies' }])
await Track.objects.bulkCreate(
  Array.from({ length: 100 }, (_, index) => ({
    title: `track ${index}`,
    loud: index % 3 === 0,
    released: index % 2 === 0 ? '2024-02-29' : null,
    album: (albums as readonly (InstanceType<typeof Album> | undefined)[])[index % 3] ?? null,
  })),
)
const [joined, plain] = [await Track.objects.selectRelated('album').orderBy('id'), await Track.objects.orderBy('id')]
const unread = plain.slice(0, 100).map(({ album }) => {
  try {
    return album === null ? null : album.name
  } catch (error) {
    return (error as Error).message
  }
})
console.log(JSON.stringify({ joined, plain, unread, shapes: new Set(plain.map((track) => Object.keys(track).join())).size }))
await engine.close()
