import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type AsyncConnection, type AsyncEngine, createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { setups, urlOf } from '../soak/scratch.ts'
import { openFile, temporaryDirectory } from './test-engine.ts'

const functions = new URL('./worker-functions.mjs', import.meta.url)
const insert = "insert into note (text) values ('lost')"

interface Moved {
  readonly engine: AsyncEngine
  readonly connection: AsyncConnection
  readonly file: string
}

/** Every way to write. */
const writes: Readonly<Record<string, (moved: Moved) => Promise<unknown>>> = {
  'conn.execute': ({ connection }) => connection.execute(insert),
  'conn.execute with returning': ({ connection }) => connection.execute(`${insert} returning id`).fetchall(),
  'conn.executeMany': ({ connection }) => connection.executeMany('insert into note (text) values (?)', [['a'], ['b']]),
  'conn.script': ({ connection }) => connection.script(`${insert}; ${insert}`),
  'conn.call': ({ connection }) => connection.call(functions, 'run', insert),
  'conn.driver.exec': ({ connection }) => connection.driver.exec(insert),
  'conn.transaction': ({ connection }) => connection.transaction((tx) => tx.execute(insert)),
  'tx.commit': async ({ connection }) => {
    const transaction = await connection.begin()
    await transaction.execute(insert)
    await transaction.commit()
  },
  'engine.execute': ({ engine }) => engine.execute(insert),
  'engine.executeMany': ({ engine }) => engine.executeMany('insert into note (text) values (?)', [['a'], ['b']]),
  'engine.script': ({ engine }) => engine.script(insert),
  'engine.call': ({ engine }) => engine.call(functions, 'run', insert),
  'engine.transaction': ({ engine }) => engine.transaction((tx) => tx.execute(insert)),
}

async function openUsed(driver: string, journal: string, file: string): Promise<Moved> {
  const engine = openFile(driver, file, { readers: 1, pragmas: { journal_mode: journal } })
  await engine.script("create table note (id integer primary key, text); insert into note (text) values ('first')")
  return { engine, connection: await useAll(engine), file }
}

/** Uses every kind of connection of the engine, so that none is opened anew by chance: one that is checked out, an idle one, its own. */
async function useAll(engine: AsyncEngine): Promise<AsyncConnection> {
  const [connection, other] = await Promise.all([engine.connect(), engine.connect()])
  await other.execute("update note set text = 'first' where id = 1")
  await other.close()
  await engine.execute("update note set text = 'first' where id = 1")
  await engine.scalar('select count(*) from note')
  return connection
}

/** The database's file, with the journals that belong to it. */
function move(file: string, target: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    rmSync(`${target}${suffix}`, { force: true })
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${target}${suffix}`)
  }
}

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
}

/** A closed database with one note. */
async function makeOther(driver: string, journal: string, file: string): Promise<void> {
  const engine = createEngine(urlOf(driver, file), { pragmas: { journal_mode: journal } })
  await engine.script("create table note (id integer primary key, text); insert into note (text) values ('other')")
  await engine.close()
}

const gone = { name: 'OperationalError', driverCode: 'SQLITE_READONLY_DBMOVED' }

// Each driver, and each journal, once.
const some = setups.filter((_, index) => index % 3 === 0)

describe.each(extent(some, setups))('$driver, $journal journal', ({ driver, journal }) => {
  test('every way to write rejects once the file was replaced, and whoever comes next is on the new one', async () => {
    const directory = temporaryDirectory()
    const other = join(directory, 'other.db')
    await makeOther(driver, journal, other)
    const used = await openUsed(driver, journal, join(directory, 'used.db'))
    const { engine, file } = used
    let { connection } = used
    for (const [way, write] of Object.entries(writes)) {
      move(file, join(directory, 'old.db'))
      copyFileSync(other, file)
      await expect(write({ engine, connection, file }), way).rejects.toMatchObject(gone)
      await connection.close()
      const next = await engine.connect()
      await next.execute("insert into note (text) values ('next')")
      await next.close()
      await engine.execute("insert into note (text) values ('implicit')")
      await engine.transaction((tx) => tx.execute("insert into note (text) values ('transaction')"))
      const texts = await engine.execute('select text from note order by id').scalars()
      expect(texts, way).toEqual(['other', 'next', 'implicit', 'transaction'])
      connection = await useAll(engine)
    }
    await engine.close()
    const old = openFile(driver, join(directory, 'old.db'))
    expect(await old.scalar('pragma integrity_check')).toBe('ok')
    const current = openFile(driver, file)
    expect(await current.scalar('pragma integrity_check')).toBe('ok')
    expect(await current.scalar('select count(*) from note')).toBe(4)
  })

  test('a write into a renamed file rejects, and so does the next one', async () => {
    const directory = temporaryDirectory()
    const { connection, file } = await openUsed(driver, journal, join(directory, 'used.db'))
    move(file, join(directory, 'old.db'))
    await expect(connection.execute(insert)).rejects.toMatchObject(gone)
    await expect(connection.execute(insert)).rejects.toMatchObject(gone)
    expect(existsSync(file)).toBe(false)
  })

  test('a transaction that began before the file was deleted is not acknowledged', async () => {
    const { engine, connection, file } = await openUsed(driver, journal, join(temporaryDirectory(), 'used.db'))
    const transaction = await connection.begin()
    await transaction.execute(insert)
    remove(file)
    await expect(transaction.commit()).rejects.toMatchObject(gone)
    expect(transaction.isActive).toBe(false)
    await connection.close()
    expect(engine.status().idle).toBe(0)
  })

  test('after the file was deleted, the next connection makes a new one, unless the URL says mode=rw', async () => {
    const file = join(temporaryDirectory(), 'used.db')
    const { engine } = await openUsed(driver, journal, file)
    const strict = openFile(driver, file, { query: '?mode=rw', pragmas: { journal_mode: journal } })
    await strict.execute("insert into note (text) values ('strict')")
    remove(file)
    await expect(strict.execute(insert)).rejects.toMatchObject(gone)
    await expect(strict.execute(insert)).rejects.toMatchObject({ name: 'OperationalError', driverCode: 'SQLITE_CANTOPEN' })
    await expect(engine.execute(insert)).rejects.toMatchObject(gone)
    expect(await engine.tableNames()).toEqual([])
  })

  test('reads go on, and no journal is deleted', async () => {
    const { engine, connection, file } = await openUsed(driver, journal, join(temporaryDirectory(), 'used.db'))
    await makeOther(driver, journal, `${file}.other`)
    renameSync(`${file}.other`, file)
    const before = existsSync(`${file}-wal`)
    await expect(connection.execute(insert)).rejects.toMatchObject(gone)
    expect(await connection.scalar('select text from note')).toBe('first')
    await engine.close()
    expect(existsSync(`${file}-wal`)).toBe(before)
  })
})
