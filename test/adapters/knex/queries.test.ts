import type { Knex } from 'knex'
import { describe, expect, test } from 'vitest'
import { openKnex, openKnexsOwn, places, rejectionOf } from './open-knex.ts'

/** One use of Knex, whose result must be what Knex's own client gives. */
type Use = (db: Knex) => PromiseLike<unknown>

const uses: Readonly<Record<string, Use>> = {
  select: (db) => db('city').select('id', 'name').orderBy('id'),
  'the context of a query': async (db) => {
    const contexts: unknown[] = []
    for (const query of [
      db('city').select('name'),
      db('city').insert({ name: 'Delphi' }).returning('id'),
      db('city').insert({ name: 'Argos' }),
    ]) {
      await query.on('query-response', (_: unknown, { context }: { context: unknown }) => contexts.push(context))
    }
    return contexts
  },
  'select of nothing': (db) => db('city').where({ id: 99 }),
  first: (db) => db('city').where({ id: 2 }).first(),
  'first of nothing': (db) => db('city').where({ id: 99 }).first(),
  pluck: (db) => db('city').orderBy('id').pluck('name'),
  aggregates: (db) => db('city').count({ n: '*' }).sum({ s: 'size' }).avg({ a: 'size' }).max({ m: 'size' }),
  'a join': (db) => db('city as a').join('city as b', 'a.id', '<', 'b.id').select('a.name as a', 'b.name as b').orderBy(['a', 'b']),
  'two columns of one name': (db) => db('city as a').join('city as b', 'a.id', '<', 'b.id').select('a.id', 'b.id').orderBy('a.id'),
  'a common table': (db) =>
    db
      .with('large', db('city').where('size', '>', 20))
      .select('name')
      .from('large')
      .orderBy('name'),
  'a union': (db) =>
    db('city')
      .select('name')
      .where({ id: 1 })
      .union(db('city').select('name').where({ id: 2 }))
      .orderBy('name'),
  insert: (db) => db('city').insert({ name: 'Delphi', size: 4 }),
  'insert of nothing': (db) =>
    db('city')
      .insert([])
      .then(null, ({ message }: Error) => message),
  'insert of defaults': (db) => db('city').insert({}),
  'insert of several': (db) => db('city').insert([{ name: 'Delphi' }, { name: 'Elis', size: 5 }]),
  'insert, returning': (db) => db('city').insert({ name: 'Delphi', size: 4 }, ['id', 'name']),
  'insert of several, returning': (db) =>
    db('city')
      .insert([{ name: 'Delphi' }, { name: 'Elis' }])
      .returning('id'),
  'insert that merges': (db) => db('city').insert({ id: 1, name: 'Athina', size: 9 }).onConflict('id').merge().returning('*'),
  'insert that ignores': async (db) => {
    await db('city').insert({ id: 1, name: 'Nowhere' }).onConflict('id').ignore()
    return db('city').where({ id: 1 })
  },
  batchInsert: (db) =>
    db.batchInsert(
      'city',
      Array.from({ length: 7 }, (_, index) => ({ name: `city ${index}` })),
      3,
    ),
  update: (db) => db('city').where('id', '<', 3).update({ size: 1 }),
  'update of nothing': (db) => db('city').where({ id: 99 }).update({ size: 1 }),
  'update, returning': (db) => db('city').where({ id: 1 }).update({ size: 1 }).returning(['id', 'size']),
  increment: (db) => db('city').where({ id: 1 }).increment('size', 3),
  delete: (db) => db('city').where('id', '>', 1).del(),
  truncate: async (db) => {
    await db('city').truncate()
    return db('city').insert({ name: 'first again' })
  },
  'raw select': (db) => db.raw('select ? + ? as sum, ?? from city where id = 1', [1, 2, 'name']),
  'raw select with names': (db) => db.raw('select :a + :a as sum, :column: from city where id = 1', { a: 2, column: 'name' }),
  'raw insert': (db) => db.raw('insert into city (name) values (?)', ['Delphi']),
  'raw update': async (db) => (await db.raw('update city set size = 0')).changes,
  'raw ddl': async (db) => (await db.raw('create table t (x)')).changes,
  'raw pragma that gives': (db) => db.raw('pragma table_info(city)'),
  columnInfo: (db) => db('city').columnInfo(),
  'columnInfo of one': (db) => db('city').columnInfo('name'),
  hasTable: async (db) => [await db.schema.hasTable('city'), await db.schema.hasTable('village')],
  hasColumn: async (db) => [await db.schema.hasColumn('city', 'size'), await db.schema.hasColumn('city', 'mayor')],
  'json operators': (db) => db.raw(`select '{"a":{"b":[1,2]}}' -> '$.a' as a, json_extract('{"a":1}', '$.a') as b`),
  'a question mark that is none': (db) => db.raw("select '?' as mark"),
  'a map of the response': (db) =>
    db('city')
      .where({ id: 1 })
      .then((rows) => rows.map(({ name }) => name)),
}

async function prepared(db: Knex): Promise<Knex> {
  await db.schema.createTable('city', (table) => {
    table.increments('id')
    table.string('name', 40)
    table.integer('size').defaultTo(7)
  })
  await db('city').insert([
    { name: 'Athens', size: 10 },
    { name: 'Byzantium', size: 30 },
    { name: 'Corinth', size: 20 },
  ])
  return db
}

/** What each use gives on a table of its own. */
async function responsesOf(db: Knex): Promise<ReadonlyMap<string, unknown>> {
  const responses = new Map<string, unknown>()
  for (const [name, use] of Object.entries(uses)) {
    responses.set(name, await use(await prepared(db)))
    await db.schema.dropTable('city')
  }
  return responses
}

test.for(places)('in %s, every response is that of Knex on better-sqlite3', async (place) => {
  expect(await responsesOf(openKnex(place))).toEqual(await responsesOf(openKnexsOwn(place)))
})

describe.for(places)('in %s', (place) => {
  test('an insert that inserts nothing gives 0 for its id, and not that of an earlier one', async () => {
    const db = await prepared(openKnex(place))
    expect(await db('city').insert({ id: 1, name: 'Nowhere' }).onConflict('id').ignore()).toEqual([0])
  })

  test('events tell of each query, its response and its failure', async () => {
    const db = await prepared(openKnex(place))
    const told: unknown[] = []
    db.on('query', ({ sql, bindings }) => told.push(['query', sql, bindings]))
    db.on('query-response', (response) => told.push(['response', response]))
    db.on('query-error', (error, { sql }) => told.push(['error', error.code, sql]))
    await db('city').where({ id: 1 }).pluck('name')
    await db('village').then(null, () => {})
    expect(told).toEqual([
      ['query', 'select `name` from `city` where `id` = ?', [1]],
      ['response', ['Athens']],
      ['query', 'select * from `village`', []],
      ['error', 'OFFLOOP_PROGRAMMING', 'select * from `village`'],
    ])
  })

  test('100,000 rows come as they are', async () => {
    const db = openKnex(place)
    const rows = await db.raw('with recursive c(i) as (select 1 union all select i + 1 from c where i < 100000) select i from c')
    expect(rows).toHaveLength(100_000)
    expect(rows.at(-1)).toEqual({ i: 100_000 })
  })

  test('a query that is awaited twice runs twice', async () => {
    const db = await prepared(openKnex(place))
    const query = db('city').insert({ name: 'Delphi' })
    expect([await query, await query]).toEqual([[4], [5]])
  })

  test('100 queries at once are all answered', async () => {
    const db = await prepared(openKnex(place))
    const ids = await Promise.all(Array.from({ length: 100 }, (_, index) => db('city').insert({ name: `city ${index}` })))
    expect(ids.map(([id]) => id).toSorted((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 4))
    expect(await db('city').count({ n: '*' })).toEqual([{ n: 103 }])
  })

  test('the event loop stays free while a query takes long', async () => {
    const db = openKnex(place)
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const startedAt = performance.now()
    await db.raw('with recursive c(i) as (select 1 union all select i + 1 from c where i < 5000000) select max(i) from c')
    const tookMs = performance.now() - startedAt
    clearInterval(timer)
    expect(tookMs).toBeGreaterThan(100)
    expect(ticks).toBeGreaterThan(tookMs / 20)
  })
})

test('postProcessResponse and wrapIdentifier are Knex’s own', async () => {
  const db = openKnex('memory', {
    wrapIdentifier: (value, original) => original(value.toLowerCase()),
    postProcessResponse: (result) => (Array.isArray(result) ? result.map((row) => ({ ...row, seen: true })) : result),
  })
  await db.schema.createTable('T', (table) => table.integer('X'))
  await db('T').insert({ X: 1 }).returning('X')
  expect(await db('t').select('X')).toEqual([{ x: 1, seen: true }])
})

test.for([
  ['without asyncStackTraces', {}],
  ['with asyncStackTraces', { asyncStackTraces: true }],
] as const)('%s, an error’s stack leads to the query', async ([, config]) => {
  const db = openKnex('memory', config)
  await db.raw('create table t (x unique)')
  await db('t').insert({ x: 1 })
  const queries = [() => db('nowhere'), () => db.raw('nothing'), () => db('t').insert({ x: 1 })]
  for (const query of queries) {
    async function whoAsks(): Promise<void> {
      await query()
    }
    expect((await rejectionOf(whoAsks())).stack).toContain('whoAsks')
  }
})
