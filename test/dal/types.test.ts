import { type AsyncConnection, type AsyncEngine, createEngine, sql } from 'offloop'
import { connect, DataAccessLayer, entity, filterSet, type NewRow, type TransactionManager, totalCount, transaction } from 'offloop/dal'
import { type ColumnSpecs, dateTime, type InferInsert, type InferRow, integer, MetaData, string, Table } from 'offloop/schema'
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

const drafts = new Table('drafts', metadata, {
  id: integer({ primaryKey: true }),
  slug: string(50, { nullable: false }),
  title: string(50, { nullable: false }),
  version: integer({ nullable: false }),
})

/** Never called. */
async function requiredColumns(row: NewRow<typeof drafts.$columns>): Promise<void> {
  const engine = createEngine('sqlite://')
  const kept = entity({
    table: drafts,
    version: 'version',
    statements: {
      detail: (_tx, _key, { where }) => drafts.select(where),
      update: (_tx, key, values) =>
        drafts
          .update()
          .set(values)
          .where(drafts.c.id.eq(key as number)),
    },
  })
  expectTypeOf(await kept.insert(engine, { slug: 'x', title: 'x' })).toEqualTypeOf<InferRow<typeof drafts>>()
  await kept.insert(engine, row)
  await kept.insert(engine, { slug: sql`lower('X')`, title: drafts.c.slug, version: 5 })
  await kept.upsert(engine, { id: 1, slug: 'x', title: 'x' })
  await kept.update(engine, 1, { title: 'x', slug: undefined }, { version: 1 })
  // @ts-expect-error the title is required
  kept.insert(engine, { slug: 'x' })
  // @ts-expect-error the title is not NULL
  kept.insert(engine, { slug: 'x', title: null })
  // @ts-expect-error the title is required: a row that is there is not known before
  kept.upsert(engine, { id: 1, slug: 'x' })
  // @ts-expect-error no such column
  kept.insert(engine, { slug: 'x', title: 'x', titel: 'x' })
  // @ts-expect-error nobody gives the version
  entity({ table: drafts }).insert(engine, { slug: 'x', title: 'x' })

  const whole = entity({
    table: drafts,
    version: 'version',
    statements: { insert: (_tx, data: InferInsert<typeof drafts>) => drafts.insert().values(data) },
  })
  await whole.insert(engine, { slug: 'x', title: 'x' })
  // @ts-expect-error the title is required
  whole.insert(engine, { slug: 'x' })

  const filledIn = entity({
    table: drafts,
    version: 'version',
    statements: { insert: (_tx, data: { readonly title: string }) => drafts.insert().values({ slug: data.title, version: 1, ...data }) },
  })
  await filledIn.insert(engine, { title: 'x' })
  // @ts-expect-error that is what the statement takes
  filledIn.insert(engine, { slug: 'x' })
}

interface NewBook {
  readonly name: string
  readonly pages?: number
}

/** Never called. */
async function reflectedTables(book: NewBook, record: Record<string, unknown>): Promise<void> {
  const engine = createEngine('sqlite://')
  const table = (await DataAccessLayer.reflect(engine)).getTable('book')
  const shelf = entity({
    table,
    version: 'version',
    statements: { insert: (_tx, data) => table.insert().values({ ...data, name: String(data['name']) }) },
  })
  await shelf.insert(engine, book)
  await shelf.insert(engine, record)
  await shelf.update(engine, 1, book, { version: 1 })
  await shelf.upsert(engine, book, { target: 'name' })
  expectTypeOf(await shelf.detail(engine, 1)).toEqualTypeOf<{ [name: string]: unknown }>()
  // @ts-expect-error no row
  shelf.insert(engine, 'x')
}

/** Never called: any table, in a function of a program's own. */
async function storedIn<N extends string, C extends ColumnSpecs>(
  table: Table<N, C>,
  row: InferInsert<Table<N, C>>,
): Promise<InferRow<Table<N, C>>> {
  return await entity({ table }).insert(createEngine('sqlite://'), row)
}

describe('the types of a data access layer', () => {
  test('are checked when this file is compiled', () => {
    expectTypeOf(statements).returns.resolves.toBeVoid()
    expectTypeOf(requiredColumns).returns.resolves.toBeVoid()
    expectTypeOf(reflectedTables).returns.resolves.toBeVoid()
    expectTypeOf(storedIn<'drafts', typeof drafts.$columns>).returns.resolves.toEqualTypeOf<InferRow<typeof drafts>>()
  })
})
