import { createEngine, EngineURL, InvalidRequestError, join, ResourceClosedError, sql } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeNeeding, describeTargets, rejectionOf, textsOf } from './targets.ts'

const closed = { name: 'ResourceClosedError', message: 'This Engine is closed.' }

describeTargets((db) => {
  const { insert } = db

  describe('an engine', () => {
    test('says what it is for', () => {
      const engine = db.engine()
      expect(engine.url).toBeInstanceOf(EngineURL)
      expect([engine.dialect.name, engine.driver, engine.closed]).toEqual([db.can.dialect, db.target.driver, false])
    })

    test('refuses an unknown option by name before anything is opened', () => {
      expect(() => createEngine(db.url, { poolSize: 3 } as object)).toThrow(expect.objectContaining({ name: 'ArgumentError' }))
      expect(() => createEngine(db.url, { poolSize: 3 } as object)).toThrow('poolSize')
      const url = EngineURL.parse(db.url)
      expect(() => createEngine(url.with({ query: { ...url.query, nativeBinding: 'x' } }))).toThrow('nativeBinding')
    })

    test('executes text with a list, text with names, and sql`…`', async () => {
      const engine = await db.notes()
      await engine.execute(`insert into notes (id, text) values (${db.mark(1)}, ${db.mark(2)})`, [1, 'list'])
      await engine.execute('insert into notes (id, text) values (:id, :text)', { id: 2, text: 'names' })
      await engine.execute(sql`insert into notes (id, text) values (${3}, ${'template'})`)
      expect(await textsOf(engine)).toEqual(['list', 'names', 'template'])
    })

    test('executes a list of values where IN has one', async () => {
      const engine = await db.notes()
      for (const text of ['a', 'b', "it's"]) await engine.execute(insert, [text])
      const found = engine.execute(sql`select text from notes where text in (${join(['a', "it's"])}) order by id`)
      expect(await found.scalars()).toEqual(['a', "it's"])
      expect(() => join([])).toThrow(TypeError)
    })

    test('executes whatever compiles itself, as a query of Kysely does', async () => {
      const engine = db.engine()
      const query = { compile: () => ({ sql: `select ${db.mark(1)} + 0 as a, ${db.mark(2)} as b`, parameters: [1, 'x'] }) }
      expect(await engine.execute(query).one()).toEqual({ a: 1, b: 'x' })
    })

    test('autocommits each statement, and a read after it sees it, whichever connection it goes to', async () => {
      const engine = await db.notes()
      for (let n = 1; n <= 50; n++) {
        await engine.execute(insert, [`${n}`])
        expect(await engine.scalar('select count(*) from notes')).toBe(n)
      }
    })

    test('shows tables that it made to connections, and the other way round', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      expect(await textsOf(connection)).toEqual([])
      await connection.execute('create table made_by_connection (x integer)')
      expect(await engine.hasTable('made_by_connection')).toBe(true)
      await using tx = await engine.begin()
      expect(await tx.scalar('select count(*) from made_by_connection')).toBe(0)
    })

    test('gives every concurrent read its own answer', async () => {
      const engine = db.engine()
      const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => engine.scalar<number>('select :n + 0', { n })))
      expect(answers).toEqual(Array.from({ length: 200 }, (_, n) => n))
    })

    test('stores every row of concurrent writes', async () => {
      const engine = await db.notes()
      await Promise.all(Array.from({ length: 100 }, (_, n) => engine.execute(insert, [`${n}`])))
      expect(await engine.scalar('select count(*) from notes')).toBe(100)
    })

    describeNeeding(db, 'implicitConnections', () => {
      test('needs no connection of the pool for its own statements', async () => {
        const engine = await db.notes({ pool: { max: 1 } })
        await using connection = await engine.connect()
        await engine.execute("insert into notes (text) values ('a')")
        expect(await textsOf(connection)).toEqual(['a'])
        expect(await textsOf(engine)).toEqual(['a'])
      })
    })

    test('has a scalar() that is the first column of the first row, or null', async () => {
      const engine = db.engine()
      expect(await engine.scalar('select 1, 2 union all select 3, 4')).toBe(1)
      expect(await engine.scalar('select 1 where 1 = 0')).toBeNull()
      expect(await engine.scalar('select null')).toBeNull()
    })

    test.each(['begin', 'commit', 'rollback', 'savepoint a', 'release savepoint a'])(
      'refuses %s without a connection and says what to call',
      async (text) => {
        const engine = db.engine()
        const error = await rejectionOf(engine.execute(text))
        expect(error).toBeInstanceOf(InvalidRequestError)
        expect(error.message).toContain('engine.transaction()')
      },
    )

    test('refuses several statements, none and a lone comment in execute()', async () => {
      const engine = db.engine()
      expect((await rejectionOf(engine.execute('select 1; select 2'))).message).toContain('script()')
      for (const text of ['', '  ', ';', '-- nothing', '/* nothing */']) {
        expect(await rejectionOf(engine.execute(text)), text).toMatchObject({ name: 'ProgrammingError' })
      }
      expect(await engine.scalar('select 1; -- and no more')).toBe(1)
      expect(await engine.scalar('/* first */ select 2;')).toBe(2)
    })

    test('refuses wrong parameters before anything is sent, naming position or name', async () => {
      const engine = db.engine({})
      const [one, two] = [`select ${db.mark(1)}`, `select ${db.mark(1)}, ${db.mark(2)}`]
      const cases: readonly [string, readonly unknown[] | Record<string, unknown> | undefined, string, string][] = [
        [one, undefined, 'ProgrammingError', '1 parameter'],
        [one, [1, 2], 'ProgrammingError', '2 values'],
        ['select :a', {}, 'ProgrammingError', '"a"'],
        ['select :a', { a: 1, b: 2 }, 'ProgrammingError', '"b"'],
        [two, [1, undefined], 'TypeError', '2'],
        ['select :name', { name: () => 1 }, 'TypeError', 'name'],
        [one, [Number.NaN], 'RangeError', '1'],
        ...(db.can.largestInteger !== null ? [[one, [2n ** 64n], 'RangeError', '1'] as [string, bigint[], string, string]] : []),
      ]
      for (const [text, params, name, part] of cases) {
        const error = await rejectionOf(engine.execute(text, params))
        expect(name === 'RangeError' ? ['RangeError', 'TypeError'] : [name], text).toContain(error.name)
        expect(error.message).toContain(part)
      }
      expect(engine.status().size).toBe(0)
    })

    test('refuses an execute option that it does not know', async () => {
      const engine = db.engine()
      expect((await rejectionOf(engine.execute('select 1', [], { rowmode: 'array' } as object))).message).toContain('"rowmode"')
      expect(await rejectionOf(engine.execute('select 1', [], { rowMode: 'map' as 'array' }))).toMatchObject({ name: 'ArgumentError' })
      expect(await rejectionOf(engine.execute('select 1', [], { timeoutMs: -1 }))).toMatchObject({ name: 'ArgumentError' })
    })
  })

  describe('hasTable() and tableNames()', () => {
    test('see tables of the main schema, by their names as the database compares them', async () => {
      const engine = await db.notes()
      await engine.execute(`create table ${engine.dialect.quoteIdentifier('Albums')} (id integer primary key)`)
      expect(await engine.hasTable('notes')).toBe(true)
      expect(await engine.hasTable('Albums')).toBe(true)
      expect(await engine.hasTable('albums')).toBe(db.can.ignoresCase)
      expect(await engine.hasTable('missing')).toBe(false)
      expect(await engine.tableNames()).toEqual(['Albums', 'notes'])
    })

    test('tell views apart: hasTable() sees them, tableNames() does not', async () => {
      const engine = await db.notes()
      await engine.execute('create view texts as select text from notes')
      expect(await engine.hasTable('texts')).toBe(true)
      expect(await engine.tableNames()).toEqual(['notes'])
    })

    test('see no index and nothing of the database itself as a table', async () => {
      const engine = await db.notes()
      await engine.execute('create table counted (id integer primary key, a integer)')
      await engine.execute('create index counted_a on counted (a)')
      expect(await engine.hasTable('counted_a')).toBe(false)
      expect(await engine.tableNames()).toEqual(['counted', 'notes'])
    })

    test('look into another schema', async () => {
      const engine = await db.notes()
      const { own, other } = db.schemas
      expect(await engine.hasTable('notes', own)).toBe(true)
      expect(await engine.hasTable('notes', other)).toBe(false)
      expect(await engine.tableNames(own)).toEqual(['notes'])
      expect(await engine.tableNames(other)).not.toContain('notes')
    })

    describeNeeding(db, 'pragmas', () => {
      test('refuse a schema that does not exist', async () => {
        const engine = await db.notes()
        expect(await rejectionOf(engine.hasTable('notes', 'nowhere'))).toMatchObject({ name: 'ProgrammingError' })
        expect(await engine.tableNames('temp')).toEqual([])
      })
    })

    test('take a name as it is, quotes and wildcards included', async () => {
      const engine = await db.notes()
      const odd = 'it\'s "%" `'
      await engine.execute(`create table ${engine.dialect.quoteIdentifier(odd)} (x integer)`)
      expect(await engine.hasTable(odd)).toBe(true)
      expect(await engine.hasTable('note_')).toBe(false)
      expect(await engine.hasTable('%')).toBe(false)
      await engine.hasTable('notes', 'main"; drop table notes; --').catch(() => {})
      expect(await engine.tableNames()).toEqual([odd, 'notes'])
    })
  })

  describe('status()', () => {
    test('counts connections that are checked out, idle and waited for', async () => {
      const engine = db.engine({ pool: { max: 1 } })
      const connection = await engine.connect()
      const waiter = engine.connect()
      expect(engine.status()).toMatchObject({ size: 1, inUse: 1, idle: 0, waiting: 1, quarantined: 0 })
      await connection.close()
      await (await waiter).close()
      expect(engine.status()).toMatchObject({ size: 1, inUse: 0, idle: 1, waiting: 0, quarantined: 0 })
    })

    test('tells each worker by its thread, and how many of its statements wait or run', async () => {
      const engine = db.engine({})
      await using connection = await engine.connect()
      const pending = Array.from({ length: 5 }, () => connection.execute('select 1'))
      expect(engine.status().workers).toEqual([{ threadId: connection.threadId, pending: 5 }])
      await Promise.all(pending)
      expect(engine.status().workers).toEqual([{ threadId: connection.threadId, pending: 0 }])
    })

    test('counts a transaction as a connection in use until it ends', async () => {
      const engine = await db.notes()
      const tx = await engine.begin()
      expect(engine.status().inUse).toBe(1)
      await tx.commit()
      expect(engine.status().inUse).toBe(0)
      await engine.transaction(async () => expect(engine.status().inUse).toBe(1))
      expect(engine.status().inUse).toBe(0)
    })
  })

  describe('closing an engine', () => {
    test('that was never used is nothing', async () => {
      const engine = db.engine({})
      await engine.close()
      expect(engine.closed).toBe(true)
      expect(engine.status().size).toBe(0)
    })

    test('lets finish what was accepted before', async () => {
      const engine = await db.notes({})
      const module = db.moduleRunning("insert into notes (text) values ('call')")
      await using connection = await engine.connect()
      const accepted = [
        ...Array.from({ length: 50 }, (_, n) => engine.execute(`${insert} returning id`, [`${n}`]).scalar()),
        engine.executeMany(insert, [['many 1'], ['many 2']]),
        engine.script("insert into notes (text) values ('script')"),
        engine.call(module, 'run'),
        connection.execute("insert into notes (text) values ('connection')"),
        engine.execute(db.numbers(5_000)).fetchall(),
      ]
      await engine.close()
      expect((await Promise.allSettled(accepted)).map(({ status }) => status)).toEqual(accepted.map(() => 'fulfilled'))
      if (!db.can.outlivesEngine) return
      await using again = createEngine(db.url)
      expect(await again.scalar('select count(*) from notes')).toBe(55)
    })

    test('makes every later call reject', async () => {
      const engine = await db.notes({})
      const connection = await engine.connect()
      const tx = await connection.begin()
      await engine.close()
      const calls: (() => unknown)[] = [
        () => engine.connect(),
        () => engine.begin(),
        () => engine.transaction(async () => {}),
        () => engine.execute('select 1'),
        () => engine.execute('select 1').fetchall(),
        () => engine.scalar('select 1'),
        () => engine.executeMany(insert, [['a']]),
        () => engine.script('select 1'),
        () => engine.stream('select 1')[Symbol.asyncIterator]().next(),
        () => engine.call(import.meta.url, 'nothing'),
        () => engine.backup(`${db.folder}/copy.db`),
        () => engine.hasTable('notes'),
        () => engine.tableNames(),
      ]
      for (const call of calls) expect(await rejectionOf(call), String(call)).toMatchObject(closed)
      expect(await rejectionOf(connection.execute('select 1'))).toBeInstanceOf(ResourceClosedError)
      expect(tx.isActive).toBe(false)
      expect([engine.closed, connection.closed, engine.status().size]).toEqual([true, true, 0])
    })

    test('rejects those that still wait for a connection', async () => {
      const engine = db.engine({ pool: { max: 1 } })
      const connection = await engine.connect()
      const waiter = rejectionOf(engine.connect())
      await engine.close()
      expect(await waiter).toMatchObject(closed)
      expect(connection.closed).toBe(true)
    })

    test('rolls back what is open', async () => {
      const engine = await db.notes({})
      const tx = await engine.begin()
      await tx.execute("insert into notes (text) values ('a')")
      await engine.close()
      expect(await rejectionOf(tx.commit())).toMatchObject({ name: 'InvalidRequestError' })
      if (!db.can.outlivesEngine) return
      await using again = createEngine(db.url)
      expect(await textsOf(again)).toEqual([])
    })

    test('is idempotent, alone and all at once, and what a block does at its end', async () => {
      const engine = db.engine({})
      await engine.scalar('select 1')
      await Promise.all([engine.close(), engine.close()])
      await engine.close()
      await engine[Symbol.asyncDispose]()
      expect(engine.status().size).toBe(0)
    })

    test('with force returns although a connection is open', async () => {
      const engine = await db.notes({})
      const connection = await engine.connect()
      const tx = await connection.begin()
      await tx.execute("insert into notes (text) values ('a')")
      await engine.close({ force: true })
      expect(await rejectionOf(tx.execute('select 1'))).toMatchObject({ name: expect.stringMatching(/WorkerTerminated|ResourceClosed/) })
      expect(await rejectionOf(connection.execute('select 1'))).toMatchObject({
        name: expect.stringMatching(/WorkerTerminated|ResourceClosed/),
      })
      expect(engine.status().inUse).toBe(0)
      if (!db.can.outlivesEngine) return
      await using again = createEngine(db.url)
      expect(await textsOf(again)).toEqual([])
    })
  })
})
