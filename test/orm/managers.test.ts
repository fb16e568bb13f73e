import type { Executor } from 'offloop'
import { dateTime, decimal, foreignKey, integer, Manager, ModelRegistry, Session, string, time, type ValidationError } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

/** An executor that counts the rows that are taken out of its streams, and the results that are read otherwise. */
function counting(executor: Executor, taken: { rows: number; results: number }): Executor {
  async function* counted<R>(rows: AsyncIterable<R>): AsyncGenerator<R> {
    for await (const row of rows) {
      taken.rows++
      yield row
    }
  }
  return new Proxy(executor, {
    get(target, name) {
      if (name === 'stream') return (...call: Parameters<Executor['stream']>) => counted(target.stream(...call))
      if (name === 'execute') {
        return (...call: Parameters<Executor['execute']>) => {
          taken.results++
          return target.execute(...call)
        }
      }
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

describeDatabases((fixture) => {
  async function entities() {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Item extends models.define('items', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 20 }),
      stock: integer({ default: 0 }),
    }) {}
    class Other extends models.define('others', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
    class Items extends Manager<typeof Item> {
      inStock() {
        return this.getItems({ whereList: [Item.c.stock.gt(0)], orderBy: ['-stock'] })
      }
    }
    await models.createAll()
    return { engine, models, Item, Other, Items, items: new Items(Item) }
  }

  test('a manager of one’s own finds, inserts, updates and deletes', async () => {
    const { items, Item } = await entities()
    const made = await items.bulkInsert([
      { name: 'a', stock: 1 },
      { name: 'b', stock: 2 },
      { name: 'c', stock: 0 },
    ])
    expect(made.map(({ id }) => id)).toEqual([1, 2, 3])
    expect(await items.bulkInsert([{ name: 'd' }], { fetch: false })).toBe(1)
    expect(await items.insert({ name: 'e' }, { fetch: false })).toBe(5)
    expect((await items.inStock()).map(({ name }) => name)).toEqual(['b', 'a'])
    expect(await items.getItem([Item.c.name.eq('a')])).toEqual({ id: 1, name: 'a', stock: 1 })
    expect(await items.getItem([Item.c.name.eq('x')])).toBeNull()
    expect(await items.getInstance([Item.c.name.eq('b')])).toBeInstanceOf(Item)
    expect(await items.getInstances({ orderBy: ['name'], limit: 2, offset: 1 })).toHaveLength(2)
    expect(await items.count({ whereList: [Item.c.stock.eq(0)] })).toBe(3)
    expect(await items.update({ stock: 9 }, { whereList: [Item.c.name.in(['a', 'b'])] })).toBe(2)
    expect(await items.update({ stock: 9 }, { whereList: [Item.c.name.eq('nobody')], fetch: true })).toEqual([])
    expect((await items.update({ stock: 10 }, { whereList: [Item.c.stock.eq(9)], fetch: true })).map(({ stock }) => stock)).toEqual([
      10, 10,
    ])
    for (const nothing of [[], null, undefined]) {
      expect(await rejectionOf(items.update({ stock: 1 }, { whereList: nothing as never }))).toMatchObject({
        code: 'OFFLOOP_INVALID_REQUEST',
      })
      expect(await rejectionOf(items.delete(nothing as never))).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
    }
    expect(await items.delete([Item.c.name.eq('a')])).toBe(1)
    expect(await items.update({ stock: 1 })).toBe(4)
    expect(await items.delete()).toBe(4)
  })

  test('statements are built step by step, and no step changes another chain', async () => {
    const { items, Item } = await entities()
    await items.bulkInsert([
      { name: 'a', stock: 1 },
      { name: 'b', stock: 2 },
      { name: 'c', stock: 3 },
    ])
    const base = items.setSql(Item.table.select()).where([Item.c.stock.gt(1)])
    const narrower = base.where([Item.c.name.eq('c')])
    expect(await base.orderBy('-name').fetchall()).toEqual([
      { id: 3, name: 'c', stock: 3 },
      { id: 2, name: 'b', stock: 2 },
    ])
    expect(await narrower.fetchone()).toEqual({ id: 3, name: 'c', stock: 3 })
    expect(await base.limit(1).orderBy('id').fetchall()).toHaveLength(1)
    expect(
      await items
        .setSql(Item.table.update().set({ stock: 5 }))
        .where([Item.c.name.eq('a')])
        .rowcount(),
    ).toBe(1)
    expect(await items.setSql('select 7 as n').scalar()).toBe(7)
    expect(() => items.setSql('select 1').where([Item.c.name.eq('a')])).toThrow('statement of Model.table')
  })

  test('a transaction holds several models, and what came out of it writes through it until it ends', async () => {
    const { items, Item, Other } = await entities()
    await expect(
      items.transaction(async (bound, tx) => {
        await bound.insert({ name: 'a' })
        await Other.objects.using(tx).create({ name: 'o' })
        const found = await bound.get({ name: 'a' })
        await found.update({ stock: 5 })
        expect(await Other.objects.using(tx).count()).toBe(1)
        throw new Error('undo')
      }),
    ).rejects.toThrow('undo')
    expect([await Item.objects.count(), await Other.objects.count()]).toEqual([0, 0])
    const kept = await items.transaction(async (bound) => await bound.insert({ name: 'b' }))
    await kept.update({ stock: 6 })
    expect(await Item.objects.get({ name: 'b' })).toMatchObject({ stock: 6 })
  })

  test('a transaction of the task is used by all models in it', async () => {
    const { models, Item, Other } = await entities()
    await expect(
      models.transaction(async () => {
        await Item.objects.create({ name: 'a' })
        await Other.objects.create({ name: 'o' })
        expect(await Item.objects.count()).toBe(1)
        throw new Error('undo')
      }),
    ).rejects.toThrow('undo')
    expect([await Item.objects.count(), await Other.objects.count()]).toEqual([0, 0])
  })

  test('define() takes a manager, and a class that is derived has one of its own', async () => {
    const { models } = await entities()
    class Finder extends Manager<never> {
      named(name: string) {
        return this.filter({ name } as never)
      }
    }
    class Thing extends models.define(
      'things',
      { id: integer({ primaryKey: true }), name: string({ maxLength: 5 }) },
      { manager: Finder },
    ) {}
    class Special extends Thing {}
    await models.createAll()
    const objects = Thing.objects as unknown as Finder
    await (Thing.objects as unknown as Manager<typeof Thing>).create({ name: 'x' } as never)
    expect(await objects.named('x').count()).toBe(1)
    expect(await (Special.objects as unknown as Manager<typeof Special>).get()).toBeInstanceOf(Special)
    expect(await (Thing.objects as unknown as Manager<typeof Thing>).get()).not.toBeInstanceOf(Special)
  })

  test('a session adds, updates, deletes and finds', async () => {
    const { engine, Item, Other } = await entities()
    const db = new Session(engine)
    const item = new Item({ name: 'a' })
    await db.add(item, new Other({ name: 'o' }))
    expect([item.id, item.stock]).toEqual([1, 0])
    item.name = 'b'
    await db.update(item)
    expect(await db.query(Item).get(1)).toMatchObject({ name: 'b' })
    expect(await db.query(Item).get(2)).toBeNull()
    expect(await rejectionOf(db.add(new Item({ name: 'c' }), new Item({ id: 1, name: 'taken' })))).toMatchObject({
      code: 'OFFLOOP_INTEGRITY',
    })
    expect(await db.query(Item).count()).toBe(1)
    expect(await db.query(Item.c.name).scalar()).toBe('b')
    expect(await db.query(Item.c.name).filter(Item.c.stock.gt(5)).all()).toEqual([])
    expect(await db.query(Item, { mapperFactory: () => (row) => row['name'] as string }).all()).toEqual(['b'])
    expect(await db.query(Item).filter(Item.c.name.eq('b')).one()).toMatchObject({ id: 1 })
    expect(await rejectionOf(db.query(Item).filter(Item.c.name.eq('x')).one())).toMatchObject({ code: 'OFFLOOP_NO_RESULT_FOUND' })
    await db.add(new Item({ name: 'b' }), new Item({ name: 'b' }))
    expect(await rejectionOf(db.query(Item).filter(Item.c.name.eq('b')).oneOrNone())).toMatchObject({
      code: 'OFFLOOP_MULTIPLE_RESULTS_FOUND',
    })
    expect(await db.query(Item).orderBy('-id').first()).toMatchObject({ id: expect.any(Number) })
    expect(await db.query(Item).exists()).toBe(true)
    expect(await db.query(Item).orderBy('id').scalar()).toBe(1)
    expect(await db.query(Item).filter(Item.c.name.eq('b')).orderBy('id').limit(1).delete()).toBe(1)
    expect(await db.query(Item).count()).toBe(2)
    expect(await rejectionOf(db.update(item))).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    for await (const row of db.query(Item)) await db.delete(row)
    expect(await db.query(Item).count()).toBe(0)
    await db.close()
    expect(await rejectionOf(db.query(Item).count())).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
  })

  test('a query with a mapper gives rows as they come, and frees its cursor when the loop is left', async () => {
    const { engine, Item } = await entities()
    await Item.objects.bulkCreate(Array.from({ length: 5_000 }, (_, index) => ({ name: `n${index}`, stock: index })))
    const taken = { rows: 0, results: 0 }
    const db = new Session(counting(engine, taken))
    let mapped = 0
    const names = db.query(Item, { mapperFactory: () => (row) => `${row['name']} ${++mapped}` }).orderBy('id')
    const seen: string[] = []
    for await (const name of names) {
      seen.push(name)
      expect(engine.status().inUse).toBe(1)
      if (seen.length === 3) break
    }
    expect(seen).toEqual(['n0 1', 'n1 2', 'n2 3'])
    expect([taken, mapped, engine.status().inUse]).toEqual([{ rows: 3, results: 0 }, 3, 0])
    let read = 0
    for await (const _ of names.filter({ stock__gte: 2_000 }).iterate()) read++
    expect([read, engine.status().inUse]).toEqual([3_000, 0])
    for await (const _ of names.limit(0)) read++
    expect(read).toBe(3_000)
  })

  test('forceRollback leaves nothing behind', async () => {
    const { engine, Item } = await entities()
    {
      await using db = new Session(engine, { forceRollback: true })
      await db.add(new Item({ name: 'a' }))
      expect(await db.query(Item).count()).toBe(1)
    }
    expect(await Item.objects.count()).toBe(0)
  })

  test('getOrCreate and updateOrCreate look for values as they are stored', async () => {
    const models = new ModelRegistry(fixture.engine())
    class Plan extends models.define('plans', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 9, unique: true }),
      note: string({ maxLength: 9, allowNull: true }),
      at: time({ allowNull: true }),
      seats: integer({ allowNull: true }),
      moment: dateTime({ allowNull: true }),
      price: decimal({ maxDigits: 5, decimalPlaces: 2, allowNull: true }),
      parent: foreignKey('plans', { allowNull: true }),
    }) {}
    await models.createAll()
    const parent = await Plan.objects.create({ name: 'parent' })
    const lookups = [
      { name: ' a ' },
      { name: 'a\0', note: ' ' },
      { name: 'a', note: '', at: '10:20' },
      { at: '10:20', seats: '77' },
      { moment: '2024-01-02T03:04:05Z', price: '1.5', parent },
      { pk: '2', name: '\uFEFFa' },
    ]
    const given = { name: ' a', note: '', at: '10:20', seats: '77', moment: '2024-01-02 03:04:05', price: 1.5, parent }
    await Plan.objects.create(given as never)
    for (const lookup of lookups) {
      const [found, created] = await Plan.objects.getOrCreate(lookup as never, { name: 'new' })
      expect([found.pk, created]).toEqual([2, false])
      const [updated, made] = await Plan.objects.updateOrCreate(lookup as never, { name: ' a' })
      expect([updated.pk, updated.name, made]).toEqual([2, 'a', false])
    }
    const [made, created] = await Plan.objects.getOrCreate({ name: ' b ', parent } as never)
    expect([made.name, made.parent, created]).toEqual(['b', parent, true])
    expect(await Plan.objects.count()).toBe(3)
    const refused = await rejectionOf(Plan.objects.getOrCreate({ name: ' ', seats: 'x' } as never))
    expect((refused as ValidationError).errors.map(({ field, code }) => [field, code])).toEqual([
      ['name', 'blank'],
      ['seats', 'type'],
    ])
  })
})
