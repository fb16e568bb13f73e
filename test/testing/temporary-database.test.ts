import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AsyncEngine, type EngineURL, sql } from 'offloop'
import { integer, MetaData, string, Table } from 'offloop/schema'
import { dropDatabase, temporaryDatabase } from 'offloop/testing'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'
import { drivers } from '../engine/open-engine.ts'
import { describeFolder, describePlaces } from './places.ts'

function usersMetadata() {
  const metadata = new MetaData()
  const users = new Table('users', metadata, { id: integer({ primaryKey: true }), name: string(20) })
  return { metadata, users }
}

const makeNotes = (engine: AsyncEngine) => engine.script('create table notes (id integer primary key); create table others (id integer)')

describePlaces((place) => {
  test('a database is made, migrated, given its tables and read back, and dropped at the end of its block', async () => {
    const { metadata, users } = usersMetadata()
    let url: EngineURL
    {
      await using database = await temporaryDatabase({ url: place.url(), migrations: makeNotes, metadata })
      url = database.url
      expect(basename(url.database ?? '', '.db')).toMatch(/^test_[0-9a-f]{8}$/)
      expect(database.engine.url).toBe(url)
      await database.engine.execute(users.insert().values({ name: 'Ada' }))
      expect([...(database.metadata?.tables.keys() ?? [])].sort()).toEqual(['notes', 'others', 'users'])
      expect(await place.has(url)).toBe(true)
    }
    expect(await place.has(url)).toBe(false)
  })

  test('the database that the URL names is not touched, and the new one is made beside it', async () => {
    const sentinel = await place.sentinel()
    const database = await temporaryDatabase({ url: sentinel })
    expect(await database.engine.tableNames()).toEqual([])
    if (place.name === 'sqlite') expect(dirname(database.url.database ?? '')).toBe(place.folder)
    await database[Symbol.asyncDispose]()
    expect(await place.sentinelRows(sentinel)).toEqual([7])
  })

  test('with create: false it is used as it is, and never dropped', async () => {
    const sentinel = await place.sentinel()
    const database = await temporaryDatabase({ url: sentinel, create: false })
    expect(database.url.render({ hidePassword: false })).toBe(sentinel)
    expect(database.metadata?.tables.has('sentinel')).toBe(true)
    await database[Symbol.asyncDispose]()
    expect(await place.sentinelRows(sentinel)).toEqual([7])
    const failure = new Error('does not migrate')
    expect(await rejectionOf(temporaryDatabase({ url: sentinel, create: false, migrations: () => Promise.reject(failure) }))).toBe(failure)
    expect(await place.sentinelRows(sentinel)).toEqual([7])
  })

  test('a step that fails rejects with its own error, and what was made is dropped', async () => {
    const failure = new Error('does not migrate')
    let url: EngineURL | undefined
    const migrations = async (engine: AsyncEngine) => {
      url = engine.url
      await engine.execute('create table t (n integer)')
      throw failure
    }
    expect(await rejectionOf(temporaryDatabase({ url: place.url(), migrations, keep: true }))).toBe(failure)
    expect(await place.has(url as unknown as EngineURL)).toBe(false)
    const { metadata } = usersMetadata()
    new Table('bad', metadata, { id: integer({ check: sql`no such thing (` }) })
    expect(await rejectionOf(temporaryDatabase({ url: place.url(), metadata }))).toMatchObject({ code: expect.stringMatching(/^OFFLOOP_/) })
    if (place.name === 'sqlite') expect(place.files()).toEqual([])
  })

  test('with keep it stays, and can be dropped later', async () => {
    const database = await temporaryDatabase({ url: place.url(), migrations: makeNotes, keep: true, reflect: false })
    expect('metadata' in database).toBe(false)
    await database[Symbol.asyncDispose]()
    expect(database.engine.closed).toBe(true)
    expect(await place.has(database.url)).toBe(true)
    await dropDatabase(database.url)
    expect(await place.has(database.url)).toBe(false)
  })

  test('at the end everything is closed first, and it ends once', async () => {
    const database = await temporaryDatabase({ url: place.url(), migrations: makeNotes })
    const { engine } = database
    await engine.executeMany(
      `insert into notes values (${place.name === 'postgresql' ? '$1' : '?'})`,
      Array.from({ length: 500 }, (_, index) => [index]),
    )
    const tx = await engine.begin()
    await tx.execute('insert into notes values (1000)')
    const rows = engine.stream('select id from notes', [], { batchRows: 1 })[Symbol.asyncIterator]()
    await rows.next()
    await Promise.all([database[Symbol.asyncDispose](), database[Symbol.asyncDispose]()])
    await database[Symbol.asyncDispose]()
    expect(await place.has(database.url)).toBe(false)
    expect(await rejectionOf(engine.execute('select 1'))).toMatchObject({ name: 'ResourceClosedError' })
    await tx.rollback()
  })

  test('several at once have nothing in common', async () => {
    const databases = await Promise.all(
      Array.from({ length: 4 }, () => temporaryDatabase({ url: place.url(), migrations: makeNotes, reflect: false })),
    )
    expect(new Set(databases.map(({ url }) => url.database)).size).toBe(4)
    await databases[0]?.engine.execute('insert into notes values (1)')
    expect(await Promise.all(databases.map(({ engine }) => engine.scalar('select count(*) from notes')))).toEqual([1, 0, 0, 0])
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
    for (const { url } of databases) expect(await place.has(url)).toBe(false)
  })
})

describeFolder((place) => {
  test.for(['path', 'url'] as const)('a directory given as a %s is made where there is none, and stays', async (kind) => {
    const folder = join(place.folder, 'new', 'folder')
    const database = await temporaryDatabase({ directory: kind === 'path' ? folder : pathToFileURL(folder), migrations: makeNotes })
    expect(dirname(database.url.database ?? '')).toBe(folder)
    await database[Symbol.asyncDispose]()
    expect(readdirSync(folder)).toEqual([])
  })

  test('without one, the folder goes with the file, unless there is something else in it', async () => {
    const database = await temporaryDatabase()
    const folder = dirname(database.url.database ?? '')
    expect(dirname(folder)).toBe(tmpdir())
    await database[Symbol.asyncDispose]()
    expect(() => readdirSync(folder)).toThrow('ENOENT')
    const other = await temporaryDatabase()
    const left = dirname(other.url.database ?? '')
    writeFileSync(join(left, 'notes.txt'), '')
    await other[Symbol.asyncDispose]()
    expect(readdirSync(left)).toEqual(['notes.txt'])
    rmSync(left, { recursive: true })
  })

  test('the driver and the options are those that are given', async () => {
    const driver = drivers.at(-1)
    await using database = await temporaryDatabase({
      url: `sqlite+${driver}://`,
      directory: place.folder,
      options: { pragmas: { cache_size: 5 } },
    })
    expect(database.engine.driver).toBe(driver)
    expect(await database.engine.scalar('pragma cache_size')).toBe(5)
  })

  test('a database in memory is made by its engine alone', async () => {
    const database = await temporaryDatabase({ url: 'sqlite://', migrations: makeNotes })
    expect(database.metadata?.tables.size).toBe(2)
    await database[Symbol.asyncDispose]()
    expect(database.engine.closed).toBe(true)
  })

  test('what is wrong with an option is said before anything is made', async () => {
    const directory = place.folder
    const wrong: readonly [options: object, message: string][] = [
      [{ directory, migration: makeNotes }, 'Did you mean "migrations"?'],
      [{ directory, keep: 1 }, '"keep"'],
      [{ directory: '' }, '"directory"'],
      [{ directory, metadata: {} }, '"metadata"'],
      [{ directory, migrations: {} }, '"migrations"'],
      [{ directory, options: { pools: 1 } }, 'pools'],
      [{ directory, create: false }, '"directory"'],
      [{ create: false }, '"url"'],
      [{ directory, url: 'postgresql://127.0.0.1/test' }, '"directory"'],
    ]
    for (const [options, message] of wrong) {
      const error = await rejectionOf(temporaryDatabase(options))
      expect(error).toMatchObject({ name: 'ArgumentError' })
      expect(error.message).toContain(message)
    }
    const nowhere = await rejectionOf(temporaryDatabase({ directory, migrations: './no such folder' }))
    expect(nowhere).toMatchObject({ name: 'ArgumentError', message: expect.stringContaining('cannot be read') })
    expect(place.files()).toEqual([])
  })

  test('migrations are a function of the engine, or something with up()', async () => {
    const up = { up: makeNotes }
    for (const migrations of [makeNotes, up]) {
      await using database = await temporaryDatabase({ directory: place.folder, migrations })
      expect(await database.engine.tableNames()).toEqual(['notes', 'others'])
    }
  })
})

describe('a server that is not there', () => {
  test('is what the rejection is about', async () => {
    const error = await rejectionOf(temporaryDatabase({ url: 'postgresql://postgres@127.0.0.1:1/test' }))
    expect(error).toMatchObject({ name: 'OperationalError' })
  })
})
