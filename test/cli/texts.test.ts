import { expect, test } from 'vitest'
import { duration } from '../../src/cli/messages.ts'
import { readParameters } from '../../src/cli/parameters.ts'
import { surelyReturnsRows } from '../../src/cli/run-statement.ts'
import { withoutPasswords } from '../../src/cli/secrets.ts'
import { joinEntries } from '../../src/cli/shell/history.ts'

test('a duration is rounded before it is told in minutes', () => {
  expect([9.96, 999, 59_994, 59_996, 119_700, 125_000].map(duration)).toEqual([
    '10.0 ms',
    '999 ms',
    '59.99 s',
    '1 min 0 s',
    '2 min 0 s',
    '2 min 5 s',
  ])
})

test('a password is taken out of a URL, and a URL without one stays as it is', () => {
  const urls = ['postgresql://me@h/d', 'postgresql://me:se@cr:et@h/d', 'mysql://m@e:secret@h/d', 'sqlite:///a@b.db', 'x://u:se/cret@h']
  expect(urls.map((url) => withoutPasswords(`At ${url}.`))).toEqual([
    'At postgresql://me@h/d.',
    'At postgresql://me:***@h/d.',
    'At mysql://m:***@h/d.',
    'At sqlite:///a@b.db.',
    'At x://u:***@h.',
  ])
})

test('a number that a double does not hold is the text that it was typed as', () => {
  const exact = ['1.5', '-0.25', '1.10', '100e3', '1E+2', '0.0', '-0', '1e-7', '123456789.125', '5e-324']
  expect(readParameters(exact, 'select ?', 'sqlite')).toEqual([1.5, -0.25, 1.1, 100_000, 100, 0, 0n, 1e-7, 123_456_789.125, 5e-324])
  const others = ['12345678901234567.89', '1e400', '1e-400', '0.1000000000000000000001']
  expect(readParameters(others, 'select ?', 'sqlite')).toEqual(others)
})

test('a statement is told from one with rows by its verb, and by RETURNING outside of literals and comments', () => {
  const withRows = ['select 1', 'with c as (select 1) select * from c', 'values (1)', 'explain select 1', 'delete from t returning "a"']
  const others = [
    "insert into t values ('returning')",
    'delete from t -- returning',
    'create table t (a)',
    'pragma user_version',
    'call p()',
  ]
  for (const sql of withRows) expect([sql, surelyReturnsRows(sql, 'postgresql')]).toEqual([sql, true])
  for (const sql of others) expect([sql, surelyReturnsRows(sql, 'postgresql')]).toEqual([sql, false])
})

test('a statement of several lines takes the place of its own lines alone in the history', () => {
  // The reader keeps neither blank lines nor what it has already, and has taken a line that was typed ahead.
  const entries = ['typed ahead', 'where 1;', 'select 1', 'older', 'select 1 where 1;']
  joinEntries(entries, ['select 1', '', 'where 1;'], 'select 1 where 1;')
  expect(entries).toEqual(['select 1 where 1;', 'typed ahead', 'older'])
})
