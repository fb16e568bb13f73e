import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ArgumentError, createEngine, DatabaseError, EngineURL, InvalidRequestError } from 'offloop'
import { createDatabase, dropDatabase } from 'offloop/dal'
import { inspect } from 'offloop/schema'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'
import { describeOnServer, testServers } from '../test-servers.ts'

const program = fileURLToPath(new URL('./drop-database.mjs', import.meta.url))

/** What another process says when it drops the database. */
async function droppedElsewhere(url: EngineURL): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, url.render({ hidePassword: false })])
  return stdout.trim()
}

describe('sqlite', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'offloop-databases-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const urlOf = (name: string) => `sqlite:///${join(folder, name)}`

  test('a database is made, used and dropped with all its files', async () => {
    const url = await createDatabase(urlOf('a.db'))
    expect(EngineURL.isEngineURL(url)).toBe(true)
    {
      await using engine = createEngine(url)
      await engine.script('create table t (id integer primary key); pragma application_id = 5')
      expect(await inspect(engine).tables()).toEqual(['t'])
    }
    for (const end of ['-wal', '-shm']) writeFileSync(join(folder, `a.db${end}`), '')
    await dropDatabase(url)
    expect(readdirSync(folder)).toEqual([])
    expect(await rejectionOf(dropDatabase(url))).toBeInstanceOf(InvalidRequestError)
  })

  test('another process sees the mark', async () => {
    const url = await createDatabase(urlOf('b.db'))
    expect(await droppedElsewhere(url)).toBe('dropped')
    expect(readdirSync(folder)).toEqual([])
  })

  test('what is there is neither made again nor dropped', async () => {
    const url = EngineURL.parse(urlOf('sentinel.db'))
    {
      await using engine = createEngine(url, { pragmas: { journal_mode: 'delete' } })
      await engine.script('create table sentinel (id integer primary key); insert into sentinel values (1)')
    }
    const before = readFileSync(join(folder, 'sentinel.db'))
    expect(await rejectionOf(createDatabase(url))).toBeInstanceOf(InvalidRequestError)
    expect((await rejectionOf(dropDatabase(url))).message).toMatch(/was not made by createDatabase/)
    expect(await droppedElsewhere(url)).toBe('InvalidRequestError')
    expect(readFileSync(join(folder, 'sentinel.db')).equals(before)).toBe(true)
    expect(readdirSync(folder)).toEqual(['sentinel.db'])
  })

  test('a file that took the place of one that was made here is not dropped', async () => {
    const url = await createDatabase(urlOf('c.db'))
    writeFileSync(join(folder, 'text.txt'), 'no database, but some text of its own')
    rmSync(join(folder, 'c.db'))
    writeFileSync(join(folder, 'c.db'), readFileSync(join(folder, 'text.txt')))
    const refusal = await rejectionOf(dropDatabase(url))
    expect(refusal).toBeInstanceOf(InvalidRequestError)
    expect(existsSync(join(folder, 'c.db'))).toBe(true)
  })

  test('of two that make a database at once one is refused', async () => {
    const results = await Promise.allSettled([createDatabase(urlOf('d.db')), createDatabase(urlOf('d.db'))])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await dropDatabase(urlOf('d.db'))
  })

  test('a database in memory, and a URL without one, are refused', async () => {
    for (const url of ['sqlite://', 'sqlite:///:memory:', 'postgresql://user@localhost', 'mysql://user@localhost']) {
      expect(await rejectionOf(createDatabase(url))).toBeInstanceOf(ArgumentError)
      expect(await rejectionOf(dropDatabase(url))).toBeInstanceOf(ArgumentError)
    }
  })
})

for (const server of Object.values(testServers)) {
  describeOnServer(server, server.name, () => {
    const names: string[] = []
    const urlFor = (name: string) => {
      names.push(name)
      return EngineURL.parse(server.url).with({ database: name })
    }
    const unique = () => `offloop_${crypto.randomUUID().replaceAll('-', '')}`
    const onServer = async (sql: (quote: (name: string) => string) => string) => {
      await using engine = createEngine(server.url, { placement: 'main', pool: { max: 1 } })
      await engine.execute(sql((name) => engine.dialect.quoteIdentifier(name)))
    }
    afterEach(async () => {
      for (const name of names.splice(0)) await onServer((quote) => `drop database if exists ${quote(name)}`)
    })

    test('a database of any name is made, used and dropped', async () => {
      const url = await createDatabase(urlFor(`${unique()} "quoted" \`name\`; drop`))
      expect(await rejectionOf(createDatabase(url))).toBeInstanceOf(InvalidRequestError)
      {
        await using engine = createEngine(url)
        await engine.execute('create table t (id integer primary key)')
        expect(await inspect(engine).tables()).toEqual(['t'])
      }
      await dropDatabase(url)
      expect(await rejectionOf(dropDatabase(url))).toBeInstanceOf(InvalidRequestError)
    })

    test('another process sees the mark', async () => {
      expect(await droppedElsewhere(await createDatabase(urlFor(unique())))).toBe('dropped')
    })

    test('the sessions of others end before the database is dropped', async () => {
      const url = await createDatabase(urlFor(unique()))
      await using engine = createEngine(url)
      const conn = await engine.connect()
      await conn.execute('create table t (id integer primary key)')
      await using tx = await conn.begin()
      await tx.execute('insert into t values (1)')
      await dropDatabase(url)
      expect(await rejectionOf(tx.execute('select 1'))).toBeInstanceOf(Error)
      await conn.close()
    })

    test('what was not made here is neither made again nor dropped', async () => {
      const url = urlFor(unique())
      await onServer((quote) => `create database ${quote(url.database as string)}`)
      await using engine = createEngine(url)
      await engine.execute('create table sentinel (id integer primary key)')
      expect(await rejectionOf(createDatabase(url))).toBeInstanceOf(InvalidRequestError)
      expect(await rejectionOf(dropDatabase(url))).toBeInstanceOf(InvalidRequestError)
      expect(await inspect(engine).tables()).toEqual(['sentinel'])
    })

    test('one of the same name that somebody else has made meanwhile stays', async () => {
      const url = await createDatabase(urlFor(unique()))
      await onServer((quote) => `drop database ${quote(url.database as string)}`)
      await onServer((quote) => `create database ${quote(url.database as string)}`)
      expect(await rejectionOf(dropDatabase(url))).toBeInstanceOf(InvalidRequestError)
    })

    test('an error of the server is passed on, without the password', async () => {
      const url = EngineURL.parse(server.url).with({ database: 'x', username: 'offloop_nobody', password: 'wrong_secret' })
      const refusal = await rejectionOf(createDatabase(url))
      expect(refusal).toBeInstanceOf(DatabaseError)
      expect(`${refusal.stack}`).not.toContain('wrong_secret')
    })
  })
}
