import { foreignKey, integer, ModelRegistry, manyToMany, max, string } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'

describeDatabases((fixture) => {
  test('a relation is told apart from a table whose name is the same in other capitals', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Album extends models.define('Album', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
    class Track extends models.define('Track', {
      id: integer({ primaryKey: true }),
      title: string({ maxLength: 20 }),
      album: foreignKey(() => Album, { relatedName: 'tracks' }),
      track: foreignKey('Track', { allowNull: true }),
    }) {}
    await models.createAll()
    const [malibu, fantasies] = await Album.objects.bulkCreate([{ name: 'Malibu' }, { name: 'Fantasies' }])
    const bird = await Track.objects.create({ title: 'The Bird', album: malibu as Album })
    await Track.objects.create({ title: 'Sick Muse', album: fantasies as Album, track: bird })

    expect(await Track.objects.filter({ track__title: 'The Bird' } as never).values('title')).toEqual([{ title: 'Sick Muse' }])
    const [muse] = await Track.objects.filter({ title: 'Sick Muse' }).selectRelated('track' as never, 'album')
    expect(muse).toMatchObject({ track: { title: 'The Bird' }, album: { name: 'Fantasies' } })
    // Inside of the condition on tracks, "album" is the one of a track.
    const { objects } = Album
    expect(await objects.filter({ tracks__album__name: 'Malibu' } as never).values('name')).toEqual([{ name: 'Malibu' }])
    expect(await objects.exclude({ tracks__album__name: 'Malibu' } as never).values('name')).toEqual([{ name: 'Fantasies' }])
    expect(await objects.filter({ tracks__album__name: 'Malibu' } as never).update({ name: 'Venice' })).toBe(1)
    expect(await objects.orderBy('id').values('name')).toEqual([{ name: 'Venice' }, { name: 'Fantasies' }])
  })

  test('a lookup goes on behind a many-to-many relation', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Person extends models.define('people', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
    class Tag extends models.define('tags', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 20 }),
      owner: foreignKey(() => Person, { allowNull: true }),
    }) {}
    class Label extends Tag.extend('labels', { color: string({ maxLength: 20 }) }) {}
    class Post extends models.define('posts', {
      id: integer({ primaryKey: true }),
      tags: manyToMany(() => Tag, { relatedName: 'posts' }),
      labels: manyToMany(() => Label),
    }) {}
    await models.createAll()
    const ada = await Person.objects.create({ name: 'Ada' })
    const label = await Label.objects.create({ name: 'sql', owner: ada, color: 'red' })
    const [first, second] = await Post.objects.bulkCreate([{}, {}])
    await first?.tags.add(label.id)
    await second?.labels.add(label)

    expect(await Post.objects.filter({ tags__owner__name: 'Ada', tags__name: 'sql' }).values('id')).toEqual([{ id: 1 }])
    expect(await Post.objects.filter({ labels__color: 'red', labels__name: 'sql', labels__owner__name: 'Ada' }).values('id')).toEqual([
      { id: 2 },
    ])
    expect(await Post.objects.exclude({ tags__owner__name: 'Ada' }).values('id')).toEqual([{ id: 2 }])
    expect(await Tag.objects.filter({ posts__tags__owner__name__startswith: 'A' } as never).count()).toBe(1)
    expect(await second?.labels.filter({ owner__name: 'Ada' }).count()).toBe(1)
    expect(await Post.objects.filter({ tags__owner__isnull: true }).delete()).toBe(0)
  })

  test('a field that is called like an operator is a field where no operator can be', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Gun extends models.define('guns', {
      id: integer({ primaryKey: true }),
      range: integer(),
      contains: string({ maxLength: 20 }),
      exact: integer(),
    }) {}
    class Shot extends models.define('shots', { id: integer({ primaryKey: true }), gun: foreignKey(() => Gun) }) {}
    await models.createAll()
    const guns = await Gun.objects.bulkCreate([
      { range: 5, contains: 'lead', exact: 1 },
      { range: 7, contains: 'ink', exact: 0 },
    ])
    await Shot.objects.bulkCreate(guns.map((gun) => ({ gun: gun as Gun })))

    const paths = ['gun__range', 'gun__contains', 'gun__exact'] as const
    expect(await Shot.objects.orderBy('-gun__range').values(...paths)).toEqual([
      { gun__range: 7, gun__contains: 'ink', gun__exact: 0 },
      { gun__range: 5, gun__contains: 'lead', gun__exact: 1 },
    ])
    expect(await Shot.objects.distinct().orderBy('gun__contains').values('gun__contains')).toHaveLength(2)
    expect(
      await Shot.objects
        .groupBy('gun__exact')
        .aggregate({ most: max('gun__range') })
        .orderBy('gun__exact'),
    ).toEqual([
      { gun__exact: 0, most: 7 },
      { gun__exact: 1, most: 5 },
    ])
    expect(await Shot.objects.filter({ gun__range__exact: 5, gun__range: [1, 2] } as never).count()).toBe(1)
    for (const path of ['gun__in', 'gun__range__exact', 'id__exact', 'gun__id__exact'])
      expect(() => Shot.objects.orderBy(path as never)).toThrow('expected a field')
  })

  test('an expression is about the tables of a model, whatever relations are called', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Person extends models.define('person', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
    class Engineer extends Person.extend('engineer', {
      person: foreignKey(() => Person, { allowNull: true }),
      mentor: foreignKey('engineer', { allowNull: true, relatedName: 'pupils' }),
    }) {}
    await models.createAll()
    const ada = await Person.objects.create({ name: 'Ada' })
    const grace = await Engineer.objects.create({ name: 'Grace', person: ada })
    await Engineer.objects.create({ name: 'Ada', mentor: grace })

    const named = (name: string) => Engineer.c.name.eq(name)
    expect(await Engineer.objects.filter({ person__name: 'Ada' }, named('Grace')).values('name')).toEqual([{ name: 'Grace' }])
    expect(await Engineer.objects.filter({ person__name: 'Ada' }, named('Ada')).count()).toBe(0)
    expect(await Engineer.objects.filter({ pupils__name: 'Ada' } as never, named('Grace')).count()).toBe(1)
    expect((await Engineer.objects.selectRelated('person').orderBy(Engineer.c.name.desc())).map(({ person }) => person?.name)).toEqual([
      'Ada',
      undefined,
    ])
    expect(await Engineer.objects.filter({ pupils__name: 'Ada' } as never, named('Grace')).update({ name: 'Hopper' })).toBe(1)
    expect(await Person.objects.orderBy('id').values('name')).toEqual([{ name: 'Ada' }, { name: 'Hopper' }, { name: 'Ada' }])
  })
})
