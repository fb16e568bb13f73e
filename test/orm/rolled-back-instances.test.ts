import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Executor, sql } from 'offloop'
import { foreignKey, integer, ModelRegistry, type RelatedSet, Session, string } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describeDatabases((fixture) => {
  async function users() {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class User extends models.define('users', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 9 }),
      visits: integer({ default: 0 }),
      friend: foreignKey('users', { allowNull: true }),
    }) {}
    await models.createAll()
    const names = async () => (await User.objects.orderBy('id').values('name')).map(({ name }) => name)
    return { engine, models, User, names }
  }

  function keyOf(instance: object | null): unknown {
    return (instance as { readonly pk: unknown }).pk
  }

  function again(): Error {
    return Object.assign(new Error('again'), { retryable: true })
  }

  function undone(work: (tx: Executor) => Promise<unknown>): (tx: Executor) => Promise<void> {
    return async (tx) => {
      await work(tx)
      throw new Error('undo')
    }
  }

  test('a transaction that is run again finds instances as they were before its first run', async () => {
    const { models, User, names } = await users()
    const [kept, gone] = await User.objects.bulkCreate([{ name: 'kept' }, { name: 'gone' }])
    const made = new User({ name: ' made ' })
    let runs = 0
    await models.transaction(
      async () => {
        runs++
        expect([made.id, made.name, kept?.visits]).toEqual([undefined, ' made ', 0])
        await made.save()
        await kept?.update({ visits: (kept?.visits ?? 0) + 1 })
        await kept?.update({ visits: (kept?.visits ?? 0) + 1 })
        await gone?.delete()
        if (runs < 3) throw again()
      },
      { retries: 3 },
    )
    expect([runs, made.name, kept?.visits]).toEqual([3, 'made', 2])
    expect(await names()).toEqual(['kept', 'made'])
    await made.update({ name: 'm' })
    expect(await User.objects.get({ name: 'm' })).toMatchObject({ id: made.id })
    expect((await rejectionOf(async () => await gone?.update({ name: 'x' }))).message).toContain('has been deleted')
  })

  test('what is rolled back is undone in instances too, however the transaction is begun', async () => {
    const { engine, models, User, names } = await users()
    const kept = await User.objects.create({ name: 'kept' })
    const made = new User({ name: 'made' })
    const change = async () => {
      await made.save()
      await kept.update({ name: 'x', friend: made })
      await kept.delete()
    }
    await expect(models.transaction(undone(change))).rejects.toThrow('undo')
    const through = async (tx: Executor) => {
      const session = new Session(tx)
      await session.add(made)
      kept.name = 'y'
      await session.update(kept)
      await session.delete(kept)
    }
    await expect(engine.transaction(undone(through))).rejects.toThrow('undo')
    kept.name = 'kept'
    const connection = await engine.connect()
    await expect(connection.transaction(undone(() => through(connection)))).rejects.toThrow('undo')
    kept.name = 'kept'
    const tx = await connection.begin()
    await through(tx)
    await tx.rollback()
    kept.name = 'kept'
    await connection.close()
    const dropped = await engine.begin()
    await through(dropped)
    await dropped.close()
    kept.name = 'kept'
    expect([made.id, kept.name, kept.friend, await names()]).toEqual([undefined, 'kept', null, ['kept']])
    await made.save()
    await kept.update({ name: 'k' })
    expect(await names()).toEqual(['k', 'made'])
  })

  test('a savepoint that is rolled back is undone alone, and one that is released with the transaction around it', async () => {
    const { engine, User, names } = await users()
    const instance = await User.objects.create({ name: 'a' })
    const outer = async (tx: Executor) => {
      const session = new Session(tx)
      const made = new User({ name: 'made' })
      await session.add(made)
      await User.objects.using(tx).get({ pk: made.id as number })
      await expect(tx.transaction(undone(async (inner) => await new Session(inner).delete(made)))).rejects.toThrow('undo')
      await expect(
        tx.transaction(
          undone(async (inner) => {
            await inner.transaction(async (last) => await new Session(last).delete(instance))
          }),
        ),
      ).rejects.toThrow('undo')
      instance.name = 'b'
      await session.update(instance)
      await tx.transaction(async (inner) => {
        instance.name = 'c'
        await new Session(inner).update(instance)
        await new Session(inner).delete(made)
      })
      return made
    }
    await engine.transaction(outer)
    expect([instance.name, await names()]).toEqual(['c', ['c']])
    let made: InstanceType<typeof User> | undefined
    await expect(
      engine.transaction(
        undone(async (tx) => {
          made = await outer(tx)
        }),
      ),
    ).rejects.toThrow('undo')
    expect([instance.name, await names(), made?.id]).toEqual(['b', ['c'], undefined])
    await made?.save()
    expect(await names()).toEqual(['c', 'made'])
  })

  test('what create() has made in a transaction that is rolled back has no row, and save() makes it one', async () => {
    const { models, User, names } = await users()
    await User.objects.create({ name: 'first' })
    const made: InstanceType<typeof User>[] = []
    await expect(
      models.transaction(
        undone(async () => {
          const one = await User.objects.create({ name: ' one ', friend: 1 as never })
          const [two, three] = await User.objects.bulkCreate([
            { name: 'two', visits: 2, friend: one },
            { id: 77, name: 'three' },
          ])
          const [four] = await User.objects.getOrCreate({ name: 'four' }, { visits: 4 })
          await one.update({ name: 'x', visits: 5 })
          await three?.delete()
          made.push(one, two as typeof one, three as typeof one, four)
          expect(made.map(({ id, visits }) => [typeof id, visits])).toEqual([
            ['number', 5],
            ['number', 2],
            ['number', 0],
            ['number', 4],
          ])
        }),
      ),
    ).rejects.toThrow('undo')
    const [one, two, three, four] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0], (typeof made)[0]]
    expect(made.map(({ id, name, visits }) => [id, name, visits])).toEqual([
      [undefined, ' one ', undefined],
      [undefined, 'two', 2],
      [77, 'three', undefined],
      [undefined, 'four', 4],
    ])
    expect([keyOf(one.friend), two.friend === one]).toEqual([1, true])
    expect((await rejectionOf(one.update({ visits: 1 }))).message).toContain('has not been created')
    for (const instance of made) await instance.save()
    expect((await names()).sort()).toEqual(['first', 'four', 'one', 'three', 'two'])
    expect([one.visits, three.id, keyOf((await User.objects.get({ name: 'two' })).friend)]).toEqual([0, 77, one.id])
    await four.update({ visits: 5 })
    expect(await User.objects.filter({ visits: 5 }).count()).toBe(1)
  })

  test('a savepoint takes back what was created in it, and one that is released what the transaction around it takes back', async () => {
    const { engine, models, User, names } = await users()
    class Admin extends User.extend('admins', { level: integer({ default: 1 }), tag: string({ maxLength: 9, serverDefault: sql`'t'` }) }) {}
    await models.createAll()
    const made: InstanceType<typeof Admin>[] = []
    await expect(
      engine.transaction(
        undone(async (tx) => {
          const objects = Admin.objects.using(tx)
          const kept = await objects.create({ name: 'kept' })
          const inner = await tx.transaction(async (released) => await Admin.objects.using(released).create({ name: 'inner' }))
          let gone: typeof kept | undefined
          await expect(
            tx.transaction(
              undone(async (last) => {
                gone = await Admin.objects.using(last).create({ name: 'gone', level: 3 })
              }),
            ),
          ).rejects.toThrow('undo')
          expect([typeof kept.id, typeof inner.id, gone?.id, gone?.level]).toEqual(['number', 'number', undefined, 3])
          // It goes on through the transaction that is still open.
          await gone?.save()
          expect(await objects.filter({ level: 3, tag: 't' }).count()).toBe(1)
          made.push(kept, inner, gone as typeof kept)
        }),
      ),
    ).rejects.toThrow('undo')
    expect(made.map(({ id, level, tag }) => [id, level, tag])).toEqual([
      [undefined, undefined, undefined],
      [undefined, undefined, undefined],
      [undefined, 3, undefined],
    ])
    expect(await names()).toEqual([])
    for (const instance of made) await instance.save()
    expect(await names()).toEqual(['kept', 'inner', 'gone'])
    expect(await Admin.objects.filter({ tag: 't' }).count()).toBe(3)
  })

  test('what a relation has created is taken back too, and what SQL was to make is made again', async () => {
    const { models, User, names } = await users()
    class Note extends models.define('notes', {
      id: integer({ primaryKey: true }),
      author: foreignKey(() => User, { relatedName: 'notes' }),
      text: string({ maxLength: 20 }),
    }) {}
    await models.createAll()
    type WithNotes = { readonly notes: RelatedSet<typeof Note> }
    const author = (await User.objects.create({ name: 'a' })) as unknown as InstanceType<typeof User> & WithNotes
    let note: InstanceType<typeof Note> | undefined
    await expect(
      models.transaction(
        undone(async () => {
          note = await author.notes.create({ text: sql`upper('x')` as never })
          expect(() => note?.text).toThrow('has not been read')
        }),
      ),
    ).rejects.toThrow('undo')
    expect([note?.id, note?.author]).toEqual([undefined, author])
    await note?.save()
    expect([await names(), (await Note.objects.get()).text]).toEqual([['a'], 'X'])
  })

  test('what bulkUpdate has stored of instances is undone in them, and so is what it sets by itself', async () => {
    const { models, User, names } = await users()
    class Visit extends models.define('visits', {
      id: integer({ primaryKey: true }),
      place: string({ maxLength: 9 }),
      user: foreignKey(() => User),
      version: integer({ default: 1, onUpdate: 2 }),
    }) {}
    await models.createAll()
    const [one, other] = await User.objects.bulkCreate([{ name: 'one' }, { name: 'other' }])
    const visit = await Visit.objects.create({ place: 'a', user: one as NonNullable<typeof one> })
    Object.assign(visit, { place: ' b ', user: keyOf(other as NonNullable<typeof other>) })
    const change = async () => await Visit.objects.bulkUpdate([visit], ['place', 'user'])
    await expect(models.transaction(undone(change))).rejects.toThrow('undo')
    expect([visit.place, visit.user, visit.version]).toEqual([' b ', other?.id, 1])
    await models.transaction(change)
    expect([visit.place, keyOf(visit.user), visit.version]).toEqual(['b', other?.id, 2])
    expect(visit.equals(await Visit.objects.get())).toBe(true)
    expect(await names()).toEqual(['one', 'other'])
  })

  test('rows that were read ahead are those of before the transaction again', async () => {
    const { models, User } = await users()
    class Note extends models.define('notes', {
      id: integer({ primaryKey: true }),
      author: foreignKey(() => User, { relatedName: 'notes' }),
    }) {}
    await models.createAll()
    await Note.objects.create({ author: await User.objects.create({ name: 'a' }) })
    type WithNotes = { readonly notes: RelatedSet<typeof Note> }
    const [author] = (await User.objects.prefetchRelated('notes' as never)) as unknown as [InstanceType<typeof User> & WithNotes]
    const change = async () => {
      await author.update({ name: 'b' })
      await author.notes.create({})
      await author.load('notes')
      expect(await author.notes).toHaveLength(2)
    }
    await expect(models.transaction(undone(change))).rejects.toThrow('undo')
    expect((await author.notes).map(({ id }) => id)).toEqual([1])
  })

  test('a commit keeps the instances of its transaction, with what was left open in it', async () => {
    const { engine, User, names } = await users()
    const made = new User({ name: 'a' })
    const tx = await engine.begin()
    const inner = await tx.beginNested()
    await new Session(inner).add(made)
    await tx.commit()
    await made.update({ name: 'b' })
    expect(await names()).toEqual(['b'])
  })

  test('what comes through a transaction while a savepoint is open inside it is undone with the savepoint', async () => {
    const { engine, User } = await users()
    await using tx = await engine.begin()
    const kept = await User.objects.using(tx).create({ name: 'a' })
    const names = async () => (await User.objects.using(tx).orderBy('id').values('name')).map(({ name }) => name)
    await kept.update({ name: 'b' })
    const savepoint = await tx.beginNested()
    const innermost = await savepoint.beginNested()
    await kept.update({ name: 'c' })
    const made = await User.objects.using(tx).create({ name: 'd' })
    await innermost.commit()
    expect([kept.name, await names()]).toEqual(['c', ['c', 'd']])
    await savepoint.rollback()
    expect([kept.name, made.id, await names()]).toEqual(['b', undefined, ['b']])
    await kept.update({ name: 'e' })
    expect([kept.name, await names()]).toEqual(['e', ['e']])
    // Neither what is sent before a savepoint is begun nor what waits for its end is in it.
    const fails = () => tx.transaction(undone(async (inner) => await inner.execute('select 1')))
    await Promise.allSettled([kept.update({ name: 'f' }), fails(), kept.update({ visits: 1 })])
    expect([kept.name, kept.visits, await names()]).toEqual(['f', 1, ['f']])
  })

  test('a transaction keeps none of the instances alive that it has changed', async () => {
    const { engine, User } = await users()
    await User.objects.bulkCreate(Array.from({ length: 50 }, () => ({ name: 'a' })))
    await engine.transaction(async (tx) => {
      const references: WeakRef<object>[] = []
      for await (const user of User.objects.using(tx)) {
        await user.update({ name: 'b' })
        references.push(new WeakRef(user))
      }
      for (let index = 0; index < 50; index++) references.push(new WeakRef(await User.objects.using(tx).create({ name: 'c' })))
      await User.objects.using(tx).count()
      collectGarbage()
      expect(references.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(10)
    })
  })
})
