import { type AsyncConnection, type AsyncEngine, createEngine } from 'offloop'
import { connect, DataAccessLayer, entity, filterSet, type TransactionManager, totalCount, transaction } from 'offloop/dal'
import { dateTime, type InferRow, integer, MetaData, string, Table } from 'offloop/schema'
import { describe, expectTypeOf, test } from 'vitest'

const metadata = new MetaData()
const books = new Table('books', metadata, {
  id: integer({ primaryKey: true }),
  name: string(50, { nullable: false }),
  pages: integer(),
  version: integer({ nullable: false, default: 1 }),
  deleted_at: dateTime(),
})
type Book = InferRow<typeof books>

/** Never called: it is there for the compiler. */
async function statements(): Promise<void> {
  const engine = createEngine('sqlite://')
  const dal = await DataAccessLayer.reflect(engine)
  expectTypeOf(dal.engine).toEqualTypeOf<AsyncEngine>()
  expectTypeOf((await connect('sqlite://')).engine).toEqualTypeOf<AsyncEngine>()
  const plain: DataAccessLayer = dal
  expectTypeOf(await transaction(plain, async () => 5)).toEqualTypeOf<number>()

  await transaction(dal, async (tx) => {
    expectTypeOf(tx.connection).toEqualTypeOf<AsyncConnection>()
    const some: TransactionManager = tx
    const author = some.getTable('author')
    const bob = await some.execute(author.insert().values({ name: 'bob' }).returning(['id', 'name'])).one()
    expectTypeOf(bob).toEqualTypeOf<{ id: unknown; name: unknown }>()
    expectTypeOf(await tx.execute(books.select().select(totalCount(books.c.id))).one()).toMatchTypeOf<Book & { total_count: number }>()
    expectTypeOf(await tx.execute(books.insert().values({ name: 'x' }).returning(['id'])).one()).toEqualTypeOf<{ id: number }>()
    expectTypeOf(await tx.execute(books.insert().values({ name: 'x' }).returning('id', 'pages')).one()).toEqualTypeOf<{
      id: number
      pages: number | null
    }>()
    // @ts-expect-error a column that the table has not
    books.insert().values({ name: 'x' }).returning(['nme'])
  })

  const filters = filterSet({ from: ['id', 'ge'], text: ['name', 'contains'], ids: ['id', 'in'] })
  const shelf = entity({ table: books, filters, softDelete: 'deleted_at', version: 'version' })
  expectTypeOf(await shelf.list(engine, { filters: { from: 1, text: 'x', ids: [1] }, orderBy: ['-id', books.c.name.asc()] })).toEqualTypeOf<
    Book[]
  >()
  expectTypeOf(await shelf.detail(engine, 1)).toEqualTypeOf<Book>()
  expectTypeOf(await shelf.insert(engine, { name: 'x' })).toEqualTypeOf<Book>()
  expectTypeOf(await shelf.update(engine, 1, { pages: null }, { version: 1 })).toEqualTypeOf<Book>()
  expectTypeOf((await shelf.page(engine, { url: '/b', limit: 1 })).results).toEqualTypeOf<Book[]>()
  expectTypeOf(await shelf.upsert(engine, { id: 1, name: 'x' }, { target: ['id'] })).toEqualTypeOf<Book>()
  // @ts-expect-error a column of another type
  shelf.insert(engine, { name: 5 })
  // @ts-expect-error a column that the table has not
  shelf.update(engine, 1, { nme: 'x' }, { version: 1 })
  // @ts-expect-error an unknown filter
  shelf.list(engine, { filters: { form: 1 } })
  // @ts-expect-error a value of another type than the column's
  shelf.list(engine, { filters: { from: 'x' } })
  // @ts-expect-error no list of values
  shelf.list(engine, { filters: { ids: 1 } })
  // @ts-expect-error an order by no column
  shelf.list(engine, { orderBy: '-nme' })
  // @ts-expect-error no column of the table
  entity({ table: books, version: 'vrsion' })
  // @ts-expect-error an unknown operator
  filterSet({ x: ['id', 'gee'] })
  // @ts-expect-error a part of a key that is no column's value is checked when it runs, and an option by its name at once
  shelf.detail(engine, 1, { withDelted: true })
}

describe('the types of a data access layer', () => {
  test('are checked when this file is compiled', () => {
    expectTypeOf(statements).returns.resolves.toBeVoid()
  })
})
