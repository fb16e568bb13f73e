import { existsSync } from 'node:fs'
import knex, { type Knex } from 'knex'
import { type AsyncConnection, createEngine, EngineURL } from 'offloop'
import { OffloopClient } from 'offloop/knex'
import { describe, expect, test } from 'vitest'
import { livingThreads } from '../../soak/threads.ts'
import {
  filenameOn,
  killThread,
  openConfig,
  openEngine,
  openKnex,
  places,
  rejectionOf,
  temporaryDirectory,
  withConnection,
} from './open-knex.ts'

const silent = { warn() {}, error() {}, debug() {}, deprecate() {} }

describe('the connection can be', () => {
  const forms: Readonly<Record<string, (file: string) => Knex.Config['connection']>> = {
    'a filename': (filename) => ({ filename }),
    'the text of a path': (filename) => filename,
    'the text of a URL': (filename) => `sqlite:///${filename}`,
    'a url': (filename) => ({ url: `sqlite:///${filename}` }),
    'an EngineURL': (database) => ({ url: new EngineURL({ dialect: 'sqlite', database }) }),
    'a url with options': (filename) => ({ url: `sqlite:///${filename}`, options: { pragmas: { cache_size: -1000 }, pool: { max: 3 } } }),
    'a function': (filename) => () => ({ filename }),
    'an async function': (filename) => async () => ({ filename }),
  }

  test.for(Object.entries(forms))('%s', async ([, form]) => {
    const file = filenameOn('file')
    const db = openConfig({ connection: form(file) as Knex.StaticConnectionConfig })
    await db.raw('create table t (x)')
    expect(existsSync(file)).toBe(true)
    const other = openConfig({ connection: { filename: file } })
    expect(await other.schema.hasTable('t')).toBe(true)
  })

  test('an engine, which stays open when Knex is destroyed', async () => {
    const engine = openEngine('memory')
    const db = knex({ client: OffloopClient, connection: { engine }, useNullAsDefault: true })
    await db.raw('create table t (x)')
    await db.destroy()
    expect(engine.closed).toBe(false)
    expect(engine.status().inUse).toBe(0)
    expect(await engine.hasTable('t')).toBe(true)
  })

  test('a path with any characters', async () => {
    const filename = `${temporaryDirectory()}/50% of it? yes #1.db`
    const db = openConfig({ connection: { filename } })
    await db.raw('create table t (x)')
    expect(existsSync(filename)).toBe(true)
  })

  test('the text of a URL with options', async () => {
    const filename = filenameOn('file')
    await openConfig({ connection: { filename } }).raw('create table t (x)')
    const db = openConfig({ connection: `sqlite:///${filename}?mode=ro` })
    expect(await db('t')).toEqual([])
    expect(await rejectionOf(db('t').insert({ x: 1 }))).toMatchObject({ driverCode: 'SQLITE_READONLY' })
  })

  test('read-only by its options, as for better-sqlite3', async () => {
    const filename = filenameOn('file')
    await openConfig({ connection: { filename } }).raw('create table t (x)')
    const db = openConfig({ connection: { filename, options: { readonly: true } } })
    expect(await rejectionOf(db('t').insert({ x: 1 }))).toMatchObject({ driverCode: 'SQLITE_READONLY' })
    expect(await db.transaction(async (trx) => trx('t'))).toEqual([])
  })

  test('without a pool: then Knex runs nothing', async () => {
    const db = openConfig({ connection: { filename: ':memory:' }, pool: { max: 0 } })
    expect((await rejectionOf(db.raw('select 1'))).message).toBe('Unable to acquire a connection')
  })

  test('nothing: then it only builds SQL', () => {
    const db = knex({ client: OffloopClient, useNullAsDefault: true })
    expect(db('t').where({ x: 1 }).toString()).toBe('select * from `t` where `x` = 1')
  })
})

describe('knex() refuses, before any I/O,', () => {
  const refused: Readonly<Record<string, readonly [object, RegExp]>> = {
    'a connection without a database': [{}, /must have an engine, a url or a filename/],
    'a URL of another dialect': [{ url: 'postgresql://localhost/db' }, /speaks SQLite to Knex: found a database of postgresql/],
    'an unknown engine option': [{ filename: 'x.db', options: { nativeBinding: 'x' } }, /nativeBinding/],
    'options for an engine that is there': [
      { engine: createEngine('sqlite://'), options: { readers: 1 } },
      /"readers" belongs into createEngine/,
    ],
    'an engine that is none': [{ engine: {} }, /one of createEngine/],
    'an unknown option in a URL': [{ url: 'sqlite:///x.db?cache=shared' }, /cache/],
    'flags of sqlite3': [{ filename: 'x.db', flags: ['OPEN_READONLY'] }, /readonly: true/],
  }

  test.for(Object.entries(refused))('%s', ([, [connection, message]]) => {
    const open = () => knex({ client: OffloopClient, connection: connection as Knex.StaticConnectionConfig, useNullAsDefault: true })
    expect(open).toThrow(expect.objectContaining({ code: 'OFFLOOP_ARGUMENT', message: expect.stringMatching(message) }))
  })
})

describe.for(places)('in %s', (place) => {
  test('Knex’s pool holds connections of the engine, from min to max', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 3 } })
    const connections: AsyncConnection[] = await Promise.all([1, 2, 3].map(() => db.client.acquireConnection()))
    expect(new Set(connections.map(({ threadId }) => threadId)).size).toBe(3)
    expect(db.client.pool.numUsed()).toBe(3)
    await db.raw('select 1').connection(connections[0])
    for (const connection of connections) await db.client.releaseConnection(connection)
    expect(db.client.pool.numFree()).toBe(3)
  })

  test('all connections see the same database', async () => {
    const db = openKnex(place)
    await db.raw('create table t (x)')
    const [first, second]: AsyncConnection[] = await Promise.all([db.client.acquireConnection(), db.client.acquireConnection()])
    await db('t').insert({ x: 1 }).connection(first)
    expect(await db('t').connection(second)).toEqual([{ x: 1 }])
    await db.client.releaseConnection(first)
    await db.client.releaseConnection(second)
  })

  test('afterCreate prepares each connection', async () => {
    const db = openKnex(place, {
      pool: {
        min: 0,
        max: 2,
        afterCreate: (connection: AsyncConnection, done: (error: unknown, connection: AsyncConnection) => void) => {
          connection.execute('create temp table mine (x)').then(
            () => done(null, connection),
            (error: unknown) => done(error, connection),
          )
        },
      },
    })
    await Promise.all([db('mine').insert({ x: 1 }), db('mine').insert({ x: 2 })])
  })

  const failures: Readonly<Record<string, (done: (error: Error) => void) => unknown>> = {
    throws: () => {
      throw new Error('no preparation')
    },
    'says so': (done) => done(new Error('no preparation')),
    rejects: async () => await Promise.reject(new Error('no preparation')),
  }

  test.for(Object.entries(failures))('a connection whose afterCreate %s is closed', async ([, fail]) => {
    const engine = openEngine(place, { pool: { max: 1 } })
    let fails = true
    const afterCreate = (_: AsyncConnection, done: (error?: Error) => void) => (fails ? fail(done) : done())
    const db = openConfig({ connection: { engine }, pool: { min: 0, afterCreate }, log: silent })
    for (let i = 0; i < 2; i++) {
      expect((await rejectionOf(db.raw('select 1 as one'))).message).toBe('no preparation')
      expect(engine.status().inUse).toBe(0)
    }
    fails = false
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('a connection whose thread has died is replaced when it is acquired next', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 }, log: silent })
    const connection = await withConnection(db, async (acquired) => acquired)
    await killThread(connection)
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
    expect(await withConnection(db, async ({ threadId }) => threadId)).not.toBe(connection.threadId)
  })

  test('destroy() ends every thread; initialize() begins anew', async () => {
    const db = openKnex(place)
    await db.raw('select 1')
    await db.destroy()
    expect(livingThreads()).toEqual([])
    expect((await rejectionOf(db.raw('select 1'))).message).toBe('Unable to acquire a connection')
    db.initialize()
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('destroy() waits for what is under way, and takes a callback', async () => {
    const db = openKnex(place)
    await db.raw('select 1')
    const query = db.raw('select 1 as one').then((rows) => rows)
    await new Promise<void>((resolve) => db.destroy(resolve))
    expect(await query).toEqual([{ one: 1 }])
    await db.destroy()
  })

  test('destroy() of a transaction does nothing to the rest', async () => {
    const db = openKnex(place)
    await db.transaction(async (trx) => {
      await trx.destroy()
      expect(await trx.raw('select 1 as one')).toEqual([{ one: 1 }])
    })
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('with a closed engine, every query rejects', async () => {
    const engine = openEngine(place)
    const db = openConfig({ connection: { engine }, log: silent })
    await db.raw('select 1')
    await engine.close()
    expect(await rejectionOf(db.raw('select 1'))).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
    expect(await rejectionOf(db.transaction(async (trx) => trx.raw('select 1')))).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
  })

  test('a connection of an engine can be handed to a query', async () => {
    const engine = openEngine(place)
    await using connection = await engine.connect()
    await connection.execute('create temp table mine (x)')
    const db = openConfig({ connection: { engine } })
    expect(await db('mine').connection(connection)).toEqual([])
  })

  test('two clients on one engine share it', async () => {
    const engine = openEngine(place)
    const [one, two] = [openConfig({ connection: { engine } }), openConfig({ connection: { engine } })]
    await one.raw('create table t (x)')
    await two('t').insert({ x: 1 })
    expect(await one('t')).toEqual([{ x: 1 }])
  })
})

test('a database that cannot be opened rejects the query that needs it, in the engine’s words', async () => {
  const db = openConfig({ connection: { filename: `${temporaryDirectory()}/no/such/directory/x.db` }, log: silent })
  expect(await rejectionOf(db.raw('select 1'))).toMatchObject({ code: 'OFFLOOP_OPERATIONAL' })
})

test('when a function gives other settings, the engine before is closed with its last connection', async () => {
  const files = [filenameOn('file'), filenameOn('file')]
  let given = 0
  let expired = false
  const provider = () => {
    expired = false
    return { filename: files[given++ % 2] as string, expirationChecker: () => expired }
  }
  const db = openConfig({ connection: provider, pool: { min: 0, max: 1 } })
  await db.raw('create table first (x)')
  expired = true
  await db.raw('create table second (x)')
  expect(await db('sqlite_master').pluck('name')).toEqual(['second'])
  expect(given).toBe(2)
})

test('the client presents itself as Knex’s own', () => {
  const { client } = knex({ client: OffloopClient, useNullAsDefault: true })
  expect(client).toBeInstanceOf(OffloopClient)
  expect(client).toMatchObject({ dialect: 'sqlite3', driverName: 'better-sqlite3', canCancelQuery: true })
})

test('no driver is loaded on the user’s thread', async () => {
  const db = openKnex('memory')
  await db.raw('select 1')
  const { createRequire } = await import('node:module')
  expect(Object.keys(createRequire(import.meta.url).cache ?? {}).filter((path) => path.includes('/better-sqlite3/lib/'))).toEqual([])
})
