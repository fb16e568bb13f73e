import { ArgumentError, IntegrityError, NoResultFound, OffloopError, ProgrammingError, sql } from 'offloop'
import { DataAccessLayer, entity, FilterError, filterSet, StaleDataError, totalCount, transaction } from 'offloop/dal'
import { bigInteger, boolean, dateTime, integer, json, MetaData, string, Table, text } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { createLibrary } from './library.ts'

describeDialects((fixture) => {
  async function library() {
    const engine = fixture.engine()
    const tables = await createLibrary(engine)
    const filters = filterSet({ from: ['id', 'ge'], text: ['name', 'contains'], pages: ['pages', 'eq'] })
    const books = entity({ table: tables.book, filters })
    const kept = entity({ table: tables.book, filters, softDelete: 'deleted_at', version: 'version' })
    const seats = entity({ table: tables.seat })
    return { engine, tables, books, kept, seats, filters }
  }

  async function fourBooks() {
    const made = await library()
    for (const id of [1, 2, 3, 4]) await made.books.insert(made.engine, { id, author_id: 1, name: `book ${id}`, pages: id - 1 })
    return made
  }

  test('insert() gives the row with its defaults', async () => {
    const { engine, books, seats } = await library()
    const book = await books.insert(engine, { author_id: 1, name: 'x', extra: { pages: [1] } })
    expect(book).toEqual({
      id: 1,
      author_id: 1,
      name: 'x',
      catalog: null,
      pages: null,
      extra: { pages: [1] },
      version: 1,
      deleted_at: null,
    })
    const seat = await seats.insert(engine, { hall: 'A', place: 1, guests: 2n ** 60n })
    expect(seat).toEqual({ hall: 'A', place: 1, taken: false, guests: 2n ** 60n, note: null })
  })

  test('insert() gives the row of a table without a primary key, and of a key that the database computes', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const log = new Table('log', metadata, { at: dateTime(), line: text({ nullable: false }), extra: json(), size: bigInteger() })
    const computed =
      engine.dialect.name === 'mysql' ? sql`(concat('k', 1))` : engine.dialect.name === 'sqlite' ? sql`('k' || 1)` : sql`'k1'`
    const keyed = new Table('keyed', metadata, {
      id: string(36, { primaryKey: true, serverDefault: computed }),
      name: string(20, { unique: true }),
    })
    await metadata.createAll(engine)
    const row = { at: new Date(5), line: 'x', extra: { a: [1] }, size: 2n ** 60n }
    await engine.transaction(async (tx) => {
      expect(await entity({ table: log }).insert(tx, row)).toEqual(row)
      expect(await entity({ table: log }).insert(tx, row)).toEqual(row)
    })
    expect(await engine.execute(log.select()).fetchall()).toEqual([row, row])
    const entities = entity({ table: keyed })
    expect(await entities.insert(engine, { name: 'a' })).toEqual({ id: 'k1', name: 'a' })
    expect(await entities.upsert(engine, { name: 'a' }, { target: 'name' })).toEqual({ id: 'k1', name: 'a' })
    const clash = await rejectionOf(entities.insert(engine, { name: 'b' }))
    expect(clash).toBeInstanceOf(IntegrityError)
    expect(await rejectionOf(entity({ table: log }).insert(engine, { line: sql`nonsense(` } as never))).toBeInstanceOf(ProgrammingError)
    expect(await engine.scalar('select count(*) from log')).toBe(2)
  })

  test('detail() gives the row of a key, and rejects where there is none', async () => {
    const { engine, books } = await fourBooks()
    expect(await books.detail(engine, 2)).toMatchObject({ id: 2, name: 'book 2' })
    expect(await books.detail(engine, { id: 3 })).toMatchObject({ id: 3 })
    const refusal = await rejectionOf(books.detail(engine, 99))
    expect(refusal).toBeInstanceOf(NoResultFound)
    expect(refusal.message).toBe('Table "book" has no such row.')
  })

  test('what is asked for by a name that means nothing is refused', async () => {
    const { engine, books, kept } = await fourBooks()
    const refusals = [
      books.list(engine, { filter: { from: 3 } } as never),
      books.detail(engine, 1, { withdeleted: true } as never),
      books.page(engine, { url: '/books', limit: 2, filter: {} } as never),
      books.upsert(engine, { id: 1, author_id: 1, name: 'x' }, { targets: ['id'] } as never),
      books.update(engine, 1, { name: 'x' }, { versions: 1 } as never),
      kept.delete(engine, 1, { versions: 9 } as never),
      DataAccessLayer.reflect(engine, { onyl: ['book'] } as never),
    ]
    expect(() => entity({ tables: 'book' } as never)).toThrow('An entity has no option "tables". Did you mean "table"?')
    expect(() => entity({} as never)).toThrow('An entity is made of a table, found undefined.')
    for (const refused of refusals) expect(await rejectionOf(refused)).toBeInstanceOf(ArgumentError)
    expect(await kept.detail(engine, 1)).toMatchObject({ name: 'book 1' })
  })

  test('a composite key is a list or an object, and a part of one is refused', async () => {
    const { engine, seats } = await library()
    await seats.insert(engine, { hall: 'A', place: 1, taken: true })
    await seats.insert(engine, { hall: 'A', place: 2 })
    expect(await seats.detail(engine, ['A', 1])).toMatchObject({ place: 1, taken: true })
    expect(await seats.update(engine, { hall: 'A', place: 2 }, { note: 'x' })).toMatchObject({ place: 2, note: 'x' })
    expect(await seats.delete(engine, ['A', 1])).toMatchObject({ place: 1 })
    expect(await seats.list(engine)).toHaveLength(1)
    for (const key of ['A', ['A'], { hall: 'A' }, { hall: 'A', place: 2, x: 1 }, ['A', null], ['A', 2, 3], undefined]) {
      expect(await rejectionOf(seats.delete(engine, key))).toBeInstanceOf(ArgumentError)
    }
    expect(await seats.list(engine)).toHaveLength(1)
  })

  test('list() takes conditions, filters, an order, a limit and an offset', async () => {
    const { engine, books, tables } = await fourBooks()
    const ids = async (request: Parameters<typeof books.list>[1]) => (await books.list(engine, request)).map(({ id }) => id)
    const { c } = tables.book
    expect(await ids({ orderBy: '-id' })).toEqual([4, 3, 2, 1])
    expect(await ids({ where: c.id.gt(1), orderBy: ['author_id', '-id'] })).toEqual([4, 3, 2])
    expect(await ids({ where: [c.id.gt(1), c.id.lt(4)], orderBy: c.id.asc() })).toEqual([2, 3])
    expect(await ids({ filters: { from: 3 }, orderBy: 'id' })).toEqual([3, 4])
    expect(await ids({ filters: { pages: 0 } })).toEqual([1])
    expect(await ids({ limit: 2 })).toEqual([1, 2])
    expect(await ids({ limit: 2, offset: 3 })).toEqual([4])
    expect(await ids({ offset: 2 })).toEqual([3, 4])
    expect(await ids({ limit: 0 })).toEqual([])
    expect(await rejectionOf(books.list(engine, { filters: { nope: 1 } as never }))).toBeInstanceOf(FilterError)
    expect(await rejectionOf(books.list(engine, { orderBy: 'nope; drop table book' as never }))).toBeInstanceOf(ArgumentError)
    expect(await rejectionOf(books.list(engine, { limit: -1 }))).toBeInstanceOf(ArgumentError)
    expect(await rejectionOf(books.list(engine, { offset: 0.5 }))).toBeInstanceOf(ArgumentError)
  })

  test('update() changes the given columns alone, and gives the row', async () => {
    const { engine, books } = await fourBooks()
    expect(await books.update(engine, 2, { name: null, pages: 0, catalog: undefined })).toMatchObject({ id: 2, name: null, pages: 0 })
    expect(await books.update(engine, 2, {})).toMatchObject({ id: 2, pages: 0 })
    expect(await books.update(engine, 2, { id: 20 })).toMatchObject({ id: 20, pages: 0 })
    expect(await books.detail(engine, 3)).toMatchObject({ name: 'book 3' })
    expect(await rejectionOf(books.update(engine, 99, { pages: 1 }))).toBeInstanceOf(NoResultFound)
    expect(await rejectionOf(books.update(engine, 3, { nme: 1 } as never))).toBeInstanceOf(ArgumentError)
    expect(await rejectionOf(books.update(engine, 3, { pages: 1 }, { version: 1 }))).toBeInstanceOf(ArgumentError)
  })

  test('update() gives the row whose key SQL computes, and changes none where it could not be found', async () => {
    const { engine, books } = await fourBooks()
    const moved = books.update(engine, 2, { id: sql`id + 10` })
    if (fixture.can.updateReturning) expect(await moved).toMatchObject({ id: 12, name: 'book 2' })
    else expect(await rejectionOf(moved)).toMatchObject({ code: 'OFFLOOP_NOT_SUPPORTED' })
    expect(await books.update(engine, 3, { pages: sql`pages + 1` })).toMatchObject({ id: 3, pages: 3 })
    expect((await books.list(engine)).some(({ id }) => id === 2)).toBe(!fixture.can.updateReturning)
  })

  test('delete() gives the row that is gone', async () => {
    const { engine, books } = await fourBooks()
    expect(await books.delete(engine, 2)).toMatchObject({ id: 2, name: 'book 2' })
    expect(await rejectionOf(books.delete(engine, 2))).toBeInstanceOf(NoResultFound)
    expect(await books.list(engine)).toHaveLength(3)
  })

  test('upsert() inserts a row, or changes the one that has its key', async () => {
    const { engine, books } = await library()
    const first = await books.upsert(engine, { author_id: 1, catalog: 'c', name: 'one', pages: 1 }, { target: 'catalog' })
    expect(first).toMatchObject({ name: 'one', pages: 1 })
    const second = await books.upsert(engine, { author_id: 1, catalog: 'c', name: 'two', pages: null }, { target: ['catalog'] })
    expect(second).toMatchObject({ id: first.id, name: 'two', pages: null })
    expect(await books.upsert(engine, { id: first.id, author_id: 1, name: 'three' })).toMatchObject({
      id: first.id,
      name: 'three',
      catalog: 'c',
    })
    expect(await books.list(engine)).toHaveLength(1)
    expect(await rejectionOf(books.upsert(engine, { author_id: 1 }, { target: ['nope'] as never }))).toBeInstanceOf(OffloopError)
  })

  test('an upsert finds a row whose key is a number below 0', async () => {
    const { engine, books } = await library()
    await books.insert(engine, { id: -1, author_id: 1, catalog: 'c', name: 'one' })
    expect(await books.upsert(engine, { id: -1, author_id: 1, name: 'two' })).toMatchObject({ id: -1, name: 'two', catalog: 'c' })
    const named = { author_id: 1, catalog: 'c', name: 'three' }
    expect(await books.upsert(engine, named, { target: 'catalog' })).toMatchObject({ id: -1, name: 'three' })
    expect(await books.list(engine)).toHaveLength(1)
  })

  test('an upsert of nothing but its key leaves the row that is there, and gives it', async () => {
    const { engine, seats } = await library()
    await seats.insert(engine, { hall: 'A', place: 1, note: 'mine' })
    expect(await seats.upsert(engine, { hall: 'A', place: 1 })).toMatchObject({ note: 'mine' })
    expect(await seats.upsert(engine, { hall: 'A', place: 2 })).toMatchObject({ note: null })
  })

  test('a version counts with each change, and an old one is refused', async () => {
    const { engine, kept } = await library()
    const book = await kept.insert(engine, { author_id: 1, name: 'x' })
    expect(book.version).toBe(1)
    const changed = await kept.update(engine, book.id, { name: 'y' }, { version: 1 })
    expect(changed).toMatchObject({ name: 'y', version: 2 })
    const refusal = await rejectionOf(kept.update(engine, book.id, { name: 'z' }, { version: 1 }))
    expect(refusal).toBeInstanceOf(StaleDataError)
    expect(refusal).toMatchObject({ code: 'OFFLOOP_STALE_DATA', retryable: false })
    expect(await kept.detail(engine, book.id)).toEqual(changed)
    expect(await rejectionOf(kept.delete(engine, book.id, { version: 1 }))).toBeInstanceOf(StaleDataError)
    expect(await kept.update(engine, book.id, {}, { version: 2 })).toMatchObject({ name: 'y', version: 3 })
    expect(await rejectionOf(kept.update(engine, 99, {}, { version: 1 }))).toBeInstanceOf(NoResultFound)
  })

  test('an update of a versioned entity without a version is refused, and so is one that sets it', async () => {
    const { engine, kept } = await library()
    const { id } = await kept.insert(engine, { author_id: 1 })
    expect(await rejectionOf(kept.update(engine, id, { name: 'y' }))).toBeInstanceOf(ArgumentError)
    expect(await rejectionOf(kept.update(engine, id, { version: 7 }, { version: 1 }))).toBeInstanceOf(ArgumentError)
    expect(await rejectionOf(kept.update(engine, id, {}, { version: '1' }))).toBeInstanceOf(TypeError)
  })

  test('a version can be a UUID, and one of a row without a version is null', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = new Table('tagged', metadata, { id: integer({ primaryKey: true }), etag: string(36), note: text() })
    await metadata.createAll(engine)
    const tagged = entity({ table, version: 'etag' })
    const first = await tagged.insert(engine, { id: 1 })
    expect(first.etag).toMatch(/^[0-9a-f-]{36}$/)
    const second = await tagged.update(engine, 1, { note: 'x' }, { version: first.etag })
    expect(second.etag).not.toBe(first.etag)
    expect(await rejectionOf(tagged.update(engine, 1, { note: 'y' }, { version: first.etag }))).toBeInstanceOf(StaleDataError)
    await engine.execute(sql`insert into tagged (id) values (2)`)
    expect((await tagged.update(engine, 2, {}, { version: null })).etag).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('a row that counts as deleted is hidden, and stays', async () => {
    const { engine, kept } = await library()
    const { id } = await kept.insert(engine, { author_id: 1, catalog: 'c' })
    const before = Date.now()
    const gone = await kept.delete(engine, id)
    expect(gone.deleted_at?.getTime()).toBeGreaterThanOrEqual(before - 1_000)
    expect(gone.version).toBe(2)
    expect(await kept.list(engine)).toEqual([])
    expect(await kept.list(engine, { withDeleted: true })).toEqual([gone])
    expect(await kept.detail(engine, id, { withDeleted: true })).toEqual(gone)
    for (const work of [() => kept.detail(engine, id), () => kept.delete(engine, id), () => kept.update(engine, id, {}, { version: 2 })]) {
      expect(await rejectionOf(work)).toBeInstanceOf(NoResultFound)
    }
    expect(await kept.upsert(engine, { author_id: 1, catalog: 'c', name: 'back' }, { target: 'catalog' })).toMatchObject({
      id,
      name: 'back',
      deleted_at: null,
      version: 3,
    })
    expect(await kept.list(engine)).toHaveLength(1)
  })

  test('the mark of a deletion can be a flag', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = new Table('flagged', metadata, { id: integer({ primaryKey: true }), gone: boolean(), at: text(), on: dateTime() })
    await metadata.createAll(engine)
    const flagged = entity({ table, softDelete: 'gone' })
    await flagged.insert(engine, { id: 1 })
    await flagged.insert(engine, { id: 2, gone: false })
    expect(await flagged.delete(engine, 1)).toMatchObject({ id: 1, gone: true })
    expect(await flagged.list(engine)).toMatchObject([{ id: 2, gone: false }])
    const dated = entity({ table, softDelete: 'at' })
    expect((await dated.delete(engine, 2)).at).toMatch(/^\d{4}-\d{2}-\d{2}T/)
  })

  test('pages follow each other to the last row', async () => {
    const { engine, kept, books } = await fourBooks()
    await kept.delete(engine, 2)
    const first = await kept.page(engine, {
      url: 'http://h/v1/books?text=b',
      limit: 2,
      filters: { text: 'b' },
      orderBy: '-id',
      urlStart: '/v1',
    })
    expect(first).toMatchObject({ nextUrl: '/v1/books?text=b&offset=2&limit=2', totalCount: 3, results: [{ id: 4 }, { id: 3 }] })
    expect(first.results[0]).not.toHaveProperty('total_count')
    const url = first.nextUrl as string
    const second = await kept.page(engine, { url, offset: 2, limit: 2, filters: { text: 'b' }, orderBy: '-id' })
    expect(second).toMatchObject({ nextUrl: null, totalCount: 3, results: [{ id: 1 }] })
    expect(await books.page(engine, { url: '/b', limit: 1, withDeleted: true })).toMatchObject({ totalCount: 4 })
  })

  test('a page behind the last row still knows how many there are', async () => {
    const { engine, books } = await fourBooks()
    expect(await books.page(engine, { url: '/b', offset: 10, limit: 2 })).toEqual({ nextUrl: null, totalCount: 4, results: [] })
    expect(await books.page(engine, { url: '/b', limit: 0 })).toEqual({ nextUrl: null, totalCount: 4, results: [] })
    expect(await books.page(engine, { url: '/b', limit: 2, filters: { from: 99 } })).toEqual({ nextUrl: null, totalCount: 0, results: [] })
  })

  test('a table with a column total_count has pages too', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const table = new Table('counts', metadata, { id: integer({ primaryKey: true }), total_count: integer() })
    await metadata.createAll(engine)
    const counts = entity({ table })
    for (const id of [1, 2, 3]) await counts.insert(engine, { id, total_count: 70 })
    expect(await counts.page(engine, { url: '/c', limit: 1 })).toEqual({
      nextUrl: '/c?offset=1&limit=1',
      totalCount: 3,
      results: [{ id: 1, total_count: 70 }],
    })
  })

  test('statements of one’s own take the place of those of the table', async () => {
    const { engine, tables, books } = await fourBooks()
    const { book } = tables
    const own = entity({
      table: book,
      statements: {
        list: (_tx, { where, limit }) =>
          book
            .select(where)
            .select(totalCount(book.c.id))
            .orderBy('id', 'desc')
            .limit(limit ?? 9),
        insert: (_tx, data) => book.insert().values({ author_id: 1, ...data, name: `own ${data.name}` }),
        update: (_tx, key, values) =>
          book
            .update()
            .set({ ...values, pages: 77 } as never)
            .where(book.c.id.eq(key as number)),
        delete: (_tx, key) => book.delete().where(book.c.id.eq(key as number)),
      },
    })
    expect((await own.list(engine, { where: book.c.id.lt(4), limit: 2 })).map(({ id }) => id)).toEqual([3, 2])
    expect(await own.page(engine, { url: '/b', limit: 2 })).toMatchObject({ totalCount: 4, results: [{ id: 4 }, { id: 3 }] })
    expect(await own.insert(engine, { id: 5, name: 'x' })).toMatchObject({ id: 5, name: 'own x' })
    expect(await own.update(engine, 5, { name: 'y' })).toMatchObject({ name: 'y', pages: 77 })
    expect(await rejectionOf(own.update(engine, 99, { name: 'y' }))).toBeInstanceOf(NoResultFound)
    await own.delete(engine, 1)
    expect(await books.list(engine)).toHaveLength(4)
  })

  test('an entity of a reflected table works, and one of a view can be listed', async () => {
    const { engine } = await fourBooks()
    const dal = await DataAccessLayer.reflect(engine)
    const books = entity({ table: dal.getTable('book'), softDelete: 'deleted_at', version: 'version' })
    const names = entity({ table: dal.getTable('book_names') })
    await transaction(dal, async (tx) => {
      const book = await books.detail(tx, 2)
      await books.update(tx, 2, { name: 'changed', extra: { a: [1] } }, { version: book['version'] })
      expect(await books.detail(tx, 2)).toMatchObject({ name: 'changed', extra: { a: [1] }, version: 2 })
      await books.delete(tx, 3)
      expect(await books.list(tx)).toHaveLength(3)
    })
    expect(await names.list(engine, { where: dal.getTable('book_names').column('book').eq('changed') })).toEqual([
      { book: 'changed', author: 'Ada' },
    ])
    expect(await rejectionOf(names.detail(engine, 1))).toBeInstanceOf(ArgumentError)
  })

  test('what an entity cannot be made of is refused', async () => {
    const { tables } = await library()
    const { book, seat } = tables
    expect(() => entity({ table: book, version: 'deleted_at' })).toThrow(ArgumentError)
    expect(() => entity({ table: book, version: 'nope' as never })).toThrow(ArgumentError)
    expect(() => entity({ table: book, softDelete: 'extra' })).toThrow(ArgumentError)
    expect(() => entity({ table: seat, softDelete: 'hall' })).toThrow(ArgumentError)
    expect(() => entity({ table: book, filters: filterSet({ x: ['nope', 'eq'] }) as never })).toThrow(ArgumentError)
    expect(() => entity({ table: book, sofDelete: 'deleted_at' } as never)).toThrow('Did you mean "softDelete"?')
    expect(() => entity({ table: book, statements: { lst: () => '' } as never })).toThrow('Did you mean "list"?')
  })

  test('a misspelled option is refused before anything is read or changed', async () => {
    const { engine, books } = await fourBooks()
    const before = await books.list(engine)
    for (const [refused, meant] of [
      [() => books.list(engine, { filter: {} } as never), 'filters'],
      [() => books.page(engine, { url: '/', limit: 1, ofset: 1 } as never), 'offset'],
      [() => books.detail(engine, 1, { withDeletd: true } as never), 'withDeleted'],
      [() => books.update(engine, 1, { pages: 1 }, { verison: 1 } as never), 'version'],
      [() => books.delete(engine, 1, { verison: 1 } as never), 'version'],
      [() => books.upsert(engine, before[0] as never, { targte: 'id' } as never), 'target'],
    ] as const) {
      const refusal = await rejectionOf(refused)
      expect(refusal).toBeInstanceOf(ArgumentError)
      expect(refusal.message).toContain(`Did you mean "${meant}"?`)
    }
    expect(await books.list(engine)).toEqual(before)
  })
})
