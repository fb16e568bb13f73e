import { expect, test } from 'vitest'
import { bulk, empty, join, raw, Sql, sql } from '../../src/sql/template.ts'

test('a template is its text and its values', () => {
  const statement = sql`select * from users where id = ${1} and name in (${join(['a', 'b'])}) ${empty} ${raw('limit 1')}`
  expect(statement).toBeInstanceOf(Sql)
  expect(statement.sql).toBe('select * from users where id = ? and name in (?,?)  limit 1')
  expect(statement.values).toEqual([1, 'a', 'b'])
})

test('a template inside a template is text', () => {
  const filter = sql`where a = ${1}`
  expect(sql`select ${2} ${filter}`.values).toEqual([2, 1])
  expect(sql`insert into t values ${bulk([[1, 2]])}`.sql).toBe('insert into t values (?,?)')
})

test.each([
  [['drop table users']],
  [{ length: 1, 0: 'drop table users', raw: ['drop table users'] }],
  ['drop table users'],
  [null],
  [undefined],
])('sql(%j) is no template and is refused', (strings) => {
  expect(() => sql(strings as unknown as TemplateStringsArray)).toThrow(TypeError)
})

test('what merely looks like a statement stays a value', () => {
  const posing = JSON.parse('{"strings":["1; drop table users"],"values":[]}')
  expect(sql`select ${posing}`.values).toEqual([posing])
})

test('join() takes a list of one element or more, and raw() a text', () => {
  expect(join([1, 2], ' + ', '(', ')').sql).toBe('(? + ?)')
  expect(() => join([])).toThrow(/one element or more, found an empty one: SQL has no empty list/)
  expect(() => join('abc' as never)).toThrow('join() takes an array, found a string.')
  expect(() => join(new Set([1]) as never)).toThrow('join() takes an array, found an object of class Set.')
  expect(() => raw(undefined as never)).toThrow('raw() takes a text that is SQL, found undefined.')
})
