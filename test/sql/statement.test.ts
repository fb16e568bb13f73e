import { Sql as OurSql } from 'sql-template-tag'
import { describe, expect, test } from 'vitest'
import { ProgrammingError } from '../../src/errors.ts'
import { dialectFor } from '../../src/sql/dialect.ts'
import { type Executable, type Parameters, StatementCompiler } from '../../src/sql/statement.ts'
import { raw, sql } from '../../src/sql/template.ts'

const compiler = new StatementCompiler(dialectFor('sqlite'), 256)
const compile = (executable: unknown, parameters?: unknown) => compiler.compile(executable as Executable, parameters as Parameters)

/** A ProgrammingError with exactly this message. */
const refusal = (message: string) => expect.objectContaining({ code: 'OFFLOOP_PROGRAMMING', message })

describe('a text', () => {
  test('without placeholders needs no parameters', () => {
    expect(compile('select 1')).toMatchObject({ sql: 'select 1', names: null, values: [], transfer: undefined })
    expect(compile('select 1', [])).toMatchObject({ names: null, values: [] })
    expect(compile('select 1', {})).toMatchObject({ names: null, values: [] })
  })

  test('with ? takes a list in its order', () => {
    expect(compile('select ?, ?', [1, 'a'])).toMatchObject({ names: null, values: [1, 'a'] })
  })

  test.each(['select ?2, ?1', 'select $2, $1', 'select :2, :1'])('with numbers takes a list: %s', (text) => {
    expect(compile(text, ['first', 'second'])).toMatchObject({ names: ['1', '2'], values: ['first', 'second'] })
    expect(compile(text, { 1: 'first', 2: 'second' })).toMatchObject({ names: ['1', '2'], values: ['first', 'second'] })
  })

  test('with names takes an object', () => {
    expect(compile('select :b, @a, $c, :b', { a: 1, b: 2, c: 3 })).toMatchObject({ names: ['b', 'a', 'c'], values: [2, 1, 3] })
  })

  test.each([
    [[1], 'The statement has 2 parameters, but 1 value was given.'],
    [[1, 2, 3], 'The statement has 2 parameters, but 3 values were given.'],
    [[], 'The statement has 2 parameters, but 0 values were given.'],
    [undefined, 'The statement has 2 parameters, but no values were given.'],
    [{ a: 1 }, 'The statement has 2 parameters without a name: expected an array, found an object.'],
  ])('with two ? refuses %j', (parameters, message) => {
    expect(() => compile('select ?, ?', parameters)).toThrow(refusal(message))
  })

  test.each([
    [{ a: 1 }, 'No value was given for parameter "b".'],
    [{ a: 1, b: 2, c: 3 }, 'The statement has no parameter "c"; it has a, b.'],
    [{}, 'No value was given for parameter "a".'],
    [undefined, 'The statement has 2 parameters (a, b), but no values were given.'],
    [[1, 2], 'The statement names its parameters (a, b): expected an object, found an array.'],
  ])('with :a and :b refuses %j', (parameters, message) => {
    expect(() => compile('select :a, :b', parameters)).toThrow(refusal(message))
  })

  test('without placeholders refuses values', () => {
    expect(() => compile('select 1', [1])).toThrow(ProgrammingError)
    expect(() => compile('select 1', { a: 1 })).toThrow('The statement has no parameter "a"; it has none.')
  })

  test.each(['select ?, :a', 'select ?, ?1', 'select :a, $1'])('with placeholders of two kinds is refused: %s', (text) => {
    expect(() => compile(text, [1, 2])).toThrow('The statement mixes placeholders')
  })

  test.each(['select ?2', 'select ?1, ?3', 'select ?0', 'select ?01', 'select $2', 'select ?99999999999999999999'])(
    'with numbers that leave a gap is refused: %s',
    (text) => {
      expect(() => compile(text, [1, 2, 3])).toThrow(ProgrammingError)
    },
  )

  test.each(['', '   ', '-- nothing', '/* nothing */', ';'])('without a statement is refused: %j', (text) => {
    expect(() => compile(text)).toThrow(refusal('Expected one SQL statement, found none.'))
  })

  test('with several statements is refused with the name of script()', () => {
    expect(() => compile('select 1; drop table t')).toThrow(refusal('Expected one SQL statement, found 2: script() runs several.'))
    expect(() => compile('select 1;;; ')).not.toThrow()
  })

  test('with a NUL or half a surrogate pair is refused', () => {
    expect(() => compile('select 1 \0 drop')).toThrow(ProgrammingError)
    expect(() => compile("select '\ud800'")).toThrow(ProgrammingError)
  })

  test('with more parameters than SQLite can take is refused before it is sent', () => {
    const text = (count: number) => `select 1 in (${Array(count).fill('?').join(',')})`
    expect(compile(text(32_766), Array(32_766).fill(1)).values).toHaveLength(32_766)
    expect(() => compile(text(32_767), Array(32_767).fill(1))).toThrow('The statement has 32767 parameters; sqlite takes 32766 at most.')
  })

  test('of more than 100 million characters is refused', () => {
    expect(() => compile(`select '${'x'.repeat(100_000_000)}'`)).toThrow(ProgrammingError)
  })

  test('is in the error, and its values are not', () => {
    const secret = 's3cr3t-canary'
    try {
      compile('select :a', { a: 1, b: secret })
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ sql: 'select :a', driverCode: undefined })
      expect(JSON.stringify(error)).not.toContain(secret)
    }
  })
})

describe('parameters', () => {
  test('by name are own properties, each read once', () => {
    let reads = 0
    const parameters = {
      get a() {
        reads += 1
        return reads
      },
    }
    expect(compile('select :a, :a', parameters).values).toEqual([1])
    expect(reads).toBe(1)
  })

  test('are never inherited', () => {
    expect(() => compile('select :a', Object.create({ a: 1 }))).toThrow()
    expect(() => compile('select :toString', {})).toThrow('No value was given for parameter "toString".')
    expect(() => compile('select :constructor', {})).toThrow(ProgrammingError)
    expect(() => compile('select :__proto__', {})).toThrow(ProgrammingError)
  })

  test('are none that are hidden from a loop over their names', () => {
    const hidden = Object.defineProperty({}, 'a', { value: 1 })
    expect(() => compile('select :a', hidden)).toThrow('No value was given for parameter "a".')
  })

  test('may have any name and any prototype', () => {
    expect(compile('select :a', Object.assign(Object.create(null), { a: 1 })).values).toEqual([1])
    expect(compile('select :__proto__', JSON.parse('{"__proto__": 1}')).values).toEqual([1])
    class User {
      name = 'Ada'
    }
    expect(compile('select :name', new User()).values).toEqual(['Ada'])
    expect('a' in {}).toBe(false)
  })

  test.each([null, 1, 'abc', true, 1n, Symbol('x'), () => 1])('are neither list nor object: %p', (parameters) => {
    expect(() => compile('select 1', parameters)).toThrow(/^Parameters must be an array or an object, found /)
    expect(() => compile('select 1', parameters)).toThrow(TypeError)
  })

  test.each([new Map([['a', 1]]), new Set([1]), new Date(), Promise.resolve([1])])('are no collection: %o', (parameters) => {
    expect(() => compile('select :a', parameters)).toThrow(TypeError)
    expect(() => compile('select 1', parameters)).toThrow(TypeError)
  })

  test('name the position of what is wrong, counted from 1', () => {
    expect(() => compile('select ?, ?', [1, undefined])).toThrow(/^Parameter 2 is undefined: expected null, boolean, /)
    // biome-ignore lint/suspicious/noSparseArray: a hole is the case
    expect(() => compile('select ?, ?', [, 1])).toThrow(/^Parameter 1 is undefined/)
    expect(() => compile('select :city', { city: Number.NaN })).toThrow(/^Parameter "city" is NaN/)
  })

  test('of many bytes may be moved to the worker, and are copies', () => {
    const large = new Uint8Array(100_000).fill(7)
    const { values, transfer } = compile('select ?, ?, ?', [large, new Uint8Array(10), 'x'])
    expect(transfer).toEqual([(values[0] as Uint8Array).buffer])
    expect(transfer?.[0]).not.toBe(large.buffer)
  })
})

describe('a sql`…` value', () => {
  test('brings its values', () => {
    expect(compile(sql`select ${1}, ${'a'}`)).toMatchObject({ sql: 'select ?, ?', names: null, values: [1, 'a'] })
  })

  test('is numbered where the database wants it', () => {
    const postgresql = new StatementCompiler(dialectFor('postgresql'), 16)
    expect(postgresql.compile(sql`select ${true}, ${'a'}`)).toMatchObject({ sql: 'select $1, $2', names: null, values: [true, 'a'] })
  })

  test('takes no second list of parameters', () => {
    expect(() => compile(sql`select ${1}`, [1])).toThrow(TypeError)
    // A layer that passes a list on whatever it has been given.
    expect(compile(sql`select ${1}`, []).values).toEqual([1])
  })

  test('with undefined inside is refused', () => {
    expect(() => compile(sql`select ${1}, ${undefined}`)).toThrow(/^Parameter 2 is undefined/)
  })

  test('with a placeholder of its own is refused', () => {
    expect(() => compile(sql`select ?, ${1}`)).toThrow(ProgrammingError)
    expect(() => compile(sql`select :a, ${1}`)).toThrow(ProgrammingError)
    expect(() => compile(raw('select ?'))).toThrow(ProgrammingError)
  })

  test('of another copy of sql-template-tag is as good', () => {
    class Sql {
      strings = ['select ', '']
      values = [1]
      get sql() {
        return this.strings.join('?')
      }
      get text() {
        return this.strings.join('$1')
      }
    }
    expect(compile(new Sql())).toMatchObject({ sql: 'select ?', values: [1] })
    expect(new Sql()).not.toBeInstanceOf(OurSql)
  })
})

describe('an object with compile()', () => {
  test('is compiled once', () => {
    let calls = 0
    const query = {
      compile() {
        calls += 1
        return { sql: 'select ?', parameters: [1], query: {} }
      },
    }
    expect(compile(query)).toMatchObject({ sql: 'select ?', values: [1] })
    expect(calls).toBe(1)
    expect(() => compile(query, [1])).toThrow(TypeError)
  })

  test.each([
    undefined,
    null,
    'select 1',
    {},
    { sql: 'select 1' },
    { sql: 1, parameters: [] },
    { sql: 'select 1', parameters: { length: 0 } },
  ])('that gives %j is refused', (compiled) => {
    expect(() => compile({ compile: () => compiled })).toThrow(TypeError)
  })
})

describe('what a request body can hold', () => {
  test.each([
    '{"strings":["drop table users"],"values":[]}',
    '{"sql":"drop table users","values":[]}',
    '{"sql":"drop table users","parameters":[]}',
    '{"text":"drop table users","values":[]}',
    '{"compile":"drop table users"}',
    '{"compile":{"call":"x"}}',
    '{"__proto__":{"sql":"drop table users","text":"x","values":[]}}',
    '{"constructor":{"name":"Sql"},"sql":"drop table users","text":"x","values":[],"strings":["drop table users"]}',
    '["drop table users"]',
    '[]',
    '{}',
    'null',
    '1',
    'true',
  ])('is no statement: %s', (json) => {
    expect(() => compile(JSON.parse(json))).toThrow(TypeError)
    expect(() => compile(JSON.parse(json))).toThrow(
      /^This is no statement: expected a string, a sql`…` value or an object with compile\(\), found /,
    )
  })

  test.each(['{"sql":"1"}', '{"strings":["1"],"values":[]}', '{"type":"Buffer","data":[1]}', '[1]', '{"toString":"x"}', '{"__proto__":1}'])(
    'is no value: %s',
    (json) => {
      expect(() => compile('select ?', [JSON.parse(json)])).toThrow(TypeError)
      expect(() => compile(sql`select ${JSON.parse(json)}`)).toThrow(TypeError)
    },
  )

  test('pollutes nothing', () => {
    for (const json of ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}']) {
      expect(() => compile('select :polluted', JSON.parse(json))).toThrow(ProgrammingError)
    }
    expect('polluted' in {}).toBe(false)
  })
})

describe('textOf', () => {
  test('is the text of what takes its values from elsewhere', () => {
    expect(compiler.textOf('insert into t values (?)')).toBe('insert into t values (?)')
    expect(compiler.textOf(sql`select 1`)).toBe('select 1')
    expect(compiler.textOf({ compile: () => ({ sql: 'insert into t values (:a)', parameters: [] }) })).toBe('insert into t values (:a)')
  })

  test('refuses what has values inside it, and what is no statement', () => {
    expect(() => compiler.textOf(sql`select ${1}`)).toThrow(TypeError)
    expect(() => compiler.textOf(JSON.parse('{"sql":"1"}'))).toThrow(TypeError)
  })
})

test('a script may hold any number of statements, and no NUL', () => {
  expect(() => compiler.checkScript('select 1; select 2')).not.toThrow()
  expect(() => compiler.checkScript('')).not.toThrow()
  expect(() => compiler.checkScript('select 1\0; select 2')).toThrow(ProgrammingError)
  expect(() => compiler.checkScript("select '\udc00'")).toThrow(ProgrammingError)
})

describe('the cache', () => {
  test('gives the same findings for the same text', () => {
    expect(compile('select 1 as cached').scanned).toBe(compile('select 1 as cached').scanned)
  })

  test('keeps what is used and forgets what is not', () => {
    const small = new StatementCompiler(dialectFor('sqlite'), 4)
    const kept = small.scan('select 0')
    const forgotten = small.scan('select -1')
    for (let index = 1; index <= 20; index += 1) {
      small.scan(`select ${index}`)
      expect(small.scan('select 0')).toBe(kept)
    }
    expect(small.scan('select -1')).not.toBe(forgotten)
  })

  test('of capacity 0 keeps nothing', () => {
    const none = new StatementCompiler(dialectFor('sqlite'), 0)
    expect(none.scan('select 1')).not.toBe(none.scan('select 1'))
  })

  test('does not keep generated texts', () => {
    const text = `select '${'x'.repeat(70_000)}'`
    expect(compiler.scan(text)).not.toBe(compiler.scan(text))
  })
})
