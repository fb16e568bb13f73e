import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

const insert = 'insert into notes (text) values (?)'

describeTargets((db) => {
  /** Functions for the worker that are written alike for both drivers. */
  function functions(): URL {
    return db.module(
      'functions.mjs',
      `export const add = (db, a, b) => a + b
      export const echo = (db, ...args) => args
      export const fill = (db, count) => {
        const insert = db.prepare('insert into notes (text) values (?)')
        for (let n = 1; n <= count; n++) insert.run(String(n))
        return db.prepare('select count(*) as n from notes').get().n
      }
      export const fail = () => { throw new RangeError('out of it') }
      export const failWithCode = () => { throw Object.assign(new Error('gone'), { code: 'E_GONE' }) }
      export const violate = (db) => { db.exec("insert into notes (text) values ('same'); insert into notes (text) values ('same')") }
      export const misspell = (db) => { db.exec('selekt 1') }
      export const leak = () => () => 1
      export const later = async (db, value) => { await null; return value }
      export const value = 5
      export default (db, name) => 'Hello, ' + name`,
    )
  }

  describe('call()', () => {
    test('runs an exported function inside the worker, on the connection', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const module = functions()
      expect(await connection.call(module, 'add', 2, 3)).toBe(5)
      expect(await connection.call(module.href, 'default', 'Dana')).toBe('Hello, Dana')
      expect(await connection.call(module, 'later', 7)).toBe(7)
      await connection.execute('create temp table scratch (x)')
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
        () => connection.driver.exec('select 1', [() => 'c4n4ry']),
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
        driverCode: 'SQLITE_CONSTRAINT_UNIQUE',
        table: 'notes',
        columns: ['text'],
      })
      expect(await rejectionOf(connection.call(module, 'misspell'))).toMatchObject({ name: 'ProgrammingError', driverCode: 'SQLITE_ERROR' })
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
    /** better-sqlite3 and node:sqlite both have `function(name, fn)`. */
    const greeting = "export default (db) => { db.function('greet', (name) => 'Hello, ' + name) }"

    test('prepares every connection: those of the pool and those of the engine', async () => {
      const engine = await db.notes({ setup: db.module('setup.mjs', greeting) })
      expect(await engine.scalar("select greet('engine')")).toBe('Hello, engine')
      await engine.execute("insert into notes (text) values (greet('writer'))")
      await using one = await engine.connect()
      await using two = await engine.connect()
      expect(await one.scalar("select greet('one')")).toBe('Hello, one')
      expect(await two.scalar("select greet('two')")).toBe('Hello, two')
      expect(await textsOf(engine)).toEqual(['Hello, writer'])
    })

    test('prepares a connection again that was made as good as new', async () => {
      const engine = db.engine({ setup: db.module('setup.mjs', greeting).href, pool: { max: 1 } })
      for (let n = 0; n < 3; n++) {
        await using connection = await engine.connect()
        expect(await connection.scalar("select greet('again')")).toBe('Hello, again')
        await connection.execute('create temp table scratch (x)')
      }
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
