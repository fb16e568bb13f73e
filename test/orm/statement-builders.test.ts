import { integer, json, Manager, ModelRegistry, string } from 'offloop/orm'
import { and, not, or } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'

describeDatabases((fixture) => {
  async function products() {
    const models = new ModelRegistry(fixture.engine())
    class Product extends models.define('products', {
      id: integer({ primaryKey: true }),
      name: string({ maxLength: 9 }),
      stock: integer({ default: 0 }),
      data: json({ allowNull: true }),
    }) {}
    class Finder extends Manager<typeof Product> {
      inStock() {
        return this.setSql(Product.table.select()).where([Product.c.stock.gt(0)])
      }
    }
    await models.createAll()
    await Product.objects.bulkCreate([
      { name: 'a', stock: 2, data: { a: ['1', 2], b: true } },
      { name: 'b', stock: 0, data: { c: null } },
      { name: 'c', stock: 2 },
      { name: 'd', stock: 1, data: [1] },
    ])
    return { models, Product, items: new Finder(Product) }
  }

  test('conditions, order, limit and offset are added one after another', async () => {
    const { items, Product } = await products()
    const ids = async (builder: { fetchall(): Promise<Record<string, unknown>[]> }) => (await builder.fetchall()).map(({ id }) => id)
    const all = items.setSql(Product.table.select())
    expect(await ids(all.orderBy('-stock', 'name'))).toEqual([1, 3, 4, 2])
    expect(await ids(all.orderBy(['-stock', '-name']))).toEqual([3, 1, 4, 2])
    expect(await ids(all.orderBy('stock').orderBy('-id'))).toEqual([2, 4, 3, 1])
    expect(await ids(all.orderBy(Product.c.name.desc()))).toEqual([4, 3, 2, 1])
    expect(await ids(all.orderBy('id').limit(2).offset(1))).toEqual([2, 3])
    expect(await ids(all.orderBy('id').limit(null))).toEqual([1, 2, 3, 4])
    expect(await ids(all.orderBy('id').limit(0))).toEqual([])
    for (const nothing of [[], null, undefined]) expect(await ids(all.where(nothing).orderBy('id'))).toEqual([1, 2, 3, 4])
    expect(await ids(all.where([Product.c.stock.eq(2), Product.c.name.ne('a')]))).toEqual([3])
    expect(await ids(all.where([or(Product.c.stock.eq(0), Product.c.stock.eq(1))]).orderBy('id'))).toEqual([2, 4])
  })

  test('a chain ends in rows, a row, a value or a number of rows, and can be run again', async () => {
    const { items, Product } = await products()
    const chain = items.inStock()
    const [first, second] = [chain.where([Product.c.name.eq('a')]), chain.where([Product.c.name.eq('d')])]
    // Neither knows of the other, nor the manager of either.
    expect([await second.fetchone(), await first.fetchone()]).toMatchObject([{ name: 'd' }, { name: 'a' }])
    expect(await Promise.all([first.fetchall(), second.fetchall(), chain.fetchall()])).toMatchObject([
      [{ id: 1 }],
      [{ id: 4 }],
      [{ id: 1 }, { id: 3 }, { id: 4 }],
    ])
    expect([await first.scalar(), await first.scalar()]).toEqual([1, 1])
    expect(await chain.where([Product.c.name.eq('x')]).fetchone()).toBeNull()
    expect(await chain.where([Product.c.name.eq('x')]).scalar()).toBeNull()
    expect(
      await items
        .setSql(Product.table.delete())
        .where([Product.c.stock.eq(2)])
        .rowcount(),
    ).toBe(2)
    expect(await items.setSql('select count(*) from products').scalar()).toBe(2)
    expect(await rejectionOf(async () => await items.setSql(undefined as never).fetchall())).toBeInstanceOf(Error)
    expect(await rejectionOf(items.setSql('select nothing from products').fetchall())).toMatchObject({
      sql: 'select nothing from products',
    })
  })

  test('a manager of a transaction runs its statements there', async () => {
    const { items, Product } = await products()
    await expect(
      items.transaction(async (bound) => {
        expect(
          await bound
            .setSql(Product.table.delete())
            .where([Product.c.stock.eq(2)])
            .rowcount(),
        ).toBe(2)
        expect(await bound.inStock().fetchall()).toHaveLength(1)
        throw new Error('undo')
      }),
    ).rejects.toThrow('undo')
    expect(await items.inStock().fetchall()).toHaveLength(3)
  })

  test('finders take conditions, order, limit and offset, and give rows or instances', async () => {
    const { items, Product } = await products()
    const { c } = Product
    const found = await items.getInstances({ whereList: [c.stock.gt(0)], orderBy: ['-stock', '-id'], limit: 2, offset: 1 })
    expect(found.map((product) => [product.id, product instanceof Product])).toEqual([
      [1, true],
      [4, true],
    ])
    expect(await items.getItems({ whereList: [c.stock.gt(0)], orderBy: [c.name.desc()], limit: null })).toMatchObject([
      { id: 4 },
      { id: 3 },
      { id: 1, data: { a: ['1', 2], b: true } },
    ])
    expect(await items.getItems({ limit: 0 })).toEqual([])
    expect(await items.getInstances()).toHaveLength(4)
    expect(await items.getInstance([c.name.eq('x')])).toBeNull()
    expect([await items.count({ whereList: [c.stock.eq(2), c.name.eq('a')] }), await items.count()]).toEqual([1, 4])
  })

  test('a manager of a class finds instances of that class, whoever was asked first', async () => {
    const { Product } = await products()
    class Special extends Product {
      shout() {
        return this.name.toUpperCase()
      }
    }
    expect(await Product.objects.get({ pk: 1 })).not.toBeInstanceOf(Special)
    const special = (await (Special.objects as unknown as Manager<typeof Special>).get({ pk: 1 })) as Special
    expect(special.shout()).toBe('A')
    expect(Special.objects).not.toBe(Product.objects)
    expect(await Product.objects.get({ pk: 1 })).not.toBeInstanceOf(Special)
  })

  test('insert, update and delete by expressions give instances or numbers', async () => {
    const { items, Product } = await products()
    const { c } = Product
    expect(await items.insert({ name: 'e' })).toMatchObject({ id: 5, stock: 0 })
    expect(await items.insert({ name: 'f' }, { fetch: false })).toBe(6)
    expect(await items.bulkInsert([])).toEqual([])
    const changed = await items.update({ stock: 0, name: 'z' }, { whereList: [c.stock.eq(2)], fetch: true })
    expect(changed.map((product) => [product instanceof Product, product.id, product.name, product.stock])).toEqual([
      [true, 1, 'z', 0],
      [true, 3, 'z', 0],
    ])
    expect(await rejectionOf(items.update({ name: 'x'.repeat(10) }, { whereList: [c.id.eq(1)] }))).toMatchObject({
      code: 'OFFLOOP_VALIDATION',
    })
    expect(await items.delete([c.name.eq('z')], [c.id.gt(1)])).toBe(1)
    expect(await rejectionOf(items.delete([c.name.eq('z')], []))).toMatchObject({ code: 'OFFLOOP_INVALID_REQUEST' })
    expect(await items.count()).toBe(5)
  })

  test('expressions over columns filter by and, or, not and places in JSON', async () => {
    const { Product } = await products()
    const { c } = Product
    const ids = async (condition: ReturnType<typeof and>) =>
      (await Product.objects.filter(condition).orderBy('id').values('id')).map(({ id }) => id)
    expect(await ids(and(c.stock.eq(2), not(c.name.eq('a'))))).toEqual([3])
    expect(await ids(or(c.stock.between(1, 1), c.name.in(['b'])))).toEqual([2, 4])
    expect(await ids(c.data.path('a', 0).eq('1'))).toEqual([1])
    expect(await ids(c.data.path('a', 0).asText().eq('1'))).toEqual([1])
    expect(await ids(c.data.path('a', 1).eq(2))).toEqual([1])
    expect(await ids(c.data.path('a', 0).eq(1))).toEqual([])
    expect(await ids(c.data.hasKey('c'))).toEqual([2])
    expect(await ids(c.data.contains({ b: true }))).toEqual([1])
    expect(await ids(c.data.eq(null))).toEqual([3])
    expect(
      await Product.objects
        .filter({ data__isnull: false, stock__gt: 0 })
        .where(c.data.contains([1]))
        .count(),
    ).toBe(1)
    expect(await Product.objects.exclude(c.data.hasKey('a')).count()).toBe(2)
    expect(await Product.objects.filter(c.data.hasKey('a')).update({ data: { x: [] } })).toBe(1)
    expect(await Product.objects.get({ pk: 1 })).toMatchObject({ data: { x: [] } })
  })
})
