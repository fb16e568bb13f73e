import { OperationalError } from 'offloop'
import { integer, ModelRegistry, string } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { withMusic } from './music.ts'
import { statementsOf } from './statements-of.ts'

describeDialects((fixture) => {
  const locksRows = fixture.target.storage === 'server'

  test.skipIf(!locksRows)('what a transaction has locked another one waits for, leaves out or fails at', async () => {
    const engine = fixture.engine()
    const { Track } = await withMusic(engine)
    const first = Track.objects.orderBy('id').limit(2)
    await using one = await engine.begin()
    await using two = await engine.begin()
    expect((await first.using(one).forUpdate()).map(({ id }) => id)).toEqual([1, 2])
    expect((await first.using(two).forUpdate({ skipLocked: true })).map(({ id }) => id)).toEqual([3, 4])
    await Track.objects.using(one).filter({ id: 1 }).update({ title: 'changed' })
    const waiting = Track.objects.using(two).forUpdate().get({ id: 1 })
    await one.commit()
    expect((await waiting).title).toBe('changed')
    await using three = await engine.begin()
    const refusal = await rejectionOf(Track.objects.using(three).forUpdate({ noWait: true }).get({ id: 3 }))
    expect(refusal).toBeInstanceOf(OperationalError)
    expect(refusal).toMatchObject({ retryable: true })
  })

  test.skipIf(!locksRows)('the rows of its parents are locked with it, in whatever way it is read', async () => {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Item extends models.define('items', { id: integer({ primaryKey: true }), price: integer() }) {}
    class Book extends Item.extend('books', { title: string({ maxLength: 20 }) }) {}
    await models.createAll()
    for (const title of ['a', 'b', 'c']) await Book.objects.create({ price: 1, title })
    await using tx = await engine.begin()
    const locked = Book.objects.using(tx).forUpdate()
    expect(await locked.filter({ id: 1 }).values('title')).toEqual([{ title: 'a' }])
    for await (const { title } of locked.only('title').filter({ id: 2 })) expect(title).toBe('b')
    await using other = await engine.begin()
    expect(await Item.objects.using(other).forUpdate({ skipLocked: true }).values('id')).toEqual([{ id: 3 }])
  })

  test('reads through a transaction, with relations that have no row; counting locks nothing', async () => {
    const engine = fixture.engine()
    const { models, Track } = await withMusic(engine)
    const statements = await statementsOf(() =>
      engine.transaction(async (tx) => {
        const set = Track.objects.using(tx).forUpdate()
        const tracks = await set.selectRelated('album').orderBy('-id')
        expect(tracks.map(({ album }) => album?.name ?? null).slice(0, 2)).toEqual([null, 'Fantasies'])
        expect((await set.first())?.title).toBe('The Bird')
        expect((await set.filter({ album__name: 'Malibu' }).prefetchRelated('tags').limit(2).offset(1)).length).toBe(2)
        expect(await set.count()).toBe(6)
        expect(await set.exists()).toBe(true)
        expect(await set.max('position')).toBe(9)
        expect(await set.filter({ position: 9 }).update({ position: 8 })).toBe(1)
      }),
    )
    expect(statements.some((text) => text.includes('for update'))).toBe(locksRows)
    await models.transaction(async () => expect(await Track.objects.forUpdate().filter({ id: 1 })).toHaveLength(1))
    await Track.objects.transaction(async (tracks) => expect(await tracks.forUpdate().filter({ id: 1 })).toHaveLength(1))
  })

  test('is refused where nothing would hold the locks, beside distinct(), and with options that nobody would look at', async () => {
    const engine = fixture.engine()
    const { Track } = await withMusic(engine)
    const set = Track.objects.forUpdate()
    const unheld = { code: 'OFFLOOP_INVALID_REQUEST', message: expect.stringContaining('using(tx)') as unknown }
    await using conn = await engine.connect()
    for (const read of [() => set.all(), () => set.using(conn).first(), () => set.values('id'), () => set.iterate().next()]) {
      expect(await rejectionOf(read)).toMatchObject(unheld)
    }
    await using tx = await engine.begin()
    expect(await rejectionOf(set.using(tx).distinct().all())).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
    expect(() => Track.objects.forUpdate({ skipLocked: true, noWait: true })).toThrow('skipLocked or noWait')
    expect(() => Track.objects.forUpdate({ noWait: 1 as never })).toThrow('noWait of forUpdate() must be true or false.')
    // @ts-expect-error: it is skipLocked
    expect(() => Track.objects.forUpdate({ skiplocked: true })).toThrow('forUpdate() has no option "skiplocked". Did you mean')
  })
})
