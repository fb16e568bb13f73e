import type { AsyncEngine, Executable, Parameters } from 'offloop'
import { integer, MetaData, Table, text } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

/** Gives a test each of the three that have executeMany; a transaction is committed when the work is done, and rolled back if it fails. */
const executors = [
  { name: 'engine', use: async (engine: AsyncEngine, work: (executor: AsyncEngine) => Promise<void>) => work(engine) },
  {
    name: 'connection',
    use: async (engine: AsyncEngine, work: (executor: Pick<AsyncEngine, 'executeMany'>) => Promise<void>) => {
      await using connection = await engine.connect()
      await work(connection)
      expect(connection.inTransaction()).toBe(false)
    },
  },
  {
    name: 'transaction',
    use: async (engine: AsyncEngine, work: (executor: Pick<AsyncEngine, 'executeMany'>) => Promise<void>) => engine.transaction(work),
  },
]

describeTargets((db) => {
  const { insert } = db

  describe.each(executors)('executeMany() of $name', ({ use }) => {
    test('runs once for each list of values', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        expect(
          await executor.executeMany(`insert into notes (id, text) values (${db.mark(1)}, ${db.mark(2)})`, [
            [1, 'a'],
            [2, 'b'],
          ]),
        ).toEqual({ rowcount: 2 })
      })
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('runs once for each object, whatever the order of its names', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        const rows = [
          { id: 1, text: 'a' },
          { text: 'b', id: 2 },
        ]
        expect(await executor.executeMany('insert into notes (id, text) values (:id, :text)', rows)).toEqual({ rowcount: 2 })
      })
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('takes a generator and an async generator', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        function* few() {
          for (const text of ['a', 'b']) yield [text]
        }
        async function* more() {
          for (const text of ['c', 'd']) yield { text }
        }
        expect(await executor.executeMany(insert, few())).toEqual({ rowcount: 2 })
        expect(await executor.executeMany('insert into notes (text) values (:text)', more())).toEqual({ rowcount: 2 })
      })
      expect(await textsOf(engine)).toEqual(['a', 'b', 'c', 'd'])
    })

    test('stores 20,000 rows', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        const rows = Array.from({ length: 20_000 }, (_, n) => [`${n}`])
        expect(await executor.executeMany(insert, rows)).toEqual({ rowcount: 20_000 })
      })
      expect(await engine.scalar('select count(*) from notes')).toBe(20_000)
    })

    test('of no rows gives 0', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        expect(await executor.executeMany(insert, [])).toEqual({ rowcount: 0 })
        expect(await executor.executeMany(insert, (async function* () {})())).toEqual({ rowcount: 0 })
      })
    })

    test('counts the rows changed by all runs together', async () => {
      const engine = await db.notes()
      await engine.executeMany(insert, [['a'], ['b'], ['c']])
      await use(engine, async (executor) => {
        expect(await executor.executeMany(`update notes set text = concat(text, '!') where id >= ${db.mark(1)}`, [[2], [3], [9]])).toEqual({
          rowcount: 3,
        })
        expect(await executor.executeMany(`${insert} returning id`, [['d'], ['e']])).toEqual({ rowcount: 2 })
        expect(await executor.executeMany(`delete from notes where text = ${db.mark(1)}`, [['a'], ['nothing']])).toEqual({ rowcount: 1 })
      })
      expect(await engine.scalar('select count(*) from notes')).toBe(4)
    })

    test('leaves nothing when a constraint refuses a row in the middle', async () => {
      const engine = await db.notes()
      await engine.execute(insert, ['before'])
      await use(engine, async (executor) => {
        const rows = Array.from({ length: 10_000 }, (_, n) => [n === 7_000 ? 'before' : `${n}`])
        const error = await rejectionOf(executor.executeMany(insert, rows))
        expect(error).toMatchObject({ name: 'IntegrityError', sql: insert, ...db.can.sameText })
      })
      expect(await textsOf(engine)).toEqual(['before'])
      await engine.execute(insert, ['after'])
    })

    test('passes an error of the rows on as it is, and leaves nothing', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        const mine = new Error('mine')
        function* failing() {
          for (let n = 0; n < 9_000; n++) yield [`${n}`]
          throw mine
        }
        async function* failingLater() {
          yield ['a']
          await executor
          throw mine
        }
        expect(await rejectionOf(executor.executeMany(insert, failing()))).toBe(mine)
        expect(await rejectionOf(executor.executeMany(insert, failingLater()))).toBe(mine)
      })
      expect(await textsOf(engine)).toEqual([])
    })

    test('passes on what a row throws, frozen or not', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        const thrown = Object.freeze(new Error('thrown by a row'))
        const get = (): never => {
          throw thrown
        }
        expect(await rejectionOf(executor.executeMany(insert, [['a'], Object.defineProperty([''], 0, { get })]))).toBe(thrown)
      })
      expect(await textsOf(engine)).toEqual([])
    })

    test('ends the iteration when a row is refused', async () => {
      const engine = await db.notes()
      let ended = false
      function* rows() {
        try {
          yield ['a']
          yield [undefined]
          yield ['b']
        } finally {
          ended = true
        }
      }
      await use(engine, async (executor) => {
        expect(await rejectionOf(executor.executeMany(insert, rows()))).toMatchObject({
          name: 'TypeError',
          message: expect.stringContaining('Row 2'),
        })
      })
      expect(ended).toBe(true)
      expect(await textsOf(engine)).toEqual([])
    })

    test('a refused row ends it, though the next ones never come', async () => {
      const engine = await db.notes()
      let told = 0
      // No generator: that would hear of it only when it has what it waits for.
      const rows = (count: number) => {
        let n = 0
        // Refused is one of the first 64: they leave together, however long it takes to gather them.
        const next = () =>
          n < count ? Promise.resolve({ done: false as const, value: [`${n++ === 30 ? 7 : n}`] }) : new Promise<never>(() => {})
        const end = () => Promise.resolve({ done: true as const, value: told++ })
        return { [Symbol.asyncIterator]: () => ({ next, return: end }) }
      }
      await use(engine, async (executor) => {
        expect(await rejectionOf(executor.executeMany(insert, rows(600)))).toMatchObject({ name: 'IntegrityError' })
        expect(told).toBe(1)
        expect(await rejectionOf(executor.executeMany(insert, rows(0), { timeoutMs: 50 }))).toMatchObject({ name: 'StatementTimeoutError' })
        expect(told).toBe(2)
      })
      expect(await textsOf(engine)).toEqual([])
    })

    test('given up by its signal or its time, leaves nothing', async () => {
      const engine = await db.notes()
      let read = 0
      function* aborting(controller: AbortController) {
        for (let n = 0; n < 50_000; n++) {
          if (n === 30_000) controller.abort('enough')
          read++
          yield [`${n}`]
        }
      }
      async function* stuck(waiting = () => {}) {
        for (let n = 0; n < 2_000; n++) yield [`${n}`]
        waiting()
        await new Promise(() => {})
      }
      await use(engine, async (executor) => {
        const [running, waiting] = [new AbortController(), new AbortController()]
        const aborted = { name: 'AbortError', cause: 'enough' }
        expect(await rejectionOf(executor.executeMany(insert, aborting(running), { signal: running.signal }))).toMatchObject(aborted)
        expect(read).toBeLessThan(50_000)
        const many = executor.executeMany(insert, stuck(() => waiting.abort('enough')), { signal: waiting.signal }) // biome-ignore format: one call
        expect(await rejectionOf(many)).toMatchObject(aborted)
        expect(await rejectionOf(executor.executeMany(insert, stuck(), { timeoutMs: 100 }))).toMatchObject({
          name: 'StatementTimeoutError',
        })
        read = 0
        expect(await rejectionOf(executor.executeMany(insert, aborting(waiting), { signal: waiting.signal }))).toMatchObject(aborted)
        expect(read).toBe(0)
        expect(await executor.executeMany(insert, [['a']], { signal: new AbortController().signal, timeoutMs: 60_000 })).toEqual({
          rowcount: 1,
        })
        for (const options of [{ signal: 5 }, { timeoutMs: -1 }, { batchRows: 5 }, null, []]) {
          expect(await rejectionOf(executor.executeMany(insert, [['b']], options as never))).toMatchObject({ name: 'ArgumentError' })
        }
      })
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('refuses wrong rows and statements, and leaves nothing', async () => {
      const engine = await db.notes()
      await use(engine, async (executor) => {
        const refused: readonly (() => Promise<unknown>)[] = [
          () => executor.executeMany(insert, [['a'], []]),
          () => executor.executeMany(insert, [['a'], ['b', 'c']]),
          () => executor.executeMany('insert into notes (text) values (:text)', [{ text: 'a' }, {}]),
          () => executor.executeMany('insert into notes (text) values (:text)', [{ text: 'a' }, { text: 'b', more: 1 }]),
          () => executor.executeMany(`insert into missing values (${db.mark(1)})`, [['a']]),
          () => executor.executeMany(`${insert}; ${insert}`, [['a']]),
          () => executor.executeMany('', [['a']]),
        ]
        for (const call of refused) expect(await rejectionOf(call), String(call)).toMatchObject({ name: 'ProgrammingError' })
        for (const [rows, found] of [
          [5, 'a number'],
          [null, 'null'],
          ['text', 'a string'],
          [{ 0: ['a'] }, 'a plain object'],
        ]) {
          const error = await rejectionOf(executor.executeMany(insert, rows as never))
          expect(error).toMatchObject({ name: 'TypeError', message: `executeMany() takes an iterable of rows, found ${found}.` })
        }
      })
      expect(await textsOf(engine)).toEqual([])
    })
  })

  describe('executeMany()', () => {
    test('tells its rows that they are left, and only then', async () => {
      const engine = await db.notes()
      const notes = new Table('notes', new MetaData(), { id: integer({ primaryKey: true }), text: text({ nullable: false }) })
      /** How often the rows are told; the last of them is what is given. */
      const timesTold = async (
        statement: Executable,
        last: { readonly text: unknown } | 'end' | 'failure',
        isAsync: boolean,
      ): Promise<number> => {
        let n = 0
        let told = 0
        const next = (): IteratorResult<Parameters> => {
          if (n++ < 2) return { done: false, value: { text: `${n}` } }
          if (last === 'failure') throw new Error('mine')
          return last === 'end' ? { done: true, value: undefined } : { done: false, value: last }
        }
        const end = (): IteratorResult<Parameters> => ({ done: true, value: told++ })
        const rows: Iterable<Parameters> | AsyncIterable<Parameters> = isAsync
          ? { [Symbol.asyncIterator]: () => ({ next: async () => next(), return: async () => end() }) }
          : { [Symbol.iterator]: () => ({ next, return: end }) }
        await engine.executeMany(statement, rows).catch(() => {})
        await engine.execute('delete from notes')
        return told
      }
      for (const statement of ['insert into notes (text) values (:text)', notes.insert()]) {
        for (const isAsync of [false, true]) {
          expect(await timesTold(statement, 'end', isAsync)).toBe(0)
          expect(await timesTold(statement, 'failure', isAsync)).toBe(0)
          expect(await timesTold(statement, { text: Symbol('no value') }, isAsync)).toBe(1)
        }
      }
      expect(await timesTold(notes.insert().values({ text: 'x' }), 'end', true)).toBe(1)
    })

    test('takes the rows of a COPY where there is one, and says so elsewhere', async () => {
      const engine = await db.notes()
      const many = () => engine.executeMany('copy notes (text) from stdin', [['a'], ['b']])
      if (engine.dialect.copy) expect(await many()).toEqual({ rowcount: 2 })
      else {
        const message = `${engine.dialect.name} has no COPY, which is PostgreSQL's: use an INSERT.`
        expect(await rejectionOf(many())).toMatchObject({ name: 'NotSupportedError', message })
      }
      expect(await textsOf(engine)).toEqual(engine.dialect.copy ? ['a', 'b'] : [])
    })

    test('waits for a connection no longer than for all of it', async () => {
      const engine = await db.notes({ pool: { max: 1 } })
      await using held = await engine.connect()
      expect(await rejectionOf(engine.executeMany(insert, [['a']], { timeoutMs: 50 }))).toMatchObject({ name: 'StatementTimeoutError' })
      const controller = new AbortController()
      const many = engine.executeMany(insert, [['a']], { signal: controller.signal })
      controller.abort('enough')
      expect(await rejectionOf(many)).toMatchObject({ name: 'AbortError', cause: 'enough' })
      expect(await textsOf(held)).toEqual([])
    })

    test('waits for its turn no longer than for all of it', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const end = Promise.withResolvers<void>()
      const before = connection.transaction(() => end.promise)
      expect(await rejectionOf(connection.executeMany(insert, [['a']], { timeoutMs: 50 }))).toMatchObject({ name: 'StatementTimeoutError' })
      end.resolve()
      await before
      expect(await textsOf(connection)).toEqual([])
    })

    test('inside a transaction is a savepoint: its failure leaves the rest', async () => {
      const engine = await db.notes()
      await engine.transaction(async (tx) => {
        await tx.execute(insert, ['before'])
        await rejectionOf(tx.executeMany(insert, [['a'], ['a']]))
        await tx.executeMany(insert, [['b'], ['c']])
        await tx.execute(insert, ['after'])
      })
      expect(await textsOf(engine)).toEqual(['before', 'b', 'c', 'after'])
    })

    test('of the connection inside a transaction is a savepoint, too', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin()
      await connection.executeMany(insert, [['a'], ['b']])
      await rejectionOf(connection.executeMany(insert, [['c'], ['c']]))
      expect(connection.inTransaction()).toBe(true)
      expect(await textsOf(connection)).toEqual(['a', 'b'])
      await tx.rollback()
      expect(await textsOf(connection)).toEqual([])
    })

    test('is not mixed with what others do on the connection meanwhile', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const started = Promise.withResolvers<void>()
      const others = Promise.withResolvers<void>()
      async function* rows() {
        for (let n = 0; n < 9_000; n++) yield [`${n}`]
        started.resolve()
        await others.promise
        throw new Error('mine')
      }
      const many = connection.executeMany(insert, rows())
      await started.promise
      const other = connection.execute(insert, ['other'])
      others.resolve()
      expect((await rejectionOf(many)).message).toBe('mine')
      await other
      expect(await textsOf(connection)).toEqual(['other'])
    })

    test('takes its rows from a stream of the same connection', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      await connection.executeMany(
        insert,
        Array.from({ length: 3_000 }, (_, n) => [`${n}`]),
      )
      await connection.execute('create table copies (id integer, text varchar(500))')
      const copied = await connection.executeMany(
        'insert into copies values (:id, :text)',
        connection.stream<{ id: number; text: string }>('select id, text from notes'),
      )
      expect(copied).toEqual({ rowcount: 3_000 })
      expect(await connection.scalar('select count(*) from copies join notes using (id, text)')).toBe(3_000)
    })

    test('copies bytes of each row when the row is taken', async () => {
      const engine = db.engine()
      await engine.execute(`create table files (id integer, data ${db.can.types.bytes})`)
      const bytes = new Uint8Array(50_000)
      function* rows() {
        for (let id = 1; id <= 3; id++) yield { id, data: bytes.fill(id) }
      }
      await engine.executeMany('insert into files values (:id, :data)', rows())
      const stored = await engine.execute('select data from files order by id').scalars<Buffer>()
      expect(stored).toEqual([1, 2, 3].map((n) => Buffer.alloc(50_000, n)))
    })
  })

  test('a close() that its own rows ask for is refused, and nothing is stored', async () => {
    const engine = await db.notes()
    const connection = await engine.connect()
    async function* rows(between: () => PromiseLike<unknown>) {
      yield ['a']
      await between()
      yield ['b']
    }
    const closeEngine = () => engine.close()
    const refused = { name: 'ReentrancyError', message: expect.stringContaining('the executeMany whose rows ask for it') }
    for (const close of [() => connection.close(), () => connection[Symbol.asyncDispose](), closeEngine])
      expect(await rejectionOf(connection.executeMany(insert, rows(close)))).toMatchObject(refused)
    expect(await rejectionOf(engine.executeMany(insert, rows(closeEngine)))).toMatchObject(refused)
    expect(await rejectionOf(engine.transaction((tx) => tx.executeMany(insert, rows(closeEngine))))).toMatchObject(refused)
    const select = () => connection.scalar('select 1')
    expect(await connection.executeMany(insert, rows(select))).toEqual({ rowcount: 2 })
    expect(await textsOf(engine)).toEqual(['a', 'b'])
    await connection.close()
  })
})
