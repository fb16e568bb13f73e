import { describe, expect, test } from 'vitest'
import { ProgrammingError } from '../../src/errors.ts'
import { type DialectName, dialectFor } from '../../src/sql/dialect.ts'
import { type Executable, type Parameters, StatementCompiler } from '../../src/sql/statement.ts'
import { raw, sql } from '../../src/sql/template.ts'
import { connectMysql, connectPostgresql } from './servers.ts'

const compilers = new Map((['postgresql', 'mysql'] as const).map((name) => [name, new StatementCompiler(dialectFor(name), 16)]))
const compile = (dialect: Exclude<DialectName, 'sqlite'>, executable: Executable, parameters?: unknown) =>
  (compilers.get(dialect) as StatementCompiler).compile(executable, parameters as Parameters)

describe('names', () => {
  test('become numbers on PostgreSQL, one for each name', () => {
    const compiled = compile('postgresql', 'select :b, :a::text, :b', { a: 1, b: 'x' })
    expect(compiled).toMatchObject({ sql: 'select :b, :a::text, :b', text: 'select $1, $2::text, $1', names: null, values: ['x', 1] })
  })

  test('become ? on MySQL, one for each place, and each is read once', () => {
    let reads = 0
    const parameters = {
      a: 1,
      get b() {
        reads += 1
        return 'x'
      },
    }
    const compiled = compile('mysql', 'select :b, :a, :b', parameters)
    expect(compiled).toMatchObject({ sql: 'select :b, :a, :b', text: 'select ?, ?, ?', names: null, values: ['x', 1, 'x'] })
    expect(reads).toBe(1)
  })

  test('are missing, extra, or want an object, as on SQLite', () => {
    for (const dialect of ['postgresql', 'mysql'] as const) {
      expect(() => compile(dialect, 'select :a, :b', { a: 1 })).toThrow('No value was given for parameter "b".')
      expect(() => compile(dialect, 'select :a, :a', { a: 1, c: 2 })).toThrow('The statement has no parameter "c"; it has a.')
      expect(() => compile(dialect, 'select :a, :a', [1, 2])).toThrow(
        'The statement names its parameters (a): expected an object, found an array.',
      )
      expect(() => compile(dialect, 'select :a, :a')).toThrow('The statement has 1 parameter (a), but no values were given.')
      expect(() => compile(dialect, 'select :a', { a: undefined })).toThrow(/^Parameter "a" is undefined/)
    }
  })

  test('of bytes that stand in two places have their bytes twice: they may be moved only once', () => {
    const { values, transfer } = compile('mysql', 'select :a, :a', { a: new Uint8Array(100_000).fill(7) })
    expect(values).toEqual([new Uint8Array(100_000).fill(7), new Uint8Array(100_000).fill(7)])
    expect(() => structuredClone(values, { transfer: transfer ?? [] })).not.toThrow()
  })

  test('are replaced once for each text', () => {
    const first = compile('postgresql', 'select :a as once', { a: 1 })
    expect(compile('postgresql', 'select :a as once', { a: 2 }).scanned).toBe(first.scanned)
  })
})

describe('numbers and question marks', () => {
  test('of PostgreSQL are its own, repeated and in any order', () => {
    expect(compile('postgresql', 'select $2, $1, $2', ['a', 'b'])).toMatchObject({
      text: 'select $2, $1, $2',
      names: null,
      values: ['a', 'b'],
    })
    expect(compile('postgresql', 'select $2, $1', { 1: 'a', 2: 'b' }).values).toEqual(['a', 'b'])
    expect(() => compile('postgresql', 'select $2', [1, 2])).toThrow('Numbered parameters run from 1 without a gap')
  })

  test('of MySQL are ? and nothing else', () => {
    expect(compile('mysql', 'select ?, ?', [1, true])).toMatchObject({ text: 'select ?, ?', names: null, values: [1, true] })
    for (const parameters of [[1, 2], { 1: 1, 2: 2 }, undefined]) {
      expect(() => compile('mysql', 'select $1, $2', parameters)).toThrow(
        'mysql has no numbered parameters: expected ? or :name, found $1.',
      )
    }
  })

  test('that are a habit from elsewhere are answered with what to write', () => {
    expect(() => compile('postgresql', 'select * from t where a = ?', [1])).toThrow(
      'The statement has 0 parameters, but 1 value was given. The placeholders of postgresql are $1 or :name; ? is an operator there.',
    )
    expect(() => compile('postgresql', 'select 1', [1])).toThrow(/^The statement has 0 parameters, but 1 value was given\.$/)
    expect(compile('postgresql', "select j ? 'a'", [])).toMatchObject({ values: [] })
  })

  test('are not mixed with names', () => {
    expect(() => compile('postgresql', 'select $1, :a', [1])).toThrow('The statement mixes placeholders: use only $1, or only :name.')
    expect(() => compile('mysql', 'select ?, :a', [1])).toThrow('The statement mixes placeholders: use only ?, or only :name.')
    expect(() => compile('mysql', 'select ?, $1', [1])).toThrow('The statement mixes placeholders')
  })

  test('are counted as they are sent', () => {
    const text = `select ${Array(65_536).fill(':a').join(',')}`
    expect(() => compile('mysql', text, { a: 1 })).toThrow('The statement has 65536 parameters; mysql takes 65535 at most.')
    expect(compile('postgresql', text, { a: 1 }).values).toEqual([1])
  })
})

describe('statements with values inside', () => {
  test('are marked as the dialect marks them', () => {
    const query = sql`select ${1}, ${'a'}`
    expect(compile('postgresql', query)).toMatchObject({ sql: 'select $1, $2', text: 'select $1, $2', values: [1, 'a'] })
    expect(compile('mysql', query)).toMatchObject({ sql: 'select ?, ?', text: 'select ?, ?', values: [1, 'a'] })
  })

  test('of a query builder are taken as they are', () => {
    const query = (text: string) => ({ compile: () => ({ sql: text, parameters: ['a', 'b'] }) })
    expect(compile('postgresql', query('select $1, $2'))).toMatchObject({ text: 'select $1, $2', values: ['a', 'b'] })
    expect(compile('mysql', query('select ?, ?'))).toMatchObject({ text: 'select ?, ?', values: ['a', 'b'] })
  })

  test('take no placeholder of their own', () => {
    expect(() => compile('mysql', sql`select ?, ${1}`)).toThrow(ProgrammingError)
    expect(() => compile('postgresql', raw('select $1'))).toThrow(ProgrammingError)
  })
})

test('a text in which the other dialect would see two statements is one', () => {
  expect(() => compile('postgresql', "select $$ ; '$$")).not.toThrow()
  expect(() => compile('mysql', "select '\\'; select 1'")).not.toThrow()
  expect(() => compile('postgresql', "select '\\'; select 1 --'")).toThrow('Expected one SQL statement, found 2')
  expect(() => compile('mysql', 'select 1 /*!; select 2 */')).toThrow('Expected one SQL statement, found 2')
})

test.for([
  ['postgresql', connectPostgresql, 'select :b::text, :a::int, :b::text || :c::text'],
  ['mysql', connectMysql, 'select :b, cast(:a as signed), concat(:b, :c)'],
] as const)('the server of %s puts the values in their places', async ([dialect, connect, text], { skip }) => {
  const server = await connect()
  skip(server.missing !== undefined, server.missing)
  try {
    const compiled = compile(dialect, text, { a: 1, b: "it's :c", c: '$1 ?' })
    expect(await server.query(compiled.text, compiled.values as readonly string[])).toEqual([["it's :c", 1, "it's :c$1 ?"]])
  } finally {
    await server.close()
  }
})
