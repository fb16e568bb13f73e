import { ArgumentError, sql } from 'offloop'
import { dateTime, foreignKey, integer, ModelRegistry, NoMatch, Session, string } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

const past = new Date('2001-02-03T04:05:06Z')

describeDatabases((fixture) => {
  async function items() {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Box extends models.define('boxes', { id: integer({ primaryKey: true }), label: string({ maxLength: 9 }) }) {}
    class Item extends models.define('a', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 20, allowNull: true, column: 'a_name' }),
      data_a_x: integer({ allowNull: true }),
      count: integer({ allowNull: true, default: 7 }),
      fixed: integer({ default: () => 8 }),
      server: integer({ allowNull: true, serverDefault: sql`9` }),
      changed: dateTime({ allowNull: true, onUpdate: () => new Date() }),
      box: foreignKey(() => Box, { allowNull: true }),
    }) {}
    await models.createAll()
    return { engine, models, Box, Item, db: new Session(engine) }
  }

  test('an instance that was deleted and is added again has a row', async () => {
    const { engine, db, Box } = await items()
    const box = new Box({ label: 'a' })
    await db.add(box)
    await db.delete(box)
    const failed = engine.transaction(async (tx) => {
      await new Session(tx).add(box)
      throw new Error('undo')
    })
    await expect(failed).rejects.toThrow('undo')
    expect((await rejectionOf(box.update({ label: 'x' }))).message).toContain('has been deleted')
    await db.add(box)
    box.label = 'b'
    await db.update(box)
    expect(await db.query(Box.c.label).all()).toEqual(['b'])
    await db.delete(box)
    expect(await db.query(Box).count()).toBe(0)
  })

  test('columns whose names have the name of their table in them come back under their own', async () => {
    const { db, Item } = await items()
    await db.add(new Item({ name: 'x', data_a_x: 5 }))
    expect(await db.query(Item).one()).toMatchObject({ name: 'x', data_a_x: 5 })
    expect(await db.query(Item).filterBy({ data_a_x: 5 }).count()).toBe(1)
    expect(await db.query(Item.c.data_a_x).all()).toEqual([5])
    expect(await db.query(Item, { mapperFactory: () => (row) => Object.keys(row) }).one()).toEqual(Object.keys(Item.c))
  })

  test('add() writes keys and defaults back, and keeps what was given', async () => {
    const { db, Item } = await items()
    const [bare, given] = [new Item({}), new Item({ id: 50, name: 'x', count: 1, fixed: 2, server: 3, changed: past })]
    expect(await db.add(bare, given)).toBeUndefined()
    expect(bare.toObject()).toEqual({
      id: 1,
      name: null,
      data_a_x: null,
      count: 7,
      fixed: 8,
      server: 9,
      changed: null,
      box: null,
    })
    expect(given).toMatchObject({ id: 50, count: 1, fixed: 2, server: 3, changed: past })
    for (const item of [bare, given]) expect((await db.query(Item).get(item.pk))?.equals(item)).toBe(true)
    await db.add()
  })

  test('update() and delete() take several instances, all or none', async () => {
    const { db, Item } = await items()
    const [one, two, gone] = [new Item({ name: 'one' }), new Item({ name: 'two' }), new Item({ id: 77, name: 'gone' })]
    await db.add(one, two)
    for (const item of [one, two]) item.name = 'new'
    await db.update(one, two)
    expect(await db.query(Item.c.name).all()).toEqual(['new', 'new'])
    for (const item of [one, two]) item.name = 'newer'
    expect(await rejectionOf(db.update(one, gone))).toBeInstanceOf(NoMatch)
    expect(await rejectionOf(db.delete(one, gone))).toBeInstanceOf(NoMatch)
    expect(await db.query(Item.c.name).all()).toEqual(['new', 'new'])
    await db.update(one)
    await db.delete(one, two)
    expect(await db.query(Item).count()).toBe(0)
    await db.update()
    await db.delete()
  })

  test('null in add() stands for the default of its field, and is null where there is none', async () => {
    const { db, Item } = await items()
    const item = new Item({ id: null as never, name: null, count: null, fixed: null as never, server: null })
    await db.add(item)
    expect(item).toMatchObject({ id: 1, name: null, count: 7, fixed: 8, server: 9 })
    expect(await db.query(Item).one()).toMatchObject({ id: 1, name: null, count: 7, fixed: 8, server: 9 })
  })

  test('add() that fails stores nothing, and leaves the instances as they were', async () => {
    const { db, Item, Box } = await items()
    await db.add(new Item({ id: 30 }))
    const [box, first, taken] = [new Box({ label: 'x' }), new Item({ name: 'a' }), new Item({ id: 30 })]
    expect(await rejectionOf(db.add(box, first, taken))).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
    expect([box.pk, first.pk, first.count, taken.pk]).toEqual([undefined, undefined, undefined, 30])
    expect([await db.query(Item).count(), await db.query(Box).count()]).toEqual([1, 0])
    expect(await rejectionOf(db.add(first, new Item({ name: 'x'.repeat(21) })))).toMatchObject({ code: 'OFFLOOP_VALIDATION' })
    await db.add(box, first)
    expect([await db.query(Item).count(), await db.query(Box).count()]).toEqual([2, 1])
    expect(await rejectionOf(db.add({ name: 'x' }))).toBeInstanceOf(TypeError)
  })

  test('rows that refer to each other are added in one call, the referred ones first', async () => {
    const { db, Item, Box } = await items()
    const box = new Box({ label: 'x' })
    const item = new Item({ name: 'a', box })
    await db.add(box, item)
    expect(item.box).toBe(box)
    expect(await db.query(Item).filter({ box__label: 'x' }).one()).toMatchObject({ id: item.pk })
  })

  test('update() writes all fields, nulls too, and applies onUpdate each time', async () => {
    const { db, Item } = await items()
    const item = new Item({ name: 'x', count: 1, changed: past })
    await db.add(item)
    expect(item.changed).toEqual(past)
    item.name = null
    item.count = null
    item.server = 10
    await db.update(item)
    expect(item.changed?.getTime()).toBeGreaterThan(past.getTime())
    const stored = await db.query(Item).one()
    expect(stored).toMatchObject({ name: null, count: null, server: 10 })
    expect(stored.equals(item)).toBe(true)
    const gone = new Item({ id: 99, name: 'x' })
    expect(await rejectionOf(db.update(gone))).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    expect(await rejectionOf(db.delete(gone))).toMatchObject({ code: 'OFFLOOP_NO_MATCH' })
    await db.delete(item)
    expect((await rejectionOf(db.update(item))).message).toContain('deleted')
  })

  test('a query keeps its limit in one, first, scalar, get, delete and exists', async () => {
    const { db, Item } = await items()
    await db.add(...['a', 'b', 'c', 'd'].map((name) => new Item({ name })))
    const query = db.query(Item).orderBy('id')
    expect(await query.limit(1).one()).toMatchObject({ name: 'a' })
    expect(await query.limit(1).oneOrNone()).toMatchObject({ name: 'a' })
    expect(await query.limit(1).offset(2).one()).toMatchObject({ name: 'c' })
    expect(await rejectionOf(query.limit(2).one())).toMatchObject({ code: 'OFFLOOP_MULTIPLE_RESULTS_FOUND' })
    const none = query.limit(0)
    expect([await none.first(), await none.oneOrNone(), await none.scalar(), await none.exists(), await none.count()]).toEqual([
      null,
      null,
      null,
      false,
      0,
    ])
    expect(await none.all()).toEqual([])
    expect(await none.delete()).toBe(0)
    expect(await query.limit(1).delete()).toBe(1)
    expect(await query.offset(2).delete()).toBe(1)
    expect((await query).map(({ name }) => name)).toEqual(['b', 'c'])
    expect(await query.delete()).toBe(2)
  })

  test('delete() of a query looks across relations', async () => {
    const { db, Item, Box } = await items()
    const box = new Box({ label: 'x' })
    await db.add(box, new Item({ name: 'in', box }), new Item({ name: 'out' }))
    expect(await db.query(Item).filter({ box__label: 'x' }).delete()).toBe(1)
    expect(await db.query(Item).one()).toMatchObject({ name: 'out' })
  })

  test('scalar() gives the whole value of the first field, and exists() true or false', async () => {
    const { db, Item, Box } = await items()
    expect([await db.query(Item).scalar(), await db.query(Item.c.name).scalar(), await db.query(Item).exists()]).toEqual([
      null,
      null,
      false,
    ])
    await db.add(new Item({ name: 'hello' }), new Box({ label: 'hello' }))
    expect(await db.query(Item.c.name).scalar()).toBe('hello')
    expect(await db.query(Item).scalar()).toBe(1)
    expect([await db.query(Item).exists(), await db.query(Item).filter(Item.c.name.eq('x')).exists()]).toEqual([true, false])
  })

  test('a query of a column has conditions, order, limit and all that ends a query', async () => {
    const { db, Item } = await items()
    await db.add(...['a', 'b', 'c', null].map((name, index) => new Item({ name, data_a_x: index, changed: past })))
    const { c } = Item
    const names = db.query(c.name)
    expect(await names.orderBy(c.name.desc()).filter(c.name.isNot(null)).limit(2)).toEqual(['c', 'b'])
    expect(await names.orderBy(c.data_a_x.asc()).offset(2).all()).toEqual(['c', null])
    expect(await names.orderBy(c.id.asc()).limit(1).one()).toBe('a')
    expect(await names.filter(c.data_a_x.eq(3)).one()).toBeNull()
    expect(await rejectionOf(names.one())).toMatchObject({ code: 'OFFLOOP_MULTIPLE_RESULTS_FOUND' })
    expect(await rejectionOf(names.filter(c.id.eq(99)).one())).toMatchObject({ code: 'OFFLOOP_NO_RESULT_FOUND' })
    expect(await names.filter(c.id.eq(99)).oneOrNone()).toBeNull()
    expect([await names.count(), await names.limit(3).count(), await names.limit(0).exists(), await names.exists()]).toEqual([
      4,
      3,
      false,
      true,
    ])
    expect(await names.limit(0)).toEqual([])
    expect(await db.query(c.changed).first()).toEqual(past)
    const seen: unknown[] = []
    for await (const name of names.orderBy(c.id.asc())) seen.push(name)
    expect(seen).toEqual(['a', 'b', 'c', null])
    expect(() => names.limit(-1)).toThrow('0 or more')
    expect(() => names.filter({ name: 'x' } as never)).toThrow('expressions over Model.c')
  })

  test('a query is read by await and by for await, and is what it was afterwards', async () => {
    const { db, Item } = await items()
    await db.add(...['a', 'b', 'c'].map((name) => new Item({ name })))
    const query = db.query(Item).filter(Item.c.name.ne('b'), { count: 7 }).orderBy('-id')
    query.limit(1)
    query.filter({ name: 'x' })
    expect((await query).map(({ name }) => name)).toEqual(['c', 'a'])
    const seen: unknown[] = []
    for await (const { name } of query) {
      seen.push(name)
      if (seen.length === 1) break
    }
    for await (const { name } of query.iterate()) seen.push(name)
    expect(seen).toEqual(['c', 'c', 'a'])
  })

  test('mapperFactory is given the query once, and makes each row', async () => {
    const { db, Item } = await items()
    await db.add(...['a', 'b'].map((name) => new Item({ name })))
    const asked: unknown[] = []
    const query = db.query(Item, {
      mapperFactory: (given) => {
        asked.push(given)
        return (row) => `${row['id']}${row['name']}`
      },
    })
    const ordered = query.orderBy('id')
    expect(await ordered.all()).toEqual(['1a', '2b'])
    expect(asked).toEqual([ordered])
    expect([await query.get(2), await query.filterBy({ name: 'a' }).one()]).toEqual(['2b', '1a'])
  })

  test('a session of a transaction is part of it, and what came through it is written through it', async () => {
    const { engine, Item } = await items()
    await expect(
      engine.transaction(async (tx) => {
        const db = new Session(tx)
        const item = new Item({ name: 'a' })
        await db.add(item)
        await item.update({ name: 'b' })
        const read = await db.query(Item).one()
        await read.update({ count: 1 })
        expect(await db.query(Item).one()).toMatchObject({ name: 'b', count: 1 })
        throw new Error('undo')
      }),
    ).rejects.toThrow('undo')
    expect(await Item.objects.count()).toBe(0)
  })

  test('a session of a connection writes through that', async () => {
    const { engine, Item } = await items()
    await using connection = await engine.connect()
    const db = new Session(connection)
    await connection.begin()
    await db.add(new Item({ name: 'a' }), new Item({ name: 'b' }))
    expect(await db.query(Item).count()).toBe(2)
    await connection.close()
    expect(await Item.objects.count()).toBe(0)
  })

  test('forceRollback undoes adds, updates, deletes and transactions of any number of models', async () => {
    const { engine, Item, Box } = await items()
    await Item.objects.create({ name: 'stays' })
    {
      await using db = new Session(engine, { forceRollback: true })
      const [box, item] = [new Box({ label: 'x' }), new Item({ name: 'a' })]
      await db.add(box, item)
      await item.update({ name: 'b' })
      await db.query(Item).filterBy({ name: 'stays' }).delete()
      expect(await rejectionOf(db.add(new Item({ name: 'c' }), new Item({ id: item.pk as number })))).toMatchObject({
        code: 'OFFLOOP_INTEGRITY',
      })
      await (await db.executor()).transaction(async (tx) => await Box.objects.using(tx).create({ label: 'y' }))
      expect([(await db.query(Item)).map(({ name }) => name), await db.query(Box).count()]).toEqual([['b'], 2])
    }
    expect([await Item.objects.values('name'), await Box.objects.count()]).toEqual([[{ name: 'stays' }], 0])
  })

  test('update() and save() of an instance that has nothing but its key reject where its row is missing', async () => {
    const { models, db } = await items()
    class Seat extends models.define('seats', { row: integer({ primaryKey: true }), place: integer({ primaryKey: true }) }) {}
    class Empty extends models.define('empty', { id: integer({ primaryKey: true }) }) {}
    await models.createAll()
    const [seat, empty] = [new Seat({ row: 1, place: 2 }), new Empty({ id: 1 })]
    for (const missing of [seat, empty]) expect(await rejectionOf(db.update(missing))).toBeInstanceOf(NoMatch)
    await db.add(seat, empty)
    await db.update(seat, empty)
    await seat.save()
    expect(await rejectionOf(db.update(seat, new Empty({ id: 2 })))).toBeInstanceOf(NoMatch)
    await Seat.objects.filter({ row: 1 }).delete()
    expect(await rejectionOf(seat.save())).toBeInstanceOf(NoMatch)
    await db.delete(empty)
    expect((await rejectionOf(db.update(empty))).message).toContain('has been deleted')
    expect(await rejectionOf(db.update(new Seat()))).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
  })

  test('a session that is closed refuses, and may be closed again; one that was never used has nothing to undo', async () => {
    const { engine, Item } = await items()
    const db = new Session(engine, { forceRollback: true })
    await db.close()
    await db.close()
    for (const refused of [() => db.add(new Item({})), () => db.query(Item).all(), () => db.query(Item.c.id).all()]) {
      expect(await rejectionOf(refused())).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
    }
    expect(() => new Session({} as never)).toThrow(TypeError)
    expect(() => new Session(engine).query({} as never)).toThrow(TypeError)
  })

  test('an option that nobody would look at is refused', async () => {
    const { engine, models, Item } = await items()
    const id = integer({ primaryKey: true })
    expect(() => new Session(engine, { forcerollback: true } as never)).toThrow('Did you mean "forceRollback"?')
    expect(() => new Session(engine).query(Item, { mapper: () => () => 1 } as never)).toThrow(ArgumentError)
    expect(() => new Session(engine).query(Item, { mapperFactory: 5 as never })).toThrow('"mapperFactory" of query() is a function')
    expect(() => new ModelRegistry(engine, { schema: 'x' } as never)).toThrow(ArgumentError)
    const stray = { comment: 'x' } as never
    expect(() => models.define('other', { id }, stray)).toThrow('define() has no option "comment".')
    expect(() => models.abstract({}).define('other', { id }, stray)).toThrow('define() has no option "comment".')
    expect(() => Item.extend('other', {}, stray)).toThrow('extend() has no option "comment".')
  })
})
