import { join } from 'node:path'
import { inspect } from 'node:util'
import { InvalidRequestError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { isServer } from './target.ts'
import { describeNeeding, describeTargets, rejectionOf, textsOf } from './targets.ts'

/** What is the same with every driver. */
const anyDriver = `
  export const add = (db, a, b) => a + b
  export const echo = (db, ...args) => args
  export const fail = () => { throw new RangeError('out of it') }
  export const failWithCode = () => { throw Object.assign(new Error('gone'), { code: 'E_GONE' }) }
  export const leak = () => () => 1
  export const leakDeep = async (db) => { await null; return { rows: [1, new Map([['a', [Symbol('x')]]])] } }
  export const leakHandle = () => ({ weak: new WeakMap() })
  export const later = async (db, value) => { await null; return value }
  export const value = 5
  export default (db, name) => 'Hello, ' + name`

/** `run` runs a statement, in functions that wait for it. */
const waiting = (mark: string): string => `
  export const fill = async (db, count) => {
    for (let n = 1; n <= count; n++) await run(db, 'insert into notes (text) values (${mark})', [String(n)])
    return Number((await run(db, 'select count(*) as n from notes', []))[0].n)
  }
  export const violate = async (db) => { for (const n of [1, 2]) await run(db, "insert into notes (text) values ('same')", []) }
  export const misspell = async (db) => { await run(db, 'selekt 1', []) }`

/** What runs statements, as each driver's own object takes them. */
const statements = {
  sqlite: `
    export const fill = (db, count) => {
      const insert = db.prepare('insert into notes (text) values (?)')
      for (let n = 1; n <= count; n++) insert.run(String(n))
      return db.prepare('select count(*) as n from notes').get().n
    }
    export const violate = (db) => { db.exec("insert into notes (text) values ('same'); insert into notes (text) values ('same')") }
    export const misspell = (db) => { db.exec('selekt 1') }`,
  pg: `const run = async (db, sql, values) => (await db.query(sql, values)).rows; ${waiting('$1')}`,
  mysql2: `
    const run = (db, sql, values) =>
      new Promise((resolve, reject) => db.query(sql, values, (error, rows) => (error ? reject(error) : resolve(rows))));
    ${waiting('?')}`,
} as const

/** Setup modules that leave a greeting on the connection, and the query for it. */
const greetings = {
  sqlite: { setup: "export default (db) => { db.function('greet', () => 'Hello') }", query: 'select greet()' },
  postgresql: {
    setup: `export default async (db) => { await db.query("select set_config('offloop.greeting', 'Hello', false)") }`,
    query: "select current_setting('offloop.greeting', true)",
  },
  mysql: {
    setup: `export default (db) => new Promise((resolve, reject) => db.query("set @greeting = 'Hello'", (e) => (e ? reject(e) : resolve())))`,
    query: 'select @greeting',
  },
} as const

describeTargets((db) => {
  const { insert } = db

  /** Functions for the worker. */
  function functions(): URL {
    return db.module('functions.mjs', `${anyDriver}\n${statements[isServer(db.target) ? db.target.driver : 'sqlite']}`)
  }

  describe('call()', () => {
    test('runs an exported function inside the worker, on the connection', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const module = functions()
      expect(await connection.call(module, 'add', 2, 3)).toBe(5)
      expect(await connection.call(module.href, 'default', 'Dana')).toBe('Hello, Dana')
      expect(await connection.call(module, 'later', 7)).toBe(7)
      await connection.execute('create temporary table scratch (x integer)')
      expect(await connection.call(module, 'fill', 100)).toBe(100)
      expect(await textsOf(engine)).toHaveLength(100)
    })

    test('of the engine commits, of a transaction belongs to it', async () => {
      const engine = await db.notes()
      const module = functions()
      expect(await engine.call(module, 'fill', 3)).toBe(3)
      const tx = await engine.begin()
      await tx.execute('delete from notes')
      expect(await tx.call(module, 'fill', 5)).toBe(5)
      await tx.rollback()
      expect(await textsOf(engine)).toEqual(['1', '2', '3'])
    })

    test('clones what goes in and out', async () => {
      const engine = db.engine()
      const module = functions()
      const args = [null, 1n, 'ü', new Date(0), new Map([['a', [1]]]), new Uint8Array([1, 2]), { a: { b: 1 } }]
      expect(await engine.call(module, 'echo', ...args)).toEqual(args)
      const changing = { n: 1 }
      const pending = engine.call(module, 'echo', changing)
      changing.n = 2
      expect(await pending).toEqual([{ n: 1 }])
    })

    test('refuses what cannot be cloned, in and out, and the connection lives', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const module = functions()
      expect((await rejectionOf(connection.call(module, 'echo', () => 1))).name).toBe('DataCloneError')
      const refused = [
        () => connection.call(module, 'echo', 1, Symbol('c4n4ry')),
        async () => await connection.driver[db.can.synchronousHandle ? 'exec' : 'query']?.('select 1', [() => 'c4n4ry']),
      ]
      for (const call of refused) {
        const error = await rejectionOf(call())
        expect(error.name).toBe('DataCloneError')
        expect(error.message).toMatch(/^Argument [24] of .* cannot be cloned/)
        expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('c4n4ry')
      }
      expect(await rejectionOf(connection.call(module, 'leak'))).toBeInstanceOf(Error)
      expect(await connection.scalar('select 1')).toBe(1)
    })

    test('names the function whose result cannot leave the worker, wherever that is, and what is in the way', async () => {
      const elsewhere = isServer(db.target) ? { placement: 'main' as const } : db.isFile ? { isolation: 'process' as const } : {}
      for (const options of [{}, elsewhere]) {
        const engine = db.engine(options)
        await using connection = await engine.connect()
        const module = functions()
        for (const [name, found] of [
          ['leak', 'a function'],
          ['leakDeep', 'a symbol inside of it'],
          ['leakHandle', 'an object of class WeakMap inside of it'],
        ] as const) {
          const error = await rejectionOf(connection.call(module, name))
          expect(error).toBeInstanceOf(InvalidRequestError)
          expect(error.message).toBe(
            `The function "${name}" of "${module.href}" has run, but its result cannot leave the worker: expected plain data: ` +
              `texts, numbers, bytes, Dates, lists and objects of these; found ${found}. Return what you need of it.`,
          )
          expect((error.cause as Error).message).toContain('could not be cloned')
          expect(error.stack).toContain('worker-functions.test.ts')
          expect(await connection.call(module, 'add', 1, 2)).toBe(3)
          expect(await connection.scalar('select 1')).toBe(1)
        }
      }
    })

    test('refuses a module and a name that do not exist, by name', async () => {
      const engine = db.engine()
      const missing = new URL('missing.mjs', functions())
      const noModule = await rejectionOf(engine.call(missing, 'add'))
      expect(noModule).toMatchObject({ name: 'ArgumentError', message: expect.stringContaining('missing.mjs') })
      for (const name of ['subtract', 'value', 'toString', '__proto__']) {
        const noFunction = await rejectionOf(engine.call(functions(), name))
        expect(noFunction).toMatchObject({ name: 'ArgumentError', message: expect.stringContaining(`"${name}"`) })
        expect(noFunction.message).toContain('add')
      }
      expect((await rejectionOf(engine.call('no-such-package-anywhere', 'add'))).message).toContain('no-such-package-anywhere')
      expect((await rejectionOf(engine.call(functions(), 5 as never))).name).toBe('TypeError')
    })

    test('gives errors of the database the classes that statements have', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const module = functions()
      expect(await rejectionOf(connection.call(module, 'violate'))).toMatchObject({
        name: 'IntegrityError',
        ...db.can.sameText,
      })
      expect(await rejectionOf(connection.call(module, 'misspell'))).toMatchObject({
        name: 'ProgrammingError',
        driverCode: db.can.codes.syntax,
      })
      expect(await connection.scalar('select 1')).toBe(1)
    })

    test('passes on what the function throws', async () => {
      const engine = db.engine()
      const module = functions()
      const thrown = await rejectionOf(engine.call(module, 'fail'))
      expect(thrown).toBeInstanceOf(RangeError)
      expect(thrown.message).toBe('out of it')
      expect(await rejectionOf(engine.call(module, 'failWithCode'))).toMatchObject({ message: 'gone', code: 'E_GONE' })
    })
  })

  describe('setup', () => {
    const { setup: greeting, query: greet } = greetings[db.can.dialect]

    test('prepares every connection: those of the pool and those of the engine', async () => {
      const engine = await db.notes({ setup: db.module('setup.mjs', greeting) })
      expect(await engine.scalar(greet)).toBe('Hello')
      await engine.execute(`insert into notes (text) ${greet}`)
      await using one = await engine.connect()
      await using two = await engine.connect()
      expect([await one.scalar(greet), await two.scalar(greet)]).toEqual(['Hello', 'Hello'])
      expect(await textsOf(engine)).toEqual(['Hello'])
    })

    test('prepares a connection again that was made as good as new', async () => {
      const engine = db.engine({ setup: db.module('setup.mjs', greeting).href, pool: { max: 1 } })
      for (let n = 0; n < 3; n++) {
        await using connection = await engine.connect()
        expect(await connection.scalar(greet)).toBe('Hello')
        await connection.execute('create temporary table scratch (x integer)')
      }
    })

    test('that throws when a connection is made as good as new keeps that from the next borrower', async () => {
      const source = 'let runs = 0; export default () => { if (++runs === 2) throw new Error("not again") }'
      const engine = db.engine({ setup: db.module('setup.mjs', source), pool: { max: 1 } })
      const first = await engine.connect()
      await first.execute('create temporary table scratch (x integer)')
      await first.close()
      await using second = await engine.connect()
      expect(second.id).not.toBe(first.id)
      expect(await second.scalar('select 1')).toBe(1)
    })

    test('that throws for the first connection keeps nobody from the next one', async () => {
      const mark = JSON.stringify(join(db.folder, 'mark'))
      const source = `import { existsSync, writeFileSync } from 'node:fs'
        export default () => {
          if (existsSync(${mark})) return
          writeFileSync(${mark}, '')
          throw new Error('not yet')
        }`
      const engine = db.engine({ setup: db.module('setup.mjs', source), pool: { max: 1 } })
      expect((await rejectionOf(engine.connect())).message).toContain('not yet')
      expect(await engine.scalar('select 1')).toBe(1)
      await using connection = await engine.connect()
      expect(await connection.scalar('select 2')).toBe(2)
    })

    test('that throws rejects connect() and frees the place', async () => {
      const module = db.module('setup.mjs', "export default () => { throw new RangeError('not today') }")
      const engine = db.engine({ setup: module, pool: { max: 1 } })
      for (let n = 0; n < 3; n++) {
        const error = await rejectionOf(engine.connect())
        expect(error.message).toContain('not today')
        expect(engine.status()).toMatchObject({ size: 0, inUse: 0, waiting: 0 })
      }
      expect((await rejectionOf(engine.scalar('select 1'))).message).toContain('not today')
    })

    test('that is missing or exports no function is refused by name', async () => {
      const missing = db.engine({ setup: new URL('missing-setup.mjs', functions()) })
      expect((await rejectionOf(missing.connect())).message).toContain('missing-setup.mjs')
      const wrong = db.engine({ setup: db.module('wrong-setup.mjs', 'export default 5') })
      expect((await rejectionOf(wrong.connect())).message).toContain('wrong-setup.mjs')
    })

    describeNeeding(db, 'synchronousHandle', () => {
      test('gives a user function whose error is the statement error', async () => {
        const module = db.module('setup.mjs', "export default (db) => { db.function('explode', () => { throw new Error('bang') }) }")
        const engine = await db.notes({ setup: module })
        const error = await rejectionOf(
          engine.transaction(async (tx) => {
            await tx.execute(insert, ['a'])
            await tx.execute('select explode()')
          }),
        )
        expect(error.message).toContain('bang')
        expect(await textsOf(engine)).toEqual([])
      })
    })
  })
})
