import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { type AsyncEngine, createEngine, EngineURL, type Logger } from 'offloop'
import { afterEach, describe, expect, test } from 'vitest'
import { runProgram } from '../faults/run-program.ts'
import { openEngine, rejectionOf, temporaryFile } from '../faults/test-engine.ts'

const stops: (() => void)[] = []

afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

interface Event {
  readonly type: string
  readonly context: Record<string, unknown>
}

/** What a tracing channel publishes, in order, until the end of the test. */
function watch(name: string): Event[] {
  const events: Event[] = []
  const note =
    (type: string) =>
    (context: object): void =>
      void events.push({ type, context: context as Record<string, unknown> })
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  }
  const tracing = tracingChannel(name)
  tracing.subscribe(subscribers)
  stops.push(() => void tracing.unsubscribe(subscribers))
  return events
}

const typesOf = (events: readonly Event[], sql: string): string[] =>
  events.filter(({ context }) => context['sql'] === sql).map(({ type }) => type)

/** A logger that keeps what it is told. */
function keepLines(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = []
  const keep =
    (level: string) =>
    (...data: unknown[]): void =>
      void lines.push(`${level} ${data.join(' ')}`)
  return { logger: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }, lines }
}

const succeeded = ['start', 'end', 'asyncStart', 'asyncEnd']
const failed = ['start', 'end', 'error', 'asyncStart', 'asyncEnd']

describe('offloop:query', () => {
  test('is published around every statement, with its text and without its parameters', async () => {
    const events = watch('offloop:query')
    const engine = openEngine()
    const insert = 'insert into t values (?)'
    const many = 'insert into t values (:x)'
    const ddl = 'create table t (x)'
    const script = 'delete from t; select 1'
    const read = 'select x from t where x = ?'
    await engine.execute(ddl)
    await engine.execute(insert, ['c4n4ry'])
    await engine.execute(read, ['c4n4ry']).fetchall()
    const conn = await engine.connect()
    await conn.executeMany(many, [{ x: 'c4n4ry' }, { x: 'c4n4ry' }])
    await conn.script(script)
    await conn.close()
    for (const sql of [ddl, insert, read, many, script]) expect(typesOf(events, sql), sql).toEqual(succeeded)
    expect(inspect(events, { depth: 10 })).not.toContain('c4n4ry')
  })

  test('names the database of the engine', async () => {
    const events = watch('offloop:query')
    const engine = openEngine()
    await engine.scalar('select 1')
    const conn = await engine.connect()
    await conn.script('select 2')
    await conn.close()
    expect(new Set(events.map(({ context }) => context['database']))).toEqual(new Set([engine.url.toString()]))
  })

  test('is published before whoever waits for the statement goes on, in the context of his call', async () => {
    const stored: unknown[] = []
    const request = new AsyncLocalStorage<string>()
    const note = () => void stored.push(request.getStore())
    const names = ['start', 'asyncEnd'].map((type) => `tracing:offloop:query:${type}`)
    for (const name of names) channel(name).subscribe(note)
    stops.push(() => names.forEach((name) => void channel(name).unsubscribe(note)))
    const engine = openEngine()
    await request.run('one', () => engine.scalar('select 1'))
    expect(stored).toEqual(['one', 'one'])
    await request.run('two', () => rejectionOf(engine.execute('select nothing')))
    expect(stored).toEqual(['one', 'one', 'two', 'two'])
  })

  test('tells of an error', async () => {
    const events = watch('offloop:query')
    const engine = openEngine()
    const bad = 'insert into missing values (?)'
    const error = await rejectionOf(engine.execute(bad, ['c4n4ry']))
    const conn = await engine.connect()
    await rejectionOf(conn.executeMany('insert into absent values (?)', [['c4n4ry']]))
    await rejectionOf(conn.script('insert into nowhere values (1)'))
    await conn.close()
    expect(typesOf(events, bad)).toEqual(failed)
    expect(typesOf(events, 'insert into absent values (?)')).toEqual(failed)
    expect(typesOf(events, 'insert into nowhere values (1)')).toEqual(failed)
    expect(events.find(({ type }) => type === 'error')?.context).toMatchObject({ sql: bad, error: { message: error.message } })
    expect(inspect(events, { depth: 10 })).not.toContain('c4n4ry')
  })

  test('a subscriber that throws disturbs no statement', async () => {
    const noted: unknown[] = []
    const listener = (error: unknown): void => void noted.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', listener)
    stops.push(() => {
      process.removeListener('uncaughtException', listener)
      for (const other of others) process.on('uncaughtException', other)
    })
    const start = channel('tracing:offloop:query:start')
    const thrower = (): never => {
      throw new Error('thrown by a subscriber')
    }
    start.subscribe(thrower)
    stops.push(() => void start.unsubscribe(thrower))
    expect(await openEngine().scalar('select 1')).toBe(1)
    expect(noted).toHaveLength(1)
  })
})

test('offloop:connect is published around the opening of a connection', async () => {
  const events = watch('offloop:connect')
  const engine = openEngine()
  await (await engine.connect({ readonly: true })).close()
  await rejectionOf(openEngine({ file: '/proc/offloop/none.db' }).connect())
  expect(events.map(({ type }) => type)).toEqual([...succeeded, ...failed])
  expect(events[0]?.context).toMatchObject({ readonly: true })
})

describe('offloop:transaction', () => {
  test('is published from the beginning to the end of a transaction, with its outcome', async () => {
    const events = watch('offloop:transaction')
    const engine = openEngine()
    await engine.transaction(
      async (tx) => {
        await tx.transaction(async () => {})
        expect(events.map(({ type }) => type)).toEqual(['start', 'end'])
      },
      { readonly: true },
    )
    expect(events.map(({ type }) => type)).toEqual(succeeded)
    expect(events[0]?.context).toEqual({
      database: engine.url.toString(),
      readonly: true,
      connectionId: expect.any(Number),
      outcome: 'committed',
    })
    const tx = await engine.begin()
    await tx.connection.close()
    expect(events.at(-1)).toMatchObject({ type: 'asyncEnd', context: { readonly: false, outcome: 'rolled back' } })
  })

  test('tells of one that cannot begin', async () => {
    const engine = openEngine({ busyTimeoutMs: 20 })
    const holder = await engine.begin()
    const events = watch('offloop:transaction')
    const error = await rejectionOf(engine.begin())
    await holder.rollback()
    expect(events.map(({ type }) => type)).toEqual(failed)
    expect(events.at(-1)?.context).toEqual({
      database: engine.url.toString(),
      readonly: false,
      connectionId: expect.any(Number),
      error,
    })
  })
})

describe('echo', () => {
  test('prints each statement to the logger, on one line and without parameters', async () => {
    const { logger, lines } = keepLines()
    const engine = openEngine({ echo: true, logger })
    await engine.execute('create table t\n  (x)')
    await engine.execute('insert into t values (?)', ['c4n4ry'])
    await engine.executeMany('insert into t values (:x)', [{ x: 'c4n4ry' }])
    await engine.script('select 1; select 2')
    await engine.transaction((tx) => tx.scalar('select 3'))
    expect(lines).toEqual([
      'info offloop: create table t (x)',
      'info offloop: insert into t values (?)',
      'info offloop: begin immediate',
      'info offloop: insert into t values (:x)',
      'info offloop: commit',
      'info offloop: select 1; select 2',
      'info offloop: begin immediate',
      'info offloop: select 3',
      'info offloop: commit',
    ])
  })

  test('prints what begins and ends transactions and savepoints', async () => {
    const { logger, lines } = keepLines()
    const engine = openEngine({ echo: true, logger })
    await rejectionOf(
      engine.transaction(async (tx) => {
        await (await tx.beginNested()).commit()
        await (await tx.beginNested()).rollback()
        throw new Error('no')
      }),
    )
    await (await engine.begin({ readonly: true })).commit()
    expect(lines.map((line) => line.replace(/offloop_\d+/, 's'))).toEqual([
      'info offloop: begin immediate',
      'info offloop: savepoint s',
      'info offloop: release savepoint s',
      'info offloop: savepoint s',
      'info offloop: rollback to savepoint s',
      'info offloop: release savepoint s',
      'info offloop: rollback',
      'info offloop: begin deferred',
      'info offloop: commit',
    ])
  })

  test('prints parameters only where they are asked for, cut short', async () => {
    const { logger, lines } = keepLines()
    const engine = openEngine({ echo: true, hideParameters: false, logger })
    await engine.scalar('select ?, ?, ?, ?', [1, null, 'x'.repeat(200), new Uint8Array(3)])
    await engine.scalar('select :a', { a: "it's" })
    expect(lines).toEqual([
      `info offloop: select ?, ?, ?, ? [1, null, "${'x'.repeat(100)}…", <3 bytes>]`,
      'info offloop: select :a ["it\'s"]',
    ])
  })

  test('prints to stderr without a logger', async () => {
    const program = `
      import { createEngine } from 'offloop'
      const engine = createEngine('sqlite://', { echo: true })
      await engine.scalar('select ?', ['c4n4ry'])
      await engine.close()
    `
    expect(await runProgram(program)).toEqual({ code: 0, signal: null, stdout: '', stderr: 'offloop: select ?\n' })
  })
})

test('a connection that is checked out for too long is reported with the place of its checkout', async () => {
  const warned = Promise.withResolvers<string>()
  const { logger } = keepLines()
  const engine = openEngine({ leakDetectionMs: 20, logger: { ...logger, warn: (...data) => warned.resolve(data.join(' ')) } })
  async function forgetToClose(): Promise<unknown> {
    const conn = await engine.connect()
    return conn.id
  }
  await forgetToClose()
  const warning = await warned.promise
  expect(warning).toMatch(/^offloop: connection \d+ has been checked out for more than 20 ms/)
  expect(warning).toContain('forgetToClose')
  expect(warning).toContain('watching.test.ts')
})

describe('a secret', () => {
  const password = 'c4n4ry-p4ssw0rd'

  /** Every way in which an error can be shown. */
  function shown(error: Error): string {
    const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)))
    const cause = error.cause instanceof Error ? shown(error.cause) : String(error.cause)
    return [
      error.message,
      error.stack,
      String(error),
      inspect(error, { depth: 10, showHidden: true }),
      JSON.stringify(error),
      ...own,
      cause,
    ].join('\n')
  }

  test.each([
    `sqlite://user:${password}@host/file.db`,
    `sqlite+nodriver://:${password}@/file.db`,
    `nodialect://user:${password}@host/file.db`,
    `postgresql://user:${password}@host:99999999/db`,
    `postgresql://user:${password}@host:port/db`,
    `postgresql://user:${password}%zz@host/db`,
    `postgresql://user:${password}@[::1/db`,
    `postgresql://user:${password}@host/db?nooption=1`,
    `postgresql://user:${password}@host/db`,
    `mysql://user:${password}@host/db?x=%`,
    `//user:${password}@host/db`,
    `user:${password}@host/db`,
  ])('in a refused URL is not repeated (%#)', async (url) => {
    let engine: AsyncEngine
    try {
      engine = createEngine(url)
    } catch (error) {
      expect(shown(error as Error)).not.toContain(password)
      return
    }
    expect(inspect(engine, { depth: 10, showHidden: true }) + JSON.stringify(engine)).not.toContain(password)
    expect(shown(await rejectionOf(engine.connect()))).not.toContain(password)
    await engine.close()
  })

  test('in a URL is masked where the URL is shown', () => {
    const url = EngineURL.parse(`postgresql://user:${password}@host/db`)
    expect(url.password).toBe(password)
    expect(`${url} ${inspect(url, { depth: 10, showHidden: true })} ${JSON.stringify(url)}`).not.toContain(password)
  })

  const value = 'c4n4ry-v4lue'
  const schema = `
    create table parent (id integer primary key);
    create table t (
      id text primary key, u text unique, n text not null default '', c text check (length(c) < 5),
      p integer references parent (id)
    ) strict;
    create table typed (i integer) strict;
    create unique index on_expression on t (lower(u) || 'x');
    create virtual table words using fts4 (word);
  `
  const failures: Readonly<Record<string, (engine: AsyncEngine) => PromiseLike<unknown>>> = {
    unique: (engine) => engine.execute('insert into t (id, u) values (1, ?)', [value]),
    'primary key': (engine) => engine.execute('insert into t (id) values (?)', [value]),
    'unique by name': (engine) => engine.execute('insert into t (id, u) values (:id, :u)', { id: 1, u: value }),
    check: (engine) => engine.execute('insert into t (id, c) values (1, ?)', [value]),
    'not null': (engine) => engine.execute('insert into t (id, n, u) values (?, null, ?)', [value, value]),
    'foreign key': (engine) => engine.execute('insert into t (id, u, p) values (2, ?, 7)', [`${value}2`]),
    datatype: (engine) => engine.execute('insert into typed values (?)', [value]),
    'a blob where text is due': (engine) => engine.execute('insert into t (id) values (?)', [Buffer.from(value)]),
    'no such table': (engine) => engine.execute('insert into missing values (?)', [value]),
    'too many parameters': (engine) => engine.execute('select ?', [value, value]),
    'too few parameters': (engine) => engine.execute('select ?, ?', [value]),
    'an unknown name': (engine) => engine.execute('select :a', { a: value, b: value }),
    'a missing name': (engine) => engine.execute('select :a, :b', { a: value }),
    'a refused type': (engine) => engine.execute('select ?', [{ value } as never]),
    'a refused symbol': (engine) => engine.execute('select ?', [Symbol(value) as never]),
    'a lone surrogate': (engine) => engine.execute('select ?', [`${value}\uD800`]),
    'a bad JSON function': (engine) => engine.execute('select json(?)', [value]),
    'a bad path into JSON': (engine) => engine.execute("select json_extract('{}', ?)", [value]),
    'a bad path into JSON in executeMany': (engine) => engine.executeMany("insert into t (id) values (json_set('{}', ?, 1))", [[value]]),
    'a full-text search': (engine) => engine.execute('select * from words where words match ?', [`"${value}" AND (`]),
    executeMany: (engine) =>
      engine.executeMany('insert into t (id, u) values (?, ?)', [
        ['9', `${value}9`],
        ['8', value],
      ]),
    'executeMany with a refused value': (engine) =>
      engine.executeMany('insert into t (id, u) values (?, ?)', [[value, { value } as never]]),
    abort: (engine) => engine.execute('select ?', [value], { signal: AbortSignal.abort() }),
    timeout: (engine) =>
      engine
        .execute('with recursive n(i) as (select 1 union all select i + 1 from n) select i, ? from n', [value], { timeoutMs: 30 })
        .fetchall(),
    'a failed call': (engine) => engine.call(new URL('../faults/modules/deaths.ts', import.meta.url), 'missing', value),
    'an unsafe integer': (engine) => engine.execute('select 9007199254740993, ?', [value]).fetchall(),
  }

  test.each(Object.entries(failures))('in a parameter is in no error: %s', async (_, fail) => {
    const events = watch('offloop:query')
    const { logger, lines } = keepLines()
    const engine = openEngine({ file: temporaryFile(), echo: true, logger })
    await engine.script(schema)
    await engine.execute('insert into t (id, u) values (?, ?)', [value, value])
    events.length = 0
    lines.length = 0
    const error = await rejectionOf(fail(engine))
    expect(shown(error)).not.toContain(value)
    expect(inspect(events, { depth: 10 }) + lines.join('\n')).not.toContain(value)
  })
})

test('a log shows what an object is, and nothing of what it works with', async () => {
  const engine = openEngine()
  await using conn = await engine.connect()
  const result = await conn.execute('select 1 as a, 2 as b')
  const tx = await conn.begin()
  const { id, threadId } = conn
  expect([engine, conn, tx, result].map((object) => inspect(object, { breakLength: Number.POSITIVE_INFINITY }))).toEqual([
    `Engine { url: '${engine.url}', driver: 'better-sqlite3', closed: false, size: 1, inUse: 1, waiting: 0 }`,
    `Connection { id: ${id}, threadId: ${threadId}, closed: false, inTransaction: true }`,
    `Transaction { connectionId: ${id}, isActive: true, isNested: false }`,
    "Result { columns: [ 'a', 'b' ], rowcount: -1, lastrowid: null }",
  ])
  await tx.rollback()
  await conn.close()
  await engine.close()
  expect(inspect(conn)).toBe(`Connection { id: ${id}, threadId: ${threadId}, closed: true, inTransaction: false }`)
  expect(inspect(tx)).toBe(`Transaction { connectionId: ${id}, isActive: false, isNested: false }`)
})
