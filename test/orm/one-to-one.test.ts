import type { AsyncEngine } from 'offloop'
import {
  count,
  foreignKey,
  integer,
  type Manager,
  ModelRegistry,
  max,
  oneToOne,
  Q,
  type RelatedOne,
  type RelatedSet,
  string,
} from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { statementsOf } from './statements-of.ts'

/** Three users, the last of them without a profile; the second one's profile has no city. */
async function withProfiles(engine: AsyncEngine) {
  const models = new ModelRegistry(engine)

  class City extends models.define('cities', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {
    declare static readonly objects: Manager<typeof City>
    declare readonly profiles: RelatedSet<typeof Profile>
  }

  class User extends models.define('users', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {
    declare static readonly objects: Manager<typeof User>
    declare readonly profile: RelatedOne<typeof Profile>
    declare readonly posts: RelatedSet<typeof Post>
  }

  class Profile extends models.define('profiles', {
    id: integer({ primaryKey: true }),
    user: oneToOne(() => User, { relatedName: 'profile', onDelete: 'cascade' }),
    city: foreignKey(() => City, { relatedName: 'profiles', allowNull: true }),
    bio: string({ maxLength: 50 }),
  }) {
    declare static readonly objects: Manager<typeof Profile>
    declare readonly avatar: RelatedOne<typeof Avatar>

    shout(): string {
      return this.bio.toUpperCase()
    }
  }

  class Avatar extends models.define('avatars', {
    id: integer({ primaryKey: true }),
    profile: oneToOne(() => Profile, { relatedName: 'avatar' }),
    file: string({ maxLength: 20 }),
  }) {}

  class Post extends models.define('posts', {
    id: integer({ primaryKey: true }),
    author: foreignKey(() => User, { relatedName: 'posts' }),
    title: string({ maxLength: 20 }),
  }) {
    declare static readonly objects: Manager<typeof Post>
  }

  await models.createAll()
  const city = await City.objects.create({ name: 'Utrecht' })
  await User.objects.bulkCreate([{ name: 'a' }, { name: 'b' }, { name: 'c' }])
  await Profile.objects.bulkCreate([
    { user: 1, bio: 'likes jazz', city },
    { user: 2, bio: 'likes rock' },
  ])
  await Avatar.objects.create({ profile: 1, file: 'a.png' })
  await Post.objects.bulkCreate([
    { author: 1, title: 'x' },
    { author: 3, title: 'y' },
  ])
  return { models, City, User, Profile, Avatar, Post }
}

describeDatabases((fixture) => {
  test('the way back of a one-to-one relation is the row or null, once it has been loaded', async () => {
    const { User, Profile } = await withProfiles(fixture.engine())
    const user = await User.objects.get({ name: 'a' })
    expect(() => user.profile).toThrow("User.profile has not been read: await load('profile'), or ask for it in the query.")
    expect(await user.load('profile')).toBe(user)
    expect(user.profile).toBeInstanceOf(Profile)
    expect(user.profile?.shout()).toBe('LIKES JAZZ')
    const without = await User.objects.get({ name: 'c' })
    await without.load('profile')
    expect(without.profile).toBeNull()
    // All of it is read anew.
    await without.load()
    expect(() => without.profile).toThrow('has not been read')
    expect(() => new User({ name: 'd' }).profile).toThrow('has not been created')
    expect((await rejectionOf(user.load('profil' as never))).message).toContain('has no relation "profil"')
    expect(() => User.objects.prefetchRelated('profil' as never)).toThrow('has no relation "profil". Did you mean "profile"?')
    expect(() => User.objects.prefetchRelated('profile__avatr' as never)).toThrow('Did you mean "avatar"?')
    expect((await rejectionOf(new User({ name: 'd' }).load('profile'))).message).toContain('has not been created')
    expect(() => {
      ;(user as unknown as { profile: null }).profile = null
    }).toThrow(TypeError)
    expect(user.toObject()).toEqual({ id: 1, name: 'a' })
  })

  test('load() with names reads relations of every kind', async () => {
    const { User, Post } = await withProfiles(fixture.engine())
    const user = await (await User.objects.get({ pk: 1 })).load('profile__avatar', 'profile__city', 'posts')
    expect(user.profile?.avatar?.file).toBe('a.png')
    expect(user.profile?.city?.name).toBe('Utrecht')
    const statements = await statementsOf(async () => expect(await user.posts).toHaveLength(1))
    expect(statements).toHaveLength(0)
    const post = await (await Post.objects.get({ pk: 2 })).load('author')
    expect(post.author.name).toBe('c')
  })

  test('selectRelated brings it in the same statement, and keeps rows that have none', async () => {
    const { User, Post } = await withProfiles(fixture.engine())
    const statements = await statementsOf(async () => {
      const users = await User.objects.selectRelated('profile', 'profile__city', 'profile__avatar').orderBy('id')
      expect(users.map(({ profile }) => profile && [profile.bio, profile.city?.name ?? null, profile.avatar?.file ?? null])).toEqual([
        ['likes jazz', 'Utrecht', 'a.png'],
        ['likes rock', null, null],
        null,
      ])
      expect(users[0]?.profile?.user.pk).toBe(1)
    })
    expect(statements).toHaveLength(1)
    const behind = await statementsOf(async () => {
      const posts = await Post.objects.selectRelated('author__profile').orderBy('id')
      expect(posts.map(({ author }) => [author.name, author.profile?.bio ?? null])).toEqual([
        ['a', 'likes jazz'],
        ['c', null],
      ])
    })
    expect(behind).toHaveLength(1)
    const streamed: (string | null)[] = []
    for await (const { profile } of User.objects.selectRelated('profile').orderBy('-id')) streamed.push(profile?.bio ?? null)
    expect(streamed).toEqual([null, 'likes rock', 'likes jazz'])
    const [sparse] = await User.objects.only('name').selectRelated('profile').orderBy('id').limit(1)
    expect(sparse?.profile?.bio).toBe('likes jazz')
  })

  test('prefetchRelated reads it in one more statement', async () => {
    const { User } = await withProfiles(fixture.engine())
    const statements = await statementsOf(async () => {
      const users = await User.objects.prefetchRelated('profile__avatar').orderBy('id')
      expect(users.map(({ profile }) => profile?.bio ?? null)).toEqual(['likes jazz', 'likes rock', null])
      expect(users.map(({ profile }) => profile?.avatar?.file ?? null)).toEqual(['a.png', null, null])
    })
    expect(statements).toHaveLength(3)
  })

  test('lookups, orders, values and groups go over it', async () => {
    const { User, Profile, Post } = await withProfiles(fixture.engine())
    const names = async (users: PromiseLike<readonly { readonly name: string }[]>) => (await users).map(({ name }) => name)
    const objects = User.objects.orderBy('id')
    expect(await names(objects.filter({ profile__bio__icontains: 'JAZZ' }))).toEqual(['a'])
    expect(await names(objects.filter({ profile__city__name: 'Utrecht' }))).toEqual(['a'])
    expect(await names(objects.filter({ profile__avatar__file: 'a.png' }))).toEqual(['a'])
    expect(await names(objects.filter({ profile: 2 }))).toEqual(['b'])
    expect(await names(objects.filter({ profile: await Profile.objects.get({ pk: 2 }) }))).toEqual(['b'])
    expect(await names(objects.filter({ profile__in: [1, 2] }))).toEqual(['a', 'b'])
    expect(await names(objects.filter({ profile__isnull: true }))).toEqual(['c'])
    expect(await names(objects.filter({ profile: null }))).toEqual(['c'])
    expect(await names(objects.filter({ profile__isnull: false }))).toEqual(['a', 'b'])
    expect(await names(objects.filter(Q.or({ profile__bio: 'likes rock' }, { name: 'c' })))).toEqual(['b', 'c'])
    // As over a foreign key that is NULL: where there is no profile, the comparison is NULL, and so is its negation.
    expect(await names(objects.exclude({ profile__bio__contains: 'jazz' }))).toEqual(['b'])
    expect(await names(objects.exclude({ profile__isnull: true }))).toEqual(['a', 'b'])
    expect(await names(User.objects.filter({ profile__isnull: false }).orderBy('-profile__bio'))).toEqual(['b', 'a'])
    expect(await objects.values('name', 'profile__bio', 'profile')).toEqual([
      { name: 'a', profile__bio: 'likes jazz', profile: 1 },
      { name: 'b', profile__bio: 'likes rock', profile: 2 },
      { name: 'c', profile__bio: null, profile: null },
    ])
    expect(
      await User.objects
        .groupBy('profile__city__name')
        .aggregate({ users: count(), last: max('profile__bio') })
        .orderBy('users', 'last'),
    ).toEqual([
      { profile__city__name: 'Utrecht', users: 1, last: 'likes jazz' },
      { profile__city__name: null, users: 2, last: 'likes rock' },
    ])
    expect(await Post.objects.filter({ author__profile__bio__startswith: 'likes' }).count()).toBe(1)
    expect(await User.objects.filter({ profile__bio: 'likes rock' }).update({ name: 'B' })).toBe(1)
    expect(await User.objects.filter({ profile__isnull: true, posts__title: 'nothing' }).delete()).toBe(0)
    expect(await User.objects.filter({ profile__bio: 'likes rock' }).delete()).toBe(1)
    expect(await User.objects.count()).toBe(2)
  })

  test('behind an outer join, a row of two tables may be missing as well', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Place extends models.define('places', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {
      declare static readonly objects: Manager<typeof Place>
      declare readonly review: RelatedOne<typeof Review>
    }
    class Bar extends Place.extend('bars', { beers: integer() }) {
      declare static readonly objects: Manager<typeof Bar>
    }
    class Review extends models.define('reviews', {
      id: integer({ primaryKey: true }),
      place: oneToOne(() => Place, { relatedName: 'review' }),
      bar: foreignKey(() => Bar, { allowNull: true }),
      stars: integer(),
    }) {
      declare static readonly objects: Manager<typeof Review>
    }
    await models.createAll()
    const bar = await Bar.objects.create({ name: 'Moe', beers: 3 })
    const park = await Place.objects.create({ name: 'Park' })
    await Review.objects.bulkCreate([
      { place: bar.id, bar: bar.id, stars: 5 },
      { place: park, stars: 4 },
    ])
    const reviews = await Review.objects.selectRelated('bar').orderBy('id')
    expect(reviews.map((review) => review.bar?.name ?? null)).toEqual(['Moe', null])
    const [found] = await Bar.objects.filter({ review__stars: 5 }).selectRelated('review')
    expect([found?.name, found?.review?.stars]).toEqual(['Moe', 5])
  })
})
