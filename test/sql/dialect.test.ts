import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { ArgumentError } from '../../src/errors.ts'
import { dialectFor } from '../../src/sql/dialect.ts'

test('a dialect is one frozen object', () => {
  expect(dialectFor('sqlite')).toBe(dialectFor('sqlite'))
  expect(Object.isFrozen(dialectFor('postgresql'))).toBe(true)
  for (const name of ['sqlite', 'postgresql', 'mysql'] as const) expect(() => JSON.stringify(dialectFor(name))).not.toThrow()
})

test('a dialect says what its database can do', () => {
  const able = (name: 'sqlite' | 'postgresql' | 'mysql') => {
    const { returning, transactionalDdl, arrays, nativeBooleans } = dialectFor(name)
    return { returning, transactionalDdl, arrays, nativeBooleans }
  }
  expect(able('sqlite')).toEqual({ returning: true, transactionalDdl: true, arrays: false, nativeBooleans: false })
  expect(able('postgresql')).toEqual({ returning: true, transactionalDdl: true, arrays: true, nativeBooleans: true })
  expect(able('mysql')).toEqual({ returning: false, transactionalDdl: false, arrays: false, nativeBooleans: true })
})

test('a quoted identifier doubles its quotes', () => {
  expect(dialectFor('sqlite').quoteIdentifier('a"b')).toBe('"a""b"')
  expect(dialectFor('postgresql').quoteIdentifier('a"b`')).toBe('"a""b`"')
  expect(dialectFor('mysql').quoteIdentifier('a`b"')).toBe('`a``b"`')
})

test.each([
  ['', 'empty'],
  ['a\0b', 'NUL'],
  ['a\ud800', 'surrogate'],
  [undefined, 'undefined'],
  [null, 'null'],
  [['x'], 'object'],
])('the identifier %j is refused', (name, reason) => {
  const quote = () => dialectFor('sqlite').quoteIdentifier(name as string)
  expect(quote).toThrow(ArgumentError)
  expect(quote).toThrow(reason)
})

test('hostile names make columns of that name and nothing else', () => {
  const database = new Database(':memory:')
  database.exec('create table sentinel (x)')
  const pieces = ['"', "'", ';', '--', '/*', '*/', 'drop table sentinel', ' ', ']', '[', '`', '\\', '%', 'é', '😀', '\n', '?', ':a', '$1']
  for (let index = 0; index < 300; index += 1) {
    const name = Array.from({ length: 1 + (index % 4) }, (_, part) => pieces[(index * 7 + part * 5) % pieces.length]).join('') + index
    const quoted = dialectFor('sqlite').quoteIdentifier(name)
    database.exec(`create table ${quoted} (${quoted})`)
    expect(database.prepare('select name from sqlite_schema where name = ?').pluck().get(name)).toBe(name)
    database.exec(`drop table ${quoted}`)
  }
  expect(database.prepare('select count(*) from sqlite_schema').pluck().get()).toBe(1)
  database.close()
})
