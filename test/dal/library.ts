import { type AsyncEngine, sql } from 'offloop'
import { bigInteger, boolean, dateTime, integer, json, MetaData, string, Table, text, uniqueConstraint } from 'offloop/schema'

/** Authors and their books, as tables of whatever database, and a view of them. */
export function libraryTables() {
  const metadata = new MetaData()
  const author = new Table('author', metadata, { id: integer({ primaryKey: true }), name: string(64, { nullable: false }) })
  const book = new Table(
    'book',
    metadata,
    {
      id: integer({ primaryKey: true }),
      author_id: integer({ nullable: false, references: { column: 'author.id', onDelete: 'cascade' } }),
      name: string(64),
      catalog: string(64),
      pages: integer(),
      extra: json(),
      version: integer({ nullable: false, default: 1 }),
      deleted_at: dateTime(),
    },
    {
      constraints: [
        uniqueConstraint(['catalog'], { name: 'uc__book' }),
        uniqueConstraint(['author_id', 'name'], { name: 'uc__book_name' }),
      ],
    },
  )
  const seat = new Table('seat', metadata, {
    hall: string(20, { primaryKey: true }),
    place: integer({ primaryKey: true }),
    taken: boolean({ nullable: false, serverDefault: sql`false` }),
    guests: bigInteger(),
    note: text(),
  })
  const names = new Table(
    'book_names',
    metadata,
    { book: string(64), author: string(64) },
    { view: 'select book.name as book, author.name as author from book join author on author.id = book.author_id' },
  )
  return { metadata, author, book, seat, names }
}

/** The same tables in a database. */
export async function createLibrary(engine: AsyncEngine): Promise<ReturnType<typeof libraryTables>> {
  const tables = libraryTables()
  await tables.metadata.createAll(engine)
  await engine.execute(tables.author.insert().values({ id: 1, name: 'Ada' }))
  return tables
}
