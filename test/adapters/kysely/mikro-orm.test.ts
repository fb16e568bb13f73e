import { defineEntity, MikroORM, p } from '@mikro-orm/core'
import { SqliteDriver } from '@mikro-orm/sql'
import { type AsyncEngine, createEngine, EngineURL } from 'offloop'
import { OffloopDialect } from 'offloop/kysely'
import { expect, test } from 'vitest'
import { describeFiles, rejectionOf } from '../../conformance/targets.ts'

const Author = defineEntity({
  name: 'Author',
  properties: { id: p.integer().primary(), name: p.string().unique(), photo: p.blob().nullable(), born: p.datetime().nullable() },
})

const Book = defineEntity({
  name: 'Book',
  properties: { id: p.integer().primary(), title: p.string(), author: () => p.manyToOne(Author) },
})

/** MikroORM on an engine, its tables made. */
async function openOrm(engine: AsyncEngine): Promise<MikroORM> {
  const orm = await MikroORM.init({
    driver: SqliteDriver,
    driverOptions: new OffloopDialect({ engine }),
    dbName: engine.url.database ?? ':memory:',
    entities: [Author, Book],
  })
  await orm.schema.create()
  return orm
}

describeFiles((fixture) => {
  test('entities are stored and found, with their relations', async () => {
    const engine = fixture.engine()
    const orm = await openOrm(engine)
    const born = new Date('1815-12-10T00:00:00.000Z')
    const photo = Buffer.from([0, 255])
    const em = orm.em.fork()
    const ada = em.create(Author, { name: 'Ada', photo, born })
    em.create(Book, { title: 'Notes', author: ada })
    await em.flush()
    const found = await orm.em.fork().findOneOrFail(Book, { title: 'Notes' }, { populate: ['author'] })
    expect(found.author).toMatchObject({ name: 'Ada', born })
    expect(Buffer.from(found.author.photo ?? [])).toEqual(photo)
    expect(await orm.em.fork().count(Author, { name: { $like: 'A%' } })).toBe(1)
    expect(await engine.scalar('select title from book')).toBe('Notes')
    await orm.close()
    expect(engine.closed).toBe(false)
  })

  test('a transaction stores all or nothing', async () => {
    const orm = await openOrm(fixture.engine())
    await orm.em.fork().transactional(async (em) => {
      em.create(Author, { name: 'Ada' })
    })
    const undone = orm.em.fork().transactional(async (em) => {
      em.create(Author, { name: 'Grace' })
      await em.flush()
      throw new Error('undo')
    })
    expect(await rejectionOf(undone)).toMatchObject({ message: 'undo' })
    expect((await orm.em.fork().find(Author, {})).map(({ name }) => name)).toEqual(['Ada'])
    await orm.close()
  })

  test('a transaction inside another one is undone alone', async () => {
    const orm = await openOrm(fixture.engine())
    await orm.em.fork().transactional(async (em) => {
      em.create(Author, { name: 'Ada' })
      await em.flush()
      for (const name of ['Grace', 'Joan']) {
        const undone = em.transactional(async (inner) => {
          inner.create(Author, { name })
          await inner.flush()
          throw new Error('undo')
        })
        expect(await rejectionOf(undone)).toMatchObject({ message: 'undo' })
      }
      await em.transactional(async (inner) => {
        inner.create(Author, { name: 'Edsger' })
      })
    })
    const names = (await orm.em.fork().find(Author, {}, { orderBy: { id: 'asc' } })).map(({ name }) => name)
    expect(names).toEqual(['Ada', 'Edsger'])
    await orm.close()
  })

  test('a constraint that fails is an error of MikroORM, with ours behind it', async () => {
    const orm = await openOrm(fixture.engine())
    await orm.em.fork().insert(Author, { name: 'Ada' })
    const error = await rejectionOf(orm.em.fork().insert(Author, { name: 'Ada' }))
    expect(error).toMatchObject({ name: 'UniqueConstraintViolationException', code: 'OFFLOOP_INTEGRITY' })
    await orm.close()
  })

  test('an engine of its own ends with MikroORM', async () => {
    const { database } = EngineURL.parse(fixture.url)
    const orm = await MikroORM.init({
      driver: SqliteDriver,
      driverOptions: new OffloopDialect({ url: fixture.url }),
      dbName: database ?? '',
      entities: [Author],
    })
    await orm.schema.create()
    await orm.em.fork().insert(Author, { name: 'Ada' })
    await orm.close()
    await using engine = createEngine(fixture.url)
    expect(await engine.scalar('select name from author')).toBe('Ada')
  })
})
