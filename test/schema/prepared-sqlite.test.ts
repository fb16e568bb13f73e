import { type Condition, integer, MetaData, string, Table } from 'offloop/schema'
import { expect, test } from 'vitest'

const table = new Table('users', new MetaData(), { id: integer({ primaryKey: true }), name: string(50) })

test('compile() of SQLite says a limit so that no run of it is prepared anew', () => {
  const { sql, parameters } = table.select().limit(10).offset(20).compile()
  expect([sql.slice(sql.indexOf('limit')), parameters]).toEqual(['limit +? offset ?', [10, 20]])
})

test('compile() of SQLite says what ends like a text in the same way, and not what begins like it, which an index may know', () => {
  const patternOf = (condition: Condition): unknown[] => {
    const { sql, parameters } = table.select(condition).compile()
    return [sql.slice(sql.indexOf('glob')), parameters]
  }
  expect(patternOf(table.c.name.endsWith('a'))).toEqual(['glob +?', ['*a']])
  expect(patternOf(table.c.name.startsWith('a'))).toEqual(['glob ?', ['a*']])
})
